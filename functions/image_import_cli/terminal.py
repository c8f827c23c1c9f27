"""Text from elsewhere on a terminal."""


def printable(text: str) -> str:
    """Return the text without what would act on a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
