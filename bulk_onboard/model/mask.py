"""Hide personal data in texts that leave the workbook: messages of the API, seen values (reliability.md 5.3)."""

import re
from collections.abc import Iterable

_EMAIL = re.compile(r"(?<![^\s@<>\"'])[^\s@<>\"']+@[^\s@<>\"']+")  # else a long word is searched anew from each letter
_AADHAAR = re.compile(r"(?<!\d)\d{4}[\s-]?\d{4}[\s-]?(\d{4})(?!\d)")
_PAN = re.compile(r"(?<![A-Z])[A-Z]{5}\d{4}[A-Z](?![A-Z])", re.IGNORECASE)  # a GSTIN has one in its middle
_LONG_NUMBER = re.compile(r"(?<!\d)\+?\d[\d\s-]{5,}\d(?!\d)")
_LIMIT = 300


def masked(text: str, values: Iterable[str] = ()) -> str:
    """`text` without e-mail addresses, identity numbers and any of `values`; at most 300 characters.

    `values` are the end user's own field values: an answer of the API may echo them.
    """
    for value in sorted((v for v in values if len(v) > 2), key=len, reverse=True):
        text = re.sub(re.escape(value), "…", text, flags=re.IGNORECASE)
    text = _EMAIL.sub("…@…", text)
    text = _AADHAAR.sub(r"XXXX-XXXX-\1", text)
    text = _PAN.sub("XXXXX0000X", text)
    text = _LONG_NUMBER.sub("…", text)
    text = "".join(" " if ord(char) < 32 or ord(char) == 127 else char for char in text)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"
