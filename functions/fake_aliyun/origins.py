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


def find_stranger(request: Request) -> str:
    """Return what tells that a change is asked for by a foreign page, or ""."""
    if request.method in READING:
        return ""
    origin = request.headers.get("origin", "")
    if origin and origin.lower() != f"{request.scheme}://{request.host}":
        return f"Origin: {origin}"
    site = request.headers.get("sec-fetch-site", "")
    return "" if site in OWN_SITES else f"Sec-Fetch-Site: {site}"
