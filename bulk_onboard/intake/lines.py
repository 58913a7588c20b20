"""The lines of a text file (reliability.md 4.3): in the encoding of its mark, or the user's word, or UTF-8; no other.

An encoding is never guessed: cp1252 reads UTF-16 and Latin-2 without a complaint, and other names come out. A line ends
as editors have it: by LF, CR and LF, or CR alone, and the three may be mixed.
"""

import codecs
import io
import re
from collections.abc import Iterator
from pathlib import Path

from bulk_onboard import errors

_MARKS = (  # UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_DISGUISES = (
    (rb"PK\x03\x04", "an Excel workbook, or another zip file", "If it is a workbook, name it .xlsx or .ods."),
    (rb"\xd0\xcf\x11\xe0", "an old Excel workbook", "Name it .xls, or open it in Excel and save it as .xlsx."),
    (rb"%PDF-", "a PDF", "Ask for the table itself, as .xlsx or .csv."),
    (
        rb"(?i)<(!doctype html|html|head|body|table|meta|style)\b",
        "a web page (HTML)",
        "Open it in Excel, save as .xlsx.",
    ),
    (rb"<\?xml\b", "XML", "Open it in Excel and save it as .xlsx."),
    (rb'\{\s*"|\[\s*[\[{"]', "JSON", "Ask for the table itself, as .xlsx or .csv."),
    (rb"\x1f\x8b", "compressed (gzip)", "Unpack it first."),
)

_SAVE_ANEW = 'Save it in Excel as "CSV UTF-8", or name the encoding it has, such as --encoding'

for _codec in {codec for _, codec in _MARKS} | {"utf-8"}:  # modules, which a confined child could not load later
    codecs.lookup(_codec)


def load_encoding(encoding: str | None) -> None:
    """Load what reading this encoding takes, while files can still be opened; WorkbookError if there is none."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=codecs.lookup(encoding or "utf-8").name).close()
    except (LookupError, ValueError):
        raise errors.WorkbookError(f"There is no encoding {encoding}. Say, for example, --encoding cp1252.") from None


def lines_of(path: Path, content: bytes, encoding: str | None) -> Iterator[str]:
    """The lines one after the other, their ends included, without the mark.

    Args:
        path: the file, for messages.
        content: its bytes.
        encoding: what the user says it is; None for UTF-8, or UTF-16 with its mark.

    Raises:
        WorkbookError: not text of this encoding, or another format altogether.
    """
    codec = _codec_of(path, content, encoding)
    _refuse_disguised(path, content)
    number = 0
    try:
        for number, line in enumerate(_decoded(content, codec), 1):
            if "\0" in line:
                raise errors.WorkbookError(
                    f"{path} is not text: it holds NUL characters (line {number}). {_SAVE_ANEW} utf-16-le."
                )
            yield line
    except UnicodeDecodeError:
        called = (encoding or codec.removesuffix("-sig")).upper()
        raise errors.WorkbookError(
            f"{path} is not {called} text (line {_broken_line(content, codec)}). {_SAVE_ANEW} cp1252."
        ) from None
    except UnicodeError:
        raise errors.WorkbookError(
            f"{path} does not begin with the mark of {codec.upper()}. {_SAVE_ANEW} utf-16-le or utf-16-be."
        ) from None


def _codec_of(path: Path, content: bytes, encoding: str | None) -> str:
    """The mark's, else the user's, else UTF-8; a mark is no guess, so it may not be contradicted."""
    load_encoding(encoding)
    named = codecs.lookup(encoding).name if encoding else ""
    marked = next((codec for mark, codec in _MARKS if content.startswith(mark)), "")
    plain = marked.removesuffix("-sig")
    if plain == "utf-32" and not named:
        raise errors.WorkbookError(f"{path} is UTF-32 text, which is not read unasked. {_SAVE_ANEW} utf-32.")
    if marked and named and not named.startswith(plain):
        raise errors.WorkbookError(
            f"{path} begins with the mark of {plain.upper()}, so it is not {encoding} text. "
            "Leave out the encoding; it stands in the job file or after --encoding."
        )
    return marked or named or "utf-8"


def _refuse_disguised(path: Path, content: bytes) -> None:
    head = content[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"").lstrip()
    for signature, what, mend in _DISGUISES:
        if re.match(signature, head):
            raise errors.WorkbookError(f"{path} is {what}, though its name ends in {path.suffix}. {mend}")


def _decoded(content: bytes, codec: str) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(content), encoding=codec, newline="")


def _broken_line(content: bytes, codec: str) -> int:
    """The line that holds the first bytes which are no text."""
    try:
        content.decode(codec)
    except UnicodeDecodeError as error:
        content = error.object[: error.start]
    return 1 + sum(line.endswith(("\r", "\n")) for line in _decoded(content, codec))
