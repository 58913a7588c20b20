"""Rows that mean the same record, or the same business."""

import pytest

from bulk_onboard.model.example import EXAMPLE
from tests.unit.validation.conftest import MOBILE


def test_same_row_twice_is_sent_once(make_row, judge):
    """Of equal rows the first is sent; each later one is a warning that names it."""
    first, other, second, third = judge(make_row(2), make_row(3, registration_number="other"), make_row(4), make_row(5))

    assert first.application is not None
    assert other.application is not None
    assert [None, None, 2, 2] == [one.duplicate_of for one in (first, other, second, third)]
    assert (None, False) == (second.application, second.has_errors)
    assert "Row 2 has the same key and content; this one is not sent again." in [f.problem for f in second.findings]


def test_same_key_with_different_content_keeps_all_of_them_out(make_row, judge, codes):
    """Nobody guesses which row is right; each names one that contradicts it, equal ones among them too."""
    judged = judge(make_row(2), make_row(3), make_row(4, business_name="Another"))

    assert ["key-conflict"] * 3 == [codes(one)[0] for one in judged]
    assert [4, 4, 2] == [one.findings[0].details["other"] for one in judged]
    assert [None] * 3 == [one.application for one in judged]
    assert [None] * 3 == [one.duplicate_of for one in judged]


def test_key_tells_rows_apart_that_look_the_same(make_row, judge):
    """Two rows with Keys of their own are two records, whatever else they share."""
    judged = judge(make_row(2, key="A"), make_row(3, key="B"), make_row(4))

    assert all(one.application for one in judged)


def test_case_and_blanks_in_a_key_do_not_make_two_records(make_row, judge):
    """A Key typed a little differently is the same Key."""
    _, second = judge(make_row(2, key="k  17"), make_row(3, key="K 17"))

    assert 2 == second.duplicate_of


def test_duplicate_of_an_invalid_row_is_a_duplicate_too(make_row, judge, codes):
    """Equal bad rows are one bad row and its duplicate, and both tell all their findings."""
    first, second = judge(make_row(2, business_name="A"), make_row(3, business_name="A"))

    assert "field-too-short" in codes(first)
    assert None is first.duplicate_of
    assert ["duplicate", *codes(first)] == codes(second)
    assert 2 == second.duplicate_of


def test_rows_without_identity_are_no_duplicates_of_each_other(make_row, judge, codes):
    """What has no key cannot have the same key."""
    judged = judge(make_row(2, registration_number=None), make_row(3, registration_number=None))

    assert [["row-without-identity", "field-missing"]] * 2 == [codes(one) for one in judged]


def test_registration_number_under_several_keys(make_row, judge, codes):
    """Each later row is warned and names the first, however the number is written; all of them are sent."""
    rows = [make_row(2, key="A"), make_row(3, key="B", registration_number=" u72200ka2020ptc123456"), make_row(4)]

    judged = judge(*rows)

    assert [False, True, True] == ["registration-number-twice" in codes(one) for one in judged]
    found = [f for one in judged[1:] for f in one.findings if f.code == "registration-number-twice"]
    assert [(2, "CIN"), (2, "CIN")] == [(finding.details["other"], finding.column) for finding in found]
    assert all(one.application for one in judged)


def test_registration_number_respelled(make_row, judge, codes):
    """Other dashes and blanks make another record of what is most likely one business: a warning, Key or none."""
    spelled = ["UDYAM-KR-03-0012345", "UDYAM KR 03 0012345", "udyam\u2011kr/03.0012345", "UDYAM-KR-03-0012346"]

    judged = judge(*(make_row(number, registration_number=text) for number, text in enumerate(spelled, 2)))

    assert [False, True, True, False] == ["registration-number-twice" in codes(one) for one in judged]
    assert all(one.application for one in judged)


def test_registration_number_is_masked(make_row, judge):
    """A finding shows enough of it to find the cell, and no more."""
    _, second = judge(make_row(2, key="A"), make_row(3, key="B"))

    assert ["U72…"] == [f.seen for f in second.findings if f.code == "registration-number-twice"]


def test_one_business_may_ask_for_two_types_of_number(make_row, judge, codes):
    """The same registration number for another kind of number is another record, and no trouble."""
    judged = judge(make_row(2, key="A"), make_row(3, MOBILE, key="B", tax_id="T"))

    assert not any("registration-number-twice" in codes(one) for one in judged)


def test_duplicates_are_not_told_twice(make_row, judge, codes):
    """Rows of one key are duplicates or in conflict; that their registration number is the same goes without saying."""
    judged = judge(make_row(2, key="A"), make_row(3, key="A"), make_row(4, key="A", business_name="Another"))

    assert not any("registration-number-twice" in codes(one) for one in judged)


@pytest.mark.parametrize("ruling", ["off", "warning", "error"])
def test_job_rules_what_several_keys_mean(make_row, judge, codes, ruling):
    """Switched off it is not told; as an error it keeps the later row out, and never the first."""
    first, second = judge(make_row(2, key="A"), make_row(3, key="B"), rulings={"registration-number-twice": ruling})

    assert first.application is not None
    assert (ruling == "error") == (second.application is None) == second.has_errors
    assert (ruling != "off") == ("registration-number-twice" in codes(second))


def test_duplicate_is_never_sent_whatever_is_said_of_it(make_row, judge, codes):
    """Switching the finding off silences it; the row still stands aside."""
    _, second = judge(make_row(2), make_row(3), rulings={"duplicate": "off"})

    assert (2, None) == (second.duplicate_of, second.application)
    assert "duplicate" not in codes(second)


def test_examples_are_nobodys_duplicates(make_row, judge):
    """The template's example may stand in the sheet several times, and nothing is said of it."""
    judged = judge(make_row(2, bare=True, **EXAMPLE), make_row(3, bare=True, **EXAMPLE))

    assert [(True, None, ())] * 2 == [(one.is_example, one.duplicate_of, one.findings) for one in judged]
