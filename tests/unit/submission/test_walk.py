"""The list is walked to its end, whatever the server thinks of filters, order and pages."""

import pytest

from bulk_onboard.model.call import ListPage, Operation, Page, Priority
from bulk_onboard.model.outcome import Done
from bulk_onboard.submission.walk import walk
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.submission.samples import OUTCOMES, alias, compliance_id, create, server_record


def page(*numbers: int, then: str = "") -> Done[Page]:
    """A page that shows these records; `then` is the offset of the page after it."""
    records = tuple(server_record(number) for number in numbers)
    return Done(value=Page(records=records, next_query={"offset": then} if then else None))


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


@pytest.mark.parametrize("weather", ["fair", "deaf"])
async def test_alias_is_compared_here_whatever_the_server_does(weather):
    """Whether the server heeds the filter or shows all, newest first: exactly that alias is found."""
    account = FakeAccount()
    for number in range(5):
        await account.send(create(number))
    account.page_size = 2
    account.expect(Operation.LIST, *[weather] * 3)

    found = await walk(account, alias=alias(3))

    assert [alias(3)] == [record.alias for record in found]
    assert alias(3) == account.made(Operation.LIST)[0].alias


@pytest.mark.parametrize("other", [f"x{alias(1)}", f"{alias(1)}x", alias(1).upper(), f"{alias(1)} ", alias(1)[:-1], ""])
async def test_similar_alias_is_another_record(other):
    """A server that matches prefixes, substrings or in any case finds too much; we do not."""
    shown = Page(records=(server_record(1, alias=other), server_record(2, alias=alias(1))))

    found = await ids(ScriptedGateway(Done(value=shown)), alias=alias(1))

    assert [compliance_id(2)] == found


async def test_several_records_of_one_alias_are_all_found():
    """That there are two is what a person must know."""
    shown = Page(records=(server_record(1), server_record(2, alias=alias(1))))

    assert [compliance_id(1), compliance_id(2)] == await ids(ScriptedGateway(Done(value=shown)), alias=alias(1))


async def test_every_page_has_the_priority_of_the_walk():
    """A look-up for an unknown create goes before fresh rows on each of its pages."""
    gateway = ScriptedGateway(page(1, then="1"), page(2))

    await walk(gateway, alias=alias(1), priority=Priority.SETTLE)

    assert [ListPage(alias=alias(1), priority=Priority.SETTLE), Priority.SETTLE] == [
        gateway.calls[0],
        gateway.calls[1].priority,
    ]
