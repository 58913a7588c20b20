"""Mask who is meant, for a report that leaves the house: to a vendor, an adviser, another department.

Masked are business names, what stands in cells, phone numbers, paths of documents, aliases, the words of reviewers and
of the API, and who ran what where. Left are row numbers, Keys, names of accounts, states, codes, titles of problems,
ids at the API and instants: by a Key somebody inside finds the row again, and a Key is no name by its own rule
(docs/security.md, Personal data). Whatever is made of a masked status is masked, but for who ran it and for phone
numbers, which the tables mask.
"""

import re
from dataclasses import replace

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record, without_words
from bulk_onboard.model.row import JudgedRow, LazySequence
from bulk_onboard.model.sheet import BUSINESS_NAME
from bulk_onboard.reporting.row_status import JobStatus, RowStatus

MASK = "…"
WHY = "Something is missing here, or did not finish; the full report says what."
"""In place of the sentence that says what and why, since that has paths, commands, and who is at work where."""

_REASON = "The reviewers' reason is masked"

_SAYS_NOTHING = frozenset({
    *("label", "title", "document", "accepted", "format", "example", "ending", "right", "found", "kind", "how"),
    *("oddity", "instead", "combination", "limit", "length", "size", "bytes", "count", "position", "width", "height"),
    *("other", "first", "id", "ids", "keep", "delete", "code", "country", "account", "accounts"),
})  # fmt: skip
"""The details of findings that are about the requirements, other rows or ids, not about what stands in a cell."""

_SENTENCES = frozenset({"nearest", "reason"})
"""Those that are a sentence of their own, so that they may be left out."""

_PHONE_NUMBER = re.compile(r"(?<![\w-])\d{3,}(\d{4})(?![\w-])")


def redacted(status: JobStatus) -> JobStatus:
    """Return the status with names masked."""
    rows = status.rows
    masked = (
        LazySequence(
            len(rows),
            {place: _of_row(each) for place, each in rows.notable.items()},
            lambda places: [_of_row(rows[place]) for place in places],
        )
        if isinstance(rows, LazySequence)
        else tuple(map(_of_row, rows))
    )
    return replace(
        status,
        ledger_state=_of_ledger(status.ledger_state),
        rows=masked,
        unclaimed=tuple(map(_of_record, status.unclaimed)),
        others=tuple(map(_of_finding, status.others)),
    )


def masked_name(name: str) -> str:
    """Return the first letter of a name; empty stays empty."""
    return name[:1] + MASK if name else ""


def masked_numbers(text: str) -> str:
    """Return a text with the last four digits of each phone number."""
    return _PHONE_NUMBER.sub(rf"{MASK}\1", text)


def _of_row(status: RowStatus) -> RowStatus:
    decision = status.decision
    return status._replace(
        record=_of_record(status.record) if status.record else None,
        named=_of_record(status.named) if status.named else None,
        decision=decision.about(_of_judged(decision.judged)) if decision else None,
        found=tuple(map(_of_finding, status.found)),
    )


def _of_judged(judged: JudgedRow) -> JudgedRow:
    row = judged.row.as_texts({BUSINESS_NAME: masked_name(judged.row.cell(BUSINESS_NAME))})
    findings = tuple(map(_of_finding, judged.findings))
    return JudgedRow(row, None, judged.fingerprint, findings, judged.duplicate_of, judged.is_example, judged.is_blank)


def _of_finding(finding: Finding) -> Finding:
    return replace(finding, seen="", details={name: _detail(name, value) for name, value in finding.details.items()})


def _detail(name: str, value: str | int) -> str | int:
    if name in _SENTENCES:
        return ""
    return value if not value or name in _SAYS_NOTHING or isinstance(value, int) else MASK


def _of_record(record: Record) -> Record:
    """Return the record with nobody's words; that the reviewers gave a reason is still known."""
    return without_words(
        record,
        alias=f"{MASK}{record.token}" if record.alias else "",
        review_reason=_REASON if record.review_reason else "",
    )


def _of_ledger(ledger_state: LedgerState) -> LedgerState:
    return replace(ledger_state, records={token: _of_record(each) for token, each in ledger_state.records.items()})
