"""Numbers of approved records are linked, each looked at before; what speaks against one is written down."""

from collections import Counter
from types import SimpleNamespace

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Link, Operation
from bulk_onboard.model.outcome import Done, Refused, Unresolved
from bulk_onboard.model.plan import Action, Decision, Scope
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.pipeline.links import FIRST_ALONE, LinkStyle, in_batches
from bulk_onboard.planning.decide import decide
from tests.unit.pipeline.samples import LOCAL, application, identity, token
from tests.unit.pipeline.writes import NUMBERS, WritingDesk

ONE, TWO, _ = NUMBERS
NUMBER_404 = Refused(code="http-404", http_status=404)
NUMBER_405 = Refused(code="http-405", http_status=405)


async def approved(**ways) -> WritingDesk:
    """The first row's record was approved, and the ledger knows it; another row's record is there, too."""
    context = WritingDesk(**ways)
    await context.submit()
    await context.judge("approved")
    return context


@pytest.fixture
async def context():
    return await approved()


def due(context, *numbers):
    """What is due for the row with these numbers, unchanged otherwise."""
    return context.decision("now", "; ".join(numbers))


def linkages(context):
    return {number: linking.linkage for number, linking in context.record.numbers.items()}


async def test_each_number_is_looked_at_and_then_linked(context):
    """One after the other, each with its intent."""
    decision = due(context, ONE, TWO)

    told = await context.link(decision)

    assert (Action.LINK, [(ONE, Done), (TWO, Done)]) == (decision.action, [(n, type(each)) for n, each in told])
    operations = [call.operation for call in context.account.calls[1:]]
    assert [Operation.NUMBER, Operation.LINK] * 2 == operations
    assert {ONE: context.made, TWO: context.made} == context.account.numbers
    assert {ONE: Linkage.LINKED, TWO: Linkage.LINKED} == linkages(context)
    assert ["intent link", "done link"] * 2 == context.story[1:]
    assert Action.NOTHING is due(context, ONE, TWO).action


async def test_number_that_is_linked_already_is_found_so_without_a_call(context):
    """By hand, or by a run whose ledger is lost."""
    context.account.numbers[ONE] = context.made

    told = await context.link(due(context, ONE))

    assert ([], []) == (told, context.account.made(Operation.LINK))
    assert ("adopted link", {ONE: Linkage.LINKED}) == (context.story[-1], linkages(context))


async def test_number_that_is_linked_elsewhere_is_held(context):
    """Not moved; the record stays submitted, the other number is linked, and nothing is told twice."""
    other = await context.submit(2)
    context.account.numbers[ONE] = other

    await context.link(due(context, ONE, TWO))
    written = len(context.journal.entries)
    await context.link(due(context, ONE, TWO))

    assert {ONE: other, TWO: context.made} == context.account.numbers
    assert Linking(Linkage.HELD, f"linked to another record, {other}") == context.record.numbers[ONE]
    assert (State.SUBMITTED, written, []) == (context.record.state, len(context.journal.entries), context.account.moved)


async def test_number_that_is_linked_elsewhere_is_moved_where_the_job_says_so():
    """relink = true."""
    context = await approved(relink=True)
    context.account.numbers[ONE] = await context.submit(2)

    await context.link(due(context, ONE))

    assert ({ONE: context.made}, {ONE: Linkage.LINKED}) == (context.account.numbers, linkages(context))


@pytest.mark.parametrize(("written", "moved"), [(ONE, False), (TWO, True), ("", True)])
async def test_number_that_another_row_names_too_is_not_taken_from_it(written, moved):
    """Else the two would take it from each other in turn; where that row names it no more it is moved."""
    context = await approved(relink=True)
    other = context.account.numbers[ONE] = await context.submit(2)
    row = Row("Businesses", 3, LOCAL, {"key": "K-0002", "numbers": written})
    second = Decision(JudgedRow(row, None, "now"), identity(2), Action.NOTHING, "")

    await context.link(due(context, ONE), rows={token(2): second})

    assert {ONE: context.made if moved else other} == context.account.numbers
    assert (Linkage.LINKED if moved else Linkage.HELD) is context.record.numbers[ONE].linkage


async def test_held_number_is_linked_once_it_is_free(context):
    """Each run looks at it again."""
    context.account.numbers[ONE] = await context.submit(2)
    await context.link(due(context, ONE))
    del context.account.numbers[ONE]
    context.context.looked_at.clear()  # another run

    await context.link(due(context, ONE))

    assert ({ONE: context.made}, {ONE: Linkage.LINKED}) == (context.account.numbers, linkages(context))


async def test_number_that_is_held_for_another_reason_now_is_told_anew(context):
    """Linked to a third record meanwhile."""
    context.account.numbers[ONE] = await context.submit(2)
    await context.link(due(context, ONE))
    third = context.account.numbers[ONE] = await context.submit(3)
    context.context.looked_at.clear()  # another run

    await context.link(due(context, ONE))

    assert f"linked to another record, {third}" == context.record.numbers[ONE].why


@pytest.mark.parametrize("relink", [False, True])
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (("DE", "local"), "the number is of DE, the record of IN"),
        (("IN", "mobile"), "the number is mobile, the record local"),
    ],
)
async def test_number_of_another_country_or_type_is_held(relink, kind, why):
    """Only a person can tell which of the two is wrong; to move it would not make it fit."""
    context = await approved(relink=relink)
    context.account.kinds[ONE] = kind

    await context.link(due(context, ONE))

    assert ({}, Linking(Linkage.HELD, why)) == (context.account.numbers, context.record.numbers[ONE])
    assert [] == context.account.made(Operation.LINK)


async def test_what_the_api_does_not_tell_of_a_number_is_no_objection(context):
    """Neither country nor type."""
    context.account.kinds[ONE] = ("", "")

    await context.link(due(context, ONE))

    assert 1 == len(context.account.made(Operation.LINK))


@pytest.mark.parametrize("answer", [NUMBER_404, NUMBER_405], ids=["404", "405"])
async def test_number_that_cannot_be_looked_at_is_linked_all_the_same(context, answer):
    """The API checks it, too."""
    hide_numbers(context, answer)

    await context.link(due(context, ONE))

    assert ({ONE: context.made}, {ONE: Linkage.LINKED}) == (context.account.numbers, linkages(context))


def hide_numbers(context, answer):
    """Let every look at a number be answered so."""

    async def hidden(call):
        return answer if call.operation is Operation.NUMBER else await send(call)

    send, context.account.send = context.account.send, hidden


@pytest.mark.parametrize("weather", ["unresolved", "unavailable"])
async def test_number_that_the_api_does_not_answer_for_waits(context, weather):
    """That is no 404: it stays due, and the next number is tried."""
    context.account.expect(Operation.NUMBER, *[weather] * 3)

    await context.link(due(context, ONE, TWO))

    assert ({TWO: context.made}, (ONE,)) == (context.account.numbers, due(context, ONE, TWO).numbers)


async def test_number_that_the_api_refuses_waits_for_a_person(context):
    """With its code and words; the next number is linked."""
    hide_numbers(context, NUMBER_404)
    context.account.kinds[ONE] = ("IN", "mobile")

    await context.link(due(context, ONE, TWO))

    refused = Linking(Linkage.REFUSED, "Number type does not match", "number_type_mismatch")
    assert (refused, {TWO: context.made}) == (context.record.numbers[ONE], context.account.numbers)
    assert (State.SUBMITTED, Action.NOTHING) == (context.record.state, due(context, ONE, TWO).action)


