"""Which of several rows is a record.

Rule: a record is one row's, and rows that mean one business are told so where they are judged. Rows that do not, and
come to one token all the same, do since one of them was known by it and had its registration number or Key mended, and
the other has the old one now. The row that names the token in `bo_key` is the record, else the one whose Key the books
know it by; the other may be another business, so it is nobody until a person has said who it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from bulk_onboard.model.books import Books
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import annotated_token, normal_user_key, shared_keys
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.row import JudgedRow
from bulk_onboard.model.sheet import KEY

Claim: TypeAlias = tuple[JudgedRow, Identity | None]
"""A row, and who it would be if it were alone."""


def settled_claims(claims: Sequence[Claim], books: Books) -> Iterator[Claim]:
    """The same rows in the same order; one whose record is another row's is nobody, and has an error that tells."""
    owners = _owners(claims, books)
    for place, (one, identity) in enumerate(claims):
        owner = owners.get(place)
        yield (one, identity) if owner is None else (_told(one, owner), None)


def _owners(claims: Sequence[Claim], books: Books) -> dict[int, JudgedRow]:
    """By the place of a row that has to give way, the row whose record it is."""
    by_token: defaultdict[str, list[int]] = defaultdict(list)
    for place, (one, identity) in enumerate(claims):
        if identity is not None and one.aside is None and identity.token in books.records:
            by_token[identity.token].append(place)
    owners: dict[int, JudgedRow] = {}
    for token, places in by_token.items():
        if len(places) > 1:
            rows = [claims[place][0] for place in places]
            keys = shared_keys([one.row for one in rows])
            first = min(range(len(rows)), key=lambda n: _rank(rows[n], token, books))
            owners |= {place: rows[first] for place, key in zip(places, keys, strict=True) if key != keys[first]}
    return owners


def _rank(one: JudgedRow, token: str, books: Books) -> int:
    """How well the record is known to be the row's; the lowest is best."""
    if annotated_token(one.row) == token:
        return 0
    user_key = normal_user_key(one.row.cell(KEY))
    return 1 if user_key and user_key == normal_user_key(books.records[token].key) else 2


def _told(one: JudgedRow, owner: JudgedRow) -> JudgedRow:
    row = one.row
    finding = Finding("record-of-another-row", row.sheet, row.number, details={"other": owner.row.number})
    return one.with_findings((finding, *one.findings), kept_out=True)
