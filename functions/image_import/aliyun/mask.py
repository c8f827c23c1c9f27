"""What a service says, without what it was told in confidence.

Both POP and OSS answer a signature that does not match with the text that they signed,
access key and security token included; gateways quote the headers of a request.
Whatever a service says passes here before it becomes a message, hence before it
reaches a log, a result, a ledger or a page.

Sources: "SignatureDoesNotMatch", OSS documentation (StringToSign);
aliyun-python-sdk-core 2.16.1, which splits POP's message at "string to sign is:"; both
read 2026-12.
"""

import re
from collections.abc import Iterable
from functools import cached_property

from image_import.errors import ServiceError

SHORTEST_SECRET = 8
"""Characters; a shorter value would be found in what is no secret."""

_SIGNED_TEXT = re.compile(
    r"(?:server\s+)?(?:string[\s_-]*to[\s_-]*sign|canonical[\s_-]*request)\b.*",
    re.IGNORECASE | re.DOTALL,
)


def without_signed_text(text: str) -> str:
    """Return a text without a signed one that it repeats, which holds secrets."""
    return _SIGNED_TEXT.sub("(the signed text is left out)", text)


class Mask:
    """Takes secrets out of a text, however they are encoded in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Keep the secrets; nothing is made of them before the first text."""
        self._secrets = {text for text in secrets if len(text) >= SHORTEST_SECRET}

    def __call__(self, text: str) -> str:
        """Return a text without secrets, and without a signed text that it repeats."""
        text = without_signed_text(text)
        return self._pattern.sub("***", text) if self._secrets else text

    def error(self, exc: ServiceError) -> ServiceError:
        """Return the same error with all that it says masked."""
        return type(exc)(
            self(str(exc)),
            service=exc.service,
            action=exc.action,
            code=self(exc.code),
            http_status=exc.http_status,
            request_id=self(exc.request_id) if exc.request_id else exc.request_id,
            perhaps_done=exc.perhaps_done,
            retry_after_seconds=exc.retry_after_seconds,
            advice=self(exc.advice),
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._secrets, key=len, reverse=True)
        return re.compile("|".join(map(_spellings, longest_first)), re.IGNORECASE)


def _spellings(secret: str) -> str:
    """Return the pattern of a secret as text, in a URL, in JSON or in XML.

    POP percent-encodes the parameters of its signed text twice.
    """
    return "".join(char if char.isalnum() else _encodings(char) for char in secret)


def _encodings(char: str) -> str:
    code = f"{ord(char):02x}"
    plain = rf"\\?{re.escape(char)}"
    return rf"(?:{plain}|%(?:25)*{code}|\\u00{code}|&#(?:x{code}|{ord(char)});)"