async def test_unknown_link_keeps_no_other_number_of_the_record_back(context):
    """Its number waits to be settled, and is not linked again; the record stays submitted."""
    context.account.expect(Operation.LINK, "unheard")

    told = await context.link(due(context, ONE, TWO))

    assert [(ONE, Unresolved), (TWO, Done)] == [(number, type(outcome)) for number, outcome in told]
    assert {ONE: Linkage.UNCERTAIN, TWO: Linkage.LINKED} == linkages(context)
    assert (State.SUBMITTED, ()) == (context.record.state, due(context, ONE, TWO).numbers)


async def test_unsent_link_stays_due(context):
    """And the next number is linked."""
    context.account.expect(Operation.LINK, *["unavailable"] * 3)

    await context.link(due(context, ONE, TWO))

    assert ({TWO: context.made}, (ONE,)) == (context.account.numbers, due(context, ONE, TWO).numbers)


@pytest.mark.parametrize("review", ["suspended", "expired", "rejected"])
async def test_approval_that_was_taken_away_says_nothing_of_the_number(context, review):
    """The API refuses; the record is read, no more numbers are tried, and none is given up."""
    await context.judge(review, known=False)

    told = await context.link(due(context, ONE, TWO))

    assert ["compliance_not_approved"] == [outcome.code for _, outcome in told]
    assert (review, {}, 1) == (context.record.review, context.record.numbers, len(context.account.made(Operation.LINK)))
    await context.judge("approved")
    assert (ONE, TWO) == due(context, ONE, TWO).numbers


async def test_nothing_begins_once_the_run_is_to_stop(context):
    """Not even a look."""
    decision = due(context, ONE)
    context.stop.request("signal")

    assert [] == await context.link(decision)
    assert [] == context.account.made(Operation.NUMBER)


# Many numbers of several records in one call.

REFUSED_AS_A_WHOLE = Refused(code="http-400", message="the call has an invalid number", http_status=400)


def many(count: int, first: int = 0) -> list[str]:
    """Numbers that the account has."""
    return [f"9111400{place:05d}" for place in range(first, first + count)]


async def two_records(numbers: int, each: int) -> tuple[WritingDesk, list[Decision]]:
    """Two approved records, whose rows have so many numbers `each` of these."""
    context = await approved()
    second = await context.submit(2)
    context.account.judge(second, "approved")
    await context.journal.append(entries.Reviewed(token=token(2), review="approved"))
    named = many(numbers)
    context.account.rented = {number: number for number in named}
    rows = [context.decision("now", "; ".join(named[:each])), row_of(context, 2, named[each:])]
    return context, rows


def row_of(context, number, numbers):
    """What is due for another row with these numbers."""
    row = Row("Businesses", number + 1, LOCAL, {"key": f"K-{number:04d}", "numbers": "; ".join(numbers)})
    record = context.journal.ledger_state.record(token(number))
    return decide(JudgedRow(row, application(number), "now"), identity(number), record, Scope())


async def test_numbers_of_several_records_go_in_one_call_each_under_its_own():
    """Ten and fifteen of two rows; one page and one call more than nothing."""
    context, rows = await two_records(25, each=10)

    told = await context.link(*rows, per_call=50, by_pages=True)

    (call,) = context.account.made(Operation.LINK)
    assert {token(1): 10, token(2): 15} == Counter(target.token for target in call.targets)
    assert ({Done}, 25) == ({type(outcome) for _, outcome in told}, len(context.account.linked))
    assert (2, 0) == (len(context.account.made(Operation.NUMBERS)), len(context.account.made(Operation.NUMBER)))


async def test_row_with_more_numbers_than_fit_takes_several_calls():
    """Twenty-five, ten a call."""
    context, rows = await two_records(25, each=25)

    await context.link(rows[0], per_call=10, by_pages=True)

    assert [10, 10, 5] == [len(call.targets) for call in context.account.made(Operation.LINK)]
    assert 25 == len(context.account.linked)


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [
        ([5] * 10, [10]),
        ([5] * 11, [10, 1]),
        ([30, 30, 10], [1, 2]),
        ([120, 1], [1, 1]),
        ([1, 120, 1], [1, 1, 1]),
        ([], []),
    ],
)
def test_rows_are_put_together_until_a_call_is_full(sizes, batches):
    """None is torn apart."""
    due = [SimpleNamespace(numbers=(None,) * size) for size in sizes]

    assert batches == [len(batch) for batch in in_batches(due, 50)]


