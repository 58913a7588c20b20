"""Read and judge every row before anything is sent.

`check` and `plan` show what comes of it, and a run begins with it.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bulk_onboard.api.credentials import Credentials
from bulk_onboard.clock import Clock
from bulk_onboard.errors import LedgerError, NoWorkbookError, UsageError, WorkbookError
from bulk_onboard.frames import Frame
from bulk_onboard.intake.documents.conversion.converter import is_convertible
from bulk_onboard.intake.documents.copies import Copies
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.intake.documents.known import KnownFacts
from bulk_onboard.intake.documents.pattern import fill_in_documents
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.job import Job
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.catalogue import SOME_ROWS, Severity
from bulk_onboard.model.finding import Finding, ruled
from bulk_onboard.model.identity import normal_user_key, registration_token_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Identity, Plan, Scope
from bulk_onboard.model.requirements import Combination, DocumentRequirement, RequirementsBook
from bulk_onboard.model.row import JudgedRow, JudgedRows, Row, example_path, notable_in
from bulk_onboard.model.sheet import KEY, Columns, Sheet, document_column
from bulk_onboard.model.text import text_in
from bulk_onboard.pipeline.links import link_style
from bulk_onboard.pipeline.others import NOT_TWICE, OtherLedgers, Others, read_others
from bulk_onboard.pipeline.progress import ASKING_FOR_REQUIREMENTS, READING_WORKBOOK, Progress
from bulk_onboard.pipeline.requirements import requirements_for
from bulk_onboard.pipeline.sheets import (
    Sheets,
    columns_at_hand,
    columns_of,
    combinations_of_sheet,
    findings_about_accounts,
    read_job_sheet,
    read_sheets,
)
from bulk_onboard.planning import make_plan
from bulk_onboard.planning.identity import Identities, checked_claims
from bulk_onboard.reporting.row_status import JobStatus, join
from bulk_onboard.spelling import did_you_mean
from bulk_onboard.threads import in_thread
from bulk_onboard.validation import (
    Judge,
    judge_rows,
    mark_in_other_accounts,
    mark_in_other_ledgers,
    mark_shared_documents,
    may_be_about_the_business,
)
from bulk_onboard.validation.fields import dates_of, with_dates

SCREENED_FROM = 5_000
"""Rows. With fewer, judging each costs less than importing what looks at whole columns."""

AskRequirements = Callable[[Iterable[Combination]], Awaitable[RequirementsBook]]


@dataclass(frozen=True, slots=True, repr=False)  # asyncio.run asks for its repr, which would hold every cell
class Judgement:
    """A whole sheet, judged.

    Attributes:
        book: the requirements it was judged against.
        rows: every non-blank row, in the order of the sheet.
        sheet_findings: about the sheet itself, such as unknown columns.
        missing: a sentence that there is no workbook, which the job allows; then there are no rows. Else empty.
        convertible: how many documents are refused for their form alone and have no converted copy.
    """

    sheet: Sheet
    columns: Columns
    book: RequirementsBook
    rows: Sequence[JudgedRow]
    sheet_findings: tuple[Finding, ...]
    missing: str = ""
    convertible: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings: the sheet's, then the rows' in their order."""
        return self.sheet_findings + tuple(finding for row in notable_in(self.rows) for finding in row.findings)

    @property
    def has_errors(self) -> bool:
        """Whether any finding keeps a row out."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


async def judge(
    job: Job,
    sheet: Sheet,
    ask: AskRequirements,
    progress: Progress | None = None,
    *,
    others: OtherLedgers | None = None,
    twice: Mapping[int, str] = NOT_TWICE,
    auth_id: str = "",
) -> Judgement:
    """Judge every row against the requirements of the combinations the sheet names.

    Args:
        progress: what is told what is done now.
        others: the ledgers that rows are held against, where several accounts are judged; each is read once.
        twice: by row number, another account that has a row of the same business (`Sheets.twice`).
        auth_id: of the account; empty where that is not known.

    Raises:
        WorkbookError: columns are missing or doubled, or the job makes a finding about the whole sheet an error.
        DocumentsError: there is no documents folder, and rows name documents.
        UsageError, LedgerError: another job's ledger cannot be read, or a chosen row is not in the sheet.
    """
    progress = progress or Progress()
    known = await in_thread(read_others, job, others, twice, auth_id=auth_id)
    combinations = await in_thread(combinations_of_sheet, job, sheet)
    with progress.doing(ASKING_FOR_REQUIREMENTS):
        book = await ask(sorted(combinations))
    columns, sheet_findings = await in_thread(_judged_sheet, job, sheet, book, known)
    refuse_the_sheet(sheet, sheet_findings)
    with progress.doing("checking {} and the documents", count=(sheet.height, "row")):
        rows, convertible = await in_thread(_judged_rows, job, sheet, columns, book, known)
    return Judgement(sheet, columns, book, rows, sheet_findings, convertible=convertible)


def check_choice(judged: Sequence[tuple[Job, Sheet, Sequence[JudgedRow]]]) -> None:
    """Check that the rows chosen with `--key` and `--rows` are in the sheet, of whichever account.

    Args:
        judged: the job, or its accounts, each with its sheet and all its rows.

    Raises:
        UsageError: some are not; the sentence names them, and the nearest Key.
    """
    if not any(job.scope.is_choosy for job, _, _ in judged):
        return
    where = " or ".join(dict.fromkeys(str(sheet.path) for _, sheet, _ in judged))
    rows = [one.row for _, _, some in judged for one in some]
    keys = {normal_user_key(key): key for row in rows if (key := row.cell(KEY))}
    for key in dict.fromkeys(key for job, _, _ in judged for key in job.key):
        if normal_user_key(key) not in keys:
            meant = did_you_mean(key, keys.values()) or " See the column Key of the workbook."
            raise UsageError(f"No row of {where} has the Key {key!r}.{meant} Nothing was sent.")
    numbers = [row.number for row in rows]
    for some in dict.fromkeys(some for job, _, _ in judged for some in job.rows):
        if not any(number in some for number in numbers):
            named = f"row {some[0]}" if len(some) == 1 else f"rows {some[0]} to {some[-1]}"
            there = f"it has rows {min(numbers)} to {max(numbers)}" if numbers else "it has none"
            raise UsageError(f"{where} has nothing in {named}: {there}. Nothing was sent.")


def _judged_sheet(job: Job, sheet: Sheet, book: RequirementsBook, known: Others) -> tuple[Columns, tuple[Finding, ...]]:
    """Match the sheet's columns; return them, and what was found about the sheet as a whole."""
    columns, unknown = columns_of(job, sheet, book)
    found = (*unknown, *findings_about(sheet), *findings_about_accounts(job, sheet), *known.findings_at(sheet))
    return columns, ruled(found, job.findings)


