"""Records are found by their aliases: one request for each alias, or one walk for all, whichever costs less."""

import pytest

from bulk_onboard.model.call import ListPage, Operation, Priority
from bulk_onboard.submission.lookup import Lookup, pages
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.submission.samples import OUTCOMES, alias, create


@pytest.fixture
async def account():
    """Five records."""
    account = FakeAccount(FakeClock())
    for number in range(5):
        await account.send(create(number))
    return account


def asked(account):
    """The aliases that the list was asked for, in order; empty for a walk of all."""
    return [call.query.get("alias", "") for call in account.made(Operation.LIST)]


@pytest.mark.parametrize(
    ("records", "expected"), [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (10_000, 100), (10_001, 101)]
)
def test_pages(records, expected):
    """A hundred records on a page; an empty account has a page too."""
    assert expected == pages(records)


@pytest.mark.parametrize(
    ("account_size", "aliases", "requests"),
    [(0, 1, 1), (0, 2, 1), (100, 1, 1), (100, 2, 1), (101, 2, 2), (101, 3, 1), (10_000, 5, 5)],
)
async def test_look_ups_cost_as_little_as_they_can(account, account_size, aliases, requests):
    """Per alias while those are fewer than the pages of the account; else everything is walked once."""
    lookup = Lookup(account, account_size=account_size)

    await lookup.find([alias(number) for number in range(aliases)])

    one_by_one = aliases <= pages(account_size)
    assert requests == len(account.made(Operation.LIST))
    assert ([alias(n) for n in range(aliases)] if one_by_one else [""]) == asked(account)


@pytest.mark.parametrize("account_size", [0, 10_000], ids=["by a walk", "one by one"])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("page_size", [1, 2, 100])
@pytest.mark.parametrize("matching", ["exact", "substring", "folded", "deaf"])
async def test_right_records_are_found_whatever_the_list_is_like(
    account, matching, page_size, newest_first, account_size
):
    """Pages, order and filter are as the server likes; exactly the records with these aliases are found."""
    await account.send(create(6, alias=f"x{alias(1)}"))
    await account.send(create(7, alias=alias(1).upper()))
    account.matching, account.page_size, account.newest_first = matching, page_size, newest_first

    matches = await Lookup(account, account_size=account_size).find([alias(1), alias(3), alias(8)])

    assert {alias(1): [alias(1)], alias(3): [alias(3)], alias(8): []} == {
        name: [record.alias for record in found] for name, found in matches.items()
    }


@pytest.mark.parametrize("other", [f"x{alias(1)}", f"{alias(1)}x", alias(1).upper(), f"{alias(1)} ", alias(1)[:-1], ""])
async def test_similar_alias_is_another_record(account, other):
    """A server that matches prefixes, substrings or in any case finds too much; we do not."""
    await account.send(create(6, alias=other))
    account.matching = "deaf"

    matches = await Lookup(account).find([alias(1)])

    assert [alias(1)] == [record.alias for record in matches[alias(1)]]


@pytest.mark.parametrize("matching", ["exact", "deaf"])
async def test_several_records_of_one_alias_are_all_found(account, matching):
    """That there are two is what a person must know; the walk and the filter tell the same."""
    await account.send(create(1))
    account.matching = matching

    matches = await Lookup(account).find([alias(1)])

    assert 2 == len(matches[alias(1)])


async def test_filter_that_is_ignored_is_not_used_again(account):
    """The first answer shows records that nobody asked for: from then on everything is walked."""
    account.matching = "deaf"
    lookup = Lookup(account, account_size=10_000)

    await lookup.find([alias(1)])
    await lookup.find([alias(2), alias(3)])

    assert lookup.filter_ignored
    assert [alias(1), ""] == asked(account)


@pytest.mark.parametrize("matching", ["exact", "substring", "blind"])
async def test_filter_that_is_kept_is_used_again(account, matching):
    """An answer that shows nothing but the token that was asked for, or nothing at all, speaks for the filter."""
    await account.send(create(6, alias=f"x {alias(1)}"))
    account.matching = matching
    lookup = Lookup(account, account_size=10_000)

    await lookup.find([alias(1)])

    assert not lookup.filter_ignored


async def test_walk_of_everything_tells_how_large_the_account_is(account):
    """Others file records too, so the next choice is a better one."""
    lookup = Lookup(account, account_size=0)

    everything = await lookup.sweep()

    assert (5, 5) == (len(everything), lookup.account_size)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_record_that_is_not_listed_yet_is_not_found(account, newest_first):
    """The list lags: what it does not show now it shows later."""
    account.lag_s, account.newest_first = 3.0, newest_first
    account.clock.pass_time(3.0)
    await account.send(create(6))
    lookup = Lookup(account)

    before = await lookup.find([alias(6)])
    account.clock.pass_time(3.0)
    after = await lookup.find([alias(6)])

    assert (0, 1) == (len(before[alias(6)]), len(after[alias(6)]))


@pytest.mark.parametrize("outcome", set(OUTCOMES) - {"done"})
@pytest.mark.parametrize("aliases", [1, 2], ids=["one by one", "by a walk"])
async def test_list_that_cannot_be_read_is_no_answer(outcome, aliases):
    """None is not the same as nothing found."""
    lookup = Lookup(ScriptedGateway(OUTCOMES[outcome]))

    assert await lookup.find([alias(number) for number in range(aliases)]) is None
    assert await Lookup(ScriptedGateway(OUTCOMES[outcome])).sweep() is None


async def test_second_alias_that_cannot_be_looked_up_spoils_the_whole_answer(account):
    """Nobody takes the part for the whole."""
    account.expect(Operation.LIST, "fair", "unresolved")

    assert await Lookup(account, account_size=10_000).find([alias(1), alias(2)]) is None


async def test_look_ups_go_first(account):
    """Settling goes before creating, whichever way it looks."""
    lookup = Lookup(account, account_size=10_000)

    await lookup.find([alias(1)])
    await lookup.sweep()

    calls: list[ListPage] = account.made(Operation.LIST)
    assert [Priority.SETTLE, Priority.SETTLE] == [call.priority for call in calls]


async def test_account_without_records_answers_nothing_for_each_alias():
    """Every alias that was asked for is in the answer."""
    matches = await Lookup(FakeAccount()).find([alias(1), alias(2)])

    assert {alias(1): (), alias(2): ()} == matches
