"""Unknown updates, links and deletes are settled by what the API says now; contested ones like lost answers."""

from collections import Counter

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import (
    Delete,
    GetNumber,
    Link,
    LinkTarget,
    NumberRecord,
    Operation,
    Priority,
    RecordPage,
    Update,
)
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Done, Refused
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.pipeline.settle import MISSES_AT_MOST, Subject
from tests.support.gateways import ScriptedGateway
from tests.unit.pipeline.rigs import SCHEDULE, Rig, W
from tests.unit.pipeline.samples import (
    NUMBER,
    OUTCOMES,
    alias,
    application,
    compliance_id,
    create,
    doubted,
    expanded,
    intent,
    server_record,
    token,
    uncertain,
    unresolved,
)


async def ready_for(op, **told):
    """A submitted record of the first row whose next write is unknown, and the API that has the record."""
    context = Rig()
    made = await context.account.send(create(1))
    sent, _, *doubt = doubted(op, compliance_id=made.value, **told)
    for entry in (sent, entries.Done(token=token(1), op=Op.CREATE, compliance_id=made.value), *doubt):
        await context.journal.append(entry)
    context.account.reviews[made.value] = "rejected"
    return context, made.value


async def test_update_that_took_effect_is_adopted_by_what_the_record_says_now():
    """It changed since it was seen: applied, whatever the review is now."""
    context, made = await ready_for(Op.UPDATE, seen_at="submission 0")
    update = Update(token=token(1), compliance_id=made, alias=alias(1), application=application(1), fingerprint="f")
    await context.account.send(update)

    await context.settle()

    assert ["unresolved update", "adopted update"] == context.journal.story(token(1))[-2:]
    assert (State.SUBMITTED, 2.0) == (context.state(), pytest.approx(context.clock.monotonic()))


async def test_update_that_took_no_effect_is_absent_only_after_w():
    """Unchanged and still to be corrected: it may yet be applied until W is over."""
    context, _ = await ready_for(Op.UPDATE, seen_at="submission 0")

    settler = await context.settle()

    assert SCHEDULE == pytest.approx(context.account.times_of(Operation.GET))
    assert (State.SUBMITTED, W) == (context.state(), context.newest().waited_s)
    assert [token(1)] == settler.take_settled()


async def test_delete_whose_record_is_gone_is_done():
    """404 says so at the first look."""
    context, made = await ready_for(Op.DELETE)
    await context.account.send(Delete(token=token(1), compliance_id=made))

    await context.settle()

    assert (State.DELETED, "adopted delete") == (context.state(), context.journal.story(token(1))[-1])
    assert [2.0] == pytest.approx(context.account.times_of(Operation.GET))


async def test_delete_whose_record_stays_is_absent_only_after_w():
    """It may yet be deleted until W is over."""
    context, _ = await ready_for(Op.DELETE)

    await context.settle()

    assert SCHEDULE == pytest.approx(context.account.times_of(Operation.GET))
    assert (State.SUBMITTED, W) == (context.state(), context.newest().waited_s)


async def test_link_that_took_effect_is_adopted_by_what_the_number_has_now():
    """At the first look that shows it."""
    context, made = await ready_for(Op.LINK, number=NUMBER)
    context.account.judge(made, "approved")
    await context.account.send(Link(targets=(LinkTarget(NUMBER, made, token(1)),)))

    await context.settle(of=NUMBER)

    assert (State.SUBMITTED, "adopted link") == (context.state(), context.journal.story(token(1))[-1])
    assert [GetNumber(number=NUMBER, priority=Priority.SETTLE)] == context.account.made(Operation.NUMBER)
    assert 2.0 == pytest.approx(context.clock.monotonic())


async def test_link_that_took_no_effect_is_absent_only_after_w():
    """A call that was held up may still be applied; then the number is due again."""
    context, _ = await ready_for(Op.LINK, number=NUMBER)

    settler = await context.settle(of=NUMBER)

    assert SCHEDULE == pytest.approx(context.account.times_of(Operation.NUMBER))
    assert ("absent", NUMBER, W) == (context.newest().name(), context.newest().number, context.newest().waited_s)
    assert ({}, [token(1)]) == (context.journal.ledger_state.record(token(1)).numbers, settler.take_settled())


