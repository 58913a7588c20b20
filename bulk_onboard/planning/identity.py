"""Identify each row's record; reject rows that contradict ledger or sheet.

Two steps. `Identities` says which record a row would be if it were alone in the sheet. `checked_claims` then compares
the rows with each other and with the ledger, and takes the identity from a row that cannot be that record.

**Which record.** A token is computed when a record is first seen and is its name in the ledger from then on. In this
order: the token in `bo_key`, which an annotated copy has, where the ledger knows it (tokens of other accounts and
ledgers count for nothing); the Key, where the ledger knows it, whatever became of the registration number; the record
that the row was before it was given a Key; else a new record. A record that was sent keeps its alias, so that an
attempt whose outcome is unknown can still be found (docs/design/promise.md, Identity).

**Whether it may be.** People clear, respell, shift and reuse Keys; what a business is, its registration number says.
The ledger keeps with each record a token of the number that was sent (`registration_token`). For a row that is no
duplicate or example:

| Its Key, or `bo_key`, belongs to | Its number belongs to | Then the row is |
|---|---|---|
| a record | that record, or the record's number is not known | that record |
| a record | nothing else | that record, with a corrected number (a warning) |
| a record | another record, or another row too | rejected |
| a record at the API | nothing else, but another row has the record's number | rejected |
| a record that was deleted or given up | nothing else | rejected |
| no record | a record, which has another Key | rejected |
| no record | no record | a new business |

A rejected row loses its identity: nothing is sent, updated or linked for it, and a finding says why.

Several rows of one number under different Keys may be branches of one company, where all were in the sheet from the
start: then each is, or becomes, a record of its own. A branch that was taken in and not sent is sent only while the
row of the first one is still in the sheet. A branch that is added later is an error unless the job rules otherwise.

**Expired records.** Nothing at the API can be done about a record that has expired, so its row is filed anew, as the
record's next generation, under a token made of the expired one's and the generation's number. From then on the row is
the newest generation; the earlier ones stay in the ledger and are nobody's.

A record is one row's. Several rows may claim one record when a row's number or Key was changed and another row has the
old one now. Among those whose number agrees with the record's, the row that names the record in `bo_key` gets it, else
the one with the Key that the ledger has for it.
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
from bulk_onboard.model.record import ENDED, MAY_BE_FILED, Record, Review, State, linked_numbers
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import ALIAS, KEY, NUMBERS

_CORRECTING = MAY_BE_FILED - {State.SUBMITTED}  # an unknown correction leaves either number
_NAMED_AT_MOST = 3
_BY_NUMBER = 2  # the last of the ranks


# Which record a row would be.


class Identities:
    """The identities of an account's rows, given its ledger.

    Build it once for all rows.
    """

    def __init__(self, ledger_state: LedgerState, *, auth_id: str, rows: Sequence[Row]) -> None:
        self._auth_id = auth_id
        self._records = ledger_state.records
        self._successors = ledger_state.successors()
        self._tokens: dict[str, str] = {}  # by normalised Key; where several records have it, of the oldest
        self._exact: dict[tuple[str, str], str] = {}  # by Key and registration token
        self._keyless: dict[str, str] = {}  # by registration token, of records without a Key
        for record in ledger_state.newest_generations():
            if key := normal_user_key(record.key):
                self._tokens.setdefault(key, record.token)
                self._exact.setdefault((key, record.registration_token), record.token)
            elif record.registration_token:
                self._keyless.setdefault(record.registration_token, record.token)
        rows = rows if ledger_state.records else ()
        annotated: defaultdict[str, list[str]] = defaultdict(list)  # own keys by the token in bo_key
        for row in rows:
            if token := self._annotated_token(row):
                annotated[token].append(own_key(row))
        # Rows of one key may name several records. The oldest has the key, so that the order of rows decides nothing.
        by_age = (token for token in self._records if token in annotated) if annotated else ()
        self._annotated: dict[str, str] = {}
        for token in by_age:
            for key in annotated[token]:
                self._annotated.setdefault(key, token)
        self._claimed = annotated.keys() | {self._tokens.get(own_key(row), "") for row in rows}
        self._keys: defaultdict[str, set[str]] = defaultdict(set)  # by natural key: the own keys of its rows
        if any(not record.key for record in ledger_state.records.values()):
            for row in rows:
                self._keys[natural_key(row)].add(own_key(row))

    def identify(self, judged: JudgedRow) -> Identity | None:
        """Return which record the row would be if it were alone in the sheet.

        None for a row with neither Key nor registration number, unless the ledger knows its `bo_key`.
        """
        row, user_key = judged.row, judged.row.cell(KEY)
        key, registration = own_key(row), registration_token_of(self._auth_id, row)
        if token := self._annotated_token(row):
            key = f"token|{token}"
        elif key:
            token = self._token(row, key, registration)
            token = self._successors.get(token, token)
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
            follows=record.follows if record else "",
            generation=record.generation if record else 1,
        )

    def _annotated_token(self, row: Row) -> str:
        """Return the token in the row's `bo_key`, where the ledger knows it, or that of its successor; else empty."""
        token = annotated_token(row)
        return self._successors.get(token, token if token in self._records else "")

    def _known_registration(self, row: Row, token: str, registration: str) -> str:
        """Return the registration token of the token's record.

        Empty where it is not known.

        A token that is computed from the row proves that the row's number is the record's.
        """
        record = self._records.get(token)
        if record is not None and record.registration_token:
            return record.registration_token
        if record is None or token in (token_of(self._auth_id, row), keyless_token_of(self._auth_id, row)):
            return registration
        return ""

    def _token(self, row: Row, key: str, registration: str) -> str:
        """Return the token of a row without a known `bo_key`.

        An annotated row of the same key is the same business.
        """
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
        """Return the token of the record that the row was before its Key was filled in.

        Empty where there is none.

        There is none where rows of that business have different keys, where another row has the record by `bo_key` or
        Key, or where the record was deleted or given up: then the row with its Key is a new record.
        """
        if not self._keys or len(self._keys.get(natural_key(row), ())) != 1:
            return ""
        token = self._keyless.get(registration) or keyless_token_of(self._auth_id, row)
        record = self._records.get(token)
        if record is None or record.state in ENDED or record.token in self._claimed:
            return ""
        return record.token if record.registration_token in ("", registration) else ""


