"""Make accepted copies of documents that are refused for their form alone.

    find_scans      which files these are, and which rows name them; asks for the requirements as `check` does
    convert_scans   converts what has no copy yet, removes copies of files that are gone or changed, and writes the
                    list and the contact sheet

Files are never changed. A copy counts from the moment that the index has it; the index is written every few copies,
so an interrupted conversion goes on where it was.
"""

import csv
import dataclasses
import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import ExitStatus, LockedError, SignalledError, StoppedError
from bulk_onboard.intake.documents.conversion.converter import Converted, Converter, is_refused, why_not
from bulk_onboard.intake.documents.copies import (
    COPY_NAME,
    INDEX,
    LIST,
    SHEET,
    THUMBNAILS,
    Copy,
    Refused,
    content_of,
    content_of_index,
    copy_name,
    is_sound,
    left_by_a_kill,
    read_index,
    thumbnail_name,
)
from bulk_onboard.intake.documents.folder import DocumentFolder, findings_in
from bulk_onboard.intake.documents.pdf import PdfReader
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.job import Job
from bulk_onboard.maintenance.contact_sheet import Tile, contact_sheet
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.documents import file_type
from bulk_onboard.model.finding import Finding, ruled
from bulk_onboard.model.requirements import Combination, RequirementsBook
from bulk_onboard.model.row import Row, is_example
from bulk_onboard.model.sheet import BUSINESS_NAME, KEY, Columns, Sheet, document_column
from bulk_onboard.pipeline.judge import find_documents
from bulk_onboard.pipeline.requirements import requirements_for
from bulk_onboard.pipeline.sheets import Sheets, columns_of, combinations_of_sheet, read_job_sheet
from bulk_onboard.reporting.target import replace

