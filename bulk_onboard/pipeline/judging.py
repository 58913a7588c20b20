"""Workbook → rows → applications and findings: every row is read and judged before anything is sent (rule 5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from bulk_onboard.intake.documents import DocumentFolder
from bulk_onboard.intake.header import match_columns
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.intake.workbook import read_sheet
from bulk_onboard.job import Job
from bulk_onboard.model.finding import Finding, Severity
from bulk_onboard.model.requirements import Combination, RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.model.sheet import NUMBER_TYPE, Columns, Sheet, document_column
from bulk_onboard.validation import judge_rows

AskRequirements = Callable[[Iterable[Combination]], Awaitable[RequirementsBook]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A whole sheet, judged.

    Attributes:
        book: the requirements it was judged against.
        rows: every non-blank row, in the order of the sheet.
        sheet_findings: about the sheet itself, such as unknown columns.
    """

    sheet: Sheet
    columns: Columns
    book: RequirementsBook
    rows: tuple[JudgedRow, ...]
    sheet_findings: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings: the sheet's, then the rows' in their order."""
        return self.sheet_findings + tuple(finding for row in self.rows for finding in row.findings)

    @property
    def has_errors(self) -> bool:
        """Whether any row is kept out."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


async def read_job_sheet(job: Job) -> Sheet:
    """The job's sheet, read in a thread; WorkbookError where it cannot be read."""
    return await asyncio.to_thread(
        read_sheet, job.workbook, sheet=job.sheet, header_row=job.header_row, encoding=job.encoding
    )


async def judge(job: Job, sheet: Sheet, ask: AskRequirements) -> Judgement:
    """Judge every row of the sheet against the requirements of the combinations it names.

    Raises:
        WorkbookError: columns are missing or doubled, all of them named.
    """
    optional = (NUMBER_TYPE,) if job.number_type else ()
    plain_columns, _ = match_columns(sheet, RequirementsBook("", live=False), job.columns, optional=optional)
    named = {row.combination for row in rows_of(sheet, plain_columns, defaults=job.defaults)}
    book = await ask(sorted(named))
    columns, sheet_findings = match_columns(sheet, book, job.columns, optional=optional)
    rows = rows_of(sheet, columns, defaults=job.defaults)
    files = await asyncio.to_thread(DocumentFolder(job.documents).look_all, document_paths(rows, book))
    judged = judge_rows(rows, book=book, files=files, columns=columns)
    return Judgement(sheet, columns, book, judged, sheet_findings)


def document_paths(rows: Iterable[Row], book: RequirementsBook) -> Iterable[str]:
    """The paths in the cells of all document columns."""
    names = [document_column(document.type) for document in book.documents()]
    return [path for row in rows for name in names if (path := row.cell(name))]
