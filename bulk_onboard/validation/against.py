"""Businesses that another job has sent already (`--against`).

Rule: what the API has, or may have, counts, whoever sent it. A business is the same when the other ledger knows it by
the token that the row has there, with its Key or without, by the token that an annotated workbook gave the row, or by
its content. What was refused, proved unsent, deleted or given up is not at the API and counts for nothing; of what is
gone from it that job's people have not said yet whether it is to be filed anew.
"""

from collections.abc import Iterable, Mapping, Sequence

from bulk_onboard.model.books import Books
from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.identity import annotated_token, keyless_token_of, normal_key, token_of
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import Columns
from bulk_onboard.validation.marking import Marker
from bulk_onboard.validation.trouble import Trouble

_AT_THE_API: Mapping[State, str] = {
    State.SENDING: "uncertain (sent, and what became of it is not known)",
    State.UNCERTAIN: "uncertain (sent, and what became of it is not known)",
    State.HELD: "held (a person must look)",
    State.SUBMITTED: "submitted",
    State.GONE: "gone from the API (a person must say what is to become of it)",
}
"""The states in which a business is or may be at the API, or may be filed again, in words."""


def with_others_marked(
    judged: Sequence[JudgedRow],
    others: Iterable[tuple[str, Books]],
    *,
    columns: Columns,
    rulings: Rulings = NO_RULINGS,
) -> tuple[JudgedRow, ...]:
    """The same rows in the same order; those that one of the other ledgers, each with its name, has are told so."""
    rows, marker = list(judged), Marker(columns, rulings)
    for name, books in others:
        other = _Other(books)
        for position, one in enumerate(rows):
            if one.aside is None and (record := other.record_of(one)):
                trouble = Trouble("in-other-ledger", details={"ledger": name, "state": _told(record)})
                rows[position] = marker.mark(one, [trouble])
    return tuple(rows)


class _Other:
    """What another ledger's records are known by."""

    def __init__(self, books: Books) -> None:
        there = [record for record in books.records.values() if record.state in _AT_THE_API]
        self._auth_id = books.opened.auth_id if books.opened else ""
        self._by_token = {record.token: record for record in there}
        self._by_fingerprint = {record.fingerprint: record for record in there if record.fingerprint}

    def record_of(self, one: JudgedRow) -> Record | None:
        """The record that the row would be there; None where there is none."""
        if not self._by_token:
            return None
        tokens = self._tokens_of(one.row) if normal_key(one.row) else ()
        found = (self._by_token.get(token) for token in tokens)
        return next(filter(None, found), None) or self._by_fingerprint.get(one.fingerprint)

    def _tokens_of(self, row: Row) -> Iterable[str]:
        yield annotated_token(row)
        yield token_of(self._auth_id, row)
        yield keyless_token_of(self._auth_id, row)


def _told(record: Record) -> str:
    known_as = f" as {record.compliance_id}" if record.compliance_id else ""
    return f"{_AT_THE_API[record.state]}{known_as}"
