"""The job: what a TOML file, or a bare workbook, and the flags say is to be done.

`settings.SETTINGS` has every setting with its default. A job file with `[[accounts]]` is a job for each of them: below
a run everything is one account's.
"""

import functools
import os
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bulk_onboard import errors
from bulk_onboard.intake.newest import is_pattern, newest
from bulk_onboard.job_file import AccountTable, find_job_file, name_of, read_flags, read_job_file
from bulk_onboard.ledger.file_store import FileStore
from bulk_onboard.model.account import LEDGER_ENDING, is_of_account, name_of_ledger, path_of, variables_of
from bulk_onboard.model.command import Commands, command_line
from bulk_onboard.model.documents import readable
from bulk_onboard.model.finding import Rulings
from bulk_onboard.model.identity import normal_user_key
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Scope
from bulk_onboard.model.requirements import Combination, Contract
from bulk_onboard.model.sheet import type_by_name
from bulk_onboard.model.store import Store
from bulk_onboard.settings import SETTINGS
from bulk_onboard.spelling import did_you_mean
from bulk_onboard.units import Quota, format_count

_NAMED_AT_MOST = 20
_OF_THE_FILE = ("accounts", "account")  # settings that say which jobs there are, and are none of a job


@dataclass(frozen=True, kw_only=True)
class Job:
    """All settings of a job, with flags and defaults applied; see `SETTINGS` for what each means.

    Attributes:
        file: the job file or bare workbook, as the user typed it.
        commands: the commands to print about it, with the flags that were given.
        sha256: digest of the job file, for the ledger; empty for a bare workbook.
        account: its name among the job's accounts; empty where the job has none.
        other_accounts: the ledgers of the job's other accounts by their names, picked or not: no row may be in two.
        siblings: the job's other accounts, picked or not, without siblings of their own.
        shares_sheet: whether its rows are those of the sheet whose `Account` cell names it.
        copies_of: the account whose name the annotated copies bear, where those of other accounts would be called like
            them: accounts have other sheets of the file, or a file of that name with another ending; else empty.
        report_over_all: the report over all accounts of the job; without accounts it is never written.
        workbook: the file itself; the pattern where no file matches it.
        workbook_pattern: the pattern that the workbook is the newest match of; None where it is named itself.
        ledger: the path of the ledger; in a database it has the name that this file would have, without its ending.
        database: the address of the database that has the ledgers, as the setting `store` says; None for files.
    """

    file: Path
    commands: Commands
    sha256: str
    account: str
    other_accounts: Mapping[str, Path]
    siblings: tuple["Job", ...] = field(repr=False, compare=False)
    shares_sheet: bool
    copies_of: str
    report_over_all: Path
    workbook: Path
    workbook_pattern: Path | None
    missing_workbook: str
    documents: Path
    documents_pattern: str
    sheet: str | None
    header_row: int
    encoding: str | None
    ledger: Path
    database: str | None
    report: Path
    formats: tuple[str, ...]
    extends: Path | None
    annotate: bool
    against: tuple[Path, ...]
    base_url: str
    trust_host: bool
    contract: Contract | None
    quota: Quota | None
    concurrency: int
    uploads: int
    settle: float
    key: tuple[str, ...]
    rows: tuple[range, ...]
    limit: int | None
    allow_older: bool
    retry_refused: str
    max_refused: int | None
    relink: bool
    links_per_call: int
    wait: float | None
    new_only: bool
    stop_after: float | None
    ca_bundle: Path | None
    proxy: str | None
    country_iso: str
    number_type: str
    user_type: str
    callback_url: str
    admit_new_rows: bool
    audit: str
    share: str
    notify: str
    log_format: str
    timezone: zoneinfo.ZoneInfo | None
    columns: Mapping[str, str]
    findings: Rulings

    @property
    def name(self) -> str:
        """Return the job's name, as the ledger has it, with the account's behind it."""
        return f"{name_of(self.file)}.{self.account}" if self.account else name_of(self.file)

    @property
    def variables(self) -> tuple[str, str]:
        """Return the variables with its credentials, for messages."""
        return variables_of(self.account)

    @functools.cached_property
    def store(self) -> Store:
        """Where its ledger is kept.

        UsageError where that is a database, and what speaks to it is not installed.
        """
        return self.store_of(self.ledger)

    def store_of(self, ledger: Path) -> Store:
        """Return where another ledger is kept, of the same name as this file, in one place with its own."""
        name = readable(self.name)
        if self.database is None:
            return FileStore(ledger, job=name, base_url=self.base_url, share=self.share)
        try:
            from bulk_onboard.ledger.database.store import PostgresStore  # noqa: PLC0415 — most jobs need no psycopg
        except ImportError:
            raise errors.UsageError(
                "Ledgers are kept in a database here (store), and what speaks to it is not installed. To install it, "
                f"type: {command_line('pip', 'install', 'bulk-onboard[cluster]')}"
            ) from None
        return PostgresStore(self.database, ledger, job=name, base_url=self.base_url, file=self.file)

    def ledger_state(self, *, is_needed: bool = True) -> LedgerState:
        """Return what its ledger says.

        Args:
            is_needed: whether there must be one; else the state is empty where there is none.

        Raises:
            UsageError: there is none, it cannot be read, or it is still in a file (`left_in_file`).
            LedgerError: it is damaged, or newer than this tool.
            StoppedError: its database cannot be reached.
        """
        if (ledger_state := self.store.read()) is not None:
            return ledger_state
        if left := self.left_in_file():
            raise left
        if is_needed:
            raise self.store.missing()
        return LedgerState()

    def ledger_blocks(self) -> Iterator[bytes]:
        """Yield its ledger's bytes, some at a time, as they are in a file; errors as for `ledger_state`, but damage."""
        if left := self.left_in_file():
            raise left
        yield from self.store.blocks()

    def left_in_file(self) -> errors.UsageError | None:
        """Return what to tell people where ledgers are in a database, which has none, and the job's is in its file."""
        if self.database is None or not os.path.lexists(self.ledger) or self.store.exists():
            return None
        return errors.UsageError(
            f"There is no ledger {self.store.name}, and there is the file {self.ledger}, which would be forgotten. "
            "Move it away if it is not this job's. To bring it into the database, type: "
            f"{self.commands.import_ledger()}"
        )

    def former_ledgers(self) -> tuple[Path, ...]:
        """Return the ledgers called like the job that none of its accounts has any more, nor any job beside it.

        They are of accounts that were renamed or taken out of the file, and of the job before it had accounts. Errors
        as for `ledger_state`, but for damage.
        """
        whole = self.file.with_name(f"{name_of(self.file)}{LEDGER_ENDING}")
        own = {path.resolve() for path in (self.ledger, *self.other_accounts.values())}
        found = [path for path in self.store.beside(whole) if path == whole or is_of_account(path, whole)]
        found = [path for path in found if path.resolve() not in own]
        jobs = {name_of(path) for path in whole.parent.iterdir() if _has_ending_of_a_job(path)} if found else set()
        return tuple(path for path in found if path == whole or name_of_ledger(path) not in jobs)

    @property
    def facts(self) -> Path:
        """Return the path of the file with known facts of its documents."""
        return self.ledger.with_name(f"{self.name}.facts")

    @property
    def converted(self) -> Path:
        """Return the path of the folder with converted copies of its documents."""
        return self.ledger.with_name(f"{self.name}.converted")

    @property
    def copies(self) -> str:
        """Return what annotated copies of its sheet are called, up to `.annotated`."""
        return ".".join(filter(None, (name_of(self.workbook), self.copies_of)))

    @property
    def scope(self) -> Scope:
        """Return what a run of it may take on."""
        return Scope(
            admit_new_rows=self.admit_new_rows,
            limit=self.limit,
            allow_older=self.allow_older,
            retry_refused=self.retry_refused,
            keys=frozenset(map(normal_user_key, self.key)),
            rows=self.rows,
        )

    @property
    def defaults(self) -> Combination:
        """Return the combination of country and types for rows that do not say."""
        return Combination(self.country_iso.upper(), self.number_type.lower(), self.user_type.lower())


