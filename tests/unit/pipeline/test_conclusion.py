"""What a look at the API says about a write whose outcome is unknown, case by case."""

import pytest
from msgspec import structs

from bulk_onboard.model import entry as entries
from bulk_onboard.model.application import Document
from bulk_onboard.model.call import NumberRecord
from bulk_onboard.model.entry import Op
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record, Review
from bulk_onboard.pipeline import conclusion
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import (
    alias,
    application,
    compliance_id,
    done,
    doubted,
    expanded,
    intent,
    record,
    server_record,
    token,
)

ABOUT = {"token": token(1), "key": "K-0001"}
NUMBER = "911140000000"
ADOPTED = entries.Adopted(**ABOUT, op=Op.CREATE, compliance_id=compliance_id(1), review="pending", alias=alias(1))


def held(why, *numbers):
    """A person must look at these."""
    return entries.Held(**ABOUT, op=Op.CREATE, why=why, compliance_ids=tuple(map(compliance_id, numbers)))


def test_person_has_both_names_and_a_document_without_a_file_may_be_shown_or_not():
    """Neither is another content."""
    sent = application(1, last_name="Rao")
    sent = structs.replace(sent, documents=(*sent.documents, Document("signatory", fields={"name": "Asha"})))
    for documents in (len(sent.documents), len(sent.documents) - 1):
        found = expanded(1, name="Invented Traders 1 Rao", documents=documents)
        assert [] == list(conclusion.differences(found, sent))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({}, []),
        ({"name": " Invented Traders 1 ", "registration_number": "U72200KA2020PTC000001 "}, []),
        ({"name": None, "registration_number": None, "documents": None}, []),
        ({"name": "Somebody Else"}, ["business name"]),
        ({"name": "invented traders 1"}, ["business name"]),
        ({"name": ""}, ["business name"]),
        ({"registration_number": "U72200KA2020PTC000002"}, ["registration number"]),
        ({"documents": 2}, ["number of documents"]),
        ({"documents": 0}, ["number of documents"]),
        ({"name": "Somebody Else", "documents": 2}, ["business name", "number of documents"]),
    ],
)
def test_differences(shown, expected):
    """All in which it is not what was sent, outer blanks aside; what the API does not show differs in nothing."""
    assert expected == list(conclusion.differences(expanded(1, **shown), application(1)))


@pytest.mark.parametrize(
    ("matches", "found", "sent", "expected"),
    [
        ([1], expanded(1), application(1), ADOPTED),
        ([1], server_record(1), None, ADOPTED),
        ([1], expanded(1, name="Somebody Else"), None, ADOPTED),
        (
            [1],
            expanded(1, name="Somebody Else"),
            application(1),
            entries.Adopted(
                **ABOUT,
                op=Op.CREATE,
                compliance_id=compliance_id(1),
                review="pending",
                alias=alias(1),
                differs="business name",
            ),
        ),
        ([1, 2], server_record(1), application(1), held("2 records of this row at the API", 1, 2)),
        ([1, 2], server_record(1), None, held("2 records of this row at the API", 1, 2)),
    ],
    ids=["same", "row gone", "row gone, other contents", "other contents", "two", "row gone, two"],
)
def test_of_create(matches, found, sent, expected):
    """One match is adopted, since its token says whose it is; what differs is told. Several are for a person."""
    shown = [server_record(number, alias=alias(1)) for number in matches]

    assert expected == conclusion.of_create(token(1), "K-0001", shown, LedgerState(), found=found, sent=sent)


def test_record_of_another_row_is_not_adopted():
    """The id is in the books already, under another token (I4)."""
    ledger_state = MemoryJournal(intent(2), done(2)).ledger_state
    match = server_record(2, alias=alias(1))

    expected = held("the record found at the API belongs to another row", 2)
    assert expected == conclusion.of_create(token(1), "K-0001", [match], ledger_state)


def test_own_record_is_adopted_again():
    """A held record that has an id already is not another row's."""
    match = server_record(1)

    assert ADOPTED == conclusion.of_create(token(1), "K-0001", [match], MemoryJournal(intent(1), done(1)).ledger_state)


