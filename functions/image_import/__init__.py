"""An OSS object-created event goes in, one ImportImage call comes out.

The files stand in the order in which data flows through them::

    events    event bytes -> ObjectCreated records, or why one is not ours
    keys      object key -> what its name tells
    sidecar   JSON or YAML beside the image -> what the uploader tells
    header    first and last bytes of the object -> what the image itself tells
    plan      all of that + settings -> ImportPlan, Skip or Refuse
    request   ImportPlan -> the parameters of ImportImage for one target
    ledger    which object version was sent, when, and how it ended
    oss, ecs  one exchange with a service per function
    app       the sequence; handler is what Function Compute calls

Each module's docstring ends with its room: *core* computes (no network, files,
environment, clock, randomness or logging), *edge* makes one exchange and
translates the answer, *shell* decides when. A test holds the rooms apart.
"""

import warnings

# The zip comes without charset_normalizer (see `package_archive`), which requests
# mentions on standard error at each start; it reads nothing here that needs a guess.
warnings.filterwarnings(
    "ignore", "Unable to find acceptable character detection", module="requests"
)
