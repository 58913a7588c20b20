"""What the text of a document says: registration numbers and business names.

Rule: blanks, signs, case and accents are ignored, and abbreviations of legal forms count as the words they stand for,
in the document and in the row's name alike. So neither line breaks nor spelling make a difference.
"""

import re
import unicodedata
from string import ascii_lowercase
from typing import NamedTuple

ENOUGH = 120
"""Letters that a text needs to count; stamps, footers and marks of digital signatures have fewer."""

_VOWELS = 0.2  # of the letters, at least; fonts without a character map yield garbage
_WORD_ON_PAPER = re.compile(r"[^\W_]+")
_SHORT = {
    "bros": "brothers",
    "co": "company",
    "corp": "corporation",
    "inc": "incorporated",
    "ltd": "limited",
    "pvt": "private",
}
_LONG = ((" p limited", " private limited"), (" limited liability partnership", " llp"))
_BEFORE_A_NAME = re.compile(r"\s*(?:m\s*/\s*s\b|messrs\b|the\b)[\s.,:]*", re.IGNORECASE)
_DASHES = re.compile(r"\s*[\-\u2010-\u2015\u2212]\s*")
_GAPS = re.compile(r"[\s\-\u2010-\u2015\u2212]+")

_KINDS = {
    "CIN": r"[LU][0-9]{5}[A-Z]{2}[0-9]{4}[A-Z]{3}[0-9]{6}",
    "GSTIN": r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]",
    "PAN": r"[A-Z]{3}[ABCEFGHJKLPT][A-Z][0-9]{4}[A-Z]",
    "LLPIN": r"[A-Z]{3}-?[0-9]{4}",
    "Udyam number": r"UDYAM-?[A-Z]{2}-?[0-9]{2}-?[0-9]{7}",
}
_ON_PAPER = _KINDS | {"LLPIN": r"A[A-Z]{2}-[0-9]{4}"}  # all begin with A so far; else ISO-9001 would be one

_SHAPES = {kind: re.compile(shape) for kind, shape in _KINDS.items()}
_IN_TEXT = re.compile(f"(?<![A-Z0-9])(?:{'|'.join(_ON_PAPER.values())})(?![A-Z0-9])")


class Paper(NamedTuple):
    """The text of a document, ready to be compared.

    Kept for the time of a check only, and never written.

    Attributes:
        text: its letters and digits, as `bare` leaves them.
        numbers: registration numbers in it, without dashes; each once.
        is_enough: whether there is enough readable text to conclude that a name which is not in it is missing.
    """

    text: str
    numbers: tuple[str, ...]
    is_enough: bool


class Number(NamedTuple):
    """A registration number: its kind, and its text without blanks and dashes."""

    kind: str
    text: str


def paper_of(text: str) -> Paper | None:
    """Return a document's text.

    None where it has no registration number and too little text to compare.
    """
    squeezed = bare(text)
    written = _DASHES.sub("-", unicodedata.normalize("NFKC", text).upper())
    numbers = dict.fromkeys(number.replace("-", "") for number in _IN_TEXT.findall(written))
    is_enough = _is_enough(squeezed)
    return Paper(squeezed, tuple(numbers), is_enough) if numbers or is_enough else None


def number_of(text: str) -> Number | None:
    """Return a registration number with its kind.

    None for a kind that cannot be recognised in a text.
    """
    number = _GAPS.sub("", text).upper()
    kind = next((kind for kind, shape in _SHAPES.items() if shape.fullmatch(number)), "")
    return Number(kind, number) if kind else None


def bare_name(name: str) -> str:
    """Return a business's name as `bare` leaves it, without `M/s` or `The`.

    Empty for a name that is not in Latin letters. Letters of other scripts come out of PDFs in so many ways that a name
    may be there and not be found.
    """
    text = bare(_BEFORE_A_NAME.sub("", name))
    return text if text.isascii() else ""


def bare(text: str) -> str:
    """Return letters and digits alone, in lower case, without accents.

    Abbreviations of legal forms are written out.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    words = _WORD_ON_PAPER.findall(text.casefold().replace("&", " and "))
    text = " " + " ".join([_SHORT.get(word, word) for word in words])
    for written, meant in _LONG:
        text = text.replace(written, meant)
    return text.replace(" ", "")


def _is_enough(text: str) -> bool:
    letters, vowels = (sum(map(text.count, which)) for which in (ascii_lowercase, "aeiou"))
    return letters >= ENOUGH and vowels >= _VOWELS * letters
