"""What is no answer of OSS, and what OSS says no with: over real sockets."""

from collections.abc import Callable, Mapping

import pytest
from image_import.aliyun.oss.client import (
    ObjectChanged,
    ObjectMissing,
    Oss,
    PositionTaken,
    make_session,
)
from image_import.aliyun.oss.errors import Asked, refused
from image_import.config.credentials import Credentials
from image_import.errors import ServiceError, ServiceRejected, ServiceUnavailable
from loopback import Say, serving

DATE = "Thu, 26 Nov 2026 12:00:00 GMT"
ETAG = "0CC175B9C0F1B6A831C399E269772661"
OWN = {"Date": DATE, "x-oss-request-id": "R"}
READ = {**OWN, "ETag": f'"{ETAG}"', "Content-Range": "bytes 0-3/9"}
DATA = b"data"
TOKEN = "CAIS/not+a/real+token=="
PAGE = b"<html><head><title>404 Not Found</title></head></html>"
MISSING = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"

Ask = Callable[[Oss], object]


def client(url: str, *, version: str = "v4", region_id: str = "cn-hangzhou") -> Oss:
    return Oss(
        make_session(2),
        Credentials(
            access_key_id="LTAI-not-real",
            access_key_secret="not-a-real-secret",
            security_token=TOKEN,
        ),
        endpoint=url,
        region_id=region_id,
        signature_version=version,
        addressing="path",
    )


def first_four(oss: Oss) -> object:
    return oss.read_range("images", "a", first=0, last=3, etag=ETAG)


def failure(answer: Say, ask: Ask = first_four) -> ServiceError:
    with serving(answer) as server, pytest.raises(ServiceError) as caught:
        ask(client(server.url))
    return caught.value


def test_the_answer_that_was_asked_for_is_read() -> None:
    with serving(Say(status=206, body=DATA, headers=READ)) as server:
        piece = client(server.url).read_range(
            "images", "a", first=0, last=3, etag=ETAG.lower()
        )
        assert server.only.headers["If-Match"] == f'"{ETAG.lower()}"'
    assert (piece.data, piece.etag, piece.object_size_bytes) == (DATA, ETAG, 9)


CHUNKED = {"Transfer-Encoding": "chunked"}


def chunks(*pieces: bytes) -> bytes:
    said = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b"")]
    return b"".join(said)


def test_an_answer_in_chunks_is_read_if_it_is_what_was_asked_for() -> None:
    chunked = Say(status=206, body=chunks(b"da", b"ta"), headers={**READ, **CHUNKED})
    with serving(chunked) as server:
        piece = client(server.url).read_range("images", "a", first=0, last=3, etag=ETAG)
    assert (piece.data, piece.object_size_bytes) == (DATA, 9)