def findings_about(sheet: Sheet) -> Iterable[Finding]:
    """Yield what the reader noticed about the sheet, placed in the row of the headers."""
    found = (*sheet.findings, Finding(SOME_ROWS)) if sheet.has_some_rows_only else sheet.findings
    return (finding.at(sheet.name, sheet.header_row) for finding in found)


def refuse_the_sheet(sheet: Sheet, sheet_findings: Iterable[Finding]) -> None:
    """Raise WorkbookError where the job makes a finding about the sheet an error.

    Such an error keeps every row out.
    """
    wrong = [finding for finding in sheet_findings if finding.severity is Severity.ERROR]
    if wrong:
        named = " ".join(
            f"{finding.code}: {finding.seen and finding.seen + ': '}{finding.problem}" for finding in wrong
        )
        raise WorkbookError(
            f'The sheet "{sheet.name}" has what the job file makes an error under [findings]. {named} '
            "Fix the workbook, or make it a warning there."
        )


def _judged_rows(
    job: Job, sheet: Sheet, columns: Columns, book: RequirementsBook, others: Others
) -> tuple[Sequence[JudgedRow], int]:
    """Judge all rows beside each other; return them, and how many of their documents could be converted.

    Of a large sheet judge only those that a look at whole columns finds suspect.
    """

    def together(rows: Sequence[Row], files: Mapping[str, FileFacts]) -> tuple[JudgedRow, ...]:
        judged = judge_rows(
            rows, book=book, files=files, columns=columns, rulings=job.findings, callback_url=job.callback_url
        )
        judged = mark_shared_documents(judged, book=book, files=files, columns=columns, rulings=job.findings)
        judged = mark_in_other_ledgers(judged, others.against, columns=columns, rulings=job.findings)
        return mark_in_other_accounts(
            judged, others.own, others.accounts, others.twice, columns=columns, rulings=job.findings
        )

    if sheet.height < SCREENED_FROM or job.documents_pattern:
        rows, files = find_documents(job, rows_of(sheet, columns, defaults=job.defaults), book)
        return together(rows, files), _convertible(files, book)
    from bulk_onboard.validation.screen import screen  # noqa: PLC0415 - brings pandas, half a second

    legible = paths_in(sheet, columns, papers_of(book))
    files = _look_at(job, book, paths_in(sheet, columns, book.files), legible=legible)
    suspects, size = screen(
        sheet,
        columns,
        book=book,
        files=files,
        defaults=job.defaults,
        rulings=job.findings,
        others=[known for _, known in (*others.against, *others.accounts)],
        suspects=others.twice.keys(),
    )
    judged = together(rows_of(sheet, columns, defaults=job.defaults, places=suspects), files)
    untold = {path: replace(facts, paper=None) if facts.paper else facts for path, facts in files.items()}
    alone = Judge(book, untold, columns, job.findings, job.callback_url)  # rows with papers were judged above
    unmerged = replace(sheet, merged=())  # whatever is merged is suspect

    def usual(places: Sequence[int]) -> Iterable[JudgedRow]:
        return map(alone.judged, rows_of(unmerged, columns, defaults=job.defaults, places=places))

    rows_ = JudgedRows(sheet.height, dict(zip(suspects, judged, strict=True)), usual, usual_size=size)
    return rows_, _convertible(files, book)


