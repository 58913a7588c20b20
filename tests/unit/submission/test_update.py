"""A record that was sent back is read, then updated with the whole of what the row says now; or it is not."""

from dataclasses import replace

import pytest

from bulk_onboard.model.call import Get, Operation, Priority
from bulk_onboard.model.outcome import Done, Refused, Unavailable, Unresolved, Withheld
from bulk_onboard.model.plan import Action
from bulk_onboard.model.record import State
from bulk_onboard.submission.update import update
from tests.unit.submission.samples import DOCUMENT_TYPES, alias, application, content, token
from tests.unit.submission.writes import WritingDesk


@pytest.fixture
async def desk():
    """The first row's record was rejected, and the ledger knows it."""
    desk = WritingDesk()
    await desk.submit()
    await desk.judge("rejected", "Blurred.")
    return desk


@pytest.mark.parametrize("review", ["rejected", "more info"])
async def test_record_that_was_sent_back_takes_what_the_row_says_now(desk, review):
    """Read first; then one update with all fields and all documents, after which it waits for reviewers again."""
    await desk.judge(review, "Once more.")
    decision = desk.decision()

    outcome = await update(desk.desk, decision)

    (call,) = desk.account.made(Operation.UPDATE)
    assert (Action.UPDATE, Done) == (decision.action, type(outcome))
    assert [Operation.GET, Operation.UPDATE] == [call.operation for call in desk.account.calls[1:]]
    assert Get(compliance_id=desk.made, priority=Priority.WRITE) == desk.account.made(Operation.GET)[0]
    assert (application(1, email="new@example.com"), alias(1)) == (call.application, call.alias)
    assert tuple(map(content, DOCUMENT_TYPES)) == call.files
    assert ["reviewed", "intent update", "done update"] == desk.story[-3:]
    assert ("mended", "pending", "") == (desk.record.fingerprint, desk.record.review, desk.record.review_reason)
    assert "mended" == desk.account.records[desk.made].fingerprint


async def test_intent_says_when_the_record_was_submitted(desk):
    """By that an unknown update is settled; a judgement of people does not change it."""
    await desk.judge("more info", "Once more.")

    await update(desk.desk, desk.decision())

    assert "submission 0" == desk.record.seen_at


async def test_intent_says_no_time_where_the_api_tells_none(desk):
    """When it was changed says nothing: a review changes that, too. Then the review alone settles it."""
    desk.account.tells_submitted = False

    await update(desk.desk, desk.decision())

    assert "" == desk.record.seen_at


async def test_nothing_is_due_once_it_was_updated(desk):
    """The same content never again, whatever the reviewers say of it."""
    await update(desk.desk, desk.decision())
    pending = desk.decision().action
    await desk.judge("rejected", "Still blurred.")

    assert [Action.NOTHING, Action.NOTHING] == [pending, desk.decision().action]
    assert Action.UPDATE is desk.decision("mended again").action


@pytest.mark.parametrize("review", ["pending", "approved", "suspended", "expired"])
async def test_record_that_waits_for_no_correction_any_more_is_left_alone(desk, review):
    """The read says so, and the ledger then, too; no update goes out."""
    await desk.judge(review, known=False)

    outcome = await update(desk.desk, desk.decision())

    assert (None, []) == (outcome, desk.account.made(Operation.UPDATE))
    assert (review, Action.NOTHING) == (desk.record.review, desk.decision().action)


@pytest.mark.parametrize("weather", ["unresolved", "unavailable", "denied"])
async def test_record_that_cannot_be_read_is_not_updated(desk, weather):
    """It stays due."""
    desk.account.expect(Operation.GET, *[weather] * 3)

    outcome = await update(desk.desk, desk.decision())

    assert (None, []) == (outcome, desk.account.made(Operation.UPDATE))
    assert (["reviewed"], Action.UPDATE) == (desk.story, desk.decision().action)


async def test_record_that_is_gone_is_told_once(desk):
    """A person must look: nobody files it anew by himself, or sends it a correction again, whatever the row says."""
    del desk.account.records[desk.made]

    outcome = await update(desk.desk, desk.decision())

    assert (None, State.GONE, desk.made) == (outcome, desk.record.state, desk.record.compliance_id)
    assert ([], Action.NOTHING) == (desk.account.made(Operation.UPDATE), desk.decision("mended again").action)


