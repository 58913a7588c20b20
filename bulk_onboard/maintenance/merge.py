"""Take the fixed cells of the annotated copy into the job's workbook; no other verb changes that.

Nothing is lost: the old file is kept beside the new one, only the cells that are taken are written, and the result is
read back before it replaces the workbook. A row that does not read as it should is left as it is.

A workbook that accounts share is merged as a whole, whichever of them was named: each row is held against the ledger of
its own account. A row whose account has a ledger that cannot be read is left as it is.
"""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.clock import Clock
from bulk_onboard.confined.call import ConfinedError, Failure, run_confined
from bulk_onboard.confined.limits import Limits
from bulk_onboard.errors import ExitStatus, LedgerError, UsageError, WorkbookError
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.intake.transport import EditAnswer, EditRequest, edit_answer_of, encode
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.job import Job, load_jobs
from bulk_onboard.model.command import Commands
from bulk_onboard.model.identity import annotated_token, normal_user_key
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.requirements import Contract, RequirementsBook
from bulk_onboard.model.sheet import (
    COUNTRY_ISO,
    KEY,
    NUMBER_TYPE,
    REGISTRATION_NUMBER,
    USER_TYPE,
    Columns,
    Edit,
    Sheet,
    SheetRow,
    Stored,
    WorkbookType,
    edited_sheet,
    type_by_name,
)
from bulk_onboard.pipeline.annotated_copy import bases_in, is_newer, saved_copy
from bulk_onboard.pipeline.judge import identified_rows
from bulk_onboard.pipeline.kept_flags import as_given, remembered
from bulk_onboard.pipeline.outputs import zone_of
from bulk_onboard.pipeline.sheets import columns_at_hand, columns_of, read_sheets, whole_sheet
from bulk_onboard.reporting import target
from bulk_onboard.reporting.annotated.base import chosen, copies, is_untouched
from bulk_onboard.reporting.annotated.merge import Formulas, Known, Merge, Side, merge
from bulk_onboard.reporting.annotated.plain import write_sheet
from bulk_onboard.validation.fields import as_asked_for, dates_of

