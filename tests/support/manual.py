"""The pages that a user reads: README.md and those of docs/, by their path."""

from repository import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
MANUAL = "\n".join(PAGES.values())


def section(page: str, heading: str) -> str:
    """Return what stands under a heading of the second level."""
    _, found, rest = PAGES[page].partition(f"\n## {heading}\n")
    assert found, f"{page} has no section {heading!r}"
    return rest.partition("\n## ")[0]