_MOST_CHILDREN = 4
_BETWEEN_SAVES = 20  # copies, which are made again where the index did not come to have them
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Use:
    """A place in the sheet that names a file; `column` is the header, or the document's title where it has none."""

    row: int
    key: str
    business: str
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A file that is not taken, the places that name it, and why it cannot be converted; empty where it can be."""

    facts: FileFacts
    uses: tuple[Use, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class Scans:
    """What is not taken, and what is known of all files that the rows name.

    Attributes:
        book: the requirements that say what is taken.
        digests: of all files that are no larger than what is taken.
        day: today, in the job's time zone.
        is_whole: whether the sheet has all of the job's rows, so that a file that none of them names is gone.
    """

    book: RequirementsBook
    found: tuple[Scan, ...]
    digests: frozenset[str]
    day: date
    is_whole: bool


@dataclass(slots=True)
class Result:
    """What came of a file: its copy, or why there is none; `is_new` where the copy was made just now."""

    scan: Scan
    digest: str = ""
    copy: Copy | None = None
    why: str = ""
    is_new: bool = False


@dataclass(slots=True)
class Conversion:
    """What was done.

    Attributes:
        results: for each file that is not taken, in the order of the rows.
        removed: names of copies whose file is gone or changed.
    """

    folder: Path
    results: list[Result] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def made(self) -> list[Result]:
        """Return the files that got a copy just now."""
        return [result for result in self.results if result.is_new]

    @property
    def failed(self) -> list[Result]:
        """Return the files that have no copy."""
        return [result for result in self.results if result.copy is None]

    @property
    def exit_status(self) -> ExitStatus:
        """Return 3 where a file could not be converted, else 0."""
        return ExitStatus.ROWS_NEED_ATTENTION if self.failed else ExitStatus.DONE


async def find_scans(job: Job, *, credentials: Credentials | None, clock: Clock, sheets: Sheets | None = None) -> Scans:
    """Find the documents that are not taken, by the requirements that `check` would use.

    Args:
        sheets: where those of several accounts were read already.

    Raises:
        WorkbookError, DocumentsError, UsageError: the sheet or the documents folder cannot be read.
    """
    sheet = (sheets.of(job) if sheets else None) or await read_job_sheet(job)
    ledger_state = job.ledger_state(is_needed=False)
    combinations: set[Combination] = combinations_of_sheet(job, sheet)
    book = await requirements_for(
        job, sorted(combinations), credentials=credentials, clock=clock, ledger_state=ledger_state
    )
    columns, _ = columns_of(job, sheet, book)
    day = clock.now().astimezone(job.timezone).date()
    return _scans(job, sheet, columns, book, day)


def _scans(job: Job, sheet: Sheet, columns: Columns, book: RequirementsBook, day: date) -> Scans:
    rows, files = find_documents(job, rows_of(sheet, columns, defaults=job.defaults), book, with_copies=False)
    files = {
        text: dataclasses.replace(facts, findings=ruled(facts.findings, job.findings)) for text, facts in files.items()
    }
    found: dict[Path, list[Use]] = {}
    for use in _uses(rows, columns, book):
        if (facts := files.get(use.text)) and is_refused(facts, book.contract):
            found.setdefault(facts.path, []).append(use)
    by_path = {facts.path: facts for facts in files.values()}
    scans = tuple(Scan(by_path[path], tuple(uses), why_not(by_path[path])) for path, uses in found.items())
    digests = frozenset(facts.sha256 for facts in files.values() if facts.sha256)
    return Scans(book, scans, digests, day, is_whole=not sheet.has_some_rows_only)


def _uses(rows: Iterable[Row], columns: Columns, book: RequirementsBook) -> Iterator[Use]:
    for row in rows:
        requirements = book.offered.get(row.combination)
        if requirements is None or row.is_blank or is_example(row):
            continue
        for document in requirements.documents:
            name = document_column(document.type)
            if document.needs_file and (text := row.cell(name)):
                header = columns.headers.get(name, document.title)
                yield Use(row.number, row.cell(KEY), row.cell(BUSINESS_NAME), header, text)


def convert_scans(job: Job, scans: Scans, watch: Callable[[int, int], None]) -> Conversion:
    """Convert what can be converted and has no copy; write the list and the contact sheet.

    Args:
        watch: is told now and then how many files are done of those that are due.

    Raises:
        LockedError: another conversion of the job is at work.
        StoppedError: nothing more can be written; what was converted stays.
        SignalledError: Ctrl-C; what was converted stays.
    """
    done = Conversion(job.converted)
    if not scans.found and not os.path.lexists(job.converted):
        return done
    try:
        with _locked(job.converted), _Work(job, scans, done) as work:
            work.take_over()
            work.convert(watch)
            work.remove_stale()
    except (KeyboardInterrupt, SignalledError):  # the latter where it reached a child first
        raise SignalledError(
            ExitStatus.INTERRUPTED, "Stopped. What was converted stays; to go on, convert again."
        ) from None
    except OSError as error:
        raise StoppedError(
            f"{job.converted} cannot be written: {error.strerror or error}. What was converted stays; fix that, then "
            "convert again."
        ) from error
    return done


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make the folder where it is missing, and keep other conversions out of it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"Another conversion is at work in {folder}. Wait until it has ended.") from None
        yield
    finally:
        os.close(descriptor)


class _Work:
    """One conversion; leaving it writes the index, the list and the contact sheet, however it ended."""

    def __init__(self, job: Job, scans: Scans, done: Conversion) -> None:
        self._originals, self._folder = DocumentFolder(job.documents), DocumentFolder(job.converted)
        self._scans, self._done = scans, done
        self._index = read_index(job.converted)
        self._unsaved = 0
        self._reader = PdfReader()

    def __enter__(self) -> "_Work":
        return self

    def __exit__(self, *error: object) -> None:
        self._reader.__exit__(None, None, None)
        if self._index.copies or self._done.results:
            self._save()
            _write(self._folder.root / LIST, _list_of(self._done.results))
            _write(self._folder.root / SHEET, contact_sheet(self._tiles()).encode())
        else:
            remove_copies(self._folder.root)

    def take_over(self) -> None:
        """Make a result of each file; one whose copy is there, as it was made, is done.

        The index is written first: by it every command knows the folder, also while this one works, and after a kill.
        """
        self._save()
        _remove_left_behind(self._folder.root)
        made = self._folder.look_all({copy.name for copy in self._index.copies.values()})
        with ThreadPoolExecutor(_children()) as threads:
            digests = threads.map(self._digest_of, self._scans.found)
            for scan, digest in zip(self._scans.found, digests, strict=True):
                copy, refused = self._index.copies.get(digest), self._index.refused.get(digest)
                is_there = copy and made[copy.name].sha256 == copy.sha256 and is_sound(made[copy.name])
                why = scan.why_not or (refused.why if refused else "")
                self._done.results.append(Result(scan, digest, copy if is_there else None, why))

    def convert(self, watch: Callable[[int, int], None]) -> None:
        """Convert the files that have no copy yet, several at a time, those of one content once."""
        due: dict[str, list[Result]] = {}
        for result in self._done.results:
            if not (result.copy or result.why):
                due.setdefault(result.digest, []).append(result)
        if not due:
            return
        watch(0, len(due))
        (self._folder.root / THUMBNAILS).mkdir(mode=0o700, exist_ok=True)
        with _converters(min(_children(), len(due))) as idle, ThreadPoolExecutor(_children()) as threads:
            tasks = {threads.submit(self._convert_one, same[0], idle): same for same in due.values()}
            try:
                for number, task in enumerate(as_completed(tasks), 1):
                    self._take(task.result(), tasks[task])
                    watch(number, len(due))
            finally:
                threads.shutdown(wait=True, cancel_futures=True)

    def remove_stale(self) -> None:
        """Remove the copies of files that no row names any more as they were, and what a kill left behind."""
        if not self._scans.is_whole:
            return
        there = self._scans.digests | {result.digest for result in self._done.results}
        for digest in self._index.refused.keys() - there:
            del self._index.refused[digest]
        for digest in self._index.copies.keys() - there:
            self._done.removed.append(self._index.copies.pop(digest).name)
            (self._folder.root / THUMBNAILS / thumbnail_name(digest)).unlink(missing_ok=True)
        self._save()
        named = {copy.name for copy in self._index.copies.values()}
        for path in self._folder.root.iterdir():
            if COPY_NAME.fullmatch(path.name) and path.name not in named:
                path.unlink()

    def _digest_of(self, scan: Scan) -> str:
        if scan.facts.sha256 or scan.why_not:
            return scan.facts.sha256
        content = content_of(scan.facts, self._originals)
        return "" if content is None else hashlib.sha256(content).hexdigest()

    def _convert_one(self, result: Result, idle: "SimpleQueue[Converter]") -> Copy | Converted:
        """Return the copy of a file, checked as any document is; or what there is instead, which says why."""
        scan = result.scan
        content = content_of(scan.facts, self._originals)
        if content is None or hashlib.sha256(content).hexdigest() != result.digest:
            return Converted(why="it was changed or removed a moment ago. Convert again.")
        converter = idle.get()
        try:
            made = self._made_of(scan, content, converter)
        finally:
            idle.put(converter)
        if made.why:
            return made
        name = copy_name(scan.facts.path, result.digest)
        path = self._folder.root / name
        if fault := next(filter(_is_error, findings_in(path, made.pdf, self._reader)), None):
            return Converted(why=f"the copy would be no sound PDF. {fault.problem}")
        _write(path, made.pdf)
        _write(self._folder.root / THUMBNAILS / thumbnail_name(result.digest), made.thumbnail)
        return Copy(name, hashlib.sha256(made.pdf).hexdigest(), len(content), made.pages, made.done, self._scans.day)

    def _made_of(self, scan: Scan, content: bytes, converter: Converter) -> Converted:
        if not scan.facts.sha256:  # it was too large to be looked into until now
            whole = dataclasses.replace(scan.facts, findings=findings_in(scan.facts.path, content, self._reader))
            if why := why_not(whole):
                return Converted(why=why, is_final=True)
        return converter.convert(content, scan.facts.media_type)

    def _take(self, came: Copy | Converted, results: Sequence[Result]) -> None:
        for result in results:
            if isinstance(came, Copy):
                result.copy, result.is_new = came, True
                self._index.copies[result.digest] = came
            else:
                result.why = f"{came.why[:1].upper()}{came.why[1:].rstrip('.')}."
                if came.is_final:
                    self._index.refused[result.digest] = Refused(result.scan.facts.size, result.why)
        self._unsaved += 1
        if self._unsaved >= _BETWEEN_SAVES:
            self._save()

    def _save(self) -> None:
        self._unsaved = 0
        _write(self._folder.root / INDEX, content_of_index(self._index))

    def _tiles(self) -> Iterator[Tile]:
        for result in self._done.results:
            if copy := result.copy:
                path = self._folder.root / THUMBNAILS / thumbnail_name(result.digest)
                thumbnail = path.read_bytes() if path.exists() else b""
                for use in result.scan.uses:
                    yield Tile(
                        use.row,
                        use.key,
                        use.business,
                        use.column,
                        copy.name,
                        copy.day,
                        copy.done,
                        copy.pages,
                        thumbnail,
                    )


@contextmanager
def _converters(count: int) -> Iterator["SimpleQueue[Converter]"]:
    """Yield a queue of converters, each with a child of its own, from which threads take one for a while."""
    idle: SimpleQueue[Converter] = SimpleQueue()
    every = [Converter() for _ in range(count)]
    try:
        for converter in every:
            idle.put(converter)
        yield idle
    finally:
        for converter in every:
            converter.__exit__(None, None, None)


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def _children() -> int:
    return min(_MOST_CHILDREN, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


def _write(path: Path, content: bytes) -> None:
    def fill(file: BinaryIO, _: Path) -> None:
        file.write(content)

    replace(path, fill)


_HEADERS = ("Row", "Key", "Business Name", "Column", "Document", "Was", "What was done", "Copy", "Pages")


def _list_of(results: Iterable[Result]) -> bytes:
    """Return the list of what was done, for people: a line for each place in the sheet, in the order of the rows."""
    into = io.StringIO()
    lines = csv.writer(into)
    lines.writerow(_HEADERS)
    for use, result in sorted(_by_use(results), key=lambda pair: pair[0].row):
        copy, was = result.copy, file_type(result.scan.facts.media_type).found
        done = (
            (copy.done, copy.name, copy.pages)
            if copy
            else (f"not converted{f': {result.why}' if result.why else ' yet'}", "", "")
        )
        lines.writerow([_as_text(cell) for cell in (use.row, use.key, use.business, use.column, use.text, was, *done)])
    return into.getvalue().encode("utf-8-sig", "replace")


def _by_use(results: Iterable[Result]) -> Iterator[tuple[Use, Result]]:
    return ((use, result) for result in results for use in result.scan.uses)


def _as_text(cell: object) -> str:
    """Return a cell that no program takes for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _remove_left_behind(folder: Path) -> None:
    for path in left_by_a_kill(folder):
        shutil.rmtree(path, ignore_errors=True)


def remove_copies(folder: Path) -> None:
    """Remove all that a conversion has made; what somebody else put into the folder stays, and the folder with it."""
    _remove_left_behind(folder)
    thumbnails = folder / THUMBNAILS
    for path in sorted(thumbnails.glob("*.jpg")) if thumbnails.is_dir() else ():
        path.unlink()
    copies = [path for path in folder.iterdir() if COPY_NAME.fullmatch(path.name)]
    for path in (*copies, *(folder / name for name in (LIST, SHEET, INDEX))):
        path.unlink(missing_ok=True)
    for each in (thumbnails, folder):
        with suppress(OSError):  # something of somebody else's is in it
            each.rmdir()
