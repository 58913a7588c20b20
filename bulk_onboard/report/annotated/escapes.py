"""Texts as a workbook's XML holds them, so that neither library alters one on its way into a copy.

Excel writes `_x0001_` for a character that XML cannot hold, and `_x005F_x0001_` for a text that only reads like that.
openpyxl neither decodes nor encodes, but drops each `x005F_`. XlsxWriter encodes, save where two such texts share an
underscore, and takes a text from `<r>` to `</r>` for markup.
"""

import re
from xml.sax.saxutils import escape

from bulk_onboard.report.table import CUT, LONGEST_TEXT

_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NO_XML = re.compile("[\x00-\x08\x0b-\x1f]")
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffe\uffff]")
_TEXT_ELEMENT = re.compile(rb"<(?:\w+:)?t\b[^>]*>[^<]*</")
_DROPPED, _DROPPED_ONCE = b"x005F_", b"x005Fx005F__"


def escaped(text: str) -> str:
    """The text as Excel escapes it."""
    text = _LOOKS_ESCAPED.sub("_x005F_", text)
    return _NO_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def as_openpyxl_reads(xml: bytes) -> bytes:
    """A part such that openpyxl finds in its texts what stands there."""
    if _DROPPED not in xml:
        return xml
    return _TEXT_ELEMENT.sub(lambda match: match[0].replace(_DROPPED, _DROPPED_ONCE), xml)


def as_a_copy_holds(text: str) -> str:
    """The text with what no file can hold replaced, and visibly cut where it is too long for a cell."""
    text = _NO_CHARACTER.sub("\ufffd", text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(CUT)] + CUT


def as_xlsxwriter_writes(text: str) -> str:
    """What to hand to XlsxWriter so that the text stands in the file, what no file can hold replaced, or visibly cut.

    Who tells of control characters needs them: here they stay, unlike in what we write ourselves.
    """
    if text.isprintable() and "_x" not in text and not text.startswith("<r>") and len(text) <= LONGEST_TEXT:
        return text  # nearly every text
    text = as_a_copy_holds(text)
    if not _LOOKS_ESCAPED.search(text) and not text.startswith("<r>"):
        return text
    markup = f'<r><t xml:space="preserve">{escape(escaped(text)).replace("_", "&#95;")}</t></r>'
    return markup if len(markup) <= LONGEST_TEXT else f" {text[: LONGEST_TEXT - 1]}"
