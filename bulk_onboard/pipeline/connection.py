"""The stack of gateways a job talks through: retrying(breaker(paced(halting(journaled(http))))).

Halting is the part of the breaker that must stand inside the pacer: what waited its turn is turned away too.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from bulk_onboard.api.address import check_address
from bulk_onboard.api.client import Client
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.pacer import Paced, Pacer
from bulk_onboard.api.wire import Beta
from bulk_onboard.clock import Clock
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.job import Job
from bulk_onboard.model.books import Books
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.submission.breaker import Breaker
from bulk_onboard.submission.halting import Halting
from bulk_onboard.submission.journaled import Journaled
from bulk_onboard.submission.retrying import Retrying
from bulk_onboard.submission.stop import Stop
from bulk_onboard.units import Quota

REQUIREMENTS_QUOTA = Quota(100, 60.0)  # the API's document, Rate Limits


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to the API.

    Attributes:
        why_waiting: says why calls wait, for the progress line; empty while they flow.
        be_patient: said whether whoever asks pauses himself between his calls, as when reviews are waited for: while
            he does, calls that fail end nothing.
    """

    gateway: Gateway
    why_waiting: Callable[[], str]
    be_patient: Callable[[bool], None] = lambda patient: None


@asynccontextmanager
async def connect(
    job: Job,
    credentials: Credentials,
    *,
    clock: Clock,
    stop: Stop,
    journal: Journal | None = None,
    requests: Counter[str] | None = None,
) -> AsyncIterator[Connection]:
    """Open the way to the API; without a journal it serves reads only.

    `requests` is where the calls are counted, by operation and outcome.

    Raises:
        UsageError: the address of the job is not one that credentials may be sent to.
    """
    books = journal.books if journal else Books()
    base_url = check_address(job.base_url, trust_host=job.trust_host)
    client = Client(base_url, credentials, concurrency=job.concurrency + 2, proxy=job.proxy, ca_bundle=job.ca_bundle)
    async with client:
        gateway: Gateway = HttpGateway(client, Beta(), owner=books.owner, clock=clock)
        if journal:
            gateway = Journaled(gateway, journal, DocumentFolder(job.documents).read, clock=clock)
        halting = Halting(gateway, stop, Counter() if requests is None else requests)
        ages = sends_before(books, clock.now())
        pacer = Pacer(job.quota, clock=clock, earlier_sends_s_ago=ages)
        requirements_pacer = Pacer(REQUIREMENTS_QUOTA if job.quota else None, clock=clock)
        paced = Paced(halting, compliance=pacer, requirements=requirements_pacer)
        stop.call_when_requested(paced.close)
        breaker = Breaker(paced, clock=clock, stop=stop, settle_s=job.settle)
        yield Connection(
            Retrying(breaker, clock=clock, stop=stop), lambda: breaker.reason or paced.reason, breaker.be_patient
        )


def sends_before(books: Books, now: datetime) -> Iterable[float]:
    """How many seconds ago each record was last sent: an earlier process spent that quota.

    See docs/design/pacing.md, Restarts.
    """
    for record in books.records.values():
        if record.sent_at:
            age_s = (now - datetime.fromisoformat(record.sent_at)).total_seconds()
            if age_s >= 0:
                yield age_s
