"""Identify each row's record, and reject rows whose identity contradicts the ledger or other rows.

Rule: a token is computed when a record is first seen and is the ledger's name for it ever after. A row whose token
stands in `bo_key`, since it comes from an annotated workbook, is that record where the books know it, whatever was
mended since; a token they do not know, from another account or ledger, counts for nothing. A row whose Key the books
know is that record, even when its registration number was mended; a record that was sent keeps its alias, or an attempt
whose outcome is unknown could no longer be found (docs/design/promise.md, Identity). A row that was known without a Key
stays that record when it is given one. Whether the row may be that record, by its number and beside the other rows, is
judged in `claims`.

People clear, respell, shift and reuse Keys; the number is what the business is. The ledger keeps with each record what
the number that was sent makes alone, so whose number a row has is a look-up. Of a row that stands for itself:

| Its Key, or `bo_key`, is | Its number is | Then it is |
|---|---|---|
| a record's | the record's, or not known of it | that record |
| a record's | another one that nobody else has | that record, its number fixed: told |
| a record's | another one, which is another record's or another row's | nobody |
| a record's at the API | another one, while another row has the record's | nobody |
| a record's that was deleted or given up | another one | nobody |
| no record's | a record's: that one is known under another Key | nobody |
| no record's | no record's | a new business |

Nothing is sent, updated or linked for a row that is nobody, and a finding says why. Several rows of one number under
different Keys may be branches of one company, where both were in the sheet from the start: then each is, or becomes,
a record of its own, and is known by that. One that was taken in and not sent is filed only while the other's row stands
beside it. A branch that comes later is an error unless the job rules it otherwise.

A record is one row's. Rows that come to one token without meaning the same do since one of them was known by it and
had its number or Key changed, and the other has the old one now. Where their numbers agree with the record's, the row
that names the token in `bo_key` is the record, else the one whose Key the books know it by.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import NO_RULINGS, Finding, Rulings, ruled
from bulk_onboard.model.identity import (
    KEY_LIMIT,
    alias_of,
    annotated_token,
    is_same_number,
    keyless_token_of,
    natural_key,
    normal_user_key,
    numbers_in,
    own_key,
    registration_token_of,
    shared_keys,
    token_of,
)
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.record import Record, Review, State, linked_numbers
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import ALIAS, KEY, NUMBERS

_GONE = (State.DELETED, State.ABANDONED)


class Identities:
    """The identities of an account's rows, given what the books know; build it once for all rows."""

    def __init__(self, ledger_state: LedgerState, *, auth_id: str, rows: Sequence[Row]) -> None:
        self._auth_id = auth_id
        self._records = ledger_state.records
        self._tokens: dict[str, str] = {}  # by the normalised Key; the oldest record has it
        self._exact: dict[tuple[str, str], str] = {}  # by Key and registration number
        self._keyless: dict[str, str] = {}  # by registration number, of records without a Key
        for record in ledger_state.records.values():
            if key := normal_user_key(record.key):
                self._tokens.setdefault(key, record.token)
                self._exact.setdefault((key, record.registration_token), record.token)
            elif record.registration_token:
                self._keyless.setdefault(record.registration_token, record.token)
        rows = rows if ledger_state.records else ()
        annotated = [(token, row) for row in rows if (token := self._annotated_token(row))]
        self._annotated = {own_key(row): token for token, row in reversed(annotated)}  # by what it is called now
        self._claimed = {token for token, _ in annotated} | {self._tokens.get(own_key(row), "") for row in rows}
        self._keys: defaultdict[str, set[str]] = defaultdict(set)  # which keys the rows of one business have
        if any(not record.key for record in ledger_state.records.values()):
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


Claim: TypeAlias = tuple[JudgedRow, Identity | None]
"""A row, and who it would be if it were alone."""

_NO_MORE = frozenset({State.DELETED, State.ABANDONED})
_NAMED_AT_MOST = 3
_BY_NUMBER = 2  # the last of the ranks
_MAY_BE_AT_THE_API = frozenset({State.SENDING, State.UNCERTAIN, State.HELD, State.SUBMITTED})
_CORRECTING = _MAY_BE_AT_THE_API - {State.SUBMITTED}  # an unknown correction leaves either number


@dataclass(frozen=True, slots=True)
class _Objection:
    """What speaks against a claim: a finding's code and what its words need; whether the row is nobody by it."""

    code: str
    details: dict[str, str | int] = field(default_factory=dict)
    is_nobody: bool = True


def settled_claims(
    claims: Sequence[Claim], ledger_state: LedgerState, rulings: Rulings = NO_RULINGS
) -> Iterator[Claim]:
    """The same rows in the same order, each told what speaks against its claim; one that is no record is nobody.

    `rulings` are the job's words about findings.
    """
    court = _Court(claims, ledger_state)
    for place, (one, identity) in enumerate(claims):
        objection = court.objection(place)
        if objection is None:
            yield one, identity
            continue
        found = Finding(objection.code, one.row.sheet, one.row.number, details=objection.details)
        findings = ruled([found], rulings)
        is_nobody = objection.is_nobody and any(finding.severity is Severity.ERROR for finding in findings)
        yield one.with_findings((*findings, *one.findings), kept_out=is_nobody), None if is_nobody else identity


