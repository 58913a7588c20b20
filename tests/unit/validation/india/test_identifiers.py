"""Identifiers of India: registration numbers, and Aadhaar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn, verhoeff

from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.validation.cells import cell_findings
from bulk_onboard.validation.india_identifiers import why_no_gstin

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def with_check_digit(first_fourteen):
    """A GSTIN from its first fourteen characters."""
    return first_fourteen + luhn.calc_check_digit(first_fourteen, DIGITS)


@pytest.mark.parametrize(
    "number",
    [
        "U72200KA2020PTC123456",
        "u72200ka2020ptc123456",
        "L00000TG1985PLC000001",
        "U00000OR2012PTC000013",
        "U72200TZ1994PTC004820",
        "AAA-1234",
        "AAA1234",
        "FAAA-1234",
        "F01234",
        "F01234MH2005FTC000123",
        "UDYAM-KR-03-0012345",
        "udyam mh 01 0000001",
        "ABCPE1234F",
        with_check_digit("29ABCCE1234F1Z"),
        with_check_digit("38ABCCE1234F1Z"),
        with_check_digit("97ABCCE1234F2Z"),
        with_check_digit("27MUMA12345B1D"),
        f" {with_check_digit('29ABCCE1234F1Z')[:2]} {with_check_digit('29ABCCE1234F1Z')[2:]}".strip(),
    ],
)
def test_number_that_may_be_right_has_no_finding(judged, number):
    """Each kind of number, with whatever case, blanks and dashes."""
    assert {} == judged(registration_number=number)


@pytest.mark.parametrize(
    ("number", "code", "why"),
    [
        ("U7220OKA2020PTC123456", "cin-wrong", "characters 2 to 6 must be digits, the industry"),
        ("U72200K12020PTC123456", "cin-wrong", "characters 7 and 8 must be letters, the state"),
        ("U72200XX2020PTC123456", "cin-wrong", "no state has the letters XX"),
        ("U72200KA2O20PTC123456", "cin-wrong", "characters 9 to 12 must be a year"),
        ("U72200KA2020PT0123456", "cin-wrong", "characters 13 to 15 must be letters, the kind of company"),
        ("U72200KA2020XYZ123456", "cin-wrong", "no kind of company has the letters XYZ"),
        ("U72200KA2020PTC12345O", "cin-wrong", "the last six characters must be digits"),
        ("UDYAM-KR-03-001234", "udyam-wrong", "two letters, two digits and seven digits must follow"),
        ("UDYAM-XX-03-0012345", "udyam-wrong", "no state has the letters XX"),
        ("ABCDE1234F", "pan-wrong", "no kind of holder has D as the fourth letter"),
        ("ABCPE0000F", "pan-wrong", "its four digits are never 0000"),
        ("ABCPE12345", "pan-wrong", "a PAN is five letters, four digits and a letter"),
        ("O7ABCCE1234F1Z5", "gstin-wrong", "a GSTIN begins with the two digits of its state"),
        ("41ABCCE1234F1Z5", "gstin-wrong", "no state has the number 41"),
        (
            "29ABCDE1234F1Z5",
            "gstin-wrong",
            "the ten characters after the state must be a PAN, and no kind of holder has D as the fourth letter",
        ),
        ("29ABCCE1234F1Z0", "gstin-wrong", "its last character, the check digit, does not fit the others"),
    ],
)
def test_number_that_cannot_be_right_is_told_with_the_reason(judged, number, code, why):
    """What it is meant to be is told by its shape, and the sentence names the first thing that is wrong."""
    findings = judged(registration_number=number)

    assert {code} == findings.keys()
    assert findings[code].problem.endswith(f", but {why}.")


@pytest.mark.parametrize("number", ["911140221000", "9876543210", "F0123", "MH/2020/0012345", "Society 12 of 1999"])
def test_number_of_no_known_kind_is_told_as_such(judged, number):
    """The API's own example is one of them: a warning, and never an Aadhaar number."""
    assert {"registration-number-unknown"} == judged(registration_number=number).keys()


@pytest.mark.parametrize(
    ("number", "state", "registered"),
    [
        ("U72200KA2020PTC123456", "Kerala", "Karnataka"),
        ("U72200TG2020PTC123456", "Andhra Pradesh", "Telangana"),
        (with_check_digit("27ABCCE1234F1Z"), "KA", "Maharashtra"),
        ("UDYAM-KR-03-0012345", "Goa", "Karnataka"),
    ],
)
def test_number_of_another_state_than_the_address_is_told(judged, number, state, registered):
    """A CIN, GSTIN or Udyam number names its state."""
    (finding,) = judged(registration_number=number, address__state=state).values()

    assert ("registration-other-state", registered) == (finding.code, finding.details["registered"])


@pytest.mark.parametrize(
    ("number", "state"),
    [
        ("U72200KA2020PTC123456", "karnataka"),
        ("U72200AP2010PTC123456", "Telangana"),
        ("U72200UP1995PTC123456", "Uttarakhand"),
        ("ABCPE1234F", "Goa"),
        (with_check_digit("97ABCCE1234F1Z"), "Goa"),
        ("U72200KA2020PTC123456", "Nowhere land"),
    ],
)
def test_number_that_fits_the_state_or_tells_none_has_no_finding_about_it(judged, number, state):
    """Numbers from before a state was split off fit its part; a PAN tells no state."""
    assert "registration-other-state" not in judged(registration_number=number, address__state=state)


