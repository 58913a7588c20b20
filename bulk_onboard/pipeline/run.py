"""Run a job: compare workbook, ledger and API, and do what is due (design.md 1). Running again is how one continues."""

import asyncio
import getpass
import hashlib
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import bulk_onboard
from bulk_onboard import errors, log
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, ExitStatus, first_that_holds
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import LedgerJournal
from bulk_onboard.model import entry as entries
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ListPage
from bulk_onboard.model.finding import Finding, Severity
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.outcome import Done, Withheld
from bulk_onboard.model.plan import Action, Decision, Plan
from bulk_onboard.model.record import Review, State
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.sheet import document_column
from bulk_onboard.pipeline.connection import Connection, connect
from bulk_onboard.pipeline.halting import status_of, why_stopped
from bulk_onboard.pipeline.judging import Judgement, judge, read_job_sheet
from bulk_onboard.pipeline.report import write_job_report
from bulk_onboard.pipeline.requirements import requirements_for
from bulk_onboard.planning import make_plan
from bulk_onboard.report.summary import counts, reviews
from bulk_onboard.submission.runner import Progress, Runner
from bulk_onboard.submission.stop import Stop
from bulk_onboard.submission.sweep import UNSENT, sweep

UNFINISHED = frozenset({State.PENDING, State.SENDING, State.DEFERRED, State.UNCERTAIN})
WANT_A_PERSON = frozenset({State.REFUSED, State.HELD})
REVIEWS_WANT_A_PERSON = frozenset({Review.REJECTED, Review.MORE_INFO})


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to; the keys of `--json` (design.md 7).

    Attributes:
        error: what stopped it, for people; None when it finished or was stopped by a signal.
        report: where the report was written; None when it could not be.
        warnings: sentences that a person should see all the same.
    """

    run_id: str
    exit_status: ExitStatus
    counts: dict[str, int]
    reviews: dict[str, int]
    requests: dict[str, int]
    ledger: Path
    report: Path | None
    error: BulkOnboardError | None
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Running:
    """A run under way, for whoever shows its progress; `note` says why it waits."""

    progress: Progress
    books: Books
    note: Callable[[], str]


async def run_job(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    watch: Callable[[Running], None] = lambda running: None,
) -> RunResult:
    """Read and judge every row, then settle and create what is due, then write the report.

    Raises:
        BulkOnboardError: nothing could be begun; whatever stops it later is in the result.
    """
    sheet = await read_job_sheet(job)
    requests: Counter[str] = Counter()
    open_ledger = partial(
        LedgerJournal.open, job.ledger, job=job.name, auth_id=credentials.auth_id, base_url=job.base_url, clock=clock
    )
    with ExitStack() as stack:
        # A new ledger is bound to its account for ever, so it is made once the account has answered; one that is there
        # is opened first, since what is wrong with it is to be told before anything goes out.
        journal = stack.enter_context(open_ledger()) if job.ledger.exists() else None
        ask = partial(requirements_for, job, credentials=credentials, clock=clock, stop=stop, requests=requests)
        judgement = await judge(job, sheet, ask)
        journal = journal or stack.enter_context(open_ledger())
        async with connect(job, credentials, clock=clock, stop=stop, journal=journal, requests=requests) as connection:
            run = Run(job, credentials.auth_id, journal, connection, judgement, clock, stop, requests)
            await run.begin()
            await run.submit(watch)
        return await run.end((*journal.warnings, *(unsaved(token, found) for token, found in journal.unsaved)))


def unsaved(token: str, compliance_id: str) -> str:
    """What a person should note down where the disk did not take it."""
    return f"Not in the ledger: record {token} is {compliance_id} at the API. The next run finds it there."


@dataclass(slots=True)
class Run:
    """One execution, from its first ledger entry to its last."""

    job: Job
    auth_id: str
    journal: Journal
    connection: Connection
    judgement: Judgement
    clock: Clock
    stop: Stop
    requests: Counter[str]
    run_id: str = field(default_factory=lambda: secrets.token_hex(4))
    due: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)

    def plan(self) -> Plan:
        """What is due now, by what the ledger says now."""
        return make_plan(
            self.judgement.rows,
            books=self.journal.books,
            auth_id=self.auth_id,
            quota=self.job.quota,
            admit_new_rows=self.job.admit_new_rows,
            limit=self.job.limit,
        )

    async def begin(self) -> None:
        """Write down that a run begins, and which rows findings keep out."""
        await self.journal.append(
            entries.RunStarted(
                run_id=self.run_id,
                user=getpass.getuser(),
                host=socket.gethostname(),
                version=bulk_onboard.__version__,
                workbook=self.judgement.sheet.sha256,
                job=self.job.sha256,
                requirements=digest_of(self.judgement.book),
                quota=str(self.job.quota or "none"),
                settle=0.0,
            )
        )
        log.logger().info("run started", run_id=self.run_id, version=bulk_onboard.__version__)
        await asyncio.gather(*map(self.journal.append, invalid_rows(self.plan(), self.journal.books)))

    async def submit(self, watch: Callable[[Running], None]) -> None:
        """Adopt what the account has already, then settle and create until all is done or the run is to stop."""
        if not await self._knows_the_account():
            return
        plan = self.plan()
        runner = Runner(self.connection.gateway, self.journal, self.stop, self.job.concurrency)
        self.due = frozenset(d.identity.token for d in plan.decisions if d.identity and d.action is not Action.NOTHING)
        watch(Running(runner.progress, self.journal.books, lambda: self.connection.pacer.reason))
        await runner.run(plan)
        self.findings += [self._finding(decision, outcome) for decision, outcome in runner.withheld]

    def _finding(self, decision: Decision, outcome: Withheld) -> Finding:
        row, column = decision.judged.row, document_column(outcome.document_type)
        header = self.judgement.columns.header(column)
        return Finding(outcome.code, row.sheet, row.number, column=header, seen=row.cell(column))

    async def _knows_the_account(self) -> bool:
        """Sweep the account in a job's first run; in later ones a page shows that credentials and address hold."""
        plan = self.plan()
        try:
            if not self.journal.books.swept:
                identities = [d.identity for d in plan.decisions if d.identity]
                ready = await sweep(self.connection.gateway, self.journal, identities)
            elif plan.due(Action.CREATE) or plan.due(Action.SETTLE):
                ready = isinstance(await self.connection.gateway.send(ListPage(limit=1)), Done)
            else:
                return True
        except errors.StoppedError as stopped:
            self.stop.request(stopped)
            return False
        if not ready:
            self.stop.request(errors.StoppedError("The API's list of records could not be read. Run again later."))
        return ready

    async def end(self, warnings: Iterable[str]) -> RunResult:
        """Write down how it ended, write the report, and sum up."""
        decisions = self.plan().decisions
        books = self.journal.books
        begun = self.requests["create done"] > 0
        error = why_stopped(self.stop.cause, base_url=self.job.base_url, sent_before=begun)
        statuses = [status_of(error or self.stop.cause), self._status_of_rows(decisions)]
        result = RunResult(
            run_id=self.run_id,
            exit_status=first_that_holds(*statuses),
            counts=counts(decisions, books),
            reviews=reviews(decisions, books),
            requests=dict(sorted(self.requests.items())),
            ledger=self.job.ledger,
            report=None,
            error=error,
            warnings=tuple(warnings),
        )
        for finish in (self._write_end, partial(self._write_report, decisions)):
            try:
                result = await finish(result)
            except BulkOnboardError as trouble:
                status = first_that_holds(result.exit_status, trouble.exit_status)
                result = replace(result, exit_status=status, error=result.error or trouble)
        return result

    async def _write_end(self, result: RunResult) -> RunResult:
        log.logger().info("run ended", run_id=self.run_id, exit_status=int(result.exit_status))
        await self.journal.append(
            entries.RunEnded(
                run_id=self.run_id,
                exit_status=result.exit_status,
                counts=result.counts,
                requests=result.requests,
            )
        )
        return result

    async def _write_report(self, decisions: Sequence[Decision], result: RunResult) -> RunResult:
        path = await asyncio.to_thread(
            write_job_report,
            self.job,
            decisions,
            self.journal.books,
            findings=(*self.judgement.sheet_findings, *self.findings),
            requirements=self.judgement.book,
            now=self.clock.now(),
            run_id=self.run_id,
            stopped=str(result.error or ""),
        )
        return replace(result, report=path)

    def _status_of_rows(self, decisions: Iterable[Decision]) -> ExitStatus:
        """Unfinished rows mean that the run stopped early; errors, refused and held ones that a person is wanted."""
        records = self.journal.books.records
        withheld = {finding.row for finding in self.findings}
        statuses = [ExitStatus.DONE]
        for decision in decisions:
            record = records.get(decision.identity.token) if decision.identity else None
            if decision.judged.has_errors or decision.judged.row.number in withheld:
                statuses.append(ExitStatus.ROWS_NEED_A_PERSON)
            elif record and record.state in UNFINISHED and record.token in self.due:
                statuses.append(ExitStatus.STOPPED)
            elif record and (record.state in WANT_A_PERSON or record.review in REVIEWS_WANT_A_PERSON):
                statuses.append(ExitStatus.ROWS_NEED_A_PERSON)
        return first_that_holds(*statuses)


def invalid_rows(plan: Plan, books: Books) -> Iterable[entries.RowInvalid]:
    """Entries for the rows that findings keep out, where the ledger does not say so already."""
    told: set[str] = set()
    for decision in plan.decisions:
        judged, identity = decision.judged, decision.identity
        if identity is None or not judged.has_errors or identity.token in told:
            continue
        told.add(identity.token)
        codes = tuple(dict.fromkeys(f.code for f in judged.findings if f.severity is Severity.ERROR))
        record = books.record(identity.token)
        if record.state in UNSENT and (record.state is not State.INVALID or record.code != ", ".join(codes)):
            yield entries.RowInvalid(token=identity.token, key=identity.user_key, codes=codes)


def digest_of(book: RequirementsBook) -> str:
    """SHA-256 of what was required, so that a change of the requirements between runs shows."""
    return hashlib.sha256(repr(sorted(book.offered.items())).encode()).hexdigest()
