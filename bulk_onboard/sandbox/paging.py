"""The filters and pages of a list (wire.md 4 and 6.4): exact filters, oldest first, links that keep the filters.

That is how a list should be. Each step that may be otherwise is a field of `Listing`; `behaviours` replaces them.
"""

import operator
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bulk_onboard.sandbox.answers import RefusedError
from bulk_onboard.sandbox.record import REVIEWS, Record
from bulk_onboard.sandbox.validation import NUMBER_TYPES, USER_TYPES, one_of

DEFAULT_LIMIT, GREATEST_LIMIT = 20, 100

Records = tuple[Record, ...]

_FILTERS = {
    "status": "review",
    "country_iso": "country_iso",
    "number_type": "number_type",
    "user_type": "user_type",
    "alias": "alias",
}
_WORDS = {"status": REVIEWS, "number_type": NUMBER_TYPES, "user_type": USER_TYPES}


@dataclass(frozen=True, slots=True)
class Listing:
    """The steps of a list.

    Attributes:
        alias_fits: whether an alias fits the one asked for.
        start: the place of a page's first record, from `offset` and `limit`.
        cap, greatest_limit: more records than `cap` are not given, a greater limit is refused.
        tells_total, tells_meta: whether there is a `total_count`, and a `meta` at all.
        padding: bytes that each record is longer by.
    """

    alias_fits: Callable[[str, str], bool] = operator.eq
    order: Callable[[Records, random.Random], Records] = lambda records, dice: records
    start: Callable[[int, int], int] = lambda offset, limit: offset
    cap: int = GREATEST_LIMIT
    greatest_limit: int = GREATEST_LIMIT
    tells_total: bool = True
    tells_meta: bool = True
    padding: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and its `meta`."""

    records: Records
    meta: dict[str, int | str | None]


def page_of(records: Iterable[Record], query: Mapping[str, str], path: str, listing: Listing) -> Page:
    """The page a query asks for; RefusedError (400) for a limit that is too great, a bad offset or an unknown word."""
    limit = min(listing.cap, _whole(query, "limit", DEFAULT_LIMIT, least=1, most=listing.greatest_limit))
    asked = _whole(query, "offset", 0, least=0)
    start = listing.start(asked, limit)
    unit = 1 if listing.start(1, limit) == limit else limit  # what `offset` is greater by on the next page
    fitting = listing.order(filtered(records, query, listing.alias_fits), listing.dice)

    def link(to: int, *, exists: bool) -> str | None:
        return f"{path}?{urlencode({**query, 'limit': limit, 'offset': to})}" if exists else None

    total: dict[str, int | str | None] = {"total_count": len(fitting)} if listing.tells_total else {}
    links = {
        "next": link(asked + unit, exists=start + limit < len(fitting)),
        "previous": link(max(0, asked - unit), exists=start > 0),
    }
    return Page(fitting[start : start + limit], {"limit": limit, "offset": asked, **total, **links})


def filtered(records: Iterable[Record], query: Mapping[str, str], alias_fits: Callable[[str, str], bool]) -> Records:
    """The records that agree with every filter of a query."""
    for name, words in _WORDS.items():
        if name in query:
            one_of(query[name], words, name)
    wanted = [
        (attribute, alias_fits if name == "alias" else operator.eq, query[name])
        for name, attribute in _FILTERS.items()
        if name in query
    ]
    return tuple(r for r in records if all(fits(getattr(r, attribute), asked) for attribute, fits, asked in wanted))


def _whole(query: Mapping[str, str], name: str, default: int, *, least: int, most: int = 10**9) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise RefusedError("invalid_parameter", f"{name} must be a whole number from {least} to {most}", name)
    return int(text)
