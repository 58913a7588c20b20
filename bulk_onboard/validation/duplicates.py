"""Rows that mean the same record (reliability.md 1.8).

Rule: same key and same content, then the first row stands for all of them; same key and different content, then none
does, since nobody but the user can tell which is right.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import normal_key
from bulk_onboard.model.row import JudgedRow


def with_duplicates_marked(judged: Sequence[JudgedRow]) -> tuple[JudgedRow, ...]:
    """The same rows in the same order; of those that share a key at most the first can still be sent."""
    by_key: defaultdict[str, list[int]] = defaultdict(list)
    for position, one in enumerate(judged):
        if key := normal_key(one.row):
            by_key[key].append(position)
    rows = list(judged)
    for positions in by_key.values():
        for position, one in zip(positions, _compared([judged[p] for p in positions]), strict=True):
            rows[position] = one
    return tuple(rows)


def _compared(same_key: list[JudgedRow]) -> Iterator[JudgedRow]:
    """The rows of one key, each with what the comparison found out about it."""
    first = same_key[0]
    differing = next((one for one in same_key if one.fingerprint != first.fingerprint), None)
    for one in same_key:
        if differing is not None:
            yield _in_conflict(one, differing if one.fingerprint == first.fingerprint else first)
        elif one is not first:
            yield _repeated(one, first)
        else:
            yield one


def _in_conflict(one: JudgedRow, other: JudgedRow) -> JudgedRow:
    return replace(one, application=None, findings=(_finding("key-conflict", one, other), *one.findings))


def _repeated(one: JudgedRow, first: JudgedRow) -> JudgedRow:
    findings = (_finding("duplicate", one, first), *one.findings)
    return replace(one, application=None, findings=findings, duplicate_of=first.row.number)


def _finding(code: str, one: JudgedRow, other: JudgedRow) -> Finding:
    """About the row as a whole, so it comes before those about its columns."""
    return Finding(code, one.row.sheet, one.row.number, details={"other": other.row.number})
