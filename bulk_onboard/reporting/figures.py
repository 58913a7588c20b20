"""What a job comes to, for whoever has a minute: three figures, one sentence, outcomes, and what needs attention.

Rule: what counts is a business that is to be onboarded. The template's example, blank rows, second rows of one business
and what was deleted or given up on purpose stand aside. Each other row has one part, so that the parts add up to what
counts: `needs us` where somebody must look at it, else `done` (approved, and nothing left to link), `waiting` (the API
has it, and the reviewers have not decided), or `not sent` (a run has yet to do something for it; nothing else is
missing). The fourth figure is shown only where it is not 0, such as while a run goes on, or after a pilot.

Nothing here holds personal data: kinds of problems are told by their titles, refusals by the API's code.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.record import ENDED, SET_ASIDE, UNKNOWN, Linkage, Record, Review, State
from bulk_onboard.model.row import notable_in, usual_count
from bulk_onboard.model.sheet import NUMBERS
from bulk_onboard.reporting.record_findings import ANY_DOCUMENT
from bulk_onboard.reporting.row_status import JobStatus, RowStatus, Unread, record_needs_attention
from bulk_onboard.units import format_count, format_list


class Part(StrEnum):
    """Which of the figures a row counts in; also what the colour of an outcome means."""

    DONE = "done"
    WAITING = "waiting"
    NEEDS_US = "needs us"
    NOT_SENT = "not sent"


class Figures(NamedTuple):
    """How many rows have each part; they add up to the rows that count.

    Attributes:
        not_sent: those that a run has yet to do something for.
        to_link: those of them that are approved, and have numbers to be linked.
    """

    done: int = 0
    waiting: int = 0
    needs_us: int = 0
    not_sent: int = 0
    to_link: int = 0

    @property
    def counted(self) -> int:
        """How many rows count."""
        return self.done + self.waiting + self.needs_us + self.not_sent

    def tiles(self) -> tuple[tuple[str, int, Part], ...]:
        """Return name and number of each figure to show: always three, the fourth where something is not sent."""
        three = (
            ("Done", self.done, Part.DONE),
            ("Waiting for review", self.waiting, Part.WAITING),
            ("Needs us", self.needs_us, Part.NEEDS_US),
        )
        if not self.not_sent:
            return three
        names = {0: "Not sent yet", self.not_sent: "Numbers not linked yet"}
        return (*three, (names.get(self.to_link, "Not sent or linked yet"), self.not_sent, Part.NOT_SENT))


class Outcome(NamedTuple):
    """How many rows have come to the same end, so far.

    Attributes:
        name: what the API's people said, else the row's state.
        part: what its colour means. A row with this outcome may need us all the same, as where a number of an approved
            record was refused.
    """

    name: str
    rows: int
    part: Part


class Attention(NamedTuple):
    """How many rows need attention for one kind of reason; each row counts once, for the first thing to fix.

    Attributes:
        what: an outcome, or what else is wrong, such as `invalid` or `approved with a number refused`.
        why: the kind of problem, such as the title of a finding; empty where there is no more to say.
    """

    what: str
    why: str
    rows: int

    @property
    def text(self) -> str:
        """The whole as people read it, such as `12 invalid: PIN code of another state`."""
        return f"{self.rows:,} {self.what}" + (f": {self.why}" if self.why else "")


@dataclass(frozen=True, slots=True)
class Overview:
    """What a job comes to.

    Attributes:
        sentence: the figures as one sentence, for a boss.
        outcomes: in a fixed order, those that any row has; they add up to the rows that count.
        attention: the kinds of problems, biggest first; they add up to the rows, and records without a row, that need
            attention.
    """

    figures: Figures
    sentence: str
    outcomes: tuple[Outcome, ...]
    attention: tuple[Attention, ...]


REVIEW_UNKNOWN = "review not known"

_PARTS: Mapping[str, Part] = {  # of each outcome, in the order in which they are shown
    Review.APPROVED: Part.DONE,
    Review.PENDING: Part.WAITING,
    Review.DRAFT: Part.WAITING,
    REVIEW_UNKNOWN: Part.WAITING,
    Review.MORE_INFO: Part.NEEDS_US,
    Review.REJECTED: Part.NEEDS_US,
    Review.SUSPENDED: Part.NEEDS_US,
    State.REFUSED: Part.NEEDS_US,
    State.INVALID: Part.NEEDS_US,
    State.HELD: Part.NEEDS_US,
    State.GONE: Part.NEEDS_US,
    Unread.LEDGER: Part.NEEDS_US,
    Review.EXPIRED: Part.NOT_SENT,
    State.UNCERTAIN: Part.NOT_SENT,
    State.NOT_SENT: Part.NOT_SENT,
}

OUTCOMES = tuple(map(str, _PARTS))
"""The outcomes that are known, in their order; a review that the API calls otherwise comes after pending."""

_LEDGER_UNREAD = "the account's ledger cannot be read"
_NUMBER_WORDS: Mapping[Linkage, str] = {Linkage.REFUSED: "a number refused", Linkage.HELD: "a number held"}


def overview_of(*statuses: JobStatus) -> Overview:
    """Return what all rows come to; where the workbook is not at hand, what all records do.

    Args:
        statuses: one of each account.
    """
    parts: Counter[Part] = Counter()
    outcomes: Counter[str] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    to_link = 0
    for each in chain.from_iterable(notable_in(status.rows) for status in statuses):
        part = part_of(each)
        if part is not None:
            outcome = outcome_of(each)
            parts[part] += 1
            outcomes[outcome] += 1
            to_link += part is Part.NOT_SENT and outcome == Review.APPROVED
        if each.needs_attention:
            kinds[attention_of(each)] += 1
    for status in statuses:
        usual = usual_count(status.rows)
        parts[Part.NOT_SENT] += usual
        outcomes[State.NOT_SENT] += usual
        kinds.update((_WITHOUT_ROW, each.state.value) for each in status.unclaimed_that_need_attention())
    figures = Figures(
        done=parts[Part.DONE],
        waiting=parts[Part.WAITING],
        needs_us=parts[Part.NEEDS_US],
        not_sent=parts[Part.NOT_SENT],
        to_link=to_link,
    )
    attention = tuple(Attention(what, why, count) for (what, why), count in _biggest_first(kinds))
    return Overview(figures, _sentence(figures, attention), tuple(_in_order(outcomes)), attention)


def part_of(status: RowStatus) -> Part | None:
    """Return which figure a row counts in; None for one that stands aside."""
    if status.aside or status.state in ENDED:
        return None
    if status.needs_attention:
        return Part.NEEDS_US
    part = part_of_outcome(outcome_of(status))
    if part is Part.DONE:
        left = status.numbers_left
        return Part.NOT_SENT if left.due or left.unknown else Part.DONE
    return part


def part_of_outcome(name: str) -> Part:
    """Return what the colour of an outcome means; a review that the API calls otherwise is waited for."""
    return _PARTS.get(name, Part.WAITING)


def outcome_of(status: RowStatus) -> str:
    """Return what a row has come to: its review once it is submitted, else its state."""
    if status.state is State.SUBMITTED:
        return status.review or REVIEW_UNKNOWN
    if status.state is State.DEFERRED:
        return State.NOT_SENT.value
    return State.UNCERTAIN.value if status.state in UNKNOWN else status.state.value


def attention_of(status: RowStatus) -> tuple[str, str]:
    """Return what a row needs attention for, and why; the first thing to fix decides."""
    record, outcome = status.record or status.named, outcome_of(status)
    error = next((f.title for f in status.findings if f.severity is Severity.ERROR), "")
    if status.state is State.INVALID:
        return State.INVALID.value, _as_next_word(error or _first_title(record))
    if record is not None and status.state is State.REFUSED:
        return State.REFUSED.value, _as_next_word(error) if record.code in CATALOGUE else _in_words(record.code)
    if record is not None and outcome in (Review.REJECTED, Review.MORE_INFO):
        documents = (str(f.details["document"]) for f in status.found if "document" in f.details)
        document = next((each for each in documents if each != ANY_DOCUMENT), "")
        return outcome, document
    if record is not None and status.state is State.SUBMITTED:
        if linkage := _worst_linkage(record, status):
            return f"{outcome} with {_NUMBER_WORDS[linkage]}", ""
        if not record_needs_attention(record, ()) and error:
            return f"{outcome} with errors in the row", _as_next_word(error)
    return outcome, _LEDGER_UNREAD if status.state is Unread.LEDGER else ""


def _in_words(code: str) -> str:
    """Return the API's code for a refusal as it is, and words for our own."""
    return "failed in every attempt" if code == SET_ASIDE else code


