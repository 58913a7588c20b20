"""`ledger show JOB KEY`: what happened to one record."""

import pytest
from msgspec.structs import replace

from bulk_onboard.errors import LedgerError, UsageError
from bulk_onboard.ledger.story import story as told
from bulk_onboard.ledger.story import words
from bulk_onboard.model.entry import (
    Denied,
    Op,
    Refused,
    Resolved,
    Reviewed,
    RowInvalid,
    SentDocument,
    Throttled,
    Unavailable,
)
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import admitted, compliance_id, done, intent, ledger_of, run_started, story, token


@pytest.fixture
def ledger(path):
    path.write_bytes(ledger_of(story()))
    return path


@pytest.mark.parametrize(
    "name", [token(1), f" {token(1)} ", "K-0001", "k-0001 ", "Ｋ-0001", compliance_id(1), f"K-0001 ~{token(1)}"]
)
def test_record_is_found_by_any_of_its_names(ledger, name):
    """Token, Key (however written), compliance id and alias all lead to the record."""
    (found,) = told([ledger.read_bytes()], str(ledger), name)

    assert token(1) == found.record.token


def test_lines_of_a_record_in_order(ledger):
    """What happened to it and nothing else, from being taken in to its settling, with the state it was in then."""
    (found,) = told([ledger.read_bytes()], str(ledger), "K-0002")

    assert [
        ("admitted", "", 0, "", State.NOT_SENT),
        ("intent", "create", 1, "", State.SENDING),
        ("unresolved", "create", 0, "HTTP 502", State.UNCERTAIN),
        ("probed", "create", 0, "1 found", State.UNCERTAIN),
        ("adopted", "create", 0, "pending", State.SUBMITTED),
    ] == [(line.entry, line.op, line.attempt, line.words, line.state) for line in found.lines]


def test_facts_of_a_line(ledger):
    """Instant, the answer's name, the compliance id and the documents' digests are told where the entry has them."""
    (found,) = told([ledger.read_bytes()], str(ledger), token(1))
    _, sent, answered, _ = found.lines

    assert (SentDocument(type="identity_proof", sha256="0a" * 32, size=20_480),) == sent.documents
    assert ("2026-01-05T10:00:00.123Z", "api-1", compliance_id(1)) == (
        answered.at,
        answered.api_id,
        answered.compliance_id,
    )


def test_run_that_found_it_unfinished_is_part_of_it(path):
    """A crash leaves no line of its own; the next run's beginning is where the record became uncertain."""
    path.write_bytes(ledger_of([story()[0], run_started(1), admitted(1), intent(1), run_started(2)]))

    (found,) = told([path.read_bytes()], str(path), token(1))

    assert ("run_started", "found unfinished", State.UNCERTAIN) == (
        found.lines[-1].entry,
        found.lines[-1].words,
        found.lines[-1].state,
    )


def test_records_that_share_a_key(path):
    """Where two records have one Key, both are told, each with its own lines."""
    theirs = [intent(1), done(1), replace(intent(2), key="K-0001")]
    path.write_bytes(ledger_of([story()[0], admitted(1, 2), *theirs]))

    found = told([path.read_bytes()], str(path), "K-0001")

    assert [(token(1), 3), (token(2), 2)] == [(each.record.token, len(each.lines)) for each in found]


@pytest.mark.parametrize("name", ["K-9999", "", " ", "K-0004"])
def test_unknown_name(ledger, name):
    """A name that no record has is told so; an empty one matches none. A row that was never sent has no Key yet."""
    with pytest.raises(UsageError, match="has no record"):
        told([ledger.read_bytes()], str(ledger), name)


def test_damaged_ledger_tells_no_story(path):
    """Damage is named, never told as truth."""
    path.write_bytes(ledger_of(story()).replace(b"run-1", b"run-7", 1))

    with pytest.raises(LedgerError, match="line 2"):
        told([path.read_bytes()], str(path), token(1))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Refused(token="t", op=Op.CREATE, code="invalid_pin", message="not valid"), "invalid_pin: not valid"),
        (Refused(token="t", op=Op.CREATE, code="invalid_pin"), "invalid_pin"),
        (Unavailable(token="t", op=Op.CREATE, why="name lookup"), "name lookup"),
        (Throttled(token="t", op=Op.CREATE, wait_s=2.5), "wait 2.5 s"),
        (Denied(token="t", op=Op.CREATE, http_status=401), "HTTP 401"),
        (Reviewed(token="t", review="rejected", reason="blurred"), "rejected: blurred"),
        (Reviewed(token="t", review="approved"), "approved"),
        (RowInvalid(token="t", codes=("bad-pin", "no-document")), "bad-pin, no-document"),
        (Resolved(token="t", op=Op.CREATE, how="absent"), "absent"),
        (admitted(1), ""),
    ],
)
def test_words(entry, expected):
    """Each outcome in few words."""
    assert expected == words(entry)