def load_jobs(file: Path, flags: Mapping[str, Any] | None = None, *, are_typed: bool = True) -> tuple[Job, ...]:
    """Load the jobs of a job file or a bare workbook, one for each account, and apply the flags.

    Args:
        file: the job file, the workbook, or a folder with a `job.toml`.
        flags: settings that go before those of the job file; `account` names the accounts that are wanted.
        are_typed: whether they are flags of a command, and messages name them so; else keywords of a program.

    Returns:
        The jobs in the file's order; one where it has no accounts.

    Raises:
        UsageError: no such file, unknown keys (all of them, with the nearest name), wrong values, a secret; unknown
            accounts, or two with one file.
    """
    if file.is_dir() and file.suffix.lower() != ".toml" and not type_by_name(file):
        file = find_job_file(str(file)) or file
    values, given = read_job_file(file), read_flags(flags or {}, are_typed=are_typed)
    accounts: tuple[AccountTable, ...] = values.pop("accounts", ())
    names: tuple[str, ...] = given.pop("account", ())
    typed = {name: words for name, words in _as_typed(flags or {}).items() if name != "account"}
    if not accounts:
        if names:
            flag = "--account" if are_typed else "account"
            raise errors.UsageError(f"{file} has no [[accounts]] to pick from. Leave out {flag}.")
        return (_complete(file, values | given, Commands(job=str(file), flags=typed), beside=values.get("workbook")),)
    picked = _picked(accounts, names, file)
    _refuse_one_for_several([each for each in accounts if each.name in picked], given, file, are_typed=are_typed)
    if "workbook" in given:
        values.setdefault("workbook", given["workbook"])
    found = functools.cache(newest)  # or a file that arrives meanwhile would be one account's and not the next one's
    jobs = [
        _of_account(each, file, values, given if each.name in picked else {}, typed, found=found) for each in accounts
    ]
    _refuse_one_file_for_two(jobs, file)
    ledgers, copies = {job.account: job.ledger for job in jobs}, _copies_by_account(jobs)
    return tuple(
        replace(
            job,
            other_accounts={name: ledger for name, ledger in ledgers.items() if name != job.account},
            copies_of=copies[job.account],
            siblings=tuple(each for each in jobs if each.account != job.account),
        )
        for job in jobs
        if job.account in picked
    )


