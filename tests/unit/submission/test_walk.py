"""The list is walked to its end, whatever the server thinks of filters, order and pages."""

import itertools

import pytest

from bulk_onboard.model.call import ListPage, Page, Priority
from bulk_onboard.model.outcome import Done
from bulk_onboard.submission.walk import PASSES_AT_MOST, walk
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.submission.samples import OUTCOMES, alias, compliance_id, create, server_record


def page(*numbers: int, then: str = "", total: int | None = None) -> Done[Page]:
    """A page that shows these records; `then` is the offset of the page after it."""
    records = tuple(server_record(number) for number in numbers)
    return Done(value=Page(records=records, total=total, next_query={"offset": then} if then else None))


async def ids(gateway, **filters):
    """The ids a walk finds, None where it was not completed."""
    found = await walk(gateway, **filters)
    return None if found is None else [record.compliance_id for record in found]


async def test_every_page_is_followed_to_the_last():
    """Each page's own word for the next one is what is asked for."""
    gateway = ScriptedGateway(page(1, 2, then="2"), page(3, 4, then="4"), page(5))

    found = await ids(gateway)

    assert [compliance_id(number) for number in range(1, 6)] == found
    assert [None, {"offset": "2"}, {"offset": "4"}] == [call.query for call in gateway.calls]


async def test_record_on_two_pages_counts_once():
    """A record that came in meanwhile shifts the pages; what was seen already is not a second record."""
    gateway = ScriptedGateway(page(1, 2, then="2"), page(2, 3))

    found = await ids(gateway)

    assert [compliance_id(1), compliance_id(2), compliance_id(3)] == found


async def test_empty_page_is_the_last():
    """A server that always names a next page does not send us on for ever."""
    gateway = ScriptedGateway(page(1, then="1"), page(then="2"))

    assert [compliance_id(1)] == await ids(gateway)


async def test_empty_account_was_walked_completely():
    """No record is an answer, and not the same as no answer."""
    assert [] == await ids(ScriptedGateway(page()))


async def test_loop_of_pages_is_no_walk():
    """From a server that leads in circles nothing may be concluded."""
    gateway = ScriptedGateway(page(1, then="1"), page(2, then="2"), page(3, then="1"))

    assert await ids(gateway) is None


@pytest.mark.parametrize("outcome", set(OUTCOMES) - {"done"})
async def test_walk_that_breaks_off_is_no_walk(outcome):
    """The pages seen before the trouble are not taken for all of them."""
    gateway = ScriptedGateway(page(1, then="1"), OUTCOMES[outcome])

    assert await ids(gateway) is None


@pytest.mark.parametrize(
    ("passes", "expected"),
    [
        ([[page(1, total=1)]], [1]),
        (
            [[page(1, 2, total=3, then="2"), page(2, total=3)], [page(3, 1, total=3, then="2"), page(2, total=3)]],
            [1, 2, 3],
        ),
        ([[page(1, total=2)], [page(2, total=2)]], [1, 2]),
        ([[page(1, total=0)]], [1]),
        ([[page(1, total=2)]] * PASSES_AT_MOST, None),
    ],
    ids=["all at once", "shifted pages", "any order", "one deleted meanwhile", "never all"],
)
async def test_pages_are_walked_again_until_as_many_were_seen_as_there_are(passes, expected):
    """Pages shift while records are made; a walk that never gets them all is no walk."""
    gateway = ScriptedGateway(*itertools.chain(*passes))

    found = await ids(gateway)

    assert (None if expected is None else [compliance_id(number) for number in expected]) == found
    assert len(passes) == sum(call.query is None for call in gateway.calls)


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("matching", ["exact", "substring", "folded", "deaf"])
async def test_record_is_in_the_answer_whatever_the_list_is_like(matching, newest_first, page_size):
    """Capped pages, either order, a filter that is kept or not: what was asked for is among what came."""
    account = FakeAccount()
    for number in range(5):
        await account.send(create(number))
    account.matching, account.newest_first, account.page_size = matching, newest_first, page_size

    found = await walk(account, alias=alias(3))

    assert alias(3) in [record.alias for record in found]
    assert (5 if matching == "deaf" else 1) == len(found)


async def test_walk_is_asked_for_the_alias():
    """Where the server heeds it one request is enough."""
    gateway = ScriptedGateway(page(1))

    await walk(gateway, alias=alias(1))

    assert [alias(1)] == [call.alias for call in gateway.calls]


async def test_every_page_has_the_priority_of_the_walk():
    """A look-up for an unknown create goes before fresh rows on each of its pages."""
    gateway = ScriptedGateway(page(1, then="1"), page(2))

    await walk(gateway, alias=alias(1), priority=Priority.SETTLE)

    assert [ListPage(alias=alias(1), priority=Priority.SETTLE), Priority.SETTLE] == [
        gateway.calls[0],
        gateway.calls[1].priority,
    ]
