"""Decode 2xx answers to values, lenient in vocabulary and nesting.

See docs/design/wire.md, Decoding.

A member that is null counts as missing, and unknown members are ignored. An answer without what its call needs is
malformed, and is never taken for a success.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

from bulk_onboard.api.wire import beta, released
from bulk_onboard.api.wire.parse import MalformedError, Members, digits, members, says_error, text, whole
from bulk_onboard.api.wire.requirements import read_requirements
from bulk_onboard.model import call as calls
from bulk_onboard.model.record import Review

T = TypeVar("T")

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

REVIEWS: Mapping[str, Review] = {**beta.REVIEWS, **released.REVIEWS}
"""The API's words in either vocabulary (docs/design/wire.md, Reviews)."""

RECORD_IDS = ("compliance_id", released.RECORD_ID)
"""What the API calls a record's id, the usual name first."""


def decode(call: calls.Call[T], body: object) -> T:
    """Return what the body of a 2xx answer says.

    Raise MalformedError when it does not hold what the call needs.
    """
    said = {} if body is None and isinstance(call, calls.Delete) else body
    if isinstance(call, calls.FetchRequirements) and isinstance(said, list | str | int | float):
        return cast("T", read_requirements(call, said))
    if not isinstance(said, dict):
        raise MalformedError("the answer is not a JSON object")
    if says_error(said):
        raise MalformedError("a success that speaks of an error")
    return cast("T", _DECODERS[call.operation](call, said))


def _created(_: calls.Create, body: Members) -> str:
    compliance_id = _stated_id(body)
    if not _UUID.fullmatch(compliance_id):
        raise MalformedError("no compliance id in the answer to a create")
    return compliance_id


def _written(call: calls.Update | calls.Delete, body: Members) -> str:
    _check_id(call.compliance_id, _stated_id(body))
    return call.compliance_id


def _got(call: calls.Get, body: Members) -> calls.ServerRecord:
    record = _server_record(_unwrapped(body), asked=call.compliance_id)
    _check_id(call.compliance_id, record.compliance_id)
    if not record.review_word:
        raise MalformedError("the record has no status")
    return record


def _page(call: calls.ListPage, body: Members) -> calls.RecordPage:
    rows = _first_there(body, "compliances", "objects")
    if not isinstance(rows, list):
        raise MalformedError("no list of records in the answer to a list")
    meta = members(body.get("meta"))
    records = tuple(filter(None, map(_listed_record, rows)))
    return calls.RecordPage(
        records=records,
        unreadable=len(rows) - len(records),
        total=whole(meta.get("total_count")),
        next_query=next_query(call, meta, len(rows)),
    )


def _listed_record(row: object) -> calls.ServerRecord | None:
    """Return a record on a page; None for one that cannot be read.

    It must not hide its neighbours.
    """
    try:
        return _server_record(members(row))
    except MalformedError:
        return None


def _number(call: calls.GetNumber, body: Members) -> calls.NumberRecord:
    number = digits(text(body, "number")).lstrip("0")
    if not call.number.endswith(number):  # some write it without the country, or leave it out
        raise MalformedError("the answer is about another number")
    return _number_record(call.number, body)


def _numbers(_: calls.ListNumbers, body: Members) -> calls.NumberPage:
    rows = _first_there(body, "objects", "numbers")
    if not isinstance(rows, list):
        raise MalformedError("no list of numbers in the answer to a list")
    shown = ((digits(text(members(row), "number")), members(row)) for row in rows)
    numbers = tuple(_number_record(number.lstrip("0"), row) for number, row in shown if number)
    meta = members(body.get("meta"))
    return calls.NumberPage(
        numbers=numbers, size=len(rows), total=whole(meta.get("total_count")), goes_on=bool(meta.get("next"))
    )


def _number_record(number: str, shown: Members) -> calls.NumberRecord:
    country = text(shown, "country_iso", "country").strip().upper()
    return calls.NumberRecord(
        number=number,
        country_iso=country if len(country) == 2 else "",  # a country's name cannot be compared
        number_type=text(shown, "number_type", "type").strip().lower(),
        compliance_id=text(shown, *RECORD_IDS),
    )


