"""What updates, links and reviews change in a submitted record, and when that is news."""

import pytest

from bulk_onboard.model import entry as entries
from bulk_onboard.model.entry import STATE_ERRORS, Op
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.life import step
from bulk_onboard.model.record import Linkage, Linking, Record, Review, State, api_has_newer, linked_numbers

TOKEN = "abcdefgh23456777"
UUID = "5a0c1f6e-0000-4000-8000-000000000001"
ONE, TWO = "911140000001", "911140000002"
SENT_BACK = Record(
    token=TOKEN,
    key="K-1",
    state=State.SUBMITTED,
    alias=f"K-1 ~{TOKEN}",
    attempts=1,
    fingerprint="old",
    compliance_id=UUID,
    review="rejected",
    review_reason="Blurred.",
    created=3,
    news=7,
)
APPROVED = Record(token=TOKEN, state=State.SUBMITTED, compliance_id=UUID, review="approved", fingerprint="old", news=7)


def about(kind, op, /, **told):
    """An entry about a write of the record, as line 20 of the ledger."""
    return kind(token=TOKEN, key="K-1", op=op, seq=20, at="2026-01-05T10:00:00.000Z", **told)


def intent(op, **told):
    return about(entries.Intent, op, **({"attempt": 1, "alias": "", "fingerprint": ""} | told))


UPDATE = intent(Op.UPDATE, fingerprint="new", seen_at="then", compliance_id=UUID)


def after(record, *story):
    for entry in story:
        record = step(record, entry)
    return record


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (about(entries.Done, Op.UPDATE, compliance_id=UUID), ("new", "pending", "", "", 7)),
        (about(entries.Refused, Op.UPDATE, code="invalid_file", message="No."), ("old", "rejected", "No.", "code", 20)),
        (about(entries.Refused, Op.UPDATE, code="compliance_not_editable"), ("old", "rejected", "", "code", 20)),
        (about(entries.Unavailable, Op.UPDATE, why="DNS"), ("old", "rejected", "not sent: DNS", "", 7)),
        (about(entries.Throttled, Op.UPDATE, wait_s=1), ("old", "rejected", "not sent: the quota was spent", "", 7)),
        (about(entries.Denied, Op.UPDATE, http_status=401), ("old", "rejected", "not accepted: HTTP 401", "", 7)),
    ],
    ids=["done", "refused", "state error", "unavailable", "throttled", "denied"],
)
def test_update_that_was_answered(outcome, expected):
    """The API has the new content once it says so, and else what it had; what it refused is known as that."""
    record = after(SENT_BACK, UPDATE, outcome)

    code = outcome.code if expected[3] else ""
    assert (State.SUBMITTED, None) == (record.state, record.op)
    assert (*expected[:3], code, expected[4]) == (
        record.fingerprint,
        record.review,
        record.reason,
        record.code,
        record.news,
    )
    assert ("new" if code else "") == record.refused
    assert ("Blurred." if record.review == "rejected" else "") == record.review_reason


@pytest.mark.parametrize(
    ("conclusion", "expected"),
    [
        (about(entries.Adopted, Op.UPDATE, compliance_id=UUID, review="pending"), ("new", "pending", 7)),
        (about(entries.Adopted, Op.UPDATE, compliance_id=UUID, review=""), ("new", "pending", 7)),
        (about(entries.Adopted, Op.UPDATE, compliance_id=UUID, review="approved"), ("new", "approved", 7)),
        (about(entries.Adopted, Op.UPDATE, compliance_id=UUID, review="rejected"), ("new", "rejected", 20)),
        (about(entries.Adopted, Op.UPDATE, compliance_id=UUID, review="more info"), ("new", "more info", 20)),
        (about(entries.Absent, Op.UPDATE, waited_s=90.0), ("old", "rejected", 7)),
        (about(entries.Resolved, Op.UPDATE, how="absent"), ("old", "rejected", 20)),
        (about(entries.Resolved, Op.UPDATE, how="found", compliance_id=UUID), ("new", "pending", 20)),
    ],
    ids=[
        "applied",
        "applied, review unknown",
        "applied, approved",
        "applied, rejected since",
        "applied, more info since",
        "absent",
        "a person says absent",
        "a person says found",
    ],
)
def test_update_that_was_settled(conclusion, expected):
    """Found: as if it had been answered, and a new rejection is news. Absent: as if it had never been sent."""
    held = [about(entries.Held, Op.UPDATE, why="gone")] if isinstance(conclusion, entries.Resolved) else []
    unknown = about(entries.Unresolved, Op.UPDATE, seen="HTTP 502")

    record = after(SENT_BACK, UPDATE, unknown, *held, conclusion)

    assert State.SUBMITTED is record.state
    assert expected == (record.fingerprint, record.review, record.news)