class _Court:
    """All claims beside each other. Each look-up takes the same time, however many rows and records there are."""

    def __init__(self, claims: Sequence[Claim], ledger_state: LedgerState) -> None:
        self._claims = claims
        self._records = ledger_state.records
        self._owners: defaultdict[str, list[Record]] = defaultdict(list)  # by what their number makes
        self._gone: defaultdict[str, list[Record]] = defaultdict(list)  # the same, deleted or given up
        self._of_number: defaultdict[str, list[int]] = defaultdict(list)  # places of rows
        self._strays: defaultdict[str, list[int]] = defaultdict(list)  # of those whose own record never had it
        self._of_token: defaultdict[str, list[int]] = defaultdict(list)
        self._shared: list[str] = []
        self._rivalries: dict[str, _Rivalry] = {}
        for record in ledger_state.records.values():
            owners = self._gone if record.state in _NO_MORE else self._owners
            if record.registration_token:
                owners[record.registration_token].append(record)
            if record.intended_registration not in ("", record.registration_token) and record.state in _CORRECTING:
                owners[record.intended_registration].append(record)
        for place, (one, identity) in enumerate(claims if ledger_state.records else ()):
            if identity is not None and one.aside is None:
                self._of_token[identity.token].append(place)
                self._note_number(place, identity)

    def _note_number(self, place: int, identity: Identity) -> None:
        registration, record = identity.registration_token, self._records.get(identity.token)
        self._of_number[registration].append(place)
        if record is None or record.registration_token != registration:
            self._strays[registration].append(place)

    def objection(self, place: int) -> _Objection | None:
        """What speaks against a row's claim; None for nothing."""
        one, identity = self._claims[place]
        if identity is None or one.aside is not None:
            return None
        record = self._records.get(identity.token)
        if record is None:
            return self._to_a_new_row(one, identity)
        if (rival := self._rival(place, record)) is not None:
            return _Objection("record-of-another-row", {"other": self._number(rival)})
        if _has_changed(identity):
            return self._to_a_changed_number(place, identity, record)
        return self._to_a_second_record(one, identity, record)

    def _to_a_new_row(self, one: JudgedRow, identity: Identity) -> _Objection | None:
        """A row of which the books know neither Key nor token, while they know its number."""
        owners = self._others_with(identity)
        if owners and (own := self._row_of(owners)) is not None:
            return _Objection("business-again", {"other": self._number(own), "known": _known(owners)})
        if not owners and not normal_user_key(one.row.cell(KEY)):  # no Key is not another Key
            owners = self._gone.get(identity.registration_token, [])[:_NAMED_AT_MOST]
        return _under_another_key(owners) if owners else None

    def _to_a_second_record(self, one: JudgedRow, identity: Identity, record: Record) -> _Objection | None:
        """Where another record has the number as well, a row that was not sent is a branch if that one's row is there.

        Without that row the Key was changed meanwhile, or of two rows of one business the wrong one was deleted.
        """
        others = self._others_with(identity)
        if others and not identity.known_registration:
            return _of_another_record(one, others)
        if record.state in _MAY_BE_AT_THE_API or record.state in _NO_MORE:
            return None
        there = [each for each in others if each.state in _MAY_BE_AT_THE_API]
        return _under_another_key(there) if there and self._row_of(there) is None else None

    def _to_a_changed_number(self, place: int, identity: Identity, record: Record) -> _Objection:
        """Another number than the record's: another business if anything says so, else a fix, which is told."""
        one, _ = self._claims[place]
        if others := self._others_with(identity):
            return _of_another_record(one, others)
        if why := self._why_another_business(place, identity, record):
            return _of_another_business(one, why)
        due = set(numbers_in(one.row.cell(NUMBERS))) - linked_numbers(record)
        if record.review == Review.APPROVED and record.state is State.SUBMITTED and due:
            return _Objection("approved-number-changed", {"id": record.compliance_id}, is_nobody=False)
        return _Objection("registration-number-changed", {}, is_nobody=False)

    def _why_another_business(self, place: int, identity: Identity, record: Record) -> str:
        """Why a row with another number than its record's is another business, a clause; empty for no reason."""
        one, _ = self._claims[place]
        if record.state in _NO_MORE:
            return f"that record was {'deleted' if record.state is State.DELETED else 'given up'} on purpose"
        if annotated_token(one.row) == record.token and _has_another_key(one, record):
            return f"the Key is another one, too: it was {record.key}"
        if (other := self._first_other(place, self._of_number[identity.registration_token])) is not None:
            return f"row {self._number(other)} has this number, too"
        if record.state in _MAY_BE_AT_THE_API:
            other = self._first_other(place, self._strays.get(record.registration_token, ()))
        return "" if other is None else f"row {self._number(other)} has that record's number"

    def _rival(self, place: int, record: Record) -> int | None:
        """The row that keeps this one from being the record; None for none.

        Several rows come to one record: where one names it by bo_key or Key and has another number, no guess is made.
        """
        places = self._of_token[record.token]
        if len(places) == 1:
            return None
        if record.token not in self._rivalries:
            self._rivalries[record.token] = self._rivalry(places, record)
        rivalry = self._rivalries[record.token]
        its, others = rivalry.its, [each for each in rivalry.differing if self._is_other(place, each)]
        if not others or (its is not None and not self._is_other(place, its)):
            return None
        return others[0] if its is None else its

    def _rivalry(self, places: Sequence[int], record: Record) -> "_Rivalry":
        second = self._first_other(places[0], places)
        agreeing = [p for p in places if not self._changed(p)]
        if any(self._changed(p) and _rank(self._claims[p][0], record) < _BY_NUMBER for p in places):
            agreeing = [p for p in agreeing if _is_known_by(self._claims[p][0], record)]
        its = min(agreeing, key=lambda p: _rank(self._claims[p][0], record), default=None)
        return _Rivalry(its, (places[0],) if second is None else (places[0], second))

    def _others_with(self, identity: Identity) -> list[Record]:
        """The first other records whose number the row has; what was deleted or given up holds no number any more."""
        owners = self._owners.get(identity.registration_token, ())
        return list(islice((record for record in owners if record.token != identity.token), _NAMED_AT_MOST))

    def _row_of(self, owners: Sequence[Record]) -> int | None:
        """The row that is one of these records, by its Key and its number; None where there is none."""
        places = (place for record in owners for place in self._of_token.get(record.token, ()))
        return next((place for place in places if not self._changed(place)), None)

    def _first_other(self, place: int, places: Sequence[int]) -> int | None:
        """The first of these rows that does not mean the same record as the one at `place`."""
        return next((other for other in places if self._is_other(place, other)), None)

    def _is_other(self, place: int, other: int) -> bool:
        """Whether two rows do not mean the same record; those that do are told so where they are judged."""
        if place == other:
            return False
        self._shared = self._shared or shared_keys([one.row for one, _ in self._claims])
        return self._shared[place] != self._shared[other]

    def _changed(self, place: int) -> bool:
        _, identity = self._claims[place]
        return identity is not None and _has_changed(identity)

    def _number(self, place: int) -> int:
        return self._claims[place][0].row.number