def find_documents(
    job: Job, rows: Sequence[Row], book: RequirementsBook, *, with_copies: bool = True
) -> tuple[Sequence[Row], Mapping[str, FileFacts]]:
    """Return the rows with their documents, and the facts about these files.

    Blank document cells are filled in by the job's pattern. A converted copy stands for a file that is refused for its
    form, unless the files themselves are wanted.

    Raises:
        DocumentsError: documents are required, and there is no folder to look for them in.
    """
    amiss: Mapping[str, FileFacts] = {}
    if job.documents_pattern:
        folder = DocumentFolder(job.documents)
        if rows and book.files:
            folder.check()
        rows, amiss = fill_in_documents(rows, book, folder, job.documents_pattern)
    paths = [path for path in document_paths(rows, book.files) if path not in amiss]
    legible = set(document_paths(rows, papers_of(book)))
    looked = _look_at(job, book, paths, legible=legible, with_copies=with_copies)
    return rows, {**looked, **amiss}


def _look_at(
    job: Job, book: RequirementsBook, paths: Collection[str], *, legible: Collection[str], with_copies: bool = True
) -> Mapping[str, FileFacts]:
    """Return the facts about these files, or their copies, of the `legible` ones their text, too.

    Raises:
        DocumentsError: there is no folder, and others than the template's example are named.
    """
    folder, known = DocumentFolder(job.documents), KnownFacts(job.facts)
    if not {example_path(document.type) for document in book.files}.issuperset(paths):
        folder.check()
    looked: Mapping[str, FileFacts] = folder.look_all(paths, known, legible=legible)
    if with_copies:
        looked = Copies(job.converted, folder).in_place(looked, book.contract, known, legible=legible)
    known.save()
    return looked


def _convertible(files: Mapping[str, FileFacts], book: RequirementsBook) -> int:
    return len({facts.path for facts in files.values() if is_convertible(facts, book.contract)})


def papers_of(book: RequirementsBook) -> list[DocumentRequirement]:
    """Return the documents whose text the rows are compared with."""
    return [document for document in book.files if may_be_about_the_business(document)]