@pytest.mark.parametrize("review", list(Review))
def test_create_that_is_found_judged_already_is_news(review):
    """Nobody was told of a rejection that was there before the ledger; a pending or approved one is none."""
    adopted = about(entries.Adopted, Op.CREATE, compliance_id=UUID, review=review.value)

    record = step(Record(token=TOKEN), adopted)

    news = 0 if review in (Review.DRAFT, Review.PENDING, Review.APPROVED) else 20
    assert (review, news) == (record.review, record.news)


@pytest.mark.parametrize("op", [Op.CREATE, Op.UPDATE, Op.DELETE])
def test_whatever_is_held_a_person_may_give_up(op):
    """A record that is gone at the API while its update is unknown has no other way out."""
    held = Record(token=TOKEN, state=State.HELD, op=op, compliance_id=UUID)

    record = after(held, about(entries.Resolved, op, how="abandon"))

    assert (State.ABANDONED, None, "given up by a person") == (record.state, record.op, record.reason)


def test_update_under_way_knows_its_content_and_when_the_record_was_submitted():
    """By these an unknown one is settled, in this run or the next; the content last sent is still the old one."""
    sending = after(SENT_BACK, UPDATE)

    assert ("old", "new", "then", Op.UPDATE) == (sending.fingerprint, sending.intended, sending.seen_at, sending.op)
    assert (1, 3, UUID) == (sending.attempts, sending.created, sending.compliance_id)


@pytest.mark.parametrize(("content", "code"), [("new", "invalid_file"), ("other", "")])
def test_refused_content_stays_known_until_it_is_judged_anew(content, code):
    """Retried and not sent it is still refused; other content has no code of its own yet."""
    refused = after(SENT_BACK, UPDATE, about(entries.Refused, Op.UPDATE, code="invalid_file"))

    record = after(refused, intent(Op.UPDATE, fingerprint=content), about(entries.Unavailable, Op.UPDATE, why="DNS"))

    assert ("old", "new" if code else "", code) == (record.fingerprint, record.refused, record.code)
    done = about(entries.Done, Op.UPDATE, compliance_id=UUID)
    assert (content, "") == (after(record, intent(Op.UPDATE, fingerprint=content), done).fingerprint, "")


def of_one(kind, /, **told):
    """An entry about the link of the first number."""
    return about(kind, Op.LINK, number=ONE, **told)


