"""Read the API's list: walk it to its end, look up tokens by alias, adopt what is there, find duplicates.

Pages are counted by offset, and others create and delete records meanwhile, so records slip from one page to another.
Rule: each page but the first is asked to begin with the last record of the page before. Where it shows none of the
records seen so far, something may have slipped through in between, and the walk steps back until it does. Pages that
are too long, or whose `limit` is refused, are asked for in smaller ones. A list that answers every offset with the same
page has no other pages to offer, and one that goes on showing what it showed has none either, whatever it promises.

A walk may *find* a record. That a record is *not* there is told only by two whole walks that agree (`agreed`).

One request for each alias, or one for each hundred records of the account. Server filtering is a hint only: whatever
comes is looked through here for the token, and a filter that is seen to be ignored is not used again.

A lost ledger, or a second job on the account, so takes over what is there instead of creating it again: tokens are
computed from the rows, and stand at the end of the aliases at the API.

No client can exclude that another machine with a copy of the ledger raced it; but a duplicate is never left untold.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, ListPage, Priority, RecordPage, ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.ledger_state import Journal, LedgerState
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.record import Record, Review, State

LIMITS = (100, 50, 20, 5, 2, 1)  # records a page, in this order while the API refuses one or its answer is too long
PASSES_AT_MOST = 6
PAGES_AT_MOST = 10_000

_LEAST_USUAL_LIMIT = 20  # the API's own default; smaller pages are for a place where a very long record stands
_RESTARTS_AT_MOST = 2
_NOTHING_NEW_AT_MOST = 10  # pages in a row; others may create a page of records between two pages, but not every time
_PAST_EVERY_END = 999_999_999
_LESS_MAY_DO = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk of the list showed.

    Attributes:
        records: each once.
        whole: whether nothing on the list can have been left out.
        unreadable: how many more records are on it that cannot be read.
    """

    records: tuple[ServerRecord, ...]
    whole: bool
    unreadable: int = 0


async def walk(
    gateway: Gateway, *, alias: str = "", priority: Priority = Priority.POLL, first: RecordPage | None = None
) -> Walk | None:
    """Every record that the list shows, asked for those of `alias` where one is given.

    Whether the server heeds the alias filter is for the caller to see: all that came is answered. `first` is the first
    page, where somebody has it already. None when the list cannot be read.
    """
    found: dict[str, ServerRecord] = {}
    pages = _Pages(gateway, {"alias": alias} if alias else {}, priority)
    for _ in range(PASSES_AT_MOST):
        one = _Pass(pages, found)
        if not await one.to_the_end(first):
            return None
        first = None
        if one.is_whole or one.is_hopeless:
            break
    return Walk(tuple(found.values()), whole=one.is_whole, unreadable=one.unreadable)


async def agreed(gateway: Gateway, earlier: Walk | None = None, *, priority: Priority = Priority.POLL) -> Walk | None:
    """Two whole walks that agree, taken together; `earlier` serves as the first of them.

    A record that is not in it was not on the list when the last walk began. A list that others work on never stays the
    same: records that a later walk no longer shows may have been deleted, and those that are newer than all of an
    earlier walk were created since. After any other difference, which means that the earlier walk missed something,
    yet another walk must agree. `whole` is False where none did; None when the list cannot be read.
    """
    so_far = earlier or await walk(gateway, priority=priority)
    for _ in range(PASSES_AT_MOST):
        if so_far is None or not so_far.whole:
            return so_far
        again = await walk(gateway, priority=priority)
        if again is None:
            return None
        records = {record.compliance_id: record for record in (*so_far.records, *again.records)}
        is_agreed = again.whole and not missed(so_far.records, again.records)
        so_far = Walk(tuple(records.values()), whole=again.whole, unreadable=again.unreadable)
        if is_agreed:
            return so_far
    return so_far and replace(so_far, whole=False)


def missed(earlier: Iterable[ServerRecord], later: Iterable[ServerRecord]) -> list[ServerRecord]:
    """The records of a later walk that an earlier one should have shown: those not newer than the newest of its own."""
    shown = {record.compliance_id: record.created_at for record in earlier}
    newest = max(shown.values(), default="")
    return [r for r in later if r.compliance_id not in shown and (not r.created_at or r.created_at < newest)]


async def first_page(gateway: Gateway) -> RecordPage | None:
    """The first page of the account's list, as `walk` takes it; None when it cannot be read."""
    return await _Pages(gateway, {}, Priority.POLL).read({}, least=1)


