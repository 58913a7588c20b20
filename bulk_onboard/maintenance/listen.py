"""Listen to callbacks: keep each as a hint, which is then worked off (`hints`).

`listen` is the whole of it. All accounts of a job are listened to at one port, each at a path of its own: a signature
is checked with that account's token alone, and its hints lie beside its own ledger. What keeps the hints of one account
from being worked off stops no other; its callbacks are kept all the same, until the next listener.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from urllib.parse import urlsplit

from bulk_onboard import errors, log
from bulk_onboard.api.address import check_address, is_loopback
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.api.wire import RECORD_IDS
from bulk_onboard.callbacks.callback import Endpoint, Reception
from bulk_onboard.callbacks.listener import Inbox, Listener
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.job import Job
from bulk_onboard.maintenance.hints import HintWorker, work_until_stopped
from bulk_onboard.model.callback_url import objection
from bulk_onboard.pipeline.connection import bound_ledger_state, connect
from bulk_onboard.pipeline.stop import Stop, why_stopped

ID_NAMES = (*RECORD_IDS, "id")  # integrators read all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How to listen.

    Attributes:
        public_url: the address that the API calls; where the job has accounts each has its name behind that.
        tokens: those that may have signed besides the account's own, by account.
    """

    public_url: str
    host: str = "127.0.0.1"
    port: int = 8080
    tokens: Mapping[str, Sequence[Secret]] = field(default_factory=dict)
    allow_unsigned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenResult:
    """What listening came to, for one account.

    Attributes:
        received, refused: callbacks.
        unknown: hints for records that the ledger does not have.
        read, changed: records that were read because of a hint, and those whose review had changed.
        waiting: records whose hints still wait; the next listener works them off.
        error: what kept its hints from being worked off; None for a signal.
    """

    received: int
    refused: int
    unknown: int
    read: int
    changed: int
    waiting: int
    error: BulkOnboardError | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Return all but the error, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "error"}


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening came to, for all accounts.

    Attributes:
        accounts: what it came to for each, by its name; of a job without accounts by an empty one.
        elsewhere: how many requests came to a path at which there is nothing.
    """

    accounts: Mapping[str, ListenResult]
    elsewhere: int = 0

    @property
    def sums(self) -> dict[str, int]:
        """Return the counts of all accounts; what came to no account's path was received and refused, too."""
        sums = Counter[str]()
        for each in self.accounts.values():
            sums.update(each.counts)
        sums.update(received=self.elsewhere, refused=self.elsewhere)
        return dict(sums)

    @property
    def exit_status(self) -> errors.ExitStatus:
        """Return that of the first trouble that holds; 0 where a signal ended it."""
        return errors.first_that_holds(*(each.error.exit_status for each in self.accounts.values() if each.error))


async def listen(
    jobs: Sequence[Job],
    listening: Listening,
    *,
    credentials: Mapping[str, Credentials],
    clock: Clock,
    stop: Stop,
    announce: Callable[[str], None] = lambda address: None,
    warn: Callable[[str, BulkOnboardError], None] = lambda account, error: None,
) -> Heard:
    """Listen until asked to stop, or until no account's hints can be worked off.

    Args:
        jobs: of the accounts that are listened to.
        credentials: by account.
        announce: called with the address, such as `http://127.0.0.1:8080`, once something listens there.
        warn: called with an account, where there are several, and what keeps its hints from being worked off.

    Raises:
        BulkOnboardError: it could not begin, for any account; what stops one later is in its result.
    """
    base = check_public_url(listening.public_url)
    accounts = [_Account(job, base, listening, credentials[job.account], clock) for job in jobs]
    troubles = [error for each in accounts if (error := each.cannot_begin())]
    if len(troubles) == len(accounts):
        raise min(troubles, key=lambda error: errors.PRECEDENCE.index(error.exit_status))

    async def serve(account: _Account) -> None:
        await account.serve(stop)
        if account.error and len(accounts) > 1:
            warn(account.job.account, account.error)

    async with Listener(listening.host, listening.port, [each.inbox for each in accounts]) as listener:
        announce(listener.address)
        await asyncio.gather(*map(serve, accounts))
    return Heard({each.job.account: each.result() for each in accounts}, listener.elsewhere)


class _Account:
    """One account that is listened to.

    Attributes:
        error: what keeps its hints from being worked off; None for nothing.
    """

    def __init__(self, job: Job, base: str, listening: Listening, credentials: Credentials, clock: Clock) -> None:
        self.job = job
        self.error: BulkOnboardError | None = None
        self._credentials, self._clock = credentials, clock
        more = listening.tokens.get(job.account, ())
        tokens = tuple(secret.reveal() for secret in (credentials.auth_token, *more))
        self._hints, self._wake = job.store.hints, asyncio.Event()
        self._worker: HintWorker | None = None
        endpoint = Endpoint(public_url_of(base, job), tokens, ID_NAMES, listening.allow_unsigned)
        self.inbox = Inbox(endpoint, self._hints.keep, self._wake.set)

    def cannot_begin(self) -> BulkOnboardError | None:
        """Look at address and ledger; return what keeps them from being used, None for nothing."""
        try:
            check_address(self.job.base_url, trust_host=self.job.trust_host)
            if left := self.job.left_in_file():  # else its hints would be taken for those of strangers
                raise left
            bound_ledger_state(self.job, self._credentials.auth_id, is_needed=False)
        except BulkOnboardError as error:
            self.error = error
        return self.error

    async def serve(self, whole: Stop) -> None:
        """Work off its hints until the whole is to stop, or until that cannot go on."""
        if self.error:
            return
        job, stop = self.job, whole.part()
        with log.about(job.account):
            try:
                async with connect(job, self._credentials, clock=self._clock, stop=stop) as connection:
                    self._worker = HintWorker(
                        job,
                        credentials=self._credentials,
                        clock=self._clock,
                        gateway=connection.gateway,
                    )
                    await work_until_stopped(self._worker, self._clock, stop, self._wake)
            except BulkOnboardError as error:
                stop.request(error)
        self.error = why_stopped(stop.cause, base_url=job.base_url, sent_before=True, account=job.account)

    def result(self) -> ListenResult:
        """Return what listening came to."""
        counts, worked = self.inbox.counts, self._worker.counts if self._worker else {}
        try:
            waiting = len(self._hints.waiting())
        except BulkOnboardError as error:
            waiting, self.error = 0, self.error or error
        return ListenResult(
            received=counts.total(),
            refused=sum(count for reception, count in counts.items() if reception.http_status >= 400),
            unknown=worked.get("unknown", 0) + counts[Reception.NAMELESS],
            read=worked.get("read", 0),
            changed=worked.get("changed", 0),
            waiting=waiting,
            error=self.error,
        )


def public_url_of(public_url: str, job: Job) -> str:
    """Return the address that the API calls about this account: its name stands behind the path, where it has one."""
    return f"{public_url.rstrip('/')}/{job.account}" if job.account else public_url


def check_public_url(public_url: str) -> str:
    """Return the public address without its query, which every request brings itself.

    Raises:
        UsageError: the API cannot call it, or it has no path.
    """
    address, _, _ = public_url.partition("?")
    try:
        parts = urlsplit(address)
        on_this_machine = parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")
    except ValueError:
        on_this_machine = False
    trouble = "" if on_this_machine else objection(address)
    if not trouble and not parts.path:
        trouble = "It has no path; add one, best with a part that nobody can guess."
    if trouble:
        raise errors.UsageError(f"--public-url cannot be used. {trouble}")
    return address
