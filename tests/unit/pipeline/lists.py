"""A list of records in memory, with all the ways that a list may have, and with others at work on it."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from bulk_onboard.model.call import ListPage, RecordPage, ServerRecord
from bulk_onboard.model.outcome import TOO_LARGE, Done, Outcome, Refused
from tests.unit.pipeline.samples import server_record

SIZE_OF_A_PAGE = 1000  # what an answer may be long, where a record is 1 long


def listed(number: int, **changes: Any) -> ServerRecord:
    """The n-th record that was ever made; each is a second younger than the one before."""
    made = f"2026-01-05T{10 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
    return server_record(number, **({"created_at": made} | changes))


class RecordList:
    """Answers pages of the list.

    Attributes:
        numbers: of the records that are there, the oldest first.
        newest_first, page_size, tells_total: the list's ways; `page_size` is how many records a page has at most.
        no_meta: whether a page says nothing of the next one, nor of the total.
        shuffled: whether each page is cut from another order of the records.
        ignores_offset: whether each answer is the first page.
        links: how the next page is named: by `offset`, by `cursor` or by a `page` number.
        limit_at_most: a larger limit is refused, as `refusal`.
        sizes: of records that are longer than 1, by number; `unreadable` cannot be read at all.
        before: what others do before each page is made.
        queries: of the pages that were asked for.
    """

    def __init__(self, numbers: Iterable[int], *, before: Callable[["RecordList"], None] = lambda one: None) -> None:
        self.numbers = list(numbers)
        self.newest_first = False
        self.page_size = 100
        self.tells_total = True
        self.no_meta = False
        self.shuffled: Random | None = None
        self.ignores_offset = False
        self.links = "offset"
        self.limit_at_most = 100
        self.refusal: Outcome[Any] = Refused(code="invalid_limit", http_status=400)
        self.sizes: dict[int, int] = {}
        self.unreadable: set[int] = set()
        self.before = before
        self.queries: list[dict[str, str]] = []
        self._next = max(self.numbers, default=0) + 1

    def create(self) -> None:
        """Somebody files a record."""
        self.numbers.append(self._next)
        self._next += 1

    def delete(self, place: int) -> None:
        """Somebody deletes a record, if there is any."""
        if self.numbers:
            del self.numbers[place % len(self.numbers)]

    async def send(self, call: Any) -> Any:
        assert isinstance(call, ListPage), "only the list is asked for"
        self.before(self)
        query = dict(call.query)
        self.queries.append(query)
        limit = int(query["limit"])
        if limit > self.limit_at_most:
            return self.refusal
        order = self.numbers[::-1] if self.newest_first else list(self.numbers)
        if self.shuffled:
            self.shuffled.shuffle(order)
        size = min(limit, self.page_size)
        start = self._start(query, size)
        shown = order[start : start + size]
        if sum(self.sizes.get(number, 1) for number in shown) > SIZE_OF_A_PAGE:
            return Refused(code=TOO_LARGE)
        return Done(value=self._page(shown, start, size, len(order)))

    def _start(self, query: dict[str, str], size: int) -> int:
        if self.ignores_offset:
            return 0
        if "page" in query:
            return int(query["page"]) * size
        return int(query.get("cursor", query.get("offset", 0)))

    def _page(self, shown: list[int], start: int, size: int, total: int) -> RecordPage:
        records = tuple(listed(number) for number in shown if number not in self.unreadable)
        tells = self.tells_total and not self.no_meta
        end = start + len(shown)
        more = bool(shown) if not tells else end < total  # as `wire.paging` counts where no page names the next one
        place = {"offset": end, "cursor": end, "page": start // size + 1}[self.links]
        return RecordPage(
            records=records,
            unreadable=len(shown) - len(records),
            total=total if tells else None,
            next_query={self.links: str(place)} if more and (self.links == "offset" or end < total) else None,
        )
