"""Rows and documents that are there twice."""

from pathlib import Path

import pytest

from bulk_onboard.model.application import Application, FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import VERY_MANY
from bulk_onboard.model.row import EXAMPLE, JudgedRow, Row
from bulk_onboard.validation import mark_shared_documents
from tests.unit.validation.conftest import BOOK, COLUMNS, LOCAL, MOBILE


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


IDENTITY, ADDRESS = "document:identity_proof", "document:address_proof"


def judged(number, registration, *, combination=LOCAL, key="", **changes):
    """A judged row with documents of its own, unless told otherwise."""
    cells = {"registration_number": registration, "key": key, IDENTITY: f"{number}/id.pdf", ADDRESS: f"{number}/a.png"}
    cells |= {IDENTITY: changes.pop("identity", cells[IDENTITY]), ADDRESS: changes.pop("address", cells[ADDRESS])}
    row = Row("Sheet1", number, combination, cells)
    return JudgedRow(row, Application(combination, {}, ()), f"f{number}", **changes)


def mark(*rows, digests=None, **rulings):
    """The rows marked; each path has content of its own unless `digests` says otherwise."""
    paths = {row.row.cell(name) for row in rows for name in (IDENTITY, ADDRESS)}
    files = {path: FileFacts(Path(path), 1, (digests or {}).get(path, f"digest of {path}")) for path in paths}
    ruled = {code.replace("_", "-"): word for code, word in rulings.items()}
    return mark_shared_documents(rows, book=BOOK, files=files, columns=COLUMNS, rulings=ruled)


def told(one):
    """The findings of a row: column, what was seen, how many businesses and the first row."""
    return [(f.column, f.seen, f.details["count"], f.details["first"]) for f in one.findings]


def test_a_file_of_two_businesses_is_told_at_both():
    """Both rows name the file, how many businesses have it and the first of them; both are still sent."""
    first, other, second = mark(judged(2, "A", identity="x.pdf"), judged(3, "B"), judged(4, "C", identity="x.pdf"))

    assert [("Identity Proof", "x.pdf", 2, 2)] == told(first) == told(second)
    assert [] == told(other)
    assert all(one.application for one in (first, other, second))
    assert [Severity.WARNING] == [finding.severity for finding in first.findings]
    assert "2 businesses, the first of them in row 2, have the very same file." == second.findings[0].problem


def test_a_file_of_very_many_businesses_is_told_once():
    """The first row says how many there are; where the job calls it an error, each row is kept out."""
    rows = [judged(number, f"R{number}", identity="x.pdf") for number in range(2, VERY_MANY + 3)]

    warned, kept_out = mark(*rows), mark(*rows, document_shared="error")

    assert [("Identity Proof", "x.pdf", VERY_MANY + 1, 2)] == told(warned[0])
    assert all(one.findings == () for one in warned[1:])
    assert all(one.has_errors and one.application is None for one in kept_out)


def test_what_is_in_a_file_counts():
    """Copies under other names are the same file; no one path is shown, so that all findings about it read alike."""
    rows = mark(judged(2, "A"), judged(3, "B"), digests={"2/id.pdf": "same", "3/a.png": "same"})

    assert [[("Identity Proof", "", 2, 2)], [("Address Proof", "", 2, 2)]] == [told(one) for one in rows]


def test_rows_of_one_business_may_share_its_papers():
    """Who asks for two types of number, or stands in the sheet under two Keys, is one business."""
    rows = mark(
        judged(2, "A", identity="x.pdf"),
        judged(3, " a ", identity="x.pdf", combination=MOBILE),
        judged(4, "A", identity="x.pdf", key="K"),
    )

    assert [[]] * 3 == [told(one) for one in rows]


def test_a_business_counts_once():
    """However many of its rows and columns have the file; every row is told, at the first such column."""
    rows = mark(
        judged(2, "A", identity="x.pdf", address="x.pdf"),
        judged(3, "A", identity="x.pdf", combination=MOBILE),
        judged(4, "B", address="x.pdf"),
    )

    assert [("Identity Proof", "x.pdf", 2, 2)] == told(rows[0]) == told(rows[1])
    assert [("Address Proof", "x.pdf", 2, 2)] == told(rows[2])


@pytest.mark.parametrize("aside", [{"duplicate_of": 2}, {"is_example": True}])
def test_rows_that_stand_aside_do_not_count(aside):
    """Duplicates and the example share no file with anybody."""
    rows = mark(judged(2, "A", identity="x.pdf"), judged(3, "B", identity="x.pdf", **aside))

    assert [[], []] == [told(one) for one in rows]


def test_rows_with_errors_of_their_own_count():
    """All troubles are told at once, not one after the other is mended."""
    kept_out = JudgedRow(judged(3, "B", identity="x.pdf").row, None, "f")

    rows = mark(judged(2, "A", identity="x.pdf"), kept_out)

    assert [1, 1] == [len(one.findings) for one in rows]


def test_a_row_without_registration_number_goes_by_its_key():
    """Its Key names the business then; without either it cannot be told from others and does not count."""
    keyed = mark(judged(2, "", key="K", identity="x.pdf"), judged(3, "", key="L", identity="x.pdf"))
    nameless = mark(judged(2, "", identity="x.pdf"), judged(3, "", identity="x.pdf"))

    assert [1, 1] == [len(one.findings) for one in keyed]
    assert [0, 0] == [len(one.findings) for one in nameless]


@pytest.mark.parametrize(("ruling", "findings", "sent"), [("off", 0, True), ("error", 1, False)])
def test_the_job_rules(ruling, findings, sent):
    """Switched off nothing is told; as an error every one of the rows is kept out."""
    rows = mark(judged(2, "A", identity="x.pdf"), judged(3, "B", identity="x.pdf"), document_shared=ruling)

    assert [findings] * 2 == [len(one.findings) for one in rows]
    assert [sent] * 2 == [one.application is not None for one in rows]


def test_a_file_nobody_could_read_is_shared_by_nobody():
    """Paths that lead nowhere are told as such, and have no content to compare."""
    rows = (judged(2, "A", identity="x.pdf"), judged(3, "B", identity="x.pdf"))

    marked = mark_shared_documents(rows, book=BOOK, files={"x.pdf": FileFacts(Path("x.pdf"))}, columns=COLUMNS)

    assert [(), ()] == [one.findings for one in marked]
