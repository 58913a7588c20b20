"""Look at everything that a job needs, all of it at once, and change nothing.

Here the facts are gathered; `diagnosis` and `api_diagnosis` judge them. Each look goes on after trouble, which becomes
a part of its line. The API is asked twice at most, for one record of the list and for the requirements of one
combination, since that counts against the quota. Each of the two is sent once, without the wrappers of a run: what is
wrong is to be seen, not waited for.
"""

import asyncio
import importlib.metadata
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bulk_onboard.api.address import check_address, is_loopback
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.api.client import Client
from bulk_onboard.api.credentials import (
    Credentials,
    credentials_from,
    doubt_about,
    is_kept,
    is_sub_account,
    look_up,
    places_of,
)
from bulk_onboard.api.exchange import Answer
from bulk_onboard.api.quota import http_date
from bulk_onboard.api.verdict import verdict
from bulk_onboard.api.wire import Wire
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, NoWorkbookError, SignalledError, UsageError, WorkbookError
from bulk_onboard.intake.documents.copies import read_index
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.intake.documents.pattern import fill_in_documents
from bulk_onboard.job import Job, job_file_of
from bulk_onboard.ledger.disk import Disk
from bulk_onboard.ledger.hints import FileHints, hints_folder
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.lock import MODES, check_place, look_at_lock, open_to_others
from bulk_onboard.ledger.opening import aside, normalised, open_file
from bulk_onboard.ledger.verify import verify
from bulk_onboard.maintenance import api_diagnosis, diagnosis
from bulk_onboard.maintenance.api_diagnosis import ApiFacts, Asked, ContractFacts, CredentialFacts
from bulk_onboard.maintenance.database_diagnosis import DatabaseFacts, of_database
from bulk_onboard.maintenance.diagnosis import (
    DiskFacts,
    FileFacts,
    FolderFacts,
    JobFacts,
    LedgerFacts,
    Line,
    Package,
    Trouble,
    WorkbookFacts,
    as_trouble,
    is_open_in,
)
from bulk_onboard.maintenance.retention import BROKEN, pieces
from bulk_onboard.model.account import name_of_ledger
from bulk_onboard.model.call import Call, FetchRequirements, ListPage
from bulk_onboard.model.finding import ruled
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.outcome import Done, Refused, Throttled
from bulk_onboard.model.requirements import Combination, RequirementsAnswer, RequirementsBook
from bulk_onboard.model.sheet import Sheet, WorkbookType, type_by_name
from bulk_onboard.notification.message import VARIABLE, scheme_of
from bulk_onboard.pipeline.judge import findings_about, refuse_the_sheet
from bulk_onboard.pipeline.others import read_others
from bulk_onboard.pipeline.places import check_places
from bulk_onboard.pipeline.preflight import check_free_space
from bulk_onboard.pipeline.requirements import combinations_of
from bulk_onboard.pipeline.sheets import Sheets, columns_of, combinations_of_sheet, read_job_sheet
from bulk_onboard.reporting.annotated.base import copies, places
from bulk_onboard.reporting.target import TakenError, opened_in, refuse_to_replace, report_files

_ITSELF = "bulk-onboard"
_NEEDS = re.compile(r"([\w.-]+(?:\[[\w,-]+\])?)(?:>=([\w.]+))?(?:\s*;\s*extra == ['\"]([\w-]+)['\"])?")
_SAVE_AND_CLOSE = "Save and close it there."


