"""`run` and `resume`."""

import os
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar
from urllib.parse import urlsplit

import typer

from bulk_onboard.cli.accounts import in_few_words
from bulk_onboard.cli.cluster import followed, in_cluster
from bulk_onboard.cli.fix import offer_merge
from bulk_onboard.cli.output import YES, Output, awaited, can_ask, is_wanted, tell, warn_of_callback_url
from bulk_onboard.cli.process import heed_signals
from bulk_onboard.cli.verb import Invocation, tell_if_report_is_open
from bulk_onboard.errors import (
    FINISHED,
    TO_BE_CONTINUED,
    ExitStatus,
    LockedError,
    SignalledError,
    StoppedError,
    UsageError,
)
from bulk_onboard.settings import SAFE_SETTLE_S
from bulk_onboard.units import format_estimate, format_size

if TYPE_CHECKING:
    from bulk_onboard.api.credentials import Credentials
    from bulk_onboard.clock import Clock
    from bulk_onboard.job import Job
    from bulk_onboard.pipeline.accounts import AllResults
    from bulk_onboard.pipeline.finish import RunResult
    from bulk_onboard.pipeline.meeting import Confirm, FirstFiling
    from bulk_onboard.pipeline.progress import Progress
    from bulk_onboard.pipeline.stop import Stop
    from bulk_onboard.pipeline.sums import Sums
    from bulk_onboard.reporting.console import Closing
    from bulk_onboard.reporting.console_accounts import Standing

_T = TypeVar("_T")


_PROXY = "The command to type next leaves out --proxy, since its address may hold a password. Add it again."


_CLUSTER = Annotated[bool, typer.Option("--cluster", help="Hand the accounts over to workers, and follow them.")]


def run(invocation: Invocation, yes: YES = False, cluster: _CLUSTER = False) -> Output:
    """Check every row, then send what is due.

    Run again to continue; nothing is sent twice. The first Ctrl-C lets calls in flight finish and writes the report;
    the second quits at once, which is safe. On a terminal it asks before the job files its first records.

    With --cluster it sends nothing itself: each account is handed over once, however often that is typed, and is run by
    a worker on whichever machine. Ctrl-C then ends the following alone.
    """
    if cluster:
        invocation = in_cluster(invocation)
    return _run(invocation, yes=yes)


def resume(invocation: Invocation, yes: YES = False) -> Output:
    """Finish the rows a run took in; take in no new ones."""
    from bulk_onboard.job import whole_job

    jobs = invocation.jobs
    may_be_idle = any(job.missing_workbook == "ok" and not os.path.lexists(job.workbook) for job in jobs)
    if not may_be_idle and not any(job.store.exists() for job in jobs):
        if (left := jobs[0].left_in_file()) is not None:
            raise left
        begin = f"so nothing was begun. To begin, type: {whole_job(jobs).run()}"
        if len(jobs) == 1:
            raise UsageError(f"There is no ledger {jobs[0].store.name}, {begin}")
        raise UsageError(f"No account of {jobs[0].file} has a ledger, {begin}")
    resumed = (
        replace(job, admit_new_rows=False, commands=replace(job.commands, verb="resume")) for job in invocation.jobs
    )
    return _run(replace(invocation, jobs=tuple(resumed)), yes=yes)


def _run(invocation: Invocation, *, yes: bool) -> Output:
    jobs = invocation.jobs
    _warn_of_short_window(jobs)
    for callback_url in dict.fromkeys(job.callback_url for job in jobs if job.callback_url):
        warn_of_callback_url(callback_url)
    _mind_other_ledger(invocation)
    for job in jobs:
        tell_if_report_is_open(job.report)
    if len(jobs) > 1:
        tell_if_report_is_open(jobs[0].report_over_all)
    if (merged := offer_merge(invocation)) is not None:
        return merged
    if jobs[0].commands.in_cluster:
        made = followed(invocation, yes=yes)
        return _about_one(invocation, made.results[0]) if len(jobs) == 1 else _about_all(invocation, made)
    return _run_one(invocation, yes=yes) if len(jobs) == 1 else _run_all(invocation, yes=yes)


# One account.


def _run_one(invocation: Invocation, *, yes: bool) -> Output:
    from bulk_onboard.pipeline.run import run_job

    job = invocation.job

    def begin(running: _Running) -> "Coroutine[Any, Any, RunResult]":
        return run_job(
            job,
            credentials=running.credentials[job.account],
            clock=running.clock,
            stop=running.stop,
            progress=running.progress[job.account],
            say=running.say,
            confirm=running.confirm,
        )

    return _about_one(invocation, awaited(_running(invocation, begin, yes=yes)))