_DECODERS: Mapping[calls.Operation, Callable[[Any, Members], object]] = {
    calls.Operation.REQUIREMENTS: read_requirements,
    calls.Operation.CREATE: _created,
    calls.Operation.GET: _got,
    calls.Operation.LIST: _page,
    calls.Operation.UPDATE: _written,
    calls.Operation.DELETE: _written,
    calls.Operation.NUMBER: _number,
    calls.Operation.NUMBERS: _numbers,
}


def _first_there(body: Members, *names: str) -> object:
    """Return the first of these members that is there and not null; None where none is."""
    return next((body[name] for name in names if body.get(name) is not None), None)


def _unwrapped(body: Members) -> Members:
    return members(body.get("compliance")) or body


def _stated_id(body: Members) -> str:
    return text(body, "compliance_id") or text(members(body.get("compliance")), "compliance_id")


def _check_id(asked: str, stated: str) -> None:
    """Raise MalformedError where the answer is about another record."""
    if stated and stated.lower() != asked.lower():
        raise MalformedError("the answer is about another record")


def _server_record(shown: Members, asked: str = "") -> calls.ServerRecord:
    compliance_id = text(shown, *RECORD_IDS) or asked
    if not compliance_id:
        raise MalformedError("a record without its id")
    review_word = text(shown, "status").strip()
    end_user, documents = members(shown.get("end_user")), shown.get("documents")
    return calls.ServerRecord(
        compliance_id=compliance_id,
        alias=text(shown, "alias"),
        review_word=review_word,
        review=_review(review_word),
        country_iso=text(shown, "country_iso").strip().upper(),
        number_type=text(shown, "number_type").strip().lower(),
        reason=text(shown, "rejection_reason") if "rejection_reason" in shown else None,
        name=" ".join(filter(None, (text(end_user, "name"), text(end_user, "last_name")))) or None,
        registration_number=text(end_user, "registration_number") or None,
        documents=len(documents) if isinstance(documents, list) else None,
        linked_numbers=_linked_numbers(shown.get("linked_numbers")),
        created_at=text(shown, "created_at"),
        updated_at=text(shown, "updated_at"),
        submitted_at=text(shown, "submitted_at"),
    )


def _review(word: str) -> str:
    review = REVIEWS.get(re.sub(r"[\s_-]+", "_", word.lower()))
    return review.value if review else ""


def _linked_numbers(shown: object) -> tuple[str, ...] | None:
    """Return the digits of each linked number.

    Rows are texts or objects (docs/design/wire.md, Decoding).
    """
    if not isinstance(shown, list):
        return None
    numbers = (digits(text(members(row), "number") or text({"number": row}, "number")) for row in shown)
    return tuple(number for number in numbers if number)


# The next page of a list (docs/design/wire.md, Paging).


def next_query(call: calls.ListPage, meta: Members, count: int) -> Mapping[str, str] | None:
    """Return the query of the page after one of `count` records; None after the last.

    `meta.next` decides where it is there: null is the end, and of an address only the query is used, never the host.
    Where it is missing, the next page is counted by offset until the total is reached. Without a total there is always
    a next page, since one may be short for any reason; whoever walks the list sees when a page brings nothing new.
    """
    if count == 0:
        return None
    if "next" in meta:
        return _followed(meta["next"])
    return _counted(call.query, whole(meta.get("total_count")), count)


def _followed(link: object) -> Mapping[str, str] | None:
    """Return the query of a link, None for no link.

    Raise MalformedError for a link without a query.
    """
    if not link:
        return None
    try:
        query = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) if isinstance(link, str) else {}
    except ValueError:
        query = {}
    if not query:
        raise MalformedError("the link to the next page has no query")
    if "cursor" in query:
        query.pop("offset", None)
    return query


def _counted(query: Mapping[str, str], total: int | None, count: int) -> Mapping[str, str] | None:
    if "cursor" in query:  # its place in the list is not known
        return None
    seen = _number_in(query, "offset") + count
    return {**query, "offset": str(seen)} if total is None or seen < total else None


def _number_in(query: Mapping[str, str], name: str) -> int:
    word = query.get(name, "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0
