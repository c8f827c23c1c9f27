"""EventBridge with alibabacloud_eventbridge20200401.

Arguments: URL, key ID, secret; the bus `told` is there.
"""

import sys
from collections.abc import Callable

from alibabacloud_eventbridge20200401 import models as m
from alibabacloud_eventbridge20200401.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config


def refused(code: str, call: Callable[[], object]) -> None:
    """See that a call is refused with a code."""
    try:
        call()
    except ClientException as exc:
        assert exc.code == code, exc  # noqa: PT017 - no pytest here
    else:
        raise AssertionError(code)


def main(url: str, key_id: str, secret: str) -> None:
    client = Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            endpoint=url.removeprefix("http://"),
            protocol="http",
        )
    )

    def put(bus: str, **fields: object) -> m.PutEventsResponseBody:
        event = m.PutEventsRequestEventList(data={"image": "镜像"}, **fields)
        wanted = m.PutEventsRequest(event_bus_name=bus, event_list=[event])
        return client.put_events(wanted).body

    named = {"id": "1", "source": "tests", "type": "image.available"}
    body = put("told", **named)
    assert body.success
    assert [one.event_id for one in body.data.entry_list] == ["1"]
    refused("EventBusNotExist", lambda: put("none", **named))
    refused("InvalidArgument", lambda: put("told", id="1", source="tests"))


if __name__ == "__main__":
    main(*sys.argv[1:])
