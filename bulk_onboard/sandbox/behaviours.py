"""How the API differs from what one hopes for, all the time: named switches.

A switch replaces one step of a list (`Listing`), of keeping a record (`Keeping`), of telling what is asked for
(`Asking`), of a create (`Creating`), of a link (`Linking`) or of a connection (`Connecting`); two that replace the same
step contradict each other.
What goes wrong now and then is in `faults`, what other users of the account do in `others`.
"""

import math
import operator
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.records import Record

LIST, RECORD, REQUIREMENTS, CREATE, LINK = "list", "record", "requirements", "create", "link"
CONNECTION = "connection"
ABOUT = (LIST, RECORD, REQUIREMENTS, CREATE, LINK, CONNECTION)

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
        if isinstance(number := end_user.get("registration_number"), str):
            end_user["registration_number"] = self.registration_number(number)
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


@dataclass(frozen=True, slots=True)
class Asking:
    """The steps from what is asked for to what Requirements answers.

    Attributes:
        form: of the answer, as `operations.requirements` knows it; empty for that of the contract.
        types, ids, fields, lengths, members, order: names of what `released_requirements` does to the types of
            document; empty for nothing.
        epoch: ids of types are made with it.
    """

    form: str = ""
    types: str = ""
    ids: str = ""
    fields: str = ""
    lengths: str = ""
    members: str = ""
    order: str = ""
    epoch: int = 0

    @property
    def told(self) -> tuple[str, ...]:
        """The names of what changes how types are told only; lists become null last, when all else is done to them."""
        return tuple(filter(None, (self.ids, self.fields, self.lengths, self.order, self.members)))


Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Creating:
    """The steps of a create: whether all are refused, and what becomes of the answer to one that went well."""

    refuses_all: bool = False
    told: Callable[[Body], Body] = lambda body: body


Report = list[Body]


@dataclass(frozen=True, slots=True)
class Linking:
    """The steps of a link.

    Attributes:
        moves: whether a number may be put under another record whatever the review of its own.
        whole: whether one number that does not fit has the whole call refused.
        rows, words, number: what becomes of the report, of each of its rows, and of the number in it.
        told: what becomes of the body.
        http_status: of the answer.
    """

    moves: bool = False
    whole: bool = False
    rows: Callable[[Report], Report] = lambda report: report
    words: Callable[[Body], Body] = lambda row: row
    number: Callable[[str, int], str] = lambda number, place: number
    told: Callable[[Body], Body] = lambda body: body
    http_status: int = 200

    def report(self, rows: Report) -> Report:
        """Return the report of a call as the API tells it."""
        told = [self.words(row) for row in self.rows(rows)]
        return [{**row, "number": self.number(row["number"], place)} for place, row in enumerate(told)]


@dataclass(frozen=True, slots=True)
class Connecting:
    """What a connection does between its answers; `connections` takes these steps.

    Attributes:
        idle_s: it is closed so long after its last answer; None for as long as the client likes.
        answers: it is closed after so many; None for any number.
        tells: whether its answers say so, by `Keep-Alive` and `Connection: close`.
        unasked_s: a 408 that nobody asked for comes so long after its last answer, then it is closed; None for never.
        bytes_s: so long after each answer come bytes that are no answer; None for never.
        second_s: so long after each answer comes another copy of it; None for never.
        early: whether calls with a body are answered before it is read.
        behind: whether each request but the first gets the answer to the one before it.
    """

    idle_s: float | None = None
    answers: int | None = None
    tells: bool = False
    unasked_s: float | None = None
    bytes_s: float | None = None
    second_s: float | None = None
    early: bool = False
    behind: bool = False


def _without(*members: str) -> Callable[[Body], Body]:
    return lambda body: {name: value for name, value in body.items() if name not in members}


_FOREIGN = ("+912200000001", "+912200000002")


def _with_foreign_numbers(report: Report) -> Report:
    linked = {"status": "success", "remarks": "Number linked to compliance application."}
    return [*report, *({"number": number, **linked} for number in _FOREIGN)]


def _with_a_double(report: Report) -> Report:
    other = {"success": "failed", "failed": "success"}
    return [*report, *({**row, "status": other[row["status"]], "remarks": "See above."} for row in report[:1])]


def _with_other_words(row: Body) -> Body:
    status = "linked" if row["status"] == "success" else row["status"]
    return {"number": row["number"], "status": status, "message": row["remarks"]}


def _spaced(number: str, place: int) -> str:
    """Return a number written otherwise: as people do, or with 00 for the plus."""
    known = number.removeprefix("+")
    return f"00{known}" if place % 2 else f"+{known[:2]} {known[2:4]} {known[4:8]} {known[8:]}".rstrip()


def _same_in_any_case(alias: str, asked: str) -> bool:
    return alias.casefold() == asked.casefold()


def _shuffled(records: Records, dice: random.Random) -> Records:
    return tuple(dice.sample(records, len(records)))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError
    return seconds


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


_EXAMPLES: Mapping[Callable[[str], Any], str] = {_whole: "40", _seconds: "2.5", _word: "HUGE"}

NEW = "new"  # stands for an epoch that was not there before


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