_TOO_LARGE = RecordPage(records=(), unreadable=1)
"""Stands for a page that is too long even when it holds next to nothing: a very long record is on it."""


@dataclass(slots=True)
class _Pages:
    """Pages of one list, in the size that the API takes."""

    gateway: Gateway
    filters: Mapping[str, str]
    priority: Priority
    limit: int = LIMITS[0]

    async def read(self, place: Mapping[str, str], *, least: int) -> RecordPage | None:
        """The page at an offset, a cursor or whatever else a link says; None when it cannot be read.

        `least` is how many records it must have room for: one, and another one where it is to begin with one that is
        known.
        """
        page: RecordPage | None = None
        for limit in (size for size in LIMITS if least <= size <= self.limit):
            query = {**self.filters, **place, "limit": str(limit)}
            outcome = await self.gateway.send(ListPage(query=query, priority=self.priority))
            if isinstance(outcome, outcomes.Done):
                self.limit = max(limit, _LEAST_USUAL_LIMIT)
                return outcome.value
            if not isinstance(outcome, outcomes.Refused):
                return None
            is_too_large = outcome.code == outcomes.TOO_LARGE
            if not is_too_large and outcome.http_status not in _LESS_MAY_DO:
                return None
            page = _TOO_LARGE if is_too_large else None
        return page


@dataclass(slots=True)
class _Pass:
    """One way through the list, from its first page to its last.

    Attributes:
        found: every record that any page showed, those of former passes among them.
        seen: ids of the records on pages that are joined to one another from the first page on.
        count: how many places of the list were passed.
        joint: whether the last of these places is known, so that the next page must show it.
        stepped_back: how often from where.
        shown: ids of the records on all its pages.
        nothing_new: how many pages in a row showed only those.
        is_joined: whether nothing can have slipped through between two pages.
        is_hopeless: whether another pass would show no more.
    """

    pages: _Pages
    found: dict[str, ServerRecord]
    seen: set[str] = field(default_factory=set)
    count: int = 0
    joint: bool = False
    unreadable: int = 0
    totals: set[int | None] = field(default_factory=set)
    stepped_back: Counter[int] = field(default_factory=Counter)
    shown: set[str] = field(default_factory=set)
    nothing_new: int = 0
    is_joined: bool = True
    is_hopeless: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all that is on the list was found."""
        total, known = max((each for each in self.totals if each is not None), default=None), self._known
        if total is None:
            return self.is_joined
        if self.is_joined:
            return known >= total
        is_counted_once = not (self.unreadable and self.stepped_back)
        return known == total and len(self.totals) == 1 and is_counted_once

    @property
    def _known(self) -> int:
        return len(self.found) + self.unreadable

    async def to_the_end(self, page: RecordPage | None) -> bool:
        """Walk it, `page` being the first one where it was read already; whether the list could be read."""
        link: Mapping[str, str] | None = None
        last: RecordPage | None = None
        step_back, restarts, followed = 1, 0, list[Mapping[str, str]]()
        for _ in range(PAGES_AT_MOST):
            page = page or await self.pages.read(self._place if link is None else link, least=1 + self.joint)
            if page is None:
                return False
            ids = _ids(page)
            if (page is _TOO_LARGE and link is not None) or self._goes_on_showing(ids):
                return self._ends_unjoined()
            self.found |= {record.compliance_id: record for record in page.records}
            if link is None and self.joint and not self.seen.intersection(ids) and page is not _TOO_LARGE:
                if self._steps_back(step_back):
                    step_back, restarts, page = step_back * 2, restarts + (self.count == 0), None
                if restarts > _RESTARTS_AT_MOST:
                    return self._ends_unjoined()
                continue
            if last and _is_the_same(page, last) and await self._ignores_offset(page):
                return self._ends_with_the_same_page(page)
            if self._pass_over(page, ids, is_linked=link is not None):
                return True
            link, last, page, step_back = self._link(page), page, None, 1
            if link is not None and link in followed:  # they lead in circles
                break
            followed += [link] if link is not None else []
        return self._ends_unjoined()

    @property
    def _place(self) -> Mapping[str, str]:
        offset = self.count - self.joint
        return {"offset": str(offset)} if offset else {}

    def _pass_over(self, page: RecordPage, ids: tuple[str, ...], *, is_linked: bool) -> bool:
        """Account for a page; whether it is the last.

        A list that says nothing of its end is at it where a page shows nothing but the record that it was to begin
        with; a longer page of known records only means that others were created before them. A page of one record can
        be joined to no other one: the API may have no longer ones, or promise more than it shows.
        """
        shows_nothing = not page.size or (page.size == 1 and self.joint and page.total is None)
        brings_nothing = shows_nothing and not page.unreadable and self.seen.issuperset(ids)
        self.is_joined = self.is_joined and (self.joint or is_linked or self.count == 0 or self.seen.issuperset(ids))
        self.count += page.size - (self.joint and page is not _TOO_LARGE)
        self.joint = bool(ids) and page.size > 1
        self.seen.update(ids)
        self.unreadable += page.unreadable
        if page is _TOO_LARGE:
            return False
        self.totals.add(page.total)
        return page.next_query is None or brings_nothing

    def _steps_back(self, places: int) -> bool:
        """Go back so far; False where that was done from here in vain: what stands here cannot be read."""
        self.stepped_back[self.count] += places == 1
        if self.stepped_back[self.count] > _RESTARTS_AT_MOST:
            self.joint, self.is_joined, self.count = False, False, self.count - 1
            return False
        self.count = max(0, self.count - places)
        self.joint = self.count > 0
        if not self.joint:
            self.seen.clear()
            self.unreadable = 0
        return True

    def _link(self, page: RecordPage) -> Mapping[str, str] | None:
        """The API's own way to the next page, where that is not counted in records; else None."""
        query = page.next_query
        if query is None or query.get("offset") == str(self.count):
            return None
        self.is_joined = self.is_joined and "cursor" in query
        return {name: value for name, value in query.items() if name != "limit"}

    def _goes_on_showing(self, ids: tuple[str, ...]) -> bool:
        """Whether page after page shows what this pass saw before."""
        is_new = not ids or not self.shown.issuperset(ids)
        self.shown.update(ids)
        self.nothing_new = 0 if is_new else self.nothing_new + 1
        return self.nothing_new > _NOTHING_NEW_AT_MOST

    async def _ignores_offset(self, page: RecordPage) -> bool:
        """Whether the list shows this page wherever it is asked; else others have created as many as it holds."""
        beyond = await self.pages.read({"offset": str(_PAST_EVERY_END)}, least=1)
        return beyond is not None and _is_the_same(page, beyond)

    def _ends_with_the_same_page(self, page: RecordPage) -> bool:
        """The list ignores the offset: whole only if its one page is all there is."""
        is_all = len(page.records) < _LEAST_USUAL_LIMIT if page.total is None else self._known >= page.total
        self.is_joined, self.is_hopeless = is_all and page is not _TOO_LARGE, True
        return True

    def _ends_unjoined(self) -> bool:
        self.is_joined, self.is_hopeless = False, True
        return True


