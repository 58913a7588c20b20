"""What the API sends when a review changes, and what goes wrong with it on the way (docs/sandbox.md, Callbacks).

An event goes to the record's `callback_url` by its `callback_method`: in the query of a GET, in the body of a POST. It
is signed with the auth token of the record's account. Only this machine is called, unless `via` names another
address to go to, as with a reverse proxy.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import aiohttp

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.checks import THIS_MACHINE
from bulk_onboard.sandbox.records import APPROVED, REJECTED, Record
from bulk_onboard.sandbox.state import State

BODIES = ("json", "form")
RETRY_S = 60.0

_RETRIES = 3
_LOOK_AGAIN_S = 0.05
_ANSWER_WAIT_S = 10.0
_MOST_AT_A_TIME = 50


@dataclass(frozen=True, slots=True)
class Callback:
    """One event on its way.

    Attributes:
        event: the members of the body, or of the query of a GET.
        lie: the members of a callback that names another review.
        due_at: it is not sent before.
        token: what it is signed with.
        tries: how often it was sent.
        covers_json: whether the signature covers the members of a JSON body, too.
    """

    url: str
    method: str
    event: Mapping[str, str]
    lie: Mapping[str, str]
    due_at: datetime
    token: str = field(repr=False)
    nonce: str = field(default_factory=lambda: uuid4().hex)
    tries: int = 0
    covers_json: bool = False

    def anew(self, **changes: Any) -> "Callback":
        """Return it with another nonce, and these changes."""
        return replace(self, nonce=uuid4().hex, **changes)

    def later(self, by_s: float) -> "Callback":
        """Return it so many seconds later."""
        return replace(self, due_at=self.due_at + timedelta(seconds=by_s))


@dataclass(frozen=True, slots=True)
class CallbackFault:
    """One thing that goes wrong; `sentence` says what the receiver meets, `spoiled` turns a callback into that."""

    name: str
    sentence: str
    spoiled: Callable[[Callback, random.Random], list[Callback]]


_ID, _OTHER_ID = "compliance_id", "compliance_application_id"
_OTHER_NAMES = {_ID: _OTHER_ID, "status": "compliance_status", "rejection_reason": "reason"}


def _with_other_names(callback: Callback, _: random.Random) -> list[Callback]:
    event = {_OTHER_NAMES.get(name, name): value for name, value in callback.event.items()}
    return [replace(callback, event=event)]


def _of_a_stranger(callback: Callback) -> Callback:
    event = {name: str(uuid4()) if name in (_ID, _OTHER_ID) else value for name, value in callback.event.items()}
    return callback.anew(event=event)


CALLBACK_FAULTS: Mapping[str, CallbackFault] = {
    fault.name: fault
    for fault in (
        CallbackFault("twice", "Each event comes twice, each time signed anew.", lambda c, _: [c, c.anew()]),
        CallbackFault(
            "replayed", "Each request comes again half a second later, byte for byte.", lambda c, _: [c, c.later(0.5)]
        ),
        CallbackFault(
            "disorder",
            "Events come up to a second late, in any order.",
            lambda c, dice: [c.later(dice.uniform(0, 1))],
        ),
        CallbackFault(
            "forged",
            "Before each event comes one with a wrong signature.",
            lambda c, _: [c.anew(token="not the token"), c],  # noqa: S106 it is meant to be wrong
        ),
        CallbackFault(
            "lying",
            "Each event names another review than the record has.",
            lambda c, _: [replace(c, event=c.lie)],
        ),
        CallbackFault(
            "strangers",
            "With each event comes one for a record that does not exist.",
            lambda c, _: [c, _of_a_stranger(c)],
        ),
        CallbackFault("flood", "Each event comes fifty times.", lambda c, _: [c, *(c.anew() for _ in range(49))]),
        CallbackFault(
            "covers-json",
            "The signature covers the members of a JSON body, too.",
            lambda c, _: [replace(c, covers_json=True)],
        ),
        CallbackFault(
            "other-names",
            "Id, status and reason have the names that others have seen.",
            _with_other_names,
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOptions:
    """How callbacks are sent; UsageError for a word that means nothing.

    Attributes:
        via: base URL to go to in place of the scheme and host of each `callback_url`; empty for none.
        body: of a POST, one of `BODIES`.
        faults: names of `CALLBACK_FAULTS`, which strike one after the other.
        retry_s: pause before the first repeat of a callback that was not answered with 2xx; each further one is twice
            as long.
    """

    via: str = ""
    body: str = "json"
    faults: tuple[str, ...] = ()
    retry_s: float = RETRY_S

    def __post_init__(self) -> None:
        if self.body not in BODIES:
            raise UsageError(f"there is no body {self.body!r} of a callback; choose one of {', '.join(BODIES)}")
        for name in self.faults:
            if name not in CALLBACK_FAULTS:
                known = ", ".join(CALLBACK_FAULTS)
                raise UsageError(f"there is no fault {name!r} of callbacks; choose one of {known}")


class Callbacks:
    """Notices reviews that changed, and knows which callbacks are due; `send_callbacks` sends them.

    Attributes:
        options: may be replaced at any time.
        token: with which the account called last.
        answers: how often each HTTP status answered a callback; `none` for no answer, `not sent` where nobody may be
            called.
    """

    def __init__(self, state: State, options: CallbackOptions, seed: int) -> None:
        self._state, self.options = state, options
        self.token = ""
        self.answers: Counter[str] = Counter()
        self._dice = random.Random(f"{seed} callbacks")  # noqa: S311 faults must repeat
        self._noticed: dict[str, object] = {}
        self._to_come: list[Callback] = []

    def due(self) -> list[Callback]:
        """Return what is to be sent now; it is not returned again, unless it fails."""
        if not (self._to_come or self._state.may_call_back):
            return []
        now = self._state.instants.now()
        for record in self._state.calling_back:
            as_it_is = (record.review, record.reason, record.updated_at)
            if self._noticed.get(record.compliance_id) != as_it_is:
                self._noticed[record.compliance_id] = as_it_is
                self._to_come += self._callbacks_of(record, now)
        due = [callback for callback in self._to_come if callback.due_at <= now]
        self._to_come = [callback for callback in self._to_come if callback.due_at > now]
        return due

    def note(self, callback: Callback, http_status: int | None) -> None:
        """Count an answer, and have the callback sent again unless it is 2xx."""
        self.answers[str(http_status or "none")] += 1
        if not (http_status and 200 <= http_status < 300) and callback.tries < _RETRIES:
            due_at = self._state.instants.now() + timedelta(seconds=self.options.retry_s * 2**callback.tries)
            self._to_come.append(replace(callback, due_at=due_at, tries=callback.tries + 1))

    def _callbacks_of(self, record: Record, now: datetime) -> Iterable[Callback]:
        event = self._state.contract.event(record)
        if event is None or not record.callback_url:
            return []
        other = replace(record, review=REJECTED if record.review == APPROVED else APPROVED)
        lie = self._state.contract.event(other) or event
        callbacks = [Callback(record.callback_url, record.callback_method, event, lie, now, self.token)]
        for name in self.options.faults:
            callbacks = [one for each in callbacks for one in CALLBACK_FAULTS[name].spoiled(each, self._dice)]
        return callbacks


async def send_callbacks(current: Callable[[], Iterable[Callbacks]]) -> None:
    """Send the callbacks of all accounts once they are due, until cancelled; `current` is asked for them each time."""
    turns = asyncio.Semaphore(_MOST_AT_A_TIME)
    timeout = aiohttp.ClientTimeout(total=_ANSWER_WAIT_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session, asyncio.TaskGroup() as sending:
        while True:
            for callbacks in current():
                for callback in callbacks.due():
                    sending.create_task(_send(session, turns, callbacks, callback))
            await asyncio.sleep(_LOOK_AGAIN_S)


async def _send(
    session: aiohttp.ClientSession, turns: asyncio.Semaphore, callbacks: Callbacks, callback: Callback
) -> None:
    target = target_of(callback.url, callbacks.options.via)
    if target is None:
        callbacks.answers["not sent"] += 1
        return
    http_status = None
    async with turns:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            request = _request(callback, target, callbacks.options.body)
            async with session.request(**request, allow_redirects=False) as response:
                http_status = response.status
    callbacks.note(callback, http_status)


def target_of(url: str, via: str) -> str | None:
    """Return where a callback really goes; None where it would leave this machine without permission."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if via:
        base = urlsplit(via)
        return urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))
    return url if parts.hostname in THIS_MACHINE else None


def _request(callback: Callback, target: str, body: str) -> dict[str, Any]:
    """Return a callback as aiohttp sends it, signed (V3) for the address that the record has."""
    base, _, query = callback.url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    event = list(callback.event.items())
    members = "".join(name + value for name, value in sorted(event))
    headers = {"X-Plivo-Signature-V3-Nonce": callback.nonce}
    data, covered = b"", ""
    if callback.method == "GET":
        pairs += event
        target += ("&" if query else "?") + urlencode(event)
    elif body == "form":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        data, covered = urlencode(event).encode(), members
    else:
        headers["Content-Type"] = "application/json"
        data, covered = json.dumps(callback.event).encode(), members if callback.covers_json else ""
    signed = base + ("?" if pairs or covered else "") + "&".join(f"{name}={value}" for name, value in sorted(pairs))
    signed += ("." if pairs and covered else "") + covered
    digest = hmac.new(callback.token.encode(), f"{signed}.{callback.nonce}".encode(), hashlib.sha256).digest()
    headers["X-Plivo-Signature-V3"] = base64.b64encode(digest).decode()
    return {"method": callback.method, "url": target, "headers": headers, "data": data}
