"""Remove what a finished job has made, above all what holds personal data.

Rule: report and annotated copies go, and what only serves the next run. The ledger stays, as the trail of what was
done, unless it is asked for; its lock file, workbook and documents stay in any case. What lies in an archive is not
looked for: that is a folder to be removed as one.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from bulk_onboard.clock import Clock
from bulk_onboard.errors import StoppedError
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.pipeline.retention import Piece, finished, left_behind, open_reviews, pieces


@dataclass(frozen=True, slots=True)
class Purge:
    """What goes and what stays; `open_reviews` as far as the ledger knows."""

    going: tuple[Piece, ...]
    staying: tuple[Piece, ...]
    open_reviews: int


def plan_purge(job: Job, clock: Clock, *, with_ledger: bool) -> Purge:
    """What would be removed; changes nothing. Errors as for `finished`.

    Where there is no ledger nothing was sent; where it is archived the job was finished then.
    """
    with _finished(job, clock) as books:
        found = pieces(job)
        going = tuple(piece for piece in found if with_ledger or not piece.kind.is_history)
        staying = tuple(piece for piece in found if piece not in going)
        staying = (*staying, *left_behind(job))
        return Purge(going, staying, open_reviews(books) if books else 0)


def purge_job(job: Job, planned: Purge, clock: Clock) -> None:
    """Remove what was planned, the ledger last.

    Raises:
        UsageError, LockedError, LedgerError: as for `finished`.
        StoppedError: a file could not be removed.
    """
    with _finished(job, clock):
        for piece in reversed(planned.going):
            try:
                piece.path.unlink(missing_ok=True)
            except OSError as error:
                raise StoppedError(
                    f"{piece.path} could not be removed: {error.strerror}. Mend that and type it again."
                ) from error


def _finished(job: Job, clock: Clock) -> AbstractContextManager[Books | None]:
    has_ledger = os.path.lexists(job.ledger) and not job.ledger.is_symlink()
    return finished(job, clock) if has_ledger else nullcontext()
