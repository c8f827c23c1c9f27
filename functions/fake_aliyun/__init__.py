"""An Alibaba Cloud account in memory: OSS, ECS image imports, FC, RAM.

::

    with FakeAliyun(region_id="cn-hangzhou") as cloud:
        cloud.oss.put("images", "web.qcow2", head=QCOW2_HEAD, size_bytes=40 * GIB)
        ...  # the code under test, with its own clients
        assert cloud.ecs.images["web"].format == "QCOW2"

The `with` block answers whatever this process sends through `requests`;
`cloud.serve()` and `python -m fake_aliyun` answer over HTTP on 127.0.0.1, for any
client in any process.
State lives in the instance. Per service, `models` knows the rules and no HTTP,
`responses` knows HTTP and no rules, `errors` holds the refusals.

The fake is stricter than the cloud: an unknown host, operation, query parameter,
`x-oss-*` or `x-acs-*` header stops the test (`NotImitatedError`, or status 501 over
HTTP) and lists what there is; what OSS is known to ignore is ignored, with a line in
the log "fake_aliyun"; signatures are recomputed by code of its own.

Not imitated:

- OSS: PostObject and its callbacks, moves between storage classes
  and old versions in lifecycle rules, CORS and other bucket
  configurations, data processing, retention, requester
  pays, traffic limits, bandwidth.
- ECS: everything but images, their import, copies, shares, families and tags, and the
  images of launch templates; system
  and marketplace images, and those that others share; cloud boxes; VMDK; the tags that
  the image check adds. Formats are told from the first and last bytes,
  contents are never checked.
- Auto Scaling (ESS): all but DescribeScalingConfigurations, of which an answer shows
  the image alone.
- Simple Message Queue (SMQ, MNS): all but SendMessage and PublishMessage, without
  delays, properties and tags that filter; nobody receives. EventBridge: all but
  PutEvents of its OpenAPI; no rules, no targets.
- FC: making services and functions (a test registers Python callables, or code that
  `fc_runtime` runs in a process of its own), versions and aliases, HTTP functions;
  for callables initialisers, time-outs, environments, instances; triggers other than
  native OSS ones and timers, which fire when told to (`cloud.fc.tick`). FC 3.0: all
  but GetFunction, ListTriggers and GetAsyncInvokeConfig.
- RAM: users, keys and groups by its API, which makes roles and policies alone; limits
  but that of versions; conditions but oss:Prefix; who but a service takes a role on;
  how long a new role takes to be known. In buckets' policies: NotPrincipal, single
  sessions of a role.
- Apsara Stack: the ASAPI gateway; at the route, everything its one page leaves open
  (`FakeAliyun(route_auth=..., route_lookup=...)`).
- Whatever the documentation does not state is marked in the sources as such.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_aliyun.cloud import FakeAliyun
    from fake_aliyun.core.clock import ManualClock
    from fake_aliyun.core.errors import NotImitatedError, UnknownHostError
    from fake_aliyun.core.faults import Fault
    from fake_aliyun.decorator import with_fake_aliyun
    from fake_aliyun.ecs.images import ByLooks, BySeconds
    from fake_aliyun.fc.models import AsyncConfig

__all__ = [
    "AsyncConfig",
    "ByLooks",
    "BySeconds",
    "FakeAliyun",
    "Fault",
    "ManualClock",
    "NotImitatedError",
    "UnknownHostError",
    "with_fake_aliyun",
]
_HOMES = {
    "AsyncConfig": "fc.models",
    "ByLooks": "ecs.images",
    "BySeconds": "ecs.images",
    "FakeAliyun": "cloud",
    "Fault": "core.faults",
    "ManualClock": "core.clock",
    "NotImitatedError": "core.errors",
    "UnknownHostError": "core.errors",
    "with_fake_aliyun": "decorator",
}
"""Where each name is: pytest loads the plug-in into every run of an environment, and
nothing else of the package may be imported until it is used."""


if not TYPE_CHECKING:  # else every name would pass as one of the package

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
