"""What the user's headers mean."""

from pathlib import Path

import pytest

from bulk_onboard import errors
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.intake.header import match_columns, titles
from bulk_onboard.model.requirements import Combination, FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.model.sheet import ADDED_COLUMNS, Sheet, SheetRow

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
    return Sheet(Path("firms.xlsx"), "Firms", "0" * 64, 3, headers).with_rows(rows)


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
        ("Email*:", "email"),
        ("\ufeffＥｍａｉｌ\u200b", "email"),
        ("Al\u00adi\u2060as\ufe0f", "alias"),
        ("\u202aCallback\u00a0URL\u202c", "callback_url"),
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
    """Case, width, blanks, line breaks, signs and whatever is not seen make no difference."""
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

    text = complaint(sheet_of(*headers, "Postal C.", "city"), {"Town": "City", "Postal C.": "Citty"})

    assert (
        'The headers in row 3 of sheet "Firms" do not fit: [columns] maps "Town", which is no header of the sheet; '
        '[columns] maps "Postal C." to "Citty", which is no known column (did you mean "City"?); '
        '"City" is there more than once, in columns D ("City"), J ("city"); '
        '"Postal Code" is missing (is it "Postal C."?); "Number Type" is missing. '
        f"They were held against {BOOK.described}. "
        "Correct the headers, or map them under [columns] in the job file."
    ) == text


@pytest.mark.parametrize(
    ("header", "column"),
    [("Firma", "Business Name"), ("Company", "Business Name"), ("Pin", "Postal Code"), ("Pin Cod", "Postal Code")],
)
def test_word_of_a_name_is_asked_about(header, column):
    """It is not taken for the column, since something else may be meant by it; one header is asked about once."""
    text = complaint(sheet_with(header, without=column))

    assert f'"{column}" is missing (is it "{header}"?)' in text
    assert 1 == text.count(header)


def test_stranger_is_not_asked_about():
    """A header that has nothing of the missing column's names."""
    assert "is it" not in complaint(sheet_with("Remarks", "Manager", "ID", without="Postal Code"))


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
        'Nothing is asked for in a column of this name, so it is ignored. [columns] says that "Town" is this column.'
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
    assert (
        'Nothing is asked for in a column of this name, so it is ignored. Did you mean "State"?' == findings[0].problem
    )
    assert "Nothing is asked for in a column of this name, so it is ignored." == findings[1].problem


@pytest.mark.parametrize("header", ["sec\u202eret", "Date", "Phone", "Registered Office"])
def test_what_has_little_in_common_is_not_suggested(header):
    """A name that nobody would write by a slip of a known one is nobody's."""
    _, findings = match_columns(sheet_with(header), BOOK, {})

    assert "Nothing is asked for in a column of this name, so it is ignored." == findings[0].problem


def test_name_already_there_is_not_suggested():
    """The advice never leads to a doubled column."""
    _, findings = match_columns(sheet_with("Citty"), BOOK, {})

    assert "City" not in findings[0].problem


def test_column_without_header():
    """It is ignored in silence while empty, and named with its first cell when something is in it."""
    width = len(REQUIRED)
    rows = [SheetRow(4, ("x",) * width + ("", " ", "")), SheetRow(7, ("x",) * width + ("note", "", "first"))]
    rows.append(SheetRow(8, ("x",) * width + ("note", "", "second")))

    _, findings = match_columns(sheet_with("", " ", "\u200b", rows=rows), BOOK, {})

    assert ["K", "M"] == [finding.column for finding in findings]
    assert (
        "Nothing is asked for in a column of this name, so it is ignored. It has no header, and its first content is "
        "in K7." == findings[0].problem
    )


def test_blank_headers_are_never_mapped():
    """A mapping from nothing is an error, and does not give the columns without header a meaning."""
    assert '[columns] maps "", which is no header of the sheet' in complaint(sheet_with("", ""), {"": "Alias"})


def test_header_of_signs_alone():
    """A header without letters is told from others by its signs."""
    columns, findings = match_columns(sheet_with("#", "%", ""), BOOK, {"#": "Key"})

    assert len(REQUIRED) == columns.positions["key"]
    assert ["%"] == [finding.column for finding in findings]


def test_mapping_says_one_thing():
    """Two spellings of one header in the job file are an error."""
    text = complaint(sheet_with("Town"), {"Town": "Alias", "TOWN": "Key"})

    assert '[columns] maps "Town" and "TOWN", which are one and the same header' in text


@pytest.mark.parametrize(
    ("header", "instead_of"),
    [
        ("Company Name", "Business Name"),
        ("CIN", "Registration Number"),
        ("Address", "Address Line 1"),
        ("Town", "City"),
        ("City / Town", "City"),
        ("PINCODE", "Postal Code"),
        ("Zip", "Postal Code"),
        ("ID Proof", "Identity Proof"),
    ],
)
def test_synonyms(header, instead_of):
    """What operations teams call a column is understood where the sheet has no proper name for it."""
    columns, findings = match_columns(sheet_with(header, without=instead_of), BOOK, {})

    assert header == columns.headers[REQUIRED[instead_of]]
    assert () == findings


def test_proper_name_comes_before_a_synonym():
    """The proper name is taken, and the other column is told to be ignored."""
    columns, findings = match_columns(sheet_with("Zip", "Pincode"), BOOK, {})

    assert "Postal Code" == columns.headers["address.postal_code"]
    assert ["Zip", "Pincode"] == [finding.column for finding in findings]
    assert (
        'Nothing is asked for in a column of this name, so it is ignored. "Postal Code" is taken.'
        == findings[0].problem
    )