def paths_in(sheet: Sheet, columns: Columns, documents: Iterable[DocumentRequirement]) -> set[str]:
    """Return the paths in the columns of these documents, without making rows."""
    names = [document_column(document.type) for document in documents]
    texts = {text for name in names if name in columns.positions for text in sheet.texts[columns.positions[name]]}
    return set(filter(None, map(text_in, texts)))


def document_paths(rows: Iterable[Row], documents: Iterable[DocumentRequirement]) -> Iterable[str]:
    """Return the paths in the rows' cells for these documents."""
    names = [document_column(document.type) for document in documents]
    return [path for row in rows for name in names if (path := row.cell(name))]


def check_contract(job: Job, ledger_state: LedgerState, book: RequirementsBook) -> None:
    """Raise LedgerError where the ledger's records were filed in another contract than this one."""
    if ledger_state.contract not in (None, book.contract):
        raise LedgerError(
            f"The ledger {job.store.name} is of the {ledger_state.contract} contract, and this would be the "
            f"{book.contract} one, as {book.source} {'say' if book.live else 'says'}. Nothing was sent, since records "
            "of the one cannot be followed in the other. If the job names a contract, leave it out; if the API itself "
            "has changed, ask its vendor what became of the records."
        )


def judge_nothing(job: Job) -> Judgement:
    """Return the judgement where there is no workbook: no rows."""
    sheet = Sheet(job.workbook, name="", sha256="", header_row=job.header_row, headers=())
    missing = f"There is no workbook {job.workbook}, which missing_workbook allows."
    return Judgement(sheet, Columns({}, {}), RequirementsBook("", live=False), (), (), missing)


def reported_state(judgement: Judgement, plan: Plan, ledger_state: LedgerState) -> LedgerState:
    """Return the ledger's state as a report has it.

    Of a copy that holds some rows only, it has the records of these rows.
    """
    if not judgement.sheet.has_some_rows_only:
        return ledger_state
    return ledger_state.only({decision.token for decision in plan.decisions})


# Without sending anything: what `check` and `plan` show.


