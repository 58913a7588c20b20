"""`ledger verify`: sound, needs attention, or broken.

See docs/design/ledger.md, Soundness.
"""

import zlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.ledger.disk import ledger_blocks
from bulk_onboard.ledger.verify import Verification, verify
from bulk_onboard.model.entry import Absent, Adopted, Gone, Held, Op, Planned, Resolved, Unresolved, Used
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import admitted, compliance_id, done, intent, ledger_of, run_started, story, token

HEADER = story()[0]
UNCERTAIN = [HEADER, admitted(1), intent(1), run_started()]
CONTENT = ledger_of(story())


def verified(path: Path) -> Verification:
    """What is found in a file."""
    return verify(ledger_blocks(path), str(path))


def with_last_line(content: bytes, old: bytes, new: bytes) -> bytes:
    """The content with something in its last line replaced, under a checksum that fits."""
    start = content.rindex(b"\n", 0, -1) + 1
    body = content[start:-19].replace(old, new)
    return content[:start] + body + b',"crc":"%08x"}\n' % zlib.crc32(body)


def test_sound_ledger(path):
    """A sound ledger is 0, with its lines and its records counted, and nothing to say."""
    path.write_bytes(CONTENT)

    found = verified(path)

    assert (ExitStatus.DONE, (), len(story())) == (found.exit_status, found.sentences, found.lines)
    assert {State.SUBMITTED: 2, State.REFUSED: 1, State.NOT_SENT: 1} == found.counts


def test_plan_and_usage_of_a_run_are_sound(path):
    """They are lines like any other, and about no record."""
    path.write_bytes(ledger_of([*story(), Planned(rows=4, creates=4, reads=2), Used(requests=6, writes=4)]))

    found = verified(path)

    assert (ExitStatus.DONE, (), len(story()) + 2) == (found.exit_status, found.sentences, found.lines)


def test_line_being_written_is_sound(path):
    """A run may be writing: the unfinished line is spoken of, and changes nothing."""
    path.write_bytes(CONTENT[:-30])

    found = verified(path)

    assert ExitStatus.DONE == found.exit_status
    assert ["a run is writing it now" in sentence for sentence in found.sentences] == [True]
    assert CONTENT[:-30] == path.read_bytes()


def test_held_record_needs_a_person(path):
    """A record that only a person can settle makes it 3."""
    held = Held(token=token(1), op=Op.CREATE, why="two records have its alias")
    path.write_bytes(ledger_of([HEADER, run_started(), admitted(1), held]))

    found = verified(path)

    assert (ExitStatus.ROWS_NEED_ATTENTION, {State.HELD: 1}) == (found.exit_status, found.counts)
    assert "1 record is held" in found.sentences[0]


