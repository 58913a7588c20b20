"""Records are found by their tokens: one request for each alias, or one walk for all, whichever costs less."""

import pytest

from bulk_onboard.model.call import ListPage, Operation, Priority
from bulk_onboard.pipeline.walk import LIMITS, Lookup, by_token, pages
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.pipeline.samples import OUTCOMES, alias, create, record, server_record, token, uncertain


@pytest.fixture
async def account():
    """Five records."""
    account = FakeAccount(FakeClock())
    for number in range(5):
        await account.send(create(number))
    return account


def unknown(*numbers):
    """The records of these rows, whose creates are unknown."""
    return [record(*uncertain(number), number=number) for number in numbers]


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
    ("account_size", "records", "requests"),
    [(0, 1, 1), (0, 2, 1), (100, 1, 1), (100, 2, 1), (101, 2, 2), (101, 3, 1), (10_000, 5, 5)],
)
async def test_look_ups_cost_as_little_as_they_can(account, account_size, records, requests):
    """Per alias while those are fewer than the pages of the account; else everything is walked once."""
    lookup = Lookup(account, account_size=account_size)

    await lookup.find(unknown(*range(records)))

    one_by_one = records <= pages(account_size)
    assert requests == len(account.made(Operation.LIST))
    assert ([alias(n) for n in range(records)] if one_by_one else [""]) == asked(account)
    assert ({token(n) for n in range(records)} if one_by_one else set()) == lookup.asked_for


@pytest.mark.parametrize("account_size", [0, 10_000], ids=["by a walk", "one by one"])
@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("page_size", [1, 2, 100])
@pytest.mark.parametrize("matching", ["exact", "substring", "folded", "deaf"])
async def test_right_records_are_found_whatever_the_list_is_like(
    account, matching, page_size, newest_first, account_size
):
    """Pages, order and filter are as the server likes; what has the tokens is found, and nothing else of them."""
    account.matching, account.page_size, account.newest_first = matching, page_size, newest_first

    matches = await Lookup(account, account_size=account_size).find(unknown(1, 3, 8))

    assert (1, 1) == (len(matches[token(1)]), len(matches[token(3)]))
    assert token(8) not in matches


@pytest.mark.parametrize(
    "shown",
    [
        alias(1),
        alias(1).upper(),
        f"{alias(1)}  ",
        f"K-0001~{token(1)}",
        f"~ {token(1)}",
        f"cut ~{token(1)}",
        f"Réñamed ~{token(1)}",
    ],
)
def test_token_is_found_in_any_case_and_whatever_stands_before_it(shown):
    """The API may change case, blanks and accents, and cut the front: it is the same record."""
    assert [token(1)] == list(by_token([server_record(1, alias=shown)]))


@pytest.mark.parametrize("shown", ["", "K-0001", alias(1)[:-1], f"{alias(1)}x", f"{alias(1)} old", token(1)])
def test_alias_without_a_token_at_its_end_is_nobodys(shown):
    """A record that somebody made by hand, or whose token was cut off."""
    assert {} == by_token([server_record(1, alias=shown)])


def test_record_on_two_pages_counts_once():
    """By its id."""
    assert {token(1): (server_record(1),)} == by_token([server_record(1), server_record(1)])


@pytest.mark.parametrize("matching", ["exact", "deaf"])
async def test_several_records_of_one_token_are_all_found(account, matching):
    """That there are two is what a person must know; the walk and the filter tell the same."""
    await account.send(create(1))
    account.matching = matching

    matches = await Lookup(account).find(unknown(1))

    assert 2 == len(matches[token(1)])


async def test_filter_that_is_ignored_is_not_used_again(account):
    """The first answer shows records that nobody asked for: from then on everything is walked."""
    account.matching = "deaf"
    lookup = Lookup(account, account_size=10_000)

    await lookup.find(unknown(1))
    await lookup.find(unknown(2, 3))

    assert lookup.filter_ignored
    assert [alias(1), ""] == asked(account)
    assert set() == lookup.asked_for


@pytest.mark.parametrize("matching", ["exact", "substring", "blind"])
async def test_filter_that_is_kept_is_used_again(account, matching):
    """An answer that shows nothing but the token that was asked for, or nothing at all, speaks for the filter."""
    await account.send(create(6, alias=f"x {alias(1)}".upper()))
    account.matching = matching
    lookup = Lookup(account, account_size=10_000)

    await lookup.find(unknown(1))

    assert not lookup.filter_ignored
    assert {token(1)} == lookup.asked_for


async def test_answer_that_was_not_seen_to_its_end_is_none_to_rely_on(account):
    """The list would not show all that it has for this alias, so the row was not asked for."""
    for _ in range(2):
        await account.send(create(1))
    account.tells_total, account.page_size = False, 1
    lookup = Lookup(account, account_size=10_000)

    await lookup.find(unknown(1))

    assert set() == lookup.asked_for


async def test_what_was_asked_for_is_forgotten_with_the_next_look(account):
    """Absence is concluded from the newest look alone."""
    lookup = Lookup(account, account_size=10_000)

    await lookup.find(unknown(1))
    await lookup.find(unknown(2))

    assert {token(2)} == lookup.asked_for


async def test_two_walks_tell_how_large_the_account_is(account):
    """Others file records too, so the next choice is a better one."""
    lookup = Lookup(account, account_size=0)

    everything = await lookup.agreed()

    assert (5, True, 5) == (len(everything.records), everything.whole, lookup.account_size)
    assert ["", ""] == asked(account)


@pytest.mark.parametrize("newest_first", [True, False])
async def test_record_that_is_not_listed_yet_is_not_found(account, newest_first):
    """The list lags: what it does not show now it shows later."""
    account.lag_s, account.newest_first = 3.0, newest_first
    account.clock.pass_time(3.0)
    await account.send(create(6))
    lookup = Lookup(account)

    before = await lookup.find(unknown(6))
    account.clock.pass_time(3.0)
    after = await lookup.find(unknown(6))

    assert (False, True) == (token(6) in before, token(6) in after)


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
@pytest.mark.parametrize("records", [1, 2], ids=["one by one", "by a walk"])
async def test_list_that_cannot_be_read_is_no_answer(outcome, records):
    """None is not the same as nothing found."""
    answers = [OUTCOMES[outcome]] * len(LIMITS)

    assert await Lookup(ScriptedGateway(*answers)).find(unknown(*range(records))) is None
    assert await Lookup(ScriptedGateway(*answers)).agreed() is None
    assert await Lookup(ScriptedGateway(*answers)).filtered(alias(1), token(1)) is None


async def test_second_alias_that_cannot_be_looked_up_spoils_the_whole_answer(account):
    """Nobody takes the part for the whole."""
    account.expect(Operation.LIST, "fair", "unresolved")

    assert await Lookup(account, account_size=10_000).find(unknown(1, 2)) is None


async def test_look_ups_go_first(account):
    """Settling goes before creating, whichever way it looks."""
    lookup = Lookup(account, account_size=10_000)

    await lookup.find(unknown(1))
    await lookup.agreed()

    calls: list[ListPage] = account.made(Operation.LIST)
    assert {Priority.SETTLE} == {call.priority for call in calls}


async def test_account_without_records_answers_nothing():
    """An answer, and no match."""
    assert {} == await Lookup(FakeAccount()).find(unknown(1, 2))