async def examine(
    job: Job, *, environ: Mapping[str, str], clock: Clock, offline: bool = False, sheets: Sheets | None = None
) -> tuple[Line, ...]:
    """Look at everything that a run of the job needs; write nothing.

    Args:
        environ: the environment, for credentials and for the addresses that are notified.
        offline: ask the API nothing.
        sheets: where those of several accounts were read already.

    Returns:
        A line about each thing, in the order in which a run comes to need it.

    Raises:
        SignalledError: Ctrl-C, SIGTERM or SIGHUP while the workbook was read.
    """
    credentials, kept = _credentials(environ, job.account)
    sheet = sheets.of(job) if sheets else None
    sheet, unread = (sheet, None) if sheet else await _sheet(job)
    api = await _api(job, credentials, sheet, clock, why_not="--offline" if offline else "")
    database = await asyncio.to_thread(_database, job, clock) if job.database else None
    has_ledger = database is None or database.is_fit
    ledger = await asyncio.to_thread(_ledger, job, credentials, api) if has_ledger else LedgerFacts(is_unknown=True)
    book = _book(api, job, ledger)
    needs_apprise, notifying = _notifying(job, environ)
    python, packages = _packages({*["notify"] * needs_apprise, *["cluster"] * (database is not None)})
    return (
        diagnosis.of_python(python, packages),
        diagnosis.of_job(await asyncio.to_thread(_job, job, notifying, can_read=has_ledger)),
        api_diagnosis.of_address(api),
        api_diagnosis.of_clock(api),
        api_diagnosis.of_credentials(kept, api),
        api_diagnosis.of_contract(ContractFacts(job.contract, ledger.contract), api),
        api_diagnosis.of_quota(job.quota, api),
        diagnosis.of_documents(_documents(job, book)),
        diagnosis.of_disk(_disk(job, sheet.height if sheet else 0)),
        *(of_database(database) if database else ()),
        diagnosis.of_ledger(ledger),
        diagnosis.of_output("report", _report(job)),
        diagnosis.of_output("annotated copy", _annotated(job)),
        diagnosis.of_workbook(_workbook(job, sheet, unread, book)),
    )


def _trouble_in(look: Callable[[], object]) -> Iterator[Trouble]:
    """Yield what a look raised; nothing where it raised nothing."""
    try:
        look()
    except SignalledError:
        raise
    except BulkOnboardError as error:
        yield as_trouble(error)
    except OSError as error:
        yield Trouble(
            f"{error.filename} cannot be looked at: {error.strerror}.", "Give yourself permission to read it."
        )


# This machine, and the job.


def _packages(extras: set[str]) -> tuple[Package, list[Package]]:
    """Return Python and the packages that bulk-onboard says it needs, with these extras."""
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        itself = importlib.metadata.metadata(_ITSELF)
        needed = importlib.metadata.requires(_ITSELF) or []
    except importlib.metadata.PackageNotFoundError:
        return Package("python", "", version), []
    wanted = [found.groups() for line in needed if (found := _NEEDS.fullmatch(line))]
    packages = [
        Package(name, least or "", _version(name.partition("[")[0]))
        for name, least, extra in wanted
        if not extra or extra in extras
    ]
    return Package("python", (itself["Requires-Python"] or "").removeprefix(">="), version), packages


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _notifying(job: Job, environ: Mapping[str, str]) -> tuple[bool, list[Trouble]]:
    """Return whether an address that is notified needs apprise, and what is wrong with the addresses."""
    if job.notify == "never" or not is_kept(VARIABLE, environ):
        return False, []
    warnings: list[str] = []
    try:
        schemes = [
            scheme_of(address) for address in look_up(VARIABLE, environ, warn=warnings.append, several=True).split()
        ]
    except UsageError as error:
        return False, [as_trouble(error)]
    troubles = [as_trouble(warning) for warning in warnings]
    if "" in schemes:
        troubles.append(
            Trouble(f"An address in {VARIABLE} does not begin with https://, nor with a service such as slack://.")
        )
    return bool(set(schemes) - {"", "http", "https"}), troubles


def _job(job: Job, notifying: list[Trouble], *, can_read: bool) -> JobFacts:
    others = [*_trouble_in(lambda: check_places(job)), *_trouble_in(lambda: read_others(job))] if can_read else []
    others += notifying
    if can_read and (other := job_file_of(job)) is not None:
        others.append(
            Trouble(
                f"{other.file} names this workbook, too, and has another ledger.", f"Name {other.file} in place of it."
            )
        )
    host = ""
    with suppress(ValueError):
        host = urlsplit(job.base_url).hostname or ""
    is_text = type_by_name(job.workbook) is WorkbookType.TEXT
    return JobFacts(job, not can_read or job.store.exists(), is_loopback(host), is_text, others)


# The API.


