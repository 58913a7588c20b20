"""The journal around every write: intent on disk, then the bytes, then the outcome.

See docs/design/ledger.md, Order of writes.

It is the innermost wrapper, so "about to send" is written after the wait for the quota, and orphans of a crash are at
most as many as calls in flight. The documents are read here, once: what is sent is what was checked, or nothing is.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar, cast

from bulk_onboard.clock import Clock
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Document
from bulk_onboard.model.call import Call, Create, Update, Write
from bulk_onboard.model.entry import OpEntry, SentDocument
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.mask import masked
from bulk_onboard.model.outcome import Outcome

T = TypeVar("T")
_OF_SOME_WRITES = ("alias", "fingerprint", "compliance_id", "number", "seen_at", "registration_token")

ReadDocument = Callable[[Document], bytes | None]

_FEW_BYTES = 1024 * 1024  # of all documents of a call: they are read and hashed in about a millisecond
_QUICK_S = 0.05  # a disk that takes longer for them is far away, or busy


class Journaled:
    """A gateway that writes down every write before and after.

    `read` answers a document's bytes, or None when they are not what was checked. It is called in a thread, once for
    all documents of a call; small ones are read in the loop, which costs a third less, while the disk is quick.
    """

    def __init__(self, inner: Gateway, journal: Journal, read: ReadDocument, *, clock: Clock) -> None:
        self._inner = inner
        self._journal = journal
        self._read = read
        self._clock = clock
        self._is_quick = False  # until a thread has found it so

    async def send(self, call: Call[T]) -> Outcome[T]:
        if not isinstance(call, Write):
            return await self._inner.send(call)
        loaded = await self._with_files(call)
        if isinstance(loaded, outcomes.Withheld):
            return loaded
        await self._journal.append(intent(loaded))
        outcome = await self._inner.send(loaded)
        await self._journal.append(entry_of(loaded, outcome))
        return _with_masked_no(loaded, outcome)

    async def _with_files(self, call: Write[T]) -> Write[T] | outcomes.Withheld:
        """The call with its documents' bytes, as they were when they were checked."""
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

    def _read_few(self, documents: Iterable[Document]) -> tuple[bytes, ...] | outcomes.Withheld:
        """The same, and how long it takes decides where the next are read."""
        began_s = self._clock.monotonic()
        files = self._read_all(documents)
        self._is_quick = self._clock.monotonic() - began_s < _QUICK_S
        return files

    def _read_all(self, documents: Iterable[Document]) -> tuple[bytes, ...] | outcomes.Withheld:
        files = []
        for document in documents:
            content = self._read(document)
            if content is None:
                return outcomes.Withheld(code="document-changed", document_type=document.type)
            files.append(content)
        return tuple(files)


def intent(call: Write[Any]) -> entries.Intent:
    """What is about to be sent, without any of its content."""
    sent = call.application.documents if isinstance(call, (Create, Update)) else ()
    rest: dict[str, Any] = {name: getattr(call, name, "") for name in _OF_SOME_WRITES}
    return entries.Intent(
        token=call.token,
        key=call.key,
        op=call.op,
        attempt=call.attempt,
        documents=tuple(SentDocument(type=d.type, sha256=d.sha256, size=d.size) for d in sent),
        **rest,
    )


def entry_of(call: Write[Any], outcome: Outcome[Any]) -> OpEntry:
    """The ledger's words for what a write led to; the API's message is masked with the end user's own values."""
    about: dict[str, Any] = {"token": call.token, "key": call.key, "op": call.op}
    match outcome:
        case outcomes.Done():
            return entries.Done(**about, compliance_id=outcome.value, api_id=outcome.api_id)
        case outcomes.Refused():
            return entries.Refused(**about, code=outcome.code, message=_masked(call, outcome.message))
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


def _masked(call: Write[Any], message: str) -> str:
    """The API's words without the end user's own values."""
    own = call.application.fields.values() if isinstance(call, (Create, Update)) else ()
    return masked(message, own)


def _with_masked_no(call: Write[T], outcome: Outcome[T]) -> Outcome[T]:
    """The same; a no that is kept until the write is settled may be written down then, so it is masked now."""
    if not isinstance(outcome, outcomes.Unresolved) or outcome.said is None:
        return outcome
    return replace(outcome, said=replace(outcome.said, message=_masked(call, outcome.said.message)))
