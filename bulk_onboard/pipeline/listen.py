"""Listen to callbacks: take in hints, and work them off while nobody else uses the ledger (reliability.md 5.7)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bulk_onboard import errors
from bulk_onboard.api.address import is_loopback
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.callbacks.keeping import Keeping, Kept
from bulk_onboard.callbacks.listener import Listener
from bulk_onboard.callbacks.nonces import Nonces
from bulk_onboard.callbacks.reception import Gate, Reception
from bulk_onboard.callbacks.spool import Spool, spool_path
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.job import Job
from bulk_onboard.model.callback_url import objection
from bulk_onboard.pipeline.account import bound_books
from bulk_onboard.pipeline.connection import connect
from bulk_onboard.pipeline.hints import HintWorker
from bulk_onboard.pipeline.stopping import why_stopped
from bulk_onboard.submission.rest import rest
from bulk_onboard.submission.stop import Stop

BETWEEN_S = 1.0  # so that what comes in a flood is worked off together


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How to listen; `tokens` are those that may have signed, besides the account's own."""

    public_url: str
    host: str = "127.0.0.1"
    port: int = 8080
    tokens: Sequence[Secret] = ()
    allow_unsigned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What listening came to.

    Attributes:
        received, refused, replayed, dropped: callbacks; `dropped` ones were signed and found no room.
        unknown: hints for records that the ledger does not know.
        read, believed: records that were read because of a hint, and those whose review was another one.
        waiting: records whose hints still wait; the next listener works them off.
        error: what stopped it; None for a signal.
    """

    received: int
    refused: int
    replayed: int
    dropped: int
    unknown: int
    read: int
    believed: int
    waiting: int
    error: BulkOnboardError | None = None


async def listen(
    job: Job,
    listening: Listening,
    *,
    credentials: Credentials,
    clock: Clock,
    stop: Stop,
    announce: Callable[[str], None] = lambda url: None,
) -> Heard:
    """Listen until the wish to stop; `announce` is told where, once it does.

    Raises:
        BulkOnboardError: it could not begin; whatever stops it later is in the result.
    """
    tokens = tuple(secret.reveal() for secret in (credentials.auth_token, *listening.tokens))
    gate = Gate(check_public_url(listening.public_url), tokens, Nonces(), listening.allow_unsigned)
    if job.ledger.exists():
        bound_books(job.ledger, auth_id=credentials.auth_id, base_url=job.base_url)
    spool = Spool(spool_path(job.ledger.absolute()))
    wake = asyncio.Event()
    async with connect(job, credentials, clock=clock, stop=stop) as connection:
        worker = HintWorker(job, credentials=credentials, clock=clock, gateway=connection.gateway, spool=spool)
        keeping = Keeping(spool.keep, wake.set)
        async with Listener(listening.host, listening.port, gate=gate, keeping=keeping) as listener:
            announce(listener.url)
            await _work_until_stopped(worker, clock, stop, wake)
    return _heard(listener, worker, len(spool.take()), why_stopped(stop.cause, base_url=job.base_url, sent_before=True))


async def _work_until_stopped(worker: HintWorker, clock: Clock, stop: Stop, wake: asyncio.Event) -> None:
    while not stop.requested:
        wake.clear()
        try:
            pause_s = await worker.work()
        except BulkOnboardError as error:
            stop.request(error)
            break
        except OSError as error:
            stop.request(errors.StoppedError(f"The file of hints cannot be used: {error.strerror}. Mend that."))
            break
        await stop.pause(clock, BETWEEN_S)
        if pause_s != 0:
            await rest(clock, pause_s, wake, stop.wished)


def _heard(listener: Listener, worker: HintWorker, waiting: int, error: BulkOnboardError | None) -> Heard:
    receptions = {one: listener.counts[one] for one in Reception}
    return Heard(
        received=sum(receptions.values()),
        refused=sum(count for one, count in receptions.items() if one.refused),
        replayed=receptions[Reception.REPLAYED],
        dropped=listener.counts[Kept.DROPPED],
        unknown=worker.counts["unknown"] + receptions[Reception.NAMELESS],
        read=worker.counts["read"],
        believed=worker.counts["changed"],
        waiting=waiting,
        error=error,
    )


def check_public_url(public_url: str) -> str:
    """The public address without its query, which every request brings itself.

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
