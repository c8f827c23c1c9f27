"""What a test in another process does to the cloud: faults, reset, state.

::

    POST /_fake/faults   {"service": "ecs", "code": "Throttling", "times": 2}
    GET /_fake/faults    those still to come; `left` and `skips_left` count down
    DELETE /_fake/faults
    POST /_fake/tick     let each enabled time trigger fire once
    POST /_fake/reset    forget everything but the settings and `--bucket`s, now empty
    GET /_fake/health    whether it answers
    GET /_fake/state     buckets, images, faults and requests
    GET /_fake/dump      buckets with all that is in them, and images
    POST /_fake/load     put a dump in their place
"""

import json
from typing import TYPE_CHECKING

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.faults import Fault, shown_faults
from fake_aliyun.core.http import Request, Response
from fake_aliyun.core.protocols import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable

ADMIN_PREFIX = "/_fake/"


def answer_admin(cloud: Cloud, request: Request) -> Response:
    """Return the answer to a request to a path under /_fake/."""
    answers: dict[str, Callable[[], object]] = {
        "POST /_fake/faults": lambda: _add_fault(cloud, request),
        "GET /_fake/faults": lambda: shown_faults(cloud.faults),
        "DELETE /_fake/faults": cloud.faults.clear,
        "POST /_fake/tick": cloud.tick,
        "POST /_fake/reset": cloud.reset,
        "GET /_fake/state": cloud.state,
        "GET /_fake/dump": cloud.dump,
        "POST /_fake/load": lambda: cloud.load(json.loads(request.body)),
        "GET /_fake/health": lambda: {"status": "ok"},
    }
    name = f"{request.method} {request.path}"
    if name not in answers:
        return _json(404, {"known": sorted(answers)})
    try:
        return _json(200, answers[name]())
    except (NotImitatedError, ValueError) as error:
        return _json(400, {"error": str(error)})


def _add_fault(cloud: Cloud, request: Request) -> object:
    cloud.faults.add(Fault.from_json(json.loads(request.body)))
    return shown_faults(cloud.faults)


def _json(status: int, document: object) -> Response:
    return Response(
        status=status,
        headers={"Content-Type": "application/json"},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )
