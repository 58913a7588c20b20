"""Reconcile ledger and account: adopt what is there, audit for duplicates, wait for reviews.

what is there already, and takes in the reviews.

Rule: a ledger that is new, or older than it was, does not know what was filed. Then the whole account is walked, and
the records of the job's rows are adopted; and since another run may have been killed a moment ago elsewhere, the settle
window is let pass and the account is walked again before anything is sent, until two walks agree. The same is done
where a walk shows a record of a row that the ledger does not know. Otherwise a look at the records that are followed is
enough; where the account tells of more records than the ledger knows while something is to be created, somebody else
made them, maybe with a copy of this ledger, and it is walked.

What a look brings is done at once: numbers of approved records are linked, rows that were fixed before the run began
are sent. The workbook is not read again meanwhile; what is fixed now is for the next run.

A list that cannot be read is asked for again at the next turn: within days a network, or the API, may be away for
hours. Only very many failed looks in a row end the run, and what cannot get better, such as refused credentials.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from bulk_onboard import errors
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Identity
from bulk_onboard.model.record import Record, Review, State
from bulk_onboard.run.execution import Run
from bulk_onboard.run.judge import rows_by_token
from bulk_onboard.run.reviews import Shown, followed_records, is_old, look, take_in, write_down
from bulk_onboard.run.settle import marks, new_token
from bulk_onboard.run.walk import Lookup, Walk, adopt, agreed, walk
from bulk_onboard.units import format_duration

NOT_READ = "The API's list of records could not be read. Run again later."
MAY_BE_THERE = frozenset({State.SUBMITTED, State.UNCERTAIN, State.HELD})


async def reconcile(run: Run) -> bool:
    """Adopt what is there, and take in the reviews; whether the run may go on."""
    ledger_state = run.journal.ledger_state
    sends, knows_little = _may_create(run), is_blind(run) and not run.judgement.missing
    if not knows_little and not sends and not followed_records(ledger_state):
        return True
    shown = await look(run.connection.gateway, ledger_state, whole=knows_little)
    if shown is None:
        return _stopped(run, NOT_READ)
    records = shown.records
    if knows_little or (sends and holds_more(shown, ledger_state)):
        walked = await _adopt_what_is_there(run, shown)
        if walked is None:
            return False
        records = walked.records
    await take_in_reviews(run, records)
    await _note_contents(run)
    return True


def is_blind(run: Run) -> bool:
    """Whether the ledger cannot know what was filed: it is new, or older than it was once."""
    return not run.journal.ledger_state.swept or run.journal.is_older


async def take_in_reviews(run: Run, records: tuple[ServerRecord, ...]) -> None:
    """Write down the reviews that these records show, and which records are gone; what is not shown is counted."""
    claims = ((decision.judged.row, decision.identity) for decision in run.plan().decisions)
    rows = rows_by_token(claims, run.journal.ledger_state, auth_id=run.auth_id)
    run.shown |= {record.compliance_id for record in records}
    followed = await take_in(run.connection.gateway, run.journal, records, rows, may_be_gone=partial(may_be_gone, run))
    run.not_shown = followed.not_shown


def may_be_gone(run: Run, record: Record) -> bool:
    """Whether the API must know the record by now, so that it is gone if it does not: it showed it in this run, or an
    earlier run filed it, longer ago than the settle window."""
    if record.compliance_id in run.shown:
        return True
    if record.tried > run.began:
        return False
    locked_s = run.clock.monotonic() - run.journal.locked_at
    return locked_s >= run.job.settle or is_old(record, run.clock.now(), run.job.settle)


def holds_more(shown: Shown, ledger_state: LedgerState) -> bool:
    """Whether the account has, or may have, more records than the ledger knows of; orphans are not others' work."""
    known = sum(record.state in MAY_BE_THERE for record in ledger_state.records.values())
    return shown.total is None or shown.total > known


def _may_create(run: Run) -> bool:
    unknown = any(record.state is State.UNCERTAIN for record in run.journal.ledger_state.records.values())
    return unknown or run.plan().has_due(Action.CREATE)


def _stopped(run: Run, sentence: str) -> bool:
    run.stop.request(errors.StoppedError(sentence))
    return False


async def _adopt_what_is_there(run: Run, shown: Shown) -> Walk | None:
    """Adopt what the account has of this job's rows; what was walked, None where the run is to stop."""
    journal, gateway = run.journal, run.connection.gateway
    blind = is_blind(run)
    walked = shown.walked or await walk(gateway)
    if walked is None:
        _stopped(run, NOT_READ)
        return None
    found = await adopt(journal, _identities(run), walked.records)
    looked_twice = (blind or bool(found)) and run.plan().has_due(Action.CREATE)
    if looked_twice:
        if not await _let_the_window_pass(run):
            return None
        walked = await agreed(gateway, walked)
        if walked is None:
            _stopped(run, NOT_READ)
            return None
        await adopt(journal, _identities(run), walked.records)
        if not walked.whole and run.plan().has_due(Action.CREATE) and not await _may_ask_for_each(run, walked):
            return None
    run.unreadable = walked.unreadable
    if walked.whole and (looked_twice or not blind):
        await journal.append(entries.Swept(records=len(walked.records)))
        journal.is_up_to_date()
    return walked


