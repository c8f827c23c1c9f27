"""Auto Scaling with alibabacloud_tea_openapi, which every newer SDK calls.

Arguments: URL, key ID, secret.
"""

import sys
from typing import Any

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

PARAMS = Params(
    action="DescribeScalingConfigurations",
    version="2022-02-22",
    protocol="HTTP",
    pathname="/",
    method="POST",
    auth_type="AK",
    style="RPC",
    req_body_type="formData",
    body_type="json",
)


def main(url: str, key_id: str, secret: str) -> None:
    client = Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            endpoint=url.removeprefix("http://"),
            protocol="http",
        )
    )

    def images(**asked: str) -> tuple[list[str], int]:
        query = {"RegionId": "cn-hangzhou", **asked}
        request = OpenApiRequest(query=query)
        body: Any = client.call_api(PARAMS, request, RuntimeOptions())["body"]
        listed = body["ScalingConfigurations"]
        return [one["ImageId"] for one in listed], body["TotalCount"]

    every = [f"m-{number}" for number in range(12)]
    assert images() == (every[:10], 12)
    assert images(PageSize="5", PageNumber="3") == (every[10:], 12)
    assert images(RegionId="cn-beijing") == ([], 0)
    for wrong in ({"PageSize": "51"}, {"PageNumber": "0"}):
        try:
            images(**wrong)
        except Exception as exc:  # noqa: BLE001 - whatever the SDK makes of a refusal
            assert "InvalidParameter" in str(exc), exc  # noqa: PT017
        else:
            raise AssertionError(wrong)


if __name__ == "__main__":
    main(*sys.argv[1:])
