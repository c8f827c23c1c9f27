"""The pages that a user reads, by their path: those in English, those in Chinese."""

from repository import ROOT

README = (ROOT / "README.md").read_text("utf-8")
IN_CHINESE = "docs/zh/"
_ALL = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
PAGES = {path: page for path, page in _ALL.items() if not path.startswith(IN_CHINESE)}
CHINESE_PAGES = {
    "README-CN.md": (ROOT / "README-CN.md").read_text("utf-8"),
    **{path: page for path, page in _ALL.items() if path not in PAGES},
}
MANUAL = "\n".join(PAGES.values())


def section(page: str, heading: str) -> str:
    """Return what stands under a heading of the second level."""
    _, found, rest = PAGES[page].partition(f"\n## {heading}\n")
    assert found, f"{page} has no section {heading!r}"
    return rest.partition("\n## ")[0]
