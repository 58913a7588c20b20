"""A record that was sent back is read, then updated with the whole of what the row says now; or it is not."""

from dataclasses import replace

import pytest

from bulk_onboard.model.call import Get, Operation, Priority
from bulk_onboard.model.outcome import Done, Refused, Unavailable, Unresolved, Withheld
from bulk_onboard.model.plan import Action
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.writes import update
from tests.unit.pipeline.samples import DOCUMENT_TYPES, alias, application, content, token
from tests.unit.pipeline.writes import WritingDesk


@pytest.fixture
async def context():
    """The first row's record was rejected, and the ledger knows it."""
    context = WritingDesk()
    await context.submit()
    await context.judge("rejected", "Blurred.")
    return context


@pytest.mark.parametrize("review", ["rejected", "more info"])
async def test_record_that_was_sent_back_takes_what_the_row_says_now(context, review):
    """Read first; then one update with all fields and all documents, after which it waits for reviewers again."""
    await context.judge(review, "Once more.")
    decision = context.decision()

    outcome = await update(context.context, decision)

    (call,) = context.account.made(Operation.UPDATE)
    assert (Action.UPDATE, Done) == (decision.action, type(outcome))
    assert [Operation.GET, Operation.UPDATE] == [call.operation for call in context.account.calls[1:]]
    assert Get(compliance_id=context.made, priority=Priority.WRITE) == context.account.made(Operation.GET)[0]
    assert (application(1, email="new@example.com"), alias(1)) == (call.application, call.alias)
    assert tuple(map(content, DOCUMENT_TYPES)) == call.files
    assert ["reviewed", "intent update", "done update"] == context.story[-3:]
    assert ("mended", "pending", "") == (
        context.record.fingerprint,
        context.record.review,
        context.record.review_reason,
    )
    assert "mended" == context.account.records[context.made].fingerprint


async def test_intent_says_when_the_record_was_submitted(context):
    """By that an unknown update is settled; a judgement of people does not change it."""
    await context.judge("more info", "Once more.")

    await update(context.context, context.decision())

    assert "submission 0" == context.record.seen_at


async def test_intent_says_when_it_changed_where_the_api_does_not_tell_when_it_was_submitted(context):
    """A rejected record changes when it is submitted; that its reviewers look at the old content again is rare."""
    context.account.tells_submitted = False

    await update(context.context, context.decision())

    assert "revision 1" == context.record.seen_at


async def test_nothing_is_due_once_it_was_updated(context):
    """The same content never again, whatever the reviewers say of it."""
    await update(context.context, context.decision())
    pending = context.decision().action
    await context.judge("rejected", "Still blurred.")

    assert [Action.NOTHING, Action.NOTHING] == [pending, context.decision().action]
    assert Action.UPDATE is context.decision("mended again").action


@pytest.mark.parametrize("review", ["pending", "approved", "suspended"])
async def test_record_that_waits_for_no_correction_any_more_is_left_alone(context, review):
    """The read says so, and the ledger then, too; no update goes out."""
    await context.judge(review, known=False)

    outcome = await update(context.context, context.decision())

    assert (None, []) == (outcome, context.account.made(Operation.UPDATE))
    assert (review, Action.NOTHING) == (context.record.review, context.decision().action)


@pytest.mark.parametrize("weather", ["unresolved", "unavailable", "denied"])
async def test_record_that_cannot_be_read_is_not_updated(context, weather):
    """It stays due."""
    context.account.expect(Operation.GET, *[weather] * 3)

    outcome = await update(context.context, context.decision())

    assert (None, []) == (outcome, context.account.made(Operation.UPDATE))
    assert (["reviewed"], Action.UPDATE) == (context.story, context.decision().action)


async def test_record_that_is_gone_is_told_once(context):
    """A person must look: nobody files it anew by himself, or sends it a correction again, whatever the row says."""
    del context.account.records[context.made]

    outcome = await update(context.context, context.decision())

    assert (None, State.GONE, context.made) == (outcome, context.record.state, context.record.compliance_id)
    assert ([], Action.NOTHING) == (context.account.made(Operation.UPDATE), context.decision("mended again").action)


