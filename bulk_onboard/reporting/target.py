"""Replace a file whole or not at all, and know the files of a report.

Everything is written into a folder of our own beside the target (0700, so nobody else looks in), synced, and renamed
over it. A target that somebody seems to have open, that is write-protected, or that is no plain file is left alone.

A report's workbook is recognised by a property of the document or by the names of its sheets: Excel, LibreOffice and
others keep at least one of them when they save a workbook. The file may be anything, so a child process within limits
reads it. The other files of a report say at their beginning that they are ours.
"""

import codecs
import fcntl
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from bulk_onboard.confined.call import ConfinedError, run_confined
from bulk_onboard.confined.limits import Limits, shut_doors
from bulk_onboard.errors import ReportError

_OFFICE_LOCKS = {"LibreOffice": ".~lock.{name}#", "Excel": "~${name}"}  # what they put beside an open workbook


_MARK = 512  # bytes of it that are read


class TakenError(OSError):
    """The target must not be replaced; the message says why."""


def replace(path: Path, write: Callable[[BinaryIO, Path], None], *, mode: int = 0o600) -> None:
    """Put a file in the place of `path`, private to its owner unless `mode` says otherwise.

    `write` fills the open file; the folder that it gets is for its own temporary files.

    Raises:
        OSError: it could not be written, or must not be replaced (TakenError); the old file is as it was.
    """
    refuse_to_replace(path)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        fresh = Path(folder, path.name)
        with os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            os.fchmod(file.fileno(), mode)
            write(file, Path(folder))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    _sync_folder(path.parent)


def is_open(path: Path) -> bool:
    """Return whether LibreOffice or Excel seems to have the workbook open."""
    return bool(opened_in(path))


def opened_in(path: Path) -> str:
    """Return the program that seems to have the workbook open, and by whom if it says so; empty for none."""
    locks = {program: path.with_name(lock.format(name=path.name)) for program, lock in _OFFICE_LOCKS.items()}
    program, lock = next(((program, lock) for program, lock in locks.items() if lock.exists()), ("", path))
    user = _user_in(lock, program) if program else ""
    return f"{program}, by {user}" if user else program