@pytest.mark.parametrize(
    ("entry", "expected", "news"),
    [
        (of_one(entries.Done, compliance_id=UUID), Linking(Linkage.LINKED), 7),
        (of_one(entries.Adopted, compliance_id=UUID), Linking(Linkage.LINKED), 7),
        (
            of_one(entries.Refused, code="country_mismatch", message="No."),
            Linking(Linkage.REFUSED, "No.", "country_mismatch"),
            20,
        ),
        *(
            (of_one(entries.Refused, code=code, message="No."), Linking(Linkage.REFUSED, "No.", code), 20)
            for code in sorted(STATE_ERRORS)
        ),
        (of_one(entries.Unresolved, seen="HTTP 502"), Linking(Linkage.UNCERTAIN, "HTTP 502"), 7),
        (of_one(entries.Unavailable, why="DNS"), None, 7),
        (of_one(entries.Throttled, wait_s=1), None, 7),
        (of_one(entries.Denied, http_status=401), None, 7),
        (of_one(entries.Absent, waited_s=0), None, 7),
    ],
)
def test_what_becomes_of_a_link_is_the_number_s_alone(entry, expected, news):
    """One that was not sent, or not done, is due as if nothing had been known; the others and the record stay."""
    known = {ONE: Linking(Linkage.HELD, "before"), TWO: Linking(Linkage.LINKED)}
    record = after(Record(**{**_fields(APPROVED), "numbers": known}), intent(Op.LINK, number=ONE))
    if isinstance(entry, entries.Adopted | entries.Absent):
        record = after(record, of_one(entries.Unresolved, seen="HTTP 502"))

    record = after(record, entry)

    assert (State.SUBMITTED, None, "approved", "old") == (record.state, record.op, record.review, record.fingerprint)
    one = {} if expected is None else {ONE: expected}
    assert (one | {TWO: Linking(Linkage.LINKED)}, news) == (record.numbers, record.news)


