"""The middle of a run: know the account, send and settle what is due, look whether anything is there twice."""

from collections.abc import Callable

from bulk_onboard import errors
from bulk_onboard.model import entry as entries
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ListPage, Page
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.outcome import Done, Withheld
from bulk_onboard.model.plan import Action, Decision
from bulk_onboard.model.record import State
from bulk_onboard.model.sheet import document_column
from bulk_onboard.pipeline.execution import Run, Running
from bulk_onboard.submission.audit import Twice, found_twice
from bulk_onboard.submission.runner import Runner
from bulk_onboard.submission.sweep import adopt
from bulk_onboard.submission.walk import walk

MAY_BE_THERE = frozenset({State.SUBMITTED, State.UNCERTAIN, State.HELD})


async def send(run: Run, watch: Callable[[Running], None]) -> None:
    """Adopt what the account has already, then settle and create until all is done or the run is to stop."""
    try:
        if not await _knows_the_account(run):
            return
        await _submit(run, watch)
        if _wants_audit(run):
            await _audit(run)
    except errors.StoppedError as stopped:
        run.stop.request(stopped)


async def _knows_the_account(run: Run) -> bool:
    """Sweep the account in a job's first run; in later ones a page shows that credentials and address hold.

    Where that page tells of more records than the ledger knows, somebody else made them, maybe with a copy of this
    ledger: then the account is swept again (reliability.md 1.7).
    """
    plan, books, gateway = run.plan(), run.journal.books, run.connection.gateway
    ready = True
    known = books.swept
    if known and (plan.due(Action.CREATE) or any(r.state is State.UNCERTAIN for r in books.records.values())):
        page = await gateway.send(ListPage(limit=1))
        ready = isinstance(page, Done)
        known = isinstance(page, Done) and not holds_more(page.value, books)
    if ready and not known and not run.judgement.missing:  # without rows there is nothing to adopt
        ready = await _sweep(run)
    if not ready:
        run.stop.request(errors.StoppedError("The API's list of records could not be read. Run again later."))
    return ready


async def _sweep(run: Run) -> bool:
    """Adopt what the account has; whether it could be walked.

    Where an earlier process was here and its ledger is lost, or was never swept, what it had in flight may yet arrive:
    then rows that are still due wait for the settle window, and the account is walked again.
    """
    gateway, journal = run.connection.gateway, run.journal
    identities = [d.identity for d in run.plan().decisions if d.identity]
    records = await adopt(gateway, journal, identities)
    if records is not None and journal.revisited and not journal.books.swept and run.plan().due(Action.CREATE):
        await run.stop.pause(run.clock, journal.locked_at + run.job.settle - run.clock.monotonic())
        records = await adopt(gateway, journal, identities)
    if records is None:
        return False
    await journal.append(entries.Swept(records=records))
    return True


def holds_more(page: Page, books: Books) -> bool:
    """Whether the account has, or may have, more records than the ledger knows of; orphans are not others' work."""
    known = sum(record.state in MAY_BE_THERE for record in books.records.values())
    return page.total is None or page.total > known


async def _submit(run: Run, watch: Callable[[Running], None]) -> None:
    """Do what the plan says."""
    plan = run.plan()
    runner = Runner(
        gateway=run.connection.gateway,
        journal=run.journal,
        clock=run.clock,
        stop=run.stop,
        concurrency=run.job.concurrency,
        settle_s=run.job.settle,
        orphans_since=run.journal.locked_at,
    )
    run.due = frozenset(d.identity.token for d in plan.decisions if d.identity and d.action is not Action.NOTHING)
    watch(Running(runner.headway, run.journal.books, run.connection.why_waiting))
    await runner.run(plan)
    run.findings += [_changed_document(run, decision, outcome) for decision, outcome in runner.withheld]


def _changed_document(run: Run, decision: Decision, outcome: Withheld) -> Finding:
    row, column = decision.judged.row, document_column(outcome.document_type)
    header = run.judgement.columns.header(column)
    return Finding(outcome.code, row.sheet, row.number, column=header, seen=row.cell(column))


def _wants_audit(run: Run) -> bool:
    """Whether the account is to be walked at the end; `auto`: when a create was sent, since another machine may too."""
    sent = any(name.startswith("create ") for name in run.requests)
    return not run.stop.requested and (run.job.audit == "always" or (run.job.audit == "auto" and sent))


async def _audit(run: Run) -> None:
    records = await walk(run.connection.gateway)
    if records is None:
        raise errors.StoppedError(
            "The API's list could not be read to its end, so nobody saw whether a record is there twice. "
            'Run again with audit = "always" in the job file.'
        )
    run.twice = found_twice(records, run.journal.books.records)
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
