"""Rows that mean the same record, or the same business (reliability.md 1.8).

Rule: same key and same content, then the first row stands for all of them; same key and different content, then none
does, since nobody but the user can tell which is right. One registration number under several keys may be a slip of
the pen, and so may one that is written with other dashes and blanks: a warning on all but the first. The template's
example row is nobody's duplicate.
"""

from collections.abc import Iterable, Iterator, Sequence

from bulk_onboard.model.finding import NO_RULINGS, Rulings
from bulk_onboard.model.identity import gapless_natural_key, shared_keys
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.model.sheet import REGISTRATION_NUMBER, Columns
from bulk_onboard.validation.marking import Marker
from bulk_onboard.validation.trouble import Trouble, shown_value


def with_duplicates_marked(
    judged: Sequence[JudgedRow], *, columns: Columns, rulings: Rulings = NO_RULINGS
) -> tuple[JudgedRow, ...]:
    """The same rows in the same order; of those that share a key at most the first can still be sent."""
    rows, marker = list(judged), Marker(columns, rulings)
    shared = shared_keys([one.row for one in judged])
    keys = ["" if one.is_example else key for one, key in zip(judged, shared, strict=True)]
    for position, first in _under_another_key(judged, keys):
        rows[position] = marker.mark(rows[position], [_same_number(judged[position], judged[first])])
    for positions in _alike(keys):
        for position, one in zip(positions, _compared([rows[p] for p in positions], marker), strict=True):
            rows[position] = one
    return tuple(rows)


def _under_another_key(judged: Sequence[JudgedRow], keys: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Positions of rows whose registration number is that of an earlier row with another key, and of the first such."""
    first: dict[str, int] = {}
    for position, key in enumerate(keys):
        natural = key and gapless_natural_key(judged[position].row)
        if natural and keys[first.setdefault(natural, position)] != key:
            yield position, first[natural]


def _same_number(one: JudgedRow, first: JudgedRow) -> Trouble:
    seen = shown_value(one.row.cell(REGISTRATION_NUMBER))
    return Trouble("registration-number-twice", REGISTRATION_NUMBER, seen, {"other": first.row.number})


def _alike(keys: Sequence[str]) -> Iterable[list[int]]:
    """The positions of the rows that share a key."""
    first: dict[str, int] = {}
    alike: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        if key and first.setdefault(key, position) != position:
            alike.setdefault(key, [first[key]]).append(position)
    return alike.values()


def _compared(same_key: list[JudgedRow], marker: Marker) -> Iterator[JudgedRow]:
    """The rows of one key, each with what the comparison found out about it."""
    first = same_key[0]
    differing = next((one for one in same_key if one.fingerprint != first.fingerprint), None)
    for one in same_key:
        if differing is not None:
            other = differing if one.fingerprint == first.fingerprint else first
            yield marker.mark(one, [_about("key-conflict", other)])
        elif one is not first:
            yield marker.mark(one.as_duplicate_of(first.row.number), [_about("duplicate", first)])
        else:
            yield one


def _about(code: str, other: JudgedRow) -> Trouble:
    return Trouble(code, details={"other": other.row.number})
