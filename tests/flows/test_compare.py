"""The ledger against what the account shows (docs/design/ledger.md, Soundness)."""

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.maintenance.account import compare, not_shown
from bulk_onboard.model.call import ServerRecord
from bulk_onboard.model.entry import Adopted, Op
from bulk_onboard.model.ledger_state import LedgerState

TOKEN, OTHER = "a" * 16, "b" * 16


def ledger_state(alias: str = f"K-1 ~{TOKEN}") -> LedgerState:
    """One record that was found at the API as id-1."""
    kept = LedgerState()
    kept.take(Adopted(token=TOKEN, op=Op.CREATE, compliance_id="id-1", alias=alias))
    return kept


def shown(
    compliance_id: str = "id-1", alias: str = f"K-1 ~{TOKEN}", at: str = "1", review: str = "pending"
) -> ServerRecord:
    return ServerRecord(compliance_id=compliance_id, alias=alias, created_at=at, review=review)


@pytest.mark.parametrize(
    ("account", "alias"), [([shown()], f"K-1 ~{TOKEN}"), ([shown()], ""), ([shown(), shown("id-9", "By hand")], "")]
)
def test_account_that_agrees(account, alias):
    """Each record is there under its name; what was filed by hand is none of our business."""
    found = compare(ledger_state(alias), account)

    assert (ExitStatus.DONE, []) == (found.exit_status, list(found.sentences))


def test_missing_record():
    """What the ledger has with an id, and the account does not show."""
    assert [TOKEN] == [record.token for record in not_shown(ledger_state(), [shown("id-2")])]
    assert ExitStatus.ROWS_NEED_ATTENTION == compare(ledger_state(), []).exit_status


@pytest.mark.parametrize(
    ("known", "now", "tells"),
    [
        (f"K-1 ~{TOKEN}", "Somebody else", True),
        (f"K-1 ~{TOKEN}", f"K-2 ~{TOKEN}", False),
        ("", f"K-2 ~{TOKEN}", False),
        ("", f"K-2 ~{OTHER}", True),
        ("", "By hand", False),
    ],
)
def test_renamed_record(known, now, tells):
    """The alias must be the one we know; where we know none, it may not be another record's."""
    found = compare(ledger_state(known), [shown(alias=now)])

    assert tells == bool(found.renamed)
    assert tells == any(repr(now) in sentence for sentence in found.sentences)


@pytest.mark.parametrize(("review", "told"), [("pending", "delete id-2"), ("approved", "cannot be deleted")])
def test_record_that_is_there_twice(review, told):
    """The oldest is kept; a younger one may be deleted while its review is pending."""
    found = compare(ledger_state(), [shown("id-2", at="2", review=review), shown()])

    assert [("id-1", "id-2")] == [twice.compliance_ids for twice in found.twice]
    assert told in next(found.sentences)
    assert ExitStatus.ROWS_NEED_ATTENTION == found.exit_status


def test_duplicates_of_another_job_are_told_too():
    """Whoever filed them: two records of one token are one too many."""
    found = compare(ledger_state(), [shown(), shown("id-8", f"~{OTHER}"), shown("id-9", f"~{OTHER}")])

    assert [OTHER] == [twice.token for twice in found.twice]
    assert ["id-8", "id-9"] == [record.compliance_id for record in found.extra]
