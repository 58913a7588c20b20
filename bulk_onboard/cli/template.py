"""`template`: an input workbook made from the requirements."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.requirements import ask
from bulk_onboard.cli.verb import Invocation, register_job_verb
from bulk_onboard.errors import ExitStatus

_OUTPUT = Annotated[Path, typer.Option("--output", help="Where to write it; an existing file is never overwritten.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "template", template, job_optional=True, writes=False)


def template(invocation: Invocation, output: _OUTPUT = Path("businesses.xlsx")) -> Output:
    """Write an empty input workbook: the required columns, notes, drop-downs, every column as text."""
    from bulk_onboard.intake.template import write_template
    from bulk_onboard.pipeline.places import Written, check_places

    check_places(invocation.job, Written("the template", output, "--output"))
    book = ask(invocation)
    write_template(output, book)
    command = replace(invocation.job.commands, job=str(output)).check()

    def show(stream: TextIO) -> None:
        print(f"{output} (requirements: {book.source})", file=stream)
        print(f"Fill it in, then type: {command}", file=stream)

    return Output(ExitStatus.DONE, {"requirements": book.source, "template": str(output), "next": command}, show)
