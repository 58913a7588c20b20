"""Texts that a cell can hold."""

import pytest

from bulk_onboard.report.table import LONGEST_TEXT, cell_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 漢 😀", "plain é 漢 😀"),
        ("no-break\u00a0space, \u2028 and \u200b stay", "no-break\u00a0space, \u2028 and \u200b stay"),
        ("a\x00\x0b\x1b[31mb\x7f\x85", "a[31mb"),
        ("lone \ud800 surrogate \ufffe", "lone  surrogate "),
        ("two\r\nlines\rthree\tx", "two\nlines\nthree\tx"),
    ],
)
def test_what_cannot_be_written_is_left_out(text, expected):
    """Control characters and lone surrogates go; everything readable stays."""
    assert expected == cell_text(text)


def test_long_text_is_cut_visibly():
    """A text longer than a cell says that it was cut."""
    cut = cell_text("x" * (LONGEST_TEXT + 1))

    assert LONGEST_TEXT == len(cut)
    assert cut.endswith("x … (cut)")
    assert "x" * LONGEST_TEXT == cell_text("x" * LONGEST_TEXT)