NOT_THEIRS: Mapping[str, Say] = {
    "no request ID": Say(
        status=206, body=DATA, headers={**READ, "x-oss-request-id": ""}
    ),
    "HTML": Say(body=PAGE, headers={"Content-Type": "text/html"}),
    "no ETag": Say(status=206, body=DATA, headers={**READ, "ETag": ""}),
    "a weak ETag": Say(status=206, body=DATA, headers={**READ, "ETag": f'W/"{ETAG}"'}),
    "two ETags": Say(
        status=206, body=DATA, headers={**READ, "ETag": f'"{ETAG}", "{ETAG}"'}
    ),
    "another ETag": Say(status=206, body=DATA, headers={**READ, "ETag": '"B"'}),
    "another range": Say(
        status=206, body=DATA, headers={**READ, "Content-Range": "bytes 1-4/9"}
    ),
    "a longer range": Say(
        status=206, body=b"data!", headers={**READ, "Content-Range": "bytes 0-4/9"}
    ),
    "no range": Say(status=206, body=DATA, headers={**READ, "Content-Range": ""}),
    "two ranges": Say(
        status=206,
        body=DATA,
        headers={**READ, "Content-Range": "bytes 0-3/9, bytes 0-3/9"},
    ),
    "fewer bytes": Say(status=206, body=b"dat", headers=READ),
    "more bytes": Say(status=206, body=b"data!", headers=READ),
    "the whole object": Say(body=b"data and", headers={**READ, "Content-Range": ""}),
    "too many chunks": Say(
        status=206, body=chunks(DATA, b"!"), headers={**READ, **CHUNKED}
    ),
    "chunks without an end": Say(
        status=206,
        body=chunks(DATA)[:-5],
        headers={**READ, **CHUNKED, "Connection": "close"},
    ),
    "no content": Say(status=204, headers=READ),
    "no date": Say(status=206, body=DATA, headers={**READ, "Date": ""}),
    "two dates": Say(status=206, body=DATA, headers={**READ, "Date": f"{DATE}, x"}),
    "a page for 404": Say(status=404, body=PAGE),
    "a page with an ID for 404": Say(status=404, body=PAGE, headers=OWN),
    "a bare 404": Say(status=404, headers=OWN),
    "OSS's words without its ID": Say(status=404, body=MISSING),
    "a page for 412": Say(status=412, body=PAGE, headers=OWN),
    "OSS's code with another status": Say(status=502, body=MISSING, headers=OWN),
    "cut XML": Say(status=404, body=MISSING[:40], headers=OWN),
    "a page for 403": Say(status=403, body=PAGE),
}


@pytest.mark.parametrize("answer", NOT_THEIRS.values(), ids=NOT_THEIRS)
def test_what_is_not_proven_to_be_the_answer_is_none(answer: Say) -> None:
    error = failure(answer)
    assert isinstance(error, ServiceUnavailable)
    is_broken = error.code == "ConnectionReset" or error.http_status == 502
    assert "OSS_ENDPOINT" in str(error) or is_broken


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda oss: oss.put("images", "a", b""), Say(body=PAGE)),
        (lambda oss: oss.delete("images", "a"), Say(body=PAGE)),
        (lambda oss: oss.delete("images", "a"), Say(status=404, body=PAGE)),
        (lambda oss: oss.head("images", "a"), Say(status=404)),
        (lambda oss: oss.list_page("images", "p"), Say()),
        (lambda oss: oss.list_page("images", "p"), Say(headers=OWN)),
        (lambda oss: oss.list_page("images", "p"), Say(body=PAGE, headers=OWN)),
        (lambda oss: oss.list_page("images", "p"), Say(body=b"<a/>", headers=OWN)),
        (
            lambda oss: oss.append("images", "a", position=0, data=b"x"),
            Say(headers=OWN),
        ),
        (
            lambda oss: oss.append("images", "a", position=0, data=b"x"),
            Say(status=409, body=PAGE, headers=OWN),
        ),
    ],
)
def test_somebody_elses_answer_has_perhaps_been_preceded_by_an_effect(
    ask: Ask, answer: Say
) -> None:
    error = failure(answer, ask)
    assert isinstance(error, ServiceUnavailable)
    assert (error.code, error.perhaps_done) == ("ForeignAnswer", True)


def says(code: str, message: str = "no", more: str = "") -> bytes:
    fields = f"<Code>{code}</Code><Message>{message}</Message>{more}"
    return f'<Error xmlns="http://doc.oss.aliyuncs.com">{fields}</Error>'.encode()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "NoSuchKey", ObjectMissing),
        (412, "PreconditionFailed", ObjectChanged),
        (409, "PositionNotEqualToLength", PositionTaken),
        (409, "FileImmutable", ServiceRejected),
        (403, "AccessDenied", ServiceRejected),
    ],
)
def test_what_oss_itself_says_is_believed(
    status: int, code: str, kind: type[Exception]
) -> None:
    error = failure(Say(status=status, body=says(code), headers=OWN))
    assert type(error) is kind
    assert (error.code, error.request_id) == (code, "R")


