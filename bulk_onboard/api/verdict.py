"""Judge what a call led to, from its answer or failure alone.

See docs/design/wire.md, Verdicts.

Two questions decide. *Is it certain that the API judged this call?* A no counts only where the body shows that the API
wrote it: a proxy or firewall that answers in its place does not know what became of a write. *Is it certain that no
byte left?* Then, and only then, the call is unavailable. Whatever neither question settles is unresolved.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeVar

from bulk_onboard.api import wire
from bulk_onboard.api.exchange import BODY_TOO_LARGE, LEASE_OVER, UNASKED, Answer, Failure
from bulk_onboard.api.quota import quota_headers
from bulk_onboard.model.call import Call, Create, Delete, Operation, Write
from bulk_onboard.model.outcome import (
    TOO_LARGE,
    Denied,
    Done,
    Halt,
    Outcome,
    Refused,
    Throttled,
    Unavailable,
    Unresolved,
)

T = TypeVar("T")

Owner = Callable[[str], str | None]
"""The token of the record that has this compliance id in the ledger, None when nobody has it."""


def verdict(call: Call[T], seen: Answer | Failure, contract: wire.Wire, *, owner: Owner) -> Outcome[T]:
    """Return what the call led to.

    Args:
        call: as it was sent.
        seen: the answer, or why there was none.
        contract: decodes a yes.
        owner: who has a compliance id in the ledger; a create that is answered with another record's id did not
            create that record.
    """
    if isinstance(seen, Failure):
        return _of_failure(call, seen)
    if 200 <= seen.http_status < 300:
        return _of_yes(call, seen, contract, owner)
    return _of_no(call, seen, contract)


# Answers that say no, or nothing.


class _Believed(Enum):
    """Whose no is believed."""

    THE_API = auto()
    THE_API_ON_WRITES = auto()
    ANYONE = auto()


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an HTTP status means.

    Unresolved where its sender is not believed, but the run halts all the same.
    """

    outcome: type[Refused] | type[Denied] | type[Done[Any]] | type[Throttled] | type[Unresolved]
    believed: _Believed = _Believed.ANYONE
    halt: Halt | None = None


_REFUSED = _Rule(Refused, _Believed.THE_API)
_GONE = _Rule(Done, _Believed.THE_API)
_NOT_OFFERED = _Rule(Refused)
_LOCKED_OUT = _Rule(Denied, _Believed.THE_API_ON_WRITES, Halt.CREDENTIALS)
_WRONG_ADDRESS = _Rule(Denied, _Believed.THE_API_ON_WRITES, Halt.ADDRESS)
_THROTTLED = _Rule(Throttled)  # a limiter before the API turns a call away unapplied, too
_REDIRECTED = _Rule(Unresolved, halt=Halt.REDIRECT)
_UNKNOWN = _Rule(Unresolved)

_RULES: Mapping[int, _Rule] = {
    400: _REFUSED,
    401: _LOCKED_OUT,
    403: _LOCKED_OUT,
    404: _REFUSED,
    405: _REFUSED,
    409: _REFUSED,
    413: _REFUSED,
    415: _REFUSED,
    422: _REFUSED,
    429: _THROTTLED,
}
_RULES_OF_OPERATIONS: Mapping[tuple[Operation, int], _Rule] = {
    (Operation.CREATE, 404): _WRONG_ADDRESS,
    (Operation.CREATE, 405): _WRONG_ADDRESS,
    (Operation.LIST, 404): _WRONG_ADDRESS,
    (Operation.LIST, 405): _WRONG_ADDRESS,
    (Operation.REQUIREMENTS, 404): _NOT_OFFERED,
    (Operation.NUMBER, 404): _NOT_OFFERED,  # or there is no way to look at numbers; a link is tried all the same
    (Operation.NUMBER, 405): _NOT_OFFERED,
    (Operation.NUMBERS, 404): _NOT_OFFERED,
    (Operation.NUMBERS, 405): _NOT_OFFERED,
    (Operation.DELETE, 404): _GONE,
}

