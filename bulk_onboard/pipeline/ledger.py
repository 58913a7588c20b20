"""Open the ledger of a job, bound to its account and address."""

from contextlib import AbstractContextManager

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import LedgerJournal
from bulk_onboard.ledger.lock import PATIENCE_S
from bulk_onboard.model.path import readable


def open_ledger(
    job: Job, credentials: Credentials, clock: Clock, *, patience_s: float = PATIENCE_S
) -> AbstractContextManager[LedgerJournal]:
    """The job's ledger, locked while the context lasts; errors as for `LedgerJournal.open`."""
    return LedgerJournal.open(
        job.ledger,
        job=readable(job.name),
        auth_id=credentials.auth_id,
        base_url=job.base_url,
        clock=clock,
        share=job.share,
        patience_s=patience_s,
    )