@pytest.mark.parametrize("review", ["rejected", "pending"])
async def test_record_with_the_name_of_another_row_is_not_overwritten(desk, review):
    """Whatever the ledger says, that is another business's record, and its review says nothing of this one."""
    desk.renamed(alias(2))
    desk.account.judge(desk.made, review)

    outcome = await update(desk.desk, desk.decision())

    assert (None, "record-misnamed") == (outcome, desk.record.code)
    assert ([], Action.NOTHING) == (desk.account.made(Operation.UPDATE), desk.decision().action)


@pytest.mark.parametrize("shown", [{"number_type": "mobile"}, {"country_iso": "DE"}])
async def test_record_of_another_country_or_type_takes_no_correction(desk, shown):
    """Neither can be changed, so the row's content would go to the wrong kind of record."""
    send = desk.account.send

    async def show_otherwise(call):
        outcome = await send(call)
        return replace(outcome, value=replace(outcome.value, **shown)) if isinstance(call, Get) else outcome

    desk.account.send = show_otherwise

    outcome = await update(desk.desk, desk.decision())

    assert (None, "record-of-other-type") == (outcome, desk.record.code)
    assert ([], Action.NOTHING) == (desk.account.made(Operation.UPDATE), desk.decision().action)


async def test_record_that_was_renamed_by_hand_is_updated_under_its_alias(desk):
    """An alias without a token may be anybody's word for it; the next look finds it by its own again."""
    desk.renamed("Our best customer")

    await update(desk.desk, desk.decision())

    assert alias(1) == desk.account.records[desk.made].alias


async def test_refused_content_waits_until_the_row_changes(desk):
    """The API judged it, so the same content is not sent again."""
    desk.account.expect(Operation.UPDATE, "refused")

    outcome = await update(desk.desk, desk.decision())

    assert isinstance(outcome, Refused)
    assert ("mended", "invalid", "rejected") == (desk.record.refused, desk.record.code, desk.record.review)
    assert [Action.NOTHING, Action.UPDATE] == [desk.decision().action, desk.decision("mended again").action]


async def test_refusal_for_what_the_record_has_become_is_about_no_content(desk):
    """Approved between the read and the update: the record is read again, and nothing more is due."""

    async def approve_meanwhile(call):
        if call.operation is Operation.UPDATE:
            desk.account.judge(desk.made, "approved")
        return await send(call)

    send, desk.account.send = desk.account.send, approve_meanwhile

    outcome = await update(desk.desk, desk.decision())

    assert "compliance_not_editable" == outcome.code
    assert ("approved", "", "now") == (desk.record.review, desk.record.code, desk.record.fingerprint)
    assert ["intent update", "refused update", "reviewed"] == desk.story[-3:]


@pytest.mark.parametrize(
    ("weather", "expected"), [("unavailable", Unavailable), ("unresolved", Unresolved), ("unheard", Unresolved)]
)
async def test_update_that_the_api_did_not_judge_is_no_news(desk, weather, expected):
    """Unsent: still due. Unknown: settled before anything else."""
    desk.account.expect(Operation.UPDATE, *[weather] * 3)

    outcome = await update(desk.desk, desk.decision())

    unknown = expected is Unresolved
    assert expected is type(outcome)
    assert (State.UNCERTAIN if unknown else State.SUBMITTED) is desk.record.state
    assert (Action.SETTLE if unknown else Action.UPDATE) is desk.decision().action
    assert (1 if unknown else 3) == len(desk.account.made(Operation.UPDATE))


async def test_document_that_changed_since_it_was_checked_is_not_sent(desk):
    """Nothing is journaled, and the row stays due."""
    desk.changed = {"1/address_proof.pdf"}

    outcome = await update(desk.desk, desk.decision())

    assert isinstance(outcome, Withheld)
    assert ([], ["reviewed"]) == (desk.account.made(Operation.UPDATE), desk.story)


async def test_refused_content_that_was_to_be_retried_and_was_not_sent_stays_refused(desk):
    """Nobody judged it anew, so `--retry-refused` finds it again."""
    desk.account.expect(Operation.UPDATE, "refused", *["unavailable"] * 3)
    await update(desk.desk, desk.decision())

    await update(desk.desk, desk.decision())

    assert ("invalid", "mended", "now") == (desk.record.code, desk.record.refused, desk.record.fingerprint)


async def test_what_was_refused_is_forgotten_once_other_content_is_sent(desk):
    """The code speaks of content that is not the row's any more."""
    desk.account.expect(Operation.UPDATE, "refused", *["unavailable"] * 3)
    await update(desk.desk, desk.decision())

    await update(desk.desk, desk.decision("mended again"))

    assert ("", token(1)) == (desk.record.code, desk.record.token)