_CONTESTED = re.compile(r"\balias\b|duplicate|\balready\b.*\b(exists?|used|in use|taken)\b|\bunique\b", re.IGNORECASE)


def _rule(operation: Operation, http_status: int) -> _Rule:
    """Return the rule for a status outside 2xx.

    Unknown for what no table names, such as 408, 425, 499 and 5xx.
    """
    if 300 <= http_status < 400:
        return _REDIRECTED
    return _RULES_OF_OPERATIONS.get((operation, http_status)) or _RULES.get(http_status, _UNKNOWN)


def _of_no(call: Call[T], answer: Answer, contract: wire.Wire) -> Outcome[T]:
    rule, error, quota = _rule(call.operation, answer.http_status), _api_error(answer), quota_headers(answer.headers)
    if error is None and not _is_believed_anyway(rule, call):
        return Unresolved(seen=_seen(answer), quota=quota, halt=rule.halt)
    if rule.outcome is Refused:
        return _refused(call, answer, error or wire.ApiError(), contract)
    if rule.outcome is Denied:
        return Denied(http_status=answer.http_status, quota=quota, halt=rule.halt)
    if rule.outcome is Throttled:
        return Throttled(quota=quota)
    if rule.outcome is Done and isinstance(call, Delete):  # it is not there: that is what was wanted
        compliance_id: Any = call.compliance_id
        return Done(value=compliance_id, api_id=api_id(answer), quota=quota)
    return Unresolved(seen=_seen(answer), quota=quota, halt=rule.halt)


def _is_believed_anyway(rule: _Rule, call: Call[Any]) -> bool:
    if rule.believed is _Believed.THE_API_ON_WRITES:
        return not isinstance(call, Write)  # a read changes nothing, so nothing can have happened unseen
    return rule.believed is _Believed.ANYONE


def _refused(call: Call[Any], answer: Answer, error: wire.ApiError, contract: wire.Wire) -> Refused | Unresolved:
    """Return a refusal.

    Unresolved where a write is refused for a conflict, or because the record exists already.

    The record that exists may be what this very write has made.
    """
    quota = quota_headers(answer.headers)
    no = Refused(
        code=error.code or wire.state_error(call.operation, error.message) or f"http-{answer.http_status}",
        message=contract.with_names(error.message),
        http_status=answer.http_status,
        quota=quota,
    )
    words = f"{error.code} {error.message} {error.param}".replace("_", " ")
    exists = isinstance(call, Create) and answer.http_status in (400, 422) and _CONTESTED.search(words)
    contested = isinstance(call, Write) and (answer.http_status == 409 or exists)
    return Unresolved(seen=_seen(answer), said=no, quota=quota) if contested else no


# Answers that say yes.

_YES: Mapping[Operation, frozenset[int]] = {
    Operation.REQUIREMENTS: frozenset({200}),
    Operation.CREATE: frozenset({200, 201}),
    Operation.GET: frozenset({200}),
    Operation.LIST: frozenset({200}),
    Operation.UPDATE: frozenset({200, 201, 202}),
    Operation.DELETE: frozenset({200, 202, 204}),
    Operation.LINK: frozenset(range(200, 300)),
    Operation.NUMBER: frozenset({200}),
    Operation.NUMBERS: frozenset({200}),
}


def _of_yes(call: Call[T], answer: Answer, contract: wire.Wire, owner: Owner) -> Outcome[T]:
    quota = quota_headers(answer.headers)
    if answer.http_status not in _YES[call.operation]:
        return Unresolved(seen=_seen(answer), quota=quota)
    try:
        value = contract.decode(call, _promised_json(call, answer))
    except wire.MalformedError:
        return Unresolved(seen=f"{_seen(answer)} without what was asked for", quota=quota)
    if isinstance(call, Create) and owner(str(value)) not in (None, call.token):
        # What became of this row is unknown, and no answer can be believed any more. So the run stops.
        return Unresolved(seen=f"{_seen(answer)} with the id of another record", quota=quota, halt=Halt.KNOWN_ID)
    return Done(value=value, api_id=api_id(answer), quota=quota)


