"""What others do to the account: strangers' records, some of them odd, and what changes between the pages of a walk.

Strangers are other users of the account, or people at its console. So many of their records are there from the
start; before each page of a list the dice say what becomes of theirs, and of ours.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.record import PENDING, Record

PRESENT = "present"
CREATE, DELETE_OLDEST, DELETE_NEWEST, VANISH = "create", "delete-oldest", "delete-newest", "vanish"

# Between the steps of a walk, before each page; the shares are how often, above 1 how many.
SHARES: Mapping[str, str] = {
    CREATE: "A stranger's record is created.",
    DELETE_OLDEST: "The oldest record of strangers is deleted.",
    DELETE_NEWEST: "The newest record of strangers is deleted.",
    VANISH: "One of the records that were created through the API is deleted, any of them.",
}

_LONG_AGO = timedelta(days=1)
_TOO_LONG = 1_200_000


@dataclass(frozen=True, slots=True)
class Oddity:
    """A way in which a stranger's record is odd: its name, what a list has in its place, and how that is made."""

    name: str
    sentence: str
    shown: Callable[[dict[str, Any]], Any]


ODDITIES: Mapping[str, Oddity] = {
    oddity.name: oddity
    for oddity in (
        Oddity(
            "lone-surrogate",
            "Its alias ends in half a surrogate pair, written `\\ud83d`.",
            lambda shown: {**shown, "alias": f"{shown['alias']} \ud83d"},
        ),
        Oddity(
            "invalid-utf8",
            "Its alias ends in a byte that is not UTF-8.",
            lambda shown: {**shown, "alias": f"{shown['alias']} \udcff"},
        ),
        Oddity("number-alias", "Its alias is a number.", lambda shown: {**shown, "alias": 17}),
        Oddity("null-alias", "Its alias is null.", lambda shown: {**shown, "alias": None}),
        Oddity("object-alias", "Its alias is an object.", lambda shown: {**shown, "alias": {"text": shown["alias"]}}),
        Oddity("no-alias", "It has no alias.", lambda shown: {n: v for n, v in shown.items() if n != "alias"}),
        Oddity("no-id", "It has no id.", lambda shown: {n: v for n, v in shown.items() if n != "compliance_id"}),
        Oddity("null-id", "Its id is null.", lambda shown: {**shown, "compliance_id": None}),
        Oddity("number-status", "Its status is a number.", lambda shown: {**shown, "status": 3}),
        Oddity("no-object", "It is a text in place of an object.", lambda shown: shown["alias"]),
        Oddity("null-row", "It is null.", lambda shown: None),
        Oddity("huge", "It alone is over 1 MiB.", lambda shown: {**shown, "notes": "x" * _TOO_LONG}),
    )
}


@dataclass(frozen=True, slots=True)
class Change:
    """What happens between two pages: records of strangers that are new, and records that are gone."""

    created: tuple[Record, ...]
    deleted: tuple[Record, ...]


class Others:
    """What others do; `asked` has how many records are there from the start, by `present` or oddity, and the shares."""

    def __init__(self, asked: Mapping[str, float], seed: int) -> None:
        self._first_asked, self._seed = dict(asked), seed
        self.set(self._first_asked)
        self.clear()

    def clear(self) -> None:
        """As at the start: fresh dice, nobody known."""
        self._dice = random.Random(f"{self._seed} others")  # noqa: S311 what others do must repeat
        self._born = 0
        self.set(self._first_asked)

    def set(self, asked: Mapping[str, float]) -> None:
        """Replace the shares, and tell how many records more `arrivals` brings; UsageError for an unknown name."""
        names = (PRESENT, *ODDITIES, *SHARES)
        for name, number in asked.items():
            if name not in names:
                raise UsageError(f"others do nothing called {name!r}; choose one of {', '.join(names)}")
            if number < 0 or (name not in SHARES and number != int(number)):
                raise UsageError(f"{name}={number} is not how many, or how often; write {name}=1")
        self.asked = dict(asked)

    def arrivals(self, now: datetime) -> list[Record]:
        """The strangers' records that are there from the start, odd ones among the others."""
        kinds = [kind for kind in (PRESENT, *ODDITIES) for _ in range(int(self.asked.get(kind, 0)))]
        self._dice.shuffle(kinds)
        return [self._stranger(now - _LONG_AGO, "" if kind == PRESENT else kind) for kind in kinds]

    def between_pages(self, records: Iterable[Record], now: datetime) -> Change:
        """What happens before the next page of a list is made."""
        kept = tuple(records)
        theirs, ours = [r for r in kept if r.is_strangers], [r for r in kept if not r.is_strangers]
        created = tuple(self._stranger(now) for _ in range(self._times(CREATE)))
        gone = [theirs.pop(0) for _ in range(min(self._times(DELETE_OLDEST), len(theirs)))]
        gone += [theirs.pop() for _ in range(min(self._times(DELETE_NEWEST), len(theirs)))]
        gone += self._dice.sample(ours, min(self._times(VANISH), len(ours)))
        return Change(created, tuple(gone))

    def _times(self, name: str) -> int:
        share = self.asked.get(name, 0.0)
        return int(share) + (self._dice.random() < share % 1)

    def _stranger(self, at: datetime, oddity: str = "") -> Record:
        self._born += 1
        return Record(
            compliance_id=str(UUID(int=self._dice.getrandbits(128), version=4)),
            alias=f"Stranger {self._born}" if self._born % 10 else f"Stranger-{self._born} Café Müller & Söhne",
            review=PENDING,
            country_iso="IN",
            number_type="local",
            end_user={
                "type": "business",
                "name": f"Stranger {self._born} Private Limited",
                "email": "desk@stranger.example",
                "address": {"line1": "1 Elsewhere Road", "city": "Mysuru", "postal_code": "570001", "country": "IN"},
                "registration_number": f"U{90000 + self._born % 10000:05d}KA2019PTC{self._born:06d}",
            },
            documents=(),
            callback_url=None,
            callback_method="POST",
            created_at=at,
            updated_at=at,
            submitted_at=at,
            is_strangers=True,
            oddity=oddity,
        )