def load_job(file: Path, flags: Mapping[str, Any] | None = None, *, are_typed: bool = True) -> Job:
    """Load the one job of a job file or a bare workbook, and apply the flags, as `load_jobs` does.

    Raises:
        UsageError: as there; or there are several accounts, and not exactly one of them was picked.
    """
    return the_one(load_jobs(file, flags, are_typed=are_typed), are_typed=are_typed)


def the_one(jobs: Sequence[Job], *, are_typed: bool = True) -> Job:
    """Return the job where there is one.

    Raises:
        UsageError: there are several; the sentence names them, and how one is picked.
    """
    if len(jobs) == 1:
        return jobs[0]
    names = [job.account for job in jobs]
    more = len(names) - _NAMED_AT_MOST
    shown = ", ".join([*names[:_NAMED_AT_MOST], *([f"{more:,} more"] if more > 0 else [])])
    how = f"--account {names[0]}" if are_typed else f'account="{names[0]}"'
    verb = "has" if are_all(jobs) else "was given with"
    raise errors.UsageError(
        f"{jobs[0].file} {verb} {format_count(len(names), 'account')}, and this is about one of them: {shown}. "
        f"Pick one, such as {how}."
    )


def are_all(jobs: Sequence[Job]) -> bool:
    """Return whether these are all accounts of their job, none of which was left out with `--account`."""
    return len(jobs) == 1 + len(jobs[0].other_accounts)


def whole_job(jobs: Sequence[Job]) -> Commands:
    """Return the commands about all these accounts of one job together: as typed, without `--account` for all."""
    if len(jobs) == 1:
        return jobs[0].commands
    flags = {name: words for name, words in jobs[0].commands.flags.items() if name != "account"}
    names = () if are_all(jobs) else tuple(job.account for job in jobs)
    return replace(jobs[0].commands, flags=({"account": names} if names else {}) | flags)


def job_file_of(job: Job) -> Job | None:
    """Find a job file beside a bare workbook that names it too, with another ledger; None where there is none.

    Of several accounts that share the workbook it is the first one with a ledger, and the commands are about them all.
    """
    if type_by_name(job.file) is None:
        return None
    for file in sorted(job.file.parent.glob("*.toml")):
        try:
            jobs = load_jobs(file)
        except errors.UsageError:  # a file of some other tool
            continue
        others = [
            each for each in jobs if _is_same_workbook(each, job) and each.ledger.resolve() != job.ledger.resolve()
        ]
        if others:
            other = next((each for each in others if each.store.exists()), others[0])
            return replace(other, commands=whole_job(others))
    return None


