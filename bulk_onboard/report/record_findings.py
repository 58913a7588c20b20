"""Findings made of what the API and its reviewers said of records.

Rule: what was sent back is told while the row still says what was sent; a row that was mended since is due, and its own
errors are told as those of any row. A number is told while the row names it. What an approved record has become is told
whatever the row says. A row that stands aside, or that does not stand for the record, is told nothing of it.

Rule: a document is spoken of by its title or by its type, as whole words; upper and lower case make no difference, nor
do dashes, underscores, blanks and brackets between the words. A longer name hides a shorter one within it. Where none
is spoken of, or several are, nobody can tell which cell is meant.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bulk_onboard.model.catalogue import OLDER_CONTENT
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import EDITABLE, Linkage, Record, Review, State
from bulk_onboard.model.requirements import DocumentRequirement, RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row, notable_in
from bulk_onboard.model.sheet import NUMBERS, Columns, document_column
from bulk_onboard.report.row_status import Decisions, has_changed, row_status, why_told

_GAP = r"[\s_()/\u2010-\u2015-]+"
_WORDS = re.compile(r"[^\W_]+")


def match_document(reason: str, documents: Iterable[DocumentRequirement]) -> DocumentRequirement | None:
    """The one document that the reason speaks of; None for none or several."""
    named: defaultdict[tuple[str, ...], list[DocumentRequirement]] = defaultdict(list)
    for document in documents:
        for words in {tuple(_WORDS.findall(name)) for name in (document.title.casefold(), document.type.casefold())}:
            named[words].append(document)
    left, spoken_of = reason.casefold(), dict[str, DocumentRequirement]()
    for words in sorted(filter(None, named), key=lambda words: -len(" ".join(words))):
        left, times = re.subn(rf"(?<![^\W_]){_GAP.join(map(re.escape, words))}(?![^\W_])", "|", left)
        if times:
            spoken_of |= {document.type: document for document in named[words]}
    return next(iter(spoken_of.values())) if len(spoken_of) == 1 else None


_FEW = 3
_TODO_OF: Mapping[str, str] = {  # where it is a command to type rather than a cell to correct
    OLDER_CONTENT: "Take the newer content into the workbook, then run again. Where an annotated copy has it, type: "
    "{merge} && {run}",
}
_MEND_FIRST = "Mend the row as the sheet Problems says, then run again: {run}"


@dataclass(frozen=True, slots=True)
class Advice:
    """Two cells of the report: `reason` and `todo`, each a sentence or two; empty where there is nothing to say."""

    reason: str
    todo: str


def sentence(text: str, *, keep_case: bool = False) -> str:
    """The text with a great letter first and a full stop last; empty stays empty."""
    text = text.strip()
    if not text:
        return ""
    first = text[0] if keep_case else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?…" else ".")


def errors_told(errors: Sequence[Finding]) -> str:
    """The first of them, and how many more there are."""
    told = [f"{error.column}: {error.problem}" if error.column else error.problem for error in errors[:_FEW]]
    more = len(errors) - _FEW
    return " ".join([*told, f"And {more} more."] if more > 0 else told)


def todo_of_errors(errors: Sequence[Finding]) -> str:
    """What to do about them; `{run}` and `{merge}` stand for commands."""
    if len(errors) == 1 and errors[0].code in _TODO_OF:
        return _TODO_OF[errors[0].code]
    return f"{errors[0].fix} Then run again: {{run}}" if len(errors) == 1 else _MEND_FIRST


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
    decisions: Decisions, ledger_state: LedgerState, columns: Columns, requirements: RequirementsBook
) -> tuple[Finding, ...]:
    """What the API said of the rows' records, in the order of the rows."""
    return tuple(_findings(notable_in(decisions or ()), ledger_state, columns, requirements))


class _Told(NamedTuple):
    """A row that a record is told at: its columns, and the documents that it requires."""

    row: Row
    columns: Columns
    documents: Sequence[DocumentRequirement]


def _findings(
    decisions: Iterable[Decision], ledger_state: LedgerState, columns: Columns, requirements: RequirementsBook
) -> Iterator[Finding]:
    for decision in decisions:
        judged, record = decision.judged, row_status(decision, ledger_state).record
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
    row, spoken_of = told.row, match_document(reason, told.documents)
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
