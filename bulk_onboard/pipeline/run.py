"""Run a job: compare workbook, ledger and API, and do what is due.

Running again is how one continues.

`run_job` is a run from start to end: read and judge the rows, open the ledger, connect, write down that the run begins,
reconcile the ledger with the account, send what is due, wait for reviews, audit, write the report.

See docs/design/promise.md, What is promised.
"""

import hashlib
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import bulk_onboard
from bulk_onboard import errors, log
from bulk_onboard.api.address import check_address
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.gate import Gate
from bulk_onboard.clock import Clock
from bulk_onboard.frames import Frame
from bulk_onboard.job import Job
from bulk_onboard.ledger.codec import LineError
from bulk_onboard.ledger.lock import user_name
from bulk_onboard.model import entry as entries
from bulk_onboard.model.catalogue import OLDER_CONTENT, RENUMBERED, Severity
from bulk_onboard.model.entry import Op
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import Journal, LedgerState
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.plan import Action, Plan
from bulk_onboard.model.record import EDITABLE, NOT_FILED, Record, State
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import notable_in
from bulk_onboard.model.sheet import BO_KEY, KEY, Sheet, document_column
from bulk_onboard.pipeline.connection import connect, owned
from bulk_onboard.pipeline.context import RowEvent, RunContext
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.finish import RunResult, finish, nothing_to_do
from bulk_onboard.pipeline.forecast import seconds_left, tokens_due, write_plan
from bulk_onboard.pipeline.judge import Judgement, check_contract, judge, judge_nothing
from bulk_onboard.pipeline.kept_flags import to_keep
from bulk_onboard.pipeline.meeting import Confirm, Meeting, Ready
from bulk_onboard.pipeline.others import OtherLedgers
from bulk_onboard.pipeline.preflight import check_free_space, wait_until_written
from bulk_onboard.pipeline.progress import (
    FETCHING_REVIEWS,
    LOOKING_FOR_DUPLICATES,
    READING_WORKBOOK,
    WAITING_FOR_OTHERS,
    WAITING_FOR_WORKBOOK,
    Progress,
    UsageLog,
)
from bulk_onboard.pipeline.reconcile import reconcile, wait_for_reviews
from bulk_onboard.pipeline.requirements import live_requirements
from bulk_onboard.pipeline.reviews import ENTRIES_AT_A_TIME
from bulk_onboard.pipeline.runner import Runner
from bulk_onboard.pipeline.sheets import Sheets, read_sheets
from bulk_onboard.pipeline.stop import Stop, stopping_after
from bulk_onboard.pipeline.walk import DuplicateRecords, find_duplicates, walk
from bulk_onboard.threads import in_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the run of an account has in common with those of the job's other accounts.

    Attributes:
        sheet: the rows of this account; None where there is no workbook, which the job allows.
        gate: what bounds the calls in flight of all.
        meeting: where they wait for each other once their rows are judged.
        others: the ledgers that rows are held against, each read once.
        twice: by row number, another account that has a row of the same business.
    """

    sheet: Sheet | None
    gate: Gate
    meeting: Meeting
    others: OtherLedgers = field(default_factory=OtherLedgers)
    twice: Mapping[int, str] = field(default_factory=dict)


async def run_job(
    job: Job,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    progress: Progress | None = None,
    watch: Callable[[Progress], None] = lambda progress: None,
    say: Callable[[str], None] = lambda sentence: None,
    confirm: Confirm | None = None,
    frame: Frame | None = None,
    shared: Shared | None = None,
) -> RunResult:
    """Read and judge every row, send what is due, and write the report.

    Args:
        progress: where the run says what it does and how far it is, from its first moment on.
        watch: called once with that, when the run has begun.
        say: called with a sentence where the run waits before it begins.
        confirm: asked before the job files its first records, once the rows are judged and before anything is written;
            return whether to go on. None goes on.
        frame: in place of the job's workbook, which then need not be there.
        shared: what all accounts of the job have in common; then `confirm`, `frame`, `say` and the job's `stop_after`
            are theirs. None for a run alone.

    Returns:
        What the run came to, also where something stopped it once it had begun.

    Raises:
        SignalledError: `confirm` said no.
        BulkOnboardError: nothing could be begun.
    """
    called_at = clock.monotonic()
    check_address(job.base_url, trust_host=job.trust_host)
    requests: Counter[str] = Counter()
    progress, usage = progress or Progress(), UsageLog(requests, clock)
    stop_after = None if shared else job.stop_after  # which is about all accounts together
    async with AsyncExitStack() as locked:
        locked.enter_context(stopping_after(stop_after, clock=clock, stop=stop))
        if shared is None:
            sheets = await read_when_written(job, frame, clock=clock, stop=stop, progress=progress, say=say)
            shared = Shared(
                sheet=sheets.of(job),
                gate=Gate(job.uploads),
                meeting=Meeting([job.account], confirm=confirm, clock=clock, stop=stop),
                twice=sheets.twice_of(job),
            )
        sheet, has_ledger = shared.sheet, await in_thread(job.store.exists)
        opened = partial(owned, job, credentials, clock=clock, stop=stop, progress=progress)
        if not has_ledger and (left := job.left_in_file()):
            raise left
        if sheet is None and not has_ledger:
            return nothing_to_do(job, judge_nothing(job))
        check_free_space(job, sheet.height if sheet else 0)
        # A new ledger is bound to its account for ever, so it is made once the account has answered. One that is there
        # is opened first: what is wrong with it should show before anything goes out.
        journal = await locked.enter_async_context(opened()) if has_ledger else None
        async with connect(
            job,
            credentials,
            clock=clock,
            stop=stop,
            gate=shared.gate,
            journal=journal,
            requests=requests,
            note_request=usage.note_request,
        ) as connection:
            progress.flow = connection.flow
            ask = partial(live_requirements, connection.gateway, job=job, stop=stop)
            judgement = judge_nothing(job)
            if sheet is not None:
                judgement = await judge(
                    job,
                    sheet,
                    ask,
                    progress,
                    others=shared.others,
                    twice=shared.twice,
                    auth_id=credentials.auth_id,
                )
            ledger_state = journal.ledger_state if journal else LedgerState()
            with progress.doing(WAITING_FOR_OTHERS):
                await shared.meeting.come(Ready(job, credentials.auth_id, judgement, ledger_state))
            if journal is None:  # somebody may have made one since
                journal = await locked.enter_async_context(opened())
                connection.bind(journal)
            check_contract(job, journal.ledger_state, judgement.book)
            run = Run(
                job=job,
                auth_id=credentials.auth_id,
                journal=journal,
                connection=connection,
                judgement=judgement,
                clock=clock,
                stop=stop,
                requests=requests,
                progress=progress,
                usage=usage,
                scope=job.scope,
                began_at=called_at if journal.is_new else journal.locked_at,
            )
            check_keys(journal.ledger_state, judgement)
            await begin(run)
            watch(progress)
            await carry_out(run)
            stop.complete()
        return await finish(run)


async def read_when_written(
    job: Job,
    frame: Frame | None,
    *,
    clock: Clock,
    stop: Stop,
    progress: Progress,
    say: Callable[[str], None],
) -> Sheets:
    """Read the job's sheet once the workbook is fully written, or take the frame in its place."""
    if frame is None:
        with progress.doing(WAITING_FOR_WORKBOOK):
            await wait_until_written(job.workbook, clock=clock, stop=stop, say=say)
    with progress.doing(READING_WORKBOOK):
        return await read_sheets([job], frame)


