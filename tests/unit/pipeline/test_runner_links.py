"""The numbers of a run are linked in calls that several rows share, several of them under way at a time."""

import asyncio
from collections import Counter

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Link, Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Unresolved
from bulk_onboard.model.plan import Forecast, Plan, Scope
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.pipeline.links import LinkStyle
from bulk_onboard.pipeline.runner import SET_ASIDE
from bulk_onboard.planning.decide import decide
from tests.unit.pipeline.benches import Bench
from tests.unit.pipeline.samples import LOCAL, application, create, identity, intent, token

IN_BULK = LinkStyle(per_call=10, by_pages=True)

pytestmark = pytest.mark.usefixtures("documents_are_read_at_once")


def numbers_of(row: int, each: int) -> list[str]:
    return [f"91114{row:04d}{place:03d}" for place in range(each)]


async def approved_rows(rows: int, each: int, **ways) -> tuple[Bench, Plan]:
    """So many rows whose records are approved, with so many numbers each; the account has them all."""
    bench = Bench(link_style=IN_BULK, **ways)
    decisions = []
    for row in range(1, rows + 1):
        made = (await bench.account.send(create(row))).value
        bench.account.judge(made, "approved")
        await bench.journal.append(intent(row))
        await bench.journal.append(entries.Done(token=token(row), op=Op.CREATE, compliance_id=made))
        await bench.journal.append(entries.Reviewed(token=token(row), review="approved"))
        named = numbers_of(row, each)
        bench.account.rented |= {number: number for number in named}
        cells = {"key": f"K-{row:04d}", "numbers": "; ".join(named)}
        judged = JudgedRow(Row("Businesses", row + 1, LOCAL, cells), application(row), "now")
        record = bench.journal.ledger_state.record(token(row))
        decisions.append(decide(judged, identity(row), record, Scope()))
    return bench, Plan(tuple(decisions), Forecast())


def linkages(bench: Bench) -> Counter[Linkage]:
    records = bench.journal.ledger_state.records.values()
    return Counter(linking.linkage for record in records for linking in record.numbers.values())


async def test_rows_share_calls_and_progress_counts_rows():
    """Nine rows with three numbers each: three rows a call."""
    bench, plan = await approved_rows(9, 3)

    await bench.carry_out(plan)

    assert [9, 9, 9] == [len(call.targets) for call in bench.account.made(Operation.LINK)]
    assert 2 == len(bench.account.made(Operation.NUMBERS))
    assert {Linkage.LINKED: 27} == linkages(bench)
    assert (9, 9, 0.0) == (
        bench.runner.progress.due,
        bench.runner.progress.done,
        round(bench.runner.progress.requests_left, 6),
    )


async def test_several_calls_are_under_way_at_a_time():
    """As many as `concurrency`."""
    bench, plan = await approved_rows(12, 5, concurrency=3)
    running = asyncio.create_task(bench.carry_out(plan))
    while not bench.account.made(Operation.LINK):
        await asyncio.sleep(0)
    bench.account.doors.clear()
    for _ in range(100):
        await asyncio.sleep(0)
    inside = bench.account.inside
    bench.account.doors.set()
    await running

    assert (3, {Linkage.LINKED: 60}) == (inside, linkages(bench))


async def test_numbers_of_a_lost_answer_are_settled_and_only_those_not_done_go_again():
    """The call was done: nothing is sent twice. It was not: all its numbers are due again after W, in smaller calls."""
    for weather, calls in (("unheard", [10]), ("unresolved", [10, *[1] * 10])):
        bench, plan = await approved_rows(2, 5)
        bench.account.expect(Operation.LINK, weather)

        await bench.carry_out(plan)

        assert {Linkage.LINKED: 10} == linkages(bench)
        assert calls == [len(call.targets) for call in bench.account.made(Operation.LINK)]
        assert 10 == len(bench.account.linked)


async def test_number_that_the_api_cannot_answer_is_set_aside_alone():
    """Each call with it is answered with HTTP 500: at the last attempt it is alone, and the others are linked."""
    bench, plan = await approved_rows(2, 5)
    poison = numbers_of(2, 5)[3]

    async def faltering(call):
        if isinstance(call, Link) and poison in [target.number for target in call.targets]:
            return Unresolved(seen="HTTP 500")
        return await send(call)

    send, bench.account.send = bench.account.send, faltering

    await bench.carry_out(plan)

    assert {Linkage.LINKED: 9, Linkage.REFUSED: 1} == linkages(bench)
    refused: Linking = bench.journal.ledger_state.record(token(2)).numbers[poison]
    assert (SET_ASIDE, True) == (refused.code, refused.why.startswith("HTTP 500 in each of 3 attempts"))
    assert State.SUBMITTED is bench.state(2)


async def test_api_that_answers_no_link_is_tried_again_with_the_numbers_of_one_call():
    """Three calls of ten; then the ten numbers of two rows in smaller calls, and no others."""
    bench, plan = await approved_rows(6, 5)

    async def dead(call):
        if isinstance(call, Link):
            bench.account.calls.append(call)
            return Unresolved(seen="HTTP 202")
        return await send(call)

    send, bench.account.send = bench.account.send, dead

    await bench.carry_out(plan)

    again = bench.account.made(Operation.LINK)[3:]
    assert {token(1), token(2)} == {target.token for call in again for target in call.targets}
    assert Linkage.LINKED not in linkages(bench)


async def test_numbers_that_waited_for_those_of_one_call_are_linked_once_these_are():
    """Each of three calls was lost once."""
    bench, plan = await approved_rows(6, 5)
    bench.account.expect(Operation.LINK, *["unresolved"] * 3)

    await bench.carry_out(plan)

    assert {Linkage.LINKED: 30} == linkages(bench)
    assert 30 == len(bench.account.linked)


async def test_links_that_an_earlier_process_left_are_settled_before_any_is_sent_again():
    """Its calls may still be applied until W has passed since the lock was taken."""
    bench, plan = await approved_rows(1, 3)
    record = bench.journal.ledger_state.record(token(1))
    for number in numbers_of(1, 3):
        await bench.journal.append(intent(1, Op.LINK, number=number, compliance_id=record.compliance_id))
    await bench.journal.append(
        entries.RunStarted(
            run_id="r", user="", host="", version="", workbook="", job="", requirements="", quota="", settle=9.0
        )
    )
    bench.account.numbers[numbers_of(1, 3)[0]] = record.compliance_id
    left = decide(plan.decisions[0].judged, identity(1), bench.journal.ledger_state.record(token(1)), Scope())

    await bench.carry_out(Plan((left,), Forecast()))

    assert {Linkage.LINKED: 3} == linkages(bench)
    linked = [target.number for call in bench.account.made(Operation.LINK) for target in call.targets]
    assert (numbers_of(1, 3)[1:], True) == (linked, min(bench.account.times_of(Operation.LINK)) >= 9.0)
