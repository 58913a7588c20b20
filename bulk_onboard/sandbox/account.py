"""One account at the API, without a socket: a request becomes an answer, and is logged.

There are three steps. `admit` is for a request whose headers have arrived: then it counts against the quota and meets
its fault, not when its body has been read. `receive` is for when the body is there: then the witness looks. `answer` is
for when the sandbox has taken its time. None of them waits, so each call is carried out whole or not at all.
"""

import contextlib
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

from bulk_onboard.clock import Clock
from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.answers import Answer, RefusedError, invalid, refusal
from bulk_onboard.sandbox.behaviours import Behaviours
from bulk_onboard.sandbox.call import Call, Route, route_of
from bulk_onboard.sandbox.callbacks import CallbackOptions, Callbacks
from bulk_onboard.sandbox.contract import Contract
from bulk_onboard.sandbox.faults import LATE_APPLY_S, Fault, Faults, Strikes
from bulk_onboard.sandbox.numbers import LINK_LIMIT, numbers_of
from bulk_onboard.sandbox.operations import CONTRACTS, PERFORM, alias_of
from bulk_onboard.sandbox.others import Others
from bulk_onboard.sandbox.quota import COMPLIANCE, REQUIREMENTS, Grant, Quotas
from bulk_onboard.sandbox.state import ClockStep, Instants, State
from bulk_onboard.sandbox.witness import Witness
from bulk_onboard.units import Quota

