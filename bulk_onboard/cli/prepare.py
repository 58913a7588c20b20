"""`init`, `template` and `requirements`: what one needs before the first check."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bulk_onboard import errors
from bulk_onboard.cli.output import Output, awaited, finish
from bulk_onboard.cli.verb import Invocation
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


def init_command(folder: _DIR, as_json: _JSON = False) -> None:
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


if TYPE_CHECKING:
    from bulk_onboard.model.requirements import RequirementsBook


def requirements(invocation: Invocation) -> Output:
    """Show which fields and documents the API requires: live with credentials, else the bundled example."""
    from bulk_onboard.report.console import print_requirements

    book = ask(invocation)

    def show(stream: TextIO) -> None:
        print_requirements(book, stream)

    return Output(
        ExitStatus.DONE,
        {
            "requirements": book.source,
            "offered": [
                {
                    "country_iso": offered.combination.country_iso,
                    "number_type": offered.combination.number_type,
                    "user_type": offered.combination.user_type,
                    "review_days": offered.review_days,
                    "fields": [
                        {
                            "name": field.name,
                            "label": field.label,
                            "required": field.required,
                            "min_length": field.min_length,
                            "max_length": field.max_length,
                        }
                        for field in offered.fields
                    ],
                    "documents": [
                        {"type": document.type, "title": document.title, "kinds": document.kinds}
                        for document in offered.documents
                    ],
                }
                for offered in book.offered.values()
            ],
        },
        show,
    )


def ask(invocation: Invocation) -> "RequirementsBook":
    """The requirements of all that the job may be about."""
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.run.requirements import combinations_of, requirements_for

    job = invocation.job
    return awaited(
        requirements_for(job, combinations_of(job), credentials=invocation.credentials_at_hand(), clock=SystemClock())
    )


_OUTPUT = Annotated[Path, typer.Option("--output", help="Where to write it; an existing file is never overwritten.")]


def template(invocation: Invocation, output: _OUTPUT = Path("businesses.xlsx")) -> Output:
    """Write an empty input workbook: the required columns, notes, drop-downs, every column as text."""
    from bulk_onboard.intake.template import write_template
    from bulk_onboard.run.preflight import Written, check_places

    check_places(invocation.job, Written("the template", output, "--output"))
    book = ask(invocation)
    write_template(output, book)
    command = replace(invocation.job.commands, job=str(output)).check()

    def show(stream: TextIO) -> None:
        print(f"{output} (requirements: {book.source})", file=stream)
        print(f"Fill it in, then type: {command}", file=stream)

    return Output(ExitStatus.DONE, {"requirements": book.source, "template": str(output), "next": command}, show)
