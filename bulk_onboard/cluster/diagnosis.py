"""What `doctor` says of the workers and of the tasks that were handed to them.

The database itself is looked at by `maintenance.doctor`, also where nobody has workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bulk_onboard.cluster.engine import Engine, opened
from bulk_onboard.cluster.rules import TIMES
from bulk_onboard.cluster.tasks import OPEN, Status, Task, Tasks
from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.job import Job
from bulk_onboard.maintenance.diagnosis import Line, Trouble, as_trouble, line
from bulk_onboard.model.command import start_worker


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """Who works, and at what.

    Attributes:
        alive: how many workers gave a sign of life lately.
        task: of the account; None where it was never handed over.
        is_stalled: whether the worker of the task gives no sign of life.
        store: the address of the database, for commands.
        status: the command that tells more of the task.
    """

    alive: int
    task: Task | None
    is_stalled: bool
    store: str
    status: str


async def lines_about_workers(jobs: Sequence[Job]) -> Mapping[str, tuple[Line, ...]]:
    """Return the lines about workers and tasks, by account; of jobs that share a database."""
    store = jobs[0].database or ""
    try:
        async with opened(store) as engine:
            facts = await _facts(engine, jobs, store)
    except BulkOnboardError as error:
        return {job.account: (line("workers", "", [as_trouble(error)]),) for job in jobs}
    return {account: of_workers(its) for account, its in facts.items()}


async def _facts(engine: Engine, jobs: Sequence[Job], store: str) -> Mapping[str, WorkFacts]:
    names = {job.account: job.name_in_store for job in jobs}
    tasks = await Tasks(engine).of(names.values())
    stalled = {each.account for each in await engine.stalled(TIMES.dead_after_s)}
    alive = await engine.alive(TIMES.dead_after_s)
    return {
        job.account: WorkFacts(
            alive=alive,
            task=tasks.get(names[job.account]),
            is_stalled=names[job.account] in stalled,
            store=store,
            status=job.commands.status(),
        )
        for job in jobs
    }


def of_workers(facts: WorkFacts) -> tuple[Line, ...]:
    """Judge whether somebody works, and what has become of the account's task, where there is one."""
    are = "worker is" if facts.alive == 1 else "workers are"
    found = f"{facts.alive:,} {are} alive." if facts.alive else "No worker is alive."
    task = facts.task
    if task is None:
        return (line("workers", f"{found} The account is not handed over to workers.", ()),)
    troubles = []
    if not facts.alive and task.status in OPEN:
        to_do = f"To start one, type: {start_worker(facts.store)}"
        troubles.append(Trouble("The account's task waits for one.", to_do))
    return (line("workers", found, troubles), _of_task(facts, task))


def _of_task(facts: WorkFacts, task: Task) -> Line:
    on = f", on {task.machine}" if task.machine and task.status is Status.RUNNING else ""
    tries = f" Of its tries the last {task.in_vain:,} got nothing done." if task.in_vain else ""
    found = f"The account's task is {task.status}{on}.{tries}"
    if task.status is Status.FAILED:
        ended = f" It ended with {int(task.exit_status)}." if task.exit_status is not None else ""
        return line("task", "", [Trouble(found + ended, f"To see why, type: {facts.status}")])
    if facts.is_stalled:
        found += " Its worker gives no sign of life; another one takes it over."
    return line("task", found, ())
