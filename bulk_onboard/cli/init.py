"""`init`: a folder to begin with."""

from pathlib import Path
from typing import Annotated, TextIO

import typer

from bulk_onboard import errors
from bulk_onboard.cli.output import Output, finish
from bulk_onboard.errors import ExitStatus

_JOB_FILE = """\
# What bulk-onboard is to do. Every key and its default: jobs/README.md of the project.
# Credentials do not belong here: export PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN.

workbook = "businesses.xlsx"
documents = "documents"

# country_iso = "IN"
# number_type = "local"      # for rows that do not say
# quota = "60/min"
# concurrency = 8
"""

_IGNORED = """\
# Identity documents and what was done with them do not belong in a repository.
*
!.gitignore
!job.toml
"""

_DIR = Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made where it is missing.")]
_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""

    @app.command("init")
    def command(folder: _DIR, as_json: _JSON = False) -> None:
        """Make a folder with a job file, an empty workbook, a documents folder and a .gitignore."""
        finish(lambda: init(folder), as_json=as_json)


def init(folder: Path) -> Output:
    """Write the four things; nothing that exists is touched.

    Raises:
        UsageError: one of them is there already, or the folder cannot be written.
    """
    from bulk_onboard.intake.bundled import bundled_requirements
    from bulk_onboard.intake.template import write_template
    from bulk_onboard.model.command import Commands

    job, workbook, documents, ignored = (
        folder / name for name in ("job.toml", "businesses.xlsx", "documents", ".gitignore")
    )
    if existing := [path.name for path in (job, workbook, ignored) if path.exists()]:
        raise errors.UsageError(f"{folder} has {', '.join(existing)} already. Name another folder, or move them away.")
    book, command = bundled_requirements(), Commands(job=str(job)).check()
    try:
        documents.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_template(workbook, book)
        job.write_text(_JOB_FILE, encoding="utf-8")
        ignored.write_text(_IGNORED, encoding="utf-8")
    except OSError as error:
        raise errors.UsageError(f"{folder} cannot be written: {error.strerror}. Name another folder.") from None

    def show(stream: TextIO) -> None:
        print(f"{job}: the job; {workbook}: fill it in; {documents}/: put the documents here.", file=stream)
        print(f"The columns are those of {book.source}.", file=stream)
        print(f"Then: {command}", file=stream)

    made = {"job": str(job), "workbook": str(workbook), "documents": str(documents)}
    return Output(ExitStatus.DONE, {**made, "next": command}, show)