# Whether it may be.

Claim: TypeAlias = tuple[JudgedRow, Identity | None]
"""A row, and the identity that it would have if it were alone."""


@dataclass(frozen=True, slots=True)
class _Conflict:
    """What contradicts a claim.

    Attributes:
        code, details: of the finding that says so.
        loses_identity: whether the row is rejected where that finding is an error.
    """

    code: str
    details: dict[str, str | int] = field(default_factory=dict)
    loses_identity: bool = True


def checked_claims(
    claims: Sequence[Claim], ledger_state: LedgerState, rulings: Rulings = NO_RULINGS
) -> Iterator[Claim]:
    """Yield the claims in order, with a finding on each row that is contradicted.

    A row that loses to another row or record keeps no identity. `rulings` are the job's rulings on findings.
    """
    checked = _Claims(claims, ledger_state)
    for place, (one, identity) in enumerate(claims):
        conflict = checked.conflict(place)
        if conflict is None:
            yield one, identity
            continue
        found = Finding(conflict.code, one.row.sheet, one.row.number, details=conflict.details)
        findings = ruled([found], rulings)
        loses_identity = conflict.loses_identity and any(finding.severity is Severity.ERROR for finding in findings)
        yield (
            one.with_findings((*findings, *one.findings), kept_out=loses_identity),
            None if loses_identity else identity,
        )