def _credentials(environ: Mapping[str, str], account: str) -> tuple[Credentials | None, CredentialFacts]:
    kept_in, warnings = places_of(environ, account), list[str]()
    try:
        credentials = credentials_from(environ, warn=warnings.append, account=account)
    except UsageError as error:
        return None, CredentialFacts(kept_in, None, [as_trouble(error)])
    doubt, is_sub = doubt_about(credentials.auth_id, account), is_sub_account(credentials.auth_id)
    if is_sub:  # it may be meant
        warnings.remove(doubt)
    return credentials, CredentialFacts(
        kept_in, None if doubt and not is_sub else is_sub, list(map(as_trouble, warnings))
    )


async def _api(
    job: Job, credentials: Credentials | None, sheet: Sheet | None, clock: Clock, *, why_not: str
) -> ApiFacts:
    """Ask the API for one record of the list and, where that was judged, for the requirements of one combination."""
    facts = ApiFacts("", job.proxy is not None, _combination(job, sheet), why_not=why_not, account=job.account)
    try:
        facts = replace(facts, base_url=check_address(job.base_url, trust_host=job.trust_host))
        if credentials is None or why_not:
            return replace(facts, why_not=why_not or "there are no credentials")
        client = Client(facts.base_url, credentials, concurrency=1, proxy=job.proxy, ca_bundle=job.ca_bundle)
    except UsageError as error:
        return replace(facts, why_not="the address cannot be used", address_trouble=as_trouble(error))
    wire = Wire()
    async with client:
        listed = await _asked(client, wire, ListPage(query={"limit": "1"}), clock)
        facts = replace(facts, listed=listed)
        if not isinstance(listed.outcome, Done | Refused | Throttled):
            return replace(facts, why_not="the read before this one failed")
        return replace(
            facts, required=await _asked(client, wire, FetchRequirements(combination=facts.combination), clock)
        )


async def _asked(client: Client, wire: Wire, call: Call[Any], clock: Clock) -> Asked:
    began = clock.now().timestamp()
    seen = await client.exchange(wire.encode(call))
    ended = clock.now().timestamp()
    date = http_date(seen.headers.get("date", "")) if isinstance(seen, Answer) else None
    return Asked(verdict(call, seen, wire, owner=lambda compliance_id: None), began, ended, date)


def _combination(job: Job, sheet: Sheet | None) -> Combination:
    """Return what to ask requirements for: the first combination that the rows name, else the job's own."""
    named: list[Combination] = []
    with suppress(WorkbookError):
        named = sorted(filter(all, combinations_of_sheet(job, sheet) if sheet else ()))
    return (named or combinations_of(job))[0]


def _book(api: ApiFacts, job: Job, ledger: LedgerFacts) -> RequirementsBook:
    """Return the requirements that the API has told, else the bundled example."""
    told = api.required.outcome if api.required else None
    if isinstance(told, Done):
        answer: RequirementsAnswer = told.value
        if answer.contract is not None and not answer.amiss:
            source = f"the live requirements for {api.combination}"
            return RequirementsBook.of(source, live=True, offered=answer.offered, contract=answer.contract)
    return bundled_requirements(job.contract or ledger.contract)


# The job's files.


def _documents(job: Job, book: RequirementsBook) -> FolderFacts:
    folder = DocumentFolder(job.documents)
    troubles = list(_trouble_in(folder.check))
    if job.documents_pattern:
        troubles += _trouble_in(lambda: fill_in_documents((), book, folder, job.documents_pattern))
    return FolderFacts(job.documents, job.documents_pattern, troubles, copies=len(read_index(job.converted).copies))


def _disk(job: Job, rows: int) -> DiskFacts:
    disk, folders = Disk(), list(dict.fromkeys(path.absolute().parent for path in (job.ledger, job.report)))
    free, troubles = {}, list(_trouble_in(lambda: check_free_space(job, rows)))
    for folder in folders:
        try:
            free[folder] = disk.free(folder)
        except OSError as error:
            troubles.append(
                Trouble(f"{folder} cannot be used: {error.strerror}.", "Make the folder, or correct the path.")
            )
            continue
        if not os.access(folder, os.W_OK | os.X_OK):
            troubles.append(Trouble(f"{folder} may not be written to.", "Give yourself permission to write there."))
    remarks: list[str] = []
    if job.database is None:
        troubles += _trouble_in(lambda: remarks.extend(check_place(disk, job.ledger.absolute())))
    return DiskFacts(free, remarks, troubles)


