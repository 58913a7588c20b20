"""Findings made of what the API and its people said of records, when a report is written.

Rule: what was sent back is told while the row still says what was sent; a row that was mended since is due, and its own
errors are told as those of any row. A number is told while the row names it. What an approved record has become is told
whatever the row says. A row that stands aside, or that does not stand for the record, is told nothing of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bulk_onboard.model.books import Books
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.number import numbers_in
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, Linkage, Record, Review, State
from bulk_onboard.model.requirements import DocumentRequirement, RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import NUMBERS, Columns, document_column
from bulk_onboard.model.sparse import told_of
from bulk_onboard.report.drift import has_changed
from bulk_onboard.report.numbers import why_told
from bulk_onboard.report.sentences import sentence
from bulk_onboard.report.spoken_of import document_spoken_of
from bulk_onboard.report.standing import Decisions, standing

ANY_DOCUMENT = "its documents"

_OF_REVIEW: Mapping[str, str] = {
    Review.REJECTED: "review-rejected",
    Review.MORE_INFO: "review-more-info",
    Review.SUSPENDED: "review-suspended",
    Review.EXPIRED: "review-expired",
}
_OF_NUMBER: Mapping[Linkage, str] = {Linkage.REFUSED: "number-refused", Linkage.HELD: "number-held"}
UPDATE_REFUSED = "update-refused"
GONE = "record-gone"
OF_REFUSAL = frozenset({"record-misnamed", "record-of-other-type"})
"""The codes of corrections that the record cannot take, whatever they say."""

FROM_RECORDS = frozenset({*_OF_REVIEW.values(), *_OF_NUMBER.values(), UPDATE_REFUSED})
"""The codes of what else is made here; the row's advice says of itself what they say."""


def record_findings(
    decisions: Decisions, books: Books, columns: Columns, requirements: RequirementsBook
) -> tuple[Finding, ...]:
    """What the API said of the rows' records, in the order of the rows."""
    return tuple(_findings(told_of(decisions or ()), books, columns, requirements))


class _Told(NamedTuple):
    """A row that a record is told at: its columns, and the documents that it requires."""

    row: Row
    columns: Columns
    documents: Sequence[DocumentRequirement]


def _findings(
    decisions: Iterable[Decision], books: Books, columns: Columns, requirements: RequirementsBook
) -> Iterator[Finding]:
    for decision in decisions:
        judged, record = decision.judged, standing(decision, books).record
        if judged.aside or record is None:
            continue
        if record.state is State.GONE:
            yield Finding(GONE, judged.row.sheet, judged.row.number, details={"id": record.compliance_id})
        if record.state is not State.SUBMITTED:
            continue
        required = requirements.offered.get(judged.row.combination)
        told = _Told(judged.row, columns, required.documents if required else ())
        if record.differs:
            yield Finding("record-differs", judged.row.sheet, judged.row.number, details={"what": record.differs})
        yield from _of_review(record, told, judged)
        yield from _of_numbers(record, told)


def _of_review(record: Record, told: _Told, judged: JudgedRow) -> Iterator[Finding]:
    if record.review in EDITABLE and has_changed(record, judged):
        return
    if record.review in EDITABLE and record.refused == judged.fingerprint and record.code in OF_REFUSAL:
        yield Finding(record.code, told.row.sheet, told.row.number, details={"id": record.compliance_id})
    elif record.review in EDITABLE and record.refused == judged.fingerprint:
        why = ": ".join(filter(None, (record.code, record.reason))).rstrip(".")
        yield _sent_back(UPDATE_REFUSED, record.reason, told, {"why": why})
    elif record.review in EDITABLE:
        details = {"reason": _apart(record.review_reason)}
        yield _sent_back(_OF_REVIEW[record.review], record.review_reason, told, details)
    elif code := _OF_REVIEW.get(record.review):
        yield Finding(code, told.row.sheet, told.row.number, details={"reason": _apart(record.review_reason)})


def _sent_back(code: str, reason: str, told: _Told, details: Mapping[str, str]) -> Finding:
    """At the document that the reason speaks of, where that can be told."""
    row, spoken_of = told.row, document_spoken_of(reason, told.documents)
    if spoken_of is None:
        return Finding(code, row.sheet, row.number, details={**details, "document": ANY_DOCUMENT})
    column = document_column(spoken_of.type)
    return Finding(
        code,
        row.sheet,
        row.number,
        column=told.columns.header(column),
        seen=masked_path(row.cell(column)),
        details={**details, "document": f"the {spoken_of.title}"},
    )


def _of_numbers(record: Record, told: _Told) -> Iterator[Finding]:
    row = told.row
    for number in numbers_in(row.cell(NUMBERS)) if record.numbers else ():
        linking = record.numbers.get(number)
        if linking is not None and (code := _OF_NUMBER.get(linking.linkage)):
            details = {"number": number, "why": why_told(linking).rstrip(".")}
            yield Finding(code, row.sheet, row.number, told.columns.header(NUMBERS), number, details)


def _apart(reason: str) -> str:
    """A reason as a sentence of its own, with a blank before it; nothing where none was given."""
    return f" {sentence(reason)}" if reason else ""
