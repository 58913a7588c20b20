"""A csv file with some of its cells written anew: delimiter, encoding, mark, line ends and all other bytes stay."""

import codecs
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.delimited import is_wrapped, layout_of
from bulk_onboard.model.sheet import Edit

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENDS = ("\r\n", "\n", "\r")
_NO_ROOM = '\r\n"'


def edited(
    path: Path, content: bytes, edits: Iterable[Edit], *, encoding: str | None, header_row: int, width: int
) -> tuple[bytes, dict[int, str]]:
    """Return the file with these cells in it, and by row number why nothing of a row was written.

    Args:
        width: how many columns the sheet has; cells beyond are of new columns, which every row gets.

    Raises:
        WorkbookError: it cannot be written again as it is.
    """
    layout = layout_of(path, content, encoding=encoding, header_row=header_row)
    mark, codec = next(((m, c) for m, c in _MARKS if content.startswith(m)), (b"", encoding or "utf-8"))
    if mark + (layout.before + "".join(layout.records)).encode(codec) != content:
        raise WorkbookError("its text cannot be written back in the encoding that it has")
    by_row: dict[int, dict[int, Edit]] = {}
    for edit in edits:
        by_row.setdefault(edit.row, {})[edit.position] = edit
    refused = {n: why for n, cells in by_row.items() if (why := _why_not(cells.values(), codec))}
    by_row = {number: cells for number, cells in by_row.items() if number not in refused}
    wide = max((edit.position + 1 for cells in by_row.values() for edit in cells.values()), default=0)
    records = _with_room(layout.records, max(by_row, default=0))
    new = [
        record
        if number not in by_row and (wide <= width or number < header_row or not _body(record).strip())
        else _written(record, by_row.get(number, {}), layout.delimiter, max(wide, width))
        for number, record in enumerate(records, 1)
    ]
    return mark + (layout.before + "".join(new)).encode(codec), refused


def _why_not(cells: Iterable[Edit], codec: str) -> str:
    for edit in cells:
        try:
            edit.text.encode(codec)
        except UnicodeEncodeError:
            return f"the encoding of the file, {codec}, has not all the characters of the copy. Save it as UTF-8 first."
    return ""


def _with_room(records: Sequence[str], rows: int) -> list[str]:
    """Return the records, with blank ones for rows below the last; the file ends with a line end where it did."""
    end = next((_end(record) for record in records if _end(record)), "\n")
    missing = rows - len(records)
    if missing <= 0:
        return list(records)
    last = records[-1] if records else ""
    return [*records[:-1], last if _end(last) else last + end, *[end] * (missing - 1), _end(last)]


def _written(record: str, edits: Mapping[int, Edit], delimiter: str, width: int) -> str:
    fields = _fields(_body(record), delimiter)
    if _body(record) and [_said(field, delimiter) for field in fields] != next(
        csv.reader([_body(record)], delimiter=delimiter), [""]
    ):
        raise WorkbookError("a row of it is written in a way that cannot be kept")
    fields += [""] * (width - len(fields))
    for position, edit in edits.items():
        fields[position] = _field(edit.text, fields[position], delimiter)
    return delimiter.join(fields) + _end(record)


def _field(text: str, before: str, delimiter: str) -> str:
    """Write the text as a cell, in quotation marks where it needs them or the cell had them."""
    quoted = text.replace('"', '""')
    if is_wrapped(before) and text and delimiter not in text and not any(sign in text for sign in _NO_ROOM):
        return f'="{text}"'
    if before.startswith('"') or delimiter in text or any(sign in text for sign in _NO_ROOM) or text != text.strip():
        return f'"{quoted}"'
    return text


def _fields(text: str, delimiter: str) -> list[str]:
    """Return the cells of a record as they are written."""
    fields, start, place = [], 0, 0
    while place < len(text):
        if place == start and text[place] == '"':
            place = _behind_quotes(text, place + 1)
        elif text[place] == delimiter:
            fields.append(text[start:place])
            start = place = place + 1
        else:
            place += 1
    return [*fields, text[start:]]


def _behind_quotes(text: str, place: int) -> int:
    while place < len(text):
        if text[place] == '"':
            if text[place + 1 : place + 2] != '"':
                return place + 1
            place += 1
        place += 1
    return place


def _said(field: str, delimiter: str) -> str:
    return next(iter(next(csv.reader([field], delimiter=delimiter), [""])), "")


def _body(record: str) -> str:
    return record.removesuffix(_end(record))


def _end(record: str) -> str:
    return next((end for end in _ENDS if record.endswith(end)), "")