async def begin(run: Run) -> None:
    """Write down that the run begins, and which rows findings keep out."""
    run.news_since = run.journal.ledger_state.told_until
    typed, flags = to_keep(run.job)
    await run.journal.append(
        entries.RunStarted(
            run_id=run.run_id,
            user=user_name(),
            host=socket.gethostname(),
            version=bulk_onboard.__version__,
            workbook=run.judgement.sheet.sha256,
            job=run.job.sha256,
            requirements=digest_of(run.judgement.book),
            contract=_contract_of(run.judgement),
            quota=str(run.job.quota or "none"),
            settle=run.job.settle,
            typed=typed,
            flags=flags,
        )
    )
    run.began = run.journal.ledger_state.seq
    await _keep_requirements(run.journal, run.judgement.book)
    log.logger().info("run started", run_id=run.run_id, version=bulk_onboard.__version__)
    kept_out = iter(invalid_rows(await run.plan(), run.journal.ledger_state))
    while some := await in_thread(tuple, islice(kept_out, ENTRIES_AT_A_TIME)):
        await run.journal.append_all(some)
    run.usage.begin(run.journal)
    run.progress.ledger_state = run.journal.ledger_state


async def carry_out(run: Run) -> None:
    """Reconcile ledger and account, send what is due, wait for reviews, audit.

    What stops any of it stops the run.
    """
    run.progress.time_left = partial(seconds_left, run)
    try:
        await write_plan(run)
        with run.progress.doing(FETCHING_REVIEWS):
            await reconcile(run)
        runner = _runner(run)
        run.progress.time_left = partial(seconds_left, run, runner)
        await _send_what_is_due(run, runner)
        await wait_for_reviews(run, partial(_send_what_is_due, run, runner))
        if _wants_audit(run):
            await _audit(run, runner.newest_create_at or run.journal.locked_at)
    except errors.StoppedError as stopped:
        run.stop.request(stopped)
    await run.usage.write()