def _worst_linkage(record: Record, status: RowStatus) -> Linkage | None:
    named = numbers_in(status.judged.row.cell(NUMBERS)) if status.judged else record.numbers
    known = {record.numbers[number].linkage for number in named if number in record.numbers}
    return next((linkage for linkage in _NUMBER_WORDS if linkage in known), None)


def _first_title(record: Record | None) -> str:
    """Return the title of the first finding that kept a row out, where only its record is at hand."""
    code = record.code.partition(", ")[0] if record else ""
    return CATALOGUE[code].title if code in CATALOGUE else code


def _as_next_word(title: str) -> str:
    """Return a title as it goes on after a colon: a small letter first, unless the word is written in capitals."""
    return title[:1].lower() + title[1:] if title[1:2].islower() and not title.startswith(_NAMES) else title


_NAMES = ("Aadhaar", "Udyam", "Excel", "Business Name", "Callback URL")


def _biggest_first(kinds: Counter[tuple[str, str]]) -> Iterable[tuple[tuple[str, str], int]]:
    return sorted(kinds.items(), key=lambda item: (-item[1], item[0]))


def _in_order(outcomes: Mapping[str, int]) -> Iterator[Outcome]:
    """Yield the outcomes that any row has; those with the API's own words stand behind the pending ones."""
    unknown = sorted(outcomes.keys() - _PARTS.keys())
    place = OUTCOMES.index(REVIEW_UNKNOWN)
    for name in (*OUTCOMES[:place], *unknown, *OUTCOMES[place:]):
        if outcomes.get(name):
            yield Outcome(str(name), outcomes[name], part_of_outcome(name))