def _about_one(invocation: Invocation, result: "RunResult") -> Output:
    """Answer with what the run of a job, or of one of its accounts, came to."""
    from bulk_onboard.reporting.console import Closing, print_run, print_summary

    job = invocation.job

    def show(stream: TextIO) -> None:
        if not result.run_id:
            return
        if invocation.quiet:
            print_summary(result, stream)
            return
        files = (("Workbook", _matched_workbook(job)), ("Report", result.report), ("Marked copy", result.annotated))
        closing = Closing(
            title=_how_it_ended(result.exit_status),
            overview=result.overview,
            sent=result.sent,
            adopted=result.adopted,
            updated=result.requests.get("update done", 0),
            duplicates=len(result.duplicates) if result.audited else None,
            audit=result.audit,
            files=tuple((name, path) for name, path in files if path is not None),
        )
        print_run(closing, result, stream, next_command=result.next)

    error = (str(result.error),) if result.error else ()
    return Output(result.exit_status, result.data(), show, (*result.warnings, *error, *_without_proxy(invocation)))


def _without_proxy(invocation: Invocation) -> tuple[str, ...]:
    return (_PROXY,) if "proxy" in invocation.jobs[0].commands.flags else ()


# Several accounts.


def _run_all(invocation: Invocation, *, yes: bool) -> Output:
    from bulk_onboard.pipeline.accounts import run_jobs

    def begin(running: _Running) -> "Coroutine[Any, Any, AllResults]":
        return run_jobs(
            invocation.jobs,
            credentials=running.credentials,
            clock=running.clock,
            stop=running.stop,
            progress=running.progress,
            say=running.say,
            confirm=running.confirm,
        )

    return _about_all(invocation, awaited(_running(invocation, begin, yes=yes)))


def _about_all(invocation: Invocation, made: "AllResults") -> Output:
    """Answer with what the runs of a job's accounts came to."""
    from bulk_onboard.pipeline.sums import data_of, sums_of
    from bulk_onboard.reporting.console import print_summary
    from bulk_onboard.reporting.console_accounts import in_words, print_run_of_all

    sums, begun = sums_of(made), any(result.run_id for result in made.results)
    troubles = {result.account: result.error for result in made.results if result.error}
    in_use = [name for name, error in troubles.items() if isinstance(error, LockedError)]
    sentences = {name: str(error) for name, error in troubles.items()}

    def show(stream: TextIO) -> None:
        if begun and invocation.quiet:
            print_summary(sums, stream)
        elif begun:
            standings = [*map(_standing, made.results), *_standing_of_no_account(made)]
            print_run_of_all(_closing(made, sums), sums, standings, sentences, stream, next_command=made.next)

    is_told = begun and not (invocation.quiet or invocation.as_json)  # what ended an account, below its line
    notes = {} if is_told else sentences
    warnings = in_words((result.account, each) for result in made.results for each in result.warnings)
    others = in_words((name, sentence) for name, sentence in notes.items() if name not in in_use)
    return Output(
        made.exit_status,
        data_of(made, sums),
        show,
        (*([str(made.error)] if made.error else []), *made.warnings, *warnings, *others, *_without_proxy(invocation)),
        tuple(in_words((name, sentence) for name, sentence in notes.items() if name in in_use)),
    )


def _closing(made: "AllResults", sums: "Sums") -> "Closing":
    from bulk_onboard.reporting.console import Closing

    copies = dict.fromkeys((*made.annotated, *(result.annotated for result in made.results if result.annotated)))
    files = (
        *(("Report", path) for path in list(made.reports.values())[:1]),
        *(("Marked copy", path) for path in copies),
    )
    return Closing(
        title=_how_all_ended(made),
        overview=sums.overview,
        sent=sums.sent,
        adopted=sums.adopted,
        updated=sums.requests.get("update done", 0),
        duplicates=sums.duplicates if sums.audited else None,
        audit=_audit(made, sums),
        files=files,
    )


def _audit(made: "AllResults", sums: "Sums") -> str:
    """Return how the accounts were looked through for duplicates, or why they were not."""
    if sums.audited and sums.sent:
        return "every account was checked"
    words = {result.audit for result in made.results}
    return words.pop() if len(words) == 1 else "" if sums.audited else "not looked for in every account"


def _how_all_ended(made: "AllResults") -> str:
    """Return the title of the box: how many accounts finished, where not all did."""
    finished = sum(result.exit_status in FINISHED for result in made.results)
    if finished == len(made.results):
        return _how_it_ended(made.exit_status)
    again = "; run again to continue" if any(each.exit_status in TO_BE_CONTINUED for each in made.results) else ""
    return f"{finished:,} of {len(made.results):,} accounts finished{again}"


def _standing(result: "RunResult") -> "Standing":
    from bulk_onboard.reporting.console_accounts import Standing

    is_ended = result.exit_status not in FINISHED
    how = in_few_words(result.exit_status) if is_ended else "" if result.run_id else "nothing to do"
    return Standing(
        result.account,
        result.counts["rows"],
        result.overview.figures,
        sent=result.sent,
        how=how,
        is_ended=is_ended,
    )


