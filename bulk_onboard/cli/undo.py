"""`undo`: delete what one run created."""

from typing import Annotated

import typer

from bulk_onboard.cli.asking import YES
from bulk_onboard.cli.deleting import delete_chosen
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb

_RUN = Annotated[str, typer.Option("--run", metavar="RUN", help="The run, as the report's sheet Runs names it.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "undo", undo)


def undo(invocation: Invocation, run: _RUN, yes: YES = False) -> Output:
    """Delete at the API the records that one run created, as far as it lets them go. Lists them, and asks first.

    What is approved or has numbers stays. A row whose record was deleted is not sent again.
    """
    from bulk_onboard.pipeline.deletion import of_run

    return delete_chosen(invocation, of_run(run), yes=yes)
