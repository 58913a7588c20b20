"""The one door to Procrastinate: jobs on the database of the ledgers, a worker that takes them, and the schema.

Procrastinate's tables lie in the schema of the ledgers. Each of its jobs is tried once: who tries again is decided by
`rules`, and another try is another job (`tasks`). So a worker that was taken for dead, and was only asleep, finds a job
that has ended when it wants to end it, and changes nothing.

What Procrastinate logs is not shown: it would name paths.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bulk_onboard.errors import BulkOnboardError, DatabaseError, UsageError
from bulk_onboard.threads import in_thread

if TYPE_CHECKING:
    from procrastinate import App, JobContext

    from bulk_onboard.cluster.rules import Times

TASK = "run_account"
MISSING = (
    "Accounts on several machines need Procrastinate, which is not installed here. To install it, type: "
    "pip install 'bulk-onboard[cluster]'"
)
CONNECTIONS = 2
ANSWERS_S = 10.0
_ABOUT_CONTENT = ("P0", "23")  # what a function refused, and what is there already or not any more
_VERSION = "procrastinate "
_VERSIONED = "COMMENT ON TABLE procrastinate_jobs IS "


def check_installed() -> None:
    """Raise UsageError where Procrastinate is not installed."""
    try:
        import procrastinate  # noqa: F401, PLC0415 - optional
        import psycopg  # noqa: F401, PLC0415
    except ImportError:
        raise UsageError(MISSING) from None


@dataclass(frozen=True, slots=True)
class Given:
    """A job that a worker was given.

    Attributes:
        job_id: by which Procrastinate knows it.
        worker_id: of the worker.
        account: the ledger's name in the store.
        arguments: what was handed over.
    """

    job_id: int
    worker_id: int
    account: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stalled:
    """A job whose worker is dead."""

    job_id: int
    account: str


class Connection:
    """A connection to the database; `Engine.connection` and `Engine.transaction` make one."""

    def __init__(self, app: "App", connection: Any) -> None:
        self._app, self._connection = app, connection

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Do one statement that returns rows, and return them; `%(name)s` in it stands for the value of that name."""
        execute = self._app.connector.execute_query_all_async_with_connection
        return await execute(self._connection, query, **values)

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        """Return a context of which all is done or nothing."""
        return self._connection.transaction()  # type: ignore[no-any-return]

    async def run(self, script: str) -> None:
        """Do statements without values, one after another; what they return is passed over."""
        await self._connection.execute(script)

    async def defer(self, account: str, arguments: Mapping[str, Any], *, at: datetime | None = None) -> int:
        """Add a job for an account, to be begun from this instant of the database's clock on, or now; return its id.

        One that waits gives way to it: its task is gone, as when the ledger was purged meanwhile.
        """
        await self.rows(
            "DELETE FROM procrastinate_jobs WHERE queueing_lock = %(account)s AND status = 'todo' RETURNING id",
            account=account,
        )
        job = self._app.configure_task(
            TASK, allow_unknown=True, lock=account, queueing_lock=account, schedule_at=at, connection=self._connection
        )
        return await job.defer_async(**arguments)

    async def cancel(self, job_id: int) -> bool:
        """Take a job back; return whether it was still waiting."""
        return await self._app.job_manager.cancel_job_by_id_async(job_id, connection=self._connection)


