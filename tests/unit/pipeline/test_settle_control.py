"""May the list's silence be believed? A name that nobody has must not be found, and a record that is known must be."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Delete, Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import Record
from bulk_onboard.pipeline.settle import (
    NO_RECORD,
    NOT_SHOWN,
    TRIED_AT_MOST,
    Control,
    Controlled,
    is_as_hard_to_find,
    new_token,
)
from bulk_onboard.pipeline.walk import LIMITS, Lookup, Walk, walk
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import OUTCOMES, create, intent, run_started, token, unresolved

DAY_S = 86_400.0
STRANGER = "zzzzzzzzzzzzzzzz"
UNKNOWN = 50  # the row that nobody knows about
CAPITALS, PLAIN, ACCENTS = "Acme Stores", "acme stores", "Café Stores"


class Rig:
    """An account, a ledger that knows some of its records and one that it does not, and a control over both."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.account, self.journal = FakeAccount(self.clock), MemoryJournal(clock=self.clock)
        self.lookup = Lookup(self.account)
        self.control = self.over(self.account)
        self.ids: dict[int, str] = {}

    def over(self, gateway: Any) -> Control:
        lookup = self.lookup if gateway is self.account else Lookup(gateway)
        return Control(gateway, lookup, self.journal, new_token=lambda: STRANGER)

    async def submit(self, *numbers: int, called: str = "K") -> None:
        """The API has these records, and the ledger knows it."""
        for number in numbers:
            name = f"{called} ~{token(number)}"
            self.ids[number] = (await self.account.send(create(number, alias=name))).value
            await self.journal.append(intent(number, alias=name))
            done = entries.Done(token=token(number), op=Op.CREATE, compliance_id=self.ids[number])
            await self.journal.append(done)

    async def doubt(self, called: str = "K") -> Record:
        """A row's create has an unknown outcome; it is not at the API."""
        await self.journal.append(intent(UNKNOWN, alias=f"{called} ~{token(UNKNOWN)}"))
        await self.journal.append(unresolved(UNKNOWN))
        return self.unknown

    async def read_back(self, number: int) -> None:
        """The API has shown this record with its token."""
        shown = self.journal.ledger_state.record(token(number)).alias
        await self.journal.append(entries.ReadBack(compliance_id=self.ids[number], alias=shown))

    @property
    def unknown(self) -> Record:
        return self.journal.ledger_state.record(token(UNKNOWN))

    async def delete(self, *numbers: int) -> None:
        """Somebody deletes these at the API, and the ledger does not know it."""
        for number in numbers:
            await self.account.send(Delete(token="", compliance_id=self.ids[number]))

    async def of_walk(self, **seen: Any) -> Controlled:
        """What a walk as it is now says of the unknown one."""
        walked = await walk(self.account)
        return await self.control.of_walk(self.unknown, replace(walked, **seen))

    def asked(self) -> list[str]:
        """The aliases the list was asked for."""
        return [call.query.get("alias", "") for call in self.account.made(Operation.LIST)]


@pytest.fixture
def context() -> Iterator[Rig]:
    return Rig()


# Asking for an alias.


async def test_two_requests_show_that_the_filter_may_be_believed(context):
    """A name that nobody has first, then the alias of a record that is known; what was found is named."""
    await context.submit(1, 2)
    unknown = await context.doubt()

    assert Controlled(found=token(1)) == await context.control.of_filter(unknown)
    assert [f"~{STRANGER}", f"K ~{token(1)}"] == context.asked()


async def test_control_that_was_made_costs_nothing_for_the_next_absence(context):
    """Both requests serve the whole run."""
    await context.submit(1)
    unknown = await context.doubt()

    first, second = await context.control.of_filter(unknown), await context.control.of_filter(unknown)

    assert first == second
    assert 2 == len(context.asked())


async def test_filter_that_is_ignored_proves_nothing(context):
    """It shows records for a name that nobody has; from then on it is not asked any more."""
    await context.submit(1)
    unknown = await context.doubt()
    context.account.matching = "deaf"

    assert (
        (await context.control.of_filter(unknown)).why_not == (await context.control.of_filter(unknown)).why_not != ""
    )
    assert [f"~{STRANGER}"] == context.asked()


async def test_record_for_a_name_that_nobody_has_makes_the_filter_no_proof(context):
    """The API invents its answers, so its silence says nothing either."""
    await context.submit(1)
    await context.account.send(create(9, alias=f"~{STRANGER}"))
    unknown = await context.doubt()

    controlled = await context.control.of_filter(unknown)

    assert controlled is None or not controlled.found


async def test_known_record_that_is_not_shown_proves_nothing(context):
    """It exists, as a look at it by its id says."""
    await context.submit(1)
    unknown = await context.doubt()
    context.account.matching = "blind"

    assert Controlled(why_not=NOT_SHOWN) == await context.control.of_filter(unknown)


