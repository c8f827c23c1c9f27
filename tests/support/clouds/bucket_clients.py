"""Clients of a bucket in the fakes, as oss2 makes them."""

from collections.abc import Callable

import oss2

KEY_ID, SECRET = "an-id", "a-secret"
PUBLIC = "https://oss-cn-hangzhou.aliyuncs.com"
ClientOf = Callable[..., oss2.Bucket]


def client(endpoint: str, name: str, *, v4: bool = True) -> oss2.Bucket:
    auth = (oss2.AuthV4 if v4 else oss2.Auth)(KEY_ID, SECRET)
    region = "cn-hangzhou" if v4 else None
    return oss2.Bucket(auth, endpoint, name, region=region)
