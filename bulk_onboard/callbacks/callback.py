"""A request that arrived: what it says, whether the account signed it, what it is answered, which record it is about.

    not signed, or wrongly      403: whoever sent it is told so, and nothing else
    signed, names no record     200: nothing is done
    signed, names a record      200, once the hint is on disk

A signature (V3, and its variant signed with the main account's token) is base64(HMAC-SHA256(token, S + "." + nonce)). S
begins with the public address of the listener, as configured, never as a header claims. For a GET follow `?` and all
parameters, sorted, as `name=value` joined by `&`. For a POST the parameters of the address follow so, and those of the
body without anything between them:

    nothing           https://example.com/reviews
    address only      https://example.com/reviews?a=1&b=2
    body only         https://example.com/reviews?compliance_idc1statusapproved
    both              https://example.com/reviews?a=1&b=2.compliance_idc1statusapproved

What is signed of a JSON body is documented nowhere: S without it and S with its members are both tried. So a JSON body
may not be covered, and two forms may share one S. A signature has no time in it either, so a request may come again
for ever. Hence nothing of a request is used but the record's id: the record is read before anything is believed.

Nothing in a request can make any of this raise: what cannot be read carries no parameters.
"""

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

ID_NAMES = ("compliance_id", "compliance_application_id", "id")  # integrators read all three
MOST_SIGNATURES = 10  # of a header's comma list; the API writes one for each of its active tokens

_FORM = "application/x-www-form-urlencoded"
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")

Parameters = Sequence[tuple[str, Any]]
"""Names with their values in the order they came; a form's and a query's values are texts, and a name may be twice."""


@dataclass(frozen=True)
class Callback:
    """One request, its body still as it came.

    Attributes:
        query: of the address it came to, encoded, without `?`.
        signature, main_signature, nonce: what its headers say; empty where they say nothing.
    """

    method: str
    query: str = ""
    content_type: str = ""
    body: bytes = field(default=b"", repr=False)
    signature: str = ""
    main_signature: str = ""
    nonce: str = ""

    @cached_property
    def query_parameters(self) -> Parameters:
        """What the address says."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    @cached_property
    def form(self) -> Parameters:
        """What the body says as a form; empty where it is none."""
        if self.method != "POST" or not self.body or self.is_json:
            return ()
        try:
            # Strict: a field without its `=` would have the same signature as one with it.
            return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True, errors="replace")
        except ValueError:
            return ()

    @cached_property
    def members(self) -> Mapping[str, Any]:
        """What the body says as a JSON object; empty where it is none."""
        if self.method != "POST" or not self.is_json:
            return {}
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def is_json(self) -> bool:
        """Whether the body claims to be JSON, or looks like it and does not claim to be a form."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind.endswith(("/json", "+json")) or (kind != _FORM and self.body.lstrip()[:1] == b"{")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """All that it says, by name; the body before the address, and of a name that is there twice the first."""
        said = (*self.members.items(), *self.form, *self.query_parameters)
        return dict(reversed(said))


def record_in(callback: Callback) -> str:
    """Return the compliance id in a request; empty where it names no record."""
    said = callback.parameters
    compliance_id = next((said[name] for name in ID_NAMES if said.get(name)), None)
    return compliance_id if isinstance(compliance_id, str) and _ID.fullmatch(compliance_id) else ""


class Reception(Enum):
    """What became of a request: the HTTP status it is answered with, and the word that is the whole body."""

    TAKEN = 200, "taken"
    NAMELESS = 200, "names no record"
    UNSIGNED = 403, "not signed"
    FORGED = 403, "wrongly signed"
    ELSEWHERE = 404, "nothing here"
    BY_ANOTHER_METHOD = 405, "GET or POST"
    SLOW = 408, "too slow"
    TOO_LARGE = 413, "too large"
    NOT_KEPT = 503, "try again later"

    def __init__(self, http_status: int, word: str) -> None:
        self.http_status, self.word = http_status, word


@dataclass(frozen=True, slots=True)
class Gate:
    """What requests are judged by.

    Attributes:
        public_url: where the API sends them: scheme, host, port and path, no query.
        tokens: auth tokens, any of which may have signed.
        allow_unsigned: take what is not signed at all; what is signed wrongly is refused all the same.
    """

    public_url: str
    tokens: Sequence[str] = field(repr=False)
    allow_unsigned: bool = False

    def judge(self, callback: Callback) -> tuple[Reception, str]:
        """Return what becomes of a request, and the record that it is about where a hint is to be kept."""
        signed = bool(callback.signature or callback.main_signature)
        if signed and not is_signed(callback, self.public_url, self.tokens):
            return Reception.FORGED, ""
        if not signed and not self.allow_unsigned:
            return Reception.UNSIGNED, ""
        compliance_id = record_in(callback)
        return (Reception.TAKEN if compliance_id else Reception.NAMELESS), compliance_id


def is_signed(callback: Callback, public_url: str, tokens: Sequence[str]) -> bool:
    """Return whether one of the tokens signed the request for this address, given without its query.

    Every comparison is made, whichever fits, and each takes the same time.
    """
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
    """Return the signature of S under a token."""
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
    if body := _joined(callback.form) or _joined(callback.members.items()):
        yield _with_query(public_url, callback, "." if callback.query_parameters else "?") + body


def _with_query(public_url: str, callback: Callback, end: str = "") -> str:
    pairs = "&".join(f"{name}={value}" for name, value in sorted(callback.query_parameters))
    return public_url + (f"?{pairs}" if pairs else "") + end


def _joined(parameters: Iterable[tuple[str, Any]]) -> str:
    """Names and values, sorted, without anything between them."""
    return "".join(text for _, text in sorted((name, _parameter_text(name, value)) for name, value in parameters))


def _parameter_text(name: str, value: Any) -> str:
    """One parameter; members that are objects follow in place, those of lists each with the name."""
    if isinstance(value, Mapping):
        return name + _joined(value.items())
    if isinstance(value, list):
        return "".join(sorted(f"{name}{one}" for one in value))
    return f"{name}{value}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