async def _may_ask_for_each(run: Run, walked: Walk) -> bool:
    """Where not all of the account can be seen: whether the list at least shows a record that it is asked for.

    Its alias must have all the capitals and signs that those of the rows have: an API that changes these finds the
    plain ones all the same. What others filed has no `~`.
    """
    lookup, token = Lookup(run.connection.gateway), new_token()
    wanted = {mark for due in run.plan().due(Action.CREATE) if due.identity for mark in marks(due.identity.alias)}
    fits = (record for record in walked.records if record.alias and wanted - {"~"} <= marks(record.alias))
    known = next(fits, None)
    nobody = await lookup.filtered(f"~{token}", token)
    shown = await lookup.filtered(known.alias, "") if known else None
    ids = {record.compliance_id for record in shown.records} if shown else set()
    if known and nobody is not None and not nobody.records and known.compliance_id in ids:
        run.asks_first = True
        return True
    return _stopped(
        run,
        f"The API's list of records cannot be walked to its end, it shows {len(walked.records):,} of them, and that it "
        "finds aliases like those of the rows when asked for them could not be shown. Whether the rows are there "
        "already is not known, so nothing was sent. Run again later, with the ledger that knows the account's records "
        "if there is one.",
    )


async def _let_the_window_pass(run: Run) -> bool:
    """Wait until whatever another run sent before this one began must show; False where it is to stop."""
    left_s = run.began_at + run.job.settle - run.clock.monotonic()
    if left_s > 0:
        waiting, run.waiting = run.waiting, f"{run.waiting}: waiting {format_duration(left_s)} (settle), then once more"
        await run.stop.pause(run.clock, left_s)
        run.waiting = waiting
    return not run.stop.requested


def _identities(run: Run) -> list[Identity]:
    return [decision.identity for decision in run.plan().decisions if decision.identity]


async def _note_contents(run: Run) -> None:
    """Where it is not known what was sent of a record, its row's content is what a change is told by."""
    records = run.journal.ledger_state.records
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
            for decision in run.plan().decisions
            if decision.identity and decision.judged.aside is None and decision.judged.fingerprint
            if (record := records.get(decision.identity.token)) and record.state is State.SUBMITTED
            if not record.fingerprint
        ],
    )


FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 600.0
GROWTH = 1.5
FAILED_AT_MOST = 100  # looks in a row: about 16 hours
SHARE = 0.1  # of the time that looking may take: a look at very many records is made less often


def next_pause_s(pauses: int, look_took_s: float) -> float:
    """Seconds before the look after so many pauses: 60, 90, 135 … 600, and longer where looks take long."""
    grown = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * GROWTH**pauses)
    return max(grown, look_took_s / SHARE)


async def wait_for_reviews(run: Run, do_what_is_due: Callable[[], Awaitable[None]]) -> None:
    """Follow the reviews for as long as the job says; returns at once where it says nothing, or none is pending.

    Raises:
        StoppedError: very many looks in a row failed.
    """
    clock, began = run.clock, run.clock.monotonic()
    pauses, took_s, failed = 0, 0.0, 0
    while (
        run.job.wait is not None and (pending := pending_reviews(run.journal.ledger_state)) and not run.stop.requested
    ):
        left_s = began + run.job.wait - clock.monotonic()
        if left_s <= 0:
            break
        pause_s = min(left_s, next_pause_s(pauses, took_s))
        run.waiting = _told(pending, failed, pause_s)
        await run.stop.pause(clock, pause_s)
        if run.stop.requested:
            break
        looked_at = clock.monotonic()
        if not await _look_again(run):
            failed, pauses = failed + 1, pauses + 1
            if failed == FAILED_AT_MOST and not run.stop.requested:
                raise errors.StoppedError(
                    f"The API's list of records could not be read {failed} times in a row. Run again later."
                )
            continue
        failed, pauses, took_s = 0, pauses + 1, clock.monotonic() - looked_at
        run.waiting = ""
        await do_what_is_due()
    run.waiting = ""
    run.looks_failed = failed


def _told(pending: int, failed: int, pause_s: float) -> str:
    """Why the run waits, for the progress line."""
    times = "once" if failed == 1 else f"{failed:,} times in a row"
    away = f"the API's list could not be read {times}; " if failed else ""
    reviews = "1 review" if pending == 1 else f"{pending:,} reviews"
    return f"{away}waiting for {reviews}, looking again in {format_duration(pause_s)}"


async def _look_again(run: Run) -> bool:
    """Take in the reviews as they are now; whether the API's list could be read."""
    run.connection.be_patient(True)
    try:
        shown = await look(run.connection.gateway, run.journal.ledger_state)
    finally:
        run.connection.be_patient(False)
    if shown is None:
        return False
    await take_in_reviews(run, shown.records)
    return True


def pending_reviews(ledger_state: LedgerState) -> int:
    """How many submitted records the API's people have not decided on."""
    return sum(
        record.state is State.SUBMITTED and record.review == Review.PENDING for record in ledger_state.records.values()
    )