async def test_link_that_shows_late_is_found_before_it_is_given_up():
    """Fifty seconds after its caller did."""
    context, made = await ready_for(Op.LINK, number=NUMBER)
    context.account.judge(made, "approved")
    context.account.do(Link(targets=(LinkTarget(NUMBER, made, token(1)),)), late_s=50.0)

    await context.settle(of=NUMBER)

    assert "adopted link" == context.journal.story(token(1))[-1]
    assert 90.0 == pytest.approx(context.clock.monotonic())


async def fifty_unknown(shown: int) -> Rig:
    """Fifty numbers of a record whose links are unknown; so many of them are linked, and all are the account's."""
    context = Rig(by_pages=True)
    made = await context.account.send(create(1))
    context.account.judge(made.value, "approved")
    await context.journal.append(intent(1))
    await context.journal.append(entries.Done(token=token(1), op=Op.CREATE, compliance_id=made.value))
    numbers = [f"9111400{place:05d}" for place in range(50)]
    context.account.rented = {number: number for number in numbers}
    for number in numbers:
        await context.journal.append(intent(1, Op.LINK, number=number, compliance_id=made.value))
        await context.journal.append(unresolved(1, Op.LINK, of=number))
    context.account.numbers = dict.fromkeys(numbers[:shown], made.value)
    return context


async def test_unknown_links_are_looked_at_together_by_pages_where_that_is_cheaper():
    """Fifty on three pages, in one look."""
    context = await fifty_unknown(shown=50)
    settler = context.settler()
    for number in context.account.rented:
        settler.watch(Subject(token(1), number), 0.0)

    await settler.run()

    assert {Linkage.LINKED} == {each.linkage for each in context.record().numbers.values()}
    assert (3, 0) == (len(context.account.made(Operation.NUMBERS)), len(context.account.made(Operation.NUMBER)))


async def test_of_many_unknown_links_each_is_settled_by_its_own_number():
    """Those that are there at the first look, the rest after W."""
    context = await fifty_unknown(shown=47)
    settler = context.settler()
    for number in context.account.rented:
        settler.watch(Subject(token(1), number), 0.0)

    await settler.run()

    assert {Linkage.LINKED: 47} == Counter(each.linkage for each in context.record().numbers.values())
    assert [W] * 3 == [entry.waited_s for entry in context.journal.entries if isinstance(entry, entries.Absent)]


async def test_number_that_nobody_waits_for_any_more_is_forgotten():
    """Its record was filed anew meanwhile: nothing is asked, and nothing written."""
    context, _ = await ready_for(Op.LINK, number=NUMBER)

    await context.settle(of="911140000009")

    assert [] == context.account.made(Operation.NUMBER)


@pytest.mark.parametrize("outcome", ["unresolved", "unavailable", "throttled", "denied"])
@pytest.mark.parametrize("op", [Op.UPDATE, Op.LINK, Op.DELETE])
async def test_record_that_cannot_be_read_leaves_its_write_uncertain(op, outcome):
    """No answer says nothing of an update, a link or a delete either."""
    api = ScriptedGateway(*[OUTCOMES[outcome]] * MISSES_AT_MOST)
    context = Rig(*doubted(op), api=api)

    await context.settle(of=NUMBER if op is Op.LINK else "")

    assert context.is_uncertain(op)
    assert MISSES_AT_MOST == len(api.calls)


async def test_number_that_cannot_be_looked_at_is_due_again_after_w():
    """Nothing can show whether it is linked; a link sets a value, so it may be repeated once nothing is under way."""
    gone = Refused(code="not_found", http_status=404)
    context = Rig(*doubted(Op.LINK), api=ScriptedGateway(*[gone] * len(SCHEDULE)))

    await context.settle(of=NUMBER)

    assert ("absent link", W) == (context.journal.story(token(1))[-1], context.newest().waited_s)


@pytest.mark.parametrize(("op", "expected"), [(Op.UPDATE, State.GONE), (Op.DELETE, State.DELETED)])
async def test_404_is_an_answer(op, expected):
    """The record is gone: a delete is done, an update never will be."""
    context = Rig(*doubted(op), api=ScriptedGateway(Refused(code="not_found", http_status=404)))

    await context.settle()

    assert expected is context.state()


@pytest.mark.parametrize("op", [Op.UPDATE, Op.LINK, Op.DELETE])
async def test_other_refusals_are_no_answer(op):
    """A read that is refused for another reason says nothing of the record."""
    context = Rig(*doubted(op), api=ScriptedGateway(*[OUTCOMES["refused"]] * MISSES_AT_MOST))

    await context.settle(of=NUMBER if op is Op.LINK else "")

    assert context.is_uncertain(op)


