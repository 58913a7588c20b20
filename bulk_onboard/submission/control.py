"""The positive control: may the list's silence be believed?

Rule: nothing is taken for absent because it is not shown, unless a record that is known to exist *is* shown, by the
very way in which the missing one was looked for. So that the one can speak for the other, it must

- have, where the alias is asked for, one that is at least as long, and has capitals, signs and letters beyond ASCII
  where the other has them: an API that cuts, escapes or changes aliases finds the plain ones all the same;
- be at least as old, or the other at most a day: a list may reach back only some days.

Any record that this ledger knows may serve, and several are tried; one that was deleted at the API is no obstacle. A
control that cannot be made now is made again later: the next row's record may be the first that can serve.
"""

import base64
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bulk_onboard.clock import Clock
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import Get, Priority
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.identity import alias_length, may_be_cut_from
from bulk_onboard.model.record import Record, State
from bulk_onboard.submission.lookup import Lookup
from bulk_onboard.submission.reviews import is_gone
from bulk_onboard.submission.walk import Walk

TRIED_AT_MOST = 5
YOUNG = timedelta(days=1)  # lists that reach back only so far count in days

_MARK = re.compile(r"[^A-Za-z0-9]")

NO_RECORD = "no other record shows yet that the list can be believed"
NOT_SHOWN = "the list does not show a record that is known to exist"


@dataclass(frozen=True, slots=True)
class Controlled:
    """What the control showed: the token of the record that was found, or why silence proves nothing yet."""

    found: str = ""
    why_not: str = ""


class Control:
    """One run's positive control.

    Args:
        new_token: answers a token that no record has.
    """

    def __init__(
        self, gateway: Gateway, lookup: Lookup, books: Books, *, clock: Clock, new_token: Callable[[], str]
    ) -> None:
        self._gateway = gateway
        self._lookup = lookup
        self._books = books
        self._clock = clock
        self._new_token = new_token
        self._filter_works = False
        self._found_by_filter: set[str] = set()
        self._gone: set[str] = set()

    async def of_filter(self, unknown: Record) -> Controlled | None:
        """Whether the alias filter would show this record; None while the list cannot be read."""
        if not await self._filter_selects():
            return None if not self._lookup.filter_ignored else Controlled(why_not="the list ignores the alias")
        tried = False
        for known in islice(self._speaking_for(unknown, literally=True), TRIED_AT_MOST):
            tried = True
            shown = await self._shown_by_filter(known)
            if shown is None:
                return None
            if shown:
                return Controlled(found=known.token)
            if not await self._is_gone(known):
                return Controlled(why_not=NOT_SHOWN)
        return Controlled(why_not=NOT_SHOWN if tried else NO_RECORD)

    async def of_walk(self, unknown: Record, walked: Walk) -> Controlled:
        """Whether these walks would have shown this record."""
        if not walked.whole:
            return Controlled(why_not="the list of records cannot be walked to its end")
        if not self._books.alias_kept:
            return Controlled(why_not=NO_RECORD)
        if self._books.alias_kept < alias_length(unknown.alias):
            cut = next((each for each in walked.records if may_be_cut_from(each.alias, unknown.alias)), None)
            if cut is not None:
                return Controlled(why_not=f"record {cut.compliance_id} may be it, under a shortened alias")
        ids = {record.compliance_id for record in walked.records}
        for known in islice(self._speaking_for(unknown), TRIED_AT_MOST):
            if known.compliance_id in ids:
                return Controlled(found=known.token)
            if not await self._is_gone(known):
                return Controlled(why_not=NOT_SHOWN)
        return Controlled(why_not=NO_RECORD)

    def _speaking_for(self, unknown: Record, *, literally: bool = False) -> Iterator[Record]:
        """Records that the API has for certain, and whose being shown speaks for this one, the best first."""
        fits = [
            record
            for record in self._books.records.values()
            if record.state is State.SUBMITTED and record.token not in self._gone
            if self._is_old_enough(record, unknown) and (not literally or is_as_hard_to_find(record, unknown))
        ]
        yield from sorted(fits, key=lambda record: (record.token not in self._found_by_filter, record.known))

    def _is_old_enough(self, known: Record, unknown: Record) -> bool:
        """By the order of the ledger, which no clock can confuse; a young unknown one may have any neighbour."""
        return known.known < unknown.tried or self._is_young(unknown)

    def _is_young(self, unknown: Record) -> bool:
        """Whether it was sent by this run, or a day ago at most by a clock that was not set back since."""
        run = self._books.runs[-1].started if self._books.runs else None
        if run and unknown.tried > run.seq:
            return True
        age = self._clock.now() - datetime.fromisoformat(unknown.sent_at)
        return timedelta() <= age <= YOUNG

    async def _filter_selects(self) -> bool:
        """Whether the filter shows nothing for a name that nobody has."""
        if not self._filter_works and not self._lookup.filter_ignored:
            token = self._new_token()
            shown = await self._lookup.filtered(f"~{token}", token)
            self._filter_works = shown is not None and not shown.records and shown.whole
        return self._filter_works and not self._lookup.filter_ignored

    async def _shown_by_filter(self, known: Record) -> bool | None:
        if known.token in self._found_by_filter:
            return True
        shown = await self._lookup.filtered(known.alias, known.token)
        if shown is None:
            return None
        is_shown = known.compliance_id in {record.compliance_id for record in shown.records}
        if is_shown:
            self._found_by_filter.add(known.token)
        return is_shown

    async def _is_gone(self, known: Record) -> bool:
        """Whether the API has no such record any more, so that it is no wonder that the list does not show it."""
        if not is_gone(await self._gateway.send(Get(compliance_id=known.compliance_id, priority=Priority.SETTLE))):
            return False
        self._gone.add(known.token)
        return True


def is_as_hard_to_find(known: Record, unknown: Record) -> bool:
    """Whether whatever an API may do to the alias of one it would do to that of the other, as they were sent."""
    if not known.alias.endswith(f"~{known.token}") or alias_length(known.alias) < alias_length(unknown.alias):
        return False
    return marks(unknown.alias) <= marks(known.alias)


def marks(alias: str) -> set[str]:
    """What of an alias an API may fold, escape, replace or drop, each for itself: an `&` is no proof for a `+`."""
    return {*_MARK.findall(alias), *(("capitals",) if alias != alias.lower() else ())}


def new_token() -> str:
    """A token that no record has, for the positive control."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()
