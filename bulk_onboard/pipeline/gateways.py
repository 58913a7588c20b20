"""The gateway's wrappers, outermost first: retrying, breaker, stop gate, journaled.

    Retrying( Breaker( Paced( StopGate( Journaled( HttpGateway )))))

Each has one narrow `send`. `Retrying` is outermost, so that each attempt waits for the quota. `Breaker` stands outside
the pacer, so that its reads are paced too. `StopGate` stands inside it, so that a call which waited its turn is turned
away all the same. `Journaled` is innermost: an intent is written after the wait for the quota, just before the bytes
leave, so a crash leaves at most as many unknown writes behind as calls were in flight.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from bulk_onboard import errors, log
from bulk_onboard.clock import Clock
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Document
from bulk_onboard.model.call import (
    Call,
    Create,
    Gateway,
    Link,
    LinkAnswer,
    LinkTarget,
    ListPage,
    RecordWrite,
    Update,
    Write,
)
from bulk_onboard.model.entry import OpEntry, SentDocument
from bulk_onboard.model.ledger_state import Journal
from bulk_onboard.model.mask import masked
from bulk_onboard.model.outcome import Outcome, Unavailable, Unresolved, Withheld
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.units import format_duration

T = TypeVar("T")

ATTEMPTS = 3  # of one call in one run; a throttled one is none
THROTTLED_AT_MOST = 20
LONGEST_PAUSE_S = 30.0
BUDGET = 0.1  # the share of a run's requests that may be repeats after *unavailable*
FREE_RETRIES = 10  # so that a run of a few rows can retry at all


class Retrying:
    """Repeats the calls that may safely be repeated.

    See docs/design/settling.md, Repeats.

    Args:
        dice: return a number from 0 to 1, for the jitter of pauses.
    """

    def __init__(self, inner: Gateway, *, clock: Clock, stop: Stop, dice: Callable[[], float] = random.random) -> None:
        self._inner = inner
        self._clock = clock
        self._stop = stop
        self._dice = dice
        self._requests = self._retries = 0

    async def send(self, call: Call[T]) -> Outcome[T]:
        attempts = throttled = 0
        while True:
            self._requests += 1
            outcome = await self._inner.send(call)
            if isinstance(outcome, outcomes.Throttled):
                throttled += 1
            elif may_be_repeated(call, outcome):
                attempts += 1
            else:
                return outcome
            if outcome.halt or self._stop.requested or attempts == ATTEMPTS or throttled == THROTTLED_AT_MOST:
                return outcome
            if not isinstance(outcome, outcomes.Throttled):
                if not self._may_retry():
                    return outcome
                await self._stop.pause(self._clock, next_pause_s(attempts, self._dice()))
            if self._stop.requested:
                return outcome
            if isinstance(call, Write) and not isinstance(outcome, outcomes.Throttled):
                call = replace(call, attempt=call.attempt + 1)

    def _may_retry(self) -> bool:
        """Take a retry out of the budget; return False where none is left."""
        if self._retries + 1 > max(FREE_RETRIES, BUDGET * self._requests):
            return False
        self._retries += 1
        return True


def may_be_repeated(call: Call[T], outcome: Outcome[T]) -> bool:
    """Return whether sending once more cannot do anything twice.

    Unknown writes are settled, never repeated.
    """
    if isinstance(outcome, outcomes.Unavailable):
        return True
    return isinstance(outcome, outcomes.Unresolved) and not isinstance(call, Write)


def next_pause_s(attempt: int, dice: float) -> float:
    """Return the seconds to wait after an attempt (1, 2 …).

    They are 1, 2, 4 … 30, times `dice`, which is from 0 to 1.
    """
    return min(LONGEST_PAUSE_S, 2.0 ** (attempt - 1)) * dice


IN_A_ROW = 8
RECENT = 20
SHARE = 0.6
FIRST_REST_S = 30.0
LONGEST_REST_S = 600.0
TRIES_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Health:
    """How the last calls went: True for a failure, the newest last."""

    recent: tuple[bool, ...] = ()

    def after(self, *, failed: bool) -> "Health":
        """Return the health once one more call has ended."""
        return Health((*self.recent, failed)[-RECENT:])

    @property
    def is_bad(self) -> bool:
        """Whether going on would only make more failures."""
        burst = len(self.recent) >= IN_A_ROW and all(self.recent[-IN_A_ROW:])
        return burst or (len(self.recent) == RECENT and sum(self.recent) > SHARE * RECENT)


@dataclass(slots=True)
class Circuit:
    """The breaker's state for reads, or for writes.

    Attributes:
        closed: whether calls flow; else they try one at a time, each after a pause.
        tries: how many tries failed since it opened.
        tries_at: monotonic instant of the next try; 0 while calls flow.
    """

    health: Health = field(default_factory=Health)
    closed: bool = True
    tries: int = 0
    tries_at: float = 0.0
    trial: asyncio.Lock = field(default_factory=asyncio.Lock)


class Breaker:
    """Pauses while calls fail. See docs/design/settling.md, Breaker.

    8 failures in a row, or more than 60 % of the last 20 calls, open it. While it is open one call at a time waits,
    longer each time; then a read goes out, and if that is answered, the call itself; if that succeeds, the breaker
    closes. Reads and writes are counted apart: settling reads between the creates, and would hide that no create is
    answered. Rows that wait keep their state.

    Args:
        settle_s: the settle window W.
        dice: return a number from 0 to 1, for the jitter of pauses.
    """

    def __init__(
        self,
        inner: Gateway,
        *,
        clock: Clock,
        stop: Stop,
        settle_s: float,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._stop = stop
        self._settle_s = settle_s
        self._dice = dice
        self._reads, self._writes = Circuit(), Circuit()
        self._patient = False

    @property
    def reason(self) -> str:
        """Why calls wait, for the progress line; empty while they flow."""
        tries_at = self._writes.tries_at or self._reads.tries_at
        if not tries_at:
            return ""
        left_s = max(0.0, tries_at - self._clock.monotonic())
        when = f" in {format_duration(left_s)}" if left_s >= 1 else ""
        return f"the API does not answer; trying again{when}"

    def be_patient(self, patient: bool) -> None:
        """Say whether the caller pauses between its calls itself.

        It does when it waits for reviews.

        Then a call that fails while the breaker is open returns at once, and no number of failures stops the run.
        """
        self._patient = patient

    async def send(self, call: Call[T]) -> Outcome[T]:
        circuit = self._writes if isinstance(call, Write) else self._reads
        outcome = None if circuit.closed else await self._try(circuit, call)
        return outcome if outcome is not None else self._noted(circuit, await self._inner.send(call))

    async def _try(self, circuit: Circuit, call: Call[T]) -> Outcome[T] | None:
        """Half-open: pause, probe, send.

        Return None where it has closed meanwhile, or the run is to stop.
        """
        async with circuit.trial:
            while not (circuit.closed or self._stop.requested):
                if not self._patient:
                    await self._rest(circuit)
                if await self._probe(circuit):
                    return self._tried(circuit, await self._inner.send(call))
                if self._patient:
                    return Unavailable(why="the API does not answer")
        return None

    def _noted(self, circuit: Circuit, outcome: Outcome[T]) -> Outcome[T]:
        circuit.health = circuit.health.after(failed=is_failure(outcome))
        if circuit.health.is_bad and circuit.closed:
            circuit.closed = False
            log.logger().warning("breaker open", outcome=outcome.name)
        return outcome

    def _tried(self, circuit: Circuit, outcome: Outcome[T]) -> Outcome[T]:
        """Close the breaker, or lengthen the next pause, after the first call since one."""
        if is_failure(outcome):
            self._in_vain(circuit)
        else:
            circuit.closed = True
            circuit.health, circuit.tries, circuit.tries_at = Health(), 0, 0.0
            log.logger().info("breaker closed")
        return outcome

    async def _rest(self, circuit: Circuit) -> None:
        pause_s = next_rest_s(circuit.tries, self._settle_s, self._dice())
        circuit.tries_at = self._clock.monotonic() + pause_s
        await self._stop.pause(self._clock, pause_s)

    async def _probe(self, circuit: Circuit) -> bool:
        """Send a cheap read; return whether it was answered."""
        outcome = await self._inner.send(ListPage(query={"limit": "1"}))
        if not is_failure(outcome):
            return True
        self._in_vain(circuit)
        return False

    def _in_vain(self, circuit: Circuit) -> None:
        if self._patient:
            return
        circuit.tries += 1
        if circuit.tries == TRIES_AT_MOST:
            self._stop.request(
                errors.StoppedError(
                    "The API did not answer for a while, so the run was stopped. What is left is sent by running again."
                )
            )


def is_failure(outcome: Outcome[T]) -> bool:
    """Return whether an outcome says that the API cannot be reached or is in trouble."""
    return isinstance(outcome, Unavailable) or (isinstance(outcome, Unresolved) and outcome.said is None)


def next_rest_s(tries: int, settle_s: float, dice: float) -> float:
    """Return the seconds to pause after so many failed tries.

    They are 30, or W if that is less, doubled each time, times `dice`, which is from 0 to 1.
    """
    return min(LONGEST_REST_S, min(FIRST_REST_S, settle_s) * 2.0**tries) * dice


class StopGate:
    """Lets no call through once the run is to stop.

    An outcome that demands it stops the run.

    See docs/design/settling.md, Stops at once.

    Args:
        requests: where the calls that went out are counted, by operation and outcome (`create done`, `list throttled`).
        note_request: called before each call that goes out.
    """

    def __init__(
        self,
        inner: Gateway,
        stop: Stop,
        requests: Counter[str],
        note_request: Callable[[], None] = lambda: None,
    ) -> None:
        self._inner = inner
        self._stop = stop
        self._requests = requests
        self._note_request = note_request

    async def send(self, call: Call[T]) -> Outcome[T]:
        if self._stop.requested:
            raise errors.StoppedError("The run is stopping; this call was not begun.")
        self._note_request()
        outcome = await self._inner.send(call)
        if not isinstance(outcome, Withheld):
            self._requests[f"{call.operation} {outcome.name}"] += 1
        if outcome.halt is not None:
            self._stop.request(outcome.halt)
        return outcome


_OF_SOME_WRITES = ("alias", "fingerprint", "compliance_id", "seen_at", "registration_token")

ReadDocument = Callable[[Document], bytes | None]

_FEW_BYTES = 1024 * 1024  # of all documents of a call: they are read and hashed in about a millisecond
_QUICK_S = 0.05  # a disk that takes longer for them is far away, or busy


class Journaled:
    """Writes every write down before and after it is sent.

    See docs/design/ledger.md, Order of writes. A link of many numbers has an intent and an entry for each of them.

    The documents are read here, once: what is sent is what was checked, or the call is withheld. They are read in a
    thread, all of a call at once; small ones in the event loop, which costs a third less, while the disk is quick.

    Args:
        journal: None for reads only, until `bind` names one.
        read: return a document's bytes, or None when they are not what was checked.
    """

    def __init__(self, inner: Gateway, journal: Journal | None, read: ReadDocument, *, clock: Clock) -> None:
        self._inner = inner
        self._journal = journal
        self._read = read
        self._clock = clock
        self._is_quick = False  # until a thread has found it so

    def bind(self, journal: Journal) -> None:
        """Write into this ledger from now on."""
        self._journal = journal

    def owner(self, compliance_id: str) -> str | None:
        """Return the token of the record that has this id in the ledger.

        Return None where none has.
        """
        return self._journal.ledger_state.owner(compliance_id) if self._journal else None

    async def send(self, call: Call[T]) -> Outcome[T]:
        if not isinstance(call, Write):
            return await self._inner.send(call)
        if self._journal is None:
            raise AssertionError("nothing is written without a ledger")
        loaded = await self._with_files(call)
        if isinstance(loaded, outcomes.Withheld):
            return loaded
        await self._journal.append_all(intents(loaded))
        outcome = await self._inner.send(loaded)
        await self._journal.append_all(entries_of(loaded, outcome))
        return _with_masked_no(loaded, outcome)

    async def _with_files(self, call: Write[T]) -> Write[T] | outcomes.Withheld:
        """Return the call with its documents' bytes; withheld where they have changed."""
        if not isinstance(call, (Create, Update)):
            return call
        documents = call.application.documents
        if sum(document.size for document in documents) > _FEW_BYTES:
            files = await asyncio.to_thread(self._read_all, documents)
        elif self._is_quick:
            files = self._read_few(documents)
        else:
            files = await asyncio.to_thread(self._read_few, documents)
        return files if isinstance(files, outcomes.Withheld) else cast("Write[T]", replace(call, files=files))

    def _read_few(self, documents: Iterable[Document]) -> tuple[bytes | None, ...] | outcomes.Withheld:
        """Read a few small documents.

        How long that takes decides where the next ones are read.
        """
        began_s = self._clock.monotonic()
        files = self._read_all(documents)
        self._is_quick = self._clock.monotonic() - began_s < _QUICK_S
        return files

    def _read_all(self, documents: Iterable[Document]) -> tuple[bytes | None, ...] | outcomes.Withheld:
        files: list[bytes | None] = []
        for document in documents:
            content = self._read(document) if document.path else None
            if content is None and document.path:
                return outcomes.Withheld(code="document-changed", document_type=document.type)
            files.append(content)
        return tuple(files)


