"""Know the account before anything is sent: one look at it serves as the proof that credentials and address hold, finds
what is there already, and takes in the reviews.

Rule: the first run of a job's rows walks the whole account and adopts the records of these. Later ones look at the
records that they follow. Where the account tells of more records than the ledger knows while something is to be
created, somebody else made them, maybe with a copy of this ledger: then it is walked whole again (reliability.md 1.7).
"""

from bulk_onboard import errors
from bulk_onboard.model import entry as entries
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.plan import Action
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.identities import rows_by_token
from bulk_onboard.submission.reviews import Shown, followed_records, look, take_in, write_down
from bulk_onboard.submission.sweep import adopt
from bulk_onboard.submission.walk import walk

MAY_BE_THERE = frozenset({State.SUBMITTED, State.UNCERTAIN, State.HELD})


async def know_the_account(run: Run) -> bool:
    """Adopt what is there, and take in the reviews; whether the run may go on."""
    books = run.journal.books
    sends, never_swept = _may_create(run), not books.swept and not run.judgement.missing
    if not never_swept and not sends and not followed_records(books):
        return True
    shown = await look(run.connection.gateway, books, whole=never_swept)
    records = shown.records if shown else None
    if shown and (never_swept or (sends and holds_more(shown, books))):
        records = await _sweep(run, shown)
    if records is None:
        run.stop.request(errors.StoppedError("The API's list of records could not be read. Run again later."))
        return False
    await take_in_reviews(run, records)
    await _note_contents(run)
    return True


async def take_in_reviews(run: Run, records: tuple[ServerRecord, ...]) -> None:
    """Write down the reviews that these records show; how many are not shown is told to a person."""
    claims = ((decision.judged.row, decision.identity) for decision in run.plan().decisions)
    rows = rows_by_token(claims, run.journal.books, auth_id=run.auth_id)
    followed = await take_in(run.connection.gateway, run.journal, records, rows)
    run.not_shown = followed.not_shown


def holds_more(shown: Shown, books: Books) -> bool:
    """Whether the account has, or may have, more records than the ledger knows of; orphans are not others' work."""
    known = sum(record.state in MAY_BE_THERE for record in books.records.values())
    return shown.total is None or shown.total > known


def _may_create(run: Run) -> bool:
    unknown = any(record.state is State.UNCERTAIN for record in run.journal.books.records.values())
    return unknown or bool(run.plan().due(Action.CREATE))


async def _sweep(run: Run, shown: Shown) -> tuple[ServerRecord, ...] | None:
    """Adopt what the account has; its records, None where it could not be walked.

    Where an earlier process was here and its ledger is lost, or was never swept, what it had in flight may yet arrive:
    then rows that are still due wait for the settle window, and the account is walked again.
    """
    journal, identities = run.journal, [d.identity for d in run.plan().decisions if d.identity]
    records = shown.records if shown.whole else await walk(run.connection.gateway)
    if records is not None:
        await adopt(journal, identities, records)
    if records is not None and journal.revisited and not journal.books.swept and run.plan().due(Action.CREATE):
        await run.stop.pause(run.clock, journal.locked_at + run.job.settle - run.clock.monotonic())
        records = await walk(run.connection.gateway)
        if records is not None:
            await adopt(journal, identities, records)
    if records is not None:
        await journal.append(entries.Swept(records=len(records)))
    return records


async def _note_contents(run: Run) -> None:
    """Where it is not known what was sent of a record, what its row says now is what a change is told by."""
    records = run.journal.books.records
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
