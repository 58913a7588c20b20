"""Walk the API's list to its end, whether or not the server heeds the alias filter (wire.md 11, 10 and 11)."""

from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.call import ListPage, Priority, ServerRecord
from bulk_onboard.model.gateway import Gateway

PAGES_AT_MOST = 10_000


async def walk(gateway: Gateway, *, alias: str = "", priority: Priority = Priority.POLL) -> list[ServerRecord] | None:
    """Every record of the account, each id once; only those with exactly this alias where one is given.

    None when the walk could not be completed: then nothing may be concluded from it.
    """
    found: dict[str, ServerRecord] = {}
    page_call = ListPage(alias=alias, priority=priority)
    seen: set[tuple[tuple[str, str], ...]] = set()
    for _ in range(PAGES_AT_MOST):
        outcome = await gateway.send(page_call)
        if not isinstance(outcome, outcomes.Done):
            return None
        page = outcome.value
        found |= {record.compliance_id: record for record in page.records}
        if page.next_query is None or not page.records:
            return [record for record in found.values() if alias in ("", record.alias)]
        query = tuple(sorted(page.next_query.items()))
        if query in seen:
            return None
        seen.add(query)
        page_call = ListPage(query=page.next_query, priority=priority)
    return None
