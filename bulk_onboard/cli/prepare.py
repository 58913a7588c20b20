"""`init`, `template` and `requirements`: before the first check."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output, finish
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.model.requirements import Contract

if TYPE_CHECKING:
    from bulk_onboard.model.requirements import FieldRequirement, RequirementsBook

_JOB_FILE = """\
# Settings of this job. Every key and its default: docs/job_file.md of bulk-onboard.
# Credentials do not belong here: export PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN.

workbook = "businesses.xlsx"
documents = "documents"

{contract}
# country_iso = "IN"
# number_type = "local"      # for rows that do not say
# quota = "60/min"
# concurrency = 8

# One job may file for several accounts; each then has credentials of its own (PLIVO_AUTH_ID_ACME), and the rows whose
# cell Account names it. This comes last in the file.
# [[accounts]]
# name = "acme"
"""

_IGNORED = """\
# Identity documents, and what was sent of them, do not belong in a repository.
*
!.gitignore
!job.toml
"""

_DIR = Annotated[Path, typer.Argument(metavar="DIR", help="The folder; created where it is missing.")]
_CONTRACT = Annotated[
    Contract | None, typer.Option("--contract", help="How the account's API speaks, where that is known.")
]
_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def init_command(folder: _DIR, contract: _CONTRACT = None, as_json: _JSON = False) -> None:
    """Make a folder for a new job.

    It gets a job file, an empty workbook, a folder for documents and a .gitignore. No file is overwritten. The workbook
    has the columns of a bundled example; the verb template asks the API.
    """
    finish(lambda: _init(folder, contract), as_json=as_json)


def _init(folder: Path, contract: Contract | None) -> Output:
    from bulk_onboard.api.bundled import bundled_requirements
    from bulk_onboard.intake.template import write_template
    from bulk_onboard.model.command import Commands

    job, workbook, documents, ignored = (
        folder / name for name in ("job.toml", "businesses.xlsx", "documents", ".gitignore")
    )
    if existing := [path.name for path in (job, workbook, ignored) if path.exists()]:
        raise UsageError(f"{folder} has {', '.join(existing)} already. Name another folder, or move them away.")
    book, command = bundled_requirements(contract), Commands(job=str(job)).check()
    try:
        documents.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_template(workbook, book)
        job.write_text(_JOB_FILE.format(contract=_named(contract)), encoding="utf-8")
        ignored.write_text(_IGNORED, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}. Name another folder.") from None

    def show(stream: TextIO) -> None:
        print(f"{job}: the job file; {workbook}: fill it in; {documents}/: put the documents here.", file=stream)
        print(f"The columns are those of {book.described}.", file=stream)
        print(f"Then type: {command}", file=stream)

    made = {"contract": book.contract, "job": str(job), "workbook": str(workbook), "documents": str(documents)}
    return Output(ExitStatus.DONE, {**made, "next": command}, show)


def _named(contract: Contract | None) -> str:
    """Return the job file's line about the contract; without one the API's requirements show it."""
    return f'contract = "{contract}"' if contract else '# contract = "auto"'


def requirements(invocation: Invocation) -> Output:
    """Show which fields and documents the API requires.

    With credentials it asks the API, else it shows the bundled example.
    """
    from bulk_onboard.reporting.console import print_requirements

    book = _requirements(invocation)

    def show(stream: TextIO) -> None:
        print_requirements(book, stream)

    return Output(
        ExitStatus.DONE,
        {
            "requirements": book.source,
            "contract": book.contract,
            "offered": [
                {
                    "country_iso": offered.combination.country_iso,
                    "number_type": offered.combination.number_type,
                    "user_type": offered.combination.user_type,
                    "review_days": offered.review_days,
                    "fields": [_field_as_data(field) for field in offered.fields],
                    "documents": [
                        {
                            "type": document.type,
                            "title": document.title,
                            "kinds": document.kinds,
                            "needs_file": document.needs_file,
                            "fields": [_field_as_data(field) for field in document.fields],
                        }
                        for document in offered.documents
                    ],
                }
                for offered in book.offered.values()
            ],
        },
        show,
    )


def _field_as_data(field: "FieldRequirement") -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "required": field.required,
        "min_length": field.min_length,
        "max_length": field.max_length,
        "type": field.field_type,
        "format": field.date_format,
        "choices": field.choices,
    }


def _requirements(invocation: Invocation) -> "RequirementsBook":
    """Return the requirements of every kind of number that the job may ask for."""
    from bulk_onboard.pipeline.requirements import combinations_of, requirements_for

    job = invocation.job
    return invocation.awaited(
        "asking what the API requires",
        requirements_for(
            job, combinations_of(job), credentials=invocation.credentials_at_hand(), clock=invocation.clock()
        ),
    )


_OUTPUT = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="PATH",
        help="The file to write; one that exists is never overwritten. Default: the job's own workbook, if it is not "
        "there yet, else businesses.xlsx.",
        show_default=False,
    ),
]


def template(invocation: Invocation, output: _OUTPUT = None) -> Output:
    """Write an empty workbook to fill in.

    It has the required columns with notes and drop-downs, and formats every column as text. For accounts that share a
    workbook it has a column for the account's name.
    """
    from bulk_onboard.intake.template import write_template
    from bulk_onboard.job import whole_job
    from bulk_onboard.pipeline.places import Written, check_places, is_same_file

    sharing = [job for job in invocation.jobs if job.shares_sheet]
    commands = whole_job(invocation.jobs)
    invocation = replace(invocation, jobs=tuple(sharing[:1])) if sharing else invocation
    job = invocation.job
    accounts = [each.account for each in sharing]
    if len(accounts) == 1:  # picked: the workbook is that of the others, too
        accounts += job.other_accounts
    is_job_file = job.file.suffix.lower() == ".toml"
    if output is None:
        output = job.workbook if is_job_file and not os.path.lexists(job.workbook) else Path("businesses.xlsx")
    if output.suffix.lower() != ".xlsx":
        raise UsageError(
            f"The template is an Excel workbook, so {output} cannot be its name. Name it {output.with_suffix('.xlsx')}."
        )
    is_own = is_job_file and is_same_file(output, job.workbook) and not os.path.lexists(output)
    check_places(job, *(() if is_own else (Written("the template", output, "--output"),)))
    book = _requirements(invocation)
    write_template(output, book, accounts)
    if is_own:
        command = commands.check()
    elif is_job_file:  # whose other settings, such as the address, hold for the new one, too
        command = commands.of_workbook(str(output)).check()
    else:
        command = replace(commands, job=str(output)).check()

    def show(stream: TextIO) -> None:
        print(f"{output}: its columns are those of {book.described}.", file=stream)
        print(f"Fill it in, then type: {command}", file=stream)

    told = {"requirements": book.source, "contract": book.contract, "template": str(output), "next": command}
    return Output(ExitStatus.DONE, told, show)
