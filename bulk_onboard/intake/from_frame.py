"""A frame that a program holds, in place of a workbook: read as if somebody had written it into one."""

import datetime as dt
import hashlib
import json
import math
from pathlib import Path

from bulk_onboard.errors import WorkbookError
from bulk_onboard.frames import Frame
from bulk_onboard.intake.reader.cell import Value
from bulk_onboard.intake.reader.page import page_of
from bulk_onboard.model.sheet import MOST_ROWS, Sheet

_AS_IN_A_SHEET = (str, bool, int, float)
_HAS_A_TIME = "isoformat"
_LARGEST = 10**300  # whole numbers of Python have no end, and floats do


def sheet_from_frame(frame: Frame, *, path: Path, header_row: int = 1) -> Sheet:
    """The frame's columns as a sheet's, its index left out.

    What is missing is blank, and a row of nothing else is left out. A number, a date or a truth value is kept as such,
    so that leading zeros which a column of numbers has lost are found as in a workbook.

    Args:
        frame: a row for each business, headers as in a workbook.
        path: of the workbook that it stands for, from which the files beside it take their names.
        header_row: the row number that the headers would have.

    Raises:
        WorkbookError: it is no frame of single values under single headers, or has too many rows.
    """
    _refuse(frame)
    values = frame.astype(object).where(frame.notna(), "").map(_value)
    page = page_of(path.stem, values, None)
    numbers = tuple(header_row + number for number in page.numbers)
    headers = tuple(map(_header, frame.columns))
    texts = tuple(tuple(page.columns[position].texts) for position in range(len(headers)))
    kinds = {position: column.kinds for position, column in page.columns.items() if column.kinds}
    digest = hashlib.sha256(json.dumps([headers, numbers, texts]).encode()).hexdigest()
    return Sheet(path, path.stem, digest, header_row, headers, numbers, texts, kinds)


def _refuse(frame: Frame) -> None:
    if not hasattr(frame, "columns"):
        raise WorkbookError(f"A {type(frame).__name__} cannot stand for a workbook. Hand over a DataFrame.")
    if frame.columns.nlevels > 1:
        raise WorkbookError("The frame has headers of several levels. Join each into one text: frame.columns = […].")
    if any(name is not None for name in frame.index.names):
        raise WorkbookError("The frame has a named index, which would be left out. Call frame.reset_index() first.")
    if len(frame) > MOST_ROWS:
        raise WorkbookError(f"The frame has {len(frame):,} rows, more than {MOST_ROWS:,}. Divide it into several.")


def _value(value: object) -> Value:
    """A value such as a workbook has; of whatever else there is, its text."""
    is_scalar = getattr(value, "ndim", None) == 0  # of numpy; not an array
    plain = value.item() if is_scalar and hasattr(value, "item") else value
    if type(value).__name__ == "datetime64":  # in nanoseconds its item is a number
        plain = dt.datetime.fromisoformat(str(value.astype("datetime64[us]")))  # type: ignore[attr-defined]
    if isinstance(plain, int) and abs(plain) > _LARGEST:
        return math.inf if plain > 0 else -math.inf
    if isinstance(plain, _AS_IN_A_SHEET) or hasattr(plain, _HAS_A_TIME) or hasattr(plain, "total_seconds"):
        return plain  # type: ignore[return-value]  # dates, times and durations
    if isinstance(plain, bytes):
        return plain.decode("utf-8", "replace")
    return str(plain)


def _header(name: object) -> str:
    """What a column is called; one whose name is missing has none."""
    return "" if name is None or name != name else str(name)  # noqa: PLR0124 - NaN alone is not itself