@pytest.mark.parametrize("review", ["rejected", "pending"])
async def test_record_with_the_name_of_another_row_is_not_overwritten(context, review):
    """Whatever the ledger says, that is another business's record, and its review says nothing of this one."""
    context.renamed(alias(2))
    context.account.judge(context.made, review)

    outcome = await update(context.context, context.decision())

    assert (None, "record-misnamed") == (outcome, context.record.code)
    assert ([], Action.NOTHING) == (context.account.made(Operation.UPDATE), context.decision().action)


@pytest.mark.parametrize("shown", [{"number_type": "mobile"}, {"country_iso": "DE"}])
async def test_record_of_another_country_or_type_takes_no_correction(context, shown):
    """Neither can be changed, so the row's content would go to the wrong kind of record."""
    send = context.account.send

    async def show_otherwise(call):
        outcome = await send(call)
        return replace(outcome, value=replace(outcome.value, **shown)) if isinstance(call, Get) else outcome

    context.account.send = show_otherwise

    outcome = await update(context.context, context.decision())

    assert (None, "record-of-other-type") == (outcome, context.record.code)
    assert ([], Action.NOTHING) == (context.account.made(Operation.UPDATE), context.decision().action)


async def test_record_that_was_renamed_by_hand_is_updated_under_its_alias(context):
    """An alias without a token may be anybody's word for it; the next look finds it by its own again."""
    context.renamed("Our best customer")

    await update(context.context, context.decision())

    assert alias(1) == context.account.records[context.made].alias


async def test_refused_content_waits_until_the_row_changes(context):
    """The API judged it, so the same content is not sent again."""
    context.account.expect(Operation.UPDATE, "refused")

    outcome = await update(context.context, context.decision())

    assert isinstance(outcome, Refused)
    assert ("mended", "invalid", "rejected") == (context.record.refused, context.record.code, context.record.review)
    assert [Action.NOTHING, Action.UPDATE] == [context.decision().action, context.decision("mended again").action]


async def test_refusal_for_what_the_record_has_become_is_about_no_content(context):
    """Approved between the read and the update: the record is read again, and nothing more is due."""

    async def approve_meanwhile(call):
        if call.operation is Operation.UPDATE:
            context.account.judge(context.made, "approved")
        return await send(call)

    send, context.account.send = context.account.send, approve_meanwhile

    outcome = await update(context.context, context.decision())

    assert "compliance_not_editable" == outcome.code
    assert ("approved", "", "now") == (context.record.review, context.record.code, context.record.fingerprint)
    assert ["intent update", "refused update", "reviewed"] == context.story[-3:]


@pytest.mark.parametrize(
    ("weather", "expected"), [("unavailable", Unavailable), ("unresolved", Unresolved), ("unheard", Unresolved)]
)
async def test_update_that_the_api_did_not_judge_is_no_news(context, weather, expected):
    """Unsent: still due. Unknown: settled before anything else."""
    context.account.expect(Operation.UPDATE, *[weather] * 3)

    outcome = await update(context.context, context.decision())

    unknown = expected is Unresolved
    assert expected is type(outcome)
    assert (State.UNCERTAIN if unknown else State.SUBMITTED) is context.record.state
    assert (Action.SETTLE if unknown else Action.UPDATE) is context.decision().action
    assert (1 if unknown else 3) == len(context.account.made(Operation.UPDATE))


async def test_document_that_changed_since_it_was_checked_is_not_sent(context):
    """Nothing is journaled, and the row stays due."""
    context.changed = {"1/address_proof.pdf"}

    outcome = await update(context.context, context.decision())

    assert isinstance(outcome, Withheld)
    assert ([], ["reviewed"]) == (context.account.made(Operation.UPDATE), context.story)


async def test_refused_content_that_was_to_be_retried_and_was_not_sent_stays_refused(context):
    """Nobody judged it anew, so `--retry-refused` finds it again."""
    context.account.expect(Operation.UPDATE, "refused", *["unavailable"] * 3)
    await update(context.context, context.decision())

    await update(context.context, context.decision())

    assert ("invalid", "mended", "now") == (context.record.code, context.record.refused, context.record.fingerprint)


async def test_what_was_refused_is_forgotten_once_other_content_is_sent(context):
    """The code speaks of content that is not the row's any more."""
    context.account.expect(Operation.UPDATE, "refused", *["unavailable"] * 3)
    await update(context.context, context.decision())

    await update(context.context, context.decision("mended again"))

    assert ("", token(1)) == (context.record.code, context.record.token)
