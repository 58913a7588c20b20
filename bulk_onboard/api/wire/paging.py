"""The query that a page of the list leads to.

`meta.next` decides where it is there: null is the end, and of an address only the query is used, never the host.
Where it is missing, the next page is counted by offset, until the total is reached; without a total a page may be
short for reasons of its own, so there is always a next one, and whoever walks sees when that brings nothing new.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from bulk_onboard.api.wire.parse import MalformedError, Members, whole
from bulk_onboard.model.call import ListPage


def next_query(call: ListPage, meta: Members, count: int) -> Mapping[str, str] | None:
    """The query of the page after one of `count` records; None after the last."""
    if count == 0:
        return None
    if "next" in meta:
        return _followed(meta["next"])
    return _counted(call.query, whole(meta.get("total_count")), count)


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
    seen = _number(query, "offset") + count
    return {**query, "offset": str(seen)} if total is None or seen < total else None


def _number(query: Mapping[str, str], name: str) -> int:
    word = query.get(name, "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0