def _standing_of_no_account(made: "AllResults") -> "Iterator[Standing]":
    """Yield the line of the rows that are no account's, where there are any."""
    from bulk_onboard.model.account import NO_ACCOUNT
    from bulk_onboard.reporting.console_accounts import Standing
    from bulk_onboard.reporting.figures import Figures
    from bulk_onboard.reporting.over_all import counts_of_no_account

    if rows := counts_of_no_account(made.unassigned)["rows"]:
        yield Standing(NO_ACCOUNT, rows, Figures(needs_us=rows))


# Both.


@dataclass(frozen=True, slots=True)
class _Running:
    """What a run is given: what stops it, where it says how far it is, and how it asks and speaks."""

    clock: "Clock"
    stop: "Stop"
    credentials: "Mapping[str, Credentials]"
    progress: "Mapping[str, Progress]"
    say: Callable[[str], None]
    confirm: "Confirm | None"


async def _running(invocation: Invocation, begin: "Callable[[_Running], Coroutine[Any, Any, _T]]", *, yes: bool) -> _T:
    """Carry out a run while its progress is shown and signals are heeded; return what it comes to."""
    from bulk_onboard.pipeline.progress import Progress
    from bulk_onboard.pipeline.stop import Stop, status_of

    stop = Stop()
    heed_signals(stop)
    credentials = invocation.credentials_of_all()
    progress = {job.account: Progress() for job in invocation.jobs}
    asks = not yes and can_ask() and not all(map(_is_here, invocation.jobs))
    with invocation.showing(*progress.values()) as hidden:

        def confirm(filing: "FirstFiling") -> bool:
            with hidden():
                return _is_confirmed(filing)

        work = begin(
            _Running(invocation.clock(), stop, credentials, progress, invocation.say, confirm if asks else None)
        )
        try:
            return await work
        except StoppedError:
            if isinstance(stop.cause, signal.Signals):
                raise SignalledError(status_of(stop.cause)) from None
            raise


def _is_here(job: "Job") -> bool:
    """Return whether the API is on this machine, such as the sandbox."""
    from bulk_onboard.api.address import is_loopback

    return is_loopback(urlsplit(job.base_url).hostname or "")


def _is_confirmed(filing: "FirstFiling") -> bool:
    """Ask whether to file the first records of a job; return whether the answer was yes."""
    host = urlsplit(filing.base_url).hostname
    takes = "" if filing.takes_s is None else f", which takes about {format_estimate(filing.takes_s)}"
    noun = "1 business" if filing.rows == 1 else f"{filing.rows:,} businesses"
    masked = [f"{auth_id[:2]}…{auth_id[-2:]}" for auth_id in filing.auth_ids]
    accounts = f"account {masked[0]}" if len(masked) == 1 else f"{len(masked)} accounts"
    question = f"This files {noun} at {host} as {accounts}, with {format_size(filing.size)} of documents{takes}. Go on?"
    heeded = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # so that Ctrl-C answers no
    try:
        return is_wanted(question, yes=False)
    finally:
        signal.signal(signal.SIGINT, heeded)


def _how_it_ended(exit_status: ExitStatus) -> str:
    """Return the title of the box at the end of a run."""
    if exit_status in TO_BE_CONTINUED:
        return "Not finished; run again to continue"
    return {
        ExitStatus.DONE: "Finished",
        ExitStatus.ROWS_NEED_ATTENTION: "Finished; some rows need attention",
        ExitStatus.REPORT: "Finished, but the report could not be written",
    }.get(exit_status, "Stopped")


def _matched_workbook(job: "Job") -> Path | None:
    """Return the workbook that a pattern in the job matched; None where the job names the workbook itself."""
    return job.workbook if job.workbook_pattern and job.workbook != job.workbook_pattern else None


def _warn_of_short_window(jobs: "Sequence[Job]") -> None:
    """Warn of a settle window that is too short for a server on another machine.

    See docs/design/settling.md, Settle window.
    """
    short = [job for job in jobs if job.settle < SAFE_SETTLE_S and not _is_here(job)]
    for job in short[:1]:
        tell(
            f"A settle window of {job.settle:g} s is short: a record that shows later than that is created again. "
            "Keep the default of 90 s unless the API's vendor says otherwise."
        )


def _mind_other_ledger(invocation: Invocation) -> None:
    """Warn where a job file beside a bare workbook names it too, and has another ledger for the same rows.

    Raises:
        UsageError: that ledger has runs, and this one would be begun; a row that was fixed since could be sent twice.
    """
    from bulk_onboard.job import job_file_of
    from bulk_onboard.pipeline.kept_flags import commands_instead

    job = invocation.jobs[0]
    if (other := job_file_of(job)) is None:
        return
    command = commands_instead(job, other).run()
    named = f"{other.file} names this workbook, too, and has its own ledger, {other.store.name}"
    if other.store.exists() and not job.store.exists() and not invocation.flags.get("ledger"):
        raise UsageError(
            f"{named}, so nothing was sent. To send these rows as another job all the same, name a ledger for it "
            f"(--ledger). To go on with that job, type: {command}"
        )
    tell(f"{named}; this run uses {job.store.name}. If you mean that job, stop this run and type: {command}")