def intents(call: Write[Any]) -> list[entries.Intent]:
    """Return the entries for what is about to be sent, without any of its content.

    One, or one for each number of a link.
    """
    if isinstance(call, Link):
        return [
            entries.Intent(
                **_about(call, target),
                attempt=call.attempt,
                alias="",
                fingerprint="",
                compliance_id=target.compliance_id,
            )
            for target in call.targets
        ]
    sent = call.application.documents if isinstance(call, (Create, Update)) else ()
    rest: dict[str, Any] = {name: getattr(call, name, "") for name in _OF_SOME_WRITES}
    if isinstance(call, Create):
        rest["follows"], rest["generation"] = call.follows, call.generation
    documents = tuple(SentDocument(type=d.type, sha256=d.sha256, size=d.size) for d in sent)
    return [entries.Intent(**_about(call), attempt=call.attempt, documents=documents, **rest)]


def entries_of(call: Write[Any], outcome: Outcome[Any]) -> list[OpEntry]:
    """Return the entries for what a write led to: one, or one for each number of a link.

    The end user's own values are masked in the API's message. A refusal of several numbers together judges none of
    them, and proves that none was linked.
    """
    if not isinstance(call, Link):
        own = tuple(call.application.values) if isinstance(call, (Create, Update)) else ()
        return [_entry(_about(call), outcome, own)]
    if isinstance(outcome, outcomes.Refused) and len(call.targets) > 1:
        seen = f"{outcome.code}: the whole call was refused"
        return [entries.Absent(**_about(call, target), waited_s=0.0, seen=seen) for target in call.targets]
    return [_entry(_about(call, target), outcome_for(target, outcome)) for target in call.targets]


