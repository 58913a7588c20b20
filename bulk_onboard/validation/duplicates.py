"""What is there twice: rows, registration numbers, documents, phone numbers, and businesses another ledger has.

All of this only shows when rows are compared, so it is found after each row was judged by itself. Every function
returns the rows in the order they came in; duplicates and the template's example count for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import NO_RULINGS, OFF, VERY_MANY, Finding, Rulings
from bulk_onboard.model.identity import (
    annotated_token,
    business_of,
    bytes_of,
    gapless_natural_key,
    keyless_token_of,
    natural_key,
    normal_key,
    normal_user_key,
    number_for_digest,
    numbers_in,
    places_of_known,
    registration_token_of,
    shared_keys,
    token_of,
)
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import BO_KEY, KEY, NUMBERS, REGISTRATION_NUMBER, Columns, document_column
from bulk_onboard.validation.marking import Marker, in_cell

# Rows that mean the same record, or the same business. With the same key and the same content the first row stands for
# all of them; with different content none does, since only the user can tell which is right. One registration number
# under several keys may be a slip of the pen, and so may one that is written with other dashes and blanks: a warning on
# all but the first.


def mark_duplicates(
    judged: Sequence[JudgedRow], *, columns: Columns, rulings: Rulings = NO_RULINGS
) -> tuple[JudgedRow, ...]:
    """Mark rows that share a key or a registration number; of those with one key at most the first may be sent."""
    rows, marker = list(judged), Marker(columns, rulings)
    shared = shared_keys([one.row for one in judged])
    keys = ["" if one.is_example else key for one, key in zip(judged, shared, strict=True)]
    for position, first in _under_another_key(judged, keys):
        number, other = judged[position].row.cell(REGISTRATION_NUMBER), judged[first].row.number
        finding = in_cell("registration-number-twice", REGISTRATION_NUMBER, number, other=other)
        rows[position] = marker.mark(rows[position], [finding])
    for positions in _alike(keys):
        for position, one in zip(positions, _compared([rows[p] for p in positions], marker), strict=True):
            rows[position] = one
    return tuple(rows)


def _under_another_key(judged: Sequence[JudgedRow], keys: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield positions of rows whose registration number an earlier row has under another key, and of the first such."""
    first: dict[str, int] = {}
    for position, key in enumerate(keys):
        natural = key and gapless_natural_key(judged[position].row)
        if natural and keys[first.setdefault(natural, position)] != key:
            yield position, first[natural]


def _alike(keys: Sequence[str]) -> Iterable[list[int]]:
    """Return the positions of the rows that share a key, a list for each."""
    first: dict[str, int] = {}
    alike: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        if key and first.setdefault(key, position) != position:
            alike.setdefault(key, [first[key]]).append(position)
    return alike.values()


def _compared(same_key: list[JudgedRow], marker: Marker) -> Iterator[JudgedRow]:
    """Yield the rows of one key, each marked by how it compares with the others."""
    first = same_key[0]
    differing = next((one for one in same_key if one.fingerprint != first.fingerprint), None)
    for one in same_key:
        if differing is not None:
            other = differing if one.fingerprint == first.fingerprint else first
            yield marker.mark(one, [Finding("key-conflict", details={"other": other.row.number})])
        elif one is not first:
            duplicate = Finding("duplicate", details={"other": first.row.number})
            yield marker.mark(one.as_duplicate_of(first.row.number), [duplicate])
        else:
            yield one


# Phone numbers. Of a number in several rows the one has it whose record is approved first, so all but the first row are
# warned; how it is written makes no difference.


def mark_shared_numbers(
    judged: Sequence[JudgedRow], *, columns: Columns, rulings: Rulings = NO_RULINGS
) -> tuple[JudgedRow, ...]:
    """Mark rows that name a phone number of an earlier row."""
    rows, marker = list(judged), Marker(columns, rulings)
    first: dict[str, int] = {}
    for position, one in enumerate(rows):
        cell = one.row.cells.get(NUMBERS, "")
        if not cell or one.aside:
            continue
        number = one.row.number
        shared = [digits for digits in numbers_in(cell) if first.setdefault(digits, number) != number]
        if shared:
            rows[position] = marker.mark(one, [_in_two_rows(digits, first[digits]) for digits in shared])
    return tuple(rows)


