"""What the row workers of one run share.

Rule: a write that met the same thing in each attempt, and is known not to have been done, is set aside for a person:
sending it again every night would bring nothing but lines in the ledger. It must have failed *alone*: either the API
took other writes of the kind meanwhile, or its HTTP status speaks of the request (4xx), not of the server. Where the
first creates of a run are all refused with the same words, it is not the rows.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bulk_onboard.clock import Clock
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import Journal
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.record import Record, State
from bulk_onboard.run.stop import Stop


@dataclass(frozen=True, slots=True)
class RowEvent:
    """Something about a row that showed only while its calls were made: a finding's code and what its words need.

    `document_type` names the document that it is about; empty for the row as a whole.
    """

    decision: Decision
    code: str
    document_type: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run's.

    Attributes:
        gateway: the whole stack of wrappers.
        relink: whether a number that is linked to another record is moved.
        turned_up: what showed about rows while their calls were made.
        changed: tokens of records whose review turned out to be another one, so that something else may be due.
        looked_at: held numbers that were looked at already, each with its record's token: once a run is enough.
    """

    gateway: Gateway
    journal: Journal
    clock: Clock
    stop: Stop
    relink: bool = False
    row_events: list[RowEvent] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    looked_at: set[tuple[str, str]] = field(default_factory=set)

    def take_changed(self) -> set[str]:
        """The changed ones since this was last asked."""
        taken = set(self.changed)
        self.changed.clear()
        return taken


SET_ASIDE = "set-aside"
"""Our own code of a refusal: no attempt brought an answer that can be used."""
FIRST_CREATES = 20

_VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[a-z2-7]{16}\b|[^\s.,:;()'\"]*[0-9…][^\s.,:;()'\"]*", re.IGNORECASE)
"""What is quoted, a token, and every word with a digit in it, or with a part that was masked before."""


@dataclass(slots=True)
class Tries:
    """What the writes of one run met so far."""

    _seen: defaultdict[tuple[str, Op, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    _taken: Counter[Op] = field(default_factory=Counter)
    _refusals: Counter[str] = field(default_factory=Counter)
    _contested: deque[tuple[str, str]] = field(default_factory=deque)

    def note(self, record: Record, op: Op, outcome: Outcome[str]) -> None:
        """Take in what a write of this record led to; the ledger has it already."""
        if isinstance(outcome, outcomes.Done):
            self._taken[op] += 1
        elif isinstance(outcome, outcomes.Unresolved) and outcome.said is None:
            self._seen[record.token, op, record.number].append(outcome.seen)
        elif op is Op.CREATE and isinstance(outcome, outcomes.Refused):
            self._refusals[words_of(record.code, record.reason)] += 1
        elif op is Op.CREATE and isinstance(outcome, outcomes.Unresolved) and outcome.said is not None:
            self._contested.append((record.token, words_of(outcome.said.code, outcome.said.message)))

    def note_settled(self, record_of: Callable[[str], Record]) -> None:
        """Take in what became of the creates that were refused although something may have been made."""
        while self._contested:
            token, words = self._contested[0]
            state = record_of(token).state
            if state in (State.UNCERTAIN, State.SENDING):
                return
            self._taken[Op.CREATE] += state is State.SUBMITTED
            self._refusals.update([words] if state is State.REFUSED else [])
            self._contested.popleft()

    def failed_alone(self, record: Record, op: Op, attempts: int) -> str:
        """What this record met in each of so many attempts, where it alone did; else empty."""
        seen = self._seen.get((record.token, op, record.number), [])
        if len(seen) < attempts or len(set(seen)) > 1:
            return ""
        return seen[0] if self._taken[op] or seen[0].startswith("HTTP 4") else ""

    @property
    def refused_alike(self) -> str:
        """The words with which the first creates were all refused; empty where they were not, or are too few yet."""
        if self._taken[Op.CREATE] or len(self._refusals) != 1:
            return ""
        words, number = next(iter(self._refusals.items()))
        return words if number >= FIRST_CREATES else ""


def words_of(code: str, message: str) -> str:
    """A refusal without what differs from row to row: ids, tokens, numbers, whatever it quotes."""
    return f"{code}: {_VARIES.sub('…', message)}" if message else code
