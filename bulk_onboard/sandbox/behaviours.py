"""How the API may behave other than hoped, all the time: named switches, any of them at once.

Each replaces one step of what the API does: of the making of a list (`paging.Listing`), of the keeping of a record
(`keeping.Keeping`), or of the answer to Requirements (`requirements.FORMS`). Two that replace the same step contradict
each other. What happens now and then is a fault (`faults`); what other people do to the account is in `others`.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.keeping import Keeping, in_ascii, on_one_line, without_blanks
from bulk_onboard.sandbox.paging import Listing

LIST, RECORD, REQUIREMENTS = "list", "record", "requirements"
ABOUT = (LIST, RECORD, REQUIREMENTS)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One switch.

    Attributes:
        about: which of `ABOUT` it changes.
        sentence: what a client meets; VALUE stands for what is written behind the name, NAME=VALUE.
        step: the field it replaces, and `value` by what.
        reads: what a VALUE becomes; None for a switch that takes none. Where `value` is None, one must be given.
    """

    about: str
    name: str
    sentence: str
    step: str
    value: Any
    reads: Callable[[str], Any] | None = None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


BEHAVIOURS: Mapping[str, Behaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        Behaviour(LIST, "ignore-alias", "The filter `alias` is ignored.", "alias_fits", lambda alias, asked: True),
        Behaviour(
            LIST,
            "substring-alias",
            "The filter `alias` finds every alias that contains it.",
            "alias_fits",
            lambda alias, asked: asked in alias,
        ),
        Behaviour(
            LIST,
            "any-case-alias",
            "The filter `alias` takes capitals and small letters for the same.",
            "alias_fits",
            lambda alias, asked: asked.casefold() == alias.casefold(),
        ),
        Behaviour(LIST, "newest-first", "The newest record comes first.", "order", lambda records, dice: records[::-1]),
        Behaviour(
            LIST,
            "random-order",
            "Each page is cut from an order of its own.",
            "order",
            lambda records, dice: tuple(dice.sample(records, len(records))),
        ),
        Behaviour(LIST, "cap-20", "A page holds 20 records at most, whatever `limit` asks for.", "cap", 20),
        Behaviour(LIST, "refuse-over-20", "A `limit` above 20 gets HTTP 400.", "greatest_limit", 20),
        Behaviour(LIST, "no-total", "`meta` has no `total_count`.", "tells_total", False),
        Behaviour(LIST, "no-meta", "There is no `meta` at all.", "tells_meta", False),
        Behaviour(
            LIST, "ignore-offset", "`offset` is ignored: every page is the first.", "start", lambda offset, limit: 0
        ),
        Behaviour(
            LIST,
            "offset-in-pages",
            "`offset` counts pages in place of records.",
            "start",
            lambda offset, limit: offset * limit,
        ),
        Behaviour(
            LIST,
            "padded",
            "Each record is longer by VALUE bytes (12000 if not given): a page of 100 is over 1 MiB, one of 50 is not.",
            "padding",
            12_000,
            _whole,
        ),
        Behaviour(RECORD, "cut-alias", "An alias is kept up to its character VALUE.", "cut", None, _whole),
        Behaviour(RECORD, "lower-alias", "An alias is kept in small letters.", "case", str.lower),
        Behaviour(RECORD, "upper-alias", "An alias is kept in capitals.", "case", str.upper),
        Behaviour(
            RECORD,
            "ascii-alias",
            "An alias is kept without accents; other characters that are not ASCII become `?`.",
            "letters",
            in_ascii,
        ),
        Behaviour(RECORD, "squeezed-alias", "Each run of blanks in an alias is kept as one.", "blanks", on_one_line),
        Behaviour(RECORD, "no-blanks-alias", "An alias is kept without its blanks.", "blanks", without_blanks),
        Behaviour(RECORD, "capital-names", "The business name is kept in capitals.", "name", str.upper),
        Behaviour(
            RECORD,
            "squeezed-content",
            "Each run of blanks in `end_user` is kept as one.",
            "text",
            on_one_line,
        ),
        Behaviour(
            RECORD, "upper-numbers", "The registration number is kept in capitals.", "registration_number", str.upper
        ),
        Behaviour(RECORD, "null-state", "`address.state` is kept as null.", "keeps_state", False),
        Behaviour(
            RECORD,
            "strangers-id",
            "A create is answered with the id of a stranger's record, where there is one.",
            "answers_own_id",
            False,
        ),
        Behaviour(
            RECORD,
            "too-large",
            "A create or update whose business name or registration number contains VALUE gets HTTP 413, in HTML.",
            "too_large",
            None,
            _word,
        ),
        Behaviour(
            REQUIREMENTS,
            "released",
            "Requirements answer `requirement_id` and `document_types`, the form of the released API.",
            "form",
            "released",
        ),
        Behaviour(REQUIREMENTS, "both-forms", "Requirements answer both forms in one object.", "form", "both-forms"),
        Behaviour(REQUIREMENTS, "neither-form", "Requirements answer members of neither form.", "form", "neither-form"),
        Behaviour(REQUIREMENTS, "empty", "Requirements answer an empty object.", "form", "empty"),
    )
}


class Behaviours:
    """The switches that are on, each written NAME or NAME=VALUE, and what they make of the steps.

    Attributes:
        listing: the steps of a list. `keeping`: those of keeping a record.
        requirements: the form of Requirements, one of `FORMS`.
    """

    def __init__(self, names: Iterable[str], seed: int) -> None:
        self._first_names, self._seed = tuple(names), seed
        self.names: tuple[str, ...] = ()
        self.clear()

    def clear(self) -> None:
        """As at the start: the first switches, fresh dice."""
        self._dice = random.Random(f"{self._seed} list")  # noqa: S311 an order must repeat
        self.set(self._first_names)

    def set(self, names: Iterable[str], about: str | None = None) -> None:
        """Replace all switches, or those about one thing.

        Raises:
            UsageError: for an unknown name, a VALUE that is missing or not one, a name that is about another thing,
                or two that contradict each other.
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
        """The switches that are on about one thing."""
        return [name for name in self.names if _known(name).about == about]

    def _about(self, about: str, steps: Mapping[str, Any]) -> dict[str, Any]:
        return {_known(name).step: steps[_known(name).step] for name in self.on(about)}


def _known(name: str) -> Behaviour:
    known = BEHAVIOURS.get(name.partition("=")[0])
    if known is None:
        raise UsageError(f"there is no behaviour {name!r}; choose one of {', '.join(BEHAVIOURS)}")
    return known


def check_about(names: Iterable[str], about: str) -> None:
    """UsageError for the first name that is not of a switch about this."""
    known = [behaviour.name for behaviour in BEHAVIOURS.values() if behaviour.about == about]
    for name in names:
        if name.partition("=")[0] not in known:
            raise UsageError(f"{about} has no behaviour {name!r}; choose one of {', '.join(known)}")


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