async def test_control_that_failed_is_made_again(context):
    """A list that lagged shows the known record a moment later: what could not be shown then can be now."""
    await context.submit(1)
    unknown = await context.doubt()
    context.account.lag_s = 3.0

    before = await context.control.of_filter(unknown)
    context.clock.pass_time(3.0)

    assert (NOT_SHOWN, token(1)) == (before.why_not, (await context.control.of_filter(unknown)).found)


async def test_record_that_was_deleted_at_the_api_is_no_obstacle(context):
    """The next known one is tried."""
    await context.submit(1, 2, 3)
    unknown = await context.doubt()
    await context.delete(1, 2)

    assert Controlled(found=token(3)) == await context.control.of_filter(unknown)


async def test_several_are_tried_but_not_all(context):
    """A cleared account of ten thousand records would cost as many requests; the next look goes on from there."""
    await context.submit(*range(TRIED_AT_MOST + 1))
    unknown = await context.doubt()
    await context.delete(*range(TRIED_AT_MOST))

    first, second = await context.control.of_filter(unknown), await context.control.of_filter(unknown)

    assert (NOT_SHOWN, token(TRIED_AT_MOST)) == (first.why_not, second.found)


async def test_record_under_the_known_alias_but_with_another_id_is_no_proof(context):
    """The record that is known is the one with its id, and that one still exists."""
    await context.submit(1)
    unknown = await context.doubt()
    context.account.records[context.ids[1]] = replace(context.account.records[context.ids[1]], alias="Renamed")
    await context.account.send(create(1, alias=f"K ~{token(1)}"))

    assert Controlled(why_not=NOT_SHOWN) == await context.control.of_filter(unknown)


async def test_without_a_known_record_nothing_is_proved(context):
    """Nor by strangers' records: nobody knows what was sent of them."""
    await context.account.send(create(9, alias="filed by hand"))
    unknown = await context.doubt()

    assert Controlled(why_not=NO_RECORD) == await context.control.of_filter(unknown)


async def test_next_rows_record_serves_where_none_was_known_before(context):
    """On an empty account the control comes with the next create."""
    unknown = await context.doubt()
    before = await context.control.of_filter(unknown)

    await context.submit(1)

    assert (NO_RECORD, token(1)) == (before.why_not, (await context.control.of_filter(unknown)).found)


@pytest.mark.parametrize("readable", [0, 1])
@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"done"}))
async def test_list_that_cannot_be_read_is_no_answer_either_way(context, outcome, readable):
    """None, be it at the name that nobody has or at the known one, and made again later."""
    await context.submit(1)
    unknown = await context.doubt()
    context.account.expect(Operation.LIST, *["fair"] * readable, "unresolved")

    first, second = await context.control.of_filter(unknown), await context.control.of_filter(unknown)

    assert (None, token(1)) == (first, second.found)
    assert None is await context.over(ScriptedGateway(*[OUTCOMES[outcome]] * len(LIMITS))).of_filter(unknown)


# Who may speak for whom.


@pytest.mark.parametrize(
    ("known", "unknown", "speaks"),
    [
        (PLAIN, PLAIN, True),
        (CAPITALS, PLAIN, True),
        (PLAIN, CAPITALS, False),
        (CAPITALS, CAPITALS, True),
        (ACCENTS, CAPITALS, True),
        (CAPITALS, ACCENTS, False),
        ("K", "K-0001", False),
        ("K-0001", "K", True),
        ("Plain and long", "A&B", False),
        ("A&B Stores", "A+B", False),
        ("A&B + C Stores", "A+B", True),
        ("Café Stores", "Straße", False),
        ("", "", True),
    ],
)
async def test_known_alias_must_be_as_hard_to_find(context, known, unknown, speaks):
    """An API that cuts aliases, or changes capitals, signs and accents, finds the plain short ones all the same."""
    await context.submit(1, called=known)
    record = await context.doubt(called=unknown)

    controlled = await context.control.of_filter(record)

    assert (token(1) if speaks else "") == controlled.found
    assert speaks is is_as_hard_to_find(context.journal.ledger_state.record(token(1)), record)


async def test_record_that_others_have_renamed_is_not_asked_for_by_its_alias(context):
    """It was found under another one than it was sent with, so it says nothing of what the API does to aliases."""
    adopted = entries.Adopted(token=token(1), op=Op.CREATE, compliance_id="id-1", alias=f"K ~{token(1)}".upper())
    await context.journal.append(adopted)
    unknown = await context.doubt()

    assert Controlled(why_not=NO_RECORD) == await context.control.of_filter(unknown)


