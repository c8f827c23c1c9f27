"""Text from elsewhere on a terminal."""

import shlex


def printable(text: str) -> str:
    """Return the text without what would act on a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shell_word(text: str) -> str:
    """Return the text as a shell on a terminal takes it, quoted where it must be.

    What would act on a terminal is written as an escape that bash and zsh undo.
    """
    if text.isprintable():
        return shlex.quote(text)
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(inner)}'"