async def test_writes_of_all_kinds_are_settled_side_by_side():
    """A create, an update, a link and a delete, each by its own rule."""
    story = [*uncertain(1)]
    for number, op in ((2, Op.UPDATE), (3, Op.LINK), (4, Op.DELETE)):
        story += doubted(op, number)
    answers = [
        Done(value=RecordPage(records=(server_record(1),))),
        Done(value=NumberRecord(number=NUMBER, compliance_id=compliance_id(3))),
        Done(value=expanded(1)),
        Done(value=server_record(2, updated_at="later")),
        Done(value=server_record(4)),
        Done(value=server_record(4)),
        Done(value=server_record(4)),
        Done(value=server_record(4)),
    ]
    context = Rig(*story, api=ScriptedGateway(*answers))
    settler = context.settler()
    for subject in (Subject(token(1)), Subject(token(2)), Subject(token(3), NUMBER), Subject(token(4))):
        settler.watch(subject, 0.0)

    await settler.run()

    newest = [context.journal.story(token(number))[-1] for number in (1, 2, 3, 4)]
    assert ["adopted create", "adopted update", "adopted link", "absent delete"] == newest


# A no that may come of the very write that it answers.

CONFLICT = Refused(code="conflict", message="it exists already", http_status=409)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], State.REFUSED),
        ([create(1)], State.SUBMITTED),
        ([create(1), create(1)], State.HELD),
        ([create(1, application=application(1, business_name="INVENTED TRADERS 1"))], State.SUBMITTED),
        ([create(2)], State.REFUSED),
    ],
    ids=["none", "what was sent", "two", "normalised", "another row's"],
)
async def test_contested_create_is_settled_like_a_lost_answer(context, records, expected):
    """ "Already exists": adopted where its token is there, else the no stands, but only after W."""
    for one in records:
        await context.account.send(one)

    await context.settle(said=CONFLICT)

    assert expected is context.state()
    if expected is State.REFUSED:
        record = context.journal.ledger_state.record(token(1))
        assert ["absent create", "refused create"] == context.journal.story(token(1))[-2:]
        assert ("conflict", "it exists already") == (record.code, record.reason)
        assert SCHEDULE == pytest.approx(context.looks())


async def test_contested_create_that_cannot_be_looked_up_stays_uncertain():
    """Whether something was made is not known, so the no does not stand yet; nothing is sent again."""
    context = Rig(*uncertain(1), api=ScriptedGateway(*[OUTCOMES["unresolved"]] * MISSES_AT_MOST))

    await context.settle(said=CONFLICT)

    assert State.UNCERTAIN is context.state()


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
async def test_contested_update_or_delete_that_was_not_done_is_refused_at_the_first_look(op):
    """It was answered, so the record itself says whether it was carried out; W need not be waited for."""
    told = {"seen_at": "submission 0", "fingerprint": "f"} if op is Op.UPDATE else {}
    context, _ = await ready_for(op, **told)

    await context.settle(said=CONFLICT)

    record = context.journal.ledger_state.record(token(1))
    assert (State.SUBMITTED, f"refused {op}") == (record.state, context.journal.story(token(1))[-1])
    assert ("conflict", told.get("fingerprint", "")) == (record.code, record.refused)
    assert [2.0] == pytest.approx(context.account.times_of(Operation.GET))


@pytest.mark.parametrize(
    ("said", "after_s"),
    [(CONFLICT, 2.0), (Refused(code="link-failed", message="Number not found on your account."), W)],
    ids=["the whole answer", "a report that contradicts itself"],
)
async def test_contested_link_that_was_not_done_is_refused_for_its_number(said, after_s):
    """The number is not linked again while nothing changes. Only a no of the whole call needs no W."""
    context, _ = await ready_for(Op.LINK, number=NUMBER)

    await context.settle(said=said, of=NUMBER)

    linking = context.record().numbers[NUMBER]
    assert Linking(Linkage.REFUSED, said.message, said.code) == linking
    assert after_s == pytest.approx(context.clock.monotonic())


async def test_contested_update_that_was_done_is_adopted():
    """The no came of a repetition inside the API: the content is there."""
    context, made = await ready_for(Op.UPDATE, seen_at="submission 0")
    update = Update(token=token(1), compliance_id=made, alias=alias(1), application=application(1), fingerprint="f")
    await context.account.send(update)

    await context.settle(said=CONFLICT)

    assert "adopted update" == context.journal.story(token(1))[-1]