def test_record_that_is_gone_needs_a_person_and_may_get_another_id(path):
    """It is 3 until somebody said what is to become of it; filed anew it has an id of its own."""
    gone = Gone(token=token(1), compliance_id=compliance_id(1))
    filed = [HEADER, run_started(), admitted(1), intent(1), done(1), gone]
    path.write_bytes(ledger_of(filed))

    found = verified(path)
    anew = Resolved(token=token(1), op=Op.CREATE, how="absent")
    path.write_bytes(ledger_of([*filed, anew, intent(1), done(1, of=2)]))

    assert (ExitStatus.ROWS_NEED_ATTENTION, {State.GONE: 1}) == (found.exit_status, found.counts)
    assert "1 record is gone from the API" in found.sentences[0]
    assert ExitStatus.DONE is verified(path).exit_status


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (CONTENT.replace(b"run-1", b"run-7", 1), "line 2 at byte"),
        (CONTENT.replace(b"invalid_pin", b"invalid_pen"), "last line, 14 at byte"),
        (ledger_of([HEADER, admitted(1), done(1)]), "no step from there"),
        (ledger_of(story()[1:]), "header"),
        (b"Dear diary", "no ledger"),
        (with_last_line(CONTENT, b'"v":1', b'"v":2'), "newer version"),
        (with_last_line(CONTENT, b'"v":1', b'"v":1,"v":1'), "Line 14 is not strict JSON: it has a key twice"),
        (with_last_line(CONTENT, b'"v":1', b'"v":1,"x":"\xc3\xa9"'), "Line 14 is not strict JSON"),
        (
            ledger_of([HEADER, admitted(1, 2), intent(1), done(1), intent(2), done(2, of=1)]),
            f"Line 6: id {compliance_id(1)} belongs to {token(2)} and to {token(1)}",
        ),
        (
            ledger_of(
                [
                    HEADER,
                    admitted(1),
                    intent(1),
                    done(1),
                    replace(intent(1), op=Op.UPDATE, compliance_id=compliance_id(1)),
                    run_started(),
                    Held(token=token(1), op=Op.UPDATE, why="a mismatch"),
                    Resolved(token=token(1), op=Op.UPDATE, how="found", compliance_id=compliance_id(7)),
                ]
            ),
            f"Line 8: record {token(1)} has the id {compliance_id(7)} beside {compliance_id(1)}",
        ),
        (
            ledger_of(
                [
                    HEADER,
                    Adopted(token=token(1), op=Op.CREATE, compliance_id=compliance_id(1)),
                    Adopted(token=token(2), op=Op.CREATE, compliance_id=compliance_id(1)),
                ]
            ),
            "Line 3: id",
        ),
        (
            ledger_of([*UNCERTAIN, Absent(token=token(1), op=Op.CREATE, waited_s=90.0)]),
            f"Line 5: record {token(1)} was taken for absent without a positive control",
        ),
        (
            ledger_of([*UNCERTAIN, Absent(token=token(1), op=Op.CREATE, waited_s=89.9, control=token(2))]),
            f"Line 5: record {token(1)} was taken for absent after 89.9 s; the settle window of that run was 90 s",
        ),
    ],
    ids=[
        "checksum", "rotten end", "no intent", "no header", "other file", "newer", "key twice", "not ASCII",
        "id done twice", "second id", "id adopted twice", "no control", "too early",
    ],
)  # fmt: skip
def test_broken_ledger(path, content, word):
    """Whatever is wrong with it makes it 6, and a sentence says what and where."""
    path.write_bytes(content)

    found = verified(path)

    assert ExitStatus.LEDGER == found.exit_status
    assert word in found.sentences[0]


@pytest.mark.parametrize(
    "absence",
    [
        Absent(token=token(1), op=Op.CREATE, waited_s=90.0, control=token(2)),
        Absent(token=token(1), op=Op.CREATE, waited_s=3600.0, control=compliance_id(2)),
    ],
)
def test_absence_that_shows_age_and_control_is_sound(path, absence):
    """A create that was looked for long enough, in a list that was proved to show records, may be believed absent."""
    path.write_bytes(ledger_of([*UNCERTAIN, absence]))

    assert ExitStatus.DONE == verified(path).exit_status


@pytest.mark.parametrize("op", [Op.LINK, Op.UPDATE])
@pytest.mark.parametrize(("waited_s", "expected"), [(0.0, ExitStatus.LEDGER), (90.0, ExitStatus.DONE)])
def test_unknown_link_or_update_is_given_up_only_after_the_window(path, op, waited_s, expected):
    """A call that was held up may still be applied."""
    about = {"token": token(1), "op": op, "number": "911140000000" if op is Op.LINK else ""}
    unknown = [admitted(1), intent(1), done(1), replace(intent(1), **about), Unresolved(**about, seen="HTTP 502")]
    path.write_bytes(ledger_of([HEADER, run_started(), *unknown, Absent(**about, waited_s=waited_s)]))

    assert expected == verified(path).exit_status


def test_link_that_was_refused_as_a_whole_needs_no_age(path):
    """The answer proves that none of its numbers was linked."""
    about = {"token": token(1), "op": Op.LINK, "number": "911140000000"}
    absent = Absent(**about, waited_s=0.0, seen="http-400: the whole call was refused")
    path.write_bytes(
        ledger_of([HEADER, run_started(), admitted(1), intent(1), done(1), replace(intent(1), **about), absent])
    )

    assert ExitStatus.DONE == verified(path).exit_status


@pytest.mark.parametrize("end", [b"", b"x" * 30 + b"\n", CONTENT[-30:-1] + b"?\n"], ids=["sound", "no line", "damaged"])
def test_what_is_in_no_file_has_no_tail(end):
    """Nothing is written there by halves, so a bad end is damage, and what helps a file is not said."""
    found = verify([CONTENT[:-30], end or CONTENT[-30:]], "acme in a database", "ask somebody")

    assert (ExitStatus.LEDGER if end else ExitStatus.DONE) == found.exit_status
    assert found.sentences == (("acme in a database: line 14 is damaged; ask somebody",) if end else ())


def test_missing_ledger(path):
    """Where there is none, there is nothing to judge."""
    with pytest.raises(UsageError, match="no ledger"):
        verified(path)