def _is_same_workbook(one: Job, other: Job) -> bool:
    folders = (one.workbook.parent.resolve(), other.workbook.parent.resolve())
    return name_of(one.workbook) == name_of(other.workbook) and folders[0] == folders[1]


def job_from_flags(flags: Mapping[str, Any]) -> Job:
    """Return a job without a file, for what needs no workbook: the defaults with the flags applied."""
    given = read_flags(flags)
    if given.pop("account", ()):
        raise errors.UsageError(
            "--account picks one of the accounts of a job file, and here is none. Name the job file."
        )
    return _complete(Path("JOB"), {"workbook": Path("JOB")} | given, Commands(job="JOB", flags=_as_typed(flags)))


def load_jobs_or_ledger(file: Path, flags: Mapping[str, Any]) -> tuple[Job, ...]:
    """Load jobs as `load_jobs` does; JOB may also be the ledger file itself."""
    is_no_ledger = not file.exists() and file.suffix.lower() != ".jsonl"  # a misspelt job
    if file.suffix.lower() == ".toml" or type_by_name(file) or file.is_dir() or is_no_ledger:
        return load_jobs(file, flags)
    given = read_flags(flags)
    if given.pop("account", ()):
        raise errors.UsageError(f"{file} is the ledger of one account. Leave out --account, or name the job file.")
    values = {"workbook": file, "ledger": file} | given
    return (_complete(file, values, Commands(job=str(file), flags=_as_typed(flags))),)


def load_job_or_ledger(file: Path, flags: Mapping[str, Any]) -> Job:
    """Load a job as `load_job` does; JOB may also be the ledger file itself."""
    return the_one(load_jobs_or_ledger(file, flags))