def _in_two_rows(digits: str, first: int) -> Finding:
    return Finding("number-in-two-rows", column=NUMBERS, seen=f"…{digits[-4:]}", details={"other": first})


# One file that stands as a document of several businesses. Files are the same when their digests are, wherever they lie
# and whatever they are called. A business is its registration number, so that one which asks for two types of number
# may use its papers twice. A warning about a file that very many businesses have is one finding, at the first of them,
# since it says the same of all; an error, which keeps rows out, stands at each.

_Papers = Sequence[tuple[JudgedRow, Mapping[str, str]]]
"""Rows in their order, each with the digests of its files and the first column that names each of them."""


@dataclass(slots=True)
class _Use:
    """Where one file is used: by which businesses, first in which row, and under which paths."""

    first: int
    businesses: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)

    def is_found_at(self, row: Row, *, as_error: bool) -> bool:
        """Return whether the row has a finding about it."""
        return as_error or len(self.businesses) <= VERY_MANY or row.number == self.first

    def finding(self, column: str) -> Finding:
        """Return the finding about it in a row whose column names it."""
        seen = masked_path(next(iter(self.paths))) if len(self.paths) == 1 else ""
        details = {"count": len(self.businesses), "first": self.first}
        return Finding("document-shared", column=column, seen=seen, details=details)


def mark_shared_documents(
    judged: Sequence[JudgedRow],
    *,
    book: RequirementsBook,
    files: Mapping[str, FileFacts],
    columns: Columns,
    rulings: Rulings = NO_RULINGS,
) -> tuple[JudgedRow, ...]:
    """Mark each row at each of its files that another business has too."""
    if rulings.get("document-shared") == OFF:
        return tuple(judged)
    names = [document_column(document.type) for document in book.files]
    papers = [(one, {} if one.aside else _papers(one.row, names, files)) for one in judged]
    uses = _uses(papers, _several_times(papers))
    findings: dict[tuple[str, str], Finding] = {}  # one for all rows that name the file in the same column
    for digest, use in uses.items():
        if len(use.businesses) > 1:
            findings |= {(digest, name): use.finding(name) for name in names}
    if not findings:
        return tuple(judged)
    marker, as_error = Marker(columns, rulings), rulings.get("document-shared") == Severity.ERROR

    def found(row: Row, own: Mapping[str, str]) -> list[Finding]:
        shared = [use for use in own.items() if use in findings]
        return [findings[use] for use in shared if uses[use[0]].is_found_at(row, as_error=as_error)]

    return tuple(marker.mark(one, found(one.row, own)) for one, own in papers)


def _papers(row: Row, names: Sequence[str], files: Mapping[str, FileFacts]) -> dict[str, str]:
    """Return the digests of the row's files, each with the first column that names it."""
    own: dict[str, str] = {}
    for name in names:
        facts = files.get(row.cells.get(name, ""))
        if facts and facts.sha256:
            own.setdefault(facts.sha256, name)
    return own


def _several_times(papers: _Papers) -> set[str]:
    """Return the digests that several rows have."""
    once: set[str] = set()
    several: set[str] = set()
    for _, own in papers:
        several.update(once.intersection(own))
        once.update(own)
    return several


def _uses(papers: _Papers, digests: set[str]) -> dict[str, _Use]:
    """Return where each of these files is used; a row that cannot be told from others does not count."""
    uses: dict[str, _Use] = {}
    for one, own in papers if digests else ():
        wanted = digests.intersection(own)
        business = business_of(one.row) if wanted else ""
        for digest in wanted if business else ():
            use = uses.setdefault(digest, _Use(first=one.row.number))
            use.businesses.add(business)
            use.paths.add(one.row.cell(own[digest]))
    return uses


# Businesses that another ledger has already: that of another job (--against), or of another account of this job. What
# the API has, or may have, counts, whoever sent it. A business is the same when the other ledger knows it by the token
# that the row has there, with its Key or without, by the token that an annotated workbook gave the row, by its
# registration number under any Key, or by its content. What was refused, proved unsent, deleted or given up is not at
# the API and does not count; what is gone from it does, until its people have said whether it is to be filed again.
# Of a row that was filed anew after its record had expired, the newest record counts.
# A token can only be worked out for one account at a time, so that thousands of rows and hundreds of ledgers make
# millions of them: all but the one of the number are left out where it decides. It does not where the content of a
# record was replaced, for then its number may have been another one before, which an older copy of the sheet still has.

