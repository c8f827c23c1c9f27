"""Imports laid out for a terminal: one line each, or all that is known of each.

In one line stand what became of which object, and why or which image as far as there
is room. The rest is for `--long`: columns while they fit, else one below another. At
100 columns and more the image's IDs stand beside its names, below that under them;
where not even an ID has room there, under the whole line. On a narrow terminal the key
stands under the line as well, and on a very narrow one the progress is left out: which
import it is matters most. No ID and no command is cut, what is too long is folded, and
of a very long key the middle is left out; errors and next steps get lines of their own,
as wide as the terminal.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from image_import.ledger.entries import State
from image_import.model.result import Outcome
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from image_import_cli.status.model import BY_URGENCY, UNDER_WAY, ImportStatus
from image_import_cli.ui.language import localized
from image_import_cli.ui.results import COLOURS
from image_import_cli.ui.text import folded, printable, shortened, without_key

WIDE = 100
STATE_WIDTH, AGE_WIDTH, ID_WIDTH = 13, 4, 36
BAR_WIDTHS = {True: 8, False: 5}
GAP = 2
BELOW = 3
"""Columns around what stands below a line."""

LEAST_ROOM = 24
"""Columns with fewer are no place for a key."""

MOST_LINES = 3
"""Of a name; a key may have 1,023 characters."""

UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def age(passed: timedelta) -> str:
    """Return a time span in its largest unit, such as `3h`."""
    seconds = max(0, int(passed.total_seconds()))
    unit, length = next((u for u in UNITS if seconds >= 2 * u[1]), UNITS[-1])
    return f"{seconds // length}{unit}"


def style_of(state: State) -> str:
    """Return the colour of a state."""
    if state is State.NOTIFIED:
        return "bright_black"
    is_claim = state in {State.INTENT, State.REDRIVE}
    return "cyan" if is_claim else COLOURS[Outcome(state.value)]


def word_of(state: State) -> str:
    """Return how a state is called on a terminal."""
    return "claimed" if state is State.INTENT else state.value


def bar(status: ImportStatus, *, width: int, is_ascii: bool) -> Text:
    """Return how far an import is: a bar, and the number where there is one."""
    fraction = status.fraction
    if fraction is None:
        return Text("")
    full, empty = ("#", ".") if is_ascii else ("━", "─")
    done = round(fraction * width)
    text = Text(full * done, style_of(status.state))
    text.append(empty * (width - done), "bright_black")
    return text.append(f" {fraction:>4.0%}")


class TableLayout:
    """How imports look on one console."""

    def __init__(self, console: Console, *, has_progress: bool = True) -> None:
        # The last column stays free: a full line wraps on some terminals.
        self._width = console.width - 1
        self._is_wide = self._width >= WIDE
        self._is_ascii = not console.encoding.lower().startswith("utf")
        self._bar = BAR_WIDTHS[self._is_wide]
        self._has_progress = has_progress

    def brief_head(self) -> RenderableType:
        """Return the names of the columns above imports in one line each."""
        if self._is_narrow:
            return Text(localized("state and object"), "bold")
        names = ("state", "progress", "age", "object", "")
        return self._row(*(Text(localized(name), "bold") for name in names))

    def head(self) -> RenderableType:
        """Return the names of the columns."""
        ids = "image ID and request ID" if self._is_wide else ""
        both = "object" if self._is_tight else "object and image"
        names = ("state", "progress", "age", both, ids)
        return self._row(*(Text(localized(name), "bold") for name in names))

    def entry(self, status: ImportStatus, passed: timedelta) -> RenderableType:
        """Return one import, without the command that is its next step."""
        parts: list[RenderableType] = [self._line(status, passed)]
        if self._is_narrow:
            parts.append(_below(_fitting(_key(status), self._width - BELOW), "bold"))
        if self._is_tight:
            name = (_fitting(status.image_name, self._width - BELOW), "")
            told = [name, *_ids(status)]
            parts += [_below(text, style) for text, style in told if text]
        if status.error:
            error = printable(localized(without_key(status.error, status.object_key)))
            parts.append(_below(error, style_of(status.state)))
        if status.next_step:
            arrow = "->" if self._is_ascii else "→"
            parts.append(
                _below(f"{arrow} {printable(localized(status.next_step))}", "")
            )
        return Group(*parts)

    def brief(self, status: ImportStatus, passed: timedelta) -> RenderableType:
        """Return one import in one line: its key first, the rest if there is room."""
        key, told = _key(status), _in_short(status)
        if self._is_narrow:
            state = Text(word_of(status.state), style_of(status.state))
            room = max(1, self._width - len(state) - GAP)
            return Text(" " * GAP).join((state, Text(shortened(key, room))))
        room = self._width - self._indent
        left = room - GAP - cell_len(told)
        if left < cell_len(key) and told == printable(status.image_id):
            told = ""  # Half an ID is of no use.
        name = Text(shortened(key, max(left, room * 3 // 5) if told else room))
        if told:
            name.append(" " * GAP + told, "dim")
        name.truncate(room, overflow="ellipsis")
        return self._row(*self._columns(status, passed), name, Text(""))

    @property
    def _indent(self) -> int:
        """Where the columns for names begin."""
        progress = self._bar + 5 + GAP if self._has_progress else 0
        return STATE_WIDTH + progress + AGE_WIDTH + 2 * GAP

    @property
    def _room(self) -> int:
        """Characters of a name that fit into its column."""
        ids = ID_WIDTH + GAP if self._is_wide else 0
        return self._width - self._indent - ids

    @property
    def _is_tight(self) -> bool:
        """Whether an ID has no room under a name."""
        return self._room < ID_WIDTH

    @property
    def _is_narrow(self) -> bool:
        """Whether a key has no room beside the other columns."""
        return self._room < LEAST_ROOM

    @property
    def _has_bar(self) -> bool:
        """Whether progress is shown, and all columns but the names have room."""
        return self._has_progress and self._room + GAP >= 0

    def _columns(self, status: ImportStatus, passed: timedelta) -> tuple[Text, ...]:
        return (
            Text(word_of(status.state), style_of(status.state)),
            bar(status, width=self._bar, is_ascii=self._is_ascii),
            Text(age(passed), "dim"),
        )

    def _line(self, status: ImportStatus, passed: timedelta) -> RenderableType:
        under = [(_fitting(_key(status), self._room), "bold")]
        if not self._is_tight:
            under.append((_fitting(status.image_name, self._room), ""))
            under += [] if self._is_wide else _ids(status)
        beside = _ids(status) if self._is_wide else []
        columns = self._columns(status, passed)
        return self._row(*columns, _stacked(under), _stacked(beside))

    def _row(self, *cells: Text) -> Table:
        """Return one line of columns; each row has the same ones."""
        row = Table.grid(padding=(0, GAP, 0, 0), pad_edge=False)
        row.add_column(width=STATE_WIDTH, no_wrap=True)
        if self._has_bar:
            row.add_column(width=self._bar + 5, no_wrap=True)
        row.add_column(width=AGE_WIDTH, no_wrap=True, justify="right")
        state, progress, passed, *names = cells
        shown = [state, progress, passed] if self._has_bar else [state, passed]
        if self._is_narrow:
            row.add_row(*shown)
            return row
        has_ids = self._is_wide and bool(names[1].plain)
        if has_ids:
            row.add_column(width=self._room, overflow="fold")
        row.add_column(overflow="fold")
        row.add_row(*shown, *names[: 2 if has_ids else 1])
        return row


def _key(status: ImportStatus) -> str:
    return printable(status.object_key) or "?"


def _in_short(status: ImportStatus) -> str:
    """Return what is most worth to know of an import besides its state."""
    if status.state in UNDER_WAY:
        return printable(localized(status.reason))
    why = localized(without_key(status.error, status.object_key))
    return printable(why or status.image_id)


def _fitting(name: str, room: int) -> str:
    """Return a name in few lines of so many columns."""
    lines = folded(printable(name), max(1, room))
    if lines.count("\n") < MOST_LINES:
        return lines
    return folded(shortened(printable(name), room * MOST_LINES), max(1, room))


def _ids(status: ImportStatus) -> list[tuple[str, str]]:
    return [(printable(i), "dim") for i in (status.image_id, status.ecs_request_id)]


def _below(text: str, style: str) -> RenderableType:
    return Padding(Text(text, style, overflow="fold"), (0, 1, 0, 2), expand=False)


def _stacked(told: Iterable[tuple[str, str]]) -> Text:
    return Text("\n").join(Text(text, style) for text, style in told if text)


def sums(counts: Counter[State], *, shown: int) -> str:
    """Return the last line: how many there are in which state."""
    total = counts.total()
    told = [f"{n:,} {word_of(s)}" for s in BY_URGENCY if (n := counts[s])]
    imports = f"{total:,} {'import' if total == 1 else 'imports'}"
    first = (
        f" (the first {shown:,} shown; --limit 0 shows all)" if shown < total else ""
    )
    text = f"{imports}{first}: {', '.join(told)}" if told else "no imports"
    return localized(text)


def print_table(
    statuses: Sequence[tuple[ImportStatus, timedelta]],
    console: Console,
    *,
    is_long: bool,
) -> None:
    """Print the head and each import.

    Args:
        is_long: With all that is known, and commands unbroken, so that they can be
            copied; else in one line each.
    """
    if not is_long:
        has_progress = any(
            status.state in UNDER_WAY and status.fraction is not None
            for status, _ in statuses
        )
        layout = TableLayout(console, has_progress=has_progress)
        console.print(layout.brief_head(), highlight=False)
        for status, passed in statuses:
            console.print(layout.brief(status, passed), highlight=False)
        return
    layout = TableLayout(console)
    console.print(layout.head(), highlight=False)
    for status, passed in statuses:
        console.print(layout.entry(status, passed), highlight=False)
        if status.next_command:
            print_command(status.next_command, console)


def print_command(command: str, console: Console) -> None:
    """Print a command in one line, however long it is."""
    text = Text(f"    {printable(command)}", "bold")
    console.print(text, soft_wrap=True, highlight=False)
