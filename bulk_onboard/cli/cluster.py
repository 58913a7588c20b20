"""`worker` and `stop`: accounts on several machines; `run --cluster` begins here, too."""

import os
from typing import Annotated

import typer

from bulk_onboard.cli.output import Output, finish
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import UsageError

STORE = "BULK_ONBOARD_STORE"

_STORE = Annotated[
    str | None,
    typer.Option(
        help=f"Address of the database with ledgers and tasks: postgresql://host/db. Default: ${STORE}.",
        show_default=False,
    ),
]
_ACCOUNTS = Annotated[int, typer.Option(help="How many accounts to run at the same time.", min=1)]


def worker_command(store: _STORE = None, accounts: _ACCOUNTS = 50) -> None:
    """Run accounts that were handed over with run --cluster, until Ctrl-C.

    Any number of workers may run, on any machines. Each needs the credentials of all accounts in its environment, and
    job files, workbooks and documents under the same paths as where they were handed over. The first Ctrl-C lets calls
    in flight finish and hands the accounts back, to be taken by others; the second quits at once, which is safe.
    """
    finish(lambda: _work(store or os.environ.get(STORE, ""), accounts), as_json=False)


def _work(address: str, accounts: int) -> Output:
    from bulk_onboard.cluster.engine import check_installed

    if not address:
        raise UsageError(
            f"A worker needs the address of the database: write --store postgresql://host/db, or export {STORE}."
        )
    check_installed()
    raise UsageError(f"A worker for {accounts} accounts is not there yet.")


def stop(invocation: Invocation) -> Output:
    """Stop accounts that were handed over with run --cluster.

    Those that wait are taken back. Those that run let calls in flight finish and end, and are not tried again. To go on
    with them, hand them over again.
    """
    raise UsageError(f"Not there yet for {len(invocation.jobs)} accounts.")


def run_in_cluster(invocation: Invocation, *, yes: bool) -> Output:
    """Hand all accounts over, and follow them to their end."""
    raise UsageError(f"Not there yet for {len(invocation.jobs)} accounts ({yes}).")
