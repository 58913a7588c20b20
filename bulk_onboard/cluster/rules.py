"""What follows from how a try ended: whether a task is done, failed, or tried again, and when. Pure.

A try is one run of an account by a worker. See docs/many.md, Accounts on several machines.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Linkage, Record, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long everything of the engine takes, in seconds.

    Attributes:
        heartbeat_s: between two signs of life of a worker.
        dead_after_s: without one, a worker counts as dead, and its accounts are given to others.
        look_s: between two looks of each worker for tasks of the dead.
        fetch_s: between two looks of a worker with free places for tasks that wait.
        stop_s: between two looks for tasks of its own that somebody asked to stop.
        retry_s: how long a lease is; a task is tried again after that at the earliest.
        follow_s: between two looks of whoever follows.
        patience_s: for how long somebody who follows waits for a database that does not answer.
    """

    heartbeat_s: float = 10.0
    dead_after_s: float = 30.0
    look_s: float = 10.0
    fetch_s: float = 2.0
    stop_s: float = 2.0
    retry_s: float = 60.0
    follow_s: float = 1.0
    patience_s: float = 600.0


TIMES = Times()


class Then(StrEnum):
    """What becomes of a task after a try."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    AGAIN = "tried again later"
    AT_ONCE = "tried again at once"


THEN: Mapping[ExitStatus, Then] = {
    ExitStatus.DONE: Then.DONE,
    ExitStatus.ROWS_NEED_ATTENTION: Then.DONE,
    ExitStatus.STOPPED: Then.AGAIN,
    ExitStatus.LOCKED: Then.AGAIN,
    ExitStatus.HUNGUP: Then.AT_ONCE,
    ExitStatus.INTERRUPTED: Then.AT_ONCE,
    ExitStatus.TERMINATED: Then.AT_ONCE,
    ExitStatus.BUG: Then.FAILED,
    ExitStatus.USAGE: Then.FAILED,
    ExitStatus.LEDGER: Then.FAILED,
    ExitStatus.CREDENTIALS: Then.FAILED,
    ExitStatus.REPORT: Then.FAILED,
}
"""What follows from an exit status, as long as nothing else is known (`what_follows`)."""

PAUSES = (1, 5, 30, 120)
"""How long to wait after the first try in vain, the second and so on, in leases: with a minute each, 2 h 36 min.

An outage ends no job of many hours within minutes; and what stays as it is five tries long is told on the same day.
"""

IN_VAIN_AT_MOST = len(PAUSES) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """How a try ended.

    Attributes:
        exit_status: of the run.
        got_on: whether anything of the account was got done since the try before, by whomever.
        in_vain: how many tries in a row before it got nothing done.
        is_blameless: it ended for the database alone, so it says nothing about the account.
        is_to_stop: somebody asked for the task's end, or its `stop_after` is up.
    """

    exit_status: ExitStatus
    got_on: bool
    in_vain: int = 0
    is_blameless: bool = False
    is_to_stop: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of the task.

    Attributes:
        then: what.
        in_vain: how many tries in a row have got nothing done by now.
        pause: how long to wait before it is tried again, in leases.
    """

    then: Then
    in_vain: int = 0
    pause: int = 0


def what_follows(ended: Try) -> Next:
    """Return what becomes of a task after this try."""
    then = THEN[ended.exit_status]
    if ended.is_to_stop and then in (Then.AGAIN, Then.AT_ONCE):
        return Next(Then.STOPPED, ended.in_vain)
    if then is Then.AT_ONCE:
        return Next(then, ended.in_vain)
    if then is not Then.AGAIN:
        return Next(then)
    if ended.is_blameless:
        return Next(then, ended.in_vain, pause=1)
    in_vain = 0 if ended.got_on else min(ended.in_vain + 1, IN_VAIN_AT_MOST)
    if in_vain >= IN_VAIN_AT_MOST:
        return Next(Then.FAILED, in_vain)
    return Next(then, in_vain, pause=PAUSES[max(0, in_vain - 1)])


def after_death(in_vain: int) -> Next:
    """Return what becomes of a task whose worker died, where so many tries in a row before had got nothing done.

    What the dead one got done is only seen at the next try (`Task.has_died`), so nothing fails here. Others take
    the first at once; where workers die one after the other, perhaps of this account, the pauses are those of tries in
    vain.
    """
    in_vain += 1
    if in_vain == 1 or in_vain > len(PAUSES):
        return Next(Then.AT_ONCE, in_vain)
    return Next(Then.AGAIN, in_vain, pause=PAUSES[in_vain - 1])


NOT_DONE = frozenset({State.INVALID, State.NOT_SENT, State.SENDING, State.DEFERRED, State.UNCERTAIN})
"""States between which a record may go to and fro while nothing of it is got done."""


def what_is_done(ledger_state: LedgerState) -> str:
    """Return a digest of what was got done for all records; a try that leaves it as it was got nothing done.

    Lines about the runs themselves, and records that are sent, fail and are due again, change nothing of it.
    """
    done = sorted(filter(None, map(_done_for, ledger_state.records.values())))
    return hashlib.sha256("\n".join(done).encode()).hexdigest() if done else ""


def _done_for(record: Record) -> str:
    linked = sorted(number for number, its in record.numbers.items() if its.linkage is Linkage.LINKED)
    if record.state in NOT_DONE and not linked:
        return ""
    state = "" if record.state in NOT_DONE else record.state.value
    return " ".join((record.token, state, record.compliance_id, record.review, record.fingerprint, *linked))
