"""Cells by themselves: how the file keeps them, and e-mail addresses."""

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.sheet import Stored
from bulk_onboard.validation import cells

PIN = "address.postal_code"
REGISTRATION = "registration_number"


@pytest.fixture
def codes_of_cell(make_row, judge_one):
    """The codes for a cell of an otherwise good row; `stored` is how the file keeps it."""

    def run(column, text, stored=None):
        row = make_row(**{column: text}, kept={"stored": {column: stored}} if stored else {})
        return [finding.code for finding in judge_one(row).findings]

    return run


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        (PIN, "560001", []),
        ("key", "17", []),
        ("business_name", "1947", []),
        (REGISTRATION, "911140221000", ["number-instead-of-text", "registration-number-unknown"]),
        (REGISTRATION, "999999999999999", ["number-instead-of-text", "registration-number-unknown"]),
        (REGISTRATION, "1000000000000000", ["digits-lost"]),
        (REGISTRATION, "1.2345678901234E+17", ["digits-lost"]),
        (REGISTRATION, "560001.0", ["decimal-point"]),
        ("business_name", "12.5", ["digits-lost"]),
        ("key", "0.1", ["digits-lost"]),
        ("numbers", "911140221000", []),
    ],
)
def test_number_is_taken_for_its_digits_where_none_are_lost(codes_of_cell, column, text, expected):
    """Whole numbers of up to 15 digits survive; Excel keeps no more, and drops zeros at both ends."""
    assert expected == codes_of_cell(column, text, Stored.NUMBER)


@pytest.mark.parametrize("column", ["business_name", "key", "email", "document:identity_proof", "callback_url"])
def test_date_is_an_error_in_every_column(codes_of_cell, column):
    """All columns are text, so a date is what Excel made of one."""
    assert ["date-instead-of-text"] == codes_of_cell(column, "2020-02-01", Stored.DATE)


def test_boolean_survives_as_the_word_it_is(codes_of_cell):
    """TRUE is what was written."""
    assert [] == codes_of_cell("business_name", "TRUE", Stored.BOOLEAN)


def test_error_is_named_and_its_sign_is_no_value(make_row, judge_one):
    """The finding tells Excel's own sign for it."""
    (finding,) = judge_one(make_row(business_name="#REF!", kept={"stored": {"business_name": Stored.ERROR}})).findings

    assert "The cell holds the error #REF! and no value." == finding.problem


@pytest.mark.parametrize("column", ["business_name", "key", "kind:identity_proof", "document:identity_proof"])
@pytest.mark.parametrize("text", ["#N/A", "#VALUE!", "#DIV/0!"])
def test_errors_that_came_as_text_are_errors_too(codes_of_cell, column, text):
    """A csv or ods file holds the sign of an error as a text."""
    assert ["cell-error"] == codes_of_cell(column, text)


@pytest.mark.parametrize("text", ["None", "null", "nan", "N/A", "# N/A", "TRUE", "#1 Foods", "1.23E+11", "560001.0"])
def test_words_that_programs_take_for_nothing_are_words(codes_of_cell, text):
    """A business may be called so."""
    assert [] == codes_of_cell("business_name", text)


def test_formula_without_a_result_is_told_although_the_cell_reads_blank(codes_of_cell):
    """Blank and never calculated are two things."""
    assert ["formula-not-calculated"] == codes_of_cell("email", None, Stored.UNCALCULATED)


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        (PIN, "560001.0", "decimal-point"),
        ("key", "17.00", "decimal-point"),
        (REGISTRATION, "911140221000.0", "decimal-point"),
        ("numbers", "911140221000, 911140221001.0", "decimal-point"),
        ("key", "1.23E+11", "digits-lost"),
        (REGISTRATION, "9,1114E+11", "digits-lost"),
        (REGISTRATION, "9.11140221e11", "digits-lost"),
        (PIN, "5E+5", "digits-lost"),
        ("numbers", "911140221000; 9.11E+11", "digits-lost"),
    ],
)
def test_text_that_was_a_number_once_is_seen_where_digits_count(codes_of_cell, column, text, expected):
    """What programs and Excel write for a number is no identifier."""
    assert [expected] == codes_of_cell(column, text)


@pytest.mark.parametrize("key", ["1.2", "12E3", "1E10", "A+1", "1,000", "v1.0", "E+1"])
def test_keys_that_only_resemble_a_number_are_keys(codes_of_cell, key):
    """People may call their rows as they like."""
    assert [] == codes_of_cell("key", key)


