"""The judge of single rows: what the API would be told of each, and all findings that keep it out or warn.

Everything is checked before anything is sent, and nothing is raised: a finding is a value. A row's cells are checked
for themselves (`cells`, `characters`), against the fields the API requires (here) and the documents it requires
(`documents`). What only shows beside other rows is the business of `duplicates`.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from bulk_onboard.model import sheet as ours
from bulk_onboard.model.application import Application, FileFacts, fingerprint
from bulk_onboard.model.catalogue import CATALOGUE, INDIA, Severity
from bulk_onboard.model.finding import NO_RULINGS, Finding, Rulings
from bulk_onboard.model.mask import masked
from bulk_onboard.model.requirements import Combination, Contract, RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row, is_example
from bulk_onboard.validation.cells import EMAIL, LOST, cell_findings
from bulk_onboard.validation.documents import Slot, document_digests, document_findings, sent_documents, slots_of
from bulk_onboard.validation.duplicates import mark_duplicates, mark_shared_numbers
from bulk_onboard.validation.fields import (
    OTHER_NAME,
    Dates,
    Field,
    dates_of,
    end_user_fields,
    field_findings,
    with_dates,
)
from bulk_onboard.validation.india_places import country_code
from bulk_onboard.validation.marking import Marker, in_cell

_HEURISTIC = {kind.code for kind in INDIA if kind.severity is Severity.WARNING} | {
    "email-invalid",
    "letters-lost",
    "look-alike-letters",
    "number-unreadable",
    "number-without-calling-code",
}
"""Codes of findings that are guesses at what is meant."""

_COMBINATION_COLUMNS = (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)
_ALWAYS_KNOWN = {ours.BUSINESS_NAME, ours.REGISTRATION_NUMBER, EMAIL}
_ADDRESS = "address."


def judge_rows(
    rows: Sequence[Row],
    *,
    book: RequirementsBook,
    files: Mapping[str, FileFacts],
    columns: ours.Columns,
    rulings: Rulings = NO_RULINGS,
    callback_url: str = "",
) -> tuple[JudgedRow, ...]:
    """Judge rows by themselves and beside each other.

    Args:
        rows: in the order of the sheet.
        book: the requirements of every combination that the API offers.
        files: what is known of the documents, by the cell text that names them.
        columns: which of the sheet's columns means what.
        rulings: what the job says of findings.
        callback_url: for rows that name none. It is the job's and not their content, so no row has changed when it
            changes.

    Returns:
        Every row in the same order, with its application or what keeps it out. Its findings come in the order of the
        columns, those about the row as a whole first. Rows that are an example, or that hold nothing but what is
        filled down a whole column, have none and are never sent.
    """
    judge = Judge(book, files, columns, rulings, callback_url)
    judged = mark_duplicates([judge.judged(row) for row in rows], columns=columns, rulings=rulings)
    return mark_shared_numbers(judged, columns=columns, rulings=rulings)


class _Terms(NamedTuple):
    """What is asked of the rows of one combination; the fields are those of the end user and of all documents."""

    is_offered: bool
    fields: tuple[Field, ...]
    slots: tuple[Slot, ...]
    dates: Dates
    sent: "_SentFields"


class Judge:
    """Judges single rows of one sheet; build it once for all of them. The arguments are those of `judge_rows`."""

    def __init__(
        self,
        book: RequirementsBook,
        files: Mapping[str, FileFacts],
        columns: ours.Columns,
        rulings: Rulings,
        callback_url: str,
    ) -> None:
        self._book, self._files, self._callback_url = book, files, callback_url
        self._of_any = _SentFields({field.name for field in book.fields})
        self._terms = {combination: self._terms_of(combination) for combination in book.offered}
        self._headers = Headers(columns)
        self._marker = Marker(columns, rulings)

    def judged(self, row: Row) -> JudgedRow:
        """Return the row with its application or what keeps it out, as if it were alone."""
        terms = self._terms.get(row.combination) or self._no_terms
        if row.stored and terms.dates:
            row = with_dates(row, terms.dates)
        fields, callback_url = terms.sent.of(row), row.cell(ours.CALLBACK_URL)
        digests = document_digests(row, terms.slots, self._files)
        content = fingerprint(row.combination, fields, digests)
        if is_example(row):
            return JudgedRow(row, None, content, is_example=True)
        if row.is_blank:
            return JudgedRow(row, None, content, is_blank=True)
        found = self._findings(row, terms)
        findings = self._marker.placed(row, found) if found else ()
        if any(finding.severity is Severity.ERROR for finding in findings):
            return JudgedRow(row, None, content, findings)
        documents = sent_documents(row, terms.slots, self._files)
        application = Application(row.combination, fields, documents, callback_url or self._callback_url)
        return JudgedRow(row, application, content, findings)

    def _terms_of(self, combination: Combination) -> _Terms:
        asked = self._book.offered[combination]
        slots = slots_of(asked.documents, self._book.contract)
        of_documents = (field for slot in slots for field in slot.fields)
        is_released = self._book.contract is Contract.RELEASED
        return _Terms(
            True,
            (*end_user_fields(asked.fields), *of_documents),
            slots,
            dates_of(asked, self._book),
            _SentFields({field.name for field in asked.fields}) if is_released else self._of_any,
        )

    @cached_property
    def _no_terms(self) -> _Terms:
        """What is asked of the rows of a combination that is not offered."""
        slots = slots_of(self._book.documents, self._book.contract)
        return _Terms(False, (), slots, dates_of(None, self._book), self._of_any)

    def _findings(self, row: Row, terms: _Terms) -> list[Finding]:
        if self._headers.are_repeated_in(row):
            return [Finding("headers-again")]
        found = [*cell_findings(row), *self._findings_by(terms, row)]
        return _one_for_each_cause(found) if found else found

    def _findings_by(self, terms: _Terms, row: Row) -> Iterator[Finding]:
        """What the API would not take."""
        if not terms.is_offered:
            yield _not_offered(row, self._book)
            return
        yield from field_findings(row, terms.fields)
        yield from document_findings(row, terms.slots, self._files)


def _one_for_each_cause(findings: list[Finding]) -> list[Finding]:
    """Drop what else is said of lost values, and heuristic findings in columns that have errors.

    With the Business Name lost, nothing is known of how another cell differs from it.
    """
    lost = {each.column for each in findings if each.code in LOST}
    if ours.BUSINESS_NAME in lost:
        findings = [each for each in findings if each.code != OTHER_NAME]
    erring = {
        each.column
        for each in findings
        if each.code not in _HEURISTIC and CATALOGUE[each.code].severity is Severity.ERROR
    }
    return [
        each
        for each in findings
        if (each.column not in lost or each.code in LOST) and (each.column not in erring or each.code not in _HEURISTIC)
    ]


def _not_offered(row: Row, book: RequirementsBook) -> Finding:
    """Return the finding on the first part of the combination with which no offer agrees."""
    combination = row.combination
    if not combination.number_type:
        return Finding("number-type-missing", column=ours.NUMBER_TYPE)
    agreeing = max((_agreement(combination, offer) for offer in book.offered), default=0)
    column = _COMBINATION_COLUMNS[agreeing]
    if column == ours.COUNTRY_ISO and (code := country_code(combination.country_iso)):
        return in_cell("country-written-out", column, row.cell(column), code=code)
    return in_cell("not-offered", column, row.cell(column), combination=masked(str(combination)))


def _agreement(combination: tuple[str, ...], offer: tuple[str, ...]) -> int:
    """Return how many parts two different combinations share before they part."""
    return next(n for n, (own, other) in enumerate(zip(combination, offer, strict=True)) if own != other)


# The fields of the end user that are sent: whatever the API knows, required or not. In the released contract a business
# has no last name, so what it asks of others is not sent.


class _SentFields:
    """Which cells are fields of the end user; build it once for all rows."""

    def __init__(self, required_names: Container[str]) -> None:
        """`required_names` are the fields that the requirements name."""
        self._required = required_names
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}  # rows are filled in in a few ways only

    def of(self, row: Row) -> dict[str, str]:
        """Return the filled cells that are sent, by name, in the order of the names."""
        filled = tuple(row.cells)
        if filled not in self._names:
            self._names[filled] = tuple(sorted(filter(self._is_sent, filled)))
        return {name: row.cells[name] for name in self._names[filled]}

    def _is_sent(self, name: str) -> bool:
        return name in _ALWAYS_KNOWN or name.startswith(_ADDRESS) or name in self._required


# Rows that repeat the headers, in sheets that were pasted together or have a second row of headers.

_IGNORED_IN_HEADERS = re.compile(r"[\s_.\-\u2010-\u2015]+")


class Headers:
    """The headers of a sheet; build it once for all rows.

    A row repeats them when more than half of its filled cells say the header above them or our name of the column, in
    any case and with any blanks. At least one must say it to the letter, so that other rows are told at a glance.

    Attributes:
        to_the_letter: texts of which a row that repeats the headers has at least one.
    """

    def __init__(self, columns: ours.Columns) -> None:
        said = {name: (header, name, name.partition(":")[2]) for name, header in columns.headers.items()}
        self._bare: Mapping[str, frozenset[str]] = {
            name: frozenset(map(_bare_header, texts)) for name, texts in said.items()
        }
        self.to_the_letter = frozenset(form for texts in said.values() for text in texts for form in _forms(text))

    def are_repeated_in(self, row: Row) -> bool:
        """Return whether the row is no business but the headers again."""
        if self.to_the_letter.isdisjoint(row.cells.values()):
            return False
        repeated = sum(_bare_header(text) in self._bare.get(name, ()) for name, text in row.cells.items())
        return repeated > 1 and repeated * 2 > len(row.cells)


def _forms(text: str) -> Iterable[str]:
    return (text, text.lower(), text.upper(), text.title()) if text else ()


def _bare_header(text: str) -> str:
    return _IGNORED_IN_HEADERS.sub("", text).casefold()