def _ledger(job: Job, credentials: Credentials | None, api: ApiFacts) -> LedgerFacts:
    if job.database is not None:
        return _ledger_in_database(job, credentials, api)
    facts = LedgerFacts(str(job.ledger), left_over=_left_over(job))
    if not job.store.exists():
        return facts
    try:
        with os.fdopen(open_file(Disk(), job.ledger), "rb") as file:
            troubles = list(map(as_trouble, open_to_others(job.ledger, file.fileno(), MODES[job.share])))
        lock = look_at_lock(job.ledger)  # before the ledger, which may become longer meanwhile
        facts = replace(
            facts, holder=lock.holder, verified=verify(job.store.blocks(), job.store.name), troubles=troubles
        )
        state = read_ledger_state(job.ledger).ledger_state
    except BulkOnboardError as error:
        return facts if facts.verified else replace(facts, troubles=[as_trouble(error)])  # else it has been judged
    except OSError as error:
        why = f"{error.filename or job.ledger} cannot be opened: {error.strerror}."
        return replace(facts, troubles=[Trouble(why, "Give yourself permission to read and write it.")])
    return replace(_whose(facts, state, credentials, api), lost_lines=max(0, lock.highest_seq - state.seq))


def _ledger_in_database(job: Job, credentials: Credentials | None, api: ApiFacts) -> LedgerFacts:
    facts = LedgerFacts(job.ledger.name)
    try:
        facts = replace(facts, name=job.store.name)
        if not job.store.exists():
            left = job.left_in_file()
            return replace(facts, troubles=[as_trouble(left)] if left else ())
        facts = replace(
            facts,
            holder=job.store.holder(),
            left_over=_left_over(job) | {"waiting hint": len(job.store.hints.waiting())},
            verified=verify(job.store.blocks(), job.store.name, job.store.remedy),
        )
        state = job.ledger_state()
        facts = replace(facts, **_only_in_a_database(job, state))
    except BulkOnboardError as error:
        return facts if facts.verified else replace(facts, troubles=[as_trouble(error)])
    return _whose(facts, state, credentials, api)


def _only_in_a_database(job: Job, state: LedgerState) -> dict[str, Any]:
    """Return what is known of a ledger in a database alone."""
    from bulk_onboard.ledger.database import statements  # noqa: PLC0415 - most jobs need no psycopg
    from bulk_onboard.ledger.database.link import linked  # noqa: PLC0415
    from bulk_onboard.ledger.database.store import open_evidence  # noqa: PLC0415

    account = name_of_ledger(job.ledger)
    with linked(job.database or "") as link:
        late = link.ask(lambda connection: tuple(statements.late(connection, account)))
        return {
            "late": len(open_evidence(late, state)),
            "is_elsewhere": link.ask(lambda connection: statements.is_elsewhere(connection, account)),
        }


def _database(job: Job, clock: Clock) -> DatabaseFacts:
    """Ask the database with the ledgers what matters to them."""
    facts, address = DatabaseFacts(accounts=len(job.siblings) + 1), job.database or ""
    try:
        facts = replace(facts, name=job.store.name.rpartition(" in ")[2])
        from bulk_onboard.ledger.database import checks  # noqa: PLC0415 - most jobs need no psycopg
        from bulk_onboard.ledger.database.link import linked  # noqa: PLC0415

        with linked(address) as link:
            now = clock.now()
            server = link.ask(checks.facts)
    except BulkOnboardError as error:
        return replace(facts, trouble=as_trouble(error))
    return replace(facts, server=server, looks=tuple(checks.looks(server, address, now)))


def _whose(facts: LedgerFacts, state: LedgerState, credentials: Credentials | None, api: ApiFacts) -> LedgerFacts:
    opened = state.opened
    return replace(
        facts,
        contract=state.contract,
        is_same_account=opened.auth_id == credentials.auth_id if opened and credentials else None,
        is_same_address=normalised(opened.base_url) == normalised(api.base_url) if opened and api.base_url else None,
    )