_CHILD = "bulk_onboard.intake.writer.answer"
_LIMITS = Limits(memory=2 << 30, cpu_s=120, wall_s=240.0)  # it holds the old and the new workbook at once
_NAMING = (KEY, REGISTRATION_NUMBER)
_IDENTITY = (KEY, REGISTRATION_NUMBER, COUNTRY_ISO, NUMBER_TYPE, USER_TYPE)
_WRITTEN_IN_PLACE = (WorkbookType.XLSX, WorkbookType.TEXT)
_KEPT_IN_TEXT = frozenset({Stored.DATE, Stored.ERROR, Stored.UNCALCULATED})
_TRIES = 3
_NAMES_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to.

    Attributes:
        copy: the file whose cells were taken.
        workbook: the file they are in now; a new one where the job's could not be written in place.
        next: the command to type next.
        kept: the old file; None where nothing was changed.
        rows, cells: how many of them were changed.
        left: sentences about what somebody must look at.
        notes: sentences that are good to know.
    """

    copy: Path
    workbook: Path
    next: str
    kept: Path | None = None
    rows: int = 0
    cells: int = 0
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> ExitStatus:
        """Return `ROWS_NEED_ATTENTION` where something was left."""
        return ExitStatus.ROWS_NEED_ATTENTION if self.left else ExitStatus.DONE


def to_merge(jobs: Sequence[Job]) -> Job:
    """Return the account with which a workbook that these share is merged: the first whose ledger can be read.

    What its newest run was told holds for the merge. Where no ledger can be read it is the first account, so that
    `merge_job` says why.
    """
    return next((job for job in jobs if len(jobs) == 1 or _can_be_read(job)), jobs[0])


def _can_be_read(job: Job) -> bool:
    try:
        job.store.read()
    except (LedgerError, UsageError):
        return False
    return True


async def merge_job(job: Job, *, copy: Path | None, clock: Clock, commands: Commands | None = None) -> Merged:
    """Take the cells that were changed in the annotated copy into the workbook.

    Args:
        job: one of those that share the workbook, where accounts do.
        copy: the annotated copy; None for the one that was saved last.
        commands: those to print, where several accounts were meant; else the job's own.

    Raises:
        UsageError: there is no copy, one of the files cannot be read or written, or the workbook is open elsewhere.
        LedgerError: the ledger cannot be read, so nobody knows which rows are filed already.
    """
    ledger_state = job.store.read()
    if ledger_state is not None:
        job = remembered(job, ledger_state)
    if commands is not None:
        as_before = {name: words for name, words in job.commands.flags.items() if name != "account"}
        job = replace(job, commands=replace(commands, flags={**commands.flags, **as_before}))
    source = copy or saved_copy(job)
    if source is None:
        return _nothing_saved(job)
    _refuse_to_replace(job.workbook)
    here = await asyncio.to_thread(whole_sheet, job)
    there = await asyncio.to_thread(whole_sheet, replace(job, workbook=source))
    base = chosen(await asyncio.to_thread(bases_in, source), here)
    if base is None:
        raise UsageError(
            f"{source} does not say what it was made from, so it is not known what was changed in it. Name a "
            f"copy that check made: --copy PATH. To make one, type: {job.commands.check()}"
        )
    records, unknown = await _records_of_all(job, here)
    if type_by_name(job.workbook) is WorkbookType.TEXT:
        there = _as_text(there)
    book = _book_at_hand(job, ledger_state, here)
    columns = [columns_at_hand(job, sheet, book=book) for sheet in (there, here)]
    formulas = [
        await asyncio.to_thread(_formulas, path, sheet) for path, sheet in ((source, there), (job.workbook, here))
    ]
    copied, ours = (
        Side(sheet, said, tuple(each.positions[name] for name in _NAMING if name in each.positions))
        for sheet, said, each in zip((there, here), formulas, columns, strict=True)
    )
    copied = replace(copied, dates=_dates(job, there, columns[0], book))
    made = merge(base, copied, ours, records)
    _leave(made, {row: why for row, why in unknown.items() if any(edit.row == row for edit in made.edits)})
    if target.is_open(source):
        made.notes.append(f"{source} is open in another program: what is not saved there was not taken.")
    made.notes += [
        f"{other} was saved after the workbook, too. To take what was fixed there, merge it as well: "
        f"{job.commands.merge(str(other))}"
        for other in _copies(job)
        if other != source and is_newer(other, job.workbook) and not is_untouched(other)
    ]
    day = clock.now().astimezone(zone_of(job, clock.now())).date()
    workbook, kept = await asyncio.to_thread(_write, job, here, made, day)
    cells = [edit for edit in made.edits if edit.row != here.header_row]
    commands = job.commands if workbook == job.workbook else job.commands.of_workbook(str(workbook))
    return Merged(
        source,
        workbook,
        commands.run(),
        kept,
        rows=len({edit.row for edit in cells}),
        cells=len(cells),
        left=tuple(made.left),
        notes=tuple(made.notes),
    )


def _copies(job: Job) -> list[Path]:
    return copies(job.workbook, job.copies)


def _nothing_saved(job: Job) -> Merged:
    found = _copies(job)
    if not found:
        raise UsageError(
            f"There is no annotated copy beside {job.workbook}. Name one that lies elsewhere with --copy PATH. To "
            f"make one where something is to be fixed, type: {job.commands.check()}"
        )
    note = f"{found[0]} was not changed since it was made, so there is nothing to take."
    return Merged(found[0], job.workbook, job.commands.run(), notes=(note,))


async def _records_of_all(job: Job, sheet: Sheet) -> tuple[dict[int, Known], dict[int, str]]:
    """Return the rows that a ledger has a record of; and why that is not known of others, by row number.

    Args:
        sheet: the whole sheet, which accounts may share.
    """
    if not job.shares_sheet:
        return await _known_records(job, sheet), {}
    known: dict[int, Known] = {}
    unknown: dict[int, str] = {}
    sharers = _sharers(job)
    sheets = await read_sheets(sharers, rows_needed=False)
    for account in sharers:
        own = sheets.of(account)
        if own is None or own.sha256 != sheet.sha256:
            raise UsageError(f"{job.workbook} was changed while it was read. Nothing was merged; merge again.")
        try:
            known |= await _known_records(account, own)
        except LedgerError:
            why = f"The ledger of account {account.account} cannot be read, so nobody knows whether it is filed."
            unknown |= dict.fromkeys(own.numbers, why)
    return known, unknown


def _sharers(job: Job) -> list[Job]:
    """Return the accounts that share the job's sheet, this one among them."""
    flags = {name: words for name, words in job.commands.flags.items() if name not in _OF_ONE}
    all_of_them = load_jobs(job.file, as_given(flags))
    sharing = [each for each in all_of_them if each.shares_sheet and each.sheet == job.sheet]
    return [job if each.account == job.account else replace(each, workbook=job.workbook) for each in sharing]


_OF_ONE = frozenset({"account", "ledger", "workbook", "report"})


