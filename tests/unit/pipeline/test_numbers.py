"""What numbers have now is looked up by pages where that takes fewer requests, and else one by one."""

from typing import Any

import pytest

from bulk_onboard.model.call import ListNumbers, NumberPage, NumberRecord, Operation
from bulk_onboard.model.outcome import Done, Refused, Unresolved
from bulk_onboard.pipeline.numbers import NumberLookup
from tests.support.gateways import FakeAccount, ScriptedGateway

MADE = "5f0f6c5e-0000-4000-8000-000000000001"


def number(place: int) -> str:
    return f"9111400{place:05d}"


def account_of(size: int) -> FakeAccount:
    """An account with so many numbers, each under a record of its own."""
    account = FakeAccount()
    account.rented = {number(place): number(place) for place in range(size)}
    account.numbers = {each: f"record of {each}" for each in account.rented}
    return account


async def looked(gateway: Any, *numbers: str, by_pages: bool = True) -> dict[str, str | None]:
    """The record of each number that was answered for; None for one that is not shown."""
    lookup = NumberLookup(gateway, by_pages=by_pages)
    shown = await lookup.look(numbers, await lookup.walk(numbers))
    return {each: found.compliance_id if found else None for each, found in shown.items()}


def asked(account: FakeAccount) -> tuple[int, int]:
    """How many pages, and how many single numbers, were asked for."""
    return len(account.made(Operation.NUMBERS)), len(account.made(Operation.NUMBER))


@pytest.mark.parametrize(
    ("rented", "wanted", "requests"),
    [
        (1000, range(1000), (50, 0)),
        (1000, range(0, 1000, 250), (1, 3)),
        (1000, range(1), (0, 1)),
        (1000, range(2), (0, 2)),
        (1000, range(20), (1, 0)),
        (100, range(60, 64), (1, 4)),
        (60, range(37, 43), (3, 0)),
        (0, range(3), (1, 3)),
    ],
)
async def test_pages_are_read_while_fewer_are_left_than_numbers(rented, wanted, requests):
    """The first page tells how many there are; what then is dearer by pages is asked for one by one."""
    account = account_of(rented)

    found = await looked(account, *map(number, wanted))

    assert requests == asked(account)
    assert set(map(number, wanted)) == set(found)


async def test_in_the_beta_each_number_is_asked_for():
    """However many there are."""
    account = account_of(40)

    await looked(account, *account.rented, by_pages=False)

    assert (0, 40) == asked(account)


async def test_number_that_whole_pages_do_not_show_is_not_on_the_account_and_not_asked_for():
    """The API tells whoever wants to link it; asking for each would cost a request for every such number."""
    account = account_of(40)
    strangers = [f"91999{place:07d}" for place in range(30)]

    found = await looked(account, *account.rented, *strangers)

    assert (2, 0) == asked(account)
    assert {None} == {found[each] for each in strangers}


async def test_number_that_may_have_slipped_between_two_pages_is_asked_for():
    """The account has one more number on the second page than on the first: something moved in between."""
    pages = [
        NumberPage(numbers=tuple(NumberRecord(number=number(each)) for each in range(20)), size=20, total=39),
        NumberPage(numbers=tuple(NumberRecord(number=number(each)) for each in range(21, 40)), size=19, total=40),
    ]
    slipped = NumberRecord(number=number(20), compliance_id=MADE)
    gateway = ScriptedGateway(*(Done(value=page) for page in pages), Done(value=slipped))

    found = await looked(gateway, *map(number, range(40)))

    assert MADE == found[number(20)]


async def test_list_that_shows_the_same_page_at_every_place_is_left_after_two():
    """It ignores the offset; the rest is asked for one by one."""
    page = NumberPage(numbers=tuple(NumberRecord(number=number(each)) for each in range(20)), size=20, total=400)
    answers = [Done(value=NumberRecord(number=number(each))) for each in range(20, 50)]
    gateway = ScriptedGateway(Done(value=page), Done(value=page), *answers)

    found = await looked(gateway, *map(number, range(50)))

    assert (50, 2) == (len(found), sum(isinstance(call, ListNumbers) for call in gateway.calls))


@pytest.mark.parametrize(("total", "goes_on"), [(20, True), (None, False)])
async def test_pages_whose_total_is_wrong_or_missing_go_on_and_prove_nothing(total, goes_on):
    """Their total is that of the page, and each names the next one; what none of them shows is asked for by itself."""
    pages = [
        Done(
            value=NumberPage(
                numbers=tuple(NumberRecord(number=number(start + each), compliance_id=MADE) for each in range(20)),
                size=20,
                total=total,
                goes_on=goes_on,
            )
        )
        for start in (0, 20, 100)
    ]
    gateway = ScriptedGateway(*pages, Done(value=NumberRecord(number=number(40), compliance_id=MADE)))

    found = await looked(gateway, *map(number, range(41)))

    assert (41, {MADE}) == (len(found), set(found.values()))
    assert 3 == sum(isinstance(call, ListNumbers) for call in gateway.calls)


@pytest.mark.parametrize("status", [404, 405, 400])
async def test_api_that_has_no_such_list_is_asked_for_it_once(status):
    """From then on each number is asked for by itself, in the whole run."""
    gateway = ScriptedGateway(
        Refused(code=f"http-{status}", http_status=status),
        *(Done(value=NumberRecord(number=number(each))) for each in (0, 1, 2, 0, 1, 2)),
    )
    lookup = NumberLookup(gateway, by_pages=True)

    for _ in range(2):
        await lookup.look(map(number, range(3)), await lookup.walk(map(number, range(3))))

    assert 1 == sum(isinstance(call, ListNumbers) for call in gateway.calls)


async def test_number_without_an_answer_is_left_out():
    """Neither shown nor not shown: it waits."""
    gateway = ScriptedGateway(Unresolved(seen="HTTP 502"), Refused(code="http-404", http_status=404))

    assert {number(1): None} == await looked(gateway, number(0), number(1))


@pytest.mark.parametrize("written", ["912248885512", "2248885512"])
async def test_number_is_known_with_or_without_its_country_code(written):
    """As the account writes it; plus, zeros and blanks are gone when an answer is read."""
    account = FakeAccount()
    wanted = "912248885512"
    account.rented = {number(place): number(place) for place in range(19)} | {wanted: written}
    account.numbers[wanted] = MADE

    found = await looked(account, wanted, number(0), number(1))

    assert (MADE, (1, 0)) == (found[wanted], asked(account))
