"""Who may speak to OSS: published vectors, and every way to get a signature wrong."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import oss2
import pytest
import requests
from fake_aliyun import FakeAliyun, ManualClock, NotImitatedError, UnknownHostError
from fake_aliyun.core.http import Request
from fake_aliyun.oss.api.auth import v1_signature, v4_signature
from oss2.exceptions import ServerError
from waiting import PATIENCE_SECONDS

PUBLIC = "https://oss-cn-hangzhou.aliyuncs.com"
ClientOf = Callable[..., oss2.Bucket]
AuthOf = Callable[[str, str], oss2.Auth]


def test_the_published_v1_example_comes_out() -> None:
    """Source: "Include signatures in the Authorization header", example, 2026-11."""
    signature = v1_signature(
        "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV",
        method="PUT",
        headers={
            "content-md5": "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
            "content-type": "text/html",
            "x-oss-meta-author": "foo@bar.com",
            "x-oss-magic": "abracadabra",
        },
        parameters={},
        date="Thu, 17 Nov 2005 18:49:58 GMT",
        resource="/oss-example/nelson",
    )
    assert signature == "26NBxoKdsyly4EDv6inkoDft/yA="


def test_the_published_v4_example_comes_out() -> None:
    """The page prints a signature by another secret than it names; this is by that.

    Source: "Include a V4 signature in the Authorization header", example, 2026-11.
    """
    signature = v4_signature(
        "yourAccessKeySecret",
        method="PUT",
        headers={
            "content-disposition": "attachment",
            "content-length": "3",
            "content-md5": "ICy5YqxZB1uWSwcVLSNLcA==",
            "content-type": "text/plain",
            "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
            "x-oss-date": "20250411T064124Z",
        },
        parameters={},
        date="20250411T064124Z",
        scope="20250411/cn-hangzhou/oss/aliyun_v4_request",
        resource="/examplebucket/exampleobject",
        additional=["content-length", "content-disposition"],
    )
    assert (
        signature == "d3694c2dfc5371ee6acd35e88c4871ac95a7ba01d3a2f476768fe61218590097"
    )


def refusal(call: Callable[[], object]) -> tuple[int, str, str]:
    with pytest.raises(ServerError) as caught:
        call()
    return caught.value.status, caught.value.code, caught.value.ec


@pytest.fixture(params=["v4", "v1"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def auth_of(version: str) -> AuthOf:
    made_by: AuthOf = oss2.AuthV4 if version == "v4" else oss2.Auth
    return made_by


@pytest.mark.parametrize(
    ("key_id", "secret", "said"),
    [
        ("an-id", "wrong", (403, "SignatureDoesNotMatch", "0002-00000040")),
        ("other", "a-secret", (403, "InvalidAccessKeyId", "0002-00000902")),
    ],
    ids=["wrong secret", "unknown key"],
)
def test_wrong_keys_are_refused(
    cloud: FakeAliyun,
    auth_of: AuthOf,
    key_id: str,
    secret: str,
    said: tuple[int, str, str],
) -> None:
    cloud.oss.create_bucket("images")
    auth = auth_of(key_id, secret)
    bucket = oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")
    with cloud:
        assert refusal(lambda: bucket.put_object("k", b"")) == said


def test_an_old_date_is_refused(client_of: ClientOf, version: str) -> None:
    late = ManualClock(datetime.now(tz=timezone.utc) + timedelta(minutes=16))
    with FakeAliyun(
        access_key_id="an-id", access_key_secret="a-secret", signing_clock=late
    ):
        bucket = client_of(PUBLIC, "images", v4=version == "v4")
        seen = refusal(lambda: bucket.put_object("k", b""))
    assert seen == (403, "RequestTimeTooSkewed", "0002-00000504")


def test_a_signed_url_opens_the_object_until_it_expires(
    client_of: ClientOf, version: str
) -> None:
    clock = ManualClock()
    with FakeAliyun(
        access_key_id="an-id", access_key_secret="a-secret", signing_clock=clock
    ) as cloud:
        cloud.oss.put("images", "a b", b"data")
        bucket = client_of(PUBLIC, "images", v4=version == "v4")
        url = bucket.sign_url("GET", "a b", 60, slash_safe=True)
        now = requests.get(url, timeout=PATIENCE_SECONDS)
        changed = requests.get(url.replace("a%20b", "other"), timeout=PATIENCE_SECONDS)
        clock.advance(62)
        later = requests.get(url, timeout=PATIENCE_SECONDS)
    assert (now.content, changed.status_code) == (b"data", 403)
    assert "Request has expired" in later.text


def test_a_signed_url_takes_an_upload(
    cloud: FakeAliyun, client_of: ClientOf, version: str
) -> None:
    cloud.oss.create_bucket("images")
    with cloud:
        bucket = client_of(PUBLIC, "images", v4=version == "v4")
        url = bucket.sign_url("PUT", "k", 60)
        assert requests.put(url, data=b"x", timeout=PATIENCE_SECONDS).status_code == 200
    assert cloud.oss.get("images", "k").content.to_bytes() == b"x"


def test_a_token_belongs_to_its_key_and_ends(version: str) -> None:
    clock = ManualClock()
    with FakeAliyun(clock=clock) as cloud:
        cloud.oss.create_bucket("images")
        keys = cloud.ram.assume_role("fake-function-role", seconds=60)

        def put(token: str) -> object:
            auth = oss2.StsAuth(
                keys.access_key_id,
                keys.access_key_secret,
                token,
                auth_version=version,
            )
            bucket = oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")
            return bucket.put_object("k", b"")

        put(keys.security_token)
        wrong = refusal(lambda: put("CAISother"))
        clock.advance(60)
        late = refusal(lambda: put(keys.security_token))
    assert cloud.requests[0].principal == "role/fake-function-role"
    assert (wrong[1], late[1]) == ("InvalidSecurityToken", "SecurityTokenExpired")


def test_temporary_keys_without_their_token_are_unknown(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    keys = cloud.ram.assume_role("fake-function-role")
    auth = oss2.AuthV4(keys.access_key_id, keys.access_key_secret)
    bucket = oss2.Bucket(auth, PUBLIC, "images", region="cn-hangzhou")
    with cloud:
        assert refusal(lambda: bucket.put_object("k", b""))[1] == "InvalidAccessKeyId"


def test_a_v4_signature_is_for_the_region_of_the_bucket(cloud: FakeAliyun) -> None:
    auth = oss2.AuthV4("an-id", "a-secret")
    bucket = oss2.Bucket(auth, PUBLIC, "images", region="cn-beijing")
    with cloud:
        seen = refusal(lambda: bucket.put_object("k", b""))
    assert seen == (400, "InvalidArgument", "0002-00000226")


def test_a_new_bucket_may_refuse_v1(cloud: FakeAliyun, client_of: ClientOf) -> None:
    cloud.oss.create_bucket("images").refuses_v1 = True
    with cloud:
        bucket = client_of(PUBLIC, "images", v4=False)
        seen = refusal(lambda: bucket.put_object("k", b""))
    assert seen[1:] == ("InvalidArgument", "0002-00000080")


def test_a_bucket_answers_only_at_the_endpoint_of_its_region(
    cloud: FakeAliyun, client_of: ClientOf
) -> None:
    cloud.oss.create_bucket("images", region_id="cn-beijing")
    with cloud:
        bucket = client_of(PUBLIC, "images")
        with pytest.raises(ServerError) as caught:
            bucket.put_object("k", b"")
    assert caught.value.ec == "0003-00001403"
    assert caught.value.details["Endpoint"] == "oss-cn-beijing.aliyuncs.com"


def test_public_oss_refuses_the_bucket_in_the_path(cloud: FakeAliyun) -> None:
    auth = oss2.AuthV4("an-id", "a-secret")
    bucket = oss2.Bucket(
        auth, PUBLIC, "images", region="cn-hangzhou", is_path_style=True
    )
    with cloud:
        seen = refusal(lambda: bucket.put_object("k", b""))
    assert seen[:2] == (403, "SecondLevelDomainForbidden")


def test_the_bucket_in_the_path_can_be_allowed() -> None:
    auth = oss2.AuthV4("an-id", "a-secret")
    bucket = oss2.Bucket(
        auth, PUBLIC, "images", region="cn-hangzhou", is_path_style=True
    )
    keys = {"access_key_id": "an-id", "access_key_secret": "a-secret"}
    with FakeAliyun(**keys, path_style=True) as cloud:  # type: ignore[arg-type]
        cloud.oss.create_bucket("images")
        assert bucket.put_object("k", b"").status == 200


def test_an_apsara_stack_endpoint_takes_either_addressing() -> None:
    region = "cn-qingdao-env17-d01"
    endpoint = f"https://oss-{region}-a.apsara.test"
    with FakeAliyun(region_id=region) as cloud:
        cloud.oss.create_bucket("images")
        keys = cloud.credentials
        auth = oss2.Auth(keys.access_key_id, keys.access_key_secret)
        for path_style in (True, False):
            bucket = oss2.Bucket(auth, endpoint, "images", is_path_style=path_style)
            bucket.put_object(f"{path_style}", b"")
    assert cloud.oss.keys("images") == ["False", "True"]


def test_an_unknown_host_fails_and_lists_the_known(cloud: FakeAliyun) -> None:
    with cloud, pytest.raises(UnknownHostError, match="oss-REGION") as caught:
        requests.get(
            "https://images.oss-cn-atlantis.aliyuncs.com/", timeout=PATIENCE_SECONDS
        )
    assert "images.oss-cn-atlantis.aliyuncs.com" in str(caught.value)


@pytest.mark.parametrize(
    "authorization",
    ["OSS an-id", "OSS2 x", "Bearer x", "OSS4-HMAC-SHA256 Credential=x"],
)
def test_a_malformed_header_is_refused(cloud: FakeAliyun, authorization: str) -> None:
    now = f"{datetime.now(tz=timezone.utc):%a, %d %b %Y %H:%M:%S GMT}"
    request = Request.from_url(
        "GET",
        f"{PUBLIC}/",
        headers={"Authorization": authorization, "Date": now},
        body=b"",
    )
    answer = cloud.handle(request)
    assert answer.status == 400
    assert "<Code>InvalidArgument</Code>" in answer.text


def test_a_v4_url_opens_a_quarter_of_an_hour_early_at_most(client_of: ClientOf) -> None:
    """Source: EC 0002-00000235, OSS documentation, read 2026-11."""
    clock = ManualClock(datetime.now(tz=timezone.utc) - timedelta(minutes=16))
    with FakeAliyun(
        access_key_id="an-id", access_key_secret="a-secret", signing_clock=clock
    ) as cloud:
        cloud.oss.put("images", "k", b"data")
        url = client_of(PUBLIC, "images", v4=True).sign_url("GET", "k", 3600)
        early = requests.get(url, timeout=PATIENCE_SECONDS)
        clock.advance(120)
        later = requests.get(url, timeout=PATIENCE_SECONDS)
    assert (early.status_code, "0002-00000235" in early.text) == (403, True)
    assert later.content == b"data"


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_a_v4_url_lasts_seven_days_at_most(
    cloud: FakeAliyun, client_of: ClientOf, seconds: int
) -> None:
    """Source: EC 0002-00000232, OSS documentation, read 2026-11."""
    cloud.oss.put("images", "k", b"data")
    url = client_of(PUBLIC, "images", v4=True).sign_url("GET", "k", seconds)
    with cloud:
        answer = requests.get(url, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, "0002-00000232" in answer.text) == (400, True)


def test_a_v4_header_signs_no_other_hash(cloud: FakeAliyun) -> None:
    cloud.oss.create_bucket("images")
    now = f"{datetime.now(tz=timezone.utc):%Y%m%dT%H%M%SZ}"
    scope = f"{now[:8]}/cn-hangzhou/oss/aliyun_v4_request"
    headers = {"x-oss-date": now, "x-oss-content-sha256": "0" * 64}
    signature = v4_signature(
        "a-secret",
        method="GET",
        headers=headers,
        parameters={},
        date=now,
        scope=scope,
        resource="/images/k",
    )
    said = f"OSS4-HMAC-SHA256 Credential=an-id/{scope}, Signature={signature}"
    url = PUBLIC.replace("oss-", "images.oss-") + "/k"
    with cloud:
        answer = requests.get(
            url, headers={**headers, "Authorization": said}, timeout=PATIENCE_SECONDS
        )
    assert answer.status_code == 400
    assert "x-oss-content-sha256" in answer.text


def test_two_signatures_are_one_too_many(
    cloud: FakeAliyun, client_of: ClientOf
) -> None:
    url = client_of(PUBLIC, "images").sign_url("GET", "k", 60)
    with cloud, pytest.raises(NotImitatedError, match="another in the URL"):
        requests.get(
            url, headers={"Authorization": "OSS an-id:x"}, timeout=PATIENCE_SECONDS
        )


def test_a_parameter_given_twice_is_refused(
    cloud: FakeAliyun, client_of: ClientOf
) -> None:
    url = client_of(PUBLIC, "images", v4=False).sign_url("GET", "k", 60)
    with cloud, pytest.raises(NotImitatedError, match="'Expires' given twice"):
        requests.get(f"{url}&Expires=1", timeout=PATIENCE_SECONDS)