class _Claims:
    """All claims, indexed so that no look-up takes longer with more rows or records."""

    def __init__(self, claims: Sequence[Claim], ledger_state: LedgerState) -> None:
        self._claims = claims
        self._records = ledger_state.records
        # Records and places of rows by registration token.
        self._owners: defaultdict[str, list[Record]] = defaultdict(list)
        self._ended: defaultdict[str, list[Record]] = defaultdict(list)  # deleted or given up
        self._of_number: defaultdict[str, list[int]] = defaultdict(list)
        self._strays: defaultdict[str, list[int]] = defaultdict(list)  # rows whose own record does not have the number
        self._of_token: defaultdict[str, list[int]] = defaultdict(list)  # places of rows by token
        self._shared: list[str] = []  # by place; see `shared_keys`
        self._rivalries: dict[str, _Rivalry] = {}
        for record in ledger_state.newest_generations():
            owners = self._ended if record.state in ENDED else self._owners
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

    def conflict(self, place: int) -> _Conflict | None:
        """Return what contradicts the claim of the row at `place`; None for nothing."""
        one, identity = self._claims[place]
        if identity is None or one.aside is not None:
            return None
        record = self._records.get(identity.token)
        if record is None:
            return self._with_a_new_row(one, identity)
        if (rival := self._rival(place, record)) is not None:
            return _Conflict("record-of-another-row", {"other": self._number(rival)})
        if _has_changed(identity):
            return self._with_a_changed_number(place, identity, record)
        return self._with_a_second_record(one, identity, record)

    def _with_a_new_row(self, one: JudgedRow, identity: Identity) -> _Conflict | None:
        """Return the conflict of a row of which the ledger knows only the number."""
        owners = self._others_with(identity)
        if owners and (own := self._row_of(owners)) is not None:
            return _Conflict("business-again", {"other": self._number(own), "known": _known(owners)})
        if not owners and not normal_user_key(one.row.cell(KEY)):  # no Key is not another Key
            owners = self._ended.get(identity.registration_token, [])[:_NAMED_AT_MOST]
        return _under_another_key(owners) if owners else None

    def _with_a_second_record(self, one: JudgedRow, identity: Identity, record: Record) -> _Conflict | None:
        """Return the conflict of a row whose number another record has as well.

        A row that was not sent is a branch as long as the other record's row is in the sheet. Without that row, its Key
        was changed meanwhile, or of two rows of one business the wrong one was deleted.
        """
        others = self._others_with(identity)
        if others and not identity.known_registration:
            return _of_another_record(one, others)
        if record.state in MAY_BE_FILED or record.state in ENDED:
            return None
        there = [each for each in others if each.state in MAY_BE_FILED]
        return _under_another_key(there) if there and self._row_of(there) is None else None

    def _with_a_changed_number(self, place: int, identity: Identity, record: Record) -> _Conflict:
        """Return the conflict of a row with another number than its record's.

        It is another business if anything says so, else the record with a corrected number, which gets a warning.
        """
        one, _ = self._claims[place]
        if others := self._others_with(identity):
            return _of_another_record(one, others)
        if why := self._why_another_business(place, identity, record):
            return _of_another_business(one, why)
        due = set(numbers_in(one.row.cell(NUMBERS))) - linked_numbers(record)
        if record.review == Review.APPROVED and record.state is State.SUBMITTED and due:
            return _Conflict("approved-number-changed", {"id": record.compliance_id}, loses_identity=False)
        return _Conflict("registration-number-changed", {}, loses_identity=False)

    def _why_another_business(self, place: int, identity: Identity, record: Record) -> str:
        """Return why such a row is another business, a clause.

        Empty where nothing says so.
        """
        one, _ = self._claims[place]
        if record.state in ENDED:
            return f"that record was {'deleted' if record.state is State.DELETED else 'given up'} on purpose"
        if annotated_token(one.row) == record.token and _has_another_key(one, record):
            return f"the Key is another one, too: it was {record.key}"
        if (other := self._first_other(place, self._of_number[identity.registration_token])) is not None:
            return f"row {self._number(other)} has this number, too"
        if record.state in MAY_BE_FILED:
            other = self._first_other(place, self._strays.get(record.registration_token, ()))
        return "" if other is None else f"row {self._number(other)} has that record's number"

    def _rival(self, place: int, record: Record) -> int | None:
        """Return the place of the row that keeps this one from being the record.

        None for none.

        Where several rows claim a record and one of them, known by `bo_key` or Key, has another number, only a row that
        is known by `bo_key` or Key itself can be the record.
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
        """Return the first other records, not deleted or given up, with the row's number."""
        owners = self._owners.get(identity.registration_token, ())
        return list(islice((record for record in owners if record.token != identity.token), _NAMED_AT_MOST))

    def _row_of(self, owners: Sequence[Record]) -> int | None:
        """Return the place of a row that is one of these records, by token and number.

        None where there is none.
        """
        places = (place for record in owners for place in self._of_token.get(record.token, ()))
        return next((place for place in places if not self._changed(place)), None)

    def _first_other(self, place: int, places: Sequence[int]) -> int | None:
        """Return the first of these rows that means another record than that at `place`."""
        return next((other for other in places if self._is_other(place, other)), None)

    def _is_other(self, place: int, other: int) -> bool:
        """Return whether two rows mean different records.

        Validation reports those that mean the same one.
        """
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
    """Several rows with one token.

    Attributes:
        its: the place of the row that is the record; None where that cannot be told.
        differing: the first two places that mean different records; one place where all mean the same.
    """

    its: int | None
    differing: tuple[int, ...]


