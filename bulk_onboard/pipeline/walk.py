"""Read the API's list: walk it, look up tokens, adopt records, find duplicates.

A walk may *find* a record. That a record is *not* there is shown only by two whole walks that agree (`agreed`).

Pages are counted by offset, and others create and delete records meanwhile, so records slip from one page to another.
So each page but the first is asked to begin with the last record of the page before. Where it shows none of the records
seen so far, something may have slipped through in between, and the walk steps back until it does. Pages that are too
long, or whose `limit` is refused, are asked for in smaller ones. A list that answers every offset with the same page,
or goes on showing what it has shown, has no more pages, whatever it promises.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import Gateway, ListPage, Priority, RecordPage, ServerRecord
from bulk_onboard.model.entry import Op, OpEntry
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.ledger_state import Journal, LedgerState
from bulk_onboard.model.plan import Identity
from bulk_onboard.model.record import NOT_FILED, UNDER_REVIEW, Record, State
from bulk_onboard.pipeline.conclusion import of_create

LIMITS = (100, 50, 20, 5, 2, 1)  # records a page, in this order while the API refuses one or its answer is too long
PASSES_AT_MOST = 6
PAGES_AT_MOST = 10_000

_LEAST_USUAL_LIMIT = 20  # the API's own default; smaller pages are for a place where a very long record stands
_RESTARTS_AT_MOST = 2
_NOTHING_NEW_AT_MOST = 10  # pages in a row; others may create a page of records between two pages, but not every time
_PAST_EVERY_END = 999_999_999
_MISSING_GENERATIONS_AT_MOST = 2
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
    """Return every record that the list shows, or None when it cannot be read.

    Args:
        alias: ask the list for records with this alias only; the server may ignore it, and all that came is returned.
        first: the first page, where it has been read already.
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
    """Walk the list until two whole walks agree.

    Return them taken together, or None when it cannot be read.

    A record that is not in the result was not on the list when the last walk began; `whole` is False where no two walks
    agreed. Others may be at work in the account: records that a later walk no longer shows may have been deleted, and
    those newer than all of an earlier walk were created since. Any other difference means that the earlier walk missed
    something, and another one must agree.

    Args:
        earlier: serves as the first walk.
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
    """Return the records of a later walk that an earlier one should have shown.

    They are those that are not newer than its own newest.
    """
    shown = {record.compliance_id: record.created_at for record in earlier}
    newest = max(shown.values(), default="")
    return [r for r in later if r.compliance_id not in shown and (not r.created_at or r.created_at < newest)]


async def first_page(gateway: Gateway) -> RecordPage | None:
    """Return the first page of the account's list, for `walk`.

    Return None when it cannot be read.
    """
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
        """Return the page at an offset, a cursor or whatever else a link says.

        Return None when it cannot be read.

        Args:
            least: how many records it must have room for: one, and one more where it should begin with a known one.
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
        """Walk it, from `page` on where the first one was read already.

        Return whether the list could be read.
        """
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
        """Count a page in; return whether it is the last.

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
        """Go back so far; return False where that was tried before.

        Then what stands here cannot be read.
        """
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
        """Return the API's own link to the next page; None where it is the next offset."""
        query = page.next_query
        if query is None or query.get("offset") == str(self.count):
            return None
        self.is_joined = self.is_joined and "cursor" in query
        return {name: value for name, value in query.items() if name != "limit"}

    def _goes_on_showing(self, ids: tuple[str, ...]) -> bool:
        """Return whether page after page shows what this pass has seen before."""
        is_new = not ids or not self.shown.issuperset(ids)
        self.shown.update(ids)
        self.nothing_new = 0 if is_new else self.nothing_new + 1
        return self.nothing_new > _NOTHING_NEW_AT_MOST

    async def _ignores_offset(self, page: RecordPage) -> bool:
        """Return whether the list shows this page at any offset.

        It may also be that others created as many records as it holds.
        """
        beyond = await self.pages.read({"offset": str(_PAST_EVERY_END)}, least=1)
        return beyond is not None and _is_the_same(page, beyond)

    def _ends_with_the_same_page(self, page: RecordPage) -> bool:
        """End the pass at a list that ignores the offset.

        It is whole only if its one page is all there is.
        """
        is_all = len(page.records) < _LEAST_USUAL_LIMIT if page.total is None else self._known >= page.total
        self.is_joined, self.is_hopeless = is_all and page is not _TOO_LARGE, True
        return True

    def _ends_unjoined(self) -> bool:
        self.is_joined, self.is_hopeless = False, True
        return True


def _ids(page: RecordPage) -> tuple[str, ...]:
    return tuple(record.compliance_id for record in page.records)


