"""Which record a row is.

Rule: a token is computed when a record is first seen and is the ledger's name for it ever after. A row whose Key the
books know is that record, even when its registration number was mended since; a record that was sent keeps its alias,
or an attempt whose outcome is unknown could no longer be found (reliability.md 1.1).
"""

from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import alias_of, normal_key, normal_user_key, token_of
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.model.sheet import ALIAS, KEY


class Identities:
    """The identities of an account's rows, given what the books know; build it once for all rows."""

    def __init__(self, books: Books, *, auth_id: str) -> None:
        self._auth_id = auth_id
        self._books = books
        self._tokens: dict[str, str] = {}  # by the normalised Key; the oldest record has it
        for record in books.records.values():
            if key := normal_user_key(record.key):
                self._tokens.setdefault(key, record.token)

    def identify(self, judged: JudgedRow) -> Identity | None:
        """Who the row is; None for a row with neither Key nor registration number."""
        row = judged.row
        key = normal_key(row)
        if not key:
            return None
        token = self._tokens.get(key) or token_of(self._auth_id, row)
        alias = self._books.record(token).alias or alias_of(row.cell(ALIAS) or row.cell(KEY), token)
        return Identity(key=key, user_key=row.cell(KEY), token=token, alias=alias)
