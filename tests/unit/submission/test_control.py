"""Is the list's silence to be believed? A random name must not be found, and the oldest known record must be."""

import asyncio
from collections.abc import Iterator

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.submission.control import LOOKS, Control, Controlled, Known, oldest_submitted
from bulk_onboard.submission.lookup import Lookup
from bulk_onboard.submission.stop import Stop
from tests.support.clocks import FakeClock, FrozenClock
from tests.support.gateways import MATCHING, FakeAccount, ScriptedGateway
from tests.support.journals import MemoryJournal
from tests.unit.submission.samples import OUTCOMES, alias, create, intent, token, uncertain

W = 9.0
STRANGER = "zzzzzzzzzzzzzzzz"
NOT_SHOWN = Controlled(why_not="the list does not show a record that is known to exist")
NOTHING_TO_CHECK_BY = Controlled(why_not="the account shows no other record by which the list could be checked")


class Desk:
    """An account, a ledger that knows some of its records, and a control over both."""

    def __init__(self, *, clock: FakeClock | None = None, account_size: int = 0) -> None:
        self.clock = clock or FakeClock()
        self.account, self.journal, self.stop = FakeAccount(self.clock), MemoryJournal(), Stop()
        self.lookup = Lookup(self.account, account_size=account_size)
        self.control = self.over(self.lookup)

    def over(self, lookup: Lookup) -> Control:
        return Control(
            lookup,
            self.journal.books,
            clock=self.clock,
            stop=self.stop,
            settle_s=W,
            new_token=lambda: STRANGER,
        )

    async def submit(self, *numbers: int) -> None:
        """The API has these records, and the ledger knows it."""
        for number in numbers:
            made = await self.account.send(create(number))
            await self.journal.append(intent(number))
            await self.journal.append(entries.Done(token=token(number), op=Op.CREATE, compliance_id=made.value))

    def asked(self) -> list[str]:
        """The aliases the list was asked for."""
        return [call.query.get("alias", "") for call in self.account.made(Operation.LIST)]


@pytest.fixture
def desk() -> Iterator[Desk]:
    return Desk()


async def test_two_requests_show_that_the_list_may_be_believed(desk):
    """A random token first, then the alias of the oldest record known; what was found is named."""
    await desk.submit(1, 2, 3)

    controlled = await desk.control.result(walking=False)

    assert token(1) == controlled.found
    assert [f"~{STRANGER}", alias(1)] == desk.asked()


@pytest.mark.parametrize("matching", sorted(set(MATCHING) - {"blind"}))
@pytest.mark.parametrize("page_size", [1, 2, 100])
@pytest.mark.parametrize("newest_first", [True, False])
async def test_list_that_shows_all_in_its_own_way_is_believed(desk, matching, page_size, newest_first):
    """An ignored filter, capped pages, either order: the oldest record is there."""
    await desk.submit(1, 2, 3)
    desk.account.matching, desk.account.page_size, desk.account.newest_first = matching, page_size, newest_first

    assert token(1) == (await desk.control.result(walking=False)).found
    assert [] == desk.clock.slept


async def test_ignored_filter_has_the_walk_of_all_checked(desk):
    """The known record must be in the very walk that absent ones are looked for in."""
    await desk.submit(1, 2)
    desk.account.matching = "deaf"

    await desk.control.result(walking=False)

    assert [f"~{STRANGER}", ""] == desk.asked()


async def test_list_that_shows_a_record_for_any_name_is_not_believed(desk):
    """A record with the stranger's very name: the API invents its answers."""
    await desk.submit(1)
    await desk.account.send(create(9, alias=f"~{STRANGER}"))

    controlled = await desk.control.result(walking=False)

    assert Controlled(why_not="the list shows a record for a name that nobody has") == controlled


async def test_list_that_shows_the_young_ones_only_is_not_believed(desk):
    """It is the oldest that must be found: a list that reaches back some days is caught."""
    await desk.submit(1, 2, 3)
    desk.account.made_at[next(iter(desk.account.records))] = 1000.0

    assert NOT_SHOWN == await desk.control.result(walking=False)
    assert {f"~{STRANGER}", alias(1)} == set(desk.asked())


async def test_record_of_the_same_name_but_another_id_is_no_proof(desk):
    """The record that is known is the one with its id."""
    await desk.submit(1)
    (known,) = desk.account.records
    del desk.account.records[known]
    await desk.account.send(create(1))

    assert NOT_SHOWN == await desk.control.result(walking=False)


async def test_list_that_lags_is_asked_until_w(desk):
    """Believed as soon as the known record shows, though not at first."""
    await desk.submit(1)
    desk.account.lag_s = 0.5 * W

    controlled = await desk.control.result(walking=False)

    assert token(1) == controlled.found
    assert 0.5 * W <= desk.clock.monotonic() <= 0.5 * W + W / LOOKS


async def test_list_that_lags_longer_than_w_is_not_believed(desk):
    """W is the end of all patience; about as many looks as were meant to be."""
    await desk.submit(1)
    desk.account.lag_s = 2 * W

    assert NOT_SHOWN == await desk.control.result(walking=False)
    assert W <= desk.clock.monotonic() < W + 2 * W / LOOKS
    assert len(desk.asked()) in (LOOKS + 2, LOOKS + 3)