def _user_in(lock: Path, program: str) -> str:
    """Return who has the workbook open, by the mark that the program left; empty where it does not say."""
    try:
        with os.fdopen(os.open(lock, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            content = file.read(_MARK)
    except OSError:
        return ""
    if program == "Excel":  # the length of the name, then the name
        name = content[1 : 1 + content[0]].decode("utf-8", "replace") if content else ""
    else:  # name of the user, of the login, of the machine, and more
        name = next(filter(None, content.decode("utf-8", "replace").split(",")[:2]), "")
    return name.strip() if name.strip().isprintable() and "\N{REPLACEMENT CHARACTER}" not in name else ""


def refuse_to_replace(path: Path) -> None:
    """Raise TakenError where an existing `path` must be left alone."""
    if program := opened_in(path):
        raise TakenError(f"it seems to be open in {program}")
    if not os.path.lexists(path):
        return
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise TakenError("it is not a plain file")
    if not mode & stat.S_IWUSR:
        raise TakenError("it is write-protected")
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TakenError("it is locked by another program") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def report_files(report: Path, mark: str = "") -> dict[str, Path]:
    """Return where the report goes in each format, by the format's name; all beside the workbook.

    Args:
        mark: what is said in the name of a report that is redacted or has not every row, such as `rejected`, so that it
            never takes the place of the full one.
    """
    name, mark = report.stem.removesuffix(".report"), f".{mark}" if mark else ""
    return {
        "xlsx": report.with_name(f"{report.stem}{mark}{report.suffix}"),
        "html": report.with_name(f"{report.stem}{mark}.html"),
        "json": report.with_name(f"{name}.summary{mark}.json"),
        "csv": report.with_name(f"{name}.results{mark}.csv"),
        "jsonl": report.with_name(f"{name}.results{mark}.jsonl"),
    }


HTML_MARK = '<meta name="generator" content="bulk-onboard">'
_HEAD = 4_096
_MARKS: Mapping[str, re.Pattern[bytes]] = {  # by format: what such a file of ours has at its beginning
    "html": re.compile(re.escape(HTML_MARK).encode()),
    "json": re.compile(rb'\A\{\s*"schema":\s*"bulk-onboard/summary/'),
    "csv": re.compile(rb"\A\xef\xbb\xbf(?:account,)?row,key,business_name,state,review,part,"),
    "jsonl": re.compile(rb'\A\{(?:"account": [^\n]+, )?"row": [^,]+, "key": [^\n]*, "business_name": '),
}


def is_ours(path: Path, form: str) -> bool:
    """Return whether the file is a report of ours in this format; an empty one may be taken, too."""
    if form == "xlsx":
        return is_report(path)
    mark = _MARKS.get(form)
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return not head or (mark is not None and mark.search(head) is not None)


def put(
    path: Path, form: str, write: Callable[[BinaryIO, Path], None], *, run: str, anew: str, mode: int = 0o600
) -> Path:
    """Write a file of the report to `path`, or beside it as `<stem>-<run>` where `path` cannot be replaced.

    Args:
        form: the format's name, by which a file that is there is recognised as ours.
        write: as for `replace`.
        run: the run's id, or an instant, for the other name.
        anew: the command that writes it again.
        mode: who may read it; its owner alone unless the job is shared.

    Returns:
        Where it really is.

    Raises:
        ReportError: neither place could be written.
    """
    troubles = []
    for place in (path, path.with_name(f"{path.stem}-{run}{path.suffix}")):
        try:
            _refuse_foreign(place, form)
            replace(place, write, mode=mode)
        except OSError as error:
            troubles.append(error)
        else:
            return place
    why = troubles[0].strerror or str(troubles[0])
    raise ReportError(
        f"The report could not be written to {path}, nor beside it: {why}. "
        f"Everything else is done; make room for it, then type: {anew}"
    )


def _refuse_foreign(place: Path, form: str) -> None:
    """Raise TakenError where a file that is no report was put there since the job began."""
    if os.path.lexists(place) and not place.is_symlink() and not is_ours(place, form):
        raise TakenError("there is another file, which is no report")


PROPERTY = ("bulk-onboard", "report")
"""Name and text of the property that says of a workbook that it is a report."""

SHEETS = ("Summary", "Results", "Problems", "Not in the workbook", "Runs")

_LIMITS = Limits(memory=1 << 28, cpu_s=5, wall_s=60.0, answer=1 << 10)
_MOST = 1 << 20  # bytes of a part
_SHEET = re.compile(r"""<(?:\w+:)?sheet\s[^>]*?\bname\s*=\s*["']([^"']*)["']""")
_PROPERTY = re.compile(rf"""<(?:\w+:)?property\s[^>]*?\bname\s*=\s*["']{PROPERTY[0]}["']""")


def is_report(path: Path) -> bool:
    """Return whether the file is a report of ours, even one that others saved; False where it cannot be read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as source:
            return source.read(2) == b"PK" and b"".join(run_confined(__name__, b"", source, _LIMITS)) == b"report"
    except (OSError, ConfinedError):
        return False


def answer(_: bytes, source: BinaryIO) -> Iterator[bytes]:
    """Yield the word `report` for one, else nothing; in the child."""
    codecs.lookup("cp437")  # the names of a zip's parts may need it; it is loaded from a file at first use
    shut_doors()
    try:
        with ZipFile(source) as archive:
            properties, workbook = _part(archive, "docProps/custom.xml"), _part(archive, "xl/workbook.xml")
    except (OSError, BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return
    if workbook and (_PROPERTY.search(properties) or set(SHEETS) <= set(_SHEET.findall(workbook))):
        yield b"report"


def _part(archive: ZipFile, name: str) -> str:
    """Return the beginning of a part as text; empty where there is none."""
    try:
        with archive.open(name) as part:
            return part.read(_MOST).decode("utf-8", "replace")
    except KeyError:
        return ""
