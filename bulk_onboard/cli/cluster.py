"""Accounts on several machines: `worker`, `stop`, and what `run --cluster` does in place of a run."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, Any, TextIO
from urllib.parse import urlsplit

import typer

from bulk_onboard.cli.output import Output, awaited, can_ask, finish, is_wanted, tell
from bulk_onboard.cli.process import heed_signals, signals_to_heed
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, SignalledError, UsageError
from bulk_onboard.units import format_clock, format_count, format_list

if TYPE_CHECKING:
    from bulk_onboard.cluster.client import HandedOver
    from bulk_onboard.cluster.tasks import Place, Task
    from bulk_onboard.job import Job
    from bulk_onboard.pipeline.accounts import AllResults
    from bulk_onboard.pipeline.stop import Stop

STORE = "BULK_ONBOARD_STORE"
NAMED_AT_MOST = 3

_STORE = Annotated[
    str | None,
    typer.Option(
        help=f"Address of the database with ledgers and tasks: postgresql://host/db. Default: ${STORE}.",
        show_default=False,
    ),
]
_ACCOUNTS = Annotated[int, typer.Option(help="How many accounts to run at the same time.", min=1)]
_UPLOADS = Annotated[int, typer.Option(help="How many calls may be in flight over all accounts.", min=1)]
_LOG_FORMAT = Annotated[str, typer.Option(help="Form of what goes to stderr: text, or json for what collects logs.")]


# A worker.


def worker_command(
    store: _STORE = None, accounts: _ACCOUNTS = 50, uploads: _UPLOADS = 128, log_format: _LOG_FORMAT = "text"
) -> None:
    """Run accounts that were handed over with run --cluster, until Ctrl-C.

    Any number of workers may run, on any machines. Each needs the credentials of all accounts in its environment, and
    job files, workbooks and documents under the same paths as where they were handed over. The first Ctrl-C lets calls
    in flight finish and hands the accounts back, to be taken by others; the second quits at once, which is safe.
    """
    from bulk_onboard import log

    def answer() -> Output:
        if log_format not in log.FORMATS:
            raise UsageError(f"--log-format is {' or '.join(log.FORMATS)}, not {log_format}.")
        log.configure(form=log_format)
        awaited(_work(_address(store), accounts, uploads))
        return Output(ExitStatus.DONE, {}, lambda stream: None)

    finish(answer, as_json=False)


def _address(typed: str | None) -> str:
    from bulk_onboard.job import job_from_flags

    address = typed or os.environ.get(STORE, "")
    if not address:
        raise UsageError(
            f"A worker needs the address of the database: write --store postgresql://host/db, or export {STORE}."
        )
    database = job_from_flags({"store": address}).database
    if database is None:
        raise UsageError("A worker needs a database that all machines see, such as postgresql://host/db, and no files.")
    return database


async def _work(address: str, accounts: int, uploads: int) -> None:
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.cluster import rules
    from bulk_onboard.cluster.engine import check_installed, opened

    check_installed()
    from bulk_onboard.cluster.worker import work
    from bulk_onboard.ledger.database.address import shown
    from bulk_onboard.pipeline.stop import Stop

    stop = Stop()
    heed_signals(stop)
    async with opened(address) as engine:
        tell(f"Working for up to {format_count(accounts, 'account')} of {shown(address)}.")
        await work(
            engine,
            address=address,
            places=accounts,
            uploads=uploads,
            environ=os.environ,
            clock=SystemClock(),
            stop=stop,
            times=rules.TIMES,
            warn=tell,
        )


# Who hands over, and follows.


def in_cluster(invocation: Invocation) -> Invocation:
    """Return what was typed as it is for `run --cluster`.

    Raises:
        UsageError: it cannot be handed over.
    """
    from bulk_onboard.cluster.engine import check_installed

    jobs = invocation.jobs
    _check_has_database(invocation, "--cluster")
    if invocation.flags.get("proxy"):
        raise UsageError(
            "--proxy is not handed over to workers, since its address may hold a password. Write proxy in the job file."
        )
    check_installed()
    for job in jobs:
        if job.missing_workbook != "ok" and not job.workbook.is_file():
            raise UsageError(f"There is no workbook {job.workbook}, so nothing was handed over.")
    return replace(invocation, jobs=tuple(job.in_cluster() for job in jobs))


def _check_has_database(invocation: Invocation, what: str) -> None:
    job = invocation.jobs[0]
    if job.database is None:
        raise UsageError(
            f"{what} needs ledgers that all machines see, and those of {job.file} are files (store). "
            "Type --store postgresql://host/db, or write it in the job file, above the first table: "
            'store = "postgresql://host/db"'
        )


def followed(invocation: Invocation, *, yes: bool) -> "AllResults":
    """Hand the accounts over, follow them to their end, and return what that came to."""
    if not _is_wanted(invocation, yes=yes):
        raise SignalledError(ExitStatus.INTERRUPTED, "Nothing was handed over.")
    return awaited(_followed(invocation))


def _is_wanted(invocation: Invocation, *, yes: bool) -> bool:
    """Ask on a terminal where accounts may file their first records, since workers ask nobody."""
    from bulk_onboard.api.address import is_loopback

    jobs = invocation.jobs
    host = urlsplit(jobs[0].base_url).hostname or ""
    if yes or not can_ask() or is_loopback(host) or all(job.ledger_state(is_needed=False).tried for job in jobs):
        return True
    accounts = format_count(len(jobs), "account")
    return is_wanted(f"This hands {accounts} over to workers, which send at {host} whatever is due. Go on?", yes=False)


async def _followed(invocation: Invocation) -> "AllResults":
    from bulk_onboard.cluster import rules
    from bulk_onboard.cluster.client import follow, hand_over, results_of
    from bulk_onboard.cluster.engine import opened
    from bulk_onboard.cluster.tasks import Tasks
    from bulk_onboard.job import whole_job
    from bulk_onboard.pipeline.progress import Progress
    from bulk_onboard.pipeline.stop import Stop

    jobs, clock, commands = invocation.jobs, invocation.clock(), whole_job(invocation.jobs)
    progress = {job.account: Progress() for job in jobs}
    async with opened(_database(invocation)) as engine:
        tasks = Tasks(engine)
        handed = await hand_over(tasks, jobs, invocation.flags, rules.TIMES)
        for sentence in () if invocation.quiet else _about(handed, _database(invocation)):
            tell(sentence)
        stop = Stop()
        _heed_end_of_following(stop)
        with invocation.showing(*progress.values()):
            ended = await follow(
                tasks,
                jobs,
                progress=progress,
                clock=clock,
                stop=stop,
                times=rules.TIMES,
                tell=tell,
                how_to_go_on=f"The accounts stay with the workers. To follow them again, type: {commands.again()}\n"
                f"To stop them, type: {commands.stop()}",
            )
            return await results_of(jobs, ended, progress=progress, clock=clock)


def _database(invocation: Invocation) -> str:
    return invocation.jobs[0].database or ""


def _heed_end_of_following(stop: "Stop") -> None:
    """Let any signal end the following, and nothing else."""
    import asyncio

    for number in signals_to_heed():
        asyncio.get_running_loop().add_signal_handler(number, stop.request, number)


def _about(handed: "HandedOver", address: str) -> Iterator[str]:
    """Yield what is to be said of handing over."""
    from bulk_onboard.model.command import start_worker

    if handed.anew:
        yield f"Handed over to workers: {_named(handed.anew)}."
    if handed.there:
        yield f"With workers already, and only followed: {_named(handed.there)}."
    if handed.ending:
        yield (
            f"To be stopped, as somebody asked, so followed until then: {_named(handed.ending)}. To go on, type this "
            "again when that is done."
        )
    if handed.otherwise:
        yield (
            f"Handed over with other flags than were typed now, and going on with those: {_named(handed.otherwise)}. "
            "To change them, stop first."
        )
    if not handed.workers:
        yield f"No worker is alive, so they wait for one. To start one, type: {start_worker(address)}"


def _named(accounts: Sequence[str]) -> str:
    return format_list(accounts, at_most=NAMED_AT_MOST) if any(accounts) else "the job"


# To stop.


def stop(invocation: Invocation) -> Output:
    """Stop accounts that were handed over with run --cluster.

    Those that wait are taken back. Those that run let calls in flight finish and end, and are not tried again. To go on
    with them, hand them over again.
    """
    _check_has_database(invocation, "stop")
    return awaited(_stop(invocation))


async def _stop(invocation: Invocation) -> Output:
    from bulk_onboard.cluster.engine import opened
    from bulk_onboard.cluster.tasks import Tasks
    from bulk_onboard.job import whole_job

    names = {job.name_in_store: job.account for job in invocation.jobs}
    async with opened(_database(invocation)) as engine:
        stopped = await Tasks(engine).stop(names)
    taken_back = [names[name] for name, task in stopped.items() if task.is_over]
    ending = [names[name] for name, task in stopped.items() if not task.is_over]
    idle = [account for name, account in names.items() if name not in stopped]
    sentences = [
        *([f"Taken back before a worker ran it: {_named(taken_back)}."] if taken_back else []),
        *([f"Ending, with calls in flight finished first: {_named(ending)}."] if ending else []),
        *([f"Not with workers: {_named(idle)}."] if idle else []),
        f"To see where they are, type: {whole_job(invocation.jobs).status()}",
    ]

    def show(stream: TextIO) -> None:
        for sentence in sentences:
            print(sentence, file=stream)

    return Output(ExitStatus.DONE, {"taken_back": taken_back, "ending": ending, "idle": idle}, show)


# What `status` says of it.


def data_of(place: "Place") -> dict[str, Any]:
    """Return what `--json` prints of who works at an account."""
    task, owner = place.task, place.owner
    return {
        "task": task
        and {
            "status": task.status.value,
            "machine": task.machine,
            "is_silent": place.is_silent,
            "tries": task.tries,
            "in_vain": task.in_vain,
            "again_at": task.again_at and task.again_at.astimezone(UTC).isoformat(timespec="seconds"),
            "last_exit_status": task.exit_status and int(task.exit_status),
            "why": task.sentence,
        },
        "lease": owner
        and {
            "machine": f"{owner.host}:{owner.pid}",
            "until": datetime.fromtimestamp(owner.until, UTC).isoformat(timespec="seconds"),
        },
    }


def places_of_all(jobs: "Sequence[Job]") -> "Mapping[str, Place]":
    """Return by account who works at it; nothing where ledgers are files."""
    if jobs[0].database is None:
        return {}
    from bulk_onboard.cluster.tasks import places_of

    names = {job.name_in_store: job.account for job in jobs}
    return {names[name]: place for name, place in places_of(jobs[0].database, list(names)).items()}


def at_work(place: "Place | None", now: datetime, zone: tzinfo | None) -> Iterator[str]:
    """Yield who works at an account, in a few words each; nothing where nobody does and it was never handed over."""
    if place is None:
        return
    task, owner = place.task, place.owner
    if task is not None:
        yield _of_task(task, now, zone, is_silent=place.is_silent)
    if owner is not None:
        until = datetime.fromtimestamp(owner.until, UTC).astimezone(zone)
        is_workers = task is not None and task.machine == f"{owner.host}:{owner.pid}"
        whose = "" if is_workers else f"in use on {owner.host}:{owner.pid}, "
        yield f"{whose}lease until {until:%H:%M:%S}"


def _of_task(task: "Task", now: datetime, zone: tzinfo | None, *, is_silent: bool) -> str:
    from bulk_onboard.cluster.tasks import Status

    if task.status is Status.RUNNING:
        where = f"with {task.machine}, which gives no sign of life" if is_silent else f"running on {task.machine}"
        return where + (", to be stopped" if task.is_to_stop else "")
    if task.status is Status.WAITING:
        return "waiting for a worker"
    if task.again_at is not None:
        return f"to be tried again at {format_clock(task.again_at.astimezone(zone), now)}"
    return task.status.value


def why_ended(places: "Mapping[str, Place]") -> Iterator[str]:
    """Yield what ended tasks before their end, or the last try of those that are to be tried again later.

    Of one that runs, or was handed back by its worker, the end of the try before is of no interest any more.
    """
    from bulk_onboard.cluster.tasks import Status
    from bulk_onboard.reporting.console_accounts import in_words

    told = {
        account: its.sentence
        for account, place in places.items()
        if (its := place.task) and its.sentence and its.status not in (Status.WAITING, Status.RUNNING)
    }
    yield from in_words(told.items()) if any(told) else told.values()