# Three documents of the greatest size, and room to be refused for a fourth or for one that is too large.
BODY_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an account is at the start, and after a reset.

    Attributes:
        contract: one of `operations.CONTRACTS`.
        quota: of everything but requirements, which have `requirements_quota`; None for no quota and no headers.
        window: how both are counted, one of `quota.WINDOWS`.
        review_after_s: how long until the robot reviews a record; None for no robot.
        faults: rates (see `Faults`). A call that meets `late-apply` takes effect up to `late_apply_s` later.
        behaviours, others: see `Behaviours` and `Others`; `seed` is that of all dice.
        clock_steps: how the clock that answers show is wrong.
        list_lag_s, get_lag_s: how long a new record is in no list, and a GET of it is 404.
        link_limit: how many numbers one call may link.
        ledger: where the intents of creates and links are looked for; None for nowhere.
        callbacks: how callbacks are sent.
    """

    contract: str = "beta"
    quota: Quota | None = None
    requirements_quota: Quota | None = None
    window: str = "fixed"
    review_after_s: float | None = None
    faults: Mapping[str, float] = field(default_factory=dict)
    late_apply_s: float = LATE_APPLY_S
    behaviours: Sequence[str] = ()
    others: Mapping[str, float] = field(default_factory=dict)
    clock_steps: Sequence[ClockStep] = ()
    seed: int = 0
    list_lag_s: float = 0.0
    get_lag_s: float = 0.0
    link_limit: int = LINK_LIMIT
    ledger: Path | None = None
    callbacks: CallbackOptions = field(default_factory=CallbackOptions)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request whose headers have arrived: where it goes, whether the quota grants it, which fault it meets.

    A request without good credentials, whose `token` is empty, spends no quota and meets no fault.
    """

    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    route: Route
    token: str = field(repr=False)
    grant: Grant | None
    fault: Fault | None

    def strikes(self, *instants: Strikes) -> bool:
        """Say whether it meets a fault at one of these instants."""
        return self.fault is not None and self.fault.strikes in instants

    def body_limit(self, announced: int | None) -> int:
        """Return how many bytes of its body to read at most, of so many announced."""
        return (announced or 0) // 2 if self.strikes(Strikes.MID_BODY) else BODY_LIMIT


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request to the API, without credentials or contents.

    Attributes:
        instant: when it arrived; the log is in the order of the answers.
        path: with the account's id masked.
        http_status: what the client saw; None when no answer reached it.
    """

    instant: datetime
    operation: str
    method: str
    path: str
    query: str
    alias: str | None
    http_status: int | None
    fault: str | None
    body_size: int


class Account:
    """The state, what guards it, and the log; `reset` makes all of them anew."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.reset()

    def reset(self) -> None:
        """Begin again: no records, no linked numbers, no log, fresh windows and dice, the first faults."""
        settings = self._settings
        self.instants = Instants(self._clock, settings.clock_steps)
        self.behaviours = Behaviours(settings.behaviours, settings.seed)
        self.others = Others(settings.others, settings.seed)
        self.state = State(
            contract_named(settings.contract),
            self.instants,
            self.behaviours,
            self.others,
            review_after_s=settings.review_after_s,
            list_lag_s=settings.list_lag_s,
            get_lag_s=settings.get_lag_s,
            link_limit=settings.link_limit,
        )
        self.faults = Faults(settings.faults, settings.seed, settings.late_apply_s)
        self.quotas = Quotas(settings.window, {REQUIREMENTS: settings.requirements_quota, COMPLIANCE: settings.quota})
        self.callbacks = Callbacks(self.state, settings.callbacks, settings.seed)
        self.witness = Witness(settings.ledger)
        self.log: list[LoggedRequest] = []

    def admit(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], token: str
    ) -> Arrival:
        """Count a request whose headers have arrived, with the token of its credentials; empty where they are bad."""
        at, route = self.instants.now(), route_of(method, path, links_in_bulk=self.state.contract.links_in_bulk)
        if not token:
            return Arrival(at, method, path, query, headers, route, token, None, None)
        grant = self.quotas.grant(route.operation, at.timestamp())
        fault = self.faults.next(route.operation) if grant is None or grant.granted else None
        return Arrival(at, method, path, query, headers, route, token, grant, fault)

    def receive(self, arrival: Arrival, body: bytes, base_url: str) -> Call:
        """Return the call that a request makes, now that its body is there."""
        content_type = arrival.headers.get("Content-Type", "")
        call = Call(arrival.route, arrival.query, content_type, body, base_url, self.instants.now())
        if arrival.route.operation == "create" and (alias := alias_of(self.state, call)) is not None:
            self.witness.look(alias)
        if arrival.route.operation == "link":
            self.witness.look_for_links(numbers_of(call))
        return call

    def answer(self, arrival: Arrival, call: Call) -> Answer:
        """Carry out a call, and log it."""
        call.at = self.instants.now()
        alias = alias_of(self.state, call)  # before the call: a delete would take it away
        try:
            answer = self._carry_out(arrival, call)
        except RefusedError as error:
            answer = refusal(error)
        except RecursionError:  # JSON can be read that is nested too deeply for what is done with it
            answer = refusal(invalid("the body is nested too deeply"))
        answer = self._worded(answer)
        headers = arrival.grant.headers(self.instants.wrong_by_s(arrival.at)) if arrival.grant else {}
        date = format_datetime(self.instants.shown(call.at), usegmt=True)
        answer = replace(answer, headers={**answer.headers, **headers, "Date": date})
        if arrival.fault:
            answer = self._worded(arrival.fault.spoiled(answer))
        self.note(arrival, answer.seen_status, len(call.body), alias)
        return answer

    def refuse(self, arrival: Arrival, error: RefusedError) -> Answer:
        """Refuse a request whose body cannot be read, and log it."""
        answer = self._worded(refusal(error))
        self.note(arrival, answer.http_status, 0)
        return answer

    def note(self, arrival: Arrival, http_status: int | None, body_size: int, alias: str | None = None) -> None:
        """Log a request."""
        account = arrival.route.account
        self.log.append(
            LoggedRequest(
                instant=arrival.at,
                operation=arrival.route.operation,
                method=arrival.method,
                path=arrival.path.replace(f"/{account}/", "/{auth_id}/", 1) if account else arrival.path,
                query=urlencode(arrival.query),
                alias=alias,
                http_status=http_status,
                fault=arrival.fault.name if arrival.fault else None,
                body_size=body_size,
            )
        )

    def _worded(self, answer: Answer) -> Answer:
        """Return a refusal in the words of the contract; other answers as they are."""
        if answer.refused is None:
            return answer
        worded = self.state.contract.refusal(answer.refused)
        return replace(worded, headers=answer.headers, delivery=answer.delivery)

    def _carry_out(self, arrival: Arrival, call: Call) -> Answer:
        if call.route.account and not arrival.token:
            raise RefusedError("invalid_credentials", "Invalid credentials")
        if arrival.grant is not None and not arrival.grant.granted:
            raise RefusedError("rate_limit_exceeded", "Too many requests")
        if arrival.strikes(Strikes.MID_BODY, Strikes.BEFORE):
            raise RefusedError("internal_error", "A fault struck before anything was stored")
        if call.route.refused:
            raise call.route.refused
        self.callbacks.token = arrival.token
        if len(call.body) > BODY_LIMIT:
            raise RefusedError("request_too_large", "The request is too large")
        if arrival.strikes(Strikes.LATE):
            return self._put_off(call)
        return PERFORM[call.route.operation](self.state, call)

    def _put_off(self, call: Call) -> Answer:
        """Let the call be carried out later; nobody sees the answer."""

        def carry_out(due_at: datetime) -> None:
            call.at = due_at
            with contextlib.suppress(RefusedError):
                PERFORM[call.route.operation](self.state, call)

        self.state.put_off(call.at + timedelta(seconds=self.faults.lateness_s()), carry_out)
        return Answer(202)


def contract_named(name: str) -> Contract:
    """Return a contract by its name; UsageError for another one."""
    if name not in CONTRACTS:
        raise UsageError(f"there is no contract {name!r}; choose one of {', '.join(CONTRACTS)}")
    return CONTRACTS[name]


def requests_by_answer(log: Iterable[LoggedRequest]) -> dict[str, dict[str, int]]:
    """Return how many requests each operation and HTTP status had; `none` where no answer was given."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for request in log:
        counts[request.operation][str(request.http_status or "none")] += 1
    return {operation: dict(by_status) for operation, by_status in counts.items()}


def throttled(log: Iterable[LoggedRequest]) -> int:
    """Return how many requests the quota turned away; a stray 429 is a fault and does not count."""
    return sum(request.http_status == 429 and request.fault is None for request in log)


def most_in_a_window(instants: Sequence[datetime], window_s: float) -> int:
    """Return the most requests that arrived within any one window, wherever it begins."""
    length = timedelta(seconds=window_s)
    within: deque[datetime] = deque()
    most = 0
    for instant in sorted(instants):
        within.append(instant)
        while within[0] <= instant - length:
            within.popleft()
        most = max(most, len(within))
    return most
