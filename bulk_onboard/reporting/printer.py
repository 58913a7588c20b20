"""Something to print on, and the door to rich: tables on a terminal, else plain lines that can be searched and cut.

Rule: what comes from a workbook or from the API cannot steer the terminal, and a stream that cannot show a character
shows another one instead of failing.
"""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TextIO

from bulk_onboard.reporting.table import Cell

_SCREENFUL = 50  # lines of a long list that a terminal is given

_STYLES: Mapping[str, str] = {
    "submitted": "green", "approved": "green", "create": "green", "not sent": "cyan", "pending": "cyan",
    "settle": "yellow", "deferred": "yellow", "warning": "yellow", "uncertain": "yellow", "more info": "yellow",
    "held": "magenta", "suspended": "magenta", "invalid": "red", "refused": "red", "rejected": "red", "error": "red",
    "ok": "green", "not looked at": "yellow", "problem": "red",
}  # fmt: skip


class Fact(NamedTuple):
    """A line of a box: a name, a number or nothing, what there is to say of it, and what the colour means."""

    name: str
    number: int | None = None
    words: str = ""
    style: str = ""


class Printer(Protocol):
    """Something to print on."""

    def write_line(self, text: str) -> None:
        """Print one line."""

    def write_table(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        """Print a whole table."""

    def write_list(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        """Print a table that may be very long."""

    def write_box(self, title: str, facts: Sequence[Fact]) -> None:
        """Print a title and what belongs to it, so that it is seen at a glance."""

    def fits(self, facts: Sequence[Fact], after: Sequence[str]) -> bool:
        """Return whether a box of these facts, and lines of text after it, are seen at once."""

    def write_group(self, heading: str, style: str, lines: Sequence[tuple[str, str]], after: Sequence[str]) -> None:
        """Print a heading, and below it lines of a place and a sentence, then sentences about all of them.

        Args:
            style: what the heading's colour is named for.
        """


class _Plain:
    """Aligned columns, one line a row however long, no escape sequences."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write_line(self, text: str) -> None:
        self._stream.write(shown(text, self._stream).rstrip() + "\n")

    def write_table(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        lines = [[shown(cell, self._stream) for cell in row] for row in (headers, *rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            self.write_line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))

    write_list = write_table

    def write_box(self, title: str, facts: Sequence[Fact]) -> None:
        self.write_line(title)
        width = max((len(fact.name) for fact in facts), default=0)
        digits = max((len(f"{fact.number:,}") for fact in facts if fact.number is not None), default=0)
        for fact in facts:
            number = "" if fact.number is None else f"{fact.number:,}"
            words = f"{number:>{digits}}  {fact.words}" if number or not fact.words else fact.words
            self.write_line(f"{fact.name:<{width}}  {words}")

    def fits(self, facts: Sequence[Fact], after: Sequence[str]) -> bool:  # noqa: ARG002 - paper is as long as one likes
        return True

    def write_group(self, heading: str, style: str, lines: Sequence[tuple[str, str]], after: Sequence[str]) -> None:  # noqa: ARG002 - there are no colours
        self.write_line("")
        self.write_line(heading)
        for place, sentence in lines:
            self.write_line(f"  {place}: {sentence}" if sentence else f"  {place}")
        for sentence in after:
            self.write_line(f"  {sentence}")


class _Terminal:
    """Tables as wide as the terminal, in colours."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - costs 40 ms, which only a terminal is to pay

        self._stream = stream
        self._console: Any = Console(file=stream, highlight=False)

    def write_line(self, text: str) -> None:
        """Leave wrapping to the terminal, so that a command that is copied from it is one line."""
        self._console.print(shown(text, self._stream), markup=False, emoji=False, soft_wrap=True)

    def write_table(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        self._write(headers, [[self._text(cell) for cell in row] for row in rows])

    def write_list(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        self.write_table(headers, rows[:_SCREENFUL])
        self._write_rest(len(rows) - _SCREENFUL)

    def write_box(self, title: str, facts: Sequence[Fact]) -> None:
        """Let a path that is too long for the box go on in the next line of it."""
        self._console.print(self._box(title, facts))

    def fits(self, facts: Sequence[Fact], after: Sequence[str]) -> bool:
        """Leave a line for the prompt of the shell."""
        from rich.cells import cell_len  # noqa: PLC0415 - see above

        width, height = int(self._console.width), int(self._console.height)
        below = sum(math.ceil(cell_len(line) / width) for line in after)
        return len(self._console.render_lines(self._box("", facts))) + below < height

    def _box(self, title: str, facts: Sequence[Fact]) -> Any:
        from rich.panel import Panel  # noqa: PLC0415 - see above
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for fact in facts:
            number = "" if fact.number is None else f"{fact.number:,}"
            cells = (fact.name, number, fact.words)
            grid.add_row(*(Text(shown(cell, self._stream), style=fact.style) for cell in cells))
        return Panel(grid, title=Text(shown(title, self._stream)), title_align="left", expand=False)

    def write_group(self, heading: str, style: str, lines: Sequence[tuple[str, str]], after: Sequence[str]) -> None:
        """Let sentences have most of the width."""
        from rich.padding import Padding  # noqa: PLC0415 - see above
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        grid = Table.grid(padding=(0, 2))
        grid.add_column(max_width=max(20, self._console.width // 3), overflow="fold")
        grid.add_column(overflow="fold")
        for place, sentence in lines:
            grid.add_row(Text(shown(place, self._stream)), Text(shown(sentence, self._stream)))
        self._console.print()
        self._console.print(Text(shown(heading, self._stream), style=f"bold {_STYLES.get(style, '')}".strip()))
        self._console.print(Padding(grid, (0, 0, 0, 2)))
        for sentence in after:
            self._console.print(Padding(Text(shown(sentence, self._stream)), (0, 0, 0, 2)))

    def _write(self, headers: tuple[str, ...], rows: Iterable[Iterable[Any]]) -> None:
        from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - see above
        from rich.table import Table  # noqa: PLC0415

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def _write_rest(self, more: int) -> None:
        if more > 0:
            self.write_line(f"… and {more:,} more; send the output to a file to see them all.")

    def _text(self, cell: Cell) -> Any:
        from rich.text import Text  # noqa: PLC0415 - see above

        text = shown(cell, self._stream)
        return Text(text, style=_STYLES.get(text, ""))


def printer_on(stream: TextIO) -> Printer:
    """Return how to print on this stream: in tables and colours on a terminal, or with FORCE_COLOR, else plainly."""
    return _Terminal(stream) if is_terminal(stream) or os.environ.get("FORCE_COLOR") else _Plain(stream)


def print_next(command: str, stream: TextIO) -> None:
    """Print the command to type next."""
    printer_on(stream).write_line(f"Next: {command}")


def is_terminal(stream: TextIO) -> bool:
    """Return whether the stream is a terminal on which a line may be drawn anew; a dumb one is none.

    Colours are another matter: rich leaves them out where NO_COLOR is set.
    """
    return stream.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def shown(cell: Cell, stream: TextIO) -> str:
    """Return a cell as one line of printable characters that the stream's encoding knows."""
    text = "" if cell is None else str(cell)
    line = text if text.isprintable() else "".join(map(_printable, text))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "replace").decode(encoding)


def _printable(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
