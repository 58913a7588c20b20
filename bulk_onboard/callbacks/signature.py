"""Whether the account signed a request: V3, and its variant signed with the main account's token (wire.md 9.1).

A signature is base64(HMAC-SHA256(auth token, S + "." + nonce)). S begins with the public address of the listener, as
configured, never as a header claims. For a GET follow `?` and all parameters, sorted, as `name=value` joined by `&`.
For a POST the parameters of the address follow so, and those of the body without anything between them:

    nothing           https://example.com/reviews
    address only      https://example.com/reviews?a=1&b=2
    body only         https://example.com/reviews?compliance_idc1statusapproved
    both              https://example.com/reviews?a=1&b=2.compliance_idc1statusapproved

What is signed of a JSON body is documented nowhere: both S without it and S with its members are tried. So a JSON body
may not be covered, and two forms may share one S: what a request says is a hint, and nothing else.

Every comparison is made, whichever fits, and each takes the same time.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from bulk_onboard.callbacks.callback import Callback

MOST_SIGNATURES = 10
"""So many of a header's comma list are looked at; the API writes one for each of its active tokens."""


def is_signed(callback: Callback, public_url: str, tokens: Sequence[str]) -> bool:
    """Whether one of the tokens signed the request for this address (without its query); never raises."""
    given = [text for header in (callback.signature, callback.main_signature) for text in _listed(header)]
    if not callback.nonce or not given:
        return False
    try:
        bases = list(_signed_texts(callback, public_url))
    except RecursionError:  # objects in objects without end: nothing the API sends
        return False
    made = [signature(token, base, callback.nonce) for base in bases for token in tokens if token]
    compared = [hmac.compare_digest(_bytes(one), _bytes(other)) for one in given for other in made]
    return any(compared)


def signature(token: str, signed: str, nonce: str) -> str:
    """The signature of S under a token."""
    return b64encode(hmac.digest(_bytes(token), _bytes(f"{signed}.{nonce}"), sha256)).decode()


def _listed(header: str) -> list[str]:
    texts = [text.strip() for text in header.split(",", MOST_SIGNATURES)[:MOST_SIGNATURES]]
    return [text for text in texts if text]


def _signed_texts(callback: Callback, public_url: str) -> Iterator[str]:
    """Each S that the request may have been signed with."""
    if callback.method != "POST":
        yield _with_query(public_url, callback)
        return
    if not callback.form:
        yield _with_query(public_url, callback)
    if told := _joined(callback.form) or _joined(callback.members.items()):
        yield _with_query(public_url, callback, "." if callback.query_parameters else "?") + told


def _with_query(public_url: str, callback: Callback, end: str = "") -> str:
    pairs = "&".join(f"{name}={value}" for name, value in sorted(callback.query_parameters))
    return public_url + (f"?{pairs}" if pairs else "") + end


def _joined(parameters: Iterable[tuple[str, Any]]) -> str:
    """Names and values, sorted, without anything between them."""
    return "".join(told for _, told in sorted((name, _told(name, value)) for name, value in parameters))


def _told(name: str, value: Any) -> str:
    """One parameter; members that are objects follow in place, those of lists each with the name."""
    if isinstance(value, Mapping):
        return name + _joined(value.items())
    if isinstance(value, list):
        return "".join(sorted(f"{name}{one}" for one in value))
    return f"{name}{value}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
