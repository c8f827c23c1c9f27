"""The checksums by which people say which file they mean, each in one spelling."""

import base64
import re
from dataclasses import dataclass

CRC64, MD5, SHA256 = "Crc64", "Md5", "Sha256"
CHECKSUM_FIELDS = (CRC64, MD5, SHA256)
"""As a sidecar names them; as metadata, in small letters behind `x-oss-meta-`."""

_ALLOWED = {
    CRC64: "the CRC-64 as OSS writes it, a decimal number below 2^64",
    MD5: "32 hexadecimal digits, or the Base64 of Content-MD5",
    SHA256: "64 hexadecimal digits",
}
_HIGHEST_CRC64 = 2**64 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedChecksum:
    """What somebody says of one object.

    Attributes:
        name: One of `CHECKSUM_FIELDS`.
        value: As `normal_checksum` spells it.
        source: Who says it, for messages.
    """

    object_key: str
    name: str
    value: str
    source: str


def normal_checksum(name: str, text: str) -> str:
    """Return a checksum in the one spelling by which two are compared.

    Args:
        name: One of `CHECKSUM_FIELDS`.
        text: In decimal for a CRC-64, else hexadecimal in any case; of an MD5 also
            Base64.

    Raises:
        ValueError: It is none; says what would be one.
    """
    if name == CRC64 and re.fullmatch("[0-9]{1,20}", text):
        if int(text) <= _HIGHEST_CRC64:
            return str(int(text))
    elif name == MD5 and re.fullmatch("[A-Za-z0-9+/]{22}==", text):
        return base64.b64decode(text).hex()
    elif name != CRC64:
        digits = {MD5: 32, SHA256: 64}[name]
        if re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", text):
            return text.lower()
    raise ValueError(_ALLOWED[name])
