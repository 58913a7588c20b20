"""The table `task`: which accounts were handed over, and what Procrastinate does not remember of them.

An account has one task, under the name of its ledger in the store. It names the one job of Procrastinate that counts;
whoever works at another job of this account has no say any more. What changes both is done in one transaction, and all
instants are the database's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from bulk_onboard.cluster import rules
from bulk_onboard.cluster.engine import Connection, Engine, Stalled
from bulk_onboard.cluster.rules import Next, Then, after_death
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.ledger.database import statements
from bulk_onboard.ledger.database.lease import Owner
from bulk_onboard.ledger.database.link import linked

TABLE = """
CREATE TABLE IF NOT EXISTS bulk_onboard.task (
    account text PRIMARY KEY,
    job_id bigint NOT NULL,
    status text NOT NULL,
    job_file text NOT NULL,
    name text NOT NULL,
    flags jsonb NOT NULL,
    since bigint NOT NULL,
    handed_over_at timestamptz NOT NULL,
    begun_at timestamptz,
    again_at timestamptz,
    ended_at timestamptz,
    machine text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    in_vain integer NOT NULL DEFAULT 0,
    progress text NOT NULL DEFAULT '',
    exit_status integer,
    sentence text NOT NULL DEFAULT '',
    is_to_stop boolean NOT NULL DEFAULT false
)
"""


class Status(StrEnum):
    """Where a task is."""

    WAITING = "waiting"
    RUNNING = "running"
    AGAIN = "to be tried again"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


OPEN = frozenset({Status.WAITING, Status.RUNNING, Status.AGAIN})
"""Of a task that is not over."""

_AFTER: Mapping[Then, Status] = {
    Then.DONE: Status.DONE,
    Then.FAILED: Status.FAILED,
    Then.STOPPED: Status.STOPPED,
    Then.AGAIN: Status.AGAIN,
    Then.AT_ONCE: Status.WAITING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is handed over.

    Attributes:
        account: the ledger's name in the store.
        job_file: its absolute path, the same on every machine.
        name: of the job's account; empty where it has none.
        flags: what was typed, with absolute paths and nothing secret.
    """

    account: str
    job_file: str
    name: str
    flags: Mapping[str, Any]

    def arguments(self) -> dict[str, Any]:
        """Return what a worker is given of it."""
        return {"job_file": self.job_file, "name": self.name, "flags": dict(self.flags)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An account that was handed over.

    Attributes:
        order: what was handed over.
        job_id: of the job of Procrastinate that counts.
        status: where it is.
        since: how many lines the ledger had when it was handed over.
        again_at: when it is tried again at the earliest; None unless it is to be.
        begun_s: seconds since a worker first began it; 0 before that.
        machine: which worker's it is or was last; empty before the first.
        tries: how often a worker began it.
        in_vain: how many tries in a row got nothing done.
        progress: what was done after the last try (`rules.what_is_done`).
        exit_status, sentence: how the last try ended; None and empty before that.
        is_to_stop: whether somebody asked for its end.
    """

    order: Order
    job_id: int
    status: Status
    since: int
    handed_over_at: datetime
    again_at: datetime | None
    begun_s: float
    machine: str
    tries: int
    in_vain: int
    progress: str
    exit_status: ExitStatus | None
    sentence: str
    is_to_stop: bool

    @property
    def has_died(self) -> bool:
        """Whether a worker died at the try before, so that what it got done was not written down."""
        return self.in_vain > 0 and self.exit_status is None

    @property
    def is_over(self) -> bool:
        """Whether nobody will try it any more."""
        return self.status not in OPEN


_COLUMNS = """
    account, job_id, status, job_file, name, flags, since, handed_over_at, again_at, machine, tries, in_vain, progress,
    exit_status, sentence, is_to_stop,
    coalesce(extract(epoch FROM clock_timestamp() - begun_at), 0)::float8 AS begun_s
"""
_CLEAN = """
    begun_at = NULL, again_at = NULL, ended_at = NULL, machine = '', tries = 0, in_vain = 0, progress = '',
    exit_status = NULL, sentence = '', is_to_stop = false
"""


def _task(row: Mapping[str, Any]) -> Task:
    values = dict(row)
    order = Order(**{name: values.pop(name) for name in ("account", "job_file", "name", "flags")})
    exit_status = values.pop("exit_status")
    return Task(
        order=order,
        status=Status(values.pop("status")),
        exit_status=None if exit_status is None else ExitStatus(exit_status),
        **values,
    )


class Tasks:
    """The tasks in one database; each method raises StoppedError where that cannot be reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def of(self, accounts: Iterable[str]) -> dict[str, Task]:
        """Return the tasks of these accounts, by account; those that were never handed over are not among them."""
        rows = await self._engine.rows(
            f"SELECT {_COLUMNS} FROM task WHERE account = ANY(%(accounts)s::text[])",  # noqa: S608 - a constant
            accounts=list(accounts),
        )
        return {row["account"]: _task(row) for row in rows}

    async def workers(self, dead_after_s: float) -> int:
        """Return how many workers are alive."""
        return await self._engine.alive(dead_after_s)

    # For whoever hands over.

    async def check(self, orders: Iterable[Order]) -> None:
        """Raise UsageError where one of these accounts is at work for another job file."""
        wanted = {order.account: order for order in orders}
        for account, task in (await self.of(wanted)).items():
            if not task.is_over:
                _check_same_job(wanted[account], task.order.job_file)

    async def hand_over(self, order: Order) -> bool:
        """Hand an account over, unless its task is not over; return whether that was done.

        Raises:
            UsageError: the task that is not over is of another job file.
        """
        async with self._engine.transaction() as transaction:
            taken = await transaction.rows(
                f"""
                INSERT INTO task AS mine (account, job_id, status, job_file, name, flags, since, handed_over_at)
                VALUES (
                    %(account)s, 0, '{Status.WAITING}', %(job_file)s, %(name)s, %(flags)s,
                    (SELECT coalesce(max(seq), 0) FROM entry WHERE entry.account = %(account)s), clock_timestamp()
                )
                ON CONFLICT (account) DO UPDATE SET
                    job_id = 0, status = excluded.status, job_file = excluded.job_file, name = excluded.name,
                    flags = excluded.flags, since = excluded.since, handed_over_at = excluded.handed_over_at, {_CLEAN}
                    WHERE NOT mine.status = ANY(%(open)s::text[])
                RETURNING account
                """,  # noqa: S608 - of constants
                account=order.account,
                job_file=order.job_file,
                name=order.name,
                flags=dict(order.flags),
                open=sorted(OPEN),
            )
            if not taken:
                there = await transaction.rows("SELECT job_file FROM task WHERE account = %(it)s", it=order.account)
                _check_same_job(order, there[0]["job_file"])
                return False
            await self._defer(transaction, order.account, order.arguments())
        return True

    async def stop(self, accounts: Iterable[str]) -> dict[str, Task]:
        """Take tasks back that wait, and ask for the end of those that run; return those that were not over."""
        stopped: dict[str, Task] = {}
        for account in accounts:
            async with self._engine.transaction() as transaction:
                rows = await transaction.rows(
                    f"""
                    UPDATE task SET is_to_stop = true
                    WHERE account = %(account)s AND status = ANY(%(open)s::text[])
                    RETURNING {_COLUMNS}
                    """,  # noqa: S608 - of constants
                    account=account,
                    open=sorted(OPEN),
                )
                if not rows:
                    continue
                if await transaction.cancel(rows[0]["job_id"]):
                    rows = await transaction.rows(
                        f"""
                        UPDATE task SET status = '{Status.STOPPED}', again_at = NULL, ended_at = clock_timestamp()
                        WHERE account = %(account)s RETURNING {_COLUMNS}
                        """,  # noqa: S608 - of constants
                        account=account,
                    )
                stopped[account] = _task(rows[0])
        return stopped

    # For workers.

    async def begin(self, account: str, job_id: int, machine: str) -> Task | None:
        """Begin a try; None where this job counts no more.

        Where somebody asked for the task's end meanwhile, that is it, and the task that is returned is over.
        """
        rows = await self._engine.rows(
            f"""
            UPDATE task SET status = CASE WHEN is_to_stop THEN '{Status.STOPPED}' ELSE '{Status.RUNNING}' END,
                machine = %(machine)s, again_at = NULL, tries = tries + 1,
                begun_at = coalesce(begun_at, clock_timestamp()),
                ended_at = CASE WHEN is_to_stop THEN clock_timestamp() END
            WHERE account = %(account)s AND job_id = %(job_id)s AND status = ANY(%(open)s::text[])
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - of constants
            account=account,
            job_id=job_id,
            machine=machine,
            open=sorted(OPEN),
        )
        return _task(rows[0]) if rows else None

    async def end(
        self, task: Task, next_: Next, *, exit_status: ExitStatus, sentence: str, progress: str, pause_s: float
    ) -> bool:
        """Write down how a try ended, and what follows; return whether the try still counted."""
        is_over = next_.then not in (Then.AGAIN, Then.AT_ONCE)
        async with self._engine.transaction() as transaction:
            rows = await transaction.rows(
                """
                UPDATE task SET status = %(status)s, exit_status = %(exit_status)s, sentence = %(sentence)s,
                    in_vain = %(in_vain)s, progress = %(progress)s,
                    again_at = CASE WHEN %(pause_s)s::float8 > 0
                        THEN clock_timestamp() + %(pause_s)s::float8 * interval '1 second' END,
                    ended_at = CASE WHEN %(is_over)s THEN clock_timestamp() END
                WHERE account = %(account)s AND job_id = %(job_id)s
                RETURNING again_at
                """,
                account=task.order.account,
                job_id=task.job_id,
                status=_AFTER[next_.then].value,
                exit_status=int(exit_status),
                sentence=sentence,
                in_vain=next_.in_vain,
                progress=progress,
                pause_s=0.0 if is_over else pause_s,
                is_over=is_over,
            )
            if rows and not is_over:
                await self._defer(transaction, task.order.account, task.order.arguments(), at=rows[0]["again_at"])
        return bool(rows)

    async def to_be_stopped(self, accounts: Iterable[str]) -> set[str]:
        """Return those of these accounts whose end somebody asked for."""
        rows = await self._engine.rows(
            "SELECT account FROM task WHERE account = ANY(%(accounts)s::text[]) AND is_to_stop",
            accounts=list(accounts),
        )
        return {row["account"] for row in rows}

    async def orphans(self) -> list[Stalled]:
        """Return the tasks that are not over and have no job: whoever ended it could not write down what follows."""
        rows = await self._engine.rows(
            """
            SELECT account, job_id FROM task WHERE status = ANY(%(open)s::text[]) AND NOT EXISTS (
                SELECT FROM procrastinate_jobs WHERE id = task.job_id AND status IN ('todo', 'doing')
            )
            """,
            open=sorted(OPEN),
        )
        return [Stalled(row["job_id"], row["account"]) for row in rows]

    async def note_progress(self, task: Task, progress: str) -> None:
        """Write down what was got done by a try whose worker died: it was not in vain."""
        await self._engine.rows(
            """
            UPDATE task SET progress = %(progress)s, in_vain = 0
            WHERE account = %(account)s AND job_id = %(job_id)s RETURNING account
            """,
            account=task.order.account,
            job_id=task.job_id,
            progress=progress,
        )

    async def give_anew(self, stalled: Stalled, *, retry_s: float = 0.0) -> bool:
        """Give an account whose worker is dead to whoever is there; return whether that was still to be done.

        Args:
            retry_s: how long a lease is, in which pauses are counted where workers died at it one after the other; 0
                where its try ended, and that alone could not be written down.

        The new job comes first, and only then does the old one end: so there is a job at any moment, and none of the
        dead worker's can be taken up again.
        """
        async with self._engine.transaction() as transaction:
            rows = await transaction.rows(
                f"""
                UPDATE task SET status = CASE WHEN is_to_stop THEN '{Status.STOPPED}' ELSE '{Status.WAITING}' END,
                    ended_at = CASE WHEN is_to_stop THEN clock_timestamp() END
                WHERE account = %(account)s AND job_id = %(job_id)s AND status = ANY(%(open)s::text[])
                RETURNING {_COLUMNS}
                """,  # noqa: S608 - of constants
                account=stalled.account,
                job_id=stalled.job_id,
                open=sorted(OPEN),
            )
            task = _task(rows[0]) if rows else None
            if task is not None and not task.is_over:
                again_at = await self._count_death(transaction, task, retry_s) if retry_s else None
                await self._defer(transaction, task.order.account, task.order.arguments(), at=again_at)
        await self._engine.give_up(stalled)
        return task is not None

    @staticmethod
    async def _count_death(transaction: Connection, task: Task, retry_s: float) -> datetime | None:
        """Write down that a worker died at a task; return from when on it is tried again, None for at once."""
        next_ = after_death(task.in_vain)
        (row,) = await transaction.rows(
            """
            UPDATE task SET status = %(status)s, in_vain = %(in_vain)s, exit_status = NULL, sentence = %(sentence)s,
                again_at = CASE WHEN %(pause_s)s::float8 > 0
                    THEN clock_timestamp() + %(pause_s)s::float8 * interval '1 second' END
            WHERE account = %(account)s RETURNING again_at
            """,
            account=task.order.account,
            status=_AFTER[next_.then].value,
            in_vain=next_.in_vain,
            sentence=died(task.machine),
            pause_s=next_.pause * retry_s,
        )
        again_at: datetime | None = row["again_at"]
        return again_at

    @staticmethod
    async def _defer(
        transaction: Connection, account: str, arguments: Mapping[str, Any], *, at: datetime | None = None
    ) -> None:
        """Add a job that counts from now on, in place of any other of this account."""
        job_id = await transaction.defer(account, arguments, at=at)
        await transaction.rows(
            "UPDATE task SET job_id = %(job_id)s WHERE account = %(account)s RETURNING account",
            job_id=job_id,
            account=account,
        )


def died(machine: str) -> str:
    """Return what is said of a worker that gave no sign of life any more."""
    return (
        f"The worker {machine} gave no sign of life any more while it ran this: perhaps it had no memory left, or the "
        "machine went down. Its log or the system's may tell."
    )


# For whoever only looks, also where nothing was set up for workers.


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account is worked at.

    Attributes:
        task: what was handed over; None where it never was.
        owner: who has its ledger open now; None where nobody does.
        is_silent: whether the task runs by what is written down, and its worker gives no sign of life.
    """

    task: Task | None = None
    owner: Owner | None = None
    is_silent: bool = False


_SILENT = """
    SELECT account FROM bulk_onboard.task
    WHERE account = ANY(%s) AND status = 'running' AND NOT EXISTS (
        SELECT FROM bulk_onboard.procrastinate_jobs job JOIN bulk_onboard.procrastinate_workers worker
            ON worker.id = job.worker_id
        WHERE job.id = task.job_id AND last_heartbeat > clock_timestamp() - %s::float8 * interval '1 second'
    )
"""


def places_of(address: str, accounts: Sequence[str]) -> dict[str, Place]:
    """Return where each of these accounts is worked at; it takes its time.

    Raises:
        UsageError: the database is not set up.
        StoppedError: it cannot be reached.
    """
    with linked(address) as link:
        return link.ask(partial(_places_of, accounts=list(accounts)))


def _places_of(connection: statements.Connection, accounts: list[str]) -> dict[str, Place]:
    owners = {account: statements.owner_of(connection, account) for account in accounts}
    tasks, silent = dict[str, Task](), set[str]()
    (there,) = connection.execute("SELECT to_regclass('bulk_onboard.task')").fetchone() or (None,)
    if there:
        query = f"SELECT {_COLUMNS} FROM bulk_onboard.task WHERE account = ANY(%s)"  # noqa: S608 - a constant
        cursor = connection.execute(query, [accounts])
        names = [column.name for column in cursor.description or ()]
        rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
        tasks = {row["account"]: _task(row) for row in rows}
        silent = {account for (account,) in connection.execute(_SILENT, [accounts, rules.TIMES.dead_after_s])}
    return {
        account: Place(tasks.get(account), owner if owner and owner.left_s > 0 else None, account in silent)
        for account, owner in owners.items()
    }


def _check_same_job(order: Order, job_file: str) -> None:
    """Raise UsageError unless it is the same file; through a link, it is."""
    if Path(order.job_file).resolve() != Path(job_file).resolve():
        raise UsageError(
            f"{order.account} is at work for another job, {job_file}. If that is the same job, hand it over by that "
            "path; if not, give this one another ledger (--ledger)."
        )