def outcome_for(target: LinkTarget, outcome: Outcome[Any]) -> Outcome[str]:
    """Return what the outcome of a link says of one of its numbers.

    A refusal that came with an answer which leaves open what was done stands once the number is known not to be linked.
    """
    if not isinstance(outcome, outcomes.Done):
        return outcome
    answer: LinkAnswer = outcome.value[target.number]
    if answer.is_linked:
        return outcomes.Done(value=target.compliance_id, api_id=outcome.api_id)
    refused = outcomes.Refused(code=answer.code, message=answer.message)
    if answer.is_linked is None:
        return outcomes.Unresolved(seen="the answer does not tell", said=refused if answer.code else None)
    return refused


def _about(call: Write[Any], target: LinkTarget | None = None) -> dict[str, Any]:
    """Return the members by which an entry says what it is about."""
    if target is not None:
        return {"token": target.token, "key": target.key, "op": call.op, "number": target.number}
    if not isinstance(call, RecordWrite):
        raise AssertionError("a write is about a record, or about numbers")
    return {"token": call.token, "key": call.key, "op": call.op}


def _entry(about: dict[str, Any], outcome: Outcome[str], own: Iterable[str] = ()) -> OpEntry:
    match outcome:
        case outcomes.Done():
            return entries.Done(**about, compliance_id=outcome.value, api_id=outcome.api_id)
        case outcomes.Refused():
            return entries.Refused(**about, code=outcome.code, message=masked(outcome.message, own))
        case outcomes.Unavailable():
            return entries.Unavailable(**about, why=outcome.why)
        case outcomes.Throttled():
            wait_s = outcome.quota.retry_after_s if outcome.quota else None
            return entries.Throttled(**about, wait_s=wait_s or 0.0)
        case outcomes.Denied():
            return entries.Denied(**about, http_status=outcome.http_status)
        case outcomes.Unresolved():
            return entries.Unresolved(**about, seen=outcome.seen, contested=outcome.said is not None)
        case outcomes.Withheld():
            raise AssertionError("a withheld call was never sent, so there is nothing to write down")


def _with_masked_no(call: Write[T], outcome: Outcome[T]) -> Outcome[T]:
    """Return the outcome with its refusals masked.

    They may be written down once the write is settled.
    """
    if isinstance(call, Link) and isinstance(outcome, outcomes.Done):
        answers: Mapping[str, LinkAnswer] = cast("Any", outcome.value)
        told = {number: answer._replace(message=masked(answer.message)) for number, answer in answers.items()}
        return replace(outcome, value=cast("T", told))
    if not isinstance(outcome, outcomes.Unresolved) or outcome.said is None:
        return outcome
    own = call.application.values if isinstance(call, (Create, Update)) else ()
    return replace(outcome, said=replace(outcome.said, message=masked(outcome.said.message, own)))