async def test_control_is_made_once_in_a_run(desk):
    """Whatever it showed stands; further absences cost no further requests."""
    await desk.submit(1)
    first = await desk.control.result(walking=False)
    requests = len(desk.account.calls)

    again = await desk.control.result(walking=False)

    assert first == again
    assert requests == len(desk.account.calls)


async def test_each_way_of_looking_is_checked_by_itself(desk):
    """A list without the filter may reach back less far than one with it."""
    await desk.submit(1)
    by_alias = await desk.control.result(walking=False)
    desk.account.lag_s = 99 * W
    in_a_walk = await desk.control.result(walking=True)

    assert (token(1), NOT_SHOWN) == (by_alias.found, in_a_walk)
    assert {"", f"~{STRANGER}", alias(1)} == set(desk.asked())


@pytest.mark.parametrize(
    ("made_at", "sent_at", "expected"),
    [
        ("2026-01-05T10:00:00.000Z", "2026-01-05T10:00:00.000Z", True),
        ("2025-01-05T10:00:00.000Z", "2026-01-05T10:00:00.000Z", True),
        ("2026-01-06T10:00:00.000Z", "2026-01-05T10:00:00.000Z", True),
        ("2026-01-06T10:00:00.001Z", "2026-01-05T10:00:00.000Z", False),
        ("2026-01-13T10:00:00.000Z", "2026-01-05T10:00:00.000Z", False),
        ("2026-01-05T10:00:00", "2026-01-05T10:00:00.000Z", True),
        ("2026-01-06 12:00:00+02:00", "2026-01-05T10:00:00.000Z", True),
        ("", "2026-01-05T10:00:00.000Z", False),
        ("yesterday", "2026-01-05T10:00:00.000Z", False),
        ("2026-01-05T10:00:00.000Z", "", False),
    ],
)
def test_reaches_back_to(made_at, sent_at, expected):
    """A record speaks for all that is younger, and for what is at most a day older than itself."""
    assert expected == Controlled(found="x", made_at=made_at).reaches_back_to(sent_at)


async def test_failed_control_stands_too(desk):
    """A list that could not be believed once is not believed for the rest of the run."""
    await desk.submit(1)
    desk.account.matching = "blind"
    await desk.control.result(walking=False)
    desk.account.matching = "exact"

    assert NOT_SHOWN == await desk.control.result(walking=False)


async def test_record_that_the_ledger_does_not_know_serves_as_well(desk):
    """Without a submitted record the oldest of the account is looked for, filed by whomever; it is named by its id."""
    await desk.account.send(create(8, alias="filed by hand"))
    desk.clock.pass_time(1.0)
    await desk.account.send(create(9))
    oldest = next(iter(desk.account.records))

    assert oldest == (await desk.control.result(walking=False)).found
    assert [f"~{STRANGER}", "", "filed by hand"] == desk.asked()


@pytest.mark.parametrize("others", [[], [""]], ids=["empty account", "only records without a name"])
async def test_nothing_known_is_nothing_shown(desk, others):
    """An account without a record by which the list could be checked: silence proves nothing."""
    for name in others:
        await desk.account.send(create(9, alias=name))

    assert NOTHING_TO_CHECK_BY == await desk.control.result(walking=False)


@pytest.mark.parametrize("outcome", set(OUTCOMES) - {"done"})
async def test_list_that_cannot_be_read_shows_nothing_either_way(desk, outcome):
    """None, so that it is made again later."""
    await desk.submit(1)

    assert await desk.over(Lookup(ScriptedGateway(OUTCOMES[outcome]))).result(walking=False) is None


@pytest.mark.parametrize("readable", [0, 1])
async def test_control_that_could_not_be_made_is_made_again(desk, readable):
    """The trouble passes: the next absence makes it anew, from the start."""
    await desk.submit(1)
    desk.account.expect(Operation.LIST, *["fair"] * readable, "unresolved")

    first, second = await desk.control.result(walking=False), await desk.control.result(walking=False)

    assert (None, token(1)) == (first, second.found)


async def test_account_that_cannot_be_walked_shows_nothing_either_way(desk):
    """No record is known, and whether the account has one cannot be told: that is no verdict on the list."""
    await desk.account.send(create(9))
    desk.account.expect(Operation.LIST, "fair", "unresolved")

    first, second = await desk.control.result(walking=False), await desk.control.result(walking=False)

    assert first is None
    assert second.found


async def test_wish_to_stop_ends_the_control():
    """Nobody waits until W for a run that is to end."""
    desk = Desk(clock=FrozenClock())
    await desk.submit(1)
    desk.account.matching = "blind"
    controlling = asyncio.create_task(desk.control.result(walking=False))
    while not desk.clock.slept:
        await asyncio.sleep(0)

    desk.stop.request("signal")

    assert await controlling is None


def test_oldest_submitted_is_the_one_that_was_submitted_first():
    """By the instant of its success, whatever the order of the rows; others do not count."""
    story = [*uncertain(5), intent(3), intent(2)]
    story += [entries.Done(token=token(n), op=Op.CREATE, compliance_id=f"id-{n}") for n in (2, 3)]

    oldest = oldest_submitted(MemoryJournal(*story).books)

    assert Known(token(2), alias(2), "id-2", "2026-01-05T10:00:00.005Z") == oldest


def test_submitted_record_without_an_alias_cannot_be_looked_for():
    """Nor can one that was never sent."""
    story = [entries.Adopted(token=token(1), op=Op.CREATE, compliance_id="id-1"), *uncertain(2)]

    assert oldest_submitted(MemoryJournal(*story).books) is None
