"""Rows × requirements → applications and findings: all findings of all rows at once, and nothing raised."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bulk_onboard.model.application import Application, FileFacts, fingerprint
from bulk_onboard.model.finding import Finding, Severity
from bulk_onboard.model.identity import KEY_LIMIT, normal_key, token_in
from bulk_onboard.model.mask import masked
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import ALIAS, CALLBACK_URL, COUNTRY_ISO, KEY, NUMBER_TYPE, USER_TYPE, Columns
from bulk_onboard.validation.documents import document_digests, document_troubles, sent_documents
from bulk_onboard.validation.duplicates import with_duplicates_marked
from bulk_onboard.validation.fields import field_troubles, sent_fields
from bulk_onboard.validation.trouble import Trouble, shown_cell

_COMBINATION_COLUMNS = (COUNTRY_ISO, NUMBER_TYPE, USER_TYPE)


def judge_rows(
    rows: Sequence[Row], *, book: RequirementsBook, files: Mapping[str, FileFacts], columns: Columns
) -> tuple[JudgedRow, ...]:
    """Every row with its application or what keeps it out, in the same order.

    `files` is what is known of the documents, by the cell text that names them. Findings of a row come in the order
    of the columns, those about the row as a whole first.
    """
    field_names = {field.name for field in book.fields()}
    return with_duplicates_marked([_judged(row, book, files, columns, field_names) for row in rows])


def _judged(
    row: Row, book: RequirementsBook, files: Mapping[str, FileFacts], columns: Columns, field_names: set[str]
) -> JudgedRow:
    requirements = book.offered.get(row.combination)
    wanted = requirements.documents if requirements else book.documents()
    fields = sent_fields(row, field_names)
    callback_url = row.cell(CALLBACK_URL)
    findings = _placed(_troubles(row, book, files), row, columns)
    application = None
    if not any(finding.severity is Severity.ERROR for finding in findings):
        application = Application(row.combination, fields, sent_documents(row, wanted, files), callback_url)
    digests = document_digests(row, wanted, files)
    return JudgedRow(row, application, fingerprint(row.combination, fields, digests, callback_url), findings)


def _troubles(row: Row, book: RequirementsBook, files: Mapping[str, FileFacts]) -> Iterator[Trouble]:
    yield from _troubles_of_any_row(row)
    requirements = book.offered.get(row.combination)
    if requirements is None:
        yield _not_offered(row, book)
        return
    yield from field_troubles(row, requirements.fields)
    yield from document_troubles(row, requirements.documents, files)


def _troubles_of_any_row(row: Row) -> Iterator[Trouble]:
    """What is wrong with the cells that every row may have, whatever it asks for."""
    if not normal_key(row):
        yield Trouble("row-without-identity")
    if len(key := row.cell(KEY)) > KEY_LIMIT:
        yield Trouble("key-too-long", KEY, shown_cell(key), {"length": len(key), "limit": KEY_LIMIT})
    if token_in(row.cell(ALIAS)):
        yield Trouble("alias-looks-like-token", ALIAS, shown_cell(row.cell(ALIAS)))
    callback_url = row.cell(CALLBACK_URL)
    if callback_url and not callback_url.lower().startswith("https://"):
        # What follows the question mark may be a secret of the receiver's.
        yield Trouble("callback-url-not-https", CALLBACK_URL, shown_cell(callback_url.partition("?")[0]))


def _not_offered(row: Row, book: RequirementsBook) -> Trouble:
    """The finding on the first part of the combination with which no offer agrees."""
    combination = row.combination
    if not combination.number_type:
        return Trouble("number-type-missing", NUMBER_TYPE)
    agreeing = max((_agreement(combination, offer) for offer in book.offered), default=0)
    column = _COMBINATION_COLUMNS[agreeing]
    return Trouble("not-offered", column, shown_cell(row.cell(column)), {"combination": masked(str(combination))})


def _agreement(combination: tuple[str, ...], offer: tuple[str, ...]) -> int:
    """How many parts two different combinations share before they part."""
    return next(n for n, (ours, theirs) in enumerate(zip(combination, offer, strict=True)) if ours != theirs)


def _placed(troubles: Iterable[Trouble], row: Row, columns: Columns) -> tuple[Finding, ...]:
    """Findings in the order of the columns: the row as a whole, the sheet's columns, then those it lacks."""

    def place(trouble: Trouble) -> float:
        return columns.positions.get(trouble.column, math.inf) if trouble.column else -1

    return tuple(
        Finding(t.code, row.sheet, row.number, columns.header(t.column) if t.column else "", t.seen, t.details)
        for t in sorted(troubles, key=place)
    )