def _left_over(job: Job) -> dict[str, int]:
    """Return what lies beside the ledger and the report that a run or a repair has left there, and how many."""
    looks: Mapping[str, Callable[[], int]] = {
        "damaged end put aside": lambda: sum(piece.kind is BROKEN for piece in pieces(job)),
        "unfinished ledger": lambda: os.path.lexists(aside(job.ledger)),
        "unfinished report": lambda: sum(
            each.name.startswith(tuple(f".{path.name}." for path in report_files(job.report).values()))
            for each in job.report.parent.iterdir()
        ),
        "waiting hint": lambda: len(FileHints(hints_folder(job.ledger)).waiting()),
    }
    found: dict[str, int] = {}
    for what, look in looks.items():
        with suppress(OSError):  # of a folder that is not there, or may not be looked into
            found[what] = look()
    return found


def _report(job: Job) -> FileFacts:
    return FileFacts(job.report, list(_kept_from_replacing(job.report)))


def _annotated(job: Job) -> FileFacts:
    troubles = [
        is_open_in(copy, program, to_do=_SAVE_AND_CLOSE)
        for copy in copies(job.workbook, job.copies)
        if (program := opened_in(copy))
    ]
    place = next(places(job.workbook, job.copies), None)
    if place is None:
        troubles.append(Trouble(f"There are too many copies beside {job.workbook}.", "Remove the old ones."))
    elif place.parent.is_dir() and not os.access(place.parent, os.W_OK | os.X_OK):
        troubles.append(Trouble(f"{place.parent} may not be written to.", "Give yourself permission to write there."))
    return FileFacts(place or job.workbook, troubles)


def _kept_from_replacing(path: Path) -> Iterator[Trouble]:
    """Yield why a file could not be put in this place."""
    if program := opened_in(path):
        yield is_open_in(path, program, to_do="Close it there, or the report gets another name.")
        return
    try:
        refuse_to_replace(path)
    except TakenError as error:
        yield Trouble(f"{path} cannot be replaced: {error}.", "Move it away, or name another place (--report).")
    except OSError as error:
        yield Trouble(f"{path} cannot be replaced: {error.strerror}.", "Give yourself permission to write it.")


async def _sheet(job: Job) -> tuple[Sheet | None, BulkOnboardError | None]:
    """Return the job's sheet, or why it cannot be read."""
    try:
        return await read_job_sheet(job), None
    except SignalledError:
        raise
    except BulkOnboardError as error:
        return None, error


def _check(job: Job) -> str:
    """Return the command that checks the rows, without an address that may hold a password."""
    flags = {} if "@" in job.base_url else job.commands.flags
    return replace(job.commands, flags=flags).check()


def _workbook(job: Job, sheet: Sheet | None, unread: BulkOnboardError | None, book: RequirementsBook) -> WorkbookFacts:
    """Return the facts of the workbook; why it does not fit is left out, since it may quote cells."""
    facts = WorkbookFacts(job.workbook, sheet.height if sheet else None)
    see = f"To see why, type: {_check(job)}"
    troubles: list[Trouble] = []
    if isinstance(unread, NoWorkbookError):
        if job.missing_workbook == "ok":
            return facts._replace(is_missing_allowed=True)
        troubles.append(as_trouble(unread))
    elif isinstance(unread, WorkbookError):
        troubles.append(Trouble(f"{job.workbook} cannot be used as it is.", see))
    elif unread is not None:
        troubles.append(as_trouble(unread))
    if sheet is not None:
        try:
            _, unknown = columns_of(job, sheet, book)
            refuse_the_sheet(sheet, ruled((*unknown, *findings_about(sheet)), job.findings))
            facts = facts._replace(held_against=book.source)
        except WorkbookError:
            troubles.append(Trouble(f"Its headers do not fit {book.source}.", see))
    if program := opened_in(job.workbook):
        troubles.append(is_open_in(job.workbook, program, to_do=f"{_SAVE_AND_CLOSE} What is not saved is not read."))
    return facts._replace(troubles=troubles)