@dataclass(frozen=True, slots=True, repr=False)  # as for Judgement
class DryRun:
    """What a run would find and do, of the rows in its scope."""

    judgement: Judgement
    ledger_state: LedgerState
    plan: Plan
    scope: Scope

    def status(self, found: Iterable[Finding] = ()) -> JobStatus:
        """Return the rows joined with their records; `found` is what turned up beside the check."""
        return join(
            self.plan.decisions,
            reported_state(self.judgement, self.plan, self.ledger_state),
            found=(*self.judgement.sheet_findings, *found),
            columns=self.judgement.columns,
            requirements=self.judgement.book,
        )

    def chosen(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return these findings without those of rows that were not chosen."""
        if not self.scope.is_choosy:
            return list(findings)
        left = {d.judged.row.number for d in self.plan.decisions if not self.scope.chooses(d.judged.row)}
        return [finding for finding in findings if finding.row not in left]

    @property
    def has_errors(self) -> bool:
        """Whether a row that was chosen, if any were, has an error."""
        if not self.scope.is_choosy:
            return self.plan.has_errors
        chosen = (d.judged for d in self.plan.decisions if self.scope.chooses(d.judged.row))
        return any(judged.has_errors for judged in chosen)


async def make_dry_run(
    job: Job,
    *,
    credentials: Credentials | None,
    clock: Clock,
    frame: Frame | None = None,
    book: RequirementsBook | None = None,
    progress: Progress | None = None,
    sheets: Sheets | None = None,
    others: OtherLedgers | None = None,
    ledger_state: LedgerState | None = None,
) -> DryRun:
    """Judge every row and decide what a run would do; send and write nothing.

    Args:
        credentials: without them the bundled requirements serve, and tokens are computed for the ledger's account, or
            for none.
        frame: in place of the job's workbook, which then need not be there.
        book: the requirements, where they were asked for already.
        progress: what is told what is done now.
        sheets: where those of several accounts were read already.
        others: the ledgers that rows are held against, where several accounts are judged; each is read once.
        ledger_state: what the job's ledger holds, where it was read already, or cannot be read.

    Raises:
        NoWorkbookError: there is no workbook, also where the job allows that.
    """
    progress = progress or Progress()
    with progress.doing(READING_WORKBOOK):
        sheets = sheets or await read_sheets([replace(job, missing_workbook="error")], frame)
    sheet = sheets.of(job)
    if sheet is None:
        raise NoWorkbookError(f"There is no workbook {job.workbook}.")
    if ledger_state is None:
        ledger_state = job.ledger_state(is_needed=False)

    async def ask(combinations: Iterable[Combination]) -> RequirementsBook:
        if book is not None:
            return book
        return await requirements_for(
            job, combinations, credentials=credentials, clock=clock, ledger_state=ledger_state
        )

    auth_id = credentials.auth_id if credentials else ledger_state.opened.auth_id if ledger_state.opened else ""
    twice = sheets.twice_of(job)
    judgement = await judge(job, sheet, ask, progress, others=others, twice=twice, auth_id=auth_id)
    if len(sheets.own) == 1:  # a row that was chosen may be any account's
        check_choice([(job, sheet, judgement.rows)])
    check_contract(job, ledger_state, judgement.book)
    plan = make_plan(
        judgement.rows,
        ledger_state=ledger_state,
        auth_id=auth_id,
        quota=job.quota,
        scope=job.scope,
        rulings=job.findings,
        links_per_call=link_style(judgement.book.contract, job.links_per_call).per_call,
    )
    return DryRun(judgement, ledger_state, plan, job.scope)


# Rows with their records, without judging them, for the commands that only look records up.


async def identified_rows(
    job: Job, ledger_state: LedgerState, *, auth_id: str, sheet: Sheet | None = None
) -> list[tuple[Row, Identity]]:
    """Return the rows that have an identity, in their order, each record once.

    Args:
        sheet: the job's, where it has been read already.

    Raises:
        WorkbookError: it cannot be read.
    """
    found: dict[str, tuple[Row, Identity]] = {}
    for row, identity in await claiming_rows(job, ledger_state, auth_id=auth_id, sheet=sheet):
        if identity:
            found.setdefault(identity.token, (row, identity))
    return list(found.values())


async def claiming_rows(
    job: Job,
    ledger_state: LedgerState,
    *,
    auth_id: str,
    sheet: Sheet | None = None,
    book: RequirementsBook | None = None,
) -> list[tuple[Row, Identity | None]]:
    """Return all rows in their order, each with its identity or None.

    Args:
        sheet: the job's, where it has been read already.
        book: the requirements, where they were asked for; else those that the ledger has serve.

    Raises:
        WorkbookError: it cannot be read.
    """
    sheet, book = sheet or await read_job_sheet(job), book or ledger_state.book
    columns = await in_thread(columns_at_hand, job, sheet, ledger_state.contract, book)
    rows: Sequence[Row] = rows_of(sheet, columns, defaults=job.defaults)
    if book is not None:
        rows = [with_dates(row, dates_of(book.offered.get(row.combination), book)) for row in rows]
    identities = Identities(ledger_state, auth_id=auth_id, rows=rows)
    claims = [(one, identities.identify(one)) for one in (JudgedRow(row, None, "") for row in rows)]
    return [(one.row, identity) for one, identity in checked_claims(claims, ledger_state, job.findings)]


def rows_by_token(
    rows: Iterable[tuple[Row, Identity | None]], ledger_state: LedgerState, *, auth_id: str
) -> dict[str, Row]:
    """Return the row of each record by token, to mask what reviewers quote of it.

    A row without identity, since its Key was changed, counts as that of the record whose number it has.
    """
    owners = {r.registration_token: r.token for r in ledger_state.records.values() if r.registration_token}
    found: dict[str, Row] = {}
    for row, identity in rows:
        if identity:
            found[identity.token] = row
        elif token := owners.get(registration_token_of(auth_id, row)):
            found.setdefault(token, row)
    return found