async def _known_records(job: Job, sheet: Sheet) -> dict[int, Known]:
    """Return the rows that the ledger has a record of, by row number, each with the columns that identify it."""
    ledger_state = job.store.read()
    if ledger_state is None:
        return {}
    columns = columns_at_hand(job, sheet)
    rows = await identified_rows(
        job, ledger_state, auth_id=ledger_state.opened.auth_id if ledger_state.opened else "", sheet=sheet
    )
    known = {}
    for row, identity in rows:
        record = ledger_state.records.get(identity.token)
        if record is None or annotated_token(row) == record.token:
            continue
        by_key = bool(row.cell(KEY)) and normal_user_key(record.key) == normal_user_key(row.cell(KEY))
        names = (KEY,) if by_key else _IDENTITY
        places = frozenset(columns.positions[name] for name in names if name in columns.positions)
        known[row.number] = Known(record.token, places)
    return known


def _book_at_hand(job: Job, ledger_state: LedgerState | None, sheet: Sheet) -> RequirementsBook:
    """Return what the API requires, as a run was told last; before any run, the bundled requirements that fit."""
    if ledger_state is not None and ledger_state.book is not None:
        return ledger_state.book
    known = job.contract or (ledger_state.contract if ledger_state else None)
    books = [bundled_requirements(each) for each in ([known] if known else Contract)]
    for book in books:
        with contextlib.suppress(WorkbookError):
            columns_of(job, sheet, book)
            return book
    return books[0]


def _dates(job: Job, sheet: Sheet, columns: Columns, book: RequirementsBook) -> dict[tuple[int, int], str]:
    """Return the dates that Excel made in columns for dates, by row and position, as validation would send them."""
    dated = {place for kinds in sheet.kinds.values() for place, stored in kinds.items() if stored is Stored.DATE}
    found = {}
    for row in rows_of(sheet, columns, defaults=job.defaults, places=sorted(dated)):
        for name, wanted in dates_of(book.offered.get(row.combination), book).items():
            if row.stored.get(name) is Stored.DATE and (text := as_asked_for(row.cell(name), wanted)):
                found[row.number, columns.positions[name]] = text
    return found


def _as_text(sheet: Sheet) -> Sheet:
    """Return the sheet as a csv file can hold it: a number as its text."""
    kinds = {
        position: {place: how for place, how in kinds.items() if how in _KEPT_IN_TEXT}
        for position, kinds in sheet.kinds.items()
    }
    return replace(sheet, kinds=kinds)


def _write(job: Job, here: Sheet, made: Merge, day: date) -> tuple[Path, Path | None]:
    """Write the edits; return the new file and the old one. `made` has afterwards what was really written."""
    if type_by_name(job.workbook) not in _WRITTEN_IN_PLACE:
        return (_as_new_xlsx(job.workbook, here, made.edits), None) if made.edits else (job.workbook, None)
    old = _bytes_of(job.workbook, here)
    content = _written(job, here, made)
    if not made.edits:
        return job.workbook, None
    return job.workbook, _put(job.workbook, old, content, day)


def _bytes_of(workbook: Path, sheet: Sheet) -> bytes:
    content = workbook.read_bytes()
    if hashlib.sha256(content).hexdigest() != sheet.sha256:
        raise UsageError(f"{workbook} was changed while it was read. Nothing was merged; merge again.")
    return content


def _written(job: Job, here: Sheet, made: Merge) -> bytes:
    """Return the new workbook, checked by reading it; rows that do not come out right are left as they are."""
    for _ in range(_TRIES):
        if not made.edits:
            return b""
        content, refused = _edited(job, here, made.edits)
        _leave(made, refused)
        wrong = _reads_otherwise(job, here, made.edits, content)
        _leave(made, dict.fromkeys(wrong, "The copy's values would not read the same there."))
        if not wrong:
            return content
    raise UsageError(
        f"{job.workbook} cannot be written so that it reads as it should, so nothing was changed. Run the copy "
        "itself: --workbook names it for one run."
    )


def _leave(made: Merge, refused: dict[int, str]) -> None:
    made.left += [f"Row {row} is left as it is. {why}" for row, why in sorted(refused.items())]
    made.edits = [edit for edit in made.edits if edit.row not in refused]


def _reads_otherwise(job: Job, here: Sheet, edits: Sequence[Edit], content: bytes) -> set[int]:
    """Return the edited rows that do not read as they should; UsageError where another row, or the headers, do not."""
    with tempfile.TemporaryDirectory(prefix=f".{job.workbook.name}.", dir=job.workbook.parent) as folder:
        path = Path(folder, job.workbook.name)
        path.write_bytes(content)
        try:
            read = read_sheet(path, sheet=here.name, header_row=job.header_row, encoding=job.encoding)
        except WorkbookError as error:
            raise UsageError(
                f"{job.workbook} could not be read after it was written, so it was left as it was: {error}"
            ) from None
    wanted, found = _content(edited_sheet(here, edits)), _content(read)
    wrong = {number for number in wanted.keys() | found.keys() if wanted.get(number) != found.get(number)}
    if not wrong <= {edit.row for edit in edits} - {here.header_row}:
        raise UsageError(
            f"Written into {job.workbook}, the cells of the copy would change others, so nothing was written. "
            "Run the copy itself: --workbook names it for one run."
        )
    return wrong


