"""How the API differs from what one hopes for, all the time: named switches, and other users of the account.

A switch replaces one step of a list (`Listing`), of keeping a record (`Keeping`), or of the answer to Requirements
(`requirements.FORMS`); two that replace the same step contradict each other. What goes wrong now and then is in
`faults`.
"""

import operator
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.records import PENDING, Record

LIST, RECORD, REQUIREMENTS = "list", "record", "requirements"
ABOUT = (LIST, RECORD, REQUIREMENTS)

GREATEST_LIMIT = 100

Records = tuple[Record, ...]
Text = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Listing:
    """The steps of a list; `operations.list_records` takes them.

    Attributes:
        alias_fits: whether an alias fits the one asked for.
        start: the index of a page's first record, from `offset` and `limit`.
        cap, greatest_limit: no page has more records than `cap`; a greater limit than `greatest_limit` is refused.
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


def _as_sent(text: str) -> str:
    return text


def _in_ascii(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return bare.encode("ascii", "replace").decode()


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _without_blanks(text: str) -> str:
    return "".join(text.split())


@dataclass(frozen=True, slots=True)
class Keeping:
    """The steps from a record that was sent to the record that is kept.

    Attributes:
        letters, case, blanks, cut: of an alias, in this order; `cut` is its greatest length.
        text: of every text of `end_user`; then `name` and `registration_number` of these.
        too_large: a word in name or number that makes a body too large for a gateway; None for none.
        answers_own_id: whether the answer to a create has the id of the record that was made.
    """

    letters: Text = _as_sent
    case: Text = _as_sent
    blanks: Text = _as_sent
    cut: int | None = None
    text: Text = _as_sent
    name: Text = _as_sent
    registration_number: Text = _as_sent
    keeps_state: bool = True
    too_large: str | None = None
    answers_own_id: bool = True

    def kept(self, record: Record) -> Record:
        """Return the record as the API keeps it."""
        alias = self.blanks(self.case(self.letters(record.alias)))[: self.cut]
        end_user = self._each_text(record.end_user)
        end_user["name"] = self.name(end_user["name"])
        end_user["registration_number"] = self.registration_number(end_user["registration_number"])
        if not self.keeps_state:
            end_user["address"] = {**end_user["address"], "state": None}
        return replace(record, alias=alias, end_user=end_user)

    def is_too_large(self, end_user: object) -> bool:
        """Say whether a gateway turns away the body that this end user is in."""
        if self.too_large is None or not isinstance(end_user, dict):
            return False
        return any(self.too_large in str(end_user.get(name)) for name in ("name", "registration_number"))

    def _each_text(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._each_text(member) for name, member in value.items()}
        return self.text(value) if isinstance(value, str) else value


def _same_in_any_case(alias: str, asked: str) -> bool:
    return alias.casefold() == asked.casefold()


def _shuffled(records: Records, dice: random.Random) -> Records:
    return tuple(dice.sample(records, len(records)))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One switch.

    Attributes:
        about: which of `ABOUT` it changes.
        sentence: what a client meets; VALUE is what follows the name, NAME=VALUE.
        step: the field it replaces; `value` is what replaces it.
        reads: turns a VALUE into that; None for a switch without one. Where `value` is None a VALUE must be given.
    """

    about: str
    name: str
    sentence: str
    step: str
    value: Any
    reads: Callable[[str], Any] | None = None


_list, _record, _requirements = (partial(Behaviour, about) for about in ABOUT)

