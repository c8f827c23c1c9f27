"""Why an object could not be read, and what to do about it."""

from image_import.catalogue import explain
from image_import.errors import ImageImportError, ServiceError, ServiceUnavailable

_ADVICE = {
    "NoSuchKey": "list the bucket for the exact key; keys are case-sensitive",
    "NotFound": "list the bucket for the exact key; keys are case-sensitive",
    "AccessDenied": (
        "allow oss:GetObject on it to these credentials, and set REGION_ID or"
        " OSS_ENDPOINT to those of the bucket"
    ),
    "InvalidAccessKeyId": "check ALIBABA_CLOUD_ACCESS_KEY_ID",
    "InvalidSecurityToken": "check ALIBABA_CLOUD_SECURITY_TOKEN, or get a new one",
    "SecurityTokenExpired": "get new credentials",
    "ClientError": "check the bucket's name and OSS_ENDPOINT",
    "PreconditionFailed": "it was replaced on the way; look again",
}
"""By OSS's code, for a person who looks at one object."""

_NO_ANSWER = "check OSS_ENDPOINT, REGION_ID and the network, and try again"


def what_to_do(exc: ImageImportError) -> str:
    """Return what to do about an error of OSS, "" if nothing is known."""
    if isinstance(exc, ServiceUnavailable):
        return _NO_ANSWER if exc.http_status is None else "try again later"
    if not isinstance(exc, ServiceError) or exc.service != "OSS":
        return ""
    if advice := _ADVICE.get(exc.code):
        return advice
    fix = explain("OSS", exc.code, exc.http_status).fix.rstrip(".")
    return fix[:1].lower() + fix[1:]


def explained(exc: ImageImportError, where: str) -> str:
    """Return an error with the object that it is about, and with what to do.

    Args:
        where: The object, as oss://BUCKET/KEY.
    """
    return "; ".join(filter(None, (f"{where}: {exc}", what_to_do(exc))))