def _ids(page: RecordPage) -> tuple[str, ...]:
    return tuple(record.compliance_id for record in page.records)


def _is_the_same(page: RecordPage, other: RecordPage) -> bool:
    """Whether both show the same records, or neither can show any since the first is too long."""
    return page is other if _TOO_LARGE in (page, other) else bool(page.records) and _ids(page) == _ids(other)


PAGE = 100

Matches = Mapping[str, tuple[ServerRecord, ...]]
"""By token, the records of the account whose alias has it."""


class Lookup:
    """Looks records up for one run.

    Attributes:
        account_size: how many records the account is known to have at least.
        filter_ignored: whether the list answers whatever alias is asked for.
        asked_for: tokens of those for which the last `find` asked the alias filter, and got all of its answer.
    """

    def __init__(self, gateway: Gateway, *, account_size: int = 0) -> None:
        self._gateway = gateway
        self.account_size = account_size
        self.filter_ignored = False
        self.asked_for: set[str] = set()

    async def find(self, records: Sequence[Record]) -> Matches | None:
        """What the account has of these records; None when the list could not be read.

        What it finds is there. What it does not find may be there all the same: see `filtered` and `agreed`.
        """
        self.asked_for.clear()
        if self.filter_ignored or len(records) > pages(self.account_size):
            walked = await walk(self._gateway, priority=Priority.SETTLE)
            return None if walked is None else by_token(self._noted(walked).records)
        found: list[ServerRecord] = []
        for record in records:
            shown = await self.filtered(record.alias, record.token)
            if shown is None:
                return None
            found += shown.records
            if shown.whole and not self.filter_ignored:
                self.asked_for.add(record.token)
        return by_token(found)

    async def filtered(self, alias: str, token: str) -> Walk | None:
        """What the list shows when it is asked for one alias; None when it could not be read."""
        shown = await walk(self._gateway, alias=alias, priority=Priority.SETTLE)
        if shown is not None:
            self.filter_ignored |= any(token not in each.alias.lower() for each in shown.records)
        return shown

    async def agreed(self) -> Walk | None:
        """Two walks of the whole account that agree; None when the list could not be read."""
        walked = await agreed(self._gateway, priority=Priority.SETTLE)
        return None if walked is None else self._noted(walked)

    def _noted(self, walked: Walk) -> Walk:
        self.account_size = len(walked.records)
        return walked


