"""The garbage collector, which is off from the import of this module until `resume`.

Loading some hundred modules makes objects to be kept and next to no garbage. Looking
through them eighty times meanwhile takes 7 % of the instructions of a cold start
(callgrind, 2026-12).
"""

import gc

_WAS_ENABLED = gc.isenabled()

gc.disable()


def resume() -> None:
    """Turn the collector on again, and spare it what has been loaded.

    Source: `gc.freeze`, Python's documentation, read 2026-11: it moves all objects to
    where later collections do not look.
    """
    gc.freeze()
    if _WAS_ENABLED:
        gc.enable()