def _as_typed(flags: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the flags that were given, each with its values as typed."""
    given = {name: value for name, value in flags.items() if value not in (None, False, [])}
    return {
        name: () if value is True else tuple(map(str, value if isinstance(value, list | tuple) else [value]))
        for name, value in given.items()
    }


def _complete(
    file: Path,
    values: Mapping[str, Any],
    commands: Commands,
    *,
    beside: Path | None = None,
    account: str = "",
    shares_sheet: bool = False,
    found: Callable[[Path], Path | None] = newest,
) -> Job:
    """Return the job of these values, completed with the defaults.

    Args:
        values: those of the file, with the flags applied.
        beside: the workbook that JOB itself names: documents lie beside that one, even while a flag names another.
        found: finds the newest file of a pattern.
    """
    if "workbook" not in values:
        neither = f", neither for all accounts nor for {account}" if account else ""
        raise errors.UsageError(f'{file} names no workbook{neither}. Add a line such as workbook = "businesses.xlsx".')
    pattern = _pattern(file, values["workbook"])
    folder: Path = (beside or values["workbook"]).parent
    documents = folder / "documents"
    own: dict[str, Any] = {
        "account": account,
        "other_accounts": {},
        "siblings": (),
        "shares_sheet": shares_sheet,
        "copies_of": "",
        "report_over_all": file.with_name(f"{name_of(file)}.report.xlsx"),
        "workbook_pattern": pattern,
    }
    defaults = {setting.name: setting.default for setting in SETTINGS if setting.name not in _OF_THE_FILE} | {
        "sha256": "",
        "documents": documents if documents.is_dir() else folder,
        "ledger": path_of(file.with_name(f"{name_of(file)}{LEDGER_ENDING}"), account),
        "report": path_of(file.with_name(f"{name_of(file)}.report.xlsx"), account),
    }
    settled = own | defaults | dict(values)
    settled["database"] = settled.pop("store")
    if pattern:
        settled["workbook"] = found(pattern) or pattern
    return Job(file=file, commands=commands, **settled)


def _pattern(file: Path, workbook: Path) -> Path | None:
    """Return the workbook's path where that is a pattern; JOB itself never is one."""
    try:
        return workbook if workbook != file and is_pattern(workbook) else None
    except ValueError as error:
        raise errors.UsageError(f"The workbook {workbook} cannot be found by its pattern. {error}.") from None


# The accounts of a job.


def _picked(accounts: Sequence[AccountTable], names: Iterable[str], file: Path) -> set[str]:
    """Return the names of the accounts that were named, whatever the case; all where none was."""
    known = {each.name.casefold(): each for each in accounts}
    wanted = {name.strip().casefold(): name for name in names}
    if unknown := [name for fold, name in wanted.items() if fold not in known]:
        told = (f"There is no account {name!r} in {file}.{_meant(name, accounts)}" for name in unknown)
        raise errors.UsageError(" ".join(told))
    return {each.name for fold, each in known.items() if not wanted or fold in wanted}


def _meant(name: str, accounts: Sequence[AccountTable]) -> str:
    names = [each.name for each in accounts]
    return did_you_mean(name, names) or (f" There is {', '.join(names)}." if len(names) <= _NAMED_AT_MOST else "")


def _of_account(
    own: AccountTable,
    file: Path,
    shared: Mapping[str, Any],
    given: Mapping[str, Any],
    typed: Mapping[str, tuple[str, ...]],
    *,
    found: Callable[[Path], Path | None],
) -> Job:
    """Return the job of one account: the keys of the whole job, its own before them, and the flags before all."""
    values = {**shared, **own.values, **given}
    for name in ("ledger", "report"):
        is_whole_jobs = name in shared and name not in own.values
        if (name in given and name == "report") or (name not in given and is_whole_jobs):
            values[name] = path_of(values[name], own.name)
    if report := given.get("report", shared.get("report")):
        values["report_over_all"] = report
    return _complete(
        file,
        values,
        Commands(job=str(file), flags={"account": (own.name,), **typed}),
        beside=own.values.get("workbook", shared.get("workbook")),
        account=own.name,
        shares_sheet="workbook" not in own.values,
        found=found,
    )


def _copies_by_account(jobs: Iterable[Job]) -> dict[str, str]:
    """Return `Job.copies_of` for each account: the first one that has its sheet."""
    by_name: dict[tuple[Path, str], dict[tuple[Path | None, str | None], list[str]]] = {}
    for job in jobs:
        sheets = by_name.setdefault((job.workbook.parent.resolve(), name_of(job.workbook)), {})
        own = None if job.shares_sheet else job.workbook.resolve()  # one that is shared may be a copy of it for once
        sheets.setdefault((own, job.sheet), []).append(job.account)
    return {
        account: sharers[0] if len(sheets) > 1 else ""
        for sheets in by_name.values()
        for sharers in sheets.values()
        for account in sharers
    }


def _refuse_one_for_several(
    picked: Sequence[AccountTable], given: Mapping[str, Any], file: Path, *, are_typed: bool
) -> None:
    """Raise UsageError where a flag names one file for what each of several accounts has its own of."""
    have_own = [each.name for each in picked if "workbook" in each.values]
    refused = [name for name in ("ledger", "workbook") if name in given and (name == "ledger" or have_own)]
    if len(picked) > 1 and refused:
        flag, pick = (f"--{refused[0]}", "--account") if are_typed else (refused[0], "account=…")
        whose = f"account {have_own[0]} has a workbook" if refused[0] == "workbook" else "each has a ledger"
        raise errors.UsageError(
            f"{flag} names one file, and this is about {format_count(len(picked), 'account')} of {file}: {whose} of "
            f"its own. Pick one with {pick}."
        )


def _refuse_one_file_for_two(jobs: Sequence[Job], file: Path) -> None:
    """Raise UsageError where two accounts have one ledger, one report, or one workbook that is to be each one's own."""
    if troubles := list(_files_of_two(jobs)):
        raise errors.UsageError(f"In {file}: {'; '.join(troubles)}.")


def _files_of_two(jobs: Sequence[Job]) -> Iterator[str]:
    for what, key_of in _OWN_FILES.items():
        by_key: dict[Any, list[Job]] = {}
        for job in jobs:
            if (key := key_of(job)) is not None:
                by_key.setdefault(key, []).append(job)
        for same in by_key.values():
            if len(same) > 1:
                first, second, *_ = (job.account for job in same)
                yield f"accounts {first} and {second} have one {what}; give each its own{_OR_SHARE.get(what, '')}"


def _has_ending_of_a_job(path: Path) -> bool:
    return path.suffix.lower() == ".toml" or type_by_name(path) is not None


_OWN_FILES: Mapping[str, Callable[[Job], Any]] = {
    "ledger": lambda job: job.ledger.resolve() if job.database is None else job.ledger.name,
    "report": lambda job: job.report.resolve(),
    "workbook": lambda job: None if job.shares_sheet else (job.workbook.resolve(), job.sheet),
}
_OR_SHARE = {"workbook": ", or name it once above the first [[accounts]] and give it a column Account"}
