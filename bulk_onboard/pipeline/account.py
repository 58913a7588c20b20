"""Look at the account beside a run: read only, and only the account that the ledger belongs to."""

import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bulk_onboard import errors
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.ledger.opening import check_bound
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.entry import LedgerOpened
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.pipeline.connection import connect
from bulk_onboard.pipeline.stopping import status_of, why_stopped
from bulk_onboard.submission.stop import Stop
from bulk_onboard.submission.walk import walk


@asynccontextmanager
async def reading(
    job: Job,
    credentials: Credentials,
    *,
    clock: Clock,
    requests: Counter[str] | None = None,
    stop: Stop | None = None,
) -> AsyncIterator[Gateway]:
    """A way to read from the API; whatever halts a call there is raised as what it means to a person.

    `requests` is where the calls are counted, by operation and outcome.

    Raises:
        SignalledError: a signal asked to `stop`.
    """
    stop = stop or Stop()
    try:
        async with connect(job, credentials, clock=clock, stop=stop, requests=requests) as connection:
            yield connection.gateway
    except errors.StoppedError as stopped:
        if isinstance(stop.cause, signal.Signals):
            raise errors.SignalledError(status_of(stop.cause)) from None
        raise why_stopped(stop.cause, base_url=job.base_url, sent_before=False) or stopped from None


async def read_account(gateway: Gateway) -> tuple[ServerRecord, ...]:
    """Every record of the account; StoppedError when the list could not be read to its end."""
    shown = await walk(gateway)
    if shown is None:
        raise errors.StoppedError(
            "The API's list of records could not be read to its end, so nothing is concluded from it. Try again later."
        )
    return shown.records


def bound_books(ledger: Path, *, auth_id: str, base_url: str) -> Books:
    """What the ledger says, for a comparison with this account.

    Raises:
        UsageError: there is none.
        LedgerError: damaged, or of another account or address.
    """
    books = read_books(ledger).books
    if books.opened is not None:
        check_bound(ledger, books.opened, LedgerOpened(tool="", job="", auth_id=auth_id, base_url=base_url, created=""))
    return books