async def test_bad_number_keeps_no_other_one_back():
    """The API refuses each call with it as a whole; in halves all but that one are linked, and that one is refused."""
    context, rows = await two_records(25, each=10)
    bad = many(25)[17]
    refuse_calls_with(context, bad)

    told = dict(await context.link(*rows, per_call=50, by_pages=True))

    assert (24, {bad}) == (
        len(context.account.linked),
        {n for n, outcome in told.items() if isinstance(outcome, Refused)},
    )
    record = context.journal.ledger_state.record(token(2))
    assert Linking(Linkage.REFUSED, "the call has an invalid number", "http-400") == record.numbers[bad]
    assert set(many(25)) == set(told)
    assert len(context.account.made(Operation.LINK)) <= 2 * 5 + 1


async def test_api_that_refuses_whatever_the_number_is_not_asked_for_each():
    """It has no such call, or refuses its form: after twenty numbers alone, none is judged any more; all stay due."""
    context, rows = await two_records(200, each=100)
    refuse_calls_with(context, *many(200))

    told = dict(await context.link(*rows, per_call=50, by_pages=True))

    (why,) = context.context.gave_up
    assert why.startswith(
        f"The API refused to link any of the first {FIRST_ALONE} numbers that were sent alone (http-400)"
    )
    assert (FIRST_ALONE, FIRST_ALONE) == (len(told), len(context.record.numbers))
    assert len(context.account.made(Operation.LINK)) <= 2 * FIRST_ALONE + 6


async def test_twenty_bad_numbers_keep_no_other_one_back_once_one_is_linked():
    """Then it is the numbers: all that can be linked are."""
    context, rows = await two_records(100, each=50)
    refuse_calls_with(context, *many(100)[5:45])

    await context.link(*rows, per_call=50, by_pages=True)

    assert 60 == len(context.account.linked)


def refuse_calls_with(context, *bad):
    """Refuse every call that has one of these numbers, and do nothing of it."""

    async def picky(call):
        if isinstance(call, Link) and not {*bad}.isdisjoint(target.number for target in call.targets):
            context.account.calls.append(call)
            context.account.times.append(context.clock.monotonic())
            return REFUSED_AS_A_WHOLE
        return await send(call)

    send, context.account.send = context.account.send, picky


async def test_record_that_is_approved_no_more_is_read_once_and_the_others_are_linked():
    """Its numbers are neither linked nor given up."""
    context, rows = await two_records(25, each=10)
    await context.judge("suspended", known=False)

    await context.link(*rows, per_call=50, by_pages=True)

    assert ("suspended", {}) == (context.record.review, context.record.numbers)
    assert 15 == len(context.account.linked)
    assert 1 == len(context.account.made(Operation.GET))


async def test_number_that_is_linked_elsewhere_is_held_and_the_rest_of_the_call_goes():
    """As one by one."""
    context, rows = await two_records(25, each=10)
    context.account.numbers[many(25)[3]] = "somebody else's"

    await context.link(*rows, per_call=50, by_pages=True)

    assert Linking(Linkage.HELD, "linked to another record, somebody else's") == context.record.numbers[many(25)[3]]
    assert (24, []) == (len(context.account.linked), context.account.moved)


@pytest.mark.parametrize(("attempt", "size"), [(0, 50), (1, 6), (2, 1)])
def test_numbers_that_stay_unknown_are_sent_with_fewer_others_each_time(attempt, size):
    """So that one which the API cannot answer is alone at the last attempt, and is set aside alone."""
    assert size == LinkStyle(per_call=50).at_attempt(attempt)
    assert 1 == LinkStyle().at_attempt(attempt)
