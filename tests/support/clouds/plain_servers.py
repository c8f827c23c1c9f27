"""A bucket and an ECS endpoint that share no code with the fakes.

Plain HTTP servers that know just what the function needs, and check each signature:
those of OSS by the documentation, those of ECS by the official SDK.
"""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest

KEY_ID, SECRET = "plain-id", "plain-secret"
REGION = "cn-hangzhou"
SUBRESOURCES = {"append", "position", "uploads", "acl", "tagging"}


class Plain(BaseHTTPRequestHandler):
    """What both servers share; requests with a bad signature get 403."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, Any]]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        pass

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        parts = urlsplit(self.path)
        self.resource = unquote(parts.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if self.is_signed():
            self.answer()
        else:
            self.reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")

    do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - the base's names

    def is_signed(self) -> bool:
        raise NotImplementedError

    def answer(self) -> None:
        raise NotImplementedError

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response_only(status)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("x-oss-request-id", "5F00C0FFEE")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class PlainOss(Plain):
    """GET with ranges, AppendObject, PUT and DELETE; it serves no listing."""

    objects: dict[str, bytes]

    def is_signed(self) -> bool:
        given = self.headers.get("Authorization", "")
        if given.startswith("OSS4-HMAC-SHA256"):
            return given.endswith(f"Signature={self.v4()}")
        return given == f"OSS {KEY_ID}:{self.v1()}"

    def v1(self) -> str:
        """Source: "Include a V1 signature in the header", OSS documentation."""
        headers = {k.lower(): v for k, v in self.headers.items()}
        own = sorted(k for k in headers if k.startswith("x-oss-"))
        asked = sorted(SUBRESOURCES & self.query.keys())
        pairs = [f"{k}={self.query[k]}" if self.query[k] else k for k in asked]
        text = "\n".join(
            [
                self.command,
                headers.get("content-md5", ""),
                headers.get("content-type", ""),
                headers.get("date", ""),
                *[f"{k}:{headers[k]}" for k in own],
                self.resource + (f"?{'&'.join(pairs)}" if pairs else ""),
            ]
        )
        digest = hmac.new(SECRET.encode(), text.encode(), "sha1").digest()
        return base64.b64encode(digest).decode()

    def v4(self) -> str:
        """Source: "Include a V4 signature in the header", OSS documentation."""
        headers = {k.lower(): v.strip() for k, v in self.headers.items()}
        signed = sorted(
            k
            for k in headers
            if k.startswith("x-oss-") or k in {"content-type", "content-md5"}
        )
        query = sorted((quote(k, ""), quote(v, "")) for k, v in self.query.items())
        request = "\n".join(
            [
                self.command,
                quote(self.resource, "/"),
                "&".join(f"{k}={v}" if v else k for k, v in query),
                "".join(f"{k}:{headers[k]}\n" for k in signed),
                "",
                headers["x-oss-content-sha256"],
            ]
        )
        moment = headers["x-oss-date"]
        scope = f"{moment[:8]}/{REGION}/oss/aliyun_v4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = f"OSS4-HMAC-SHA256\n{moment}\n{scope}\n{hashed}"
        key = f"aliyun_v4{SECRET}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), "sha256").digest()
        return hmac.new(key, text.encode(), "sha256").hexdigest()

    def answer(self) -> None:
        self.seen.append({"method": self.command, "resource": self.resource})
        data = self.objects.get(self.resource)
        if self.command == "PUT":
            self.objects[self.resource] = self.body
            self.reply(200)
        elif "append" in self.query:
            self.append(data or b"")
        elif self.command == "DELETE":
            self.objects.pop(self.resource, None)
            self.reply(204)
        elif data is None:
            self.reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self.get(data)

    def append(self, held: bytes) -> None:
        if int(self.query["position"]) != len(held):
            body = b"<Error><Code>PositionNotEqualToLength</Code></Error>"
            self.reply(409, body, x_oss_next_append_position=str(len(held)))
            return
        self.objects[self.resource] = held + self.body
        end = str(len(held) + len(self.body))
        self.reply(200, x_oss_next_append_position=end, x_oss_hash_crc64ecma="0")

    def get(self, data: bytes) -> None:
        etag = f'"{hashlib.md5(data).hexdigest().upper()}"'
        if self.headers.get("If-Match", etag) != etag:
            self.reply(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        first, last = 0, len(data) - 1
        if match and match[1]:
            first, last = int(match[1]), min(int(match[2]), last)
        elif match:
            first = max(0, len(data) - int(match[2]))
        covered = f"bytes {first}-{last}/{len(data)}"
        part = data[first : last + 1]
        self.reply(206, part, ETag=etag, Content_Range=covered)


class PlainEcs(Plain):
    """ImportImage at its three doors, each with its own signature."""

    reply_body: dict[str, str]

    def is_signed(self) -> bool:
        given = self.headers.get("Authorization", "")
        if given.startswith("ACS3-HMAC-SHA256"):
            return given == self.acs3(given)
        if given.startswith("acs "):
            return given == f"acs {KEY_ID}:{self.roa()}"
        parameters = {**self.query, **self.form()}
        claimed = parameters.pop("Signature", "")
        expected = Utils.get_rpcsignature(parameters, self.command, SECRET)
        return bool(claimed == expected)

    def acs3(self, given: str) -> str:
        request = DaraRequest()
        request.method, request.pathname = self.command, self.resource
        names = re.search("SignedHeaders=([^,]*)", given)
        signed = names[1].split(";") if names else []
        request.headers = {name: self.headers[name] for name in signed}
        request.query = self.query
        hashed = hashlib.sha256(self.body).hexdigest()
        return str(
            Utils.get_authorization(request, "ACS3-HMAC-SHA256", hashed, KEY_ID, SECRET)
        )

    def roa(self) -> str:
        request = DaraRequest()
        request.method, request.pathname = self.command, self.resource
        request.headers = {k.lower(): v for k, v in self.headers.items()}
        request.query = self.query
        return str(Utils.get_roasignature(Utils.get_string_to_sign(request), SECRET))

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def answer(self) -> None:
        said = {**self.query, **self.form()}
        self.seen.append({"method": self.command, "resource": self.resource, **said})
        self.reply(200, json.dumps(self.reply_body).encode())


@contextmanager
def serving(kind: type[Plain], **state: Any) -> Iterator[tuple[str, type[Plain]]]:
    """Yield the URL of a server of its own, and the class that holds its state."""
    own = type(kind.__name__, (kind,), {"seen": [], **state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), own)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", own
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
