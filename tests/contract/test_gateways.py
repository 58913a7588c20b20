"""One suite for everything that implements `model.gateway.Gateway`: two APIs, and every wrapper around each of them.

To add an implementation name it in `apis.APIS` or in `WRAPPERS`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from bulk_onboard.api.pacer import Paced, Pacer
from bulk_onboard.model.call import (
    Call,
    Create,
    Delete,
    FetchRequirements,
    Gateway,
    Get,
    GetNumber,
    ListPage,
    NumberRecord,
    Operation,
    RecordPage,
    ServerRecord,
)
from bulk_onboard.model.outcome import Done, Refused, Unavailable, Unresolved
from bulk_onboard.model.requirements import Requirements
from bulk_onboard.pipeline.gateways import Breaker, Journaled, Retrying, StopGate
from bulk_onboard.pipeline.stop import Stop
from tests.contract.apis import APIS, InMemory, OverHttp
from tests.support.clocks import FakeClock
from tests.support.journals import MemoryJournal
from tests.unit.pipeline import samples
from tests.unit.pipeline.samples import DOCUMENT_TYPES, LOCAL, alias, compliance_id

NUMBER = "911140000000"
FILES = tuple(map(samples.content, DOCUMENT_TYPES))


def journaled(inner: Gateway) -> Gateway:
    return Journaled(inner, MemoryJournal(), lambda document: samples.content(document.type), clock=FakeClock())


def stop_gate(inner: Gateway) -> Gateway:
    return StopGate(inner, Stop(), Counter())


def breaker(inner: Gateway) -> Gateway:
    return Breaker(inner, clock=FakeClock(), stop=Stop(), settle_s=90.0)


def paced(inner: Gateway) -> Gateway:
    return Paced(inner, compliance=Pacer(None, clock=FakeClock()), requirements=Pacer(None, clock=FakeClock()))


def retrying(inner: Gateway) -> Gateway:
    return Retrying(inner, clock=FakeClock(), stop=Stop())


WRAPPERS: Mapping[str, Callable[[Gateway], Gateway]] = {
    "bare": lambda inner: inner,
    "journaled": journaled,
    "halting": stop_gate,
    "breaker": breaker,
    "paced": paced,
    "retrying": retrying,
    "whole stack": lambda inner: retrying(breaker(paced(stop_gate(journaled(inner))))),
}


@pytest.fixture(params=APIS)
async def api(request) -> AsyncIterator[InMemory | OverHttp]:
    async with APIS[request.param]() as one:
        yield one


@pytest.fixture(params=WRAPPERS)
def gateway(request, api) -> Gateway:
    return WRAPPERS[request.param](api.gateway)


def create(number: int) -> Create:
    """A create that has its documents with it, since not every gateway reads them."""
    return samples.create(number, files=FILES)


READS: Mapping[Operation, Call] = {
    call.operation: call
    for call in (
        FetchRequirements(combination=LOCAL),
        ListPage(),
        Get(compliance_id=compliance_id(1)),
        GetNumber(number=NUMBER),
    )
}
CALLS = READS | {Operation.CREATE: create(1)}


async def test_requirements_are_requirements(gateway):
    """What one combination asks for."""
    outcome = await gateway.send(FetchRequirements(combination=LOCAL))

    assert isinstance(outcome, Done)
    assert [Requirements] == [type(one) for one in outcome.value.offered if one.combination == LOCAL]


async def test_list_is_a_page(gateway):
    """Of an empty account an empty one, with none after it."""
    outcome = await gateway.send(ListPage())

    assert RecordPage(records=(), total=0) == outcome.value


async def test_number_is_a_number(gateway):
    """The one that was asked for."""
    outcome = await gateway.send(GetNumber(number=NUMBER))

    assert isinstance(outcome.value, NumberRecord)
    assert NUMBER == outcome.value.number


async def test_created_record_is_told_as_it_was_sent(gateway):
    """The create answers its id; under that id stand alias and contents, in our words."""
    created = await gateway.send(create(1))

    got = await gateway.send(Get(compliance_id=created.value, expand=("end_user", "documents")))

    assert isinstance(got.value, ServerRecord)
    assert (created.value, alias(1), "pending") == (got.value.compliance_id, got.value.alias, got.value.review)
    fields = create(1).application.fields
    assert (fields["business_name"], fields["registration_number"], len(FILES)) == (
        got.value.name,
        got.value.registration_number,
        got.value.documents,
    )


async def test_what_was_not_asked_for_is_not_known(gateway):
    """Without expansion the contents are None, which is not the same as empty."""
    created = await gateway.send(create(1))

    got = await gateway.send(Get(compliance_id=created.value))

    assert (None, None, None) == (got.value.name, got.value.registration_number, got.value.documents)


async def test_created_records_are_listed(gateway):
    """Each once, under its alias; the filter is taken."""
    for number in (1, 2, 3):
        await gateway.send(create(number))

    everything = await gateway.send(ListPage())
    one = await gateway.send(ListPage(query={"limit": "100", "alias": alias(2)}))

    assert {alias(1), alias(2), alias(3)} == {record.alias for record in everything.value.records}
    assert [alias(2)] == [record.alias for record in one.value.records]


async def test_deleted_record_is_gone(gateway):
    """The delete answers the id; getting it afterwards is refused, which is that row's trouble and halts nothing."""
    created = await gateway.send(create(1))

    deleted = await gateway.send(Delete(token=create(1).token, compliance_id=created.value))
    got = await gateway.send(Get(compliance_id=created.value))

    assert created.value == deleted.value
    assert (Refused, None) == (type(got), got.halt)


