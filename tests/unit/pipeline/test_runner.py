"""A plan is carried out: several rows at a time, until all is done or the run is to stop."""

import asyncio

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import Operation
from bulk_onboard.model.outcome import Halt
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.gateways import ATTEMPTS
from bulk_onboard.pipeline.runner import FIRST_CREATES, SET_ASIDE, TOKENS_A_LINE
from tests.unit.pipeline.benches import Bench
from tests.unit.pipeline.samples import alias, application, compliance_id, done, intent, run_started, token

KEPT = (intent(99), done(99), entries.ReadBack(compliance_id=compliance_id(99), alias=alias(99)))
"""The story of a ledger under which the API has shown that it keeps tokens, so that no record goes alone."""


pytestmark = pytest.mark.usefixtures("documents_are_read_at_once")


async def test_every_due_row_becomes_a_record():
    """Each is created once, and submitted under the id that the API gave it."""
    bench = Bench()

    await bench.run(*range(10))

    assert {State.SUBMITTED: 10} == bench.states(range(10))
    assert [alias(n) for n in range(10)] == sorted(made.alias for made in bench.account.records.values())
    assert (10, 10, 0.0) == (
        bench.runner.progress.due,
        bench.runner.progress.done,
        round(bench.runner.progress.requests_left, 6),
    )


async def test_plan_with_nothing_due_makes_no_call():
    """The second run of a finished job."""
    bench = Bench()
    await bench.run(1, 2)
    calls = len(bench.account.calls)

    await bench.run(1, 2)

    assert calls == len(bench.account.calls)


@pytest.mark.parametrize("concurrency", [1, 3, 8])
async def test_so_many_calls_are_under_way_and_no_more(concurrency):
    """While none is answered exactly that many have begun; and it never gets more."""
    bench = Bench(*KEPT, concurrency=concurrency)
    bench.account.doors.clear()
    running = asyncio.create_task(bench.run(*range(20)))
    while bench.account.inside < concurrency:
        await asyncio.sleep(0)

    bench.account.doors.set()
    await running

    assert concurrency == bench.account.most_inside


async def test_rows_are_admitted_before_the_first_is_sent():
    """So that `status` and `resume` know of those that a stop leaves unsent; the lines stay short."""
    numbers = range(TOKENS_A_LINE + 3)
    bench = Bench()
    bench.stop.request("signal")

    await bench.run(*numbers)

    assert [TOKENS_A_LINE, 3] == [len(entry.tokens) for entry in bench.journal.entries]
    assert {State.NOT_SENT: len(numbers)} == bench.states(numbers)


async def test_admitted_stands_before_every_intent():
    """All of it, not each row's own."""
    bench = Bench()

    await bench.run(*range(5))

    names = [entry.name() for entry in bench.journal.entries]
    assert ["admitted", "intent"] == names[:2]
    assert 1 == names.count("admitted")


async def test_first_record_is_read_back_once():
    """One request under a ledger, however many rows are under way."""
    bench = Bench(concurrency=8)

    await bench.run(*range(16))

    assert 1 == len(bench.account.made(Operation.GET))


async def test_alias_that_is_not_kept_stops_the_run():
    """Records could not be found again: no further row is begun."""
    bench = Bench(concurrency=3)
    bench.account.expect(Operation.GET, "without its token")

    await bench.run(1, 2, 3)

    assert isinstance(bench.stop.cause, StoppedError)
    assert {State.SUBMITTED: 1, State.NOT_SENT: 2} == bench.states([1, 2, 3])


async def test_row_that_fails_alone_in_every_attempt_is_set_aside_with_the_reason():
    """Others were taken meanwhile, so it is for a person; the next run does not send it again."""
    bench = Bench(concurrency=1)
    bench.account.expect(Operation.CREATE, "fair", *["unresolved"] * ATTEMPTS)

    await bench.run(1, 2)
    creates = len(bench.account.made(Operation.CREATE))
    await bench.run(1, 2)

    record = bench.journal.ledger_state.record(token(2))
    assert (State.REFUSED, SET_ASIDE) == (record.state, record.code)
    assert f"in each of {ATTEMPTS} attempts" in record.reason
    assert {State.SUBMITTED: 1, State.REFUSED: 1} == bench.states([1, 2])
    assert creates == len(bench.account.made(Operation.CREATE))