def _has_changed(identity: Identity) -> bool:
    """Return whether the row has another number than its token's record.

    False where either is unknown or blank.
    """
    known, now = identity.known_registration, identity.registration_token
    return bool(known and now) and not is_same_number(known, now)


def _is_known_by(one: JudgedRow, record: Record) -> bool:
    """Return whether the row has the Key that the ledger has for the record."""
    user_key = normal_user_key(one.row.cell(KEY))
    return bool(user_key) and user_key == normal_user_key(record.key)


def _has_another_key(one: JudgedRow, record: Record) -> bool:
    """Return whether row and record both have a Key, and not the same."""
    return bool(record.key and one.row.cell(KEY)) and not _is_known_by(one, record)


def _rank(one: JudgedRow, record: Record) -> int:
    """Return by what the row is the record: 0 `bo_key`, 1 Key, 2 its number alone.

    The lowest is best.
    """
    return 0 if annotated_token(one.row) == record.token else 1 if _is_known_by(one, record) else _BY_NUMBER


def _under_another_key(owners: Sequence[Record]) -> _Conflict:
    return _Conflict("business-under-another-key", {"known": _known(owners), "todo": _back(owners)})


def _of_another_record(one: JudgedRow, others: Sequence[Record]) -> _Conflict:
    return _of_another_business(one, f"the ledger has this row's number {_known(others)}", _back(others))


def _of_another_business(one: JudgedRow, why: str, todo: str = "Put Keys and numbers back as they were.") -> _Conflict:
    name = "bo_key" if annotated_token(one.row) else "Key" if one.row.cell(KEY) else "number in an earlier run"
    return _Conflict("key-of-another-business", {"name": name, "why": why, "todo": todo})


def _known(owners: Sequence[Record]) -> str:
    """Return how the ledger knows these records, a phrase: `under the Key K-1`."""
    keys = list(dict.fromkeys(record.key for record in owners if record.key))
    if not keys:
        return "in a row without a Key"
    gone = ", deleted or given up on purpose" if all(record.state in ENDED for record in owners) else ""
    return f"under the Key{'s' if len(keys) > 1 else ''} {' and '.join(keys)}{gone}"


def _back(owners: Sequence[Record]) -> str:
    """Return how the row becomes that record again, a sentence."""
    keys = list(dict.fromkeys(record.key for record in owners if record.key))
    if not keys:
        return "Clear the Key of the row that is this business."
    if all(record.state in ENDED for record in owners):
        return "To file the business again, give the row a Key that no row had before."
    return f"Write the Key {' or '.join(keys)} back."