async def test_many_calls_at_a_time_each_have_their_own_answer(gateway):
    """No answer goes to another call."""
    created = await asyncio.gather(*(gateway.send(create(number)) for number in range(8)))

    got = await asyncio.gather(*(gateway.send(Get(compliance_id=outcome.value)) for outcome in created))

    assert [alias(number) for number in range(8)] == [outcome.value.alias for outcome in got]


@pytest.mark.parametrize("operation", CALLS)
async def test_lost_answer_is_an_outcome(api, gateway, operation):
    """Sent, and nothing heard: unresolved, not an exception; and it halts nothing."""
    api.lose_answers(operation)

    outcome = await gateway.send(CALLS[operation])

    assert (Unresolved, None) == (type(outcome), outcome.halt)


@pytest.mark.parametrize("operation", CALLS)
async def test_nobody_listening_is_an_outcome(api, gateway, operation):
    """Proved unsent: unavailable, not an exception; and it halts nothing."""
    await api.go_away()

    outcome = await gateway.send(CALLS[operation])

    assert (Unavailable, None) == (type(outcome), outcome.halt)


async def test_gateway_goes_on_after_trouble(api, gateway):
    """One lost answer spoils nothing for the next call."""
    api.lose_answers(Operation.GET)
    await gateway.send(READS[Operation.GET])

    assert isinstance(await gateway.send(ListPage()), Done)


@pytest.mark.parametrize("operation", [Operation.LIST, Operation.CREATE])
async def test_abandoned_call_is_cancelled_and_the_next_one_answered(api, gateway, operation):
    """Whoever cancels a call gets CancelledError, and holds up nobody."""
    api.hang(operation)
    sending = asyncio.create_task(gateway.send(CALLS[operation]))
    await api.arrival()

    sending.cancel()
    (ended,), _ = await asyncio.wait([sending])
    api.go_on()

    assert ended.cancelled()
    assert isinstance(await gateway.send(ListPage()), Done)


async def test_call_is_not_changed(gateway):
    """A call is a value: it may be sent again, or kept."""
    call = samples.create(1, files=FILES)

    await gateway.send(call)

    assert samples.create(1, files=FILES) == call
