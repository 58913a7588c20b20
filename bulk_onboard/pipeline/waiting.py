"""Wait for reviews: look again, with a pause that grows, until none is pending or the time is up (wire.md 11, 25).

What a look brings is done at once: numbers of approved records are linked, rows that were mended before the run began
are sent. The workbook is not read again meanwhile; what is mended now is for the next run.
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
SHARE = 0.1  # of the time that looking may take: a look at very many records is made less often


def next_pause_s(pauses: int, look_took_s: float) -> float:
    """Seconds before the look after so many pauses: 60, 90, 135 … 600, and longer where looks take long."""
    grown = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * GROWTH**pauses)
    return max(grown, look_took_s / SHARE)


async def wait_for_reviews(run: Run, do_what_is_due: Callable[[], Awaitable[None]]) -> None:
    """Follow the reviews for as long as the job says; returns at once where it says nothing, or none is pending."""
    clock, began = run.clock, run.clock.monotonic()
    pauses, took_s = 0, 0.0
    while run.job.wait is not None and (pending := pending_reviews(run.journal.books)) and not run.stop.requested:
        left_s = began + run.job.wait - clock.monotonic()
        if left_s <= 0:
            break
        pause_s = min(left_s, next_pause_s(pauses, took_s))
        run.waiting = f"waiting for {pending:,} reviews, looking again in {format_duration(pause_s)}"
        await run.stop.pause(clock, pause_s)
        run.waiting = ""
        if run.stop.requested:
            break
        looked_at = clock.monotonic()
        shown = await look(run.connection.gateway, run.journal.books)
        if shown is None:
            raise errors.StoppedError("The API's list of records could not be read any more. Run again later.")
        await take_in_reviews(run, shown.records)
        took_s = clock.monotonic() - looked_at
        pauses += 1
        await do_what_is_due()


def pending_reviews(books: Books) -> int:
    """How many submitted records the API's people have not decided on."""
    return sum(record.state is State.SUBMITTED and record.review == Review.PENDING for record in books.records.values())
