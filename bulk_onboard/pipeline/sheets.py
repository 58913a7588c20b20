"""The sheets of a job's accounts: read once each, with the rows that are theirs.

Accounts without a workbook of their own share the job's sheet, and each row of it names its account. `read_sheets`
reads for several accounts, `read_job_sheet` for one of them; either way an account sees its own rows alone, with the
row numbers of the file.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.errors import BulkOnboardError, NoWorkbookError, UsageError, WorkbookError
from bulk_onboard.frames import Frame
from bulk_onboard.intake.accounts import Split, silent_places, split_rows
from bulk_onboard.intake.header import match_columns
from bulk_onboard.intake.names import ACCOUNT_HEADER, bare
from bulk_onboard.intake.rows import combinations_in, rows_of
from bulk_onboard.intake.workbook import read_sheet, sheet_from_frame
from bulk_onboard.job import Job, are_all
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import normal_account
from bulk_onboard.model.requirements import Combination, Contract, RequirementsBook
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import (
    ACCOUNT,
    BO_KEY,
    COUNTRY_ISO,
    KEY,
    NUMBER_TYPE,
    REGISTRATION_NUMBER,
    USER_TYPE,
    Columns,
    Sheet,
)
from bulk_onboard.model.text import text_in
from bulk_onboard.pipeline.others import NOT_TWICE
from bulk_onboard.threads import AT_A_TIME
from bulk_onboard.units import format_list
from bulk_onboard.validation import under_several_accounts

_NOTHING_KNOWN = RequirementsBook("", live=False)
_IDENTIFYING = (ACCOUNT, KEY, BO_KEY, REGISTRATION_NUMBER, COUNTRY_ISO, NUMBER_TYPE, USER_TYPE)


@dataclass(frozen=True, slots=True, repr=False)  # asyncio.run asks for the repr of results, which would hold every cell
class Sheets:
    """The sheets of some accounts, or of the only one.

    Attributes:
        own: by account, its rows alone; None where there is no workbook and the job allows that.
        unassigned: a finding on each row of a shared sheet that is nobody's, in the order of the sheet; none where
            accounts were picked, whose rows alone are meant then.
        twice: by account, then by row number: another account that has a row of the same business.
    """

    own: Mapping[str, Sheet | None]
    unassigned: tuple[Finding, ...] = ()
    twice: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def of(self, job: Job) -> Sheet | None:
        """Return the sheet of this account, with its rows alone; None where there is none and the job allows that."""
        return self.own[job.account]

    def twice_of(self, job: Job) -> Mapping[int, str]:
        """Return by row number the other account that has a row of the same business as this account's."""
        return self.twice.get(job.account, NOT_TWICE)


async def read_sheets(jobs: Sequence[Job], frame: Frame | None = None, *, rows_needed: bool = True) -> Sheets:
    """Read each workbook of these jobs once, and say whose the rows are.

    The workbooks of accounts that were not picked are read, too, as far as they can be: another process may run these
    at the same time, so that a business under two accounts must be seen in both.

    Args:
        jobs: one, or accounts of one job, whether they are all of its accounts or not.
        frame: in place of the workbook that accounts share, or that of the only job.
        rows_needed: whether an account without rows is an error.

    Raises:
        UsageError: accounts without rows, all of them named; or accounts that read their names from other columns.
        NoWorkbookError: there is none, and the job does not allow that.
        WorkbookError: one cannot be read, or a shared one does not say whose its rows are.
    """
    readings = _readings(jobs, frame)
    places = asyncio.Semaphore(AT_A_TIME)

    async def read(reading: _Reading) -> Sheet | None:
        async with places:
            return await asyncio.to_thread(_read, readings[reading], frame if reading.is_frame else None)

    read_in_order = await asyncio.gather(*map(read, readings), return_exceptions=True)
    whole: dict[_Reading, Sheet | None] = {}
    for reading, sheet in zip(readings, read_in_order, strict=True):
        if isinstance(sheet, BaseException):
            raise sheet
        whole[reading] = sheet
    picked, is_shared_read = {job.account for job in jobs}, any(job.shares_sheet for job in jobs)
    others = [
        job for job in jobs[0].siblings if job.account not in picked and not (job.shares_sheet and is_shared_read)
    ]
    further = _readings(others, None)
    rows = await asyncio.to_thread(_rows_at_hand, further)
    return await asyncio.to_thread(_sheets, jobs, readings, whole, rows, rows_needed=rows_needed)


async def sheets_at_hand(jobs: Sequence[Job]) -> Sheets:
    """Return the sheets of several accounts; none where one of them cannot be read."""
    try:
        return await read_sheets(jobs, rows_needed=False)
    except UsageError:
        return Sheets(dict.fromkeys(job.account for job in jobs))


class _Reading(NamedTuple):
    """What distinguishes one reading of a sheet from another."""

    path: Path
    is_shared: bool
    is_frame: bool
    sheet: str | None
    header_row: int
    encoding: str | None


