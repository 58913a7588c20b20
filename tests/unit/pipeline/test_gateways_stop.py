"""What cannot get better stops the run at the first one."""

import asyncio
from collections import Counter

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import ListPage, Operation
from bulk_onboard.model.outcome import Done, Halt, Unresolved
from bulk_onboard.pipeline.gateways import StopGate
from bulk_onboard.pipeline.stop import Stop
from tests.support.gateways import FakeAccount, ScriptedGateway
from tests.unit.pipeline.samples import OUTCOMES, create


@pytest.fixture
def stop():
    return Stop()


@pytest.mark.parametrize("halt", list(Halt))
async def test_halt_stops_the_run_at_the_first_one(stop, halt):
    """Whatever kind of outcome carries it; the call that met it still gets its outcome."""
    outcome = Unresolved(seen="HTTP 302", halt=halt)

    answered = await StopGate(ScriptedGateway(outcome), stop, Counter()).send(create())

    assert outcome == answered
    assert (True, halt) == (stop.requested, stop.cause)


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_other_outcomes_stop_nothing(stop, outcome):
    """A row's trouble is no reason to stop the run."""
    answered = await StopGate(ScriptedGateway(OUTCOMES[outcome]), stop, Counter()).send(create())

    assert OUTCOMES[outcome] == answered
    assert not stop.requested


async def test_nothing_begins_once_the_run_is_to_stop(stop):
    """Neither reads nor writes get through, whoever wished it."""
    inner = ScriptedGateway()
    stop.request("signal")

    for call in (create(), ListPage()):
        with pytest.raises(StoppedError, match="not begun"):
            await StopGate(inner, stop, Counter()).send(call)

    assert [] == inner.calls


async def test_calls_in_flight_finish(stop):
    """Of four calls under way one is denied: the other three still get their answers (I11)."""
    account = FakeAccount()
    account.expect(Operation.CREATE, "denied")
    stop_gate = StopGate(account, stop, Counter())

    answered = await asyncio.gather(*(stop_gate.send(create(number)) for number in range(4)))

    assert [False, True, True, True] == [isinstance(outcome, Done) for outcome in answered]
    assert Halt.CREDENTIALS is stop.cause


async def test_requests_are_counted_by_operation_and_outcome(stop):
    """What went out and what came of it; what was withheld never went out, and what was stopped neither."""
    inner = ScriptedGateway(
        OUTCOMES["throttled"], OUTCOMES["done"], OUTCOMES["done"], OUTCOMES["withheld"], Done(value=None)
    )
    requests: Counter[str] = Counter()
    stop_gate = StopGate(inner, stop, requests)

    for call in (create(), create(), create(2), create(3), ListPage()):
        await stop_gate.send(call)
    stop.request("signal")
    with pytest.raises(StoppedError):
        await stop_gate.send(create(4))

    assert {"create throttled": 1, "create done": 2, "list done": 1} == dict(requests)
