"""`archive`: put a finished job's files away."""

from pathlib import Path
from typing import Annotated, TextIO

import typer

from bulk_onboard.cli.asking import YES, is_wanted
from bulk_onboard.cli.output import Output, tell
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

_TO = Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Where the archive's folder is to be made.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "archive", archive)


def archive(invocation: Invocation, to: _TO = None, yes: YES = False) -> Output:
    """Put the files of a finished job into one dated folder: ledger, report, annotated workbooks. Asks first.

    Workbook and documents stay where they are. A link stays where the ledger was, so that the job is not begun anew.
    """
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.model.command import command_line, taking_back
    from bulk_onboard.pipeline.archive import archive_job, plan_archive
    from bulk_onboard.pipeline.places import Written, check_places
    from bulk_onboard.report.page import shown

    job, clock = invocation.job, SystemClock()
    if to:
        check_places(job, Written("the archive's folder", to, "--to"))
    planned = plan_archive(job, clock, to=to)
    for piece in planned.pieces:
        tell(f"To be put away: {piece.path}: {piece.kind.holds}.")
    if planned.open_reviews:
        tell(f"{planned.open_reviews} records have no decision of the API's yet, as far as the ledger knows.")
    is_done = is_wanted(f"Put {len(planned.pieces)} files into {planned.folder}?", yes=yes)
    if is_done:
        archive_job(job, planned, clock)
    back = taking_back(str(planned.folder / job.ledger.name), str(job.ledger))
    whole = f"(cd -- {command_line(str(planned.folder))} && sha256sum -c SHA256SUMS)"
    sentences = (
        f"{planned.folder} holds {len(planned.pieces)} files. Whether they are whole: {whole}",
        f"Workbook and documents stay yours: {job.workbook}, {job.documents}",
        f"{job.ledger} leads there now: status and report go on, run does not. To go on with the job: {back}",
    )

    def show(stream: TextIO) -> None:
        for sentence in sentences if is_done else ("Nothing was done.",):
            print(shown(sentence, stream), file=stream)

    files = [
        {"file": str(p.path), "kind": p.kind.name, "holds": p.kind.holds, "personal_data": p.kind.personal}
        for p in planned.pieces
    ]
    told = {"done": is_done, "archive": str(planned.folder), "files": files, "open_reviews": planned.open_reviews}
    return Output(ExitStatus.DONE, told, show)
