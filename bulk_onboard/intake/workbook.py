"""Read the user's sheet as text.

The rule: nothing is lost and nothing is altered. Every cell arrives as the text it holds, every row that holds
something arrives once, under the number Excel shows; whatever would break that is an error that says what to do.
The file is opened once and read by a child within limits (`reader`), so that what is judged is what the digest
names, and a hostile file costs one clear error.
"""

import contextlib
import errno
import importlib
import itertools
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from bulk_onboard import errors
from bulk_onboard.confined.call import LIMITS, ConfinedError, Failure, run_confined
from bulk_onboard.confined.limits import Limits
from bulk_onboard.intake.reader import transport
from bulk_onboard.model.path import readable
from bulk_onboard.model.sheet import Sheet, Stored
from bulk_onboard.model.workbook_type import WORKBOOK_ENDINGS, WorkbookType, type_by_name

_READER = "bulk_onboard.intake.reader.answer"
_EXTENT = "bulk_onboard.intake.reader.xlsx.extent"
_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_LOCK_MARK = "~$"
_LARGE = 1 << 19  # bytes; what is smaller has too few rows to be looked at by columns
_LIMITED = (Failure.TIME, Failure.MEMORY, Failure.CRASHED, Failure.ANSWER)


def read_sheet(
    path: Path, *, sheet: str | None, header_row: int, encoding: str | None, limits: Limits = LIMITS
) -> Sheet:
    """The one sheet that the job is about (reliability.md 4.1, 4.3).

    Args:
        path: a file with one of `WORKBOOK_ENDINGS`; the content of a csv is one sheet, called like it.
        sheet: its name, hidden or not; None for the only visible one that holds rows.
        header_row: the row number of the headers.
        encoding: of a csv file; None for UTF-8, or UTF-16 with its mark.
        limits: what reading it may use.

    Raises:
        NoWorkbookError: there is none.
        WorkbookError: it cannot be read, or it does not say which sheet or which headers are meant.
        SignalledError: Ctrl-C, SIGTERM or SIGHUP while reading.
    """
    _refuse_name(path)
    asked = transport.Asked(readable(str(path)), readable(sheet) if sheet else None, header_row, encoding)
    with _opened(path) as source:
        begun = os.fstat(source.fileno())
        lines = run_confined(_READER, msgspec.json.encode(asked), source, limits)
        try:
            with _loading_pandas(is_wanted=begun.st_size > _LARGE):
                read = sheet_of(path, header_row, lines)
        except ConfinedError as error:
            _refuse_changed(path, source, begun)
            raise errors.WorkbookError(_sentence(path, asked, source, error)) from None
        _refuse_changed(path, source, begun)
    return read


def _refuse_name(path: Path) -> None:
    if path.name.startswith(_LOCK_MARK):
        raise errors.WorkbookError(
            f"{path} is no workbook, only the mark Excel leaves while one is open. "
            f"Name the workbook itself: {path.with_name(path.name.removeprefix(_LOCK_MARK))}."
        )
    if type_by_name(path) is None:
        raise errors.WorkbookError(
            f"{path} is of no type that is read ({', '.join(WORKBOOK_ENDINGS)}). "
            "Open it in Excel and save it as .xlsx or .csv."
        )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, which is a regular one and not empty; opening waits for nobody."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in _NOWHERE:
            raise errors.NoWorkbookError(f"There is no workbook {path}. Correct the path.") from None
        why = getattr(error, "strerror", None) or "its name is impossible"
        raise errors.WorkbookError(
            f"The workbook {path} cannot be read: {why}. Give yourself permission to read it, or copy it anew."
        ) from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise errors.WorkbookError(f"There is no workbook {path}: that is no file. Correct the path.")
    with os.fdopen(descriptor, "rb") as source:
        if not facts.st_size:
            raise errors.WorkbookError(f"The workbook {path} is empty (0 bytes). Save or copy it again.")
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
        raise errors.WorkbookError(f"{path} was changed while it was read. Wait until it is saved, and run again.")


def _identity(facts: os.stat_result) -> tuple[int, int, int, int]:
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def sheet_of(path: Path, header_row: int, lines: Iterable[bytes]) -> Sheet:
    """The sheet in the lines of a child's answer (`reader`); ConfinedError where there are none."""
    head = None
    columns: list[tuple[str, ...]] = []
    kinds: dict[int, dict[int, Stored]] = {}
    for line in lines:
        if head is None:
            head = transport.head_of(line)
            continue
        column = transport.sent_of(line)
        if column.kinds:
            kinds[len(columns)] = {place: kind for kind, places in column.kinds.items() for place in places}
        columns.append(tuple(column.unpacked()))
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


def _sentence(path: Path, asked: transport.Asked, source: BinaryIO, error: ConfinedError) -> str:
    """What to tell of a file that could not be read."""
    if error.failure is Failure.REFUSED:
        return str(error)
    if error.failure in _LIMITED:
        is_xlsx = type_by_name(path) is WorkbookType.XLSX
        return (_too_far(asked, source) if is_xlsx else None) or (
            f"{path} cannot be read: {error}. "
            "Copy its rows into a new workbook, as values, and save that; divide it if it is very large."
        )
    return f"{path} is damaged or very unusual ({error}). Open it in Excel and save it anew as .xlsx."


def _too_far(asked: transport.Asked, source: BinaryIO) -> str | None:
    """The sentence about a stray cell far away, where there is one."""
    source.seek(0)
    try:
        list(itertools.islice(run_confined(_EXTENT, msgspec.json.encode(asked), source), 1))
    except ConfinedError as error:
        return str(error) if error.failure is Failure.REFUSED else None
    return None
