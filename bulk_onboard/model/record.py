"""A record's life: the states, and the one table of legal steps (design.md 5).

Rule: everything that moves a record from one state to another stands in `TRANSITIONS`. `step` looks up; a step that
is not in the table raises and changes nothing.

Theory. A write is journaled as intent, then outcome. Between the two the record is *sending*; a *sending* record that
a new run finds is *uncertain*, since its process died without telling. From *uncertain* no way leads to another
intent except through settling: `adopted` (it was found), `absent` (it was proved not to have happened) or `held`.
So two creates of one record need a wrong line in this table. An intent to create starts from *pending* or *deferred*
only; rows that were invalid or refused come back through `admitted`, when a run takes them in anew.

Update, link and delete start from *submitted* and lead back to it: a refused update leaves a submitted record.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, get_args

import msgspec
from msgspec.structs import replace

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import AnyEntry, Entry, Op, OpEntry, Resolved


class State(StrEnum):
    """Where a record is."""

    INVALID = "invalid"
    PENDING = "pending"
    SENDING = "sending"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    HELD = "held"
    SUBMITTED = "submitted"
    DELETED = "deleted"
    ABANDONED = "abandoned"

    __hash__ = str.__hash__  # an Enum's own is written in Python, and each step looks its state up


class Review(StrEnum):
    """What the API's people said of a submitted record."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    MORE_INFO = "more info"
    SUSPENDED = "suspended"
    EXPIRED = "expired"


_COME_IN = {"admitted": State.PENDING, "row_invalid": State.INVALID}
_FOUND_AT_THE_API = {"adopted create": State.SUBMITTED, "held create": State.HELD}


def _outcomes(op: Op, *, done: State, refused: State, unsent: State) -> dict[str, State]:
    """Where the outcomes of one write lead from *sending*."""
    return {
        f"done {op}": done,
        f"refused {op}": refused,
        f"unavailable {op}": unsent,
        f"throttled {op}": unsent,
        f"denied {op}": unsent,
        f"unresolved {op}": State.UNCERTAIN,
    }


def _settling(op: Op, *, stay: State, adopted: State, absent: State) -> dict[str, State]:
    """Where settling one write leads; `stay` while nothing is known yet."""
    return {f"probed {op}": stay, f"adopted {op}": adopted, f"absent {op}": absent, f"held {op}": State.HELD}


_ON_SUBMITTED = (Op.UPDATE, Op.LINK, Op.DELETE)


def _settling_any(stay: State) -> dict[str, State]:
    return {
        **_settling(Op.CREATE, stay=stay, adopted=State.SUBMITTED, absent=State.DEFERRED),
        **_settling(Op.UPDATE, stay=stay, adopted=State.SUBMITTED, absent=State.SUBMITTED),
        **_settling(Op.LINK, stay=stay, adopted=State.SUBMITTED, absent=State.SUBMITTED),
        **_settling(Op.DELETE, stay=stay, adopted=State.DELETED, absent=State.SUBMITTED),
    }


_BEFORE_SENDING = {**_COME_IN, **_FOUND_AT_THE_API}

TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    State.INVALID: _BEFORE_SENDING,
    State.PENDING: {**_BEFORE_SENDING, "intent create": State.SENDING},
    State.DEFERRED: {**_BEFORE_SENDING, "admitted": State.DEFERRED, "intent create": State.SENDING},
    State.REFUSED: _BEFORE_SENDING,
    State.SENDING: {
        **_outcomes(Op.CREATE, done=State.SUBMITTED, refused=State.REFUSED, unsent=State.DEFERRED),
        **_outcomes(Op.UPDATE, done=State.SUBMITTED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        **_outcomes(Op.LINK, done=State.SUBMITTED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        **_outcomes(Op.DELETE, done=State.DELETED, refused=State.SUBMITTED, unsent=State.SUBMITTED),
        "run_started": State.UNCERTAIN,
    },
    State.UNCERTAIN: _settling_any(stay=State.UNCERTAIN),
    State.HELD: {
        **_settling_any(stay=State.HELD),
        "resolved found create": State.SUBMITTED,
        "resolved absent create": State.DEFERRED,
        "resolved abandon create": State.ABANDONED,
        **{f"resolved {how} {op}": State.SUBMITTED for how in ("found", "absent") for op in _ON_SUBMITTED},
    },
    State.SUBMITTED: {
        "intent update": State.SENDING,
        "intent link": State.SENDING,
        "intent delete": State.SENDING,
        "reviewed": State.SUBMITTED,
    },
    State.DELETED: {},
    State.ABANDONED: {},
}


class IllegalStepError(Exception):
    """A step that the table does not know: a bug here, or a ledger that was tampered with."""

    def __init__(self, token: str, state: State, trigger: str) -> None:
        super().__init__(f"record {token} is {state}; '{trigger}' is no step from there")


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One token followed through all runs of a job.

    Attributes:
        token: the ledger's name for it, for ever.
        key: the user's Key, where given.
        state: where it is.
        op: the write that is under way, unknown or held.
        alias: what the API calls it, from the newest create's intent.
        attempts: how many intents to create it has; a throttled one is none.
        fingerprint: of the content last sent, or last in an intent; empty when adopted by a sweep.
        compliance_id: at the API; empty before.
        review: of a submitted record; empty where not known.
        reason: why it is where it is, for people: a refusal's message, a review's reason, why it is held.
        code: the API's code of a refusal, or the finding codes of an invalid row.
        submitted_at: instant of the create's success; empty before.
        sent_at: instant of the newest intent.
        number, seen_at: of the newest link's and update's intent, by which an unknown one is settled.
    """

    token: str
    key: str = ""
    state: State = State.PENDING
    op: Op | None = None
    alias: str = ""
    attempts: int = 0
    fingerprint: str = ""
    compliance_id: str = ""
    review: str = ""
    reason: str = ""
    code: str = ""
    submitted_at: str = ""
    sent_at: str = ""
    number: str = ""
    seen_at: str = ""


def trigger(entry: Entry) -> str:
    """The table's word for an entry: its name, with the operation or the person's answer where it has one."""
    if isinstance(entry, Resolved):
        return f"resolved {entry.how} {entry.op}"
    if isinstance(entry, OpEntry):
        return f"{entry.name()} {entry.op}"
    return entry.name()


def step(record: Record, entry: Entry) -> Record:
    """The record after what happened; IllegalStepError when the table knows no such step.

    What ends a write must speak of the write that is under way: a failed update never makes a create possible again.
    A fresh `Record(token=…)` stands for a token that the ledger does not know yet.
    """
    op: Op | None = getattr(entry, "op", None)
    word = _WORDS[type(entry)].get(op) or trigger(entry)
    known = _STEPS[record.state].get(word)
    of_another_write = op is not None and record.op is not None and op is not record.op
    if known is None or of_another_write:
        raise IllegalStepError(record.token, record.state, word)
    target, change = known
    return change(record, entry, target)


def _sent(record: Record, entry: entries.Intent, to: State) -> Record:
    return replace(
        record,
        state=to,
        key=entry.key,
        op=entry.op,
        alias=entry.alias or record.alias,
        attempts=record.attempts + 1,
        fingerprint=entry.fingerprint,
        sent_at=entry.at,
    )


def _submitted(record: Record, entry: Any, to: State, *, review: str = "", at: str, alias: str = "") -> Record:
    return replace(
        record,
        state=to,
        alias=alias or record.alias,
        key=entry.key or record.key,
        op=None,
        compliance_id=entry.compliance_id,
        submitted_at=at,
        review=review or Review.PENDING.value,
        reason="",
        code="",
    )


def _ended(record: Record, to: State, reason: str = "", **changes: Any) -> Record:
    return replace(record, state=to, op=None, reason=reason, **changes)


_Change = Callable[[Record, Any, State], Record]

_FOR_EVERY_OP: Mapping[str, _Change] = {
    "done": lambda r, e, to: _ended(r, to),
    "adopted": lambda r, e, to: _ended(r, to),
    "refused": lambda r, e, to: _ended(r, to, e.message, code=e.code),
    "unavailable": lambda r, e, to: _ended(r, to, f"not sent: {e.why}"),
    "throttled": lambda r, e, to: _ended(r, to, "not sent: the quota was spent"),
    "denied": lambda r, e, to: _ended(r, to, f"not accepted: HTTP {e.http_status}"),
    "unresolved": lambda r, e, to: replace(r, state=to, reason=f"outcome unknown: {e.seen}"),
    "absent": lambda r, e, to: _ended(r, to, "not at the API, so it may be sent again"),
    "held": lambda r, e, to: replace(r, state=to, op=e.op, key=e.key or r.key, reason=e.why),
    "intent": lambda r, e, to: replace(r, state=to, op=e.op, sent_at=e.at, number=e.number, seen_at=e.seen_at),
    "resolved found": lambda r, e, to: _ended(r, to),
    "resolved absent": lambda r, e, to: _ended(r, to, "not done at the API, says a person"),
}

_CHANGES: Mapping[str, _Change] = {
    **{f"{name} {op}": change for name, change in _FOR_EVERY_OP.items() for op in Op},
    "admitted": lambda r, e, to: (
        replace(r, state=to, reason="", code="") if r.state is not State.DEFERRED else replace(r, state=to)
    ),
    "row_invalid": lambda r, e, to: replace(r, state=to, key=e.key, code=", ".join(e.codes), reason=""),
    "run_started": lambda r, e, to: replace(
        r, state=to, reason="outcome unknown: the run ended in the middle of the call"
    ),
    "intent create": _sent,
    "throttled create": lambda r, e, to: _ended(r, to, "not sent: the quota was spent", attempts=r.attempts - 1),
    "done create": lambda r, e, to: _submitted(r, e, to, at=e.at),
    "adopted create": lambda r, e, to: _submitted(r, e, to, review=e.review, at=r.sent_at or e.at, alias=e.alias),
    "done update": lambda r, e, to: _ended(r, to, review=Review.PENDING.value),
    "reviewed": lambda r, e, to: replace(r, state=to, review=e.review, reason=e.reason),
    "resolved found create": lambda r, e, to: _submitted(r, e, to, at=e.at),
    "resolved absent create": lambda r, e, to: _ended(r, to, "not at the API, says a person, so it may be sent again"),
    "resolved abandon create": lambda r, e, to: _ended(r, to, "given up by a person"),
}


_MOVED: _Change = lambda r, e, to: replace(r, state=to)  # noqa: E731

# Made once, since each of a ledger's million lines is a step: where each leads, with what changes, and the words.
_STEPS: Mapping[State, Mapping[str, tuple[State, _Change]]] = {
    state: {word: (target, _CHANGES.get(word, _MOVED)) for word, target in steps.items()}
    for state, steps in TRANSITIONS.items()
}


def _words(kind: type[Entry]) -> dict[Op | None, str]:
    """The words of a kind of entry, by operation; none where they depend on more than that."""
    if issubclass(kind, Resolved):
        return {}
    return {op: f"{kind.name()} {op}" for op in Op} if issubclass(kind, OpEntry) else {None: kind.name()}


_WORDS: Mapping[type[Entry], Mapping[Op | None, str]] = {kind: _words(kind) for kind in (Entry, *get_args(AnyEntry))}
