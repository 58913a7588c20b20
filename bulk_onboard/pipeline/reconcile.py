"""Reconcile the ledger with the account: adopt, fetch reviews, wait for them.

A ledger that is new, or older than it once was, does not know what was filed. Then the whole account is walked, and the
records of the job's rows are adopted. Since another run may have been killed a moment ago elsewhere, the settle window
is waited out and the account walked again, until two walks agree, before anything is sent. The same is done where a
walk shows a record of a row that the ledger does not know, and where the account has more records than the ledger knows
of while something is to be created: somebody else made them, maybe with a copy of this ledger. Otherwise it is enough
to read the records that are followed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial

from bulk_onboard import errors, log
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Identity
from bulk_onboard.model.record import MAY_BE_FILED, UNDER_REVIEW, Record, State
from bulk_onboard.model.row import Row
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.hints import HintReader, write_unless_changed
from bulk_onboard.pipeline.judge import rows_by_token
from bulk_onboard.pipeline.progress import FETCHING_REVIEWS, SETTLE_WINDOW
from bulk_onboard.pipeline.reviews import (
    ShownRecords,
    fetch_followed,
    followed_records,
    is_old,
    record_reviews,
    write_down,
)
from bulk_onboard.pipeline.settle import marks, new_token
from bulk_onboard.pipeline.walk import Lookup, Walk, adopt, agreed, walk

NOT_READ = "The API's list of records could not be read. Run again later."


async def reconcile(run: Run) -> None:
    """Adopt what is at the API already, and write down what the reviews came to.

    Raises:
        StoppedError: the account could not be read as far as is needed, or the run is to stop.
    """
    ledger_state = run.journal.ledger_state
    creates, blind = await _may_create(run), is_blind(run) and not run.judgement.missing
    if not blind and not creates and not followed_records(ledger_state):
        return
    shown = await fetch_followed(run.connection.gateway, ledger_state, whole=blind)
    if shown is None:
        raise errors.StoppedError(NOT_READ)
    records = shown.records
    if blind or (creates and holds_more(shown, ledger_state)):
        records = (await _adopt_what_is_there(run, shown)).records
    await update_reviews(run, records)
    await _note_contents(run)


def is_blind(run: Run) -> bool:
    """Return whether the ledger cannot know what was filed.

    It is new, or older than it once was.
    """
    return not run.journal.ledger_state.swept or run.journal.is_older


async def _may_create(run: Run) -> bool:
    unknown = any(record.state is State.UNCERTAIN for record in run.journal.ledger_state.records.values())
    return unknown or (await run.plan()).has_due(Action.CREATE)


def holds_more(shown: ShownRecords, ledger_state: LedgerState) -> bool:
    """Return whether the account may have more records than the ledger knows of."""
    known = sum(record.state in MAY_BE_FILED for record in ledger_state.records.values())
    return shown.total is None or shown.total > known


# Adopting what is there.


async def _adopt_what_is_there(run: Run, shown: ShownRecords) -> Walk:
    """Adopt the account's records of this job's rows.

    Return the walk that showed them. Raises StoppedError.
    """
    journal, gateway = run.journal, run.connection.gateway
    blind = is_blind(run)
    walked = shown.walked or await _readable(walk(gateway))
    found = await adopt(journal, await _identities(run), walked.records)
    looked_twice = (blind or bool(found)) and (await run.plan()).has_due(Action.CREATE)
    if looked_twice:
        await _wait_for_settle_window(run)
        walked = await _readable(agreed(gateway, walked))
        await adopt(journal, await _identities(run), walked.records)
        if not walked.whole and (await run.plan()).has_due(Action.CREATE):
            await _check_filter(run, walked)
            run.asks_first = True
    run.unreadable = walked.unreadable
    if walked.whole and (looked_twice or not blind):
        await journal.append(entries.Swept(records=len(walked.records)))
        journal.is_up_to_date()
    return walked


async def _readable(walking: Awaitable[Walk | None]) -> Walk:
    walked = await walking
    if walked is None:
        raise errors.StoppedError(NOT_READ)
    return walked


async def _wait_for_settle_window(run: Run) -> None:
    """Wait until whatever another run sent before this one began must show at the API."""
    left_s = run.began_at + run.job.settle - run.clock.monotonic()
    if left_s > 0:
        await run.usage.write()
        until = run.clock.monotonic() + left_s
        with run.progress.doing(SETTLE_WINDOW, until=until, then="looking once more"):
            await run.stop.pause(run.clock, left_s)
    if run.stop.requested:
        raise errors.StoppedError("The run was stopped before anything was sent.")


async def _check_filter(run: Run, walked: Walk) -> None:
    """Check that the list shows a record when asked for its alias.

    This matters where not all of the account can be seen.

    The record's alias must have all the capitals and signs that those of the rows have: an API that changes these finds
    plain aliases all the same. Records that others filed have no `~` in theirs.

    Raises:
        StoppedError: it does not, so each row cannot be asked for before it is sent either.
    """
    lookup, token = Lookup(run.connection.gateway), new_token()
    creates = (await run.plan()).due(Action.CREATE)
    wanted = {mark for due in creates if due.identity for mark in marks(due.identity.alias)}
    fits = (record for record in walked.records if record.alias and wanted - {"~"} <= marks(record.alias))
    known = next(fits, None)
    nobody = await lookup.filtered(f"~{token}", token)
    shown = await lookup.filtered(known.alias, "") if known else None
    ids = {record.compliance_id for record in shown.records} if shown else set()
    if known and nobody is not None and not nobody.records and known.compliance_id in ids:
        return
    raise errors.StoppedError(
        f"The API's list of records cannot be walked to its end; it shows {len(walked.records):,} of them. Nor could "
        "it be shown that it finds aliases like those of the rows when asked for them. So it is not known whether the "
        "rows are there already, and nothing was sent. Run again later, with the ledger that knows the account's "
        "records if there is one."
    )


async def _identities(run: Run) -> Iterator[Identity]:
    plan = await run.plan()
    return (decision.identity for decision in plan.decisions if decision.identity)


# Reviews.


async def update_reviews(run: Run, records: tuple[ServerRecord, ...]) -> None:
    """Write down the reviews that these records show, and which records are gone.

    Count those that are not shown.
    """
    run.shown |= {record.compliance_id for record in records}
    if not followed_records(run.journal.ledger_state):
        run.not_shown = 0
        return
    followed = await record_reviews(
        run.connection.gateway, run.journal, records, await _rows(run), may_be_gone=partial(may_be_gone, run)
    )
    run.not_shown = followed.not_shown


async def _rows(run: Run) -> Mapping[str, Row]:
    """Return the rows by token, to mask what reviewers quote of them."""
    plan = await run.plan()
    claims = ((decision.judged.row, decision.identity) for decision in plan.decisions)
    return rows_by_token(claims, run.journal.ledger_state, auth_id=run.auth_id)


def may_be_gone(run: Run, record: Record) -> bool:
    """Return whether a record that is not shown is old enough to have been deleted.

    The API showed it in this run, or an earlier run filed it, longer ago than the settle window.
    """
    if record.compliance_id in run.shown:
        return True
    if record.tried > run.began:
        return False
    locked_s = run.clock.monotonic() - run.journal.locked_at
    return locked_s >= run.job.settle or is_old(record, run.journal.now(), run.job.settle)


async def _note_contents(run: Run) -> None:
    """Store the row's fingerprint for records that have none, as the drift baseline."""
    records = run.journal.ledger_state.records
    if not records:
        return
    plan = await run.plan()
    await write_down(
        run.journal,
        [
            entries.Reviewed(
                token=record.token,
                key=record.key,
                review=record.review,
                reason=record.review_reason,
                fingerprint=decision.judged.fingerprint,
            )
            for decision in plan.decisions
            if decision.identity and decision.judged.aside is None and decision.judged.fingerprint
            if (record := records.get(decision.identity.token)) and record.state is State.SUBMITTED
            if not record.fingerprint
        ],
    )


