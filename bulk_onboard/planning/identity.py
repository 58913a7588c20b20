"""Which record a row says it is.

Rule: a token is computed when a record is first seen and is the ledger's name for it ever after. A row whose token
stands in `bo_key`, since it comes from an annotated workbook, is that record where the books know it, whatever was
mended since; a token they do not know, from another account or ledger, counts for nothing. A row whose Key the books
know is that record, even when its registration number was mended; a record that was sent keeps its alias, or an attempt
whose outcome is unknown could no longer be found (docs/design/promise.md, Identity). A row that was known without a Key
stays that record when it is given one. Whether the row may be that record, by its number and beside the other rows, is
judged in `claims`.
"""

from collections import defaultdict
from collections.abc import Sequence

from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import (
    KEY_LIMIT,
    alias_of,
    annotated_token,
    keyless_token_of,
    natural_key,
    normal_user_key,
    own_key,
    registration_token_of,
    token_of,
)
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.record import State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import ALIAS, KEY

_GONE = (State.DELETED, State.ABANDONED)


class Identities:
    """The identities of an account's rows, given what the books know; build it once for all rows."""

    def __init__(self, books: Books, *, auth_id: str, rows: Sequence[Row]) -> None:
        self._auth_id = auth_id
        self._records = books.records
        self._tokens: dict[str, str] = {}  # by the normalised Key; the oldest record has it
        self._exact: dict[tuple[str, str], str] = {}  # by Key and registration number
        self._keyless: dict[str, str] = {}  # by registration number, of records without a Key
        for record in books.records.values():
            if key := normal_user_key(record.key):
                self._tokens.setdefault(key, record.token)
                self._exact.setdefault((key, record.registration_token), record.token)
            elif record.registration_token:
                self._keyless.setdefault(record.registration_token, record.token)
        rows = rows if books.records else ()
        annotated = [(token, row) for row in rows if (token := self._annotated_token(row))]
        self._annotated = {own_key(row): token for token, row in reversed(annotated)}  # by what it is called now
        self._claimed = {token for token, _ in annotated} | {self._tokens.get(own_key(row), "") for row in rows}
        self._keys: defaultdict[str, set[str]] = defaultdict(set)  # which keys the rows of one business have
        if any(not record.key for record in books.records.values()):
            for row in rows:
                self._keys[natural_key(row)].add(own_key(row))

    def identify(self, judged: JudgedRow) -> Identity | None:
        """Who the row is; None for a row with neither Key nor registration number, unless its `bo_key` is known."""
        row, user_key = judged.row, judged.row.cell(KEY)
        key, registration = own_key(row), registration_token_of(self._auth_id, row)
        if token := self._annotated_token(row):
            key = f"token|{token}"
        elif key:
            token = self._token(row, key, registration)
        else:
            return None
        record = self._records.get(token)
        alias = (record.alias if record else "") or alias_of(row.cell(ALIAS) or user_key, token)
        return Identity(
            key=key,
            user_key=user_key[:KEY_LIMIT],
            token=token,
            alias=alias,
            registration_token=registration,
            known_registration=self._known_registration(row, token, registration),
        )

    def _annotated_token(self, row: Row) -> str:
        """The token in the row's `bo_key`, where the books know it; else empty."""
        token = annotated_token(row)
        return token if token in self._records else ""

    def _known_registration(self, row: Row, token: str, registration: str) -> str:
        """What the number makes that belongs to the token; a token that is computed from the row proves its number."""
        record = self._records.get(token)
        if record is not None and record.registration_token:
            return record.registration_token
        if record is None or token in (token_of(self._auth_id, row), keyless_token_of(self._auth_id, row)):
            return registration
        return ""

    def _token(self, row: Row, key: str, registration: str) -> str:
        """The token of a row that is known by its own key; an annotated row of that key is the same business."""
        has_key = key.startswith("key|")
        known = self._exact.get((key, registration)) or self._tokens.get(key)
        if known := known or ("" if has_key else self._keyless.get(registration, "")):
            return known
        computed = token_of(self._auth_id, row)
        if computed in self._records:
            return computed
        before = self._token_before_it_had_a_key(row, registration) if has_key else ""
        return self._annotated.get(key) or before or computed

    def _token_before_it_had_a_key(self, row: Row, registration: str) -> str:
        """The token of the record that the row was before its Key was filled in; empty where there is none.

        Where rows of one business have different keys, none of them can be taken for it, and neither can one where
        another row has the token already, by its `bo_key` or its Key. A record that was deleted or given up stays what
        it is: a Key makes a new one of its row.
        """
        if not self._keys or len(self._keys.get(natural_key(row), ())) != 1:
            return ""
        token = self._keyless.get(registration) or keyless_token_of(self._auth_id, row)
        record = self._records.get(token)
        if record is None or record.state in _GONE or record.token in self._claimed:
            return ""
        return record.token if record.registration_token in ("", registration) else ""
