"""What the user's headers mean."""

from pathlib import Path

import pytest

from bulk_onboard import errors
from bulk_onboard.intake.bundled import bundled_requirements
from bulk_onboard.intake.header import column_letter, match_columns
from bulk_onboard.model.requirements import Combination, FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.model.sheet import Sheet

BOOK = bundled_requirements()
EMPTY = RequirementsBook("nowhere", live=False)
REQUIRED = {
    "Business Name": "business_name",
    "Registration Number": "registration_number",
    "Address Line 1": "address.line1",
    "City": "address.city",
    "Postal Code": "address.postal_code",
    "Country": "address.country",
    "Number Type": "number_type",
    "Identity Proof": "document:identity_proof",
    "Address Proof": "document:address_proof",
    "Business Registration": "document:business_registration",
}


def sheet_of(*headers: str, rows=()) -> Sheet:
    """A sheet with these headers in row 3."""
    return Sheet(Path("firms.xlsx"), "Firms", "0" * 64, 3, headers, tuple(rows))


def sheet_with(*more: str, without: str = "", rows=()) -> Sheet:
    """A sheet with all required headers but one, and some more."""
    return sheet_of(*(header for header in REQUIRED if header != without), *more, rows=rows)


def complaint(sheet: Sheet, mapping=None, book=BOOK) -> str:
    """What is wrong with the columns."""
    with pytest.raises(errors.WorkbookError) as caught:
        match_columns(sheet, book, mapping or {})
    return str(caught.value)


def test_required_headers_are_enough():
    """With the headers of all that is required there is nothing to complain about."""
    columns, findings = match_columns(sheet_with(), BOOK, {})

    assert {name: position for position, name in enumerate(REQUIRED.values())} == columns.positions
    assert {name: header for header, name in REQUIRED.items()} == columns.headers
    assert () == findings


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Key", "key"),
        ("REFERENCE", "key"),
        ("alias", "alias"),
        ("E-mail", "email"),
        ("address.line2", "address.line2"),
        ("State", "address.state"),
        ("address.state", "address.state"),
        ("number country", "country_iso"),
        ("country_iso", "country_iso"),
        ("UserType", "user_type"),
        ("numbers ", "numbers"),
        ("Callback\nURL", "callback_url"),
        ("identity_proof_kind", "kind:identity_proof"),
        ("Business\u00a0Registration Kind", "kind:business_registration"),
    ],
)
def test_spellings_of_optional_columns(header, name):
    """Case, blanks, line breaks, underscores, dots and dashes make no difference."""
    columns, findings = match_columns(sheet_with(header), BOOK, {})

    assert len(REQUIRED) == columns.positions[name]
    assert header.strip() == columns.header(name)
    assert () == findings


@pytest.mark.parametrize("header", ["postal_code", "address.postal_code", "POSTAL-CODE", "PostalCode"])
def test_field_name_label_and_plain_name_are_one_column(header):
    """The requirements' name and label and our plain name stand for the same field."""
    columns, _ = match_columns(sheet_with(header, without="Postal Code"), BOOK, {})

    assert header == columns.headers["address.postal_code"]


def test_requirements_come_before_plain_names():
    """A label that is also a plain name means the field the API asks for."""
    combination = Combination("IN", "local", "business")
    fields = (FieldRequirement("contact_email", "Email"),)
    book = RequirementsBook.of("test", live=True, offered=[Requirements(combination, fields, ())])

    columns, _ = match_columns(sheet_of("Email", "Number Type"), book, {})

    assert {"contact_email": 0, "number_type": 1} == columns.positions


def test_all_troubles_are_listed_at_once():
    """Missing, doubled and wrongly mapped columns make one sentence, the likely header of a missing one included."""
    headers = [header for header in REQUIRED if header not in ("Postal Code", "Number Type")]

    text = complaint(sheet_of(*headers, "Post Code", "city"), {"Town": "City", "Post Code": "Zip"})

    assert (
        'The columns of sheet "Firms" do not fit: [columns] maps "Town", which is no header of the sheet; '
        '[columns] maps "Post Code" to "Zip", which is no known column; '
        '"City" is there more than once, in columns D ("City"), J ("city"); '
        '"Postal Code" is missing (is it "Post Code"?); "Number Type" is missing. '
        "Correct the headers, or map them under [columns] in the job file."
    ) == text


