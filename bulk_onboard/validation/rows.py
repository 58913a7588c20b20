"""Rows × requirements → applications and findings: all findings of all rows at once, and nothing raised."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bulk_onboard.model.application import Application, FileFacts, fingerprint
from bulk_onboard.model.catalogue import CATALOGUE, INDIA, Severity
from bulk_onboard.model.example import is_example
from bulk_onboard.model.finding import NO_RULINGS, Finding, Rulings, ruled
from bulk_onboard.model.mask import masked
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import CALLBACK_URL, COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, Columns
from bulk_onboard.validation.cells import cell_troubles
from bulk_onboard.validation.country import country_code
from bulk_onboard.validation.documents import Slot, document_digests, document_troubles, sent_documents, slots_of
from bulk_onboard.validation.duplicates import with_duplicates_marked
from bulk_onboard.validation.fields import Bounds, SentFields, bounds_of, field_troubles
from bulk_onboard.validation.headers import Headers
from bulk_onboard.validation.numbers import with_shared_numbers_marked
from bulk_onboard.validation.stored import LOST
from bulk_onboard.validation.trouble import Trouble, shown_cell

_GUESSES = {kind.code for kind in INDIA if kind.severity is Severity.WARNING} | {
    "email-invalid",
    "letters-lost",
    "look-alike-letters",
    "number-unreadable",
    "number-without-calling-code",
}
_COMBINATION_COLUMNS = (COUNTRY_ISO, NUMBER_TYPE, USER_TYPE)


def judge_rows(
    rows: Sequence[Row],
    *,
    book: RequirementsBook,
    files: Mapping[str, FileFacts],
    columns: Columns,
    rulings: Rulings = NO_RULINGS,
    callback_url: str = "",
) -> tuple[JudgedRow, ...]:
    """Every row with its application or what keeps it out, in the same order.

    `files` is what is known of the documents, by the cell text that names them. `callback_url` is for rows that name
    none; it is the job's and not their content, so no row has changed when it changes. Findings of a row come in the
    order of the columns, those about the row as a whole first. Rows that are an example, or that hold nothing but what
    is filled down a whole column, have none and are never sent.
    """
    judge = Judge(book, files, columns, rulings, callback_url)
    judged = with_duplicates_marked([judge.judged(row) for row in rows], columns=columns, rulings=rulings)
    return with_shared_numbers_marked(judged, columns=columns, rulings=rulings)


class _Terms(NamedTuple):
    """What is asked of the rows of one combination."""

    is_offered: bool
    fields: tuple[Bounds, ...]
    slots: tuple[Slot, ...]


class Judge:
    """All that rows of a sheet are judged by; build it once for all of them."""

    def __init__(
        self,
        book: RequirementsBook,
        files: Mapping[str, FileFacts],
        columns: Columns,
        rulings: Rulings,
        callback_url: str,
    ) -> None:
        self._book, self._files, self._columns, self._rulings = book, files, columns, rulings
        self._callback_url = callback_url
        self._terms = {
            combination: _Terms(True, bounds_of(requirements.fields), slots_of(requirements.documents))
            for combination, requirements in book.offered.items()
        }
        self._no_terms = _Terms(False, (), slots_of(book.documents()))
        self._sent = SentFields({field.name for field in book.fields()})
        self._headers = Headers(columns)

    def judged(self, row: Row) -> JudgedRow:
        """The row with its application or what keeps it out, as if it were alone."""
        terms = self._terms.get(row.combination, self._no_terms)
        fields, callback_url = self._sent.of(row), row.cell(CALLBACK_URL)
        digests = document_digests(row, terms.slots, self._files)
        content = fingerprint(row.combination, fields, digests)
        if is_example(row):
            return JudgedRow(row, None, content, is_example=True)
        if row.is_blank:
            return JudgedRow(row, None, content, is_blank=True)
        findings = self._findings(row, terms)
        if findings:
            findings = ruled(findings, self._rulings)
            if any(finding.severity is Severity.ERROR for finding in findings):
                return JudgedRow(row, None, content, findings)
        documents = sent_documents(row, terms.slots, self._files)
        application = Application(row.combination, fields, documents, callback_url or self._callback_url)
        return JudgedRow(row, application, content, findings)

    def _findings(self, row: Row, terms: _Terms) -> tuple[Finding, ...]:
        """In the order of the columns: the row as a whole, the sheet's columns, then those it lacks."""
        if self._headers.are_repeated_in(row):
            return self._placed([Trouble("headers-again")], row)
        troubles = [*cell_troubles(row), *self._troubles_with(row, terms)]
        return self._placed(_worth_telling(troubles), row) if troubles else ()

    def _troubles_with(self, row: Row, terms: _Terms) -> Iterator[Trouble]:
        """What the API would not take."""
        if not terms.is_offered:
            yield _not_offered(row, self._book)
            return
        yield from field_troubles(row, terms.fields)
        yield from document_troubles(row, terms.slots, self._files)

    def _placed(self, troubles: list[Trouble], row: Row) -> tuple[Finding, ...]:
        positions, header = self._columns.positions, self._columns.header
        troubles.sort(key=lambda trouble: positions.get(trouble.column, math.inf) if trouble.column else -1)
        return tuple(
            Finding(t.code, row.sheet, row.number, header(t.column) if t.column else "", t.seen, t.details)
            for t in troubles
        )


def _worth_telling(troubles: list[Trouble]) -> list[Trouble]:
    """One cause, one finding: nothing of a value that is lost, and no guess at one that must be mended anyway."""
    lost = {trouble.column for trouble in troubles if trouble.code in LOST}
    erring = {t.column for t in troubles if t.code not in _GUESSES and CATALOGUE[t.code].severity is Severity.ERROR}
    return [
        trouble
        for trouble in troubles
        if (trouble.column not in lost or trouble.code in LOST)
        and (trouble.column not in erring or trouble.code not in _GUESSES)
    ]


def _not_offered(row: Row, book: RequirementsBook) -> Trouble:
    """The finding on the first part of the combination with which no offer agrees."""
    combination = row.combination
    if not combination.number_type:
        return Trouble("number-type-missing", NUMBER_TYPE)
    agreeing = max((_agreement(combination, offer) for offer in book.offered), default=0)
    column = _COMBINATION_COLUMNS[agreeing]
    seen = shown_cell(row.cell(column))
    if column == COUNTRY_ISO and (code := country_code(combination.country_iso)):
        return Trouble("country-written-out", column, seen, {"code": code})
    return Trouble("not-offered", column, seen, {"combination": masked(str(combination))})


def _agreement(combination: tuple[str, ...], offer: tuple[str, ...]) -> int:
    """How many parts two different combinations share before they part."""
    return next(n for n, (ours, theirs) in enumerate(zip(combination, offer, strict=True)) if ours != theirs)