@pytest.mark.parametrize("way", ["filter", "walk"])
@pytest.mark.parametrize(
    ("known_first", "days", "speaks"),
    [(True, 0, True), (True, 30, True), (False, 0, True), (False, 0.9, True), (False, 2, False)],
    ids=["older", "much older", "younger", "younger, a day", "younger, days later"],
)
async def test_known_record_must_be_older_or_the_unknown_one_young(context, known_first, days, speaks, way):
    """A list may reach back some days only. What is older is told by the order of the ledger's lines."""
    await context.journal.append(run_started())
    if known_first:
        await context.submit(1)
    unknown = await context.doubt()
    context.clock.pass_time(days * DAY_S)
    await context.journal.append(run_started())
    if not known_first:
        await context.submit(1)
    await context.read_back(1)

    controlled = await (context.control.of_filter(unknown) if way == "filter" else context.of_walk())

    assert (token(1) if speaks else "") == controlled.found


async def test_clock_that_was_set_back_does_not_make_an_old_one_young(context):
    """It would have been sent in the future: how old it is nobody knows, so younger records say nothing."""
    await context.journal.append(run_started())
    context.clock.pass_time(DAY_S)
    unknown = await context.doubt()
    context.clock.pass_time(-DAY_S / 2)
    await context.journal.append(run_started())
    await context.submit(1)

    assert Controlled(why_not=NO_RECORD) == await context.control.of_filter(unknown)


async def test_clock_of_another_machine_makes_nothing_old(context):
    """What it sent seems to lie two minutes ahead; the first record of an empty account speaks for it all the same."""
    await context.journal.append(run_started())
    context.clock.pass_time(DAY_S)
    unknown = await context.doubt()
    context.clock.pass_time(-120)
    await context.journal.append(run_started())
    await context.submit(1)

    assert Controlled(found=token(1)) == await context.control.of_filter(unknown)


async def test_what_this_run_sent_is_young_whatever_the_clock_says(context):
    """The order of the ledger's lines is enough."""
    await context.journal.append(run_started())
    context.clock.pass_time(DAY_S)
    unknown = await context.doubt()
    context.clock.pass_time(-DAY_S / 2)
    await context.submit(1)

    assert Controlled(found=token(1)) == await context.control.of_filter(unknown)


# Walks.


async def test_walk_that_shows_a_known_record_is_believed(context):
    """Whatever its alias: a walk shows all of them."""
    await context.submit(1, called="K-00000001")
    await context.read_back(1)
    await context.doubt()

    assert Controlled(found=token(1)) == await context.of_walk()


async def test_walk_that_is_not_whole_proves_nothing(context):
    """What it left out may be the very one."""
    await context.submit(1)
    await context.read_back(1)
    await context.doubt()

    assert (await context.of_walk(whole=False)).why_not


async def test_walk_without_a_known_record_that_exists_proves_nothing(context):
    """The list hides something."""
    await context.submit(1)
    await context.read_back(1)
    await context.doubt()

    assert Controlled(why_not=NOT_SHOWN) == await context.of_walk(records=())


async def test_known_record_that_was_deleted_is_no_obstacle_to_a_walk(context):
    """It is no wonder that it is not shown; the next one is."""
    await context.submit(1, 2)
    await context.read_back(1)
    await context.doubt()
    await context.delete(1)

    assert Controlled(found=token(2)) == await context.of_walk()


async def test_all_known_records_deleted_prove_nothing(context):
    """Nobody is left to speak for the list."""
    await context.submit(1)
    await context.read_back(1)
    await context.doubt()
    await context.delete(1)

    assert Controlled(why_not=NO_RECORD) == await context.of_walk()


async def test_walk_proves_nothing_before_any_token_was_seen_in_an_alias(context):
    """The API may drop them, and then no walk would show whose record is whose."""
    await context.submit(1)
    await context.doubt()

    assert Controlled(why_not=NO_RECORD) == await context.of_walk()


@pytest.mark.parametrize("shown", ["Acme Stores of", "ACME STORES of", "acme  stores of Pune ~abc"])
async def test_record_that_may_be_it_under_a_shortened_alias_is_named(context, shown):
    """Its token may have been cut off: it is named by its id, and nothing is absent."""
    await context.submit(1)
    await context.read_back(1)
    await context.doubt(called="Acme Stores of Pune")
    cut = shown if "~" not in shown else f"Acme Stores of Pune ~{token(UNKNOWN)[:3]}"
    made = (await context.account.send(create(9, alias=cut))).value

    assert made in (await context.of_walk()).why_not


async def test_shortened_alias_is_no_matter_where_longer_ones_were_kept(context):
    """The API has shown a longer one with its token, so this is another's record."""
    await context.submit(1, called="Longer Stores of Bengaluru")
    await context.read_back(1)
    await context.doubt(called="Acme Stores")
    await context.account.send(create(9, alias="Acme St"))

    assert Controlled(found=token(1)) == await context.of_walk()


def test_new_tokens_are_nobodys():
    """Each is another one, of the form that tokens have."""
    first, second = new_token(), new_token()

    assert first != second
    assert 16 == len(first) == len(second)


async def test_nothing_is_read_where_a_walk_is_empty_of_known_ones(context):
    """A control over no record asks for none."""
    await context.doubt()

    await context.control.of_walk(context.unknown, Walk((), whole=True))

    assert [] == context.account.made(Operation.GET)