def test_number_type_may_have_a_default():
    """A column that the caller calls optional is not missed."""
    sheet = sheet_with(without="Number Type")

    assert '"Number Type" is missing' in complaint(sheet)
    assert "number_type" not in match_columns(sheet, BOOK, {}, optional=("number_type",))[0].positions


@pytest.mark.parametrize("target", ["Postal Code", "address.postal_code", "postal code"])
def test_mapping_names_the_column(target):
    """[columns] gives a header of the user's a meaning, by any accepted word for it."""
    columns, findings = match_columns(sheet_with("Zip", without="Postal Code"), BOOK, {"ZIP": target})

    assert "Zip" == columns.headers["address.postal_code"]
    assert () == findings


def test_mapping_goes_before_the_header_itself():
    """A mapped column stands for the field though another bears its name, and that other is reported as ignored."""
    columns, findings = match_columns(sheet_with("Town"), BOOK, {"Town": "City"})

    assert "Town" == columns.headers["address.city"]
    assert ["City"] == [finding.column for finding in findings]
    assert (
        'No column of this name is known, so it is ignored; [columns] says that "Town" is this column.'
        == findings[0].problem
    )


def test_header_can_be_mapped_away_from_its_own_meaning():
    """A header that is a plain name means what [columns] says instead."""
    columns, findings = match_columns(sheet_with("Reference", "Alias"), BOOK, {"Alias": "Callback URL"})

    assert "Alias" == columns.headers["callback_url"]
    assert "alias" not in columns.positions
    assert () == findings


def test_unknown_header_is_a_warning_with_the_nearest_name():
    """What nobody knows is ignored, with a word about what may be meant."""
    _, findings = match_columns(sheet_with("Sate", "Zzz"), BOOK, {})

    assert [("unknown-column", "Firms", 3, "Sate"), ("unknown-column", "Firms", 3, "Zzz")] == [
        (finding.code, finding.sheet, finding.row, finding.column) for finding in findings
    ]
    assert 'No column of this name is known, so it is ignored; did you mean "State"?.' == findings[0].problem
    assert "No column of this name is known, so it is ignored." == findings[1].problem


def test_name_already_there_is_not_suggested():
    """The advice never leads to a doubled column."""
    _, findings = match_columns(sheet_with("Citty"), BOOK, {})

    assert "City" not in findings[0].problem


def test_column_without_header():
    """It is ignored in silence while empty, and named with its first cell when something is in it."""
    width = len(REQUIRED)
    rows = [(4, ("x",) * width + ("", " ")), (7, ("x",) * width + ("note", ""))]

    _, findings = match_columns(sheet_with("", " ", rows=rows), BOOK, {})

    assert ["K"] == [finding.column for finding in findings]
    assert (
        "No column of this name is known, so it is ignored; it has no header, and its first content is in K7."
        == findings[0].problem
    )


def test_empty_book_asks_for_nothing():
    """As long as no requirements are known, nothing is missing, unknown or wrongly mapped."""
    columns, findings = match_columns(sheet_of("Number Type", "Scan", "Zzz"), EMPTY, {"Scan": "Identity Proof"})

    assert {"number_type": 0} == columns.positions
    assert () == findings


def test_empty_book_sees_doubled_columns():
    """A doubled column is an error whatever the requirements are."""
    assert '"Number Type" is there more than once' in complaint(sheet_of("Number Type", "number_type"), book=EMPTY)


def test_column_letters():
    """Columns are named as Excel names them."""
    assert ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"] == [
        column_letter(position) for position in (0, 25, 26, 51, 52, 701, 702, 16383)
    ]
