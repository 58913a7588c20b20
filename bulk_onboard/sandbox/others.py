"""Other users of the account: their records, odd ones among them, and what they do between the pages of a list."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.records import PENDING, Record

Records = tuple[Record, ...]

# How many of their records are there from the start, by `present` or by oddity, and what they do before each page of a
# list, by how often; above 1 by how many times.
PRESENT = "present"
CREATE, DELETE_OLDEST, DELETE_NEWEST, VANISH = "create", "delete-oldest", "delete-newest", "vanish"
SHARES: Mapping[str, str] = {
    CREATE: "A stranger's record is created.",
    DELETE_OLDEST: "The oldest record of strangers is deleted.",
    DELETE_NEWEST: "The newest record of strangers is deleted.",
    VANISH: "A random record of those created through the API is deleted.",
}


@dataclass(frozen=True, slots=True)
class Oddity:
    """A way in which a stranger's record is odd; `shown` turns its row of a list into the odd one."""

    name: str
    sentence: str
    shown: Callable[[dict[str, Any]], Any]


def _without(member: str) -> Callable[[dict[str, Any]], Any]:
    return lambda shown: {name: value for name, value in shown.items() if name != member}


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
        Oddity("no-alias", "It has no alias.", _without("alias")),
        Oddity("no-id", "It has no id.", _without("compliance_id")),
        Oddity("null-id", "Its id is null.", lambda shown: {**shown, "compliance_id": None}),
        Oddity("number-status", "Its status is a number.", lambda shown: {**shown, "status": 3}),
        Oddity("no-object", "It is a text instead of an object.", lambda shown: shown["alias"]),
        Oddity("null-row", "It is null.", lambda shown: None),
        Oddity("huge", "It alone is over 1 MiB.", lambda shown: {**shown, "notes": "x" * 1_200_000}),
    )
}


class Others:
    """What other users of the account do; `asked` has numbers by `present`, `ODDITIES` and `SHARES`."""

    def __init__(self, asked: Mapping[str, float], seed: int) -> None:
        self._dice = random.Random(f"{seed} others")  # noqa: S311 what others do must repeat
        self._born = 0
        self.set(asked)

    def set(self, asked: Mapping[str, float]) -> None:
        """Replace what others do, and how many records the next `arrivals` bring.

        Raises:
            UsageError: for an unknown name, a negative number, or part of a record.
        """
        names = (PRESENT, *ODDITIES, *SHARES)
        for name, number in asked.items():
            if name not in names:
                raise UsageError(f"others do nothing called {name!r}; choose one of {', '.join(names)}")
            if number < 0 or (name not in SHARES and number != int(number)):
                raise UsageError(f"{name}={number} is not how many, or how often; write {name}=1")
        self.asked = dict(asked)

    def arrivals(self, now: datetime) -> list[Record]:
        """Return the strangers' records that are there from the start, a day old, odd ones among the others."""
        kinds = [kind for kind in (PRESENT, *ODDITIES) for _ in range(int(self.asked.get(kind, 0)))]
        self._dice.shuffle(kinds)
        return [self._stranger(now - timedelta(days=1), "" if kind == PRESENT else kind) for kind in kinds]

    def between_pages(self, records: Records, now: datetime) -> tuple[list[Record], list[Record]]:
        """Return the records that others create and those they delete before the next page of a list."""
        theirs, ours = [r for r in records if r.is_strangers], [r for r in records if not r.is_strangers]
        created = [self._stranger(now) for _ in range(self._times(CREATE))]
        deleted = [theirs.pop(0) for _ in range(min(self._times(DELETE_OLDEST), len(theirs)))]
        deleted += [theirs.pop() for _ in range(min(self._times(DELETE_NEWEST), len(theirs)))]
        deleted += self._dice.sample(ours, min(self._times(VANISH), len(ours)))
        return created, deleted

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
                "id": str(UUID(int=self._born, version=4)),
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
