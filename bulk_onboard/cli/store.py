"""`store setup`: the tables of a database that keeps ledgers."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from bulk_onboard.cli.output import Output, awaited, finish
from bulk_onboard.errors import ExitStatus, UsageError

_WHERE = Annotated[
    str | None,
    typer.Argument(
        metavar="JOB|ADDRESS", help="A job whose setting store names a database, or the database's address itself."
    ),
]
_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def setup(where: _WHERE = None, as_json: _JSON = False) -> None:
    """Make the tables for ledgers in a PostgreSQL database.

    It may be typed again at any time, and must be after an update that says so. Whose role makes them owns them; other
    roles need to be given their rights.
    """
    finish(lambda: _set_up(_address(where)), as_json=as_json)


def _set_up(address: str) -> Output:
    try:
        from bulk_onboard.cluster import engine
        from bulk_onboard.cluster.tasks import TABLE
        from bulk_onboard.ledger.database.address import shown
        from bulk_onboard.ledger.database.store import set_up
    except ImportError:
        raise UsageError(
            "What speaks to a database is not installed. To install it, type: pip install 'bulk-onboard[cluster]'"
        ) from None
    set_up(address)
    awaited(engine.set_up(address, TABLE))
    sentence, data = f"{shown(address)} is set up for ledgers.", dict[str, Any](store=shown(address))
    return Output(ExitStatus.DONE, data, lambda stream: print(sentence, file=stream))


def _address(where: str | None) -> str:
    """Return the address of the database, typed or in a job file."""
    from bulk_onboard.job import job_from_flags, load_jobs
    from bulk_onboard.job_file import find_job_file

    if where is not None and "://" in where:
        typed: Mapping[str, Any] = {"store": where}
        job = job_from_flags(typed)
    else:
        file = find_job_file(where, is_needed=True)
        assert file is not None  # noqa: S101 - it is needed
        job = load_jobs(file)[0]
    if job.database is None:
        raise UsageError(
            f"{job.file} keeps its ledgers in files, which need no setup. Name a database there (store = "
            '"postgresql://host/database"), or give its address instead of the job.'
        )
    return job.database
