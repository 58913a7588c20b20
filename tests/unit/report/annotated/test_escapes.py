"""Texts as a workbook's XML holds them."""

import pytest

from bulk_onboard.report.annotated.base import as_openpyxl_reads, as_xlsxwriter_writes, escaped
from bulk_onboard.report.table import LONGEST_TEXT


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain_text", "plain_text"),
        ("a\x01b\r", "a_x0001_b_x000D_"),
        ("_x000D_", "_x005F_x000D_"),
        ("_x005F_x0041_", "_x005F_x005F_x005F_x0041_"),
        ("_x12_ x005F_", "_x12_ x005F_"),
    ],
)
def test_text_as_excel_escapes_it(text, kept):
    """Also what only reads like an escape, and two of those that share an underscore."""
    assert kept == escaped(text)


def test_openpyxl_drops_what_it_drops_once():
    """In texts, whatever the prefix of their element; formulas stay as they are."""
    xml = b"<si><x:t>x005F_</x:t></si><f>x005F_</f>"

    assert b"<si><x:t>x005Fx005F__</x:t></si><f>x005F_</f>" == as_openpyxl_reads(xml)
    assert "x005F_" == "x005Fx005F__".replace("x005F_", "")


def test_text_too_long_is_visibly_cut():
    """XlsxWriter would leave the cell blank."""
    for text in ("x" * 40_000, "<r>" + "&" * 32_000, "_x0041_" * 4_000):
        written = as_xlsxwriter_writes(text)

        assert 20_000 < len(written) <= LONGEST_TEXT
        assert not written.startswith("<r>")


def test_what_is_no_character_becomes_the_sign_for_a_broken_one():
    """Half a character cannot be written at all."""
    assert "a\ufffdb\ufffd" == as_xlsxwriter_writes("a\ud800b\uffff")