# Waiting for reviews. What they bring is done at once: numbers of approved records are linked, rows that were fixed
# before the run began are sent. The workbook is not read again meanwhile; what is fixed now is for the next run.
# Between two looks at the list, records are read of which a listener has kept a hint, on whichever machine.

FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 600.0
GROWTH = 1.5
FAILED_AT_MOST = 100  # attempts in a row: about 16 hours; within days a network, or the API, may be away for hours
SHARE = 0.1  # of the time that reading may take: where there are very many records it is done less often


async def wait_for_reviews(run: Run, do_what_is_due: Callable[[], Awaitable[None]]) -> None:
    """Follow the reviews for as long as the job says.

    Return at once where it says nothing, or none is pending.

    Raises:
        StoppedError: very many attempts in a row to read the list failed, or the ledger cannot be used any more.
    """
    clock, hints = run.clock, _hint_reader(run)
    began = clock.monotonic()
    look_at, pauses, took_s, failed = began + next_pause_s(0, 0.0), 0, 0.0, 0
    while run.job.wait is not None and (pending := pending_reviews(run.journal.ledger_state)):
        gives_up_at = began + run.job.wait
        if run.stop.requested or clock.monotonic() >= gives_up_at:
            break
        await run.usage.write()
        what, until = _what_is_awaited(failed), min(look_at, gives_up_at)
        with run.progress.doing(
            what, count=(pending, "review"), until=until, then="looking again", gives_up_at=gives_up_at
        ):
            hinted = await _pause(run, hints, until - clock.monotonic())
        if run.stop.requested:
            break
        if hinted:
            if await _work_off(run, hints, hinted):
                await do_what_is_due()
            continue
        looked_at, pauses = clock.monotonic(), pauses + 1
        if await _look_again(run):
            failed, took_s = 0, clock.monotonic() - looked_at
            await do_what_is_due()
        else:
            failed += 1
            if failed == FAILED_AT_MOST and not run.stop.requested:
                raise errors.StoppedError(
                    f"The API's list of records could not be read {failed} times in a row. Run again later."
                )
        look_at = clock.monotonic() + next_pause_s(pauses, took_s)
    run.looks_failed = failed


