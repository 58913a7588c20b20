"""Findings made of what the API and its reviewers said of a record.

Rule: what was sent back is a finding while the row still says what was sent; a row that was fixed since is due, and
has its own errors like any row. A number counts while the row names it. What an approved record has become counts
whatever the row says.

Rule: a document is meant where the reason has its title or its type as whole words; upper and lower case make no
difference, nor do dashes, underscores, blanks and brackets between the words. A longer name hides a shorter one within
it. Where no document is meant, or several are, the finding is about the row and not about a cell.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.record import EDITABLE, Linkage, Linking, Record, Review, State
from bulk_onboard.model.requirements import DocumentRequirement, RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import NUMBERS, Columns, document_column, field_column

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
"""The other codes that are made here; what they say is in the row's advice anyway."""


class _At(NamedTuple):
    """The row that a finding is about: its columns, and the documents that it requires."""

    row: Row
    columns: Columns
    documents: Sequence[DocumentRequirement]


def record_findings(
    record: Record, judged: JudgedRow, columns: Columns, requirements: RequirementsBook
) -> Iterator[Finding]:
    """Yield what the API said of the record that a row stands for."""
    row = judged.row
    if record.state is State.GONE:
        yield Finding(GONE, row.sheet, row.number, details={"id": record.compliance_id})
    if record.state is not State.SUBMITTED:
        return
    required = requirements.offered.get(row.combination)
    at = _At(row, columns, required.documents if required else ())
    if record.differs:
        yield Finding("record-differs", row.sheet, row.number, details={"what": record.differs})
    yield from _of_review(record, at, judged)
    yield from _of_numbers(record, at)


def has_changed(record: Record, judged: JudgedRow) -> bool:
    """Return whether the row says something else than what the API has of the record, or refused, as far as is known.

    False for a record that is not submitted.
    """
    known = record.state is State.SUBMITTED and bool(record.fingerprint)
    return known and judged.fingerprint not in (record.fingerprint, record.refused)


def why_not_linked(linking: Linking) -> str:
    """Return why a number was not linked, with the API's code where there is one."""
    return ": ".join(filter(None, (linking.code, linking.why)))


def sentence(text: str, *, keep_case: bool = False) -> str:
    """Return the text with a capital first and a full stop last; empty stays empty."""
    text = text.strip()
    if not text:
        return ""
    first = text[0] if keep_case else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?…" else ".")


def _of_review(record: Record, at: _At, judged: JudgedRow) -> Iterator[Finding]:
    if record.review in EDITABLE and has_changed(record, judged):
        return
    if record.review in EDITABLE and record.refused == judged.fingerprint and record.code in OF_REFUSAL:
        yield Finding(record.code, at.row.sheet, at.row.number, details={"id": record.compliance_id})
    elif record.review in EDITABLE and record.refused == judged.fingerprint:
        why = ": ".join(filter(None, (record.code, record.reason))).rstrip(".")
        yield _sent_back(UPDATE_REFUSED, record.reason, at, {"why": why})
    elif record.review in EDITABLE:
        details = {"reason": _as_next_sentence(record.review_reason)}
        yield _sent_back(_OF_REVIEW[record.review], record.review_reason, at, details)
    elif code := _OF_REVIEW.get(record.review):
        details = {"reason": _as_next_sentence(record.review_reason)}
        yield Finding(code, at.row.sheet, at.row.number, details=details)


def _sent_back(code: str, reason: str, at: _At, details: Mapping[str, str]) -> Finding:
    """Return the finding at the cell of the document that the reason means, else at the row.

    A document without a file has the cell of its first field.
    """
    row, document = at.row, match_document(reason, at.documents)
    if document is None:
        return Finding(code, row.sheet, row.number, details={**details, "document": ANY_DOCUMENT})
    named = {**details, "document": f"the {document.title}"}
    if not document.needs_file:
        columns = (field_column(document.type, field.name) for field in document.fields)
        header = next((at.columns.headers[each] for each in columns if each in at.columns.headers), "")
        return Finding(code, row.sheet, row.number, header, details=named)
    column = document_column(document.type)
    header, seen = at.columns.header(column), masked_path(row.cell(column))
    return Finding(code, row.sheet, row.number, header, seen, named)


def _of_numbers(record: Record, at: _At) -> Iterator[Finding]:
    row = at.row
    for number in numbers_in(row.cell(NUMBERS)) if record.numbers else ():
        linking = record.numbers.get(number)
        if linking is not None and (code := _OF_NUMBER.get(linking.linkage)):
            details = {"number": number, "why": why_not_linked(linking).rstrip(".")}
            yield Finding(code, row.sheet, row.number, at.columns.header(NUMBERS), number, details)


def _as_next_sentence(reason: str) -> str:
    """Return the reason as a sentence with a blank before it; empty where none was given."""
    return f" {sentence(reason)}" if reason else ""


_GAP = r"[\s_()/\u2010-\u2015-]+"
_WORDS = re.compile(r"[^\W_]+")


def match_document(reason: str, documents: Iterable[DocumentRequirement]) -> DocumentRequirement | None:
    """Return the one document that the reason means; None for none or several."""
    named: defaultdict[tuple[str, ...], list[DocumentRequirement]] = defaultdict(list)
    for document in documents:
        for words in {tuple(_WORDS.findall(name)) for name in (document.title.casefold(), document.type.casefold())}:
            named[words].append(document)
    left, meant = reason.casefold(), dict[str, DocumentRequirement]()
    for words in sorted(filter(None, named), key=lambda words: -len(" ".join(words))):
        left, times = re.subn(rf"(?<![^\W_]){_GAP.join(map(re.escape, words))}(?![^\W_])", "|", left)
        if times:
            meant |= {document.type: document for document in named[words]}
    return next(iter(meant.values())) if len(meant) == 1 else None
