"""Read the user's sheet as text, from a workbook or csv file, or from a DataFrame.

Nothing is lost and nothing is altered. Every cell arrives as the text it holds, every row that holds something arrives
once, under the number Excel shows; whatever would break that is an error that says what to do. The file is opened once
and read by a child within limits (`reader`), so that what is judged is what the digest names, and a hostile file costs
one clear error.
"""

import contextlib
import datetime as dt
import errno
import hashlib
import importlib
import json
import math
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from bulk_onboard.confined.call import LIMITS, ConfinedError, Failure, run_confined
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import BulkOnboardError, NoWorkbookError, StoppedError, WorkbookError
from bulk_onboard.frames import Frame
from bulk_onboard.intake import transport
from bulk_onboard.intake.reader.sheet_rows import CellValue, sheet_rows
from bulk_onboard.model.documents import readable
from bulk_onboard.model.sheet import MOST_ROWS, WORKBOOK_ENDINGS, Sheet, Stored, WorkbookType, type_by_name
from bulk_onboard.spelling import nearest_path

_READER = "bulk_onboard.intake.reader.answer"
_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_OF_THE_MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # they say nothing about the file
_LOCK_MARK = "~$"
_LARGE = 1 << 19  # bytes; what is smaller has too few rows to be looked at by columns
_LIMITED = (Failure.TIME, Failure.MEMORY, Failure.CRASHED, Failure.ANSWER)
_AS_IN_A_SHEET = (str, bool, int, float)
_HAS_A_TIME = "isoformat"
_LARGEST = 10**300  # whole numbers of Python have no end, and floats do


def read_sheet(
    path: Path,
    *,
    sheet: str | None,
    header_row: int,
    encoding: str | None,
    limits: Limits = LIMITS,
    whole: bool = True,
) -> Sheet:
    """Return the one sheet that the job is about.

    Args:
        path: a file with one of `WORKBOOK_ENDINGS`; the content of a csv is one sheet, called like it.
        sheet: its name, hidden or not; None for the only visible one that holds rows.
        header_row: the row number of the headers.
        encoding: of a csv file; None for UTF-8, or UTF-16 with its mark.
        limits: what reading it may use.
        whole: whether it is for one job, which looks at a large sheet by columns; not where accounts share it.

    Raises:
        NoWorkbookError: there is none.
        WorkbookError: it cannot be read, or it does not say which sheet or which headers are meant.
        StoppedError: no process can be started to read it.
        SignalledError: Ctrl-C, SIGTERM or SIGHUP while reading.
    """
    _refuse_name(path)
    asked = transport.ReadRequest(readable(str(path)), readable(sheet) if sheet else None, header_row, encoding)
    with _opened(path) as source:
        begun = os.fstat(source.fileno())
        lines = run_confined(_READER, transport.encode(asked), source, limits)
        try:
            with _loading_pandas(is_wanted=whole and begun.st_size > _LARGE):
                read = sheet_of(path, header_row, lines)
        except ConfinedError as error:
            _refuse_changed(path, source, begun)
            raise _unreadable(path, error) from None
        _refuse_changed(path, source, begun)
    return read


def _refuse_name(path: Path) -> None:
    if path.name.startswith(_LOCK_MARK):
        raise WorkbookError(
            f"{path} is not a workbook but the mark that Excel leaves while one is open. "
            f"Name the workbook itself: {path.with_name(path.name.removeprefix(_LOCK_MARK))}."
        )
    if type_by_name(path) is None:
        raise WorkbookError(
            f"{path} has none of the endings that are read ({', '.join(WORKBOOK_ENDINGS)}). "
            "Open it in Excel and save it as .xlsx or .csv."
        )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file that is not empty; never wait for another process, as opening a pipe would."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _NOWHERE:
            near = nearest_path(path, *WORKBOOK_ENDINGS)
            meant = f"Did you mean {near}?" if near and near.is_file() else "Correct the path."
            raise NoWorkbookError(f"There is no workbook {path}. {meant}") from None
        why = getattr(error, "strerror", None) or "its name is impossible"
        if getattr(error, "errno", None) in _OF_THE_MACHINE:
            raise _machine_trouble(path, why) from None
        raise WorkbookError(
            f"The workbook {path} cannot be read: {why}. Give yourself permission to read it, or make a new copy of it."
        ) from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise WorkbookError(f"There is no workbook {path}: that is not a file. Correct the path.")
    with os.fdopen(descriptor, "rb") as source:
        if not facts.st_size:
            raise WorkbookError(f"The workbook {path} is empty (0 bytes). Save or copy it again.")
        yield source


@contextlib.contextmanager
def _loading_pandas(*, is_wanted: bool) -> Iterator[None]:
    """Import pandas while the child reads, for a sheet that will be looked at by columns."""
    loading = threading.Thread(target=importlib.import_module, args=("pandas",))
    if is_wanted:
        loading.start()
    try:
        yield
    finally:
        if is_wanted:
            loading.join()


