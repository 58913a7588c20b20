"""`delete`: delete one record at the API."""

from typing import Annotated

import typer

from bulk_onboard.cli.asking import YES
from bulk_onboard.cli.deleting import delete_chosen
from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, register_job_verb

_KEY = Annotated[str, typer.Argument(metavar="KEY", help="The row's Key, a token, an alias or a compliance id.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    register_job_verb(app, "delete", delete)


def delete(invocation: Invocation, key: _KEY, yes: YES = False) -> Output:
    """Delete one record at the API, where it lets it go: not once it is approved or has numbers. Asks first.

    Its row is not sent again; to have the business filed anew, give the row another Key.
    """
    from bulk_onboard.pipeline.deletion import of_key

    return delete_chosen(invocation, of_key(key), yes=yes)