# Failures.


class _Sent(Enum):
    """What a failure's class says when no header has left."""

    NO = auto()
    NO_AND_NEVER_WILL = auto()
    MAYBE = auto()


_FAILURES: Mapping[str, _Sent] = {  # by class name or our own word; the nearest ancestor that stands here counts
    "ClientConnectorError": _Sent.NO,  # itself a ClientOSError
    "ClientConnectorDNSError": _Sent.NO,
    "ClientConnectorCertificateError": _Sent.NO_AND_NEVER_WILL,
    "ClientConnectorSSLError": _Sent.NO_AND_NEVER_WILL,
    "ClientProxyConnectionError": _Sent.NO,
    "ClientHttpProxyError": _Sent.NO,  # a ClientResponseError with the proxy's status
    "ConnectionTimeoutError": _Sent.NO,  # a ServerTimeoutError and TimeoutError
    "InvalidURL": _Sent.NO,
    "InvalidUrlClientError": _Sent.NO,
    "NonHttpUrlClientError": _Sent.NO,
    "TimeoutError": _Sent.NO,  # the total ran out, in any phase
    "CancelledError": _Sent.NO,
    "ServerDisconnectedError": _Sent.NO,  # a dropped CONNECT
    LEASE_OVER: _Sent.NO,
    UNASKED: _Sent.NO,
    "ClientOSError": _Sent.MAYBE,
    "ClientConnectionResetError": _Sent.MAYBE,
    "ServerTimeoutError": _Sent.MAYBE,  # SocketTimeoutError too, which also is a TimeoutError
    "SocketTimeoutError": _Sent.MAYBE,
    "ClientPayloadError": _Sent.MAYBE,
    "ClientResponseError": _Sent.MAYBE,  # an unparsable answer; its status 400 is aiohttp's, not the API's
}


def _of_failure(call: Call[Any], failure: Failure) -> Unavailable | Unresolved | Refused:
    if failure.kind == BODY_TOO_LARGE and not isinstance(call, Write):
        return Refused(code=TOO_LARGE)
    names = (failure.kind, *failure.bases)
    sent = next((_FAILURES[name] for name in names if name in _FAILURES), _Sent.MAYBE)
    halt = Halt.TLS if sent is _Sent.NO_AND_NEVER_WILL else None
    if failure.started and not failure.headers_sent and sent is not _Sent.MAYBE:
        return Unavailable(why=failure.kind, halt=halt)
    return Unresolved(seen=failure.kind, halt=halt)


# Reading an answer.

_API_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # it goes to logs and ledger, so nothing else may ride along


def api_id(answer: Answer) -> str:
    """Return the API's id of this request: `api_id` of the body, else X-Request-ID.

    Empty where there is neither.
    """
    candidates = (wire.api_id(_json(answer)), answer.headers.get("x-request-id", ""))
    return next((text for text in candidates if _API_ID.fullmatch(text)), "")


def _api_error(answer: Answer) -> wire.ApiError | None:
    """Return the error that the API wrote, known by its shape.

    None for a body that somebody else wrote.
    """
    return wire.api_error(_json(answer))


def _json(answer: Answer) -> object:
    """Return the body as JSON, whatever its media type; None where it is none."""
    try:
        return wire.parse_json(answer.body)
    except wire.MalformedError:
        return None


def _promised_json(call: Call[Any], answer: Answer) -> object:
    """Return the JSON body of a yes, which must be declared as JSON.

    None when it is empty.

    Texts may be broken in the answer to a read, which repeats what others have written, but not in that to a write.
    """
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise wire.MalformedError("packed, though asked not to be")
    media_type = answer.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if answer.body and media_type != "application/json" and not media_type.endswith("+json"):
        raise wire.MalformedError("not called JSON")
    parse = wire.parse_json if isinstance(call, Write) else wire.parse_broken_json
    return parse(answer.body) if answer.body else None


def _seen(answer: Answer) -> str:
    return f"HTTP {answer.http_status}"
