"""One request: what it says, whether the account signed it, how it is answered, which record it is about.

    not signed, or wrongly      403
    signed, names no record     200, and nothing is done
    signed, names a record      200, once the hint is on disk

A signature (V3, and its variant signed with the main account's token) is base64(HMAC-SHA256(token, S + "." + nonce)). S
begins with the public address of the listener as configured, never as a header says. For a GET follow `?` and all
parameters, sorted, as `name=value` joined by `&`. For a POST the parameters of the address follow so, and those of the
body without anything between them:

    nothing           https://example.com/reviews
    address only      https://example.com/reviews?a=1&b=2
    body only         https://example.com/reviews?compliance_idc1statusapproved
    both              https://example.com/reviews?a=1&b=2.compliance_idc1statusapproved

How a JSON body is signed is not documented, so S without it and S with its members are both tried. A JSON body may thus
not be covered by the signature, and two forms may share one S. A signature has no time in it either, so a request may
be replayed. Hence nothing of a request is used but the record's id, and that record is then read from the API.

No request can make this raise: what cannot be parsed has no parameters.
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

MOST_SIGNATURES = 10  # of a header's comma list; the API writes one for each of its active tokens

_FORM = "application/x-www-form-urlencoded"
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")

Parameters = Sequence[tuple[str, Any]]
"""Names and values in the order they came; values of a form or query are texts, and a name may come twice."""


@dataclass(frozen=True)
class Callback:
    """One request, with its body as it came.

    Attributes:
        query: of the URL, encoded, without `?`.
        signature, main_signature, nonce: from its headers; empty where missing.
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
        """Return the parameters of the URL."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    @cached_property
    def form(self) -> Parameters:
        """Return the parameters of a form body; empty for any other body."""
        if self.method != "POST" or not self.body or self.is_json:
            return ()
        try:
            # Strict: a field without its `=` would have the same signature as one with it.
            return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True, errors="replace")
        except ValueError:
            return ()

    @cached_property
    def members(self) -> Mapping[str, Any]:
        """Return the members of a JSON object body; empty for any other body."""
        if self.method != "POST" or not self.is_json:
            return {}
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def is_json(self) -> bool:
        """Return whether the body says it is JSON, or looks like it and does not say it is a form."""
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind.endswith(("/json", "+json")) or (kind != _FORM and self.body.lstrip()[:1] == b"{")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return all parameters by name: the body's before the URL's, and the first of several of one name."""
        said = (*self.members.items(), *self.form, *self.query_parameters)
        return dict(reversed(said))


def record_in(callback: Callback, id_names: Sequence[str]) -> str:
    """Return the compliance id in a request, under the first of these names that it has; empty where there is none."""
    said = callback.parameters
    compliance_id = next((said[name] for name in id_names if said.get(name)), None)
    return compliance_id if isinstance(compliance_id, str) and _ID.fullmatch(compliance_id) else ""


class Reception(Enum):
    """What became of a request: the HTTP status of the answer, and its whole body."""

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
class Endpoint:
    """An address that the API calls; decides what becomes of a request to it.

    Attributes:
        public_url: where the API sends requests: scheme, host, port and path, no query.
        tokens: auth tokens, any of which may have signed.
        id_names: what a request may call the id of its record, the clearest name first.
        allow_unsigned: accept what is not signed at all; what is signed wrongly is refused in any case.
    """

    public_url: str
    tokens: Sequence[str] = field(repr=False)
    id_names: Sequence[str]
    allow_unsigned: bool = False

    def judge(self, callback: Callback) -> tuple[Reception, str]:
        """Return what becomes of a request, and the id of its record where a hint is to be kept, else an empty text."""
        signed = bool(callback.signature or callback.main_signature)
        if signed and not is_signed(callback, self.public_url, self.tokens):
            return Reception.FORGED, ""
        if not signed and not self.allow_unsigned:
            return Reception.UNSIGNED, ""
        compliance_id = record_in(callback, self.id_names)
        return (Reception.TAKEN if compliance_id else Reception.NAMELESS), compliance_id


def is_signed(callback: Callback, public_url: str, tokens: Sequence[str]) -> bool:
    """Return whether one of the tokens signed the request for this URL, given without its query.

    All comparisons are made, in constant time, whichever fits.
    """
    given = [text for header in (callback.signature, callback.main_signature) for text in _listed(header)]
    if not callback.nonce or not given:
        return False
    try:
        bases = list(_signed_texts(callback, public_url))
    except RecursionError:  # too deeply nested; the API sends nothing like it
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
    """Yield each S that the request may have been signed with."""
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
    """Join names and values, sorted, without separators."""
    return "".join(text for _, text in sorted((name, _parameter_text(name, value)) for name, value in parameters))


def _parameter_text(name: str, value: Any) -> str:
    """Return the name with its value: an object's members joined in place, each item of a list with the name."""
    if isinstance(value, Mapping):
        return name + _joined(value.items())
    if isinstance(value, list):
        return "".join(sorted(f"{name}{one}" for one in value))
    return f"{name}{value}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