async def test_first_creates_that_are_all_refused_alike_stop_the_run():
    """It is the account or the contract, not the rows; what is left stays unsent."""
    bench = Bench(concurrency=1)
    bench.account.expect(Operation.CREATE, *["refused"] * 99)

    await bench.run(*range(FIRST_CREATES + 10))

    assert isinstance(bench.stop.cause, StoppedError)
    assert {State.REFUSED: FIRST_CREATES, State.NOT_SENT: 10} == bench.states(range(FIRST_CREATES + 10))


async def test_row_with_the_longest_alias_goes_first():
    """When that is shown with its token, so are the others, and nothing more is read back."""
    bench = Bench(concurrency=1)

    await bench.run(1, 2, 3)

    assert max(len(alias(n).encode()) for n in (1, 2, 3)) == bench.journal.ledger_state.alias_kept


async def test_stop_finishes_what_is_in_flight_and_leaves_the_rest_pending():
    """First Ctrl-C: the calls under way get their outcomes written, nothing new begins."""
    bench = Bench(*KEPT, concurrency=3)
    bench.account.doors.clear()
    running = asyncio.create_task(bench.run(*range(10)))
    while bench.account.inside < 3:
        await asyncio.sleep(0)

    bench.stop.request("signal")
    bench.account.doors.set()
    await running

    assert {State.SUBMITTED: 3, State.NOT_SENT: 7} == bench.states(range(10))
    assert 3 == len(bench.account.records)


async def test_denied_stops_the_run_after_what_is_in_flight():
    """At most as many calls as are under way follow the first 401; the denied row is deferred (I11)."""
    bench = Bench(*KEPT, concurrency=3)
    bench.account.expect(Operation.CREATE, "denied")

    await bench.run(*range(10))

    assert Halt.CREDENTIALS is bench.stop.cause
    assert {State.DEFERRED: 1, State.SUBMITTED: 2, State.NOT_SENT: 7} == bench.states(range(10))


async def test_row_with_trouble_does_not_stop_its_neighbours():
    """Refused, unreachable and unknown rows are where they belong; the others are submitted."""
    bench = Bench(concurrency=1)
    bench.account.expect(Operation.CREATE, "refused", "unresolved", *["unavailable"] * 3)
    bench.account.expect(Operation.LIST, *["unresolved"] * 99)

    await bench.run(*range(6))

    expected = {State.REFUSED: 1, State.UNCERTAIN: 1, State.DEFERRED: 1, State.SUBMITTED: 3}
    assert expected == bench.states(range(6))


async def test_changed_document_keeps_its_row_back():
    """The row is not sent, its neighbours are; the run tells which document it was."""
    bench = Bench()
    bench.changed.add("1/address_proof.pdf")

    await bench.run(1, 2)

    assert [State.NOT_SENT, State.SUBMITTED] == [bench.state(1), bench.state(2)]
    assert [(token(1), "address_proof")] == [
        (one.decision.identity.token, one.document_type) for one in bench.context.row_events
    ]


@pytest.mark.parametrize("room", range(8))
async def test_disk_that_fails_stops_the_run_and_nothing_more_is_sent(room):
    """Wherever it fails: the run ends in order, and no create went out whose intent is not on disk."""
    bench = Bench(concurrency=2)
    bench.journal.room = room

    await bench.run(*range(5))

    intents = [entry for entry in bench.journal.entries if isinstance(entry, entries.Intent)]
    assert isinstance(bench.stop.cause, StoppedError)
    assert len(intents) == len(bench.account.made(Operation.CREATE))


async def test_attempts_go_on_where_the_last_run_left_off():
    """The intents of a record are numbered through all runs of the job."""
    bench = Bench()
    bench.account.expect(Operation.CREATE, *["unavailable"] * 3)
    await bench.run(1)
    await bench.journal.append(run_started())

    await bench.run(1)

    attempts = [entry.attempt for entry in bench.journal.entries if isinstance(entry, entries.Intent)]
    assert [1, 2, 3, 4] == attempts


async def test_each_row_is_sent_with_its_own_contents():
    """No application gets under another row's alias, however many are under way."""
    bench = Bench(concurrency=8)

    await bench.run(*range(30))

    sent: dict[str, Application] = {made.alias: made.application for made in bench.account.records.values()}
    assert {alias(n): application(n) for n in range(30)} == sent
