"""Hand accounts over to workers, follow them to their end, and stop them.

Whoever follows only reads. He may go away and come back, and another may follow beside him.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.cluster.rules import NOT_DONE, Times
from bulk_onboard.cluster.tasks import Order, Status, Task, Tasks
from bulk_onboard.errors import BulkOnboardError, DatabaseError, ExitStatus, SignalledError
from bulk_onboard.job import Job
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.store import Follower
from bulk_onboard.pipeline.accounts import AllResults, together
from bulk_onboard.pipeline.annotated_copy import saved_copy
from bulk_onboard.pipeline.finish import RunResult, as_it_stands, nothing_begun
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.progress import WRITING_REPORT, Activity, Progress, all_doing
from bulk_onboard.pipeline.report_over_all import reports_there, stands, write_report_over_all
from bulk_onboard.pipeline.sheets import Sheets, sheets_at_hand
from bulk_onboard.pipeline.stop import Stop, status_of
from bulk_onboard.planning import time_left_by_ledger
from bulk_onboard.settings import BY_NAME
from bulk_onboard.threads import few_at_a_time, gathered, in_thread

_NOT_HANDED_OVER = ("account", "proxy", "store", "log_format")


def order_of(job: Job, flags: Mapping[str, Any]) -> Order:
    """Return what is handed over of an account.

    Args:
        flags: as they were typed, by setting.
    """
    given = {name: value for name, value in flags.items() if value not in (None, False, [])}
    return Order(
        account=job.name_in_store,
        job_file=str(job.file.absolute()),
        name=job.account,
        flags={name: _absolute(name, value) for name, value in given.items() if name not in _NOT_HANDED_OVER},
    )


def _absolute(name: str, value: Any) -> Any:
    """Return a flag's value with absolute paths: workers have another working folder."""
    if not BY_NAME[name].path:
        return value
    if isinstance(value, list | tuple):
        return [_absolute(name, each) for each in value]
    return str(Path(value).expanduser().absolute())


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of handing over, by the names of the accounts.

    Attributes:
        anew: what was handed over.
        there: what workers have already.
        ending: those of these whose end somebody asked for.
        otherwise: those of the others that were handed over with other flags.
        workers: how many are alive.
    """

    anew: tuple[str, ...]
    there: tuple[str, ...]
    ending: tuple[str, ...]
    otherwise: tuple[str, ...]
    workers: int


async def hand_over(tasks: Tasks, jobs: Sequence[Job], flags: Mapping[str, Any], times: Times) -> HandedOver:
    """Hand each account over, unless workers have it already.

    Raises:
        UsageError: workers have a ledger of this name for another job.
        DatabaseError: the database cannot be reached.
    """
    orders = {job.account: order_of(job, flags) for job in jobs}
    await tasks.check(orders.values())
    anew = [name for name, order in orders.items() if await tasks.hand_over(order)]
    there = [name for name in orders if name not in anew]
    known = await tasks.of(orders[name].account for name in there)
    its = {name: task for name in there if (task := known.get(orders[name].account))}
    ending = [name for name, task in its.items() if task.is_to_stop]
    otherwise = [name for name, task in its.items() if task.order.flags != orders[name].flags and not task.is_to_stop]
    workers = await tasks.workers(times.dead_after_s)
    return HandedOver(tuple(anew), tuple(there), tuple(ending), tuple(otherwise), workers)


# To follow.


async def follow(
    tasks: Tasks,
    jobs: Sequence[Job],
    *,
    progress: Mapping[str, Progress],
    clock: Clock,
    stop: Stop,
    times: Times,
    tell: Callable[[str], None],
    how_to_go_on: str,
) -> dict[str, Task]:
    """Wait until workers are done with these accounts; return their tasks by the accounts' names.

    Args:
        progress: by account; what is known of how far it is, is noted there.
        stop: ends the following, not the tasks.
        tell: called with a sentence where the database does not answer.
        how_to_go_on: what is said when the following is ended.

    Raises:
        DatabaseError: the database did not answer for too long.
        SignalledError: a signal ended the following.
    """
    shown = [_Shown(job, progress[job.account], clock) for job in jobs]
    heard_at, is_told = clock.monotonic(), False
    while not stop.requested:
        try:
            known = await tasks.of(job.name_in_store for job in jobs)
            found = {job.account: known[job.name_in_store] for job in jobs if job.name_in_store in known}
            heard_at, is_told = clock.monotonic(), False
            await gathered(each.look(found.get(each.job.account)) for each in shown)
            if all(task.is_over for task in found.values()):
                return found
        except DatabaseError as error:
            if clock.monotonic() - heard_at > times.patience_s:
                raise
            if not is_told:
                tell(f"{error} It is waited for; the accounts are with the workers.")
            is_told = True
        await stop.pause(clock, times.follow_s)
    raise SignalledError(status_of(stop.cause), how_to_go_on)


class _Shown:
    """Says of one account how far it is, by its task and its ledger."""

    def __init__(self, job: Job, progress: Progress, clock: Clock) -> None:
        self.job = job
        self._progress, self._clock = progress, clock
        self._follower: Follower | None = None

    async def look(self, task: Task | None) -> None:
        """Take in what is new."""
        progress = self._progress
        if task is None or task.is_over:
            progress.activity = None
            progress.ended = task.exit_status if task and task.exit_status is not None else ExitStatus.INTERRUPTED
            if progress.ended is ExitStatus.DONE or progress.due == 0:
                return
        elif task.status is Status.RUNNING:
            progress.activity = None
        elif task.again_at is None:
            progress.activity = Activity("waiting for a worker")
        else:
            left_s = max(0.0, (task.again_at - self._clock.now()).total_seconds())
            progress.activity = Activity(
                "waiting since the last try ended early", until=self._clock.monotonic() + left_s, then="trying again"
            )
        await in_thread(self._look_into_ledger, task)

    def _look_into_ledger(self, task: Task | None) -> None:
        self._follower = self._follower or self.job.store.follow()
        if self._follower.look() and task is not None:
            state = self._progress.ledger_state = self._follower.ledger_state
            self._progress.due, self._progress.done = how_far(state, task.since)
        left_s = time_left_by_ledger(self._progress.ledger_state, self._clock.now())
        self._progress.time_left = lambda: left_s


def how_far(ledger_state: LedgerState, since: int) -> tuple[int, int]:
    """Return how many rows are due and how many of them are done, as far as the ledger tells.

    Args:
        since: the number of the ledger's line after which the task began.
    """
    began = [run.started for run in ledger_state.runs if run.started.seq > since]
    if not began or ledger_state.planned is None:
        return 0, 0
    done_now = done_before = 0
    for record in ledger_state.records.values():
        if record.state not in NOT_DONE and record.sent_at >= began[0].at:
            if record.sent_at >= began[-1].at:
                done_now += 1
            else:
                done_before += 1
    due = done_before + max(ledger_state.planned.rows, done_now)
    return due, done_before + done_now


# What it came to.


async def results_of(
    jobs: Sequence[Job], tasks: Mapping[str, Task], *, progress: Mapping[str, Progress], clock: Clock
) -> AllResults:
    """Return what the runs of accounts came to, by their tasks and ledgers; write the report over all of them.

    Each account's own report was written by the worker that ended it.

    Args:
        tasks: by the accounts' names.
    """
    with few_at_a_time(), all_doing(progress.values(), WRITING_REPORT):
        sheets, others = await sheets_at_hand(jobs), OtherLedgers()
        results = await gathered(
            _result_of(job, tasks.get(job.account), clock=clock, sheets=sheets, others=others) for job in jobs
        )
        if not jobs[0].account:
            (result,) = results
            return AllResults(results=(result,), exit_status=result.exit_status, overview=result.overview)
        over_all = await write_report_over_all(jobs, results, sheets=sheets, clock=clock)
        return together(results, sheets.unassigned, over_all)


async def _result_of(job: Job, task: Task | None, *, clock: Clock, sheets: Sheets, others: OtherLedgers) -> RunResult:
    error = _error_of(task)
    known, damage = await stands(job, clock=clock, sheets=sheets, others=others)
    state, since = known.status.ledger_state, task.since if task else 0
    runs = [run for run in state.runs if run.started.seq > since]
    new = [record for record in state.records.values() if record.known > since]
    made = [record for record in new if record.created > since]
    requests = dict[str, int]()
    for run in runs:
        for name, number in run.ended.requests.items() if run.ended else ():
            requests[name] = requests.get(name, 0) + number
    exit_status = task.exit_status if task and task.exit_status is not None else ExitStatus.INTERRUPTED
    return replace(
        as_it_stands(nothing_begun(job), known.status, known.judgement, news_since=since),
        run_id=runs[-1].started.run_id if runs else "",
        exit_status=damage.exit_status if damage else exit_status,
        error=damage or error,
        requests=dict(sorted(requests.items())),
        sent=len(made),
        adopted=len(new) - len(made),
        audited=not state.wants_audit,
        audit="not looked for yet; the next run does" if state.wants_audit else "the whole account was checked",
        reports=reports_there(job),
        annotated=saved_copy(job) if job.annotate and not job.shares_sheet else None,
    )


_KINDS: Mapping[ExitStatus, type[BulkOnboardError]] = {
    ExitStatus.USAGE: errors.UsageError,
    ExitStatus.STOPPED: errors.StoppedError,
    ExitStatus.LOCKED: errors.LockedError,
    ExitStatus.LEDGER: errors.LedgerError,
    ExitStatus.CREDENTIALS: errors.CredentialsError,
    ExitStatus.REPORT: errors.ReportError,
}


def _error_of(task: Task | None) -> BulkOnboardError | None:
    """Return what ended a task before its end, as it would have been raised here; None where it came to its end."""
    if task is None or task.status is Status.DONE:
        return None
    sentence = task.sentence
    if task.status is Status.FAILED and task.in_vain:
        sentence = f"{sentence} It was tried {task.in_vain} times in a row, and nothing was got done."
    if not sentence:
        sentence = "Stopped before a worker began it." if not task.tries else "Stopped, as somebody asked."
    status = task.exit_status or ExitStatus.INTERRUPTED
    if status in errors.SIGNALS:
        return SignalledError(status, sentence)
    return _KINDS.get(status, BulkOnboardError)(sentence)
