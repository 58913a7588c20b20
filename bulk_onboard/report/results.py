"""The Results table, each source row once in the sheet's order, and the records that no row stands for.

See README.md, The report.

A duplicate shows the first row's state and names it; everything else of the record stands in the first row alone. The
template's example shows that it is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum

from bulk_onboard.model.books import Books
from bulk_onboard.model.command import Commands, names_in
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Record
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import BUSINESS_NAME, KEY, NUMBERS
from bulk_onboard.report.advice import advise, aside_advice
from bulk_onboard.report.numbers import numbers_told
from bulk_onboard.report.sentences import Advice
from bulk_onboard.report.standing import Decisions, Standing, standing, unclaimed
from bulk_onboard.report.table import Line, MadeAnew, Table
from bulk_onboard.report.times import local_text

HEADERS = (
    "Row",
    "Key",
    "Business Name",
    "Number Type",
    "State",
    "Review",
    "Compliance ID",
    "Reason",
    "What to do",
    "Submitted at",
    "Attempts",
    "Numbers",
)
UNCLAIMED_HEADERS = ("Key", "Alias", "State", "Review", "Compliance ID", "Reason", "Submitted at", "Attempts")

_NONE: Mapping[int, Sequence[Finding]] = {}


def results_table(
    decisions: Decisions,
    books: Books,
    commands: Commands,
    zone: tzinfo,
    found: Mapping[int, Sequence[Finding]] = _NONE,
) -> Table:
    """Every row once; without the workbook every record once, names blank.

    Args:
        found: by row number, what turned up only while the row was to be sent, and what the API said of its record.
    """
    if decisions is None:
        return Table(HEADERS, MadeAnew(lambda: _record_rows(books, commands, zone)))
    return Table(HEADERS, MadeAnew(lambda: _rows(decisions, books, commands, zone, found)))


def unclaimed_table(decisions: Decisions, books: Books, commands: Commands, zone: tzinfo) -> Table:
    """The records that were sent and whose row has gone; none are known without the workbook."""
    records: Sequence[Record] = unclaimed(decisions, books) if decisions is not None else ()
    return Table(UNCLAIMED_HEADERS, tuple(_unclaimed_row(record, commands, zone) for record in records))


def _rows(
    decisions: Sequence[Decision],
    books: Books,
    commands: Commands,
    zone: tzinfo,
    found: Mapping[int, Sequence[Finding]],
) -> Iterator[Line]:
    names = names_in(books)
    firsts = {decision.judged.duplicate_of for decision in decisions} - {None}
    by_number = {each.judged.row.number: each for each in decisions if each.judged.row.number in firsts}
    for decision in decisions:
        judged = decision.judged
        if judged.aside:
            first = by_number.get(judged.duplicate_of or 0)
            yield _aside_row(judged, standing(first, books).state if first else judged.aside)
        else:
            now = standing(decision, books)
            name = names.get(now.record.token, "") if now.record else ""
            advice = advise(now, judged, commands, found.get(judged.row.number, ()), name=name)
            yield (*_named(judged.row), *_told(now, advice, zone), numbers_told(judged.row.cell(NUMBERS), now.record))


def _named(row: Row) -> Line:
    return (row.number, row.cell(KEY), row.cell(BUSINESS_NAME), row.combination.number_type)


def _aside_row(judged: JudgedRow, state: StrEnum) -> Line:
    row, advice = judged.row, aside_advice(judged)
    numbers = numbers_told(row.cell(NUMBERS), None)
    return (*_named(row), state.value, None, None, advice.reason, advice.todo, None, None, numbers)


def _record_rows(books: Books, commands: Commands, zone: tzinfo) -> Iterator[Line]:
    for token, name in names_in(books).items():
        record, now = books.records[token], Standing.of(books.records[token])
        told = _told(now, advise(now, None, commands, name=name), zone)
        yield (None, _called(record), None, None, *told, numbers_told("", record))


def _told(now: Standing, advice: Advice, zone: tzinfo) -> Line:
    """From State to Attempts."""
    record = now.record or Record(token="")
    submitted_at = local_text(record.submitted_at, zone)
    return (
        now.state.value,
        now.review,
        record.compliance_id,
        advice.reason,
        advice.todo,
        submitted_at,
        record.attempts,
    )


def _unclaimed_row(record: Record, commands: Commands, zone: tzinfo) -> Line:
    now = Standing.of(record)
    state, review, compliance_id, reason, _, submitted_at, attempts = _told(now, advise(now, None, commands), zone)
    return (_called(record), record.alias, state, review, compliance_id, reason, submitted_at, attempts)


def _called(record: Record) -> str:
    """A record's name where its row is not at hand: the user's Key, else the end of its alias."""
    return record.key or f"~{record.token}"