def _readings(jobs: Sequence[Job], frame: Frame | None) -> dict[_Reading, list[Job]]:
    """Return the sheets to read, each with the jobs that read it, all in their order."""
    readings: dict[_Reading, list[Job]] = {}
    for job in jobs:
        is_frame = frame is not None and (job.shares_sheet or len(jobs) == 1)
        reading = _Reading(job.workbook, job.shares_sheet, is_frame, job.sheet, job.header_row, job.encoding)
        readings.setdefault(reading, []).append(job)
    return readings


def _read(jobs: Sequence[Job], frame: Frame | None) -> Sheet | None:
    """Read the sheet of these jobs; return None where there is no workbook and all of them allow that."""
    try:
        return whole_sheet(jobs[0], frame)
    except NoWorkbookError:
        if all(job.missing_workbook == "ok" for job in jobs):
            return None
        raise


def whole_sheet(job: Job, frame: Frame | None = None) -> Sheet:
    """Read the job's sheet with the rows of all accounts that share it; it takes its time, so call it in a thread.

    Raises:
        WorkbookError: it cannot be read.
    """
    if frame is not None:
        return sheet_from_frame(frame, path=job.workbook, header_row=job.header_row)
    return read_sheet(
        job.workbook, sheet=job.sheet, header_row=job.header_row, encoding=job.encoding, whole=not job.shares_sheet
    )


def _sheets(
    jobs: Sequence[Job],
    readings: Mapping[_Reading, Sequence[Job]],
    whole: Mapping[_Reading, Sheet | None],
    elsewhere: Mapping[str, Sequence[Row]],
    *,
    rows_needed: bool,
) -> Sheets:
    """Say whose the rows of all these sheets are; `elsewhere` are those of other accounts in other sheets."""
    own: dict[str, Sheet | None] = {}
    unassigned: dict[tuple[str, int], Finding] = {}  # a sheet may be read more than once, with other headers
    rows = {account: list(its) for account, its in elsewhere.items()}
    empty: list[Job] = []
    for reading, readers in readings.items():
        sheet = whole[reading]
        if sheet is None or not readers[0].account:
            own |= {job.account: sheet for job in readers}
            continue
        columns = _columns_of_each(readers, sheet)
        places = _places_of_each(readers, sheet, columns, jobs)
        unassigned |= {(each.sheet, each.row): each for each in places.unassigned}
        for job in readers:
            its = places.places.get(job.account, ())
            own[job.account] = sheet.at(its) if job.shares_sheet else sheet
            empty += [] if its else [job]
        for account, some in _rows_of_each(readers, sheet, columns, places):
            rows.setdefault(account, []).extend(some)
    if empty and rows_needed:
        raise UsageError(_without_rows(sorted(empty, key=jobs.index)))
    return Sheets(own, tuple(unassigned.values()) if are_all(jobs) else (), under_several_accounts(rows))


def _rows_at_hand(readings: Mapping[_Reading, Sequence[Job]]) -> dict[str, list[Row]]:
    """Return by account the rows of these sheets, without those that cannot be read."""
    rows: dict[str, list[Row]] = {}
    for readers in readings.values():
        with suppress(BulkOnboardError):
            sheet = whole_sheet(readers[0])
            columns = _columns_of_each(readers, sheet)
            for account, its in _rows_of_each(
                readers, sheet, columns, _places_of_each(readers, sheet, columns, readers)
            ):
                rows.setdefault(account, []).extend(its)
    return rows


