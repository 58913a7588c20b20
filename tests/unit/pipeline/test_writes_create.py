"""Nothing is filed after the first record before it is known that the API keeps the tokens in aliases."""

import asyncio
from dataclasses import replace

import msgspec
import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import ListPage, Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.plan import Action, Decision
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.context import RunContext
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.pipeline.walk import Lookup
from bulk_onboard.pipeline.writes import Creator, length_of
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import alias, compliance_id, create, done, identity, intent, judged, token
from tests.unit.pipeline.stacks import stacked

W = 9.0


pytestmark = pytest.mark.usefixtures("documents_are_read_at_once")


class CuttingAccount(FakeAccount):
    """Keeps so many characters of an alias."""

    kept = 255

    async def send(self, call):
        if call.operation is Operation.CREATE:
            call = replace(call, alias=call.alias[: self.kept])
        return await super().send(call)


class CreatingDesk:
    """The creates of one run; `asks` for each row first."""

    def __init__(self, *story: entries.Entry, asks: bool = False) -> None:
        self.clock, self.stop = FakeClock(), Stop()
        self.account, self.journal = CuttingAccount(self.clock), MemoryJournal(*story, clock=self.clock)
        gateway = stacked(self.account, self.journal, clock=self.clock, stop=self.stop, settle_s=W)
        context = RunContext(gateway=gateway, journal=self.journal, clock=self.clock, stop=self.stop)
        self.creator = Creator(context, settle_s=W, asking=Lookup(gateway) if asks else None)

    async def create(self, *numbers: int, called: str = "") -> None:
        """File these rows at the same time."""
        await asyncio.gather(*(self.creator.create(decision(number, called)) for number in numbers))

    def states(self, *numbers: int) -> list[State]:
        return [self.journal.ledger_state.record(token(number)).state for number in numbers]

    def made(self) -> list[str]:
        """Creates and looks, in order."""
        return [str(call.operation) for call in self.account.calls]


def decision(number: int, called: str = "") -> Decision:
    """A row that is due, whose alias is as long as all others' or `called` otherwise."""
    known = identity(number)
    return Decision(
        judged(number),
        msgspec.structs.replace(known, alias=f"{called} ~{token(number)}") if called else known,
        Action.CREATE,
        "",
    )


async def test_first_record_goes_alone_and_is_read_back_before_the_others_leave():
    """However many rows are under way: one record is filed before anybody knows that tokens are kept."""
    context = CreatingDesk()

    await context.create(1, 2, 3)

    assert ["create", "get", "create", "create"] == context.made()
    assert context.journal.ledger_state.alias_kept
    assert len(alias(1)) == context.journal.ledger_state.alias_kept


async def test_later_runs_on_the_ledger_read_nothing_back():
    """The ledger knows that aliases of this length are kept."""
    story = (intent(1), done(1), entries.ReadBack(compliance_id=compliance_id(1), alias=alias(1)))
    context = CreatingDesk(*story)

    await context.create(2, 3)

    assert ["create", "create"] == context.made()


async def test_record_with_a_longer_alias_goes_alone_again():
    """What was shown of the shorter ones says nothing of it."""
    context = CreatingDesk()
    await context.create(1)

    await context.create(2, called="A much longer name")

    assert ["create", "get", "create", "get"] == context.made()


@pytest.mark.parametrize("kept", [0, 3, len(alias(1)) - 1])
async def test_token_that_is_gone_stops_the_run_and_names_the_record(kept):
    """One record is filed, not eight; whoever reads it can delete it."""
    context = CreatingDesk()
    context.account.kept = kept

    await context.create(*range(8))

    (made,) = context.account.records
    assert isinstance(context.stop.cause, StoppedError)
    assert made in str(context.stop.cause)
    assert 1 == context.states(*range(8)).count(State.SUBMITTED)
    assert 0 == context.journal.ledger_state.alias_kept


