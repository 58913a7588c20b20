"""The positive control: may the list's silence be believed? (reliability.md 1.6, assumption A2)

Rule: before the first *absent* of a run a random token must not be found, and a record that is known to exist must be,
by the very way that absent ones are looked for: by its alias, or in a walk of all. The known one is the oldest, so that
a list which reaches back only some days is caught; it proves nothing of what is much older than itself. While the list
lags it may take until W.
"""

import base64
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bulk_onboard.clock import Clock
from bulk_onboard.model.books import Books
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.record import State
from bulk_onboard.submission.lookup import Lookup
from bulk_onboard.submission.stop import Stop

LOOKS = 10  # within W, while the list lags
YOUNGER_AT_MOST = timedelta(days=1)  # lists that reach back only so far count in days (reliability.md 0, finding 6)


@dataclass(frozen=True, slots=True)
class Known:
    """A record that exists at the API for certain, and since when."""

    name: str
    alias: str
    compliance_id: str
    made_at: str


@dataclass(frozen=True, slots=True)
class Controlled:
    """What the control showed: which record was found, and since when it is there; or why silence proves nothing."""

    found: str = ""
    made_at: str = ""
    why_not: str = ""

    def reaches_back_to(self, sent_at: str) -> bool:
        """Whether it speaks for a record of this age too; instants are ISO 8601."""
        try:
            made, sent = instant(self.made_at), instant(sent_at)
        except ValueError:
            return False
        return made <= sent + YOUNGER_AT_MOST


class Control:
    """One run's positive control; made for each way of looking when it is first needed, and then it stands.

    Args:
        new_token: answers a token that no record has.
    """

    def __init__(
        self, lookup: Lookup, books: Books, *, clock: Clock, stop: Stop, settle_s: float, new_token: Callable[[], str]
    ) -> None:
        self._lookup = lookup
        self._books = books
        self._clock = clock
        self._stop = stop
        self._settle_s = settle_s
        self._new_token = new_token
        self._results: dict[bool, Controlled] = {}

    async def result(self, *, walking: bool) -> Controlled | None:
        """What the control shows of lookups by alias, or in a walk of all records.

        None while it could not be made, since the list cannot be read.
        """
        if walking not in self._results and (made := await self._make(walking)):
            self._results[walking] = made
        return self._results.get(walking)

    async def _make(self, walking: bool) -> Controlled | None:
        stranger = f"~{self._new_token()}"
        matches = await self._lookup.find([stranger])
        if matches is None:
            return None
        if matches[stranger]:
            return Controlled(why_not="the list shows a record for a name that nobody has")
        known = oldest_submitted(self._books)
        if known is None:
            everything = await self._lookup.sweep()
            if everything is None:
                return None
            known = oldest_named(everything)
        if known is None:
            return Controlled(why_not="the account shows no other record by which the list could be checked")
        return await self._look_for(known, walking)

    async def _look_for(self, known: Known, walking: bool) -> Controlled | None:
        until = self._clock.monotonic() + self._settle_s
        while not self._stop.requested:
            matches = await self._lookup.find([known.alias], walking=walking)
            if matches is None:
                return None
            if known.compliance_id in {record.compliance_id for record in matches[known.alias]}:
                return Controlled(found=known.name, made_at=known.made_at)
            if self._clock.monotonic() >= until:
                return Controlled(why_not="the list does not show a record that is known to exist")
            await self._stop.pause(self._clock, self._settle_s / LOOKS)
        return None


def new_token() -> str:
    """A token that no record has, for the positive control."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


def oldest_submitted(books: Books) -> Known | None:
    """The oldest record that the ledger knows to be at the API by its alias."""
    submitted = [r for r in books.records.values() if r.state is State.SUBMITTED and r.alias]
    oldest = min(submitted, key=lambda record: record.submitted_at, default=None)
    return Known(oldest.token, oldest.alias, oldest.compliance_id, oldest.submitted_at) if oldest else None


def oldest_named(everything: Iterable[ServerRecord]) -> Known | None:
    """The oldest record of the account that can be looked for by its alias, filed by whomever."""
    oldest = min((r for r in everything if r.alias), key=lambda record: record.created_at, default=None)
    if oldest is None:
        return None
    return Known(oldest.compliance_id, oldest.alias, oldest.compliance_id, oldest.created_at)


def instant(text: str) -> datetime:
    """An instant as the ledger or the API writes it, UTC where it does not say; ValueError where it is none."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