def _runner(run: Run) -> Runner:
    context = RunContext(
        gateway=run.connection.gateway, journal=run.journal, clock=run.clock, stop=run.stop, relink=run.job.relink
    )
    return Runner(
        context=context,
        plan_again=run.plan,
        concurrency=run.job.concurrency,
        settle_s=run.job.settle,
        orphans_since=run.journal.locked_at,
        asks_first=run.asks_first,
        link_style=run.link_style,
        refused_at_most=run.job.max_refused,
        progress=run.progress,
    )


async def _send_what_is_due(run: Run, runner: Runner) -> None:
    plan = await run.plan()
    run.due |= tokens_due(plan)
    await write_plan(run)
    run.add_findings(_renumbered(plan))
    await runner.run(plan)
    run.retry_no_more()
    run.add_findings(_finding(run, event) for event in runner.context.take_row_events())
    run.gave_up |= dict.fromkeys(runner.context.gave_up)


def _wants_audit(run: Run) -> bool:
    """Return whether to walk the account at the end.

    `auto`: when creates were sent since that was last done.
    """
    return not run.stop.requested and (
        run.job.audit == "always" or (run.job.audit == "auto" and run.journal.ledger_state.wants_audit)
    )


async def _audit(run: Run, newest_create_at: float) -> None:
    """Look for records that are there twice.

    That is done once the newest create is as old as the settle window.
    """
    left_s = newest_create_at + run.job.settle - run.clock.monotonic()
    if left_s > 0:
        await run.usage.write()
        until = run.clock.monotonic() + left_s
        with run.progress.doing("waiting until all sends show", until=until, then=LOOKING_FOR_DUPLICATES):
            await run.stop.pause(run.clock, left_s)
    if run.stop.requested:
        return
    with run.progress.doing(LOOKING_FOR_DUPLICATES):
        walked = await walk(run.connection.gateway)
    if walked is None:
        raise errors.StoppedError(
            "The API's list could not be read to its end, so it is not known whether a record is there twice. "
            "The next run looks again."
        )
    run.audited = True
    if walked.whole:
        await run.journal.append(entries.Swept(records=len(walked.records), audit=True))
    else:
        run.not_audited = f"{len(walked.records):,}"
    run.twice = find_duplicates(walked.records, run.journal.ledger_state)
    if not run.twice:
        return
    plan = await run.plan()
    rows = {d.identity.token: d.judged.row for d in plan.decisions if d.identity}
    for twice in run.twice:
        row = rows.get(twice.token)
        sheet, number = (row.sheet, row.number) if row else ("not in the workbook", 0)
        run.findings.append(Finding("record-twice", sheet, number, details=_details_of(twice)))


