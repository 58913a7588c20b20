"""The queries that walk the list: the first page's, and the one a page leads to (wire.md 4, 6.4; 11, 10).

`meta.next` decides where it is there: null is the end, and of an address only the query is used, never the host.
Where it is missing, the next page is counted by offset, until the total is reached or, without a total, until a page
holds less than the API's default of 20.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from bulk_onboard.api.wire.parse import MalformedError, Members, whole
from bulk_onboard.model.call import ListPage

_DEFAULT_LIMIT = 20


def list_query(call: ListPage) -> Mapping[str, str]:
    """What a page is asked for by; a former page's `next_query` says it all."""
    if call.query is not None:
        return call.query
    return {"limit": str(call.limit), **({"alias": call.alias} if call.alias else {})}


def next_query(call: ListPage, meta: Members, count: int) -> Mapping[str, str] | None:
    """The query of the page after one of `count` records; None after the last."""
    if count == 0:
        return None
    if "next" in meta:
        return _followed(meta["next"])
    return _counted(list_query(call), whole(meta.get("total_count")), count)


def _followed(link: object) -> Mapping[str, str] | None:
    """The query of a link; MalformedError for one that leads nowhere, since the list goes on somewhere."""
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
    seen = _number(query, "offset", 0) + count
    full = min(_number(query, "limit", _DEFAULT_LIMIT), _DEFAULT_LIMIT)
    more = count >= full if total is None else seen < total
    return {**query, "offset": str(seen)} if more else None


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    word = query.get(name, "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else default
