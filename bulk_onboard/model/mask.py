"""Hide personal data in texts that leave the workbook: messages, values, paths.

See docs/security.md, Personal data.
"""

import re
from collections.abc import Iterable

_EMAIL = re.compile(r"(?<![^\s@<>\"'])[^\s@<>\"']+@[^\s@<>\"']+")  # else a long word is searched anew from each letter
_AADHAAR = re.compile(r"(?<!\d)\d{4}[\s-]?\d{4}[\s-]?(\d{4})(?!\d)")
_PAN_FORM = "XXXXX0000X"
_PAN = re.compile(r"(?<![A-Z])[A-Z]{5}\d{4}[A-Z](?![A-Z])", re.IGNORECASE)  # a GSTIN has one in its middle
_LONG_NUMBER = re.compile(r"(?<!\d)\+?\d[\d\s-]{5,}\d(?!\d)")
_LIMIT = 300

_AADHAAR_IN_PATH = re.compile(r"(?<!\d)\d{4}([\s_.-]?)\d{4}([\s_.-]?)(\d{4})(?!\d)")
_EMAIL_IN_PATH = re.compile(r"[^\s@<>\"'/\\]+@[^\s@<>\"'/\\]+?(\.\w{1,5})?(?=[\s/\\]|$)")
_PATH_LIMIT = 80


def masked(text: str, values: Iterable[str] = ()) -> str:
    """Return `text` without e-mail addresses, identity numbers and any of `values`.

    At most 300 characters.

    `values` are the end user's own field values, which an answer of the API may repeat.
    """
    for value in sorted((v for v in values if len(v) > 2), key=len, reverse=True):
        text = re.sub(re.escape(value), "…", text, flags=re.IGNORECASE)
    text = _without_identities(text)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def is_masked_form(shown: str, text: str) -> bool:
    """Return whether `masked` may have made `shown` of `text`, whatever it hid."""
    text = _without_identities(text)
    first, *rest = shown.split("…")
    if not rest:
        return shown == text
    if not text.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for part in rest:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last) and at <= len(text) - len(last)


def _without_identities(text: str) -> str:
    text = _EMAIL.sub("…@…", text)
    text = _AADHAAR.sub(r"XXXX-XXXX-\1", text)
    text = _PAN.sub(_PAN_FORM, text)
    text = _LONG_NUMBER.sub("…", text)
    return "".join(" " if ord(char) < 32 or ord(char) == 127 else char for char in text)


def masked_path(path: str) -> str:
    """Return the path of a document, masked.

    E-mail addresses, identity numbers and invisible characters are hidden. Other numbers stay, since people know their
    files by them. Of a long path the end is returned, with the file's name.
    """
    path = visible(path)
    path = _EMAIL_IN_PATH.sub(r"…@…\1", path)
    path = _AADHAAR_IN_PATH.sub(r"XXXX\1XXXX\2\3", path)
    path = _PAN.sub(_PAN_FORM, path)
    return path if len(path) <= _PATH_LIMIT else "…" + path[1 - _PATH_LIMIT :]


def visible(text: str) -> str:
    """Return the text without invisible characters.

    They might hide a number, or change what a terminal shows.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text if char.isprintable() or char.isspace())
