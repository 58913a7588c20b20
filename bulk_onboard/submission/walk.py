"""Walk the API's list to its end (wire.md 11, 10 and 11; reliability.md 1.6).

Rule: a walk counts only when it is whole. Pages shift while records are made, and a server may cap, repeat or order
them as it likes; so each id is taken once, and pages are walked again until as many were seen as the list says it has.
Whether the server heeds the alias filter is for the caller to see: all that came is answered.
"""

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import ListPage, Page, Priority, ServerRecord
from bulk_onboard.model.gateway import Gateway

PAGES_AT_MOST = 10_000
PASSES_AT_MOST = 6


async def walk(
    gateway: Gateway, *, alias: str = "", priority: Priority = Priority.POLL, first: Page | None = None
) -> tuple[ServerRecord, ...] | None:
    """Every record that the list shows, asked for those of `alias` where one is given.

    None when the walk could not be completed: then nothing may be concluded from it. `first` is the first page, where
    somebody has it already.
    """
    found: dict[str, ServerRecord] = {}
    for _ in range(PASSES_AT_MOST):
        last = await _pass(gateway, ListPage(alias=alias, priority=priority), found, first)
        first = None
        if last is None:
            return None
        if last.total is None or len(found) >= last.total:
            return tuple(found.values())
    return None


async def _pass(gateway: Gateway, call: ListPage, found: dict[str, ServerRecord], first: Page | None) -> Page | None:
    """Walk from the first page to the last, which is answered; None when that cannot be done."""
    asked: set[tuple[tuple[str, str], ...]] = set()
    for _ in range(PAGES_AT_MOST):
        page, first = first or await _read(gateway, call), None
        if page is None:
            return None
        found |= {record.compliance_id: record for record in page.records}
        if page.next_query is None or not page.records:
            return page
        query = tuple(sorted(page.next_query.items()))
        if query in asked:
            return None
        asked.add(query)
        call = ListPage(query=page.next_query, priority=call.priority)
    return None


async def _read(gateway: Gateway, call: ListPage) -> Page | None:
    outcome = await gateway.send(call)
    return outcome.value if isinstance(outcome, outcomes.Done) else None