def test_two_synonyms_are_doubled():
    """Which of two synonyms is meant is never guessed; the job file can say it."""
    sheet = sheet_with("Zip", "Pincode", without="Postal Code")

    columns, findings = match_columns(sheet, BOOK, {"Zip": "Postal Code"})

    assert '"Postal Code" is there more than once, in columns J ("Zip"), K ("Pincode")' in complaint(sheet)
    assert "Zip" == columns.headers["address.postal_code"]
    assert ["Pincode"] == [finding.column for finding in findings]


@pytest.mark.parametrize("header", ["GSTIN", "Name", "Phone Numbers", "Customer ID"])
def test_words_that_can_be_mistaken_are_no_synonyms(header):
    """A header that may mean something else is unknown."""
    assert [header] == [finding.column for finding in match_columns(sheet_with(header), BOOK, {})[1]]


def test_requirements_come_before_synonyms():
    """A synonym that the API uses for another field means that field."""
    combination = Combination("IN", "local", "business")
    fields = (FieldRequirement("branch.town", "Town", required=False),)
    book = RequirementsBook.of("test", live=True, offered=[Requirements(combination, fields, ())])

    assert {"branch.town": 0, "number_type": 1} == match_columns(sheet_of("Town", "Number Type"), book, {})[0].positions


def test_synonyms_wait_for_the_requirements():
    """As long as no requirements are known, no synonym is one: the API may use the word for another field."""
    columns, findings = match_columns(sheet_of("Zip", "Pincode", "Key"), EMPTY, {})

    assert {"key": 2} == columns.positions
    assert () == findings


def test_synonyms_of_documents_need_the_document():
    """A document's synonym is a column like any other where the requirements have no such document."""
    book = RequirementsBook.of(
        "test", live=True, offered=[Requirements(Combination("IN", "local", "business"), (), ())]
    )

    _, findings = match_columns(sheet_of("ID Proof", "Number Type"), book, {})

    assert ["ID Proof"] == [finding.column for finding in findings]


def test_documents_may_be_found_by_pattern():
    """Where a pattern finds the documents, their columns are not missed."""
    headers = [header for header, name in REQUIRED.items() if not name.startswith("document:")]

    columns, findings = match_columns(sheet_of(*headers), BOOK, {}, documents_optional=True)

    assert {REQUIRED[header] for header in headers} == columns.positions.keys()
    assert () == findings
    assert '"Identity Proof" is missing' in complaint(sheet_of(*headers))


def test_columns_of_the_annotated_workbook():
    """`bo_key` is heeded, what else the annotated workbook adds is ignored without a word."""
    columns, findings = match_columns(sheet_with(*ADDED_COLUMNS), BOOK, {})

    assert len(REQUIRED) == columns.positions["bo_key"]
    assert REQUIRED.keys() | {"bo_key"} == set(columns.headers.values())
    assert () == findings
    assert '"bo_key" is there more than once, in columns K ("bo_key"), L ("BO Key")' in complaint(
        sheet_with("bo_key", "BO Key")
    )
    assert "bo_key" not in titles(BOOK)


def test_headers_in_another_row():
    """Where a row below holds the headers, the error says which, and what to type; nothing is guessed."""
    rows = [SheetRow(5, ("Key", "Business Name", "City", "State", "")), SheetRow(6, ("k1", "Acme", "Pune", "", ""))]

    text = complaint(sheet_of("Firms", "", "", "", "", rows=rows))

    assert '"Business Name" is missing; ' in text
    assert text.endswith(
        '. Row 5 holds "Key", "Business Name", "City" …: if these are the headers, say so: --header-row 5.'
    )


def test_headers_known_by_the_job_file_alone():
    """Headers that the job file maps count when the header row is looked for."""
    rows = [SheetRow(4, ("Firma", "Ort"))]

    text = complaint(sheet_of("", "", rows=rows), {"Firma": "Business Name", "Ort": "City"})

    assert text.endswith('Row 4 holds "Firma", "Ort": if these are the headers, say so: --header-row 4.')


def test_two_header_rows():
    """Headers that are spread over two rows are told."""
    headers = [header for header in REQUIRED if header not in ("City", "Postal Code")]
    rows = [SheetRow(4, ("",) * len(headers) + ("City", "Postal Code"))]

    text = complaint(sheet_of(*headers, "", "", rows=rows))

    assert text.endswith(
        'Row 4 holds "City", "Postal Code": headers must stand in one row, so write them all into one.'
    )


def test_headers_far_below_are_not_looked_for():
    """Only the top of the sheet is searched for headers."""
    rows = [*(SheetRow(n, ("x", "")) for n in range(4, 24)), SheetRow(24, ("Key", "Alias"))]

    text = complaint(sheet_of("Firms", "", rows=rows))

    assert "map them under [columns] in the job file." in text
    assert "Row 24" not in text


def test_empty_book_asks_for_nothing():
    """As long as no requirements are known, nothing is missing, unknown or wrongly mapped."""
    columns, findings = match_columns(sheet_of("Number Type", "Scan", "Zzz"), EMPTY, {"Scan": "Identity Proof"})

    assert {"number_type": 0} == columns.positions
    assert () == findings


def test_empty_book_sees_doubled_columns():
    """A doubled column is an error whatever the requirements are."""
    assert '"Number Type" is there more than once' in complaint(sheet_of("Number Type", "number_type"), book=EMPTY)
