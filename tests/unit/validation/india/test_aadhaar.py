"""Aadhaar numbers where they do not belong; all of these are invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import verhoeff

from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.validation.cells import cell_findings

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