def pages(records: int) -> int:
    """What a walk past so many records costs in requests; at least one."""
    return max(1, math.ceil(records / PAGE))


def by_token(shown: Iterable[ServerRecord]) -> Matches:
    """The records that have a token, by it; each once."""
    found: defaultdict[str, dict[str, ServerRecord]] = defaultdict(dict)
    for record in shown:
        if token := token_in(record.alias):
            found[token][record.compliance_id] = record
    return {token: tuple(records.values()) for token, records in found.items()}


UNSENT = frozenset({State.NOT_SENT, State.INVALID, State.DEFERRED, State.REFUSED})


async def sweep(gateway: Gateway, journal: Journal, identities: Iterable[Identity]) -> bool:
    """Walk the account, adopt what it has, and write down that it was walked; whether the walks were whole."""
    walked = await agreed(gateway)
    if walked is None:
        return False
    await adopt(journal, identities, walked.records)
    if walked.whole:
        await journal.append(entries.Swept(records=len(walked.records)))
    return walked.whole


async def adopt(journal: Journal, identities: Iterable[Identity], shown: Iterable[ServerRecord]) -> int:
    """Adopt the records of these rows that a walk of the account has shown; how many the ledger did not know.

    Records whose last call is unknown are left to settling, which looks closer. Those that a repair of the ledger
    holds because it lost their alias are found here by their token.
    """
    found, adopted = by_token(shown), 0
    for identity in identities:
        matches = found.get(identity.token)
        if matches and may_be_adopted(journal.ledger_state.record(identity.token)):
            await journal.append(adoption(identity, matches))
            adopted += 1
    return adopted


def may_be_adopted(record: Record) -> bool:
    """Whether a record at the API with its token is simply its own: nothing was sent, or what it was called is lost."""
    without_alias = record.state is State.HELD and record.op is Op.CREATE and not record.alias
    return record.state in UNSENT or without_alias


def adoption(identity: Identity, matches: Sequence[ServerRecord]) -> OpEntry:
    """One record at the API is this row's; several are for a person to look at."""
    if len(matches) == 1:
        return entries.Adopted(
            token=identity.token,
            key=identity.user_key,
            op=Op.CREATE,
            compliance_id=matches[0].compliance_id,
            review=matches[0].review,
            alias=matches[0].alias,
            registration_token=identity.known_registration,
        )
    return entries.Held(
        token=identity.token,
        key=identity.user_key,
        op=Op.CREATE,
        why=f"{len(matches)} records with this token at the API",
        compliance_ids=tuple(record.compliance_id for record in matches),
    )


@dataclass(frozen=True, slots=True)
class DuplicateRecords:
    """A token with several records at the API.

    Attributes:
        compliance_ids: the one to keep first: the one that the ledger has, else the oldest.
        deletable: those of the others whose review is still pending, which may be deleted.
    """

    token: str
    compliance_ids: tuple[str, ...]
    deletable: tuple[str, ...]


def find_duplicates(
    records: Iterable[ServerRecord], ledger_state: LedgerState, *, others: bool = False
) -> list[DuplicateRecords]:
    """Which of the ledger's tokens, with `others` which of all, have more than one record in a walk of the account."""
    return [
        _twice(token, ledger_state, found)
        for token, found in sorted(by_token(records).items())
        if len(found) > 1 and (others or token in ledger_state.records)
    ]


def _twice(token: str, ledger_state: LedgerState, found: Iterable[ServerRecord]) -> DuplicateRecords:
    ours = ledger_state.record(token).compliance_id
    keep, *rest = sorted(
        found, key=lambda record: (record.compliance_id != ours, record.created_at, record.compliance_id)
    )
    return DuplicateRecords(
        token,
        (keep.compliance_id, *(record.compliance_id for record in rest)),
        tuple(record.compliance_id for record in rest if record.review == Review.PENDING),
    )
