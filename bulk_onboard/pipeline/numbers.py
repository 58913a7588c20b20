"""Look up what phone numbers have now: each by itself, or by pages of the account's numbers.

A page shows twenty numbers for one request, so pages are read where that takes fewer requests than asking for each: the
first page tells how many numbers the account has, and from then on pages go on as long as fewer of them are left than
numbers that no page has shown yet. Where the pages do not tell that, or name a next one where by their total there is
none, they go on as long as each shows a number that is looked for.

A number that is on none of the pages is not on the account, if they are *whole*: they showed as many different numbers
as the account has. Then nothing more is asked; whoever wants to link it hears from the API why it cannot be. Where
numbers came or went between two pages, one may have slipped through, and those not shown are asked for one by one.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, GetNumber, ListNumbers, NumberPage, NumberRecord, Priority

FEW = 2  # so many numbers are asked for one by one: pages would hardly take less

_LONGEST_COUNTRY_CODE = 3  # digits


@dataclass(frozen=True, slots=True)
class NumberWalk:
    """What pages of numbers showed.

    Attributes:
        shown: those of the numbers looked for that they showed, by their digits as they are looked for.
        whole: whether no number of the account can have been left out.
    """

    shown: Mapping[str, NumberRecord]
    whole: bool = False


NO_WALK = NumberWalk({})


@dataclass(slots=True)
class NumberLookup:
    """Looks up numbers of the account.

    Attributes:
        by_pages: whether to read pages at all; not any more once the API has refused one.
    """

    gateway: Gateway
    by_pages: bool = False
    priority: Priority = Priority.WRITE

    async def walk(self, numbers: Iterable[str]) -> NumberWalk:
        """Look for the numbers on pages, as far as that takes fewer requests than asking for each of them."""
        pages = _Pages(set(numbers))
        while self.by_pages and pages.are_worth_it:
            outcome = await self.gateway.send(ListNumbers(offset=pages.rows, priority=self.priority))
            if isinstance(outcome, outcomes.Done):
                pages.add(outcome.value)
            else:
                self.by_pages = not isinstance(outcome, outcomes.Refused)
                break
        return NumberWalk(pages.shown, pages.whole)

    async def look(self, numbers: Iterable[str], walked: NumberWalk = NO_WALK) -> dict[str, NumberRecord | None]:
        """Return the numbers' records, by their digits.

        None for a number that the API does not show (404 or 405 on it, or a whole walk without it). A number for which
        no answer came is left out.
        """
        looked: dict[str, NumberRecord | None] = {}
        for number in numbers:
            if number in walked.shown or walked.whole:
                looked[number] = walked.shown.get(number)
                continue
            outcome = await self.gateway.send(GetNumber(number=number, priority=self.priority))
            if isinstance(outcome, outcomes.Done):
                looked[number] = outcome.value
            elif isinstance(outcome, outcomes.Refused) and outcome.http_status in (404, 405):
                looked[number] = None
        return looked


@dataclass(slots=True)
class _Pages:
    """The pages that were read so far, and the numbers that are looked for on them."""

    wanted: set[str]
    shown: dict[str, NumberRecord] = field(default_factory=dict)
    rows: int = 0
    _is_begun: bool = False
    _seen: dict[str, NumberRecord] = field(default_factory=dict)
    _last: NumberPage | None = None
    _has_paid: bool = False  # the last page showed a number that was looked for
    _is_steady: bool = True  # each page told as many numbers of the account, and brought none that was there before

    def add(self, page: NumberPage) -> None:
        """Take the numbers of the next page."""
        self._is_begun = True
        before = len(self._seen)
        self._seen |= {record.number: record for record in page.numbers}
        brought = len(self._seen) - before
        self._is_steady &= brought == page.size and (self._last is None or self._last.total == page.total)
        self._last = page if brought else None
        self.rows += page.size
        found = {number: _shown_as(number, self._seen) for number in self.wanted}
        self.shown |= {number: replace(record, number=number) for number, record in found.items() if record}
        self._has_paid = not self.wanted.isdisjoint(self.shown)
        self.wanted -= self.shown.keys()

    @property
    def are_worth_it(self) -> bool:
        """Whether fewer pages are left than numbers that they have not shown."""
        if not self._is_begun:
            return len(self.wanted) > FEW
        if self._last is None:
            return False
        if self._last.total is None or self._is_contradicted:
            return self._has_paid and bool(self.wanted)
        return 0 < math.ceil((self._last.total - self.rows) / self._last.size) < len(self.wanted)

    @property
    def whole(self) -> bool:
        """Whether every number of the account was shown."""
        is_told = self._last is not None and self._last.total == self.rows == len(self._seen)
        return is_told and self._is_steady and not self._is_contradicted

    @property
    def _is_contradicted(self) -> bool:
        """Whether the last page names a next one, though all numbers were shown by its total: that of a page alone."""
        return (
            self._last is not None
            and self._last.goes_on
            and self._last.total is not None
            and self._last.total <= self.rows
        )


def _shown_as(number: str, seen: Mapping[str, NumberRecord]) -> NumberRecord | None:
    """Return the record of a number, which may be shown without its country code."""
    written = (number[length:] for length in range(_LONGEST_COUNTRY_CODE + 1))
    return next((seen[each] for each in written if each in seen), None)
