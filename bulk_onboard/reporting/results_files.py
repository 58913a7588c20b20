"""The report's results for other programs: one line a row, as csv or as JSON lines, under names that stay.

Both have the same fields; the report over all accounts has `account` before them. Instants are in UTC. A csv begins
with the mark by which Excel knows UTF-8, and a cell that a spreadsheet program would take for a formula gets an
apostrophe before it; JSON lines have texts as they are.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, TypeAlias

from bulk_onboard.model.row import Aside
from bulk_onboard.reporting.figures import part_of
from bulk_onboard.reporting.summary import Tables
from bulk_onboard.reporting.table import Cell, Link, cell_text

Value: TypeAlias = str | int | None

FIELDS = (
    "row",
    "key",
    "business_name",
    "state",
    "review",
    "part",
    "reason",
    "what_to_do",
    "numbers",
    "problems",
    "submitted_at",
    "number_type",
    "attempts",
    "compliance_id",
)
"""Those of the sheet Results in its order, and `part`, which of the figures of `summary.json` a row counts in."""

_PART = FIELDS.index("part")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def fields_of(tables: Tables) -> tuple[str, ...]:
    """Return the fields of each line."""
    return (*_before(tables), *FIELDS)


def result_lines(tables: Tables) -> Iterator[tuple[Value, ...]]:
    """Yield a line for each row of the sheet Results, in the order of `fields_of`."""
    place = _PART + len(_before(tables))
    rows = (each for status in tables.statuses for each in status.rows if each.aside is not Aside.EXAMPLE)
    for status, cells in zip(rows, tables.results.rows, strict=True):
        values = [_value(cell) for cell in cells]
        values.insert(place, part_of(status))
        yield tuple(values)


def _before(tables: Tables) -> tuple[str, ...]:
    return ("account",) if tables.accounts else ()


def write_csv(file: BinaryIO, tables: Tables) -> None:
    """Write the results as csv, such that Excel and LibreOffice open it as it is."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    lines = csv.writer(text)
    lines.writerow(fields_of(tables))
    lines.writerows(map(_inert, line) for line in result_lines(tables))
    text.detach()


def write_jsonl(file: BinaryIO, tables: Tables) -> None:
    """Write the results as JSON lines, an object for each row."""
    fields = fields_of(tables)
    for line in result_lines(tables):
        text = json.dumps(dict(zip(fields, line, strict=True)), ensure_ascii=False)
        file.write(text.encode() + b"\n")


def _value(cell: Cell) -> Value:
    if isinstance(cell, Link):
        return cell.number
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return (str(cell_text(cell)) or None) if isinstance(cell, str) else cell


def _inert(value: Value) -> Value:
    """Return a value such that no spreadsheet program takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
