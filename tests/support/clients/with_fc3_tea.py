"""Looking at a function of FC 3.0 with alibabacloud_tea_openapi.

Arguments: URL, key ID, secret; the function imports-echo is there, with a timer.
"""

import json
import sys
from typing import Any

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

PATH = "/2023-03-30/functions/imports-echo"


def main(url: str, key_id: str, secret: str) -> None:
    client = Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            endpoint=url.removeprefix("http://"),
            protocol="http",
        )
    )

    def ask(action: str, path: str = "") -> Any:
        params = Params(
            action=action,
            version="2023-03-30",
            protocol="HTTP",
            pathname=f"{PATH}{path}",
            method="GET",
            auth_type="AK",
            style="FC",
            req_body_type="json",
            body_type="json",
        )
        return client.call_api(params, OpenApiRequest(), RuntimeOptions())["body"]

    assert ask("GetFunction")["functionName"] == "imports-echo"
    (trigger,) = ask("ListTriggers", "/triggers")["triggers"]
    assert json.loads(trigger["triggerConfig"])["cronExpression"] == "@every 5m"
    assert (
        ask("GetAsyncInvokeConfig", "/async-invoke-config")["destinationConfig"] == {}
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