_list, _record, _requirements, _create, _link, _connection = (partial(Behaviour, about) for about in ABOUT)

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
        _requirements("both-forms", "Both forms in one object.", "form", "both-forms"),
        _requirements("neither-form", "Members of neither form.", "form", "neither-form"),
        _requirements("empty", "An empty object.", "form", "empty"),
        _requirements(
            "forms-in-turn", "Every second answer has the form of the other contract.", "form", "forms-in-turn"
        ),
        _requirements("new-ids", "All types of document have new ids, each time it is set.", "epoch", NEW),
        _requirements("two-of-one-name", "Two types of document have one name.", "types", "two-of-one-name"),
        _requirements("fifty-types", "There are fifty types of document, each with a file.", "types", "fifty-types"),
        _requirements("nothing-required", "`document_types` is an empty list.", "types", "nothing-required"),
        _requirements("no-ids", "Types of document have no ids.", "ids", "no-ids"),
        _requirements(
            "min-above-max", "The least length of each text is above its greatest.", "lengths", "min-above-max"
        ),
        _requirements("blank-enums", "The values of each enum are blank.", "fields", "blank-enums"),
        _requirements("enums-as-list", "The values of each enum are a list.", "fields", "enums-as-list"),
        _requirements(
            "unknown-field-type", "The type of each text is one that nobody knows.", "fields", "unknown-field-type"
        ),
        _requirements("null-members", "What may be left out is null.", "members", "null-members"),
        _requirements("reordered", "Types of document and their fields come in another order.", "order", "reordered"),
        _create("refuse-all", "Every create gets HTTP 400; the sentences differ in an id only.", "refuses_all", True),
        _create(
            "says-error",
            "The answer to a create that went well has an `error`, too.",
            "told",
            lambda body: {**body, "error": "The application could not be handed to the reviewers."},
        ),
        _create("no-id", "The answer to a create that went well has no id.", "told", _without("compliance_id")),
        _create(
            "null-error",
            "The answer to a create that went well has `error`: null.",
            "told",
            lambda b: {**b, "error": None},
        ),
        _link(
            "moves-any-time", "A number may be put under another record whatever the review of its own.", "moves", True
        ),
        _link("refuse-whole", "One number that does not fit has the whole call refused, HTTP 400.", "whole", True),
        _link("report-empty", "The report has no rows.", "rows", lambda report: []),
        _link("report-too-long", "The report has two foreign numbers, too.", "rows", _with_foreign_numbers),
        _link("report-reordered", "The report is in the opposite order.", "rows", lambda report: report[::-1]),
        _link("report-omits-one", "The report leaves out its last number.", "rows", lambda report: report[:-1]),
        _link("report-doubles", "The first number comes again, with the opposite outcome.", "rows", _with_a_double),
        _link(
            "message-for-remarks",
            "Rows have `message` and `linked` for `remarks` and `success`.",
            "words",
            _with_other_words,
        ),
        _link("numbers-spaced", "Numbers are written with blanks, or with 00 for the plus.", "number", _spaced),
        _link(
            "counts-contradict",
            "`updated_count` is above `total_count`.",
            "told",
            lambda body: {**body, "updated_count": body["total_count"] + 1},
        ),
        _link("counts-only", "There is no report at all.", "told", _without("report")),
        _link("multi-status", "The answer has HTTP status 207.", "http_status", 207),
        _connection("close-idle", "It is closed VALUE seconds after its last answer.", "idle_s", None, _seconds),
        _connection("close-after", "It is closed after VALUE answers.", "answers", None, _whole),
        _connection("tell-close", "Answers tell when it will be closed: `Keep-Alive`, `Connection`.", "tells", True),
        _connection(
            "unasked-408",
            "VALUE seconds after its last answer an HTTP 408 comes that nobody asked for, and it is closed.",
            "unasked_s",
            None,
            _seconds,
        ),
        _connection(
            "more-bytes",
            "VALUE seconds after each answer (0 if not given) come bytes that are no answer.",
            "bytes_s",
            0.0,
            _seconds,
        ),
        _connection(
            "second-answer",
            "VALUE seconds after each answer (0 if not given) it comes once more.",
            "second_s",
            0.0,
            _seconds,
        ),
        _connection(
            "early-answer",
            "A call with a body is answered HTTP 500 before the body is read; then it is read, and nothing is done.",
            "early",
            True,
        ),
        _connection("one-behind", "Each request but the first gets the answer to the one before it.", "behind", True),
    )
}


class Behaviours:
    """The switches that are on, each written NAME or NAME=VALUE, and the steps they lead to.

    Attributes:
        listing, keeping, asking, creating, linking, connecting: the steps of what they are about.
    """

    def __init__(self, names: Iterable[str], seed: int) -> None:
        self._dice = random.Random(f"{seed} list")  # noqa: S311 an order must repeat
        self.names: tuple[str, ...] = ()
        self._epoch = 0
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
        steps = {(_known(name).about, _known(name).step): _value(name) for name in switched}
        if len(steps) < len(switched):
            raise UsageError(f"these behaviours contradict each other: {', '.join(switched)}")
        self.names = switched
        if about in (None, REQUIREMENTS) and "new-ids" in asked:
            self._epoch += 1
        self.listing = Listing(dice=self._dice, **self._about(LIST, steps))
        self.keeping = Keeping(**self._about(RECORD, steps))
        self.asking = Asking(**{**self._about(REQUIREMENTS, steps), "epoch": self._epoch})
        self.creating = Creating(**self._about(CREATE, steps))
        self.linking = Linking(**self._about(LINK, steps))
        self.connecting = Connecting(**self._about(CONNECTION, steps))

    def on(self, about: str) -> list[str]:
        """Return the switches that are on about one thing."""
        return [name for name in self.names if _known(name).about == about]

    def _about(self, about: str, steps: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
        return {step: value for (of, step), value in steps.items() if of == about}


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
        example = _EXAMPLES[known.reads]
        raise UsageError(f"{name!r} lacks its value; write {word}={example}") from None
