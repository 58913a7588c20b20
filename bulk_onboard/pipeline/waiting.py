"""Wait for reviews: look again, with a pause that grows, until none is pending or the time is up.

What a look brings is done at once: numbers of approved records are linked, rows that were mended before the run began
are sent. The workbook is not read again meanwhile; what is mended now is for the next run.

A list that cannot be read is asked for again at the next turn: within days a network, or the API, may be away for
hours. Only very many failed looks in a row end the run, and what cannot get better, such as refused credentials.
"""

from collections.abc import Awaitable, Callable

from bulk_onboard import errors
from bulk_onboard.model.books import Books
from bulk_onboard.model.record import Review, State
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.knowing import take_in_reviews
from bulk_onboard.submission.reviews import look
from bulk_onboard.units import format_duration

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
    while run.job.wait is not None and (pending := pending_reviews(run.journal.books)) and not run.stop.requested:
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
        shown = await look(run.connection.gateway, run.journal.books)
    finally:
        run.connection.be_patient(False)
    if shown is None:
        return False
    await take_in_reviews(run, shown.records)
    return True


def pending_reviews(books: Books) -> int:
    """How many submitted records the API's people have not decided on."""
    return sum(record.state is State.SUBMITTED and record.review == Review.PENDING for record in books.records.values())