def _refuse_changed(path: Path, source: BinaryIO, begun: os.stat_result) -> None:
    """What was read must be one file, not half of an old and half of a new one."""
    try:
        now = [os.fstat(source.fileno()), path.stat()]
    except OSError:
        now = []
    if [_identity(begun)] * 2 != [_identity(facts) for facts in now]:
        raise WorkbookError(f"{path} was changed while it was read. Wait until it is saved, and run again.")


def _identity(facts: os.stat_result) -> tuple[int, int, int, int]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def sheet_of(path: Path, header_row: int, lines: Iterable[bytes]) -> Sheet:
    """Put the lines of a child's answer together (`transport`); ConfinedError where there are none."""
    head = None
    columns: list[tuple[str, ...]] = []
    kinds: dict[int, dict[int, Stored]] = {}
    for line in lines:
        if head is None:
            head = transport.head_of(line)
            continue
        column = transport.column_of(line)
        if column.kinds:
            kinds[len(columns)] = {place: kind for kind, places in column.kinds.items() for place in places}
        codes = column.codes  # equal texts become one object
        columns.append(tuple(column.texts if codes is None else map(column.texts.__getitem__, codes)))
    if head is None:
        raise ConfinedError(Failure.UNFORESEEN, "no answer")
    return Sheet(
        path=path,
        name=head.name,
        sha256=head.sha256,
        header_row=header_row,
        headers=head.headers,
        numbers=head.numbers,
        texts=tuple(columns),
        kinds=kinds,
        merged=head.merged,
        findings=head.findings,
    )


def _unreadable(path: Path, error: ConfinedError) -> BulkOnboardError:
    """Return the error for a file that the child could not read."""
    if error.failure is Failure.REFUSED:
        return WorkbookError(str(error))
    if error.failure is Failure.START:
        return _machine_trouble(path, str(error))
    if error.failure in _LIMITED:
        stray = (
            "" if type_by_name(path) is WorkbookType.TEXT else " A stray cell far below or beside the data may be why."
        )
        return WorkbookError(
            f"{path} cannot be read: {error}.{stray} "
            "Copy its rows into a new workbook, as values, and save that; divide it if it is very large."
        )
    return WorkbookError(f"{path} is damaged or very unusual ({error}). Open it in Excel and save it again as .xlsx.")


def _machine_trouble(path: Path, why: str) -> StoppedError:
    return StoppedError(
        f"{path} cannot be read: {why}. That is this machine's trouble, not the file's; fix it, and run again."
    )


# -- a frame in place of a file


def sheet_from_frame(frame: Frame, *, path: Path, header_row: int = 1) -> Sheet:
    """Return the frame's columns as a sheet, as if somebody had written them into a workbook; its index is left out.

    What is missing is blank, and a row of nothing else is left out. A number, a date or a truth value is kept as such,
    so that leading zeros which a column of numbers has lost are found as in a workbook.

    Args:
        frame: a row for each business, headers as in a workbook.
        path: of the workbook that it stands for, from which the files beside it take their names.
        header_row: the row number that the headers would have.

    Raises:
        WorkbookError: it is no frame of single values under single headers, or has too many rows.
    """
    _refuse_frame(frame)
    values = frame.astype(object).where(frame.notna(), "").map(_plain_value)
    rows = sheet_rows(path.stem, values, None)
    numbers = tuple(header_row + number for number in rows.numbers)
    headers = tuple(map(_header_of, frame.columns))
    texts = tuple(tuple(rows.columns[position].texts) for position in range(len(headers)))
    kinds = {position: column.kinds for position, column in rows.columns.items() if column.kinds}
    digest = hashlib.sha256(json.dumps([headers, numbers, texts]).encode()).hexdigest()
    return Sheet(path, path.stem, digest, header_row, headers, numbers, texts, kinds)


def _refuse_frame(frame: Frame) -> None:
    if not hasattr(frame, "columns"):
        raise WorkbookError(f"A {type(frame).__name__} cannot stand for a workbook. Hand over a DataFrame.")
    if frame.columns.nlevels > 1:
        raise WorkbookError("The frame has headers of several levels. Join each into one text: frame.columns = […].")
    if any(name is not None for name in frame.index.names):
        raise WorkbookError("The frame has a named index, which would be left out. Call frame.reset_index() first.")
    if len(frame) > MOST_ROWS:
        raise WorkbookError(f"The frame has {len(frame):,} rows, more than {MOST_ROWS:,}. Divide it into several.")
    for position in range(len(frame.columns)):
        column = frame.iloc[:, position]
        if nested := next((type(value).__name__ for value in column if _is_nested(value)), ""):
            raise WorkbookError(
                f'The column "{_header_of(frame.columns[position])}" of the frame has a {nested} in a cell. '
                'Make each cell one value: several numbers are a text with commas, ", ".join(…).'
            )


def _is_nested(value: object) -> bool:
    is_one = isinstance(value, str | bytes) or not isinstance(value, Iterable)
    return not is_one and getattr(value, "ndim", 1) > 0


def _plain_value(value: object) -> CellValue:
    """Return the value as a workbook has it; of any other type, its text."""
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


def _header_of(name: object) -> str:
    """Return what a column is called; nothing where its name is missing."""
    return "" if name is None or name != name else str(name)  # noqa: PLR0124 - NaN alone is not itself
