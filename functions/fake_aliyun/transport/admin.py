"""What a test in another process does to the cloud: faults, reset, state.

::

    POST /_fake/faults   {"service": "ecs", "code": "Throttling", "times": 2}
    GET /_fake/faults    those still to come; `left` and `skips_left` count down
    DELETE /_fake/faults
    POST /_fake/tick     let each enabled time trigger fire once
    POST /_fake/reset    forget everything but the settings and `--bucket`s, now empty
    GET /_fake/state     buckets, images, faults and requests
"""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from fake_aliyun.core.errors import NotImitatedError
from fake_aliyun.core.faults import Fault
from fake_aliyun.core.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_aliyun.cloud import FakeAliyun

ADMIN_PREFIX = "/_fake/"


def answer_admin(cloud: "FakeAliyun", request: Request) -> Response:
    """Return the answer to a request to a path under /_fake/."""
    answers: dict[str, Callable[[], object]] = {
        "POST /_fake/faults": lambda: _add_fault(cloud, request),
        "GET /_fake/faults": lambda: _faults(cloud),
        "DELETE /_fake/faults": cloud.faults.clear,
        "POST /_fake/tick": lambda: [i.request_id for i in cloud.fc.tick()],
        "POST /_fake/reset": cloud.reset,
        "GET /_fake/state": lambda: state(cloud),
    }
    name = f"{request.method} {request.path}"
    if name not in answers:
        return _json(404, {"known": sorted(answers)})
    try:
        return _json(200, answers[name]())
    except (NotImitatedError, ValueError) as error:
        return _json(400, {"error": str(error)})


def _add_fault(cloud: "FakeAliyun", request: Request) -> object:
    cloud.faults.add(Fault.from_json(json.loads(request.body)))
    return _faults(cloud)


def _faults(cloud: "FakeAliyun") -> list[dict[str, object]]:
    return [
        {**asdict(item.fault), "left": item.left, "skips_left": item.skips_left}
        for item in cloud.faults.remaining()
    ]


def state(cloud: "FakeAliyun") -> dict[str, object]:
    """Return what the cloud holds, as JSON can show it."""
    with cloud.at_rest():
        return {
            "buckets": {
                name: {
                    key: {"size": found.size_bytes, "etag": found.etag}
                    for key in cloud.oss.keys(name)
                    for found in [cloud.oss.get(name, key)]
                }
                for name in sorted(cloud.oss.buckets)
            },
            "images": [
                {
                    "name": image.image_name,
                    "id": image.image_id,
                    "task": image.task_id,
                    "status": image.status,
                    "percent": image.percent,
                    "format": image.format,
                    "parameters": dict(image.parameters),
                }
                for image in cloud.ecs.images.values()
            ],
            "faults": _faults(cloud),
            "requests": [asdict(record) for record in list(cloud.requests)],
        }


def _json(status: int, document: object) -> Response:
    return Response(
        status=status,
        headers={"Content-Type": "application/json"},
        body=json.dumps(document, ensure_ascii=False).encode(),
    )
