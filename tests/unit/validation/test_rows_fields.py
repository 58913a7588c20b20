"""Fields against the requirements, and which cells are sent."""

import pytest

from bulk_onboard.model.requirements import Combination, FieldRequirement, Requirements, RequirementsBook

LOCAL = Combination("IN", "local", "business")
MOBILE = Combination("IN", "mobile", "business")
COUNTRY = FieldRequirement("address.country", "Country", min_length=2, max_length=2)
COUNTRY_BOOK = RequirementsBook.of("a test", live=False, offered=[Requirements(LOCAL, (COUNTRY,), ())])


@pytest.mark.parametrize(
    ("name", "code", "problem"),
    [
        (None, "field-missing", "Business Name is required and the cell is blank."),
        ("Ab", "field-too-short", "Business Name is too short: 2 of at least 3 characters."),
        (
            "Á" * 21,
            "field-too-long",
            "Business Name is too long: 21 characters (42 bytes), and the API takes at most 20.",
        ),
    ],
)
def test_field_outside_its_bounds_is_told_with_the_numbers(make_row, judge_one, name, code, problem):
    """Missing, too short or too long: the sentence says by how much."""
    (finding,) = judge_one(make_row(business_name=name)).findings

    assert (code, problem, "Name of Business") == (finding.code, finding.problem, finding.column)


@pytest.mark.parametrize("name", ["Abc", "A" * 20, "अआइ", "🙂" * 20], ids=["least", "most", "letters", "signs"])
def test_bounds_count_characters_and_belong_to_what_is_allowed(make_row, judge_one, name):
    """Exactly the least and the most are fine, and a character is one, however many bytes it takes."""
    assert () == judge_one(make_row(business_name=name)).findings


def test_blank_field_that_is_not_required_is_fine(make_row, judge_one):
    """An optional field is checked only where it is filled."""
    assert () == judge_one(make_row(address__postal_code=None)).findings
    assert ["field-too-long"] == [f.code for f in judge_one(make_row(address__postal_code="x" * 11)).findings]


def test_each_number_type_has_its_own_requirements(make_row, judge_one, codes):
    """What is required for mobile is not asked of a local row."""
    assert ["field-missing"] == codes(judge_one(make_row(combination=MOBILE)))
    assert [] == codes(judge_one(make_row()))


def test_every_filled_field_is_sent_also_where_nobody_asked(make_row, judge_one):
    """E-mail, state, second line and another combination's field go along; what names the record does not."""
    row = make_row(
        key="K-1",
        alias="Acme",
        email="kyc@example.in",
        address__state="Karnataka",
        address__line2="2nd floor",
        tax_id="T-1",
        numbers="911140221000",
        number_type="local",
        **{"kind:identity_proof": "passport"},
    )

    assert {
        "address.line2": "2nd floor",
        "address.state": "Karnataka",
        "business_name": "Acme Limited",
        "email": "kyc@example.in",
        "registration_number": "U72200KA2020PTC123456",
        "tax_id": "T-1",
    } == dict(judge_one(row).application.fields)


@pytest.mark.parametrize(
    ("cell", "text", "seen"),
    [
        ("business_name", "Ravi Kumar and Sons and Daughters", "Rav…"),
        ("business_name", "Al", "Al"),
        ("registration_number", "2345 6789 1234 " + "x" * 50, "XXX…"),
        ("registration_number", "ravi@example.in" + "x" * 50, "…@…"),
        ("address.postal_code", "911140221000 (phone)", "XXX…"),
        ("business_name", "1.23456789 and some more", "1.…"),
    ],
)
def test_values_of_a_person_are_shown_by_their_beginning(make_row, judge_one, cell, text, seen):
    """A finding shows enough to find the cell and too little to know the person."""
    (finding,) = judge_one(make_row(**{cell: text})).findings

    assert seen == finding.seen


@pytest.mark.parametrize(
    ("country", "problem"),
    [
        ("India", "Write IN."),
        ("भारत", "Write IN."),
        ("ind", "Write IN."),
        ("U.S.A.", "Write US."),
        ("Sri Lanka", "Write LK."),
        ("Atlantis", "Write that code, such as IN."),
    ],
)
def test_country_written_out_is_offered_as_its_code(make_row, judge_one, country, problem):
    """A country's name or three letters, where two letters are due, is told with these where they are known."""
    (finding,) = judge_one(make_row(address__country=country), book=COUNTRY_BOOK).findings

    assert ("country-written-out", problem) == (finding.code, finding.fix)


def test_country_written_out_is_fine_where_the_api_takes_it(make_row, judge_one):
    """Only a country that is too long for the requirements is an error."""
    assert () == judge_one(make_row(address__country="India")).findings
