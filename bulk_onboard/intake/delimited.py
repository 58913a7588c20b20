"""The records of a csv file, by strict rules (reliability.md 4.3).

Nothing is guessed: the encoding is UTF-8, or UTF-16 with its mark, or what the user says; the delimiter is the one
that splits the header line. A quotation mark that would swallow rows, and cells beyond the headers - a comma in an
address that nobody quoted - are errors, because each shifts values into columns where they do not belong.
A record's place in the list, counted from 1, is the row number Excel shows.
"""

import codecs
import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

from bulk_onboard import errors

DELIMITERS = (",", ";", "\t", "|")


def read_records(path: Path, content: bytes, *, encoding: str | None, header_row: int) -> list[list[str]]:
    """Every record, blank ones included; those from the header row on are all as wide as the headers.

    Args:
        path: the file, for messages.
        content: its bytes.
        encoding: what the user says it is; None for UTF-8, or UTF-16 with its mark.
        header_row: the row number of the headers.

    Raises:
        WorkbookError: not text of this encoding, a quotation mark out of place, cells beyond the headers.
    """
    text = _decode(path, content, encoding)
    lines = list(io.StringIO(text, newline=""))
    delimiter = _delimiter(lines, header_row)
    records = _split(path, lines, delimiter)
    return records[: header_row - 1] + _even_out(path, records[header_row - 1 :], header_row)


def _decode(path: Path, content: bytes, encoding: str | None) -> str:
    if encoding is None:
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if marked else "utf-8"
    try:
        text = content.decode(encoding)
    except LookupError:
        raise errors.WorkbookError(f"There is no encoding {encoding}. Say, for example, --encoding cp1252.") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise errors.WorkbookError(
            f'{path} is not {encoding.upper()} text (line {line}). Save it in Excel as "CSV UTF-8", '
            "or name the encoding it has, such as --encoding cp1252."
        ) from None
    if "\0" in text:
        raise errors.WorkbookError(
            f'{path} is not text: it holds NUL characters. Save it in Excel as "CSV UTF-8", '
            "or name the encoding it has, such as --encoding utf-16-le."
        )
    return text.removeprefix("\ufeff")


def _delimiter(lines: Sequence[str], header_row: int) -> str:
    """The one that splits the header row into most cells; a comma where none splits it."""

    def width(delimiter: str) -> int:
        records = csv.reader(lines, delimiter=delimiter)
        return len(next(itertools.islice(records, header_row - 1, None), []))

    try:
        return max(DELIMITERS, key=width)
    except csv.Error:  # a cell without end: reading strictly tells where it begins
        return DELIMITERS[0]


def _split(path: Path, lines: Sequence[str], delimiter: str) -> list[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    begin = 0
    try:
        for record in reader:
            if _swallows_rows(lines[begin : reader.line_num], delimiter, len(record)):
                raise csv.Error("a quotation mark makes one cell of several rows")
            records.append(record)
            begin = reader.line_num
    except csv.Error as error:
        raise errors.WorkbookError(
            f"Row {len(records) + 1} of {path} breaks the rules of csv: {error}. "
            "Correct the quotation marks there, or open the file in Excel and save it as .xlsx."
        ) from None
    return records


def _swallows_rows(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether each line of one record looks like a whole record itself; an address over two lines does not."""
    return len(lines) > 1 and width > 2 and all(line.count(delimiter) >= width - 1 for line in lines)


def _even_out(path: Path, records: Sequence[list[str]], header_row: int) -> list[list[str]]:
    """The header row and those below it, without what is blank beyond the headers, short ones filled up."""
    if not records:
        return []
    headers = records[0]
    width = max((i for i, header in enumerate(headers, 1) if header.strip()), default=0)
    for number, record in enumerate(records, header_row):
        if any(cell.strip() for cell in record[width:]):
            raise errors.WorkbookError(
                f"Row {number} of {path} has more cells than there are headers ({width}). Put cells that contain "
                "the delimiter in quotation marks, or open the file in Excel and save it as .xlsx."
            )
    return [record[:width] + [""] * (width - len(record)) for record in records]
