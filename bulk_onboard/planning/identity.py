"""Which record a row is.

Rule: a token is computed when a record is first seen and is the ledger's name for it ever after. A row whose Key the
books know is that record, even when its registration number was mended since; a record that was sent keeps its alias,
or an attempt whose outcome is unknown could no longer be found (reliability.md 1.1). A row that was known without a
Key stays that record when it is given one.
"""

from collections.abc import Iterable
from dataclasses import replace

from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import KEY_LIMIT, alias_of, normal_key, normal_user_key, token_of
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import ALIAS, KEY


class Identities:
    """The identities of an account's rows, given what the books know; build it once for all rows."""

    def __init__(self, books: Books, *, auth_id: str, rows: Iterable[Row]) -> None:
        self._auth_id = auth_id
        self._books = books
        self._tokens: dict[str, str] = {}  # by the normalised Key; the oldest record has it
        for record in books.records.values():
            if key := normal_user_key(record.key):
                self._tokens.setdefault(key, record.token)
        self._keys: dict[str, set[str]] = {}  # which keys the rows of one business have
        if any(not record.key for record in books.records.values()):
            for row in rows:
                self._keys.setdefault(normal_key(_without_key(row)), set()).add(normal_key(row))

    def identify(self, judged: JudgedRow) -> Identity | None:
        """Who the row is; None for a row with neither Key nor registration number."""
        row = judged.row
        key = normal_key(row)
        if not key:
            return None
        token = self._tokens.get(key) or self._token_before_it_had_a_key(row) or token_of(self._auth_id, row)
        alias = self._books.record(token).alias or alias_of(row.cell(ALIAS) or row.cell(KEY), token)
        return Identity(key=key, user_key=row.cell(KEY)[:KEY_LIMIT], token=token, alias=alias)

    def _token_before_it_had_a_key(self, row: Row) -> str:
        """The token of the record that the row was before its Key was filled in; empty where there is none.

        Where rows of one business have different keys, none of them can be taken for it.
        """
        before = _without_key(row)
        if not row.cell(KEY) or len(self._keys.get(normal_key(before), ())) != 1:
            return ""
        token = token_of(self._auth_id, before)
        return token if token in self._books.records else ""


def _without_key(row: Row) -> Row:
    return replace(row, cells={name: text for name, text in row.cells.items() if name != KEY})
