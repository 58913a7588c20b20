"""Headers that are understood whatever the requirements are."""

import pytest

from bulk_onboard.intake.names import NEAR_THE_TOP, PLAIN, SYNONYMS, bare, known_headers, likely_headers

NAMES = {"key", "city"}


@pytest.mark.parametrize(
    "header",
    [
        "Postal Code",
        "postal_code",
        "POSTAL-CODE:",
        "\ufeffPostal\u00a0Code*",
        "Ｐｏｓｔａｌ　Ｃｏｄｅ",
        "P\u200bostal\u00adCode\ufe0f",
    ],
)
def test_same_header(header):
    """Case, width, blanks, signs and what is not seen tell no headers apart."""
    assert "postalcode" == bare(header)


@pytest.mark.parametrize(
    ("header", "other"), [("Line 1", "Line 2"), ("#", "%"), ("शहर", "शहरी"), ("Ort", "Öl"), ("#", "")]
)
def test_other_header(header, other):
    """Letters, marks and digits of all scripts do, and signs where there is nothing else."""
    assert bare(header) != bare(other)


@pytest.mark.parametrize("header", ["", " \u00a0\n", "\u200b\ufeff", "\ufe0f"])
def test_blank_header(header):
    """A header that shows nothing is none."""
    assert "" == bare(header)


def test_synonyms_name_one_column_each():
    """No synonym stands for two columns, or is another column's proper name."""
    synonyms = [bare(header) for headers in SYNONYMS.values() for header in headers]
    proper = {bare(header): name for name, headers in PLAIN.items() for header in headers}

    assert len(synonyms) == len(set(synonyms))
    assert [] == [synonym for synonym in synonyms if synonym in proper]


def test_known_headers():
    """Each name counts once, as the sheet writes it."""
    assert ["City", "KEY"] == known_headers(["City ", "x", "KEY", "city", ""], NAMES)


def test_likely_headers():
    """The row near the top that holds most of the names, the first of them where two do."""
    rows = [(2, ["City", "x"]), (4, ["Key", "City"]), (5, ["key", "city"])]

    assert (4, ["Key", "City"]) == likely_headers(rows, NAMES, beyond=0)


def test_unlikely_headers():
    """One name makes no header row, nor do no more names than another row has, nor a row far down."""
    row = ["Key", "City"]

    assert None is likely_headers([(2, ["City"])], NAMES, beyond=0)
    assert None is likely_headers([(2, row)], NAMES, beyond=2)
    assert None is likely_headers([(n, ["x"]) for n in range(NEAR_THE_TOP)] + [(99, row)], NAMES, beyond=0)
    assert None is likely_headers([], NAMES, beyond=0)