def _content(sheet: Sheet) -> dict[int, object]:
    """Return what each row holds, the headers included, without blank cells at its end."""
    rows = (SheetRow(sheet.header_row, sheet.headers), *sheet.rows)
    said = {row.number: (_without_blanks(row.cells), dict(row.stored)) for row in rows}
    return {number: each for number, each in said.items() if any(each)}


def _without_blanks(cells: Sequence[str]) -> tuple[str, ...]:
    last = next((place for place in range(len(cells), 0, -1) if cells[place - 1].strip()), 0)
    return tuple(cells[:last])


def _edited(job: Job, here: Sheet, edits: Iterable[Edit]) -> tuple[bytes, dict[int, str]]:
    said, content = _asked(job.workbook, here, encoding=job.encoding, edits=tuple(edits))
    return content, said.refused


def _formulas(path: Path, sheet: Sheet) -> Formulas:
    if type_by_name(path) is not WorkbookType.XLSX:
        return {}
    said, _ = _asked(path, sheet, encoding=None, edits=None)
    return {(row, position): formula for row, position, formula in said.formulas}


def _asked(
    path: Path, sheet: Sheet, *, encoding: str | None, edits: tuple[Edit, ...] | None
) -> tuple[EditAnswer, bytes]:
    named = str(path).encode(errors="replace").decode()  # a name need not be UTF-8; it is for messages
    asked = EditRequest(named, sheet.name, sheet.header_row, encoding, sheet.sha256, len(sheet.headers), edits)
    try:
        with path.open("rb") as source:
            answer = b"".join(run_confined(_CHILD, encode(asked), source, _LIMITS))
    except ConfinedError as error:
        why = str(error) if error.failure is not Failure.UNFORESEEN else f"there is something unusual in it ({error})"
        raise UsageError(f"{path} cannot be merged, and nothing was changed: {why}.") from None
    line, _, content = answer.partition(b"\n")
    return edit_answer_of(line), content


def _refuse_to_replace(workbook: Path) -> None:
    try:
        target.refuse_to_replace(workbook.resolve())
    except OSError as error:
        raise _not_written(workbook, error) from None


def _not_written(workbook: Path, error: OSError) -> UsageError:
    why = error.strerror or str(error)
    return UsageError(f"{workbook} was not changed: {why}. Nothing was merged; fix that and merge again.")


def _put(workbook: Path, old: bytes, new: bytes, day: date) -> Path:
    """Replace the workbook, and keep the old one beside it; return where that is."""
    real = workbook.resolve()
    facts = real.stat()

    def write(file: BinaryIO, _: Path) -> None:
        file.write(new)
        with contextlib.suppress(OSError):  # root alone may give files away
            os.fchown(file.fileno(), facts.st_uid, facts.st_gid)
        now = real.stat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (facts.st_ino, facts.st_size, facts.st_mtime_ns):
            raise target.TakenError("it was changed meanwhile")

    try:
        kept = _keep(real, old, facts, day)
        try:
            target.replace(real, write, mode=facts.st_mode & 0o777)
        except BaseException:
            kept.unlink()
            raise
    except OSError as error:
        raise _not_written(workbook, error) from None
    return workbook.with_name(kept.name) if workbook.parent.resolve() == kept.parent else kept


def _keep(workbook: Path, content: bytes, facts: os.stat_result, day: date) -> Path:
    """Write the old file beside the new one, with its time, over none that exists."""
    for number in range(1, _NAMES_AT_MOST):
        more = "" if number == 1 else f"-{number}"
        path = workbook.with_name(f"{workbook.stem}.before-merge-{day}{more}{workbook.suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.utime(file.fileno(), ns=(facts.st_atime_ns, facts.st_mtime_ns))
            os.fsync(file.fileno())
        return path
    raise FileExistsError("there are too many old copies beside it")


def _as_new_xlsx(workbook: Path, here: Sheet, edits: Iterable[Edit]) -> Path:
    """Write the sheet, with the edits, into a new workbook; return where that is."""
    sheet = edited_sheet(here, edits)
    for number in range(1, _NAMES_AT_MOST):
        path = workbook.with_name(f"{workbook.stem}{'' if number == 1 else f'-{number}'}.xlsx")
        if os.path.lexists(path):
            continue
        try:
            target.replace(path, lambda file, folder: write_sheet(file, folder, sheet=sheet))
        except OSError as error:
            raise _not_written(path, error) from None
        return path
    raise UsageError(f"There are too many workbooks called like {workbook}. Remove the old ones.")