class Engine:
    """Procrastinate on one database; `opened` makes one.

    Attributes:
        address: of the database.
    """

    def __init__(self, app: "App", address: str) -> None:
        self.address = address
        self._app = app

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Do one statement that returns rows, as `Connection.rows`.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        with explaining(self.address):
            return await self._app.connector.execute_query_all_async(query, **values)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Give a connection of its own to what is done in the context, each statement for itself.

        Raises:
            DatabaseError: the database cannot be reached.
        """
        with explaining(self.address):
            async with self._app.connector.pool.connection() as connection:  # type: ignore[attr-defined]
                yield Connection(self._app, connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Do all that is done in the context, or nothing of it; errors as for `connection`."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def stalled(self, dead_after_s: float) -> list[Stalled]:
        """Return the jobs whose workers have given no sign of life for so long."""
        with explaining(self.address):
            jobs = await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after_s)
        return [Stalled(job.id, job.lock or "") for job in jobs if job.id is not None]

    async def give_up(self, stalled: Stalled) -> None:
        """End a job of a dead worker as failed; one that somebody else has ended meanwhile stays as it is."""
        from procrastinate.exceptions import ConnectorException  # noqa: PLC0415 - optional
        from procrastinate.jobs import Status  # noqa: PLC0415

        manager = self._app.job_manager
        with suppress(ConnectorException), explaining(self.address):
            await manager.finish_job_by_id_async(stalled.job_id, status=Status.FAILED, delete_job=False)

    async def alive(self, dead_after_s: float) -> int:
        """Return how many workers have given a sign of life within so many seconds."""
        found = await self.rows(
            "SELECT count(*) AS alive FROM procrastinate_workers "
            "WHERE last_heartbeat > clock_timestamp() - %(dead_after_s)s::float8 * interval '1 second'",
            dead_after_s=dead_after_s,
        )
        return int(found[0]["alive"])

    async def silent_s(self, worker_id: int) -> float | None:
        """Return for how many seconds a worker has given no sign of life, by the database's clock.

        None where it is not known any more: it was taken for dead.
        """
        found = await self.rows(
            "SELECT EXTRACT(EPOCH FROM clock_timestamp() - last_heartbeat)::float8 AS silent_s "
            "FROM procrastinate_workers WHERE id = %(worker_id)s",
            worker_id=worker_id,
        )
        return found[0]["silent_s"] if found else None

    def crew(self, run: Callable[[Given], Awaitable[None]], *, places: int, times: "Times") -> "Crew":
        """Return what takes jobs once its `work` is called.

        Args:
            run: called with each job, so many at a time; what it raises ends the job as failed.
            places: how many.
        """
        from procrastinate.worker import Worker  # noqa: PLC0415 - optional

        async def run_account(context: "JobContext", /, **arguments: Any) -> None:
            job = context.job
            await run(Given(job.id or 0, job.worker_id or 0, job.lock or "", arguments))

        self._app.tasks.pop(TASK, None)
        self._app.task(name=TASK, pass_context=True)(run_account)
        worker = Worker(
            app=self._app,
            concurrency=places,
            fetch_job_polling_interval=times.fetch_s,
            listen_notify=False,  # would take one more connection, and break more often than asking does
            install_signal_handlers=False,
            update_heartbeat_interval=times.heartbeat_s,
            stalled_worker_timeout=times.dead_after_s,
            delete_jobs="always",  # `task` has what is to be known of them
        )
        return Crew(worker, self.address)


class Crew:
    """A worker of Procrastinate; `Engine.crew` makes one."""

    def __init__(self, worker: Any, address: str) -> None:
        self._worker, self._address = worker, address

    @property
    def worker_id(self) -> int | None:
        """By which Procrastinate knows it; None while it is not at work."""
        return self._worker.worker_id  # type: ignore[no-any-return]

    async def work(self) -> None:
        """Take jobs until `stop` is called, or a sign of life could not be given; then wait until all have ended.

        Raises:
            DatabaseError: the database cannot be reached, or has forgotten this worker.
        """
        from procrastinate.exceptions import ConnectorException  # noqa: PLC0415 - optional

        asyncio.get_running_loop().set_exception_handler(_pass_over)
        try:
            with explaining(self._address):
                await self._worker.run()
        except ConnectorException as error:
            raise DatabaseError(
                "This worker was taken for dead, since it gave no sign of life for too long. Start it again."
            ) from error

    def stop(self) -> None:
        """Take no more jobs."""
        self._worker.stop()


def _pass_over(loop: asyncio.AbstractEventLoop, what: dict[str, Any]) -> None:
    """Say nothing of a job that could not be ended, since others have it by now, or will find it."""
    import procrastinate  # noqa: PLC0415 - optional

    if not isinstance(what.get("exception"), procrastinate.exceptions.ConnectorException | BulkOnboardError):
        loop.default_exception_handler(what)


@asynccontextmanager
async def opened(address: str, *, answers_s: float = ANSWERS_S) -> AsyncIterator[Engine]:
    """Give Procrastinate on this database while the context lasts.

    Args:
        answers_s: how long a connection is waited for before the database counts as gone.

    Raises:
        UsageError: Procrastinate is not installed, or the database lacks its tables, or has those of another version.
        DatabaseError: the database cannot be reached.
    """
    check_installed()
    await in_thread(_check_server, address)
    async with _opened(address, answers_s) as app:
        engine = Engine(app, address)
        there, here = await _version_there(engine), version_here()
        if there != here:
            raise UsageError(_misfit(there, here, address))
        yield engine


@asynccontextmanager
async def _opened(address: str, answers_s: float = ANSWERS_S) -> AsyncIterator["App"]:
    import procrastinate  # noqa: PLC0415 - optional

    from bulk_onboard.ledger.database.address import parameters  # noqa: PLC0415 - brings psycopg

    for name in ("procrastinate", "psycopg"):
        logging.getLogger(name).propagate = False
        logging.getLogger(name).addHandler(logging.NullHandler())
    connector = procrastinate.PsycopgConnector(
        min_size=1,
        max_size=CONNECTIONS,
        timeout=answers_s,
        reconnect_timeout=answers_s,
        kwargs={**parameters(address), "autocommit": True, "prepare_threshold": None},
        configure=_configure,
    )
    with explaining(address):
        await connector.open_async()
    try:
        yield procrastinate.App(connector=connector)
    finally:
        await connector.close_async()


async def _configure(connection: Any) -> None:
    await connection.execute("SET search_path TO bulk_onboard")


def _check_server(address: str) -> None:
    """Raise UsageError unless ledgers can be kept there; a pool would only say that it has no connection."""
    from bulk_onboard.ledger.database import checks  # noqa: PLC0415 - brings psycopg
    from bulk_onboard.ledger.database.link import linked  # noqa: PLC0415

    with linked(address) as link:
        link.ask(lambda connection: checks.check(connection, address))


@contextmanager
def explaining(address: str) -> Iterator[None]:
    """Raise what an error of the database means for people; what was refused for its content alone stays as it is."""
    import procrastinate  # noqa: PLC0415 - optional
    import psycopg  # noqa: PLC0415 - optional

    from bulk_onboard.ledger.database.trouble import explained  # noqa: PLC0415

    try:
        yield
    except (procrastinate.exceptions.ConnectorException, psycopg.Error) as error:
        cause = error if isinstance(error, psycopg.Error) else error.__cause__
        if not isinstance(cause, psycopg.Error) or (cause.sqlstate or "").startswith(_ABOUT_CONTENT):
            raise
        raise explained(cause, address) from error


# The schema.


async def set_up(address: str, tables: str) -> None:
    """Make Procrastinate's tables where they are not there, bring older ones up to date, and make our own.

    Args:
        tables: statements that make our own, safe to repeat.

    Raises:
        UsageError: Procrastinate is not installed, or the tables are of a newer version.
        DatabaseError: the database cannot be reached.
    """
    check_installed()
    async with _opened(address) as app:
        engine = Engine(app, address)
        async with engine.connection() as connection:
            await connection.run("SELECT pg_advisory_lock(hashtext('bulk_onboard engine'))")
            there, here = await _version_there(engine), version_here()
            if there > here:
                raise UsageError(_misfit(there, here, address))
            for version, script in _scripts(after=there):  # each is a transaction, as Procrastinate means them to be
                await connection.run(f"{script};\n{_VERSIONED}'{_VERSION}{version}'")
            await connection.run(tables)


async def _version_there(database: Engine) -> str:
    """Return the version of the tables in the database; empty where there are none."""
    found = await database.rows("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class') AS comment")
    return (found[0]["comment"] or "").removeprefix(_VERSION)


def version_here() -> str:
    """Return the version of the tables that the installed Procrastinate works with: its newest migration."""
    return max(_migrations())[:8]


def _migrations() -> dict[str, str]:
    """Return by name the statements with which Procrastinate changes tables of older versions."""
    from pathlib import Path  # noqa: PLC0415

    from procrastinate.schema import SchemaManager  # noqa: PLC0415 - optional

    return {file.name: file.read_text("utf-8") for file in Path(SchemaManager.get_migrations_path()).glob("*.sql")}


def _scripts(after: str) -> list[tuple[str, str]]:
    """Return what is to be done to tables of this version, each with the version that they have then."""
    from procrastinate.schema import SchemaManager  # noqa: PLC0415 - optional

    if not after:
        return [(version_here(), SchemaManager.get_schema())]
    return [(name[:8], script) for name, script in sorted(_migrations().items()) if name[:8] > after]


def _misfit(there: str, here: str, address: str) -> str:
    from bulk_onboard.ledger.database.address import shown  # noqa: PLC0415 - brings psycopg
    from bulk_onboard.model.command import set_up_store  # noqa: PLC0415

    name, setup = shown(address), set_up_store(address)
    if there > here:
        return (
            f"{name} was set up for a newer Procrastinate (tables of {there}) than is installed here ({here}). Install "
            "the same version on all machines."
        )
    if there:
        return (
            f"{name} was set up for an older Procrastinate (tables of {there}) than is installed here ({here}). Stop "
            f"all workers, and type: {setup}"
        )
    return f"{name} is not set up for workers yet. To make the tables, type: {setup}"
