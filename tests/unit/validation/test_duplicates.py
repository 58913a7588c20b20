"""Rows that mean the same record."""


def test_same_row_twice_is_sent_once(make_row, judge):
    """Of equal rows the first is sent; each later one is a warning that names it."""
    first, other, second, third = judge(make_row(2), make_row(3, registration_number="other"), make_row(4), make_row(5))

    assert first.application is not None
    assert other.application is not None
    assert [None, None, 2, 2] == [one.duplicate_of for one in (first, other, second, third)]
    assert (None, False) == (second.application, second.has_errors)
    assert ["Row 2 has the same key and content; this one is not sent again."] == [f.problem for f in second.findings]


def test_same_key_with_different_content_keeps_all_of_them_out(make_row, judge, codes):
    """Nobody guesses which row is right; each names one that contradicts it, equal ones among them too."""
    judged = judge(make_row(2), make_row(3), make_row(4, business_name="Another"))

    assert [["key-conflict"]] * 3 == [codes(one) for one in judged]
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

    assert (["field-too-short"], None) == (codes(first), first.duplicate_of)
    assert (["duplicate", "field-too-short"], 2) == (codes(second), second.duplicate_of)


def test_rows_without_identity_are_no_duplicates_of_each_other(make_row, judge, codes):
    """What has no key cannot have the same key."""
    judged = judge(make_row(2, registration_number=None), make_row(3, registration_number=None))

    assert [["row-without-identity", "field-missing"]] * 2 == [codes(one) for one in judged]