_MOST_KINDS = 3  # that the sentence names
_WITHOUT_ROW = "without a row"


def _sentence(figures: Figures, attention: Sequence[Attention]) -> str:
    total = figures.counted
    unsent = figures.not_sent - figures.to_link
    if not total:
        return "There are no businesses yet."
    parts = [
        text if number == 1 else several
        for number, text, several in (
            (figures.done, "1 is done", f"{figures.done:,} are done"),
            (figures.waiting, "1 waits for its review", f"{figures.waiting:,} wait for their review"),
            (unsent, "1 is not sent yet", f"{unsent:,} are not sent yet"),
            (figures.to_link, "1 has numbers not linked yet", f"{figures.to_link:,} have numbers not linked yet"),
            (figures.needs_us, "1 needs us", f"{figures.needs_us:,} need us"),
        )
        if number
    ]
    if figures.needs_us:
        parts[-1] += f" ({_groups(each for each in attention if each.what != _WITHOUT_ROW)})"
    lost = sum(each.rows for each in attention if each.what == _WITHOUT_ROW)
    without_row = f" Besides, {format_count(lost, 'record')} without a row {'needs' if lost == 1 else 'need'} us."
    businesses = "business" if total == 1 else "businesses"
    return f"Of {total:,} {businesses}, {format_list(parts)}.{without_row if lost else ''}"


def _groups(attention: Iterable[Attention]) -> str:
    """Return what the rows need attention for in a few words, biggest first."""
    groups: Counter[str] = Counter()
    for each in attention:
        groups[each.what] += each.rows
    biggest = groups.most_common(_MOST_KINDS)
    others = groups.total() - sum(count for _, count in biggest)
    return ", ".join((*(f"{count:,} {what}" for what, count in biggest), *((f"{others:,} other",) if others else ())))
