"""What a sweep shows: to a person a moving line, to a log a line now and then."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from image_import.ledger.entries import State
from image_import.model.result import BAD, LOG_FIELDS, Outcome, Result, said
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from image_import_cli.delivery.known import WITHOUT_IMAGE, Known, told
from image_import_cli.ui.language import localized
from image_import_cli.ui.results import COLOURS, print_json
from image_import_cli.ui.text import printable, shortened, without_key
from image_import_cli.ui.tty import can_move

SAY_SECONDS = 10
"""Between two lines in a log."""

ENDING = "ending what has begun, Ctrl-C again: at once; "
QUIET = {Outcome.DUPLICATE, Outcome.IGNORED}
"""What is counted and not shown: most of a bucket that was swept before."""


class Counting:
    """Counts, and says so in words.

    Attributes:
        noun: What is gone through, which `key` counts.
        quiet: What is counted and not shown.
    """

    noun = "keys"
    quiet: Collection[Outcome] = QUIET

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.before = Counter[State]()

    def key(self) -> None:
        """Count a key of the listing."""
        self.counts["keys"] += 1

    def result(self, result: Result) -> None:
        """Count an image."""
        self.counts[result.outcome.value] += 1
        if isinstance(result, Known) and result.state in WITHOUT_IMAGE:
            self.before[result.state] += 1

    def ending(self) -> None:
        """Tell that no more is begun, where that does not disturb."""

    @property
    def has_bad(self) -> bool:
        """Whether something failed or was refused."""
        return any(self.counts[outcome.value] for outcome in BAD)

    @property
    def text(self) -> str:
        """All counts in one line."""
        counted = {o: n for o in Outcome if (n := self.counts[o.value])}
        words = [
            f"{n:,} {o.value}{told(self.before) if o is Outcome.DUPLICATE else ''}"
            for o, n in counted.items()
        ]
        sums = ", ".join(words) or "no images"
        number = self.counts["keys"]
        noun = "key" if (number, self.noun) == (1, "keys") else self.noun
        return f"{number:,} {noun}: {sums}"


class ForPerson(Counting):
    """A line for each image that is news, and the counts as they grow."""

    def __init__(
        self,
        console: Console,
        *,
        tell: Callable[[str], None],
        is_moving: bool = False,
    ) -> None:
        super().__init__()
        self._console = console
        self._tell_text = tell
        self._is_moving = is_moving
        self._first_word = ""

    def ending(self) -> None:
        """Say in the moving line that Ctrl-C was heard."""
        self._first_word = ENDING
        if self._is_moving:
            self._tell()

    def _tell(self) -> None:
        self._tell_text(f"{self._first_word}{self.text}")

    def key(self) -> None:
        """Count a key; now and then, say how many there are."""
        super().key()
        if self.counts["keys"] % 500 == 0:
            self._tell()

    def result(self, result: Result) -> None:
        """Count an image and show it if it is news."""
        super().result(result)
        if result.outcome not in self.quiet:
            show_line(result, self._console)
        self._tell()


class ForProgram(Counting):
    """A JSON object per image that is news."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def result(self, result: Result) -> None:
        """Count an image and print it if it is news."""
        super().result(result)
        if result.outcome not in self.quiet:
            print_json(self._console, said(result, LOG_FIELDS))


@contextmanager
def showing(
    console: Console,
    *,
    as_json: bool,
    noun: str = "keys",
    quiet: Collection[Outcome] = QUIET,
) -> Iterator[Counting]:
    """Yield what shows a course through many images on this console."""
    if as_json:
        yield _told(ForProgram(console), noun, quiet)
    elif can_move(console):
        with _progress(console) as progress:
            task = progress.add_task("listing", total=None)
            person = ForPerson(
                console,
                tell=lambda text: progress.update(task, description=escape(text)),
                is_moving=True,
            )
            yield _told(person, noun, quiet)
    else:
        person = ForPerson(console, tell=Seldom(console.print))
        yield _told(person, noun, quiet)


def _told(shown: "Counting", noun: str, quiet: Collection[Outcome]) -> "Counting":
    shown.noun, shown.quiet = noun, quiet
    return shown


class Seldom:
    """Passes a text on if the last one is long enough ago."""

    def __init__(
        self,
        tell: Callable[[str], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._monotonic = monotonic
        self._told = monotonic()

    def __call__(self, text: str) -> None:
        """Pass it on, or not."""
        now = self._monotonic()
        if now - self._told >= SAY_SECONDS:
            self._told = now
            self._tell(text)


class _NotFull:
    """A line that never fills the terminal.

    A terminal echoes Ctrl-C where the line ends; in a full line that would be the
    next one, and what is erased at the end would be one line short.
    """

    def __init__(self, line: RenderableType) -> None:
        self._line = line

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        width = max(20, options.max_width - 3)
        yield from console.render(self._line, options.update_width(width))


class _OneLine(Progress):
    def get_renderable(self) -> RenderableType:
        return _NotFull(super().get_renderable())


def _progress(console: Console) -> Progress:
    """Return one line that never wraps, and is gone at the end."""
    words = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    return _OneLine(
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=words),
        TimeElapsedColumn(),
        console=console,
        expand=True,
        transient=True,
    )


def show_line(result: Result, console: Console) -> None:
    """Print one result in one line; for a person, a reason gets lines of its own."""
    ending = result.image_id or result.image_name
    is_told_why = result.outcome in {*BAD, Outcome.WAITING} or not ending
    ending = "" if is_told_why else printable(ending)
    key = printable(result.object_key)
    reason = printable(localized(without_key(result.reason, result.object_key)))
    word = (f"{result.outcome.value:<9}", COLOURS[result.outcome])
    if not console.is_terminal:
        text = f"  {key}  {reason if is_told_why else ending}"
        console.print(Text.assemble(word, text.rstrip()), soft_wrap=True)
        return
    room = console.width - len(ending) - 13
    short = shortened(key, max(20, room))
    line = Text.assemble(word, f"  {short}  ", (ending, "dim"))
    console.print(line, no_wrap=True, overflow="ellipsis", crop=True)
    if is_told_why:
        console.print(Padding(Text(reason), (0, 0, 0, 11)))