def _rows_of_each(
    readers: Sequence[Job], sheet: Sheet, columns: Mapping[str, Columns], split: Split
) -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield each account of a sheet with its rows, as far as they identify it."""
    by_account = {job.account: job for job in readers}
    for account, its in split.places.items():
        job = by_account.get(account, readers[0])
        yield account, _identifying_rows(job, sheet, columns[job.account], its)


def _columns_of_each(jobs: Sequence[Job], sheet: Sheet) -> dict[str, Columns]:
    """Return by account which columns mean what; that takes time, and most jobs say the same of them."""
    known: dict[object, Columns] = {}
    found = {}
    for job in jobs:
        said = (*job.columns.items(), job.contract, bool(job.number_type), bool(job.documents_pattern))
        found[job.account] = known.get(said) or known.setdefault(said, columns_at_hand(job, sheet))
    return found


def _places_of_each(readers: Sequence[Job], sheet: Sheet, columns: Mapping[str, Columns], jobs: Sequence[Job]) -> Split:
    """Return by account the places of its rows: in a workbook of its own all that say something.

    Of accounts that share a sheet and are not picked nobody knows more than the name.

    Raises:
        UsageError: accounts find in different columns whose a row is.
    """
    first = readers[0]
    if not first.shares_sheet:
        silent = silent_places(sheet, columns[first.account])
        filled = [place for place in range(sheet.height) if place not in silent]
        return Split({job.account: filled for job in readers if filled}, ())
    header = columns[first.account].header(ACCOUNT)
    for job in readers:
        if (other := columns[job.account].header(ACCOUNT)) != header:
            raise UsageError(
                f'The accounts {first.account} and {job.account} share the sheet "{sheet.name}", and find in different '
                f'columns whose a row is ("{header}" and "{other}"). Map one column to {ACCOUNT_HEADER} for both, '
                "under [columns] of the job file."
            )
    elsewhere = [job.account for job in jobs if not job.shares_sheet]
    known = dict.fromkeys((*(job.account for job in jobs), first.account, *first.other_accounts))
    return split_rows(sheet, columns[first.account], [name for name in known if name not in elsewhere], elsewhere)


def _identifying_rows(job: Job, sheet: Sheet, columns: Columns, places: Sequence[int]) -> Sequence[Row]:
    """Return the rows at these places with the cells that identify them and no other, which is quick."""
    kept = [name for name in _IDENTIFYING if name in columns.positions]
    texts = tuple(sheet.texts[columns.positions[name]] for name in kept)
    narrow = replace(sheet, headers=tuple(kept), texts=texts, kinds={}, merged=())
    positions = {name: position for position, name in enumerate(kept)}
    return rows_of(narrow, Columns(positions, {}), defaults=job.defaults, places=places)


def _without_rows(jobs: Sequence[Job]) -> str:
    names = [job.account for job in jobs]
    subject = f"The account {names[0]} has" if len(names) == 1 else f"The accounts {format_list(names)} have"
    where = []
    if shared := [job for job in jobs if job.shares_sheet]:
        where.append(f"name {'it' if len(shared) == 1 else 'them'} in the column Account of {shared[0].workbook.name}")
    if others := [job.workbook.name for job in jobs if not job.shares_sheet]:
        where.append(f"fill in {format_list(others)}")
    advice = ", ".join(where)
    pick = "pick the other accounts with --account"
    return f"{subject} no rows, so nothing was begun. {advice[0].upper()}{advice[1:]}, or {pick}."


# One account's.


async def read_job_sheet(job: Job, frame: Frame | None = None) -> Sheet:
    """Read the job's sheet, or take the frame in its place; of a sheet that accounts share its own rows alone.

    Raises:
        WorkbookError: it cannot be read, or does not say whose its rows are.
    """
    return await asyncio.to_thread(_own_sheet, job, frame)


def _own_sheet(job: Job, frame: Frame | None) -> Sheet:
    sheet = whole_sheet(job, frame)
    if not job.shares_sheet:
        return sheet
    split = _places_of_each([job], sheet, _columns_of_each([job], sheet), [job])
    return sheet.at(split.places.get(job.account, ()))


# Its columns.


def combinations_of_sheet(job: Job, sheet: Sheet) -> set[Combination]:
    """Return the combinations that the rows ask for.

    They stand in columns that are known before the requirements are.
    """
    columns, _ = columns_of(job, sheet, _NOTHING_KNOWN)
    return combinations_in(sheet, columns, defaults=job.defaults)


def columns_of(job: Job, sheet: Sheet, book: RequirementsBook) -> tuple[Columns, tuple[Finding, ...]]:
    """Match the sheet's columns, as `match_columns` does.

    What the job itself says may be missing. An account with a workbook of its own has no use for a column of accounts,
    nor for the `[columns]` that say which one that is in the workbook that the others share.
    """
    has_own = bool(job.account) and not job.shares_sheet
    mapped = {header: to for header, to in job.columns.items() if not has_own or bare(to) != bare(ACCOUNT_HEADER)}
    return match_columns(
        sheet,
        book,
        mapped,
        optional=(NUMBER_TYPE,) if job.number_type else (),
        documents_optional=bool(job.documents_pattern),
        with_account=job.shares_sheet,
    )


def columns_at_hand(
    job: Job, sheet: Sheet, contract: Contract | None = None, book: RequirementsBook | None = None
) -> Columns:
    """Match the sheet's columns as far as that is possible without the API.

    `contract` is that of the ledger, where the job names none. Where they do not fit the bundled requirements,
    since the API may ask for others, only the plain names are known. `book` has the API's own where it was asked.
    """
    try:
        return columns_of(job, sheet, book or bundled_requirements(job.contract or contract))[0]
    except WorkbookError:
        return columns_of(job, sheet, _NOTHING_KNOWN)[0]


def findings_about_accounts(job: Job, sheet: Sheet) -> Iterable[Finding]:
    """Yield a finding where an account's own workbook has a column of accounts that names other ones."""
    if not job.account or job.shares_sheet:
        return
    others = {normal_account(name): name for name in job.other_accounts}
    mapped = {bare(header) for header, to in job.columns.items() if bare(to) == bare(ACCOUNT_HEADER)}
    for position, header in enumerate(sheet.headers):
        if bare(header) not in (mapped or {bare(ACCOUNT_HEADER)}):
            continue
        named = [
            (number, others[name])
            for number, text in zip(sheet.numbers, sheet.texts[position], strict=True)
            if (name := normal_account(text_in(text))) in others
        ]
        if named:
            row, other = named[0]
            details: dict[str, str | int] = {"account": job.account, "other": other, "row": row}
            yield Finding("account-of-others", sheet.name, sheet.header_row, header.strip(), header.strip(), details)