BEHAVIOURS: Mapping[str, Behaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        _list("ignore-alias", "The filter `alias` is ignored.", "alias_fits", lambda alias, asked: True),
        _list("substring-alias", "The filter `alias` finds all that contain it.", "alias_fits", operator.contains),
        _list("any-case-alias", "The filter `alias` ignores upper and lower case.", "alias_fits", _same_in_any_case),
        _list("newest-first", "The newest record comes first.", "order", lambda records, dice: records[::-1]),
        _list("random-order", "Each page is cut from a random order of its own.", "order", _shuffled),
        _list("cap-20", "A page holds 20 records at most, whatever `limit` asks for.", "cap", 20),
        _list("refuse-over-20", "A `limit` above 20 gets HTTP 400.", "greatest_limit", 20),
        _list("no-total", "`meta` has no `total_count`.", "tells_total", False),
        _list("no-meta", "There is no `meta` at all.", "tells_meta", False),
        _list("ignore-offset", "`offset` is ignored: every page is the first.", "start", lambda offset, limit: 0),
        _list("offset-in-pages", "`offset` counts pages, not records.", "start", lambda offset, limit: offset * limit),
        _list(
            "padded",
            "Each record is VALUE bytes longer (12000 if not given): a page of 100 is over 1 MiB, one of 50 is not.",
            "padding",
            12_000,
            _whole,
        ),
        _record("cut-alias", "An alias is cut after VALUE characters.", "cut", None, _whole),
        _record("lower-alias", "An alias is kept in lower case.", "case", str.lower),
        _record("upper-alias", "An alias is kept in upper case.", "case", str.upper),
        _record(
            "ascii-alias", "An alias loses its accents; what is still not ASCII becomes `?`.", "letters", _in_ascii
        ),
        _record("squeezed-alias", "Each run of blanks in an alias is kept as one.", "blanks", _squeezed),
        _record("no-blanks-alias", "An alias is kept without its blanks.", "blanks", _without_blanks),
        _record("capital-names", "The business name is kept in upper case.", "name", str.upper),
        _record("squeezed-content", "Each run of blanks in `end_user` is kept as one.", "text", _squeezed),
        _record("upper-numbers", "The registration number is kept in upper case.", "registration_number", str.upper),
        _record("null-state", "`address.state` is kept as null.", "keeps_state", False),
        _record("strangers-id", "A create is answered with the id of a stranger's record.", "answers_own_id", False),
        _record(
            "too-large",
            "A create or update whose business name or registration number contains VALUE gets HTTP 413, in HTML.",
            "too_large",
            None,
            _word,
        ),
        _requirements(
            "released", "The form of the released API: `requirement_id`, `document_types`.", "form", "released"
        ),
        _requirements("both-forms", "Both forms in one object.", "form", "both-forms"),
        _requirements("neither-form", "Members of neither form.", "form", "neither-form"),
        _requirements("empty", "An empty object.", "form", "empty"),
    )
}


class Behaviours:
    """The switches that are on, each written NAME or NAME=VALUE, and the steps they lead to.

    Attributes:
        listing, keeping: the steps of a list, and of keeping a record.
        requirements: the form of Requirements, one of `requirements.FORMS`; empty for that of the API's document.
    """

    def __init__(self, names: Iterable[str], seed: int) -> None:
        self._dice = random.Random(f"{seed} list")  # noqa: S311 an order must repeat
        self.names: tuple[str, ...] = ()
        self.set(names)

    def set(self, names: Iterable[str], about: str | None = None) -> None:
        """Replace all switches, or those about one thing.

        Raises:
            UsageError: for an unknown name, a VALUE that is missing, needless or not one, a name that is about
                another thing, or two that contradict each other.
        """
        asked = tuple(names)
        if about is not None:
            check_about(asked, about)
        others = (name for name in self.names if about is not None and _known(name).about != about)
        switched = (*others, *asked)
        steps = {_known(name).step: _value(name) for name in switched}
        if len(steps) < len(switched):
            raise UsageError(f"these behaviours contradict each other: {', '.join(switched)}")
        self.names = switched
        self.listing = Listing(dice=self._dice, **self._about(LIST, steps))
        self.keeping = Keeping(**self._about(RECORD, steps))
        self.requirements = self._about(REQUIREMENTS, steps).get("form", "")

    def on(self, about: str) -> list[str]:
        """Return the switches that are on about one thing."""
        return [name for name in self.names if _known(name).about == about]

    def _about(self, about: str, steps: Mapping[str, Any]) -> dict[str, Any]:
        return {_known(name).step: steps[_known(name).step] for name in self.on(about)}


def check_about(names: Iterable[str], about: str) -> None:
    """Raise UsageError for the first name that is not of a switch about this."""
    known = [behaviour.name for behaviour in BEHAVIOURS.values() if behaviour.about == about]
    for name in names:
        if name.partition("=")[0] not in known:
            raise UsageError(f"{about} has no behaviour {name!r}; choose one of {', '.join(known)}")


def _known(name: str) -> Behaviour:
    known = BEHAVIOURS.get(name.partition("=")[0])
    if known is None:
        raise UsageError(f"there is no behaviour {name!r}; choose one of {', '.join(BEHAVIOURS)}")
    return known


def _value(name: str) -> Any:
    known, (word, is_given, text) = _known(name), name.partition("=")
    if not is_given and known.value is not None:
        return known.value
    if known.reads is None:
        raise UsageError(f"{word} takes no value; write {word}")
    try:
        return known.reads(text)
    except ValueError:
        example = "40" if known.reads is _whole else "HUGE"
        raise UsageError(f"{name!r} lacks its value; write {word}={example}") from None


# Other users of the account: how many of their records are there from the start, by `present` or by oddity, and what
# they do before each page of a list, by how often; above 1 by how many times.
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
