"""What the verbs print, and the door to rich: tables on a terminal, else plain lines that can be searched and cut.

Rule: what comes from a workbook or from the API cannot steer the terminal, and a stream that cannot show a character
shows another one instead of failing.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, TextIO

from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import Record
from bulk_onboard.report.progress import Progress, told
from bulk_onboard.report.table import Cell
from bulk_onboard.units import format_duration, format_size

_SCREENFUL = 50  # lines of a long list that a terminal is given

_STYLES: Mapping[str, str] = {
    "submitted": "green", "approved": "green", "create": "green", "pending": "cyan", "settle": "yellow",
    "deferred": "yellow", "warning": "yellow", "uncertain": "yellow", "more info": "yellow", "held": "magenta",
    "suspended": "magenta", "invalid": "red", "refused": "red", "rejected": "red", "error": "red",
}  # fmt: skip


def print_plan(plan: Plan, stream: TextIO) -> None:
    """What a run costs, how many rows each action has, then what would be done for each row and why."""
    page = page_on(stream)
    forecast = plan.forecast
    takes = f", about {format_duration(forecast.duration_s)}" if forecast.duration_s is not None else ""
    page.write_line(f"A run would make {forecast.requests:,} requests with {format_size(forecast.size)}{takes}.")
    _print_counts(page, "Action", plan.counts())
    page.write_line("")
    rows = [
        (d.judged.row.number, d.identity.user_key if d.identity else "", d.action.value, d.reason)
        for d in plan.decisions
    ]
    page.write_list(("Row", "Key", "Action", "Why"), rows)


def print_status(
    books: Books, counts: Mapping[str, int], reviews: Mapping[str, int], stream: TextIO, *, next_command: str
) -> None:
    """The job at a glance: its account and newest run, its records by state and review, what to type next."""
    page = page_on(stream)
    if books.opened:
        page.write_line(f"Account {books.opened.auth_id} at {books.opened.base_url}")
    if books.runs:
        started, ended = books.runs[-1].started, books.runs[-1].ended
        how = f"ended {ended.at} with exit status {ended.exit_status}" if ended else "has not recorded its end"
        page.write_line(
            f"Runs: {len(books.runs):,}; the newest, {started.run_id} by {started.user} on {started.host}, "
            f"began {started.at} and {how}."
        )
    _print_standing(page, counts, reviews)
    page.write_line(f"Next: {next_command}")


def print_run(
    counts: Mapping[str, int],
    reviews: Mapping[str, int],
    stream: TextIO,
    *,
    report: Path | None,
    annotated: Path | None = None,
    workbook: Path | None = None,
    next_command: str,
    stopped: str = "",
    warnings: Iterable[str] = (),
) -> None:
    """What a run came to: rows by state and review, what stopped it, where the files are, what to type next.

    `workbook` is told where the user may not know which was taken.
    """
    page = page_on(stream)
    if workbook is not None:
        page.write_line(f"Workbook: {workbook}")
    _print_standing(page, counts, reviews)
    for warning in warnings:
        page.write_line(f"Warning: {warning}")
    if stopped:
        page.write_line(stopped)
    if report is not None:
        page.write_line(f"Report: {report}")
    if annotated is not None:
        page.write_line(f"Marked in: {annotated}")
    page.write_line(f"Next: {next_command}")


def print_story(record: Record, lines: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """One record: where it stands, then what happened to it, oldest first.

    Args:
        lines: of each entry `at`, `entry`, `op`, `attempt`, `words`, `api_id`, `compliance_id`, the `state` it led
            to, and its `documents`, each with type, sha256 and size.
    """
    page = page_on(stream)
    named = {"Key": record.key, "Alias": record.alias, "Compliance ID": record.compliance_id, "Review": record.review}
    told = "; ".join(f"{name} {value}" for name, value in named.items() if value)
    page.write_line(f"Record {record.token} is {record.state}{': ' if told else ''}{told}")
    rows: list[tuple[Cell, ...]] = []
    for line in lines:
        op = " ".join(part for part in (line["op"], str(line["attempt"] or "")) if part)
        ids = " ".join(filter(None, (line["compliance_id"], line["api_id"])))
        rows.append((line["at"], line["entry"], op, line["words"], ids, line["state"]))
        rows += [("", "document", d["type"], d["sha256"], format_size(d["size"]), "") for d in line["documents"]]
    page.write_table(("At", "Entry", "Write", "Words", "Ids", "State"), rows)


def _print_standing(page: "Page", counts: Mapping[str, int], reviews: Mapping[str, int]) -> None:
    _print_counts(page, "State", {name: number for name, number in counts.items() if name != "rows"}, counts["rows"])
    if any(reviews.values()):
        _print_counts(page, "Review", reviews)


def _print_counts(page: "Page", name: str, counts: Mapping[str, int], total: int | None = None) -> None:
    """Only what there is any of."""
    rows: list[tuple[Cell, ...]] = [(key, f"{number:,}") for key, number in counts.items() if number]
    if total is not None:
        rows.append(("total", f"{total:,}"))
    if rows:
        page.write_table((name, "Rows"), rows)


class ToldFinding(NamedTuple):
    """A finding as it is printed: its place from the file down, sentences, and what kind it is of."""

    workbook: str
    sheet: str
    row: int
    column: str
    sentences: str
    severity: str
    code: str


class Page(Protocol):
    """Something to print on."""

    def write_line(self, text: str) -> None:
        """One line."""

    def write_table(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        """A table, whole."""

    def write_list(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        """A table that may be very long."""

    def write_findings(self, findings: Sequence[ToldFinding]) -> None:
        """A list of findings, which may be very long."""


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

    def write_findings(self, findings: Sequence[ToldFinding]) -> None:
        """One line each, whose beginning is the place, and whose end the kind (reliability.md 4)."""
        for each in findings:
            place = " › ".join(filter(None, (each.workbook, each.sheet, f"row {each.row}", each.column)))
            self.write_line(f"{place}: {each.sentences} [{each.severity}: {each.code}]")


class _Terminal:
    """Tables as wide as the terminal, in colours."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - costs 40 ms, which only a terminal is to pay

        self._stream = stream
        self._console: Any = Console(file=stream, highlight=False)

    def write_line(self, text: str) -> None:
        self._console.print(shown(text, self._stream), markup=False, emoji=False)

    def write_table(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        self._write(headers, [[self._text(cell) for cell in row] for row in rows])

    def write_list(self, headers: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> None:
        self.write_table(headers, rows[:_SCREENFUL])
        self._write_rest(len(rows) - _SCREENFUL)

    def write_findings(self, findings: Sequence[ToldFinding]) -> None:
        """Sentences have most of the width; what kind they are of stands below them."""
        rows = [
            [
                self._text(each.row),
                self._text(each.column),
                self._text(each.sentences).append(f"\n{each.severity}: {each.code}", _STYLES[each.severity]),
            ]
            for each in findings[:_SCREENFUL]
        ]
        self._write(("Row", "Column", "What is wrong, and how to mend it"), rows)
        self._write_rest(len(findings) - _SCREENFUL)

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


class _Bar(Progress):
    """A bar on a terminal, gone when the run is over."""

    def __init__(self, stream: TextIO) -> None:
        from rich import progress  # noqa: PLC0415 - see above
        from rich.console import Console  # noqa: PLC0415

        self._stream = stream
        self._bar = progress.Progress(
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(compact=True),
            progress.TextColumn("{task.description}", markup=False),
            console=Console(file=stream),
            transient=True,
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def update(self, done: int, due: int, counts: Mapping[str, int], note: str) -> None:
        words = told(counts, note, self._bar.tasks[0].speed)
        self._bar.update(self._task, completed=done, total=due, description=shown(words, self._stream))


def open_progress(stream: TextIO, *, quiet: bool = False) -> Progress:
    """A bar where the stream is a terminal and nobody wants quiet; else something that shows nothing."""
    return _Bar(stream) if is_terminal(stream) and not quiet else Progress()


def page_on(stream: TextIO) -> Page:
    """How to print on this stream: in tables and colours on a terminal, else in plain lines."""
    return _Terminal(stream) if is_terminal(stream) else _Plain(stream)


def is_terminal(stream: TextIO) -> bool:
    """Whether the stream may be given colours and a bar: a terminal, and nobody asked for none (NO_COLOR)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def shown(cell: Cell, stream: TextIO) -> str:
    """A cell as one line of printable characters that the stream's encoding knows."""
    text = "" if cell is None else str(cell)
    line = text if text.isprintable() else "".join(map(_printable, text))
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "replace").decode(encoding)


def _printable(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
