"""The template of the released contract: lists, dates, notes, and an example that would be valid."""

from dataclasses import replace
from pathlib import Path

import msgspec
import openpyxl
import pytest

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.intake.header import match_columns
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.intake.template import form_columns, write_template
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.requirements import (
    Combination,
    Contract,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.row import is_example
from bulk_onboard.model.sheet import SheetRow
from bulk_onboard.validation import judge_rows

RELEASED = bundled_requirements(Contract.RELEASED)
LOCAL = Combination("IN", "local", "business")
FIELDS = (
    FieldRequirement(
        "role", "Role", field_type="enum", choices=("Director, full-time", "=Partner"), help_text="The office."
    ),
    FieldRequirement("since", "Since", field_type="date", date_format="DD/MM/YYYY", help_text="As on the card."),
    FieldRequirement("until", "Until", required=False, field_type="date"),
    FieldRequirement("code", "Code", min_length=9, max_length=12, help_text="Two\x07 lines\nof \x1bhelp " + "x" * 2000),
    FieldRequirement("short", "Short", max_length=3),
    FieldRequirement("business_name", "Legal Name", max_length=50),
)  # fmt: skip
ODD = RequirementsBook.of(
    "a test",
    live=False,
    contract=Contract.RELEASED,
    offered=[
        Requirements(
            LOCAL,
            (FieldRequirement("business_name", "Business Name"),),
            (
                DocumentRequirement("signatory", "=Signatory\x07", needs_file=False, fields=FIELDS),
                DocumentRequirement("identity", "Identity", description="A photo ID"),
            ),
        )
    ],
)


@pytest.mark.parametrize("book", [bundled_requirements(Contract.BETA), RELEASED, ODD], ids=["beta", "released", "odd"])
def test_example_is_recognised_and_would_be_valid(tmp_path: Path, book: RequirementsBook):
    """Whatever is asked for; under another Key nothing is wrong with the row."""
    write_template(tmp_path / "new.xlsx", book)

    sheet = read_sheet(tmp_path / "new.xlsx", sheet=None, header_row=1, encoding=None)
    columns, findings = match_columns(sheet, book, {})
    (row,) = rows_of(sheet, columns, defaults=Combination("", "", ""))
    files = {text: FileFacts(Path(text), 9, text, "application/pdf") for text in row.cells.values()}
    like_it = msgspec.structs.replace(row, cells={**row.cells, "key": "K-1"})
    (judged,) = judge_rows([like_it], book=book, files=files, columns=columns)

    assert is_example(row)
    assert {"odd-requirement"} >= {finding.code for finding in findings}
    assert [] == [finding for finding in judged.findings if finding.severity == "error"]
    assert judged.application is not None


def test_released_template_has_its_columns(tmp_path: Path):
    """In the order of filling in; no kinds, and the certificate's name may stay blank."""
    write_template(tmp_path / "new.xlsx", RELEASED)

    sheet = openpyxl.load_workbook(tmp_path / "new.xlsx")["Businesses"]
    cells = {cell.value: cell for cell in sheet[1]}

    certificate, gst = "Registration Certificate", "GST certificate"
    expected = ["User Type", certificate, f"{certificate}: Legal Name", gst, "Numbers"]
    assert expected == [cell.value for cell in sheet[1]][13:18]
    assert "PDF, PNG or JPEG" in cells["GST certificate"].comment.text
    legal = cells["Registration Certificate: Legal Name"]
    assert (
        "May stay blank. Business Name is sent where it is blank; else the two must be the same." in legal.comment.text
    )
    assert sheet.cell(2, legal.column).value is None


def test_notes_lists_and_dates(tmp_path: Path):
    """Help, lengths and formats stand in the notes, words in the drop-down, and dates stay texts."""
    columns = {column.title: column for column in form_columns(ODD)}
    role, since, until, code, short, _ = (columns[f"=Signatory: {field.label}"] for field in FIELDS)

    assert ("Director, full-time", "=Partner") == role.choices.words
    assert role.choices.closed
    assert role.note.endswith("Required. The office. One of the words of the list.")
    assert since.note.endswith("Required. As on the card. A date, written as dd/mm/yyyy: 31/03/2026.")
    assert ("31/03/2026", "2026-03-31") == (since.example, until.example)
    assert until.note.endswith("May stay blank. A date.")
    assert "Two lines of help xxx" in code.note
    assert code.note.endswith("9 to 12 characters.")
    assert ("Examplexx", "Exa") == (code.example, short.example)

    write_template(tmp_path / "new.xlsx", ODD)
    workbook = openpyxl.load_workbook(tmp_path / "new.xlsx")
    cells = {cell.value: cell for cell in workbook["Businesses"][1]}
    assert "@" == workbook["Businesses"].cell(2, cells["=Signatory: Since"].column).number_format
    assert "s" == cells["=Signatory: Since"].data_type
    assert "=Partner" in [cell.value for row in workbook["Lists"].rows for cell in row if cell.data_type == "s"]


def test_what_combinations_ask_for_differently_is_told_apart():
    """A field of one combination alone says for which it is required."""
    mobile = Requirements(LOCAL._replace(number_type="mobile"), ODD.fields, ())
    book = replace(ODD, offered={**ODD.offered, mobile.combination: mobile})

    columns = {column.title: column for column in form_columns(book)}

    assert "Required for local." in columns["=Signatory: Since"].note
    assert columns["=Signatory: Since"].required


def test_example_shows_dates_as_its_own_combination_wants_them():
    """Another number type writes them otherwise, and its note says so."""
    field = FieldRequirement("since", "Since", field_type="date", date_format="YYYY-MM-DD")
    document = DocumentRequirement("signatory", "=Signatory\x07", needs_file=False, fields=(field,))
    mobile = Requirements(LOCAL._replace(number_type="mobile"), ODD.fields, (document,))
    book = replace(ODD, offered={**ODD.offered, mobile.combination: mobile})

    since = next(column for column in form_columns(book) if column.title == "=Signatory: Since")

    assert "31/03/2026" == since.example
    assert "mobile: A date, written as yyyy-mm-dd: 2026-03-31" in since.note


def test_columns_of_a_number_type_that_no_row_asks_for_are_no_findings(tmp_path: Path):
    """The template has them all; what stands in one of them is warned of, as ever."""
    card = DocumentRequirement("card", "Card", fields=(FieldRequirement("since", "Since"),))
    mobile = Requirements(LOCAL._replace(number_type="mobile"), ODD.fields, (card,))
    write_template(tmp_path / "new.xlsx", replace(ODD, offered={**ODD.offered, mobile.combination: mobile}))
    local = read_sheet(tmp_path / "new.xlsx", sheet=None, header_row=1, encoding=None)
    filled = SheetRow(3, tuple(f"K {n}" for n, _ in enumerate(local.headers)))

    _, alone = match_columns(local, ODD, {})
    _, with_content = match_columns(local.with_rows([*local.rows, filled]), ODD, {})

    assert {"odd-requirement"} == {finding.code for finding in alone}
    assert ["Card", "Card: Since"] == [each.column for each in with_content if each.code == "unknown-column"]