_AT_THE_API: Mapping[State, str] = {
    State.SENDING: "uncertain (sent, outcome unknown)",
    State.UNCERTAIN: "uncertain (sent, outcome unknown)",
    State.HELD: "held (somebody must decide)",
    State.SUBMITTED: "submitted",
    State.GONE: "gone from the API (somebody must decide)",
}
"""The states in which a business is or may be at the API, or may be filed again, in words."""


class _Sighting(NamedTuple):
    """What another ledger has of a business."""

    state: State
    compliance_id: str

    def __str__(self) -> str:
        return _AT_THE_API[self.state] + (f" as {self.compliance_id}" if self.compliance_id else "")


class KnownBusinesses:
    """What a ledger's businesses are known by; build it once for all rows, and drop the ledger state.

    Attributes:
        auth_id: the account that the ledger belongs to; empty where it does not say.
    """

    def __init__(self, ledger_state: LedgerState) -> None:
        self.auth_id = ledger_state.opened.auth_id if ledger_state.opened else ""
        self._by_token: dict[str, _Sighting] = {}
        self._by_registration: dict[str, _Sighting] = {}
        self._by_fingerprint: dict[str, _Sighting] = {}
        self._are_all_numbered = True
        self._keys_of_replaced: set[str] = set()  # of records whose content was replaced; empty for one without
        for record in ledger_state.newest_generations():
            if record.state in _AT_THE_API:
                seen = self._by_token[record.token] = _Sighting(record.state, record.compliance_id)
                for registration in filter(None, (record.registration_token, record.intended_registration)):
                    self._by_registration[registration] = seen
                if record.fingerprint:
                    self._by_fingerprint[record.fingerprint] = seen
                self._are_all_numbered &= bool(record.registration_token)
                if record.replaced:
                    self._keys_of_replaced.add(normal_user_key(record.key))
        for token, newest in ledger_state.successors().items():
            if newest in self._by_token:
                self._by_token[token] = self._by_token[newest]
        self._numbers = frozenset(bytes_of(each.rpartition("|")[2]) for each in self._by_registration)

    def __bool__(self) -> bool:
        """Return whether it knows any."""
        return bool(self._by_token)

    def sightings(self, judged: Sequence[JudgedRow], numbers: Sequence[bytes]) -> Iterator[tuple[int, _Sighting]]:
        """Yield the positions of the rows whose business it knows, and what it has of it.

        Args:
            judged: the rows.
            numbers: their registration numbers; made once, however many ledgers are asked.
        """
        contents = self._by_fingerprint
        for position in self._perhaps_known(judged, numbers) if self else ():
            one = judged[position]
            if seen := self.known_as(one.row) or contents.get(one.fingerprint):
                yield position, seen

    def _perhaps_known(self, judged: Sequence[JudgedRow], numbers: Sequence[bytes]) -> Iterable[int]:
        if not self._are_all_numbered:
            return range(len(judged))
        contents = self._by_fingerprint
        others = {p for p, one in enumerate(judged) if one.fingerprint in contents or BO_KEY in one.row.cells}
        others.update(position for position, number in enumerate(numbers) if not number)
        if self._keys_of_replaced:
            others.update(position for position, one in enumerate(judged) if self._may_have_replaced(one.row))
        return sorted(others.union(places_of_known(self.auth_id, numbers, self._numbers)))

    def known_as(self, row: Row) -> _Sighting | None:
        """Return what it has of the row's business by the cells that identify it; None for nothing.

        A record whose number is known, and never was another one, is not compared by what its row was called first.
        """
        return next(filter(None, self._found(row)), None) if self and normal_key(row) else None

    def _found(self, row: Row) -> Iterable[_Sighting | None]:
        yield self._by_token.get(annotated_token(row))
        registration = registration_token_of(self.auth_id, row)
        yield self._by_registration.get(registration)
        if not (registration and self._are_all_numbered) or self._may_have_replaced(row):
            yield self._by_token.get(token_of(self.auth_id, row))
            yield self._by_token.get(keyless_token_of(self.auth_id, row))

    def _may_have_replaced(self, row: Row) -> bool:
        """Return whether the row may have what a record was before: that has its Key, or none."""
        keys = self._keys_of_replaced
        return bool(keys) and ("" in keys or normal_user_key(row.cell(KEY)) in keys)