def test_a_head_of_oss_has_no_words_and_is_believed() -> None:
    error = failure(Say(status=404, headers=OWN), lambda oss: oss.head("images", "a"))
    assert type(error) is ObjectMissing


@pytest.mark.parametrize("delay", ["-5", "soon", "1e3", "²", "", "5, 5"])
def test_a_delay_that_is_no_number_is_none(delay: str) -> None:
    headers = {**OWN, "x-oss-qos-delay-time": delay}
    error = failure(Say(status=503, body=says("ServiceUnavailable"), headers=headers))
    assert error.retry_after_seconds is None


def test_a_delay_is_in_milliseconds() -> None:
    headers = {**OWN, "x-oss-qos-delay-time": "1500"}
    error = failure(Say(status=503, body=says("ServiceUnavailable"), headers=headers))
    assert error.retry_after_seconds == 1.5


def test_a_refused_signature_is_told_without_what_was_signed() -> None:
    signed = f"<StringToSign>GET {TOKEN}</StringToSign>"
    body = says("SignatureDoesNotMatch", f"it is not {TOKEN}", signed)
    error = failure(Say(status=403, body=body, headers=OWN))
    assert "it is not ***" in str(error)
    assert TOKEN not in repr(error.__context__)
    assert error.__cause__ is None


ADVICE = {
    "another region": (
        403,
        says(
            "AccessDenied",
            "must be addressed using the specified endpoint",
            "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>",
        ),
        "The bucket images is at oss-cn-beijing.aliyuncs.com, and was asked for at",
    ),
    "KMS": (403, says("AccessDenied", "This request is forbidden by kms."), "KMS"),
    "VPC": (
        403,
        says("AccessDenied", "Access denied by VPC endpoint policy."),
        "Allow oss:GetObject on it there",
    ),
    "referer": (
        403,
        says("AccessDenied", "You are denied by bucket referer policy."),
        "Allow an empty Referer",
    ),
    "authorizer": (
        403,
        says("AccessDenied", "Access denied by authorizer's policy."),
        "may do less than their role",
    ),
    "bucket policy": (
        403,
        says("AccessDenied", "Access denied by bucket policy."),
        "The policy of bucket images denies oss:GetObject",
    ),
    "ACL": (
        403,
        says("AccessDenied", "You have no right to access this object."),
        "may not oss:GetObject on bucket images",
    ),
    "no bucket": (404, says("NoSuchBucket"), "There is no bucket images at http://"),
    "V1": (
        403,
        says("AccessDenied", "no", "<EC>0002-00000080</EC>"),
        "Set OSS_SIGNATURE_VERSION to v4",
    ),
    "signing region": (
        400,
        says("InvalidArgument", "Invalid signing region in Authorization header."),
        "signed for cn-hangzhou",
    ),
    "V4": (
        400,
        says("InvalidArgument", "Authorization header is invalid."),
        "Set OSS_SIGNATURE_VERSION to v1",
    ),
}


@pytest.mark.parametrize("case", ADVICE.values(), ids=ADVICE)
def test_advice_goes_by_what_oss_says(case: tuple[int, bytes, str]) -> None:
    status, body, advice = case
    error = failure(Say(status=status, body=body, headers=OWN))
    assert isinstance(error, ServiceRejected)
    assert advice in error.advice


def test_public_oss_is_never_told_to_be_an_apsara_stack() -> None:
    asked = Asked(
        action="GetObject",
        bucket="images",
        endpoint="https://oss-cn-hangzhou.aliyuncs.com",
        region_id="cn-hangzhou",
        signature_version="v4",
    )
    error = refused(400, OWN, says("InvalidArgument", "Authorization is bad"), asked)
    assert "v1" not in error.advice
    assert "proxies" in error.advice


def test_a_code_that_we_do_not_know_is_told_to_be_none_of_ours() -> None:
    error = failure(Say(status=400, body=says("BrandNew", "what?"), headers=OWN))
    assert (str(error), error.advice) == ("OSS GetObject: BrandNew: what?", "")
