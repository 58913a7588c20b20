"""What the verbs print of several accounts: a line for each, what they come to together, and what ended one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple, TextIO

from bulk_onboard.model.account import NO_ACCOUNT
from bulk_onboard.reporting.console import Closing, facts_of, print_states
from bulk_onboard.reporting.figures import Figures
from bulk_onboard.reporting.printer import Fact, Printer, printer_on
from bulk_onboard.reporting.row_status import Totals, drift_sentences
from bulk_onboard.units import format_count, format_list

LISTED_AT_MOST = 10
"""How many accounts are listed before it is said how many more there are."""

NAMED_AT_MOST = 3
"""How many accounts a sentence names before it says how many more there are."""


class Line(NamedTuple):
    """A line of a table about accounts.

    Attributes:
        numbers: one for each column, to be added up; empty where they are not known.
        words: a few words about it.
        need: how much it needs somebody; nothing at 0.
    """

    account: str
    numbers: tuple[int, ...]
    words: str = ""
    need: float = 0


def print_lines(
    columns: tuple[str, ...],
    lines: Sequence[Line],
    stream: TextIO,
    *,
    at_most: int | None = None,
    elsewhere: str = "",
) -> None:
    """Print a line for each account, one of the rows of no account where there are any, and one of the sums of all.

    Args:
        columns: what the numbers are.
        lines: of the accounts, and perhaps one of `NO_ACCOUNT`.
        at_most: where there are more accounts, as many of those that need something most are printed; None prints all.
        elsewhere: what has all of them, such as "The report".
    """
    page = printer_on(stream)
    shown, left = _neediest([each for each in lines if each.account != NO_ACCOUNT], at_most)
    more = [Line(f"… {len(left):,} more", _sums(left, columns))] if left else []
    rows = [
        (each.account, *(_written(each.numbers) or [""] * len(columns)), each.words)
        for each in (*shown, *more, *(each for each in lines if each.account == NO_ACCOUNT))
    ]
    rows.append(("all", *_written(_sums(lines, columns)), ""))
    page.write_list(*_numbers_to_the_right(("Account", *columns, ""), rows))
    if left:
        need = sum(each.need > 0 for each in left)
        needing = f", of which {need:,} {'needs' if need == 1 else 'need'} something" if need else ""
        page.write_line(f"Not listed: {format_count(len(left), 'account')}{needing}. {elsewhere} has all of them.")


def _neediest(lines: Sequence[Line], at_most: int | None) -> tuple[Sequence[Line], Sequence[Line]]:
    """Return the accounts that are listed, and the others; in their order where all are listed."""
    if at_most is None or len(lines) <= at_most:
        return lines, ()
    ordered = sorted(lines, key=lambda each: -each.need)
    return ordered[:at_most], ordered[at_most:]


def _sums(lines: Sequence[Line], columns: tuple[str, ...]) -> tuple[int, ...]:
    known = [each.numbers for each in lines if each.numbers]
    return tuple(sum(numbers[place] for numbers in known) for place in range(len(columns)))


def _written(numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"{number:,}" for number in numbers)


def _numbers_to_the_right(
    headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headers and rows with all but the first and the last column moved to the right."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]

    def moved(line: tuple[str, ...]) -> tuple[str, ...]:
        numbers = (cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1], strict=True))
        return (line[0], *numbers, line[-1])

    return moved(headers), [moved(row) for row in rows]


class Standing(NamedTuple):
    """Where one account stands.

    Attributes:
        rows: how many it has.
        figures: what they come to; None where that is not known.
        sent: how many records were created; None where nothing was to be sent.
        how: how it ended or what it does now, in a few words.
        is_ended: whether something ended it before its end, so that somebody must see to it.
    """

    account: str
    rows: int
    figures: Figures | None
    sent: int | None = None
    how: str = ""
    is_ended: bool = False


def print_standings(
    standings: Sequence[Standing], stream: TextIO, *, at_most: int | None = None, elsewhere: str = ""
) -> None:
    """Print where each account stands, as `print_lines` does."""
    has_sent = any(each.sent is not None for each in standings)
    columns = ("Rows", *(("Sent",) if has_sent else ()), "Done", "Waiting", "Not sent", "Needs us")
    lines = [_line(each, has_sent=has_sent) for each in standings]
    print_lines(columns, lines, stream, at_most=at_most, elsewhere=elsewhere)


def _line(standing: Standing, *, has_sent: bool) -> Line:
    figures, ended = standing.figures, inf if standing.is_ended else 0
    if figures is None:
        return Line(standing.account, (), standing.how, ended)
    sent = (standing.sent or 0,) if has_sent else ()
    numbers = (standing.rows, *sent, figures.done, figures.waiting, figures.not_sent, figures.needs_us)
    return Line(standing.account, numbers, standing.how, ended or figures.needs_us)


def print_status_of_all(
    standings: Sequence[Standing],
    counts: Mapping[str, int],
    reviews: Mapping[str, int],
    stream: TextIO,
    *,
    not_taken_in: int = 0,
    next_command: str = "",
) -> None:
    """Print where each account stands, all records by state and review, and what to type next if known.

    Args:
        not_taken_in: rows of workbooks that the newest runs left for later ones.
    """
    page = printer_on(stream)
    print_standings(standings, stream)
    print_states(page, counts, reviews)
    if not_taken_in:
        rows = format_count(not_taken_in, "row")
        page.write_line(f"Not taken in yet: {rows} of the workbook, when the newest runs ended.")
    if next_command:
        page.write_line(f"Next: {next_command}")


def in_words(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield each sentence once, after the names of the accounts of which it is told."""
    alike: dict[str, list[str]] = {}
    for account, sentence in told:
        alike.setdefault(sentence, []).append(account)
    for sentence, accounts in alike.items():
        named = format_list(accounts, at_most=NAMED_AT_MOST)
        yield f"{'Account' if len(accounts) == 1 else 'Accounts'} {named}: {sentence}"


def print_run_of_all(
    closing: Closing,
    totals: Totals,
    standings: Sequence[Standing],
    troubles: Mapping[str, str],
    stream: TextIO,
    *,
    next_command: str,
) -> None:
    """Print what a run of several accounts came to: a box for all, a line for each, what ended any, what to type next.

    Args:
        troubles: by account, what ended it before its end, and what to do.
    """
    page = printer_on(stream)
    page.write_box(closing.title, [_accounts(standings), *facts_of(closing, totals, kinds_at_most=3)])
    print_standings(standings, stream, at_most=LISTED_AT_MOST, elsewhere="The report")
    _print_troubles(page, troubles)
    for line in (*drift_sentences(totals.drift), f"Next: {next_command}"):
        page.write_line(line)


def _print_troubles(page: Printer, troubles: Mapping[str, str]) -> None:
    sentences = list(in_words(troubles.items()))
    for sentence in sentences[:LISTED_AT_MOST]:
        page.write_line(sentence)
    if (more := len(sentences) - LISTED_AT_MOST) > 0:
        page.write_line(f"… and {more:,} more; the report has what ended each account.")


def _accounts(standings: Sequence[Standing]) -> Fact:
    accounts = [each for each in standings if each.account != NO_ACCOUNT]
    stopped = sum(each.is_ended for each in accounts)
    how = f"{len(accounts) - stopped:,} done, {stopped:,} stopped" if stopped else "all done"
    return Fact("Accounts", len(accounts), how, "red" if stopped else "")
