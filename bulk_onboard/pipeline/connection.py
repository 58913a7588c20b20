"""Connect a job to its API and its ledger.

One stack of wrappers serves a whole run: it reads requirements before there is a ledger, and writes once it has one.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial

from bulk_onboard import errors
from bulk_onboard.api.address import check_address
from bulk_onboard.api.client import Client
from bulk_onboard.api.credentials import Credentials
from bulk_onboard.api.gate import Gate
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.pacer import Paced, Pacer
from bulk_onboard.api.wire import Wire
from bulk_onboard.clock import Clock
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.job import Job
from bulk_onboard.ledger.opening import check_bound
from bulk_onboard.model.application import Document
from bulk_onboard.model.call import Gateway, ServerRecord
from bulk_onboard.model.entry import CLOCKS_APART_S, LedgerOpened, age_s
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.store import Lease, OpenJournal
from bulk_onboard.pipeline.gateways import Breaker, Journaled, Retrying, StopGate
from bulk_onboard.pipeline.progress import WAITING_FOR_LEASE, Flow, Progress
from bulk_onboard.pipeline.stop import Stop, status_of, why_stopped
from bulk_onboard.pipeline.walk import walk
from bulk_onboard.planning import Budget
from bulk_onboard.threads import in_thread
from bulk_onboard.units import Quota

REQUIREMENTS_QUOTA = Quota(100, 60.0)  # the API's document, Rate Limits


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to the API.

    Attributes:
        gateway: the whole stack of wrappers; see `gateways`.
        flow: return how the calls flow, for whoever shows the progress.
        budget: return how fast they may go, for forecasts.
        bind: name the ledger that writes go into, where there was none when the connection was opened; before any call
            that is paced with the writes.
        be_patient: say whether the caller pauses between its calls itself, as when it waits for reviews; then calls
            that fail do not end the run.
    """

    gateway: Gateway
    flow: Callable[[], Flow] = Flow
    budget: Callable[[], Budget] = field(default=lambda: Budget(quota=None))
    bind: Callable[[OpenJournal], None] = lambda journal: None
    be_patient: Callable[[bool], None] = lambda patient: None


@asynccontextmanager
async def owned(
    job: Job, credentials: Credentials, *, clock: Clock, stop: Stop, progress: Progress | None = None
) -> AsyncIterator[OpenJournal]:
    """Own the job's ledger while the context lasts.

    In a database that may take until the lease of an owner is over who has died; a stop ends the wait.

    Args:
        progress: where it says that it waits.

    Raises:
        SignalledError: a signal asked to `stop`.
        BulkOnboardError: as for `Store.opened`, or what else asked to stop.
    """
    is_in_database = progress is not None and job.database is not None
    holder = await in_thread(job.store.holder) if is_in_database else ""
    opened = job.store.opened(auth_id=credentials.auth_id, clock=clock, patience_s=0.0 if stop.requested else None)
    async with AsyncExitStack() as stack:
        opening = asyncio.ensure_future(stack.enter_async_context(opened))
        if not stop.requested:
            stop.call_when_requested(lambda: _cancel(opening))
        try:
            with progress.doing(WAITING_FOR_LEASE) if progress is not None and holder else nullcontext():
                journal = await opening
        except asyncio.CancelledError:
            if not stop.requested or (task := asyncio.current_task()) is None or task.cancelling():
                raise
            if isinstance(stop.cause, errors.BulkOnboardError):
                raise stop.cause from None
            raise errors.SignalledError(status_of(stop.cause)) from None
        yield journal


def _cancel(opening: asyncio.Future[OpenJournal]) -> None:
    opening.cancel()


@asynccontextmanager
async def connect(
    job: Job,
    credentials: Credentials,
    *,
    clock: Clock,
    stop: Stop,
    gate: Gate | None = None,
    journal: OpenJournal | None = None,
    requests: Counter[str] | None = None,
    note_request: Callable[[], None] = lambda: None,
) -> AsyncIterator[Connection]:
    """Open the way to the API.

    Args:
        gate: what bounds the calls in flight of all accounts; None for one of this job's own.
        journal: the ledger that writes go into; without one the connection can only read, until it is bound to one.
            Once it is bound nothing is sent for longer than the ledger is owned, reads neither.
        requests: where the calls are counted, by operation and outcome.
        note_request: called before each call that goes out.

    Raises:
        UsageError: the address of the job is not one that credentials may be sent to.
    """
    base_url, gate = check_address(job.base_url, trust_host=job.trust_host), gate or Gate(job.uploads)
    tenure = _Tenure(stop)
    client = Client(
        base_url,
        credentials,
        concurrency=job.concurrency + 2,
        proxy=job.proxy,
        ca_bundle=job.ca_bundle,
        fence=tenure.holds,
    )

    def bind(to: OpenJournal) -> None:
        journaled.bind(to)
        tenure.begin(to, client)
        pacer.begin_after(_earlier_sends(to))

    def owner(compliance_id: str) -> str | None:
        return journaled.owner(compliance_id)

    async with client:
        http = HttpGateway(client, Wire(), owner=owner, clock=clock)
        journaled = Journaled(http, None, _reader_of(job), clock=clock)
        pacer = Pacer(job.quota, clock=clock, gate=gate)
        if journal is not None:
            bind(journal)
        # The stop gate stands inside the pacer, so that a call which waited its turn is turned away too.
        stop_gate = StopGate(journaled, stop, Counter() if requests is None else requests, note_request)
        paced = Paced(
            stop_gate,
            compliance=pacer,
            requirements=Pacer(REQUIREMENTS_QUOTA if job.quota else None, clock=clock, gate=gate),
        )
        stop.call_when_requested(paced.close)
        breaker = Breaker(paced, clock=clock, stop=stop, settle_s=job.settle)
        yield Connection(
            Retrying(breaker, clock=clock, stop=stop),
            flow=lambda: _flow(job, paced, breaker),
            budget=lambda: _budget(job, paced),
            bind=bind,
            be_patient=breaker.be_patient,
        )


