"""What the verbs print of several accounts: a line for each, what they come to together, and what ended one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from bulk_onboard.reporting.console import Closing, facts_of, print_states
from bulk_onboard.reporting.figures import Figures
from bulk_onboard.reporting.printer import Fact, Printer, printer_on
from bulk_onboard.reporting.row_status import Totals, drift_sentences
from bulk_onboard.units import format_count

LISTED_AT_MOST = 10
"""How many accounts are listed before it is said how many more there are."""

_NAMED_AT_MOST = 3


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

    @property
    def need(self) -> tuple[bool, int]:
        """How much it needs somebody, for sorting."""
        return self.is_ended, self.figures.needs_us if self.figures else 0

    @property
    def needs_something(self) -> bool:
        """Return whether somebody must see to it."""
        return any(self.need)


def print_standings(
    standings: Sequence[Standing], stream: TextIO, *, at_most: int | None = None, elsewhere: str = ""
) -> None:
    """Print a line for each account, and one of what they come to together.

    Args:
        at_most: where there are more, as many of those that need something most are printed; None prints all.
        elsewhere: what has all of them, such as "The report".
    """
    page = printer_on(stream)
    shown, left = _neediest(standings, at_most)
    has_sent = any(each.sent is not None for each in standings)
    headers = ("Account", "Rows", *(("Sent",) if has_sent else ()), "Done", "Waiting", "Not sent", "Needs us", "")
    rows = [_line(each, has_sent=has_sent) for each in shown]
    if left:
        rows.append((f"… {len(left):,} more", *_sums(left, has_sent=has_sent), ""))
    rows.append(("all", *_sums(standings, has_sent=has_sent), ""))
    page.write_list(*_numbers_to_the_right(headers, rows))
    if left:
        need = sum(each.needs_something for each in left)
        needing = f", of which {need:,} {'needs' if need == 1 else 'need'} something" if need else ""
        page.write_line(f"Not listed: {format_count(len(left), 'account')}{needing}. {elsewhere} has all of them.")


def _numbers_to_the_right(
    headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headers and rows with all but the first and the last column moved to the right."""
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]

    def moved(line: tuple[str, ...]) -> tuple[str, ...]:
        numbers = (cell.rjust(width) for cell, width in zip(line[1:-1], widths[1:-1], strict=True))
        return (line[0], *numbers, line[-1])

    return moved(headers), [moved(row) for row in rows]


def _neediest(standings: Sequence[Standing], at_most: int | None) -> tuple[Sequence[Standing], Sequence[Standing]]:
    """Return the accounts that are listed, and the others; in their order where all are listed."""
    if at_most is None or len(standings) <= at_most:
        return standings, ()
    ordered = sorted(standings, key=lambda each: each.need, reverse=True)
    return ordered[:at_most], ordered[at_most:]


def _line(standing: Standing, *, has_sent: bool) -> tuple[str, ...]:
    if standing.figures is None:
        return (standing.account, *[""] * (6 if has_sent else 5), standing.how)
    return (standing.account, *_sums([standing], has_sent=has_sent), standing.how)


def _sums(standings: Sequence[Standing], *, has_sent: bool) -> tuple[str, ...]:
    known = [each.figures for each in standings if each.figures]
    sent = (sum(each.sent or 0 for each in standings),) if has_sent else ()
    rows = sum(each.rows for each in standings)
    figures = (
        sum(each.done for each in known),
        sum(each.waiting for each in known),
        sum(each.not_sent for each in known),
        sum(each.needs_us for each in known),
    )
    return tuple(f"{number:,}" for number in (rows, *sent, *figures))


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
        yield f"{'Account' if len(accounts) == 1 else 'Accounts'} {named(accounts)}: {sentence}"


def named(accounts: Sequence[str], *, at_most: int = _NAMED_AT_MOST) -> str:
    """Return the names as people read them: `acme, bravo and 12 more`."""
    more = len(accounts) - at_most
    shown = list(accounts) if more <= 1 else [*accounts[:at_most], f"{more:,} more"]
    *before, last = shown
    return f"{', '.join(before)} and {last}" if before else last


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
    stopped = sum(each.is_ended for each in standings)
    how = f"{len(standings) - stopped:,} done, {stopped:,} stopped" if stopped else "all done"
    return Fact("Accounts", len(standings), how, "red" if stopped else "")
