"""Which requests a browser sends for a page of somebody else.

Any page that is open in a browser on this machine can make it send a POST here; what
it cannot do is to leave out these headers or to forge them.

Source: "Origin header", Fetch Standard (fetch.spec.whatwg.org); "Sec-Fetch-Site",
Fetch Metadata Request Headers (www.w3.org/TR/fetch-metadata); read 2026-11.
"""

from fake_aliyun.http import Request

READING = frozenset({"GET", "HEAD"})
OWN_SITES = frozenset({"", "same-origin", "none"})
"""No browser, a page of ours, or the address bar; `same-site` is another port."""


def foreign_sign(request: Request) -> str:
    """Return the header by which a foreign page asks for a change, "" if none does."""
    if request.method in READING:
        return ""
    origin = request.headers.get("origin", "")
    if origin and origin.lower() != f"{request.scheme}://{request.host}":
        return f"Origin: {origin}"
    site = request.headers.get("sec-fetch-site", "")
    return "" if site in OWN_SITES else f"Sec-Fetch-Site: {site}"