class _Tenure:
    """While the ledger is owned, calls may go out; then they are given up, and the run stops."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._lease: Lease | None = None

    def holds(self) -> bool:
        """Return whether anything may be sent: it is the client's fence."""
        return self._lease is None or self._lease.holds()

    def begin(self, journal: OpenJournal, client: Client) -> None:
        """Let the client send for as long as this ledger's lease holds."""
        self._lease = journal.lease
        self._lease.call_when_over(partial(self._end, journal, client))

    def _end(self, journal: OpenJournal, client: Client) -> None:
        self._stop.request(journal.trouble)
        client.abort()


def _flow(job: Job, paced: Paced, breaker: Breaker) -> Flow:
    return Flow(str(job.quota or ""), paced.outlook.next_s, breaker.reason)


def _budget(job: Job, paced: Paced) -> Budget:
    """Return how fast calls may go: as the quota allows, and as those under way at a time get their answers."""
    outlook = paced.outlook
    each_s = max(outlook.each_s, outlook.call_s / job.concurrency)
    return Budget(quota=outlook.quota, openings_s=outlook.openings_s, each_s=each_s)


def _reader_of(job: Job) -> Callable[[Document], bytes | None]:
    """Return what reads a document again just before it is sent, from the documents folder or that of the copies."""
    folders = (DocumentFolder(job.converted), DocumentFolder(job.documents))
    return lambda document: next(filter(None, (folder.read(document) for folder in folders)), None)


def _earlier_sends(journal: OpenJournal) -> Iterable[float]:
    """Yield how many seconds ago each record was last sent.

    An earlier process spent that part of the quota. What seems to lie a little ahead, since it was stamped by another
    clock, was sent just now: that costs at most a window.

    See docs/design/pacing.md, Restarts.
    """
    now = journal.now()
    for record in journal.ledger_state.records.values():
        if record.sent_at and (sent_s_ago := age_s(record.sent_at, now)) > -CLOCKS_APART_S:
            yield max(0.0, sent_s_ago)


@asynccontextmanager
async def reading(
    job: Job,
    credentials: Credentials,
    *,
    clock: Clock,
    requests: Counter[str] | None = None,
    stop: Stop | None = None,
    progress: Progress | None = None,
    gate: Gate | None = None,
) -> AsyncIterator[Gateway]:
    """Open a way to read from the API.

    What stops its calls is raised as the error that people are told.

    Args:
        gate: what bounds the calls in flight of all accounts; None for one alone.
        requests: where the calls are counted, by operation and outcome.
        progress: what is told how the calls flow.

    Raises:
        SignalledError: a signal asked to `stop`.
        CredentialsError, AddressError, StoppedError: the API cannot be asked.
    """
    stop = stop or Stop()
    try:
        async with connect(job, credentials, clock=clock, stop=stop, gate=gate, requests=requests) as connection:
            if progress is not None:
                progress.flow = connection.flow
            yield connection.gateway
    except errors.StoppedError as stopped:
        if isinstance(stop.cause, signal.Signals):
            raise errors.SignalledError(status_of(stop.cause)) from None
        why = why_stopped(stop.cause, base_url=job.base_url, sent_before=False, account=job.account)
        raise why or stopped from None


async def read_account(gateway: Gateway) -> tuple[ServerRecord, ...]:
    """Return every record of the account.

    StoppedError when the list could not be read to its end.
    """
    shown = await walk(gateway)
    if shown is None:
        raise errors.StoppedError(
            "The API's list of records could not be read to its end, so nothing is concluded from it. Try again later."
        )
    return shown.records


def bound_ledger_state(job: Job, auth_id: str, *, is_needed: bool = True) -> LedgerState:
    """Read the job's ledger, for a comparison with this account.

    Args:
        is_needed: whether there must be one; else the state is empty where there is none.

    Raises:
        UsageError: there is none.
        LedgerError: damaged, or of another account or address.
    """
    ledger_state = job.ledger_state(is_needed=is_needed)
    if ledger_state.opened is not None:
        wanted = LedgerOpened(tool="", job="", auth_id=auth_id, base_url=job.base_url, created="")
        check_bound(job.store.name, ledger_state.opened, wanted)
    return ledger_state