class _Rivalry(NamedTuple):
    """Rows that come to one record: whose it is, None for nobody's, and the first rows that mean different ones."""

    its: int | None
    differing: tuple[int, ...]


def _has_changed(identity: Identity) -> bool:
    """Whether the row has another number than what its token stands for; unknown and blank ones are none."""
    known, now = identity.known_registration, identity.registration_token
    return bool(known and now) and not is_same_number(known, now)


def _is_known_by(one: JudgedRow, record: Record) -> bool:
    """Whether the row has the Key that the books know the record by."""
    user_key = normal_user_key(one.row.cell(KEY))
    return bool(user_key) and user_key == normal_user_key(record.key)


def _has_another_key(one: JudgedRow, record: Record) -> bool:
    """Whether both have a Key, and not the same."""
    return bool(record.key and one.row.cell(KEY)) and not _is_known_by(one, record)


def _rank(one: JudgedRow, record: Record) -> int:
    """How well the record is known to be the row's; the lowest is best."""
    return 0 if annotated_token(one.row) == record.token else 1 if _is_known_by(one, record) else _BY_NUMBER


def _under_another_key(owners: Sequence[Record]) -> _Objection:
    return _Objection("business-under-another-key", {"known": _known(owners), "todo": _back(owners)})


def _of_another_record(one: JudgedRow, others: Sequence[Record]) -> _Objection:
    return _of_another_business(one, f"the ledger has this row's number {_known(others)}", _back(others))


def _of_another_business(one: JudgedRow, why: str, todo: str = "Put Keys and numbers back as they were.") -> _Objection:
    name = "bo_key" if annotated_token(one.row) else "Key" if one.row.cell(KEY) else "number in an earlier run"
    return _Objection("key-of-another-business", {"name": name, "why": why, "todo": todo})


def _known(owners: Sequence[Record]) -> str:
    """How the ledger knows these records, a phrase: `under the Key K-1`."""
    keys = list(dict.fromkeys(record.key for record in owners if record.key))
    if not keys:
        return "in a row without a Key"
    gone = ", deleted or given up on purpose" if all(record.state in _NO_MORE for record in owners) else ""
    return f"under the Key{'s' if len(keys) > 1 else ''} {' and '.join(keys)}{gone}"


def _back(owners: Sequence[Record]) -> str:
    """How the row becomes that record again, a sentence."""
    keys = list(dict.fromkeys(record.key for record in owners if record.key))
    if not keys:
        return "Clear the Key of the row that is this business."
    if all(record.state in _NO_MORE for record in owners):
        return "To file the business anew, give the row a Key that no row had before."
    return f"Write the Key {' or '.join(keys)} back."