def _is_the_same(page: RecordPage, other: RecordPage) -> bool:
    """Return whether both pages show the same records.

    Two that are too long to be shown count as the same.
    """
    return page is other if _TOO_LARGE in (page, other) else bool(page.records) and _ids(page) == _ids(other)


# Looking up tokens: one request for each alias, or one for each hundred records of the account. The server's filter is
# a hint only: the answer is searched here for the token, and a filter that is seen to be ignored is not used again.

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
        """Return what the account has of these records.

        Return None when the list could not be read.

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
        """Return what the list shows when asked for one alias.

        Return None when it could not be read.
        """
        shown = await walk(self._gateway, alias=alias, priority=Priority.SETTLE)
        if shown is not None:
            self.filter_ignored |= any(token not in each.alias.lower() for each in shown.records)
        return shown

    async def agreed(self) -> Walk | None:
        """Walk the whole account until two walks agree.

        Return None when the list could not be read.
        """
        walked = await agreed(self._gateway, priority=Priority.SETTLE)
        return None if walked is None else self._noted(walked)

    def _noted(self, walked: Walk) -> Walk:
        self.account_size = len(walked.records)
        return walked


def pages(records: int) -> int:
    """Return how many requests a walk past so many records takes; at least one."""
    return max(1, math.ceil(records / PAGE))


def by_token(shown: Iterable[ServerRecord]) -> Matches:
    """Return by token the records that have one; each record once."""
    found: defaultdict[str, dict[str, ServerRecord]] = defaultdict(dict)
    for record in shown:
        if token := token_in(record.alias):
            found[token][record.compliance_id] = record
    return {token: tuple(records.values()) for token, records in found.items()}


# Adopting what is there. Tokens are computed from the rows and stand at the end of the aliases at the API, so a run
# with a new ledger, or a second job on the account, finds the records of its rows instead of creating them again.


async def sweep(gateway: Gateway, journal: Journal, identities: Iterable[Identity]) -> bool:
    """Walk the account, adopt what it has, and write down that it was walked.

    Return whether the walks were whole.
    """
    walked = await agreed(gateway)
    if walked is None:
        return False
    await adopt(journal, identities, walked.records)
    if walked.whole:
        await journal.append(entries.Swept(records=len(walked.records)))
    return walked.whole


async def adopt(journal: Journal, identities: Iterable[Identity], shown: Iterable[ServerRecord]) -> int:
    """Adopt those of these records that belong to these rows, later generations included.

    Return how many the ledger did not know.

    Records whose last call is unknown are left to settling, which compares them with what was sent.
    """
    found, adopted = by_token(shown), 0
    for identity in list(identities) if found else ():
        for each in _generations(identity, found):
            if may_be_adopted(journal.ledger_state.record(each.token)):
                await journal.append(adoption(each, found[each.token], journal.ledger_state))
                adopted += 1
    return adopted


def _generations(identity: Identity, found: Matches) -> Iterator[Identity]:
    """Yield those generations of a row that the account has, the given one first.

    An expired record may have been deleted since, so a few that are not there are passed over.
    """
    missing = 0
    while missing < _MISSING_GENERATIONS_AT_MOST:
        if identity.token in found:
            yield identity
        missing = 0 if identity.token in found else missing + 1
        identity = identity.successor()


def may_be_adopted(record: Record) -> bool:
    """Return whether a record at the API with its token can only be its own.

    Nothing of it is known to be at the API, or a repair of the ledger holds it because its alias was lost.
    """
    without_alias = record.state is State.HELD and record.op is Op.CREATE and not record.alias
    return record.state in NOT_FILED or without_alias


def adoption(identity: Identity, matches: Sequence[ServerRecord], ledger_state: LedgerState) -> OpEntry:
    """Return the entry by which a row's record is adopted.

    It is held where several records, or another row's, have its token.
    """
    return of_create(
        identity.token,
        identity.user_key,
        matches,
        ledger_state,
        registration_token=identity.known_registration,
        follows=identity.follows,
        generation=identity.generation,
    )


# Duplicates. No client can rule out that another machine with a copy of the ledger sent the row, too; but a duplicate
# is always reported.


@dataclass(frozen=True, slots=True)
class DuplicateRecords:
    """A token with several records at the API.

    Attributes:
        compliance_ids: the one to keep first: the one that the ledger has, else the oldest.
        deletable: those of the others that may be deleted, since their review is still pending.
    """

    token: str
    compliance_ids: tuple[str, ...]
    deletable: tuple[str, ...]


def find_duplicates(
    records: Iterable[ServerRecord], ledger_state: LedgerState, *, others: bool = False
) -> list[DuplicateRecords]:
    """Return which tokens have several records in a walk of the account.

    They are those of the ledger, with `others` all.
    """
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
        tuple(record.compliance_id for record in rest if record.review in UNDER_REVIEW),
    )