def pending_reviews(ledger_state: LedgerState) -> int:
    """Return how many submitted records are still under review."""
    return sum(
        record.state is State.SUBMITTED and record.review in UNDER_REVIEW for record in ledger_state.records.values()
    )


def next_pause_s(pauses: int, look_took_s: float) -> float:
    """Return the seconds to wait after so many pauses.

    They are 60, 90, 135 … 600, and more where reading takes long.
    """
    grown = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * GROWTH**pauses)
    return max(grown, look_took_s / SHARE)


def _what_is_awaited(failed: int) -> str:
    """Return what the run waits for, for whoever shows the progress; `{}` is how many reviews."""
    times = "once" if failed == 1 else f"{failed:,} times in a row"
    away = f"the API's list could not be read {times}; " if failed else ""
    return away + "{} pending"


async def _look_again(run: Run) -> bool:
    """Fetch the reviews as they are now; return whether the API's list could be read."""
    run.connection.be_patient(True)
    try:
        with run.progress.doing(FETCHING_REVIEWS):
            shown = await fetch_followed(run.connection.gateway, run.journal.ledger_state)
    finally:
        run.connection.be_patient(False)
    if shown is None:
        return False
    await update_reviews(run, shown.records)
    return True


# Hints, while a run waits for reviews.


def _hint_reader(run: Run) -> HintReader:
    return HintReader(
        run.job.store.hints,
        gateway=run.connection.gateway,
        clock=run.clock,
        rows=partial(_rows, run),
    )


async def _pause(run: Run, hints: HintReader, seconds: float) -> tuple[str, ...]:
    """Pause so long, or until the run is to stop; return early which records have hints and are to be read now.

    When it is time to look at the list, hints wait: there may be ever more of them.
    """
    if seconds <= 0:
        return ()
    pause = asyncio.ensure_future(run.stop.pause(run.clock, seconds))
    hinted = asyncio.ensure_future(hints.next_due())
    try:
        await asyncio.wait((pause, hinted), return_when=asyncio.FIRST_COMPLETED)
        return hinted.result() if hinted.done() else ()
    finally:
        pause.cancel()
        hinted.cancel()


async def _work_off(run: Run, hints: HintReader, hinted: tuple[str, ...]) -> int:
    """Read these records and write down what changed; return how many did."""
    run.connection.be_patient(True)
    try:
        with run.progress.doing(FETCHING_REVIEWS):
            write = partial(write_unless_changed, run.journal, may_be_gone=partial(may_be_gone, run))
            return await hints.work_off(hinted, run.journal.ledger_state, write)
    except OSError as trouble:  # a run sees all reviews without hints, if later
        log.logger().warning("hints not read", error=type(trouble).__name__)
        return 0
    finally:
        run.connection.be_patient(False)
