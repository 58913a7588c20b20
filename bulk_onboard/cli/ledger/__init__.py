"""`ledger VERB`: is it sound, what happened to one record, salvage what is damaged, make anew what is lost."""

import typer

from bulk_onboard.cli.ledger import rebuild, repair, show, verify


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    ledger = typer.Typer(help="Look into the ledger; JOB may be the ledger file itself.", no_args_is_help=True)
    for verb in (verify, show, repair, rebuild):
        verb.register(ledger)
    app.add_typer(ledger, name="ledger")
