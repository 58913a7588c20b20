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
from typing import Any

import msgspec

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import Entry, Op, OpEntry


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


class Record(msgspec.Struct, frozen=True, kw_only=True):
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
    if isinstance(entry, entries.Resolved):
        return f"resolved {entry.how} {entry.op}"
    if isinstance(entry, OpEntry):
        return f"{entry.name()} {entry.op}"
    return entry.name()


def step(record: Record, entry: Entry) -> Record:
    """The record after what happened; IllegalStepError when the table knows no such step.

    What ends a write must speak of the write that is under way: a failed update never makes a create possible again.
    A fresh `Record(token=…)` stands for a token that the ledger does not know yet.
    """
    word = trigger(entry)
    target = TRANSITIONS[record.state].get(word)
    of_another_write = isinstance(entry, OpEntry) and record.op not in (None, entry.op)
    if target is None or of_another_write:
        raise IllegalStepError(record.token, record.state, word)
    changes = _CHANGES.get(word)
    return msgspec.structs.replace(record, state=target, **(changes(record, entry) if changes else {}))


def _sent(record: Record, entry: entries.Intent) -> dict[str, object]:
    return {
        "key": entry.key,
        "op": entry.op,
        "alias": entry.alias or record.alias,
        "attempts": record.attempts + 1,
        "fingerprint": entry.fingerprint,
        "sent_at": entry.at,
    }


def _submitted(record: Record, entry: Any, review: str, submitted_at: str, alias: str = "") -> dict[str, object]:
    return {
        "alias": alias or record.alias,
        "key": entry.key or record.key,
        "op": None,
        "compliance_id": entry.compliance_id,
        "submitted_at": submitted_at,
        "review": review or Review.PENDING.value,
        "reason": "",
        "code": "",
    }


def _because(reason: str) -> dict[str, object]:
    return {"op": None, "reason": reason}


_Change = Callable[[Record, Any], dict[str, object]]

_FOR_EVERY_OP: Mapping[str, _Change] = {
    "done": lambda r, e: _because(""),
    "adopted": lambda r, e: _because(""),
    "refused": lambda r, e: {"op": None, "code": e.code, "reason": e.message},
    "unavailable": lambda r, e: _because(f"not sent: {e.why}"),
    "throttled": lambda r, e: _because("not sent: the quota was spent"),
    "denied": lambda r, e: _because(f"not accepted: HTTP {e.http_status}"),
    "unresolved": lambda r, e: {"reason": f"outcome unknown: {e.seen}"},
    "absent": lambda r, e: _because("not at the API, so it may be sent again"),
    "held": lambda r, e: {"op": e.op, "key": e.key or r.key, "reason": e.why},
    "intent": lambda r, e: {"op": e.op, "sent_at": e.at, "number": e.number, "seen_at": e.seen_at},
    "resolved found": lambda r, e: _because(""),
    "resolved absent": lambda r, e: _because("not done at the API, says a person"),
}

_CHANGES: Mapping[str, _Change] = {
    **{f"{name} {op}": change for name, change in _FOR_EVERY_OP.items() for op in Op},
    "admitted": lambda r, e: {"reason": "", "code": ""} if r.state is not State.DEFERRED else {},
    "row_invalid": lambda r, e: {"key": e.key, "code": ", ".join(e.codes), "reason": ""},
    "run_started": lambda r, e: {"reason": "outcome unknown: the run ended in the middle of the call"},
    "intent create": _sent,
    "throttled create": lambda r, e: {**_because("not sent: the quota was spent"), "attempts": r.attempts - 1},
    "done create": lambda r, e: _submitted(r, e, "", e.at),
    "adopted create": lambda r, e: _submitted(r, e, e.review, r.sent_at or e.at, e.alias),
    "done update": lambda r, e: {"op": None, "review": Review.PENDING.value, "reason": ""},
    "reviewed": lambda r, e: {"review": e.review, "reason": e.reason},
    "resolved found create": lambda r, e: _submitted(r, e, "", e.at),
    "resolved absent create": lambda r, e: _because("not at the API, says a person, so it may be sent again"),
    "resolved abandon create": lambda r, e: _because("given up by a person"),
}
