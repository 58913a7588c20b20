"""Numbers of an approved record are linked, each looked at before; what speaks against one is written down."""

import pytest

from bulk_onboard.model.call import Operation
from bulk_onboard.model.outcome import Done, Refused, Unresolved
from bulk_onboard.model.plan import Action, Decision
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.submission.link import link
from tests.unit.submission.samples import LOCAL, identity, token
from tests.unit.submission.writes import NUMBERS, WritingDesk

ONE, TWO, _ = NUMBERS
ROWS: dict[str, Decision] = {}  # the other rows of the sheet, where they matter
NUMBER_404 = Refused(code="http-404", http_status=404)
NUMBER_405 = Refused(code="http-405", http_status=405)


async def approved(**ways) -> WritingDesk:
    """The first row's record was approved, and the ledger knows it; another row's record is there, too."""
    desk = WritingDesk(**ways)
    await desk.submit()
    await desk.judge("approved")
    return desk


@pytest.fixture
async def desk():
    return await approved()


def due(desk, *numbers):
    """What is due for the row with these numbers, unchanged otherwise."""
    return desk.decision("now", "; ".join(numbers))


def linkages(desk):
    return {number: linking.linkage for number, linking in desk.record.numbers.items()}


async def test_each_number_is_looked_at_and_then_linked(desk):
    """One after the other, each with its intent."""
    decision = due(desk, ONE, TWO)

    outcome = await link(desk.desk, decision, ROWS)

    assert (Action.LINK, Done) == (decision.action, type(outcome))
    operations = [call.operation for call in desk.account.calls[1:]]
    assert [Operation.NUMBER, Operation.LINK] * 2 == operations
    assert {ONE: desk.made, TWO: desk.made} == desk.account.numbers
    assert {ONE: Linkage.LINKED, TWO: Linkage.LINKED} == linkages(desk)
    assert ["intent link", "done link"] * 2 == desk.story[1:]
    assert Action.NOTHING is due(desk, ONE, TWO).action


async def test_number_that_is_linked_already_is_found_so_without_a_call(desk):
    """By hand, or by a run whose ledger is lost."""
    desk.account.numbers[ONE] = desk.made

    outcome = await link(desk.desk, due(desk, ONE), ROWS)

    assert (None, []) == (outcome, desk.account.made(Operation.LINK))
    assert ("adopted link", {ONE: Linkage.LINKED}) == (desk.story[-1], linkages(desk))


async def test_number_that_is_linked_elsewhere_is_held(desk):
    """Not moved; the record stays submitted, the other number is linked, and nothing is told twice."""
    other = await desk.submit(2)
    desk.account.numbers[ONE] = other

    await link(desk.desk, due(desk, ONE, TWO), ROWS)
    written = len(desk.journal.entries)
    await link(desk.desk, due(desk, ONE, TWO), ROWS)

    assert {ONE: other, TWO: desk.made} == desk.account.numbers
    assert Linking(Linkage.HELD, f"linked to another record, {other}") == desk.record.numbers[ONE]
    assert (State.SUBMITTED, written, []) == (desk.record.state, len(desk.journal.entries), desk.account.moved)


async def test_number_that_is_linked_elsewhere_is_moved_where_the_job_says_so():
    """relink = true."""
    desk = await approved(relink=True)
    desk.account.numbers[ONE] = await desk.submit(2)

    await link(desk.desk, due(desk, ONE), ROWS)

    assert ({ONE: desk.made}, {ONE: Linkage.LINKED}) == (desk.account.numbers, linkages(desk))


@pytest.mark.parametrize(("written", "moved"), [(ONE, False), (TWO, True), ("", True)])
async def test_number_that_another_row_names_too_is_not_taken_from_it(written, moved):
    """Else the two would take it from each other in turn; where that row names it no more it is moved."""
    desk = await approved(relink=True)
    other = desk.account.numbers[ONE] = await desk.submit(2)
    row = Row("Businesses", 3, LOCAL, {"key": "K-0002", "numbers": written})
    second = Decision(JudgedRow(row, None, "now"), identity(2), Action.NOTHING, "")

    await link(desk.desk, due(desk, ONE), {token(2): second})

    assert {ONE: desk.made if moved else other} == desk.account.numbers
    assert (Linkage.LINKED if moved else Linkage.HELD) is desk.record.numbers[ONE].linkage


async def test_held_number_is_linked_once_it_is_free(desk):
    """Each run looks at it again."""
    desk.account.numbers[ONE] = await desk.submit(2)
    await link(desk.desk, due(desk, ONE), ROWS)
    del desk.account.numbers[ONE]
    desk.desk.looked_at.clear()  # another run

    await link(desk.desk, due(desk, ONE), ROWS)

    assert ({ONE: desk.made}, {ONE: Linkage.LINKED}) == (desk.account.numbers, linkages(desk))


async def test_number_that_is_held_for_another_reason_now_is_told_anew(desk):
    """Linked to a third record meanwhile."""
    desk.account.numbers[ONE] = await desk.submit(2)
    await link(desk.desk, due(desk, ONE), ROWS)
    third = desk.account.numbers[ONE] = await desk.submit(3)
    desk.desk.looked_at.clear()  # another run

    await link(desk.desk, due(desk, ONE), ROWS)

    assert f"linked to another record, {third}" == desk.record.numbers[ONE].why


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
    desk = await approved(relink=relink)
    desk.account.kinds[ONE] = kind

    await link(desk.desk, due(desk, ONE), ROWS)

    assert ({}, Linking(Linkage.HELD, why)) == (desk.account.numbers, desk.record.numbers[ONE])
    assert [] == desk.account.made(Operation.LINK)


async def test_what_the_api_does_not_tell_of_a_number_is_no_objection(desk):
    """Neither country nor type."""
    desk.account.kinds[ONE] = ("", "")

    await link(desk.desk, due(desk, ONE), ROWS)

    assert 1 == len(desk.account.made(Operation.LINK))


@pytest.mark.parametrize("answer", [NUMBER_404, NUMBER_405], ids=["404", "405"])
async def test_number_that_cannot_be_looked_at_is_linked_all_the_same(desk, answer):
    """The API checks it, too."""
    hide_numbers(desk, answer)

    await link(desk.desk, due(desk, ONE), ROWS)

    assert ({ONE: desk.made}, {ONE: Linkage.LINKED}) == (desk.account.numbers, linkages(desk))


def hide_numbers(desk, answer):
    """Let every look at a number be answered so."""

    async def hidden(call):
        return answer if call.operation is Operation.NUMBER else await send(call)

    send, desk.account.send = desk.account.send, hidden


@pytest.mark.parametrize("weather", ["unresolved", "unavailable"])
async def test_number_that_the_api_does_not_answer_for_waits(desk, weather):
    """That is no 404: it stays due, and the next number is tried."""
    desk.account.expect(Operation.NUMBER, *[weather] * 3)

    await link(desk.desk, due(desk, ONE, TWO), ROWS)

    assert ({TWO: desk.made}, (ONE,)) == (desk.account.numbers, due(desk, ONE, TWO).numbers)


async def test_number_that_the_api_refuses_waits_for_a_person(desk):
    """With its code and words; the next number is linked."""
    hide_numbers(desk, NUMBER_404)
    desk.account.kinds[ONE] = ("IN", "mobile")

    await link(desk.desk, due(desk, ONE, TWO), ROWS)

    refused = Linking(Linkage.REFUSED, "Number type does not match", "number_type_mismatch")
    assert (refused, {TWO: desk.made}) == (desk.record.numbers[ONE], desk.account.numbers)
    assert (State.SUBMITTED, Action.NOTHING) == (desk.record.state, due(desk, ONE, TWO).action)


async def test_unknown_link_is_settled_before_the_next_number_has_its_turn(desk):
    """One unknown write of a record at a time."""
    desk.account.expect(Operation.LINK, "unheard")

    outcome = await link(desk.desk, due(desk, ONE, TWO), ROWS)

    assert isinstance(outcome, Unresolved)
    assert (State.UNCERTAIN, ONE, 1) == (
        desk.record.state,
        desk.record.number,
        len(desk.account.made(Operation.LINK)),
    )


async def test_unsent_link_stays_due(desk):
    """And the next number is linked."""
    desk.account.expect(Operation.LINK, *["unavailable"] * 3)

    await link(desk.desk, due(desk, ONE, TWO), ROWS)

    assert ({TWO: desk.made}, (ONE,)) == (desk.account.numbers, due(desk, ONE, TWO).numbers)


@pytest.mark.parametrize("review", ["suspended", "expired", "rejected"])
async def test_approval_that_was_taken_away_says_nothing_of_the_number(desk, review):
    """The API refuses; the record is read, no more numbers are tried, and none is given up."""
    await desk.judge(review, known=False)

    outcome = await link(desk.desk, due(desk, ONE, TWO), ROWS)

    assert "compliance_not_approved" == outcome.code
    assert (review, {}, 1) == (desk.record.review, desk.record.numbers, len(desk.account.made(Operation.LINK)))
    await desk.judge("approved")
    assert (ONE, TWO) == due(desk, ONE, TWO).numbers


async def test_nothing_begins_once_the_run_is_to_stop(desk):
    """Not even a look."""
    decision = due(desk, ONE)
    desk.stop.request("signal")

    assert None is await link(desk.desk, decision, ROWS)
    assert [] == desk.account.made(Operation.NUMBER)