def test_numbers_of_other_countries_are_not_judged(judged, abroad):
    """What a registration number looks like elsewhere is not known."""
    assert {} == judged(abroad, registration_number="12-3456789", address__country="US")


GSTINS = st.from_regex(r"29[A-Z]{3}[ABCFGHLJPT][A-Z](?!0000)[0-9]{4}[A-Z][1-9A-Z]Z", fullmatch=True).map(
    with_check_digit
)


@given(GSTINS, st.integers(0, 14), st.sampled_from(DIGITS))
def test_any_one_wrong_character_in_a_gstin_is_seen(gstin, position, char):
    """A right one has no fault, and with one other character it has."""
    slip = gstin[:position] + char + gstin[position + 1 :]

    assert (why_no_gstin(slip) == "") is (slip == gstin)


@pytest.mark.parametrize("number", ["MUMA12345B", "blra 00012 c"])
def test_tan_is_called_a_tan(judged, number):
    """It has no more than its length in common with a PAN, and registers no business."""
    finding = judged(registration_number=number)["tan-instead"]

    assert finding.problem.startswith("This has the shape of a TAN, ")


NUMBER = "234123412346"


@pytest.mark.parametrize(
    "column",
    ["business_name", "key", "alias", "address__line1", "address__line2", "address__city", "address__state"],
)
def test_number_like_an_aadhaar_keeps_the_row_out_wherever_it_is_sent_or_kept(judged, column):
    """It is an error, since passing it on may be against the law."""
    assert "aadhaar-number" in judged(**{column: NUMBER})


@pytest.mark.parametrize(
    "text",
    [
        "2341 2341 2346",
        "2341-2341-2346",
        "2341\u00a02341\u00a02346",
        "२३४१२३४१२३४६",
        f"Ravi {NUMBER}, Delhi",
        f"Plot 12 {NUMBER}",
        f"({NUMBER})",
        f"UID:{NUMBER}.",
    ],
)
def test_number_is_seen_however_it_is_written(judged, text):
    """In groups of four, in another script, among other words."""
    assert "aadhaar-number" in judged(address__line1=text)


@pytest.mark.parametrize(
    "text",
    [
        "234123412347",  # another check digit
        "123412341234",
        "200009900002",  # reads the same backwards, which no Aadhaar does
        f"+{NUMBER}",
        f"1{NUMBER}",
        f"{NUMBER}5",
        f"A{NUMBER}",
        "2341 23412346",
        "1234 2341 2341 2346",
        "2341 2341 2346 1234",
        "Shop 2341, 2341 Road, 2346",
    ],
)
def test_other_numbers_are_none(judged, text):
    """What is longer, begins otherwise or fails the check is left alone."""
    assert "aadhaar-number" not in judged(address__line1=text)


@pytest.mark.parametrize(
    "column",
    [
        "registration_number",
        "numbers",
        "address__postal_code",
        "email",
        "document:identity_proof",
        "kind:identity_proof",
    ],
)
def test_columns_that_hold_numbers_are_left_out(judged, column):
    """One number in ten passes the check, the documentation's own sample among them."""
    text = "911140221000" if column != "email" else f"{NUMBER}@example.in"

    assert "aadhaar-number" not in judged(**{column: text})


VALID = st.from_regex(r"[2-9][0-9]{10}", fullmatch=True).map(lambda text: text + verhoeff.calc_check_digit(text))


@given(
    VALID,
    st.sampled_from(["", " ", "-", "\u200b", "\u00a0"]),
    st.sampled_from(["key", "alias", "business_name", "document:identity_proof"]),
)
def test_no_finding_shows_the_number(number, gap, column):
    """Neither what was seen nor any word has its first eight digits, whatever stands between them."""
    text = gap.join((number[:4], number[4:8], number[8:]))
    row = Row("S", 2, Combination("IN", "local", "business"), {column: text + "\u200b.pdf"})

    troubles = list(cell_findings(row))

    assert troubles
    said = "".join(char for char in f"{[(t.seen, dict(t.details)) for t in troubles]}" if char.isdigit())
    assert number[:8] not in said


@pytest.mark.parametrize("column", ["key", "alias"])
def test_phone_number_is_no_aadhaar_where_a_row_is_named(judged, column):
    """India's code and ten digits without a gap are a phone number, whether or not the row has it among its own."""
    assert "aadhaar-number" in judged(**{column: "9180 4567 8909"})
    assert "aadhaar-number" not in judged(**{column: "918045678909"})
    assert "aadhaar-number" in judged(business_name="918045678909")


@pytest.mark.parametrize("column", ["key", "alias", "address__line1"])
def test_own_phone_number_is_no_aadhaar(judged, column):
    """Wherever a row has one of its own numbers again, however it is written."""
    own = {"numbers": "+91 80 4567 8909, 911140000000"}

    assert "aadhaar-number" not in judged(**{column: "9180 4567 8909"}, **own)
    assert "aadhaar-number" in judged(**{column: f"9180 4567 8909, {NUMBER}"}, **own)