def _details_of(twice: DuplicateRecords) -> dict[str, str | int]:
    deletable = ", ".join(twice.deletable)
    return {
        "count": len(twice.compliance_ids),
        "ids": ", ".join(twice.compliance_ids),
        "keep": twice.compliance_ids[0],
        "delete": f"Delete {deletable} at the API." if deletable else "The others cannot be deleted any more.",
    }


# What is written down and checked before anything is sent.


def check_keys(ledger_state: LedgerState, judgement: Judgement) -> None:
    """Raise UsageError where the ledger knows rows by Key and the sheet has none.

    All its rows would count as new ones.
    """
    keyed = any(record.key and record.alias for record in ledger_state.records.values())
    rows = [judged.row for judged in judgement.rows if not judged.aside] if keyed else []
    if rows and not any(row.cell(KEY) or row.cell(BO_KEY) for row in rows):
        raise errors.UsageError(
            # Do not advise another ledger: with one these rows would be filed once more, by their number.
            "The ledger knows the rows by their Key, and the sheet has none now. Nothing was sent; "
            "put the Key column back, with the Keys as they were."
        )


async def _keep_requirements(journal: Journal, book: RequirementsBook) -> None:
    """Write down what the API requires, where that has changed, unless it is longer than a line may be."""
    kept, offered = journal.ledger_state.book, tuple(book.offered.values())
    if not book.live or (kept is not None and (kept.contract, kept.offered) == (book.contract, book.offered)):
        return
    with suppress(LineError):
        await journal.append(entries.Required(contract=book.contract, source=book.source, offered=offered))


def _contract_of(judgement: Judgement) -> str:
    return "" if judgement.missing else judgement.book.contract


def invalid_rows(plan: Plan, ledger_state: LedgerState) -> Iterable[entries.RowInvalid | entries.Refused]:
    """Yield entries for the rows that findings keep out, where they are news.

    Of a record that its reviewers sent back, errors keep out the correction.
    """
    done: set[str] = set()
    for decision in notable_in(plan.decisions):
        judged, identity = decision.judged, decision.identity
        if identity is None or not judged.has_errors or identity.token in done:
            continue
        done.add(identity.token)
        codes = tuple(dict.fromkeys(f.code for f in judged.findings if f.severity is Severity.ERROR))
        record = ledger_state.record(identity.token)
        if record.state in NOT_FILED and (record.state is not State.INVALID or record.code != ", ".join(codes)):
            yield entries.RowInvalid(token=identity.token, key=identity.user_key, codes=codes)
        elif _is_bad_correction(record, judged.fingerprint) and record.code != ", ".join(codes):
            yield entries.Refused(
                token=identity.token,
                key=identity.user_key,
                op=Op.UPDATE,
                code=", ".join(codes),
                message="the row is older than what was sent since"
                if OLDER_CONTENT in codes
                else "the corrected row has errors",
            )


def _is_bad_correction(record: Record, fingerprint: str) -> bool:
    """Return whether a row with errors was changed while its record is sent back."""
    return record.state is State.SUBMITTED and record.review in EDITABLE and fingerprint != record.fingerprint


def digest_of(book: RequirementsBook) -> str:
    """Return the SHA-256 of the requirements, which shows that they changed."""
    return hashlib.sha256(repr(sorted(book.offered.items())).encode()).hexdigest()


# What goes into the report besides the findings of the rows.


def _renumbered(plan: Plan) -> Iterator[Finding]:
    """Yield the findings about changed registration numbers of rows that are sent now.

    Once it is sent, the row has none any more, and the report should have it all the same.
    """
    for decision in plan.decisions:
        if decision.action in (Action.CREATE, Action.UPDATE):
            yield from (finding for finding in decision.judged.findings if finding.code in RENUMBERED)


def _finding(run: Run, event: RowEvent) -> Finding:
    row = event.decision.judged.row
    if not event.document_type:
        return Finding(event.code, row.sheet, row.number, details=event.details)
    column = document_column(event.document_type)
    header = run.judgement.columns.header(column)
    seen = masked_path(row.cell(column))
    return Finding(event.code, row.sheet, row.number, column=header, seen=seen, details=event.details)
