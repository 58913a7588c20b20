"""What is marked, and where."""

from bulk_onboard.model.finding import Finding
from bulk_onboard.reporting.annotated.annotation import (
    Mark,
    Part,
    Request,
    added_positions,
    make_annotation,
    read_answer,
    read_request,
    request_bytes,
)
from tests.unit.reporting.annotated.samples import COLUMNS, CREATED, HEADERS, annotation, email, sheet_of, whole_row
from tests.unit.reporting.samples import decision, ledger_state, status


def places(*found, others=(), sheet=None):
    """Row, position and severity of the marks."""
    by_row = {}
    for one in found:
        by_row.setdefault(one.row, []).append(one)
    return [mark[:3] for mark in annotation(by_row, others, sheet).marks]


def test_a_finding_marks_its_cell():
    """The cell's row and column, and how bad it is."""
    assert [(2, 1, "error")] == places(email())


def test_a_finding_about_a_row_marks_its_first_cell_with_a_header():
    """Not a blank column that the sheet begins with."""
    assert [(3, 0, "warning")] == places(whole_row(3))
    assert [(3, 1, "warning")] == places(whole_row(3), sheet=sheet_of(("", "Email", "Key")))


def test_a_finding_about_a_column_that_is_not_there_marks_bo_problems():
    """The sheet has no column for it, and the row must still show it."""
    missing = Finding("document-missing", "Sheet1", 2, "document:identity_proof", details={"title": "Identity Proof"})

    assert [(2, 5, "error")] == places(missing)


def test_findings_of_the_sheet_mark_the_header_they_name():
    """An unknown column is marked at its header, one without a header at Excel's letter; others mark nothing."""
    named = Finding("unknown-column", "Sheet1", 1, "Remarks", details={"nearest": ""})
    lettered = Finding("unknown-column", "Sheet1", 1, "B", details={"nearest": ""})
    hidden = Finding("hidden-rows", "Sheet1", 1, details={"rows": "2"})

    assert [(1, 1, "warning"), (1, 2, "warning")] == places(others=[named, lettered, hidden])


def test_several_findings_of_a_cell_are_one_mark_worst_first():
    """The error gives the colour and stands first in the comment."""
    warning = Finding("unusual-blank", "Sheet1", 2, "Email", details={"position": 1, "character": "U+00A0"})

    (mark,) = annotation({2: [warning, email()]}).marks

    assert "error" == mark.severity
    assert mark.text.startswith("Error: Not an e-mail address\nThis cannot be an e-mail address: it has no @.")
    assert "\n\nWarning: Unusual blank\n" in mark.text


def test_what_turned_up_while_sending_is_told_in_its_row():
    """A document that changed is a finding of the run, not of the check."""
    changed = Finding("document-changed", "Sheet1", 3, "Email")

    made = annotation({}, [changed])

    assert [(3, 1, "error")] == [mark[:3] for mark in made.marks]
    assert "changed between the check" in made.results[1].texts.problems


def test_columns_stand_where_they_stood_or_at_the_far_right():
    """An annotated copy that lost one of them gets it at its end."""
    assert (3, 4, 5, 6) == added_positions(("Key", "Email", "Remarks"))
    assert (1, 3, 4, 0) == added_positions(("bo_compliance_id", " BO_KEY ", "Key"))


def test_request_and_answer_arrive_as_they_were_sent():
    """What the child is asked and answers is the same on both sides, line breaks in the copy included."""
    request = Request(annotation({2: [email()], 3: [whole_row(3)]}), "ab" * 32, CREATED)

    assert request == read_request(request_bytes(request))
    assert isinstance(read_request(request_bytes(request)).annotation.marks[0], Mark)
    assert (b"PK\n\n", ("a", "b")) == read_answer(b'["a", "b"]\nPK\n\n')


def test_rows_of_accounts_that_share_a_sheet_stand_beside_each_other():
    """Each in its own row, in the order of the sheet; what both were told about the sheet is said once."""
    sheet = sheet_of(rows=3)
    about_the_sheet = Finding("unknown-column", "Sheet1", 1, "Notes", details={"nearest": ""})
    acme = status([decision(4, key="K-4", findings=[email(4)])], ledger_state(), [about_the_sheet])
    bravo = status([decision(2, key="K-2"), decision(3, key="K-3")], ledger_state(), [about_the_sheet])

    made = make_annotation(sheet, [Part(COLUMNS, acme), Part(COLUMNS, bravo)])

    assert [(2, "not sent"), (3, "not sent"), (4, "invalid")] == [(each.row, each.texts.state) for each in made.results]
    assert [1, 1] == [fix.times for fix in made.fixes]


def test_rows_of_which_nothing_is_known_keep_their_bo_key():
    """Those of an account that has no part in the copy; a row without one gets none."""
    sheet = sheet_of([*HEADERS, "bo_key"], rows=2)
    told = "~aaaaaaaaaaaaaaaa"
    sheet = sheet.with_rows(
        row._replace(cells=(*row.cells[:-1], told if row.number == 3 else "")) for row in sheet.rows
    )

    made = make_annotation(sheet, [Part(COLUMNS, status([decision(2, key="K-2")], ledger_state()))])

    assert [(2, "K-2"), (3, told)] == [(each.row, each.texts.key) for each in made.results]