def _fields(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_number_is_found_linked_or_held_without_a_call():
    """Its own record was looked at first; a held one is news, a linked one is not."""
    linked = after(APPROVED, about(entries.Adopted, Op.LINK, compliance_id=UUID, number=ONE))
    held = after(linked, about(entries.Held, Op.LINK, why="elsewhere", number=TWO))

    assert ({ONE: Linking(Linkage.LINKED)}, 7) == (linked.numbers, linked.news)
    assert ({ONE: Linking(Linkage.LINKED), TWO: Linking(Linkage.HELD, "elsewhere")}, 20) == (held.numbers, held.news)
    assert (State.SUBMITTED, None, {ONE}) == (held.state, held.op, linked_numbers(held))


@pytest.mark.parametrize(
    ("contents", "replaced"),
    [
        ("A", ""),
        ("AB", "A"),
        ("ABB", "A"),
        ("ABC", "AB"),
        ("ABA", "B"),
        ("ABCA", "BC"),
    ],
)
@pytest.mark.parametrize("refused", ["", "B", "BC"])
def test_contents_that_were_replaced_are_known(contents, replaced, refused):
    """Whether the API took what replaced them or not; what is sent again is the newest once more."""
    record = Record(token=TOKEN, state=State.SUBMITTED, compliance_id=UUID, review="rejected", fingerprint=contents[0])
    for content in contents[1:]:
        record = after(record, intent(Op.UPDATE, fingerprint=content))
        if content in refused:
            record = after(record, about(entries.Refused, Op.UPDATE, code="no"))
        else:
            record = after(record, about(entries.Done, Op.UPDATE, compliance_id=UUID))

    assert tuple(replaced) == record.replaced


def test_what_the_api_has_is_told_apart_from_what_was_sent_last():
    """B was refused, so the API has A still: C, sent before A, is older than that, and B is not."""
    record = Record(token=TOKEN, fingerprint="A", intended="B", replaced=("C", "A"))

    assert [True, False, False, False] == [api_has_newer(record, each) for each in "CABX"]


def reviewed(review, reason="", fingerprint=""):
    return entries.Reviewed(token=TOKEN, seq=20, review=review, reason=reason, fingerprint=fingerprint)


@pytest.mark.parametrize(
    ("entry", "news"),
    [
        (reviewed("rejected", "Blurred."), 7),
        (reviewed("rejected", "Expired."), 20),
        (reviewed("more info"), 20),
        (reviewed("on ice"), 20),
    ],
)
def test_review_is_news_where_it_or_its_reason_is_another(entry, news):
    """The same once more is none."""
    record = after(SENT_BACK, entry)

    assert (entry.review, entry.reason, news) == (record.review, record.review_reason, record.news)


@pytest.mark.parametrize(
    ("code", "review", "is_past"),
    [
        ("invalid_file", "approved", False),
        ("invalid_file", "pending", False),
        ("invalid_file", "more info", False),
        ("compliance_not_editable", "more info", True),
        ("compliance_not_editable", "approved", True),
    ],
)
def test_refusal_is_past_with_the_review_only_where_it_was_about_that(code, review, is_past):
    """A refused correction stays refused whatever the reviewers say, until the row changes."""
    refused = after(SENT_BACK, UPDATE, about(entries.Refused, Op.UPDATE, code=code, message="No."))

    record = after(refused, reviewed(review))

    expected = ("", "", "") if is_past else (code, "No.", "new")
    assert (*expected, "old") == (record.code, record.reason, record.refused, record.fingerprint)


@pytest.mark.parametrize(("code", "stays"), [("country_mismatch", True), ("compliance_not_approved", False)])
def test_number_that_was_refused_for_the_review_is_due_again_after_another(code, stays):
    """It was no word about the number."""
    refused = after(APPROVED, intent(Op.LINK, number=ONE), of_one(entries.Refused, code=code))

    record = after(refused, reviewed("suspended"), reviewed("approved"))

    assert stays is (ONE in record.numbers)


def test_correction_that_the_record_cannot_take_is_refused_without_a_call():
    """Its content is named, so that it is not tried again; one with errors of the row names none."""
    gone = after(SENT_BACK, about(entries.Refused, Op.UPDATE, code="record-gone", fingerprint="new"))
    spoiled = after(gone, about(entries.Refused, Op.UPDATE, code="document-missing"))

    assert ("new", "record-gone", "old", 20) == (gone.refused, gone.code, gone.fingerprint, gone.news)
    assert ("", "document-missing", State.SUBMITTED) == (spoiled.refused, spoiled.code, spoiled.state)


def test_number_is_linked_to_one_record_only():
    """Who had it before has it no more, so that it can be moved back."""
    ledger_state, other = LedgerState(), "zzzzzzzzzzzzzzzz"
    ledger_state.records |= {TOKEN: APPROVED, other: Record(**{**_fields(APPROVED), "token": other})}
    ledger_state.take(about(entries.Adopted, Op.LINK, compliance_id=UUID, number=ONE))

    ledger_state.take(entries.Adopted(token=other, op=Op.LINK, compliance_id="other", number=ONE))

    assert (other, {}) == (ledger_state.holder(ONE), ledger_state.records[TOKEN].numbers)


def test_record_that_was_refused_or_absent_was_not_made_by_its_run():
    """So that nobody undoes what only was found later."""
    made = [intent(Op.CREATE), about(entries.Refused, Op.CREATE, code="alias_exists")]
    lost = [
        intent(Op.CREATE),
        about(entries.Unresolved, Op.CREATE, seen="x"),
        about(entries.Absent, Op.CREATE, waited_s=9),
    ]

    assert [20, 0, 0] == [after(Record(token=TOKEN), *story).created for story in (made[:1], made, lost)]


@pytest.mark.parametrize(("before", "expected"), [("", "row"), ("old", "old")])
def test_content_is_noted_only_where_it_is_not_known(before, expected):
    """A change of the row is told from there on; what was really sent is never forgotten."""
    adopted = after(Record(token=TOKEN), about(entries.Adopted, Op.CREATE, compliance_id=UUID, review="rejected"))
    known = after(adopted, intent(Op.UPDATE, fingerprint=before), about(entries.Done, Op.UPDATE, compliance_id=UUID))
    noted = known if before else adopted

    record = after(noted, reviewed(noted.review, noted.review_reason, "row"))

    assert (expected, noted.news) == (record.fingerprint, record.news)


def test_new_run_makes_an_update_uncertain_and_keeps_what_settles_it():
    """The process died in the call."""
    ledger_state = LedgerState()
    ledger_state.records[TOKEN] = after(SENT_BACK)
    ledger_state.take(UPDATE)
    nothing = {"user": "", "host": "", "version": "", "workbook": "", "job": "", "requirements": "", "quota": "none"}

    ledger_state.take(entries.RunStarted(run_id="r", settle=0.0, **nothing))

    record = ledger_state.records[TOKEN]
    assert (State.UNCERTAIN, Op.UPDATE, "new", "then") == (record.state, record.op, record.intended, record.seen_at)


def test_registration_is_that_which_the_api_has():
    """A correction brings its own once it was taken; until then, and when it was refused, the old one stays."""
    before = step(Record(token=TOKEN), intent(Op.CREATE, registration_token="IN|old"))
    record = step(before, about(entries.Done, Op.CREATE, compliance_id=UUID))
    update = intent(Op.UPDATE, fingerprint="new", compliance_id=UUID, registration_token="IN|new")
    unknown = after(record, update, about(entries.Unresolved, Op.UPDATE, seen="timeout"))

    assert ("IN|old", "IN|old", "IN|new") == (
        record.registration_token,
        unknown.registration_token,
        unknown.intended_registration,
    )
    found = step(unknown, about(entries.Adopted, Op.UPDATE, compliance_id=UUID))
    assert ("IN|new", "") == (found.registration_token, found.intended_registration)
    refused = after(record, update, about(entries.Refused, Op.UPDATE, code="invalid_file"))
    assert "IN|old" == refused.registration_token


@pytest.mark.parametrize("told", ["", "IN|row"])
def test_registration_outlives_entries_that_do_not_tell_it(told):
    """An intent that a repair writes, or a record found at the API, takes nothing away; one that tells it teaches."""
    record = step(Record(token=TOKEN), intent(Op.CREATE, registration_token="IN|old"))
    absent = step(record, about(entries.Unavailable, Op.CREATE, why="DNS"))

    repaired = step(absent, intent(Op.CREATE, registration_token=told))
    adopted = step(absent, about(entries.Adopted, Op.CREATE, compliance_id=UUID, registration_token=told))

    assert [told or "IN|old"] * 2 == [repaired.registration_token, adopted.registration_token]


def test_record_filed_anew_takes_the_create_for_its_newest_content():
    """An update of the record that is gone is not newer than the create after it, or the create's content would go out
    again over a correction."""
    filed_anew = after(
        SENT_BACK,
        UPDATE,
        about(entries.Done, Op.UPDATE, compliance_id=UUID),
        entries.Gone(token=TOKEN, key="K-1", compliance_id=UUID, seq=21),
        about(entries.Resolved, Op.CREATE, how="absent"),
        intent(Op.CREATE, fingerprint="third"),
        about(entries.Done, Op.CREATE, compliance_id="another"),
    )
    corrected = after(filed_anew, intent(Op.UPDATE, fingerprint="fourth"))
    assert (filed_anew.intended, filed_anew.replaced) == ("", ("old", "new"))
    assert corrected.replaced == ("old", "new", "third")


def test_another_record_than_the_one_that_is_gone_has_no_numbers_yet():
    """What was linked to the one that is gone is still to be linked to the one that a person found."""
    gone = Record(
        token=TOKEN, state=State.GONE, compliance_id=UUID, known=3, created=3, numbers={ONE: Linking(Linkage.LINKED)}
    )
    same = after(gone, about(entries.Resolved, Op.CREATE, how="found", compliance_id=UUID))
    other = after(gone, about(entries.Resolved, Op.CREATE, how="found", compliance_id="another"))
    assert (linked_numbers(same), same.known, same.created) == ({ONE}, 3, 3)
    assert (linked_numbers(other), other.known, other.created) == (set(), 20, 0)
