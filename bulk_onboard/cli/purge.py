"""`purge`: remove what a finished job has made."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard.cli.asking import YES, is_wanted
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

if TYPE_CHECKING:
    from bulk_onboard.pipeline.purge import Piece

_WITH_LEDGER = Annotated[
    bool, typer.Option("--with-ledger", help="Remove the ledger, too: what was done is forgotten.")
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "purge", purge)


def purge(invocation: Invocation, with_ledger: _WITH_LEDGER = False, yes: YES = False) -> Output:
    """Remove what a finished job has made: report, annotated workbooks and, if asked for, the ledger. Asks first.

    Workbook and documents are never touched. Without --with-ledger the ledger stays: it tells what was done.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.purge import plan_purge, purge_job
    from bulk_onboard.report.page import shown

    job, clock = invocation.job, SystemClock()
    planned = plan_purge(job, clock, with_ledger=with_ledger)
    for piece in planned.going:
        what = "personal data" if piece.kind.personal else "no personal data"
        tell(f"To be removed: {piece.path}: {piece.kind.holds} ({what}).")
    if planned.open_reviews and with_ledger:
        tell(f"{planned.open_reviews} records have no decision of the API's yet, as far as the ledger knows.")
    is_done = bool(planned.going) and is_wanted(f"Remove {len(planned.going)} files for good?", yes=yes)
    if is_done:
        purge_job(job, planned, clock)

    def show(stream: TextIO) -> None:
        print(f"Removed: {len(planned.going)} files." if is_done else "Nothing was removed.", file=stream)
        for piece in planned.staying:
            print(shown(f"Kept: {piece.path}: {piece.kind.holds}.", stream), file=stream)
        print(shown(f"Workbook and documents stay yours: {job.workbook}, {job.documents}", stream), file=stream)

    going, staying = _told(planned.going), _told(planned.staying)
    return Output(ExitStatus.DONE, {"done": is_done, "files": going, "kept": staying}, show)


def _told(pieces: "Iterable[Piece]") -> list[dict[str, object]]:
    return [
        {"file": str(p.path), "kind": p.kind.name, "holds": p.kind.holds, "personal_data": p.kind.personal}
        for p in pieces
    ]