def _sightings(
    judged: Sequence[JudgedRow], others: Iterable[tuple[str, KnownBusinesses]]
) -> Iterator[tuple[int, str, _Sighting]]:
    """Yield the positions of rows, each with the name of a ledger that knows its business, and what that has of it."""
    numbers = [number_for_digest(one.row.cell(REGISTRATION_NUMBER)) for one in judged]
    for name, known in others:
        for position, seen in known.sightings(judged, numbers):
            if judged[position].aside is None:
                yield position, name, seen


def mark_in_other_ledgers(
    judged: Sequence[JudgedRow],
    others: Iterable[tuple[str, KnownBusinesses]],
    *,
    columns: Columns,
    rulings: Rulings = NO_RULINGS,
) -> tuple[JudgedRow, ...]:
    """Mark rows whose business one of the other ledgers has; each of these comes with its name."""
    rows, marker = list(judged), Marker(columns, rulings)
    for position, name, seen in _sightings(judged, others):
        finding = Finding("in-other-ledger", details={"ledger": name, "state": str(seen)})
        rows[position] = marker.mark(rows[position], [finding])
    return tuple(rows)


# One business under two accounts of a job would be two records, as it would where its row is moved to another account
# after it was filed. The account that has filed it keeps it, so only rows of the others are errors; where none has, it
# is not clear whose it is, so all rows are.


def mark_in_other_accounts(
    judged: Sequence[JudgedRow],
    own: KnownBusinesses,
    others: Sequence[tuple[str, KnownBusinesses]],
    twice: Mapping[int, str],
    *,
    columns: Columns,
    rulings: Rulings = NO_RULINGS,
) -> tuple[JudgedRow, ...]:
    """Mark rows whose business is another account's, unless this account has filed it.

    Args:
        judged: rows of one account.
        own: what this account's ledger knows.
        others: each of the job's other accounts, and what its ledger knows.
        twice: by row number, another account that has a row of the same business.
        columns: which of the sheet's columns means what.
        rulings: what the job says of findings.
    """
    left = [one for one in judged if one.aside is None] if twice or any(known for _, known in others) else []
    filed = {position for position, _, _ in _sightings(left, [("", own)])}
    left = [one for position, one in enumerate(left) if position not in filed]
    found = {
        one.row.number: f"The account {twice[one.row.number]} has a row of this business too"
        for one in left
        if one.row.number in twice
    }
    known = (
        (left[position].row.number, f"The account {account} has this business already ({seen})")
        for position, account, seen in reversed(list(_sightings(left, others)))
    )
    found |= known
    marker = Marker(columns, rulings)
    return tuple(
        marker.mark(one, [Finding("in-other-account", details={"known": found[one.row.number]})])
        if one.row.number in found
        else one
        for one in judged
    )


def under_several_accounts(rows: Mapping[str, Sequence[Row]]) -> dict[str, dict[int, str]]:
    """Return the rows whose business another account has a row of, too.

    Rows are one business when they have one registration number, country and types, or one token in `bo_key`, or,
    without a number, one Key.

    Args:
        rows: by account; their cells that identify them are enough.

    Returns:
        By account, then by row number: the first other account with that business.
    """
    accounts: dict[str, dict[str, None]] = {}  # in order, by what a business is known by
    for account, its in rows.items():
        for row in its:
            for name in _names(row):
                accounts.setdefault(name, {})[account] = None
    several = {name: list(its) for name, its in accounts.items() if len(its) > 1}
    found: dict[str, dict[int, str]] = {}
    for account, its in rows.items() if several else ():
        for row in its:
            others = (other for name in _names(row) for other in several.get(name, ()) if other != account)
            if other := next(others, ""):
                found.setdefault(account, {})[row.number] = other
    return found


def _names(row: Row) -> Iterator[str]:
    """Yield what the row's business is known by, whichever account it is in."""
    own = natural_key(row) or "|".join((normal_user_key(row.cell(KEY)), *row.combination))
    if normal_key(row):
        yield own
    if token := annotated_token(row):
        yield f"token|{token}"
