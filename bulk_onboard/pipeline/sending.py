"""The middle of a run: look at the account, do what is due, look whether anything is there twice."""

from collections.abc import Callable, Iterator
from functools import partial

from bulk_onboard import errors
from bulk_onboard.model import entry as entries
from bulk_onboard.model.catalogue import RENUMBERED
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.plan import Action, Plan
from bulk_onboard.model.sheet import document_column
from bulk_onboard.pipeline.execution import LOOKING, Run, Running
from bulk_onboard.pipeline.knowing import know_the_account
from bulk_onboard.pipeline.waiting import wait_for_reviews
from bulk_onboard.submission.audit import Twice, found_twice
from bulk_onboard.submission.desk import Desk, TurnedUp
from bulk_onboard.submission.runner import Runner
from bulk_onboard.submission.walk import walk
from bulk_onboard.units import format_duration


async def send(run: Run, watch: Callable[[Running], None]) -> None:
    """Look at the account, then do what is due until all is done or the run is to stop; wait where the job says so."""
    runner = _runner(run)
    watch(Running(runner.progress, run.journal.books, lambda: run.waiting or run.connection.why_waiting()))
    try:
        run.waiting = LOOKING
        if not await know_the_account(run):
            return
        run.waiting = ""
        runner.asks_first = run.asks_first
        await _do_what_is_due(run, runner)
        await wait_for_reviews(run, partial(_do_what_is_due, run, runner))
        if _wants_audit(run):
            await _audit(run, runner.newest_create_at or run.journal.locked_at)
    except errors.StoppedError as stopped:
        run.stop.request(stopped)


def _runner(run: Run) -> Runner:
    desk = Desk(
        gateway=run.connection.gateway, journal=run.journal, clock=run.clock, stop=run.stop, relink=run.job.relink
    )
    return Runner(
        desk=desk,
        plan_again=run.plan,
        concurrency=run.job.concurrency,
        settle_s=run.job.settle,
        orphans_since=run.journal.locked_at,
        refused_at_most=run.job.max_refused,
    )


async def _do_what_is_due(run: Run, runner: Runner) -> None:
    plan = run.plan()
    run.due |= {d.identity.token for d in plan.decisions if d.identity and d.action is not Action.NOTHING}
    run.findings += [finding for finding in _renumbered(plan) if finding not in run.findings]
    await runner.run(plan)
    run.retry_no_more()
    found = [_finding(run, one) for one in runner.desk.turned_up]
    run.findings += [finding for finding in found if finding not in run.findings]
    runner.desk.turned_up.clear()


def _renumbered(plan: Plan) -> Iterator[Finding]:
    """That a row goes out with another registration number than before: once it is sent the row says so no more."""
    for decision in plan.decisions:
        if decision.action in (Action.CREATE, Action.UPDATE):
            yield from (finding for finding in decision.judged.findings if finding.code in RENUMBERED)


def _finding(run: Run, one: TurnedUp) -> Finding:
    row = one.decision.judged.row
    if not one.document_type:
        return Finding(one.code, row.sheet, row.number, details=one.details)
    column = document_column(one.document_type)
    header = run.judgement.columns.header(column)
    seen = masked_path(row.cell(column))
    return Finding(one.code, row.sheet, row.number, column=header, seen=seen, details=one.details)


def _wants_audit(run: Run) -> bool:
    """Whether the account is to be walked at the end; `auto`: when creates were sent since that was last done."""
    return not run.stop.requested and (
        run.job.audit == "always" or (run.job.audit == "auto" and run.journal.books.wants_audit)
    )


async def _audit(run: Run, youngest_at: float) -> None:
    """Look whether a record is there twice, once the youngest create is as old as the settle window."""
    left_s = youngest_at + run.job.settle - run.clock.monotonic()
    if left_s > 0:
        run.waiting = f"waiting {format_duration(left_s)} (settle), then looking whether a record is there twice"
        await run.stop.pause(run.clock, left_s)
        run.waiting = ""
    if run.stop.requested:
        return
    walked = await walk(run.connection.gateway)
    if walked is None:
        raise errors.StoppedError(
            "The API's list could not be read to its end, so nobody saw whether a record is there twice. "
            "The next run looks again."
        )
    if walked.whole:
        await run.journal.append(entries.Swept(records=len(walked.records), audit=True))
    else:
        run.not_audited = f"{len(walked.records):,}"
    run.twice = found_twice(walked.records, run.journal.books)
    rows = {d.identity.token: d.judged.row for d in run.plan().decisions if d.identity}
    for twice in run.twice:
        row = rows.get(twice.token)
        sheet, number = (row.sheet, row.number) if row else ("not in the workbook", 0)
        run.findings.append(Finding("record-twice", sheet, number, details=_told(twice)))


def _told(twice: Twice) -> dict[str, str | int]:
    deletable = ", ".join(twice.deletable)
    return {
        "count": len(twice.compliance_ids),
        "ids": ", ".join(twice.compliance_ids),
        "keep": twice.compliance_ids[0],
        "delete": f"Delete {deletable} at the API." if deletable else "The others cannot be deleted any more.",
    }
