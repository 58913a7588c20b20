"""The API without its socket: a request that arrived becomes an answer.

Three steps: `admit` when the headers are there, for a request counts against the quota, and meets its fault, when it
arrives, not when its body has been read; `receive` when the body is there, which is when the witness looks; `answer`
when the sandbox has taken its time. None of them waits, so each call is carried out whole or not at all.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

from bulk_onboard.sandbox.answers import Answer, RefusedError, refusal
from bulk_onboard.sandbox.call import Call
from bulk_onboard.sandbox.callbacks import Callbacks
from bulk_onboard.sandbox.credentials import Credentials, check_credentials
from bulk_onboard.sandbox.faults import Fault, Faults, Strikes
from bulk_onboard.sandbox.instants import Instants
from bulk_onboard.sandbox.log import LoggedRequest
from bulk_onboard.sandbox.operations import PERFORM, alias_of
from bulk_onboard.sandbox.quota import Grant, Quotas
from bulk_onboard.sandbox.routes import Route, masked, route_of
from bulk_onboard.sandbox.state import State
from bulk_onboard.sandbox.witness import Witness

# Three documents of the greatest size, and room to be refused for a fourth or for one that is too large.
BODY_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Visit:
    """A request whose headers have arrived: where it goes, whether the quota grants it, which fault it meets."""

    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    route: Route
    grant: Grant | None
    fault: Fault | None

    @property
    def throttled(self) -> bool:
        """Whether the quota turned it away."""
        return self.grant is not None and not self.grant.granted

    def strikes(self, *instants: Strikes) -> bool:
        """Whether it meets a fault at one of these instants."""
        return self.fault is not None and self.fault.strikes in instants

    def body_limit(self, announced: int | None) -> int:
        """The most bytes of its body to read, of so many announced."""
        return (announced or 0) // 2 if self.strikes(Strikes.MID_BODY) else BODY_LIMIT


class Service:
    """The state, what guards it, and the log."""

    def __init__(
        self,
        instants: Instants,
        state: State,
        quotas: Quotas,
        faults: Faults,
        callbacks: Callbacks,
        *,
        credentials: Credentials | None,
        witness: Witness,
    ) -> None:
        self.instants, self.state, self.quotas, self.faults = instants, state, quotas, faults
        self.callbacks, self._credentials, self.witness = callbacks, credentials, witness
        self.log: list[LoggedRequest] = []

    def admit(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Visit:
        """Count a request whose headers have arrived."""
        at, route = self.instants.now(), route_of(method, path)
        grant = self.quotas.grant(route.operation, at.timestamp())
        fault = self.faults.next(route.operation) if grant is None or grant.granted else None
        return Visit(at, method, path, query, headers, route, grant, fault)

    def receive(self, visit: Visit, body: bytes, base_url: str) -> Call:
        """The call that a request makes, now that its body has been read."""
        route, now = visit.route, self.instants.now()
        content_type = visit.headers.get("Content-Type", "")
        call = Call(route.operation, route.account, route.target, visit.query, content_type, body, now, base_url)
        alias = alias_of(self.state, call)
        if route.operation == "create" and alias is not None:
            self.witness.look(alias)
        return call

    def answer(self, visit: Visit, call: Call) -> Answer:
        """Carry out a call, and log it."""
        now = self.instants.now()
        alias = alias_of(self.state, call)
        try:
            answer = self._carried_out(visit, replace(call, at=now))
        except RefusedError as error:
            answer = refusal(error)
        told = visit.grant.headers(self.instants.wrong_by_s(visit.at)) if visit.grant else {}
        answer = replace(answer, headers={**told, "Date": format_datetime(self.instants.told(now), usegmt=True)})
        if visit.fault:
            answer = visit.fault.spoiled(answer)
        self.note(visit, answer.seen_status, len(call.body), alias)
        return answer

    def note(self, visit: Visit, http_status: int | None, body_size: int, alias: str | None = None) -> None:
        """Log a request."""
        path, query = masked(visit.path, visit.route.account), urlencode(visit.query)
        fault = visit.fault.name if visit.fault else None
        operation = visit.route.operation
        entry = LoggedRequest(visit.at, operation, visit.method, path, query, alias, http_status, fault, body_size)
        self.log.append(entry)

    def reset(self) -> None:
        """As at the start."""
        self.state.clear()
        self.quotas.clear()
        self.faults.clear()
        self.witness.clear()
        self.callbacks.clear()
        self.log.clear()

    def _carried_out(self, visit: Visit, call: Call) -> Answer:
        if visit.throttled:
            raise RefusedError("rate_limit_exceeded", "Too many requests")
        if visit.strikes(Strikes.MID_BODY, Strikes.BEFORE):
            raise RefusedError("internal_error", "A fault struck before anything was stored")
        if visit.route.refused:
            raise visit.route.refused
        authorization = visit.headers.get("Authorization", "")
        self.callbacks.token = check_credentials(authorization, call.account, self._credentials)
        if len(call.body) > BODY_LIMIT:
            raise RefusedError("request_too_large", "The request is too large")
        if visit.strikes(Strikes.LATE):
            return self._put_off(call)
        return PERFORM[call.operation](self.state, call)

    def _put_off(self, call: Call) -> Answer:
        """Let the call be carried out later; the answer is one that nobody sees."""

        def carry_out(due_at: datetime) -> None:
            with contextlib.suppress(RefusedError):
                PERFORM[call.operation](self.state, replace(call, at=due_at))

        self.state.put_off(call.at + timedelta(seconds=self.faults.lateness_s()), carry_out)
        return Answer(202)