@pytest.mark.parametrize("shown", [alias(1).upper(), f"K~{token(1)}", f"  {alias(1)}  "])
async def test_alias_that_the_api_changed_but_for_the_token_is_kept(shown):
    """Case, blanks and what stands before the token are no matter."""
    context = CreatingDesk()
    send = context.account.do
    context.account.do = lambda call, late_s=0.0: (
        send(replace(call, alias=shown), late_s) if call.operation is Operation.CREATE else send(call, late_s)
    )

    await context.create(1)

    assert not context.stop.requested
    assert len(alias(1)) == context.journal.ledger_state.alias_kept


async def test_record_that_shows_late_is_looked_at_again_within_w():
    """A new record may be answered with 404 at first; the others wait for it."""
    context = CreatingDesk()
    context.account.expect(Operation.GET, *["refused"] * 4)

    await context.create(1, 2)

    assert [State.SUBMITTED] * 2 == context.states(1, 2)
    assert 0 < context.account.times_of(Operation.CREATE)[1] < W


async def test_record_that_does_not_show_within_w_stops_the_run():
    """Whether its token was kept is not known, so nothing more is sent."""
    context = CreatingDesk()
    context.account.expect(Operation.GET, *["refused"] * 99)

    await context.create(1, 2)

    (made,) = context.account.records
    assert isinstance(context.stop.cause, StoppedError)
    assert made in str(context.stop.cause)
    assert W <= context.clock.monotonic() < 2 * W


@pytest.mark.parametrize("kept", [255, 3])
async def test_run_that_was_killed_before_it_read_back_is_made_up_for(kept):
    """The next one reads back what was filed before it sends anything."""
    context = CreatingDesk()
    context.account.kept = kept
    made = (await context.account.send(create(1))).value
    for entry in (intent(1), entries.Done(token=token(1), op=Op.CREATE, compliance_id=made)):
        await context.journal.append(entry)

    await context.create(2)

    assert (["create", "get", "create"] if kept > 3 else ["create", "get"]) == context.made()
    assert context.stop.requested is (kept == 3)


async def test_first_record_that_is_refused_leaves_the_next_one_to_go_alone():
    """A no shows nothing of aliases."""
    context = CreatingDesk()
    context.account.expect(Operation.CREATE, "refused")

    await context.create(1, 2, 3)

    assert ["create", "create", "get", "create"] == context.made()


async def test_each_row_is_asked_for_first_where_the_account_cannot_be_seen():
    """What is there already is adopted, and not filed again."""
    context = CreatingDesk(asks=True)
    await context.account.send(create(2))

    await context.create(1, 2)

    lists: list[ListPage] = context.account.made(Operation.LIST)
    assert {alias(1), alias(2)} == {call.query["alias"] for call in lists}
    assert [State.SUBMITTED] * 2 == context.states(1, 2)
    assert 2 == len(context.account.records)
    assert "adopted create" in context.journal.story(token(2))


async def test_row_that_is_there_several_times_is_held():
    """A person decides."""
    context = CreatingDesk(asks=True)
    for _ in range(2):
        await context.account.send(create(1))

    await context.create(1)

    assert [State.HELD] == context.states(1)


@pytest.mark.parametrize("trouble", ["deaf", "unresolved"])
async def test_list_that_does_not_answer_for_one_alias_stops_the_run(trouble):
    """Nobody could see whether the row is there already."""
    context = CreatingDesk(asks=True)
    await context.account.send(create(9))
    context.account.expect(Operation.LIST, *[trouble] * 5)

    await context.create(1)

    assert isinstance(context.stop.cause, StoppedError)
    assert 1 == len(context.account.records)


async def test_first_record_must_be_found_by_its_alias_where_that_is_relied_upon():
    """A list that shows nothing for any alias would have every row filed again."""
    context = CreatingDesk(asks=True)
    context.account.matching = "blind"

    await context.create(1, 2)

    assert isinstance(context.stop.cause, StoppedError)
    assert 1 == len(context.account.records)


@pytest.mark.parametrize(("called", "expected"), [("K", 19), ("É", 20)])
def test_length_of(called, expected):
    """In bytes, since an API may count so."""
    assert expected == length_of(decision(1, called))