@pytest.mark.parametrize("review", list(Review))
@pytest.mark.parametrize(
    ("told", "again"),
    [
        ({"submitted_at": "before", "updated_at": "after"}, False),
        ({"submitted_at": "after", "updated_at": "after"}, True),
    ],
    ids=["not submitted again", "submitted again"],
)
def test_of_update(review, told, again):
    """Applied when the record was submitted again, or waits for reviewers; a review anew of the old content is not."""
    doubtful = record(*doubted(Op.UPDATE, seen_at="before"))

    looked = conclusion.of_update(doubtful, server_record(1, review=review.value, **told))

    adopted = entries.Adopted(**ABOUT, op=Op.UPDATE, compliance_id=compliance_id(1), review=review.value)
    assert (adopted if again or review in (Review.DRAFT, Review.PENDING) else None) == looked


@pytest.mark.parametrize("review", list(Review))
@pytest.mark.parametrize("changed", [False, True])
def test_of_update_where_the_api_tells_only_when_it_changed(review, changed):
    """Applied when it has changed, or waits for no correction any more: rejected again, it was submitted again."""
    doubtful = record(*doubted(Op.UPDATE, seen_at="before"))
    now = server_record(1, review=review.value, submitted_at="", updated_at="after" if changed else "before")

    looked = conclusion.of_update(doubtful, now)

    assert (looked is not None) is (changed or review not in (Review.REJECTED, Review.MORE_INFO))


@pytest.mark.parametrize("review", list(Review))
def test_of_update_where_the_api_tells_no_time(review):
    """Then the review alone decides: applied where it waits for no correction any more."""
    looked = conclusion.of_update(record(*doubted(Op.UPDATE)), server_record(1, review=review.value))

    assert (looked is None) is (review in (Review.REJECTED, Review.MORE_INFO))


@pytest.mark.parametrize(
    ("linked_to", "expected"),
    [
        (compliance_id(1), entries.Adopted(**ABOUT, op=Op.LINK, number=NUMBER, compliance_id=compliance_id(1))),
        (compliance_id(2), None),
        ("", None),
        (None, None),
    ],
    ids=["to this record", "to another", "to none", "not shown"],
)
def test_of_link(linked_to, expected):
    """There, or nothing is known yet: a call that was held up may still be applied."""
    doubtful = record(*doubted(Op.LINK))
    shown = None if linked_to is None else NumberRecord(number=NUMBER, compliance_id=linked_to)

    assert expected == conclusion.of_link(doubtful, NUMBER, shown)


def test_absent_link_names_its_number():
    """Others of the record may be under way, or the record itself."""
    doubtful = record(*doubted(Op.UPDATE))

    said = conclusion.absent(doubtful, 90.0, number=NUMBER)

    assert (Op.LINK, NUMBER) == (said.op, said.number)


@pytest.mark.parametrize("op", [Op.CREATE, Op.UPDATE, Op.DELETE])
def test_entries_speak_of_the_write_under_way(op):
    """Adopted and absent end the write that is unknown, and no other."""
    doubtful = record() if op is Op.CREATE else record(*doubted(op))

    said = [conclusion.adopted(doubtful), conclusion.absent(doubtful, 90.00004, "x")]

    assert [op, op] == [entry.op for entry in said]
    assert (90.0, "x") == (said[1].waited_s, said[1].control)


@pytest.mark.parametrize("conclude", [conclusion.adopted, lambda record: conclusion.absent(record, 90.0)])
def test_without_a_write_under_way_there_is_nothing_to_conclude(conclude):
    """Whoever asks has a bug."""
    with pytest.raises(AssertionError):
        conclude(Record(token=token(1)))


@pytest.mark.parametrize(
    ("op", "fingerprint", "number"),
    [(Op.CREATE, "", ""), (Op.UPDATE, "f", ""), (Op.LINK, "", NUMBER), (Op.DELETE, "", "")],
)
def test_refused_after_all_says_what_was_refused(op, fingerprint, number):
    """No call is under way any more, so the entry itself names the content or the number that is not sent again."""
    doubtful = record() if op is Op.CREATE else record(*doubted(op, fingerprint=fingerprint, number=number))

    said = conclusion.refused_after_all(doubtful, op, "conflict", "no", number=number)

    assert (
        entries.Refused(**ABOUT, op=op, code="conflict", message="no", fingerprint=fingerprint, number=number) == said
    )
