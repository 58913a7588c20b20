"""What the API sends when a review changes (wire.md 9), and what may go wrong with it on the way.

An event goes to the record's `callback_url` by its `callback_method`: in the query of a GET, in the body of a POST, as
JSON or as a form. It is signed with the token of the account that called last. Whoever answers anything but 2xx is
called again, three times, after 60, 120 and 240 s. The sandbox calls nobody but this machine, unless it is told an
address to go to in place of each `callback_url`'s own: a reverse proxy, so to speak.

Nothing here is shared with the listener, so that a misreading there cannot cancel out here.
"""

import base64
import hashlib
import hmac
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import uuid4

from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.record import APPROVED, MORE_INFO, REJECTED, Record
from bulk_onboard.sandbox.state import State

EVENTS: Mapping[str, str] = {
    APPROVED: "compliance.approved",
    REJECTED: "compliance.rejected",
    MORE_INFO: "compliance.more_info_required",
}
BODIES = ("json", "form")
RETRY_S = 60.0

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way.

    Attributes:
        due_at: not sent before; `tries` so often it was sent.
        token: what it is signed with; `covers_json` also the members of a JSON body.
    """

    url: str
    method: str
    event: Mapping[str, str]
    due_at: datetime
    token: str = field(repr=False)
    nonce: str = field(default_factory=lambda: uuid4().hex)
    tries: int = 0
    covers_json: bool = False

    @property
    def again(self) -> "Delivery":
        """The same event, signed anew."""
        return replace(self, nonce=uuid4().hex)


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery as it goes out."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


Dice = random.Random
Spoil = Callable[[Delivery, Dice], list[Delivery]]


@dataclass(frozen=True, slots=True)
class CallbackFault:
    """One thing that goes wrong with callbacks: its name, what the receiver meets, and what becomes of a delivery."""

    name: str
    sentence: str
    spoiled: Spoil


def _told_otherwise(delivery: Delivery, _: Dice) -> list[Delivery]:
    status = REJECTED if delivery.event["status"] == APPROVED else APPROVED
    return [replace(delivery, event={**delivery.event, "status": status, "event": EVENTS[status]})]


def _replayed(delivery: Delivery, _: Dice) -> list[Delivery]:
    return [delivery, replace(delivery, due_at=delivery.due_at + timedelta(seconds=0.5))]


def _of_nobody(delivery: Delivery, _: Dice) -> list[Delivery]:
    return [delivery, replace(delivery.again, event={**delivery.event, "compliance_id": str(uuid4())})]


def _at_any_time(delivery: Delivery, dice: Dice) -> list[Delivery]:
    return [replace(delivery, due_at=delivery.due_at + timedelta(seconds=dice.uniform(0, 1)))]


CALLBACK_FAULTS: Mapping[str, CallbackFault] = {
    fault.name: fault
    for fault in (
        CallbackFault("twice", "Each event comes twice, each time signed anew.", lambda d, _: [d, d.again]),
        CallbackFault("replayed", "Each request comes again half a second later, byte for byte.", _replayed),
        CallbackFault("disorder", "Events come up to a second late, in any order.", _at_any_time),
        CallbackFault(
            "forged",
            "Before each event comes one with a wrong signature.",
            lambda d, _: [replace(d.again, token="not the token"), d],  # noqa: S106 it is meant to be wrong
        ),
        CallbackFault("lying", "Each event says another review than the record has.", _told_otherwise),
        CallbackFault("strangers", "With each event comes one for a record that nobody has.", _of_nobody),
        CallbackFault("flood", "Each event comes fifty times.", lambda d, _: [d, *(d.again for _ in range(49))]),
        CallbackFault(
            "covers-json",
            "The signature covers the members of a JSON body, too.",
            lambda d, _: [replace(d, covers_json=True)],
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How callbacks are sent.

    Attributes:
        via: base URL to go to in place of the scheme and host of each `callback_url`; empty for none.
        body: of a POST, one of `BODIES`.
        faults: names of `CALLBACK_FAULTS`, which strike one after the other.
        retry_s: pause before the first repeat; each further one is twice as long.
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
    """Notices reviews that changed, and knows what is to be sent when; somebody else sends it.

    Attributes:
        ways: how; may be replaced at any time.
        token: of the account that called last.
        answers: how often each HTTP status answered a callback; `none` where none did, `not sent` where nobody was
            to be called.
    """

    def __init__(self, state: State, ways: Ways, seed: int) -> None:
        self._state, self.ways, self._seed = state, ways, seed
        self.clear()

    def clear(self) -> None:
        """As at the start: nothing noticed, nothing to be sent."""
        self.token = ""
        self.answers: Counter[str] = Counter()
        self._dice = random.Random(f"{self._seed} callbacks")  # noqa: S311 faults must repeat
        self._noticed: dict[str, object] = {}
        self._to_come: list[Delivery] = []

    def due(self) -> list[Delivery]:
        """What is to be sent now; it is not told again, unless it fails."""
        now = self._state.instants.now()
        for record in self._state.calling_back:
            as_it_is = (record.review, record.reason, record.updated_at)
            if self._noticed.get(record.compliance_id) != as_it_is:
                self._noticed[record.compliance_id] = as_it_is
                self._to_come += self._deliveries(record, now)
        due = [delivery for delivery in self._to_come if delivery.due_at <= now]
        self._to_come = [delivery for delivery in self._to_come if delivery.due_at > now]
        return due

    def note(self, delivery: Delivery, http_status: int | None) -> None:
        """Count an answer, and have the delivery sent again where it is not 2xx."""
        self.answers[str(http_status or "none")] += 1
        if not (http_status and 200 <= http_status < 300) and delivery.tries < _RETRIES:
            pause = timedelta(seconds=self.ways.retry_s * 2**delivery.tries)
            due_at = self._state.instants.now() + pause
            self._to_come.append(replace(delivery, due_at=due_at, tries=delivery.tries + 1))

    def message(self, delivery: Delivery) -> Message | None:
        """A delivery as it goes out; None where nobody is to be called."""
        target = target_of(delivery.url, self.ways.via)
        if target is None:
            self.answers["not sent"] += 1
            return None
        return written(delivery, target, self.ways.body)

    def _deliveries(self, record: Record, now: datetime) -> Iterable[Delivery]:
        if record.review not in EVENTS or not record.callback_url:
            return []
        event = {
            "event": EVENTS[record.review],
            "compliance_id": record.compliance_id,
            "status": record.review,
            **({"rejection_reason": record.reason} if record.review == REJECTED and record.reason else {}),
        }
        deliveries = [Delivery(record.callback_url, record.callback_method, event, now, self.token)]
        for name in self.ways.faults:
            deliveries = [one for each in deliveries for one in CALLBACK_FAULTS[name].spoiled(each, self._dice)]
        return deliveries


def target_of(url: str, via: str) -> str | None:
    """Where a callback really goes; None where it would leave this machine without leave."""
    parts = urlsplit(url)
    if via:
        base = urlsplit(via)
        return urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))
    return url if parts.hostname in _THIS_MACHINE else None


def written(delivery: Delivery, target: str, body: str) -> Message:
    """A delivery as a request, signed for the address that the record has."""
    base, _, query = delivery.url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    event = list(delivery.event.items())
    headers = {"X-Plivo-Signature-V3-Nonce": delivery.nonce}
    content, told = b"", ""
    if delivery.method == "GET":
        pairs += event
        target += ("&" if query else "?") + urlencode(event)
    elif body == "form":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        content, told = urlencode(event).encode(), _run_together(event)
    else:
        headers["Content-Type"] = "application/json"
        content, told = json.dumps(delivery.event).encode(), _run_together(event) if delivery.covers_json else ""
    signed = base + ("?" if pairs or told else "") + "&".join(f"{name}={value}" for name, value in sorted(pairs))
    signed += ("." if pairs and told else "") + told
    digest = hmac.new(delivery.token.encode(), f"{signed}.{delivery.nonce}".encode(), hashlib.sha256).digest()
    headers["X-Plivo-Signature-V3"] = base64.b64encode(digest).decode()
    return Message(delivery.method, target, headers, content)


def _run_together(pairs: Sequence[tuple[str, str]]) -> str:
    return "".join(name + value for name, value in sorted(pairs))