def test_each_cell_of_a_merge_is_told_with_the_range(make_row, judge_one):
    """Nobody knows what the cells beneath the first should hold."""
    kept = {"merged": {"business_name": "B2:C4", "registration_number": "B2:C4"}}

    findings = judge_one(make_row(business_name=None, registration_number=None, key="K", kept=kept)).findings

    assert [("merged-cells", "Name of Business"), ("merged-cells", "CIN")] == [(f.code, f.column) for f in findings]
    assert "Unmerge B2:C4 and write each cell's own value." == findings[0].fix


def test_number_without_text_has_lost_nothing(make_row, judge_one):
    """Where there is no text, there are no digits that could be lost."""
    row = make_row(alias="", kept={"stored": {"alias": Stored.NUMBER}})

    assert () == judge_one(row).findings


@pytest.mark.parametrize(
    "word",
    ["#N/A", "#REF!", "#ERROR!", "#NAME?", "#NV", "#BEZUG!", "#¡REF!", "#¿NOMBRE?", "#VALEUR!", "#Н/Д", "#DEĞER!",
     "#ref!", "Err:511", "Err: 502", "Fehler:504", "Loading...", "Loading…", "########"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["key", "business_name", "address__city", "document:identity_proof", "numbers"])
def test_words_that_spreadsheets_write_for_errors_are_no_values(codes_of_cell, column, word):
    """Those of Excel, LibreOffice and Google Sheets, in whatever language, where a file keeps them as text."""
    assert ["cell-error"] == codes_of_cell(column.replace("__", "."), word)


@pytest.mark.parametrize(
    "text", ["#1 Motors", "Room:501", "Block: 7", "Loading... Dock", "Yes!", "In C#", "No. #", "Err 511"]
)
def test_other_texts_with_such_signs_are_values(codes_of_cell, text):
    """A house number, a motto, a language."""
    assert [] == codes_of_cell("business_name", text)


@pytest.mark.parametrize("text", ["2020-03-01 00:00:00", "2020-03-01T00:00:00.000Z", "2020-03-01T05:30:00+05:30"])
def test_date_with_time_in_an_identifier_was_a_date(codes_of_cell, text):
    """So programs write a date; nobody has such a Key. A date alone may be one."""
    assert ["date-instead-of-text"] == codes_of_cell("key", text)
    assert [] == codes_of_cell("key", text[:10])


@pytest.mark.parametrize("column", ["key", "alias", REGISTRATION])
def test_number_that_is_shown_otherwise_is_told_where_it_names_a_row(codes_of_cell, column):
    """A copy saved as csv would have another Key; elsewhere the digits are what is meant."""
    assert "number-shown-otherwise" in codes_of_cell(column, "1234", Stored.FORMATTED)
    assert ["digits-lost"] == codes_of_cell(column, "12.5", Stored.FORMATTED)
    assert [] == codes_of_cell(PIN, "560001", Stored.FORMATTED)


@pytest.mark.parametrize(
    "text", ["kyc@firm.in", "Rig.2+india@mail.firm-one.co.in", "a@b.example", "o'neil@firm.in", "क@उदाहरण.भारत"]
)
def test_addresses_are_fine_however_plain(make_row, judge_one, text):
    """Any address by the rules is taken, in any script."""
    assert () == judge_one(make_row(email=text)).findings


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nobody", "must have an @-sign"),
        ("a@b@c.in", "@"),
        ("a..b@firm.in", "two periods in a row"),
        ("a@firm", "should have a period"),
        ("a b@firm.in", "SPACE"),
        ("Ravi <ravi@firm.in>", "display name"),
        ("a@firm.in; b@firm.in", "invalid characters"),
        ("a@-firm.in", "hyphen"),
        ("x" * 65 + "@firm.in", "too long"),
        ("a@localhost.localhost", "reserved"),
    ],
)
def test_what_cannot_be_an_address_is_told_with_the_reason(make_row, judge_one, text, why):
    """The sentence says what is against the rules, and shows no part of an address."""
    (finding,) = judge_one(make_row(email=text)).findings

    assert "email-invalid" == finding.code
    assert why in finding.problem
    assert "ravi@" not in finding.problem + finding.seen


@given(st.from_regex(cells._PLAIN, fullmatch=True).filter(lambda text: len(text) <= cells._PLAIN_LIMIT))
def test_plain_addresses_are_addresses(text):
    """What is let through at a glance would pass the long look too."""
    assert validate_email(text, check_deliverability=False, strict=True)
