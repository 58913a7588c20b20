"""The jobs of a program: a job file or a workbook with settings over it, or a DataFrame in place of a workbook."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from bulk_onboard import job as jobs
from bulk_onboard.errors import UsageError
from bulk_onboard.frames import Frame
from bulk_onboard.job_file import name_of
from bulk_onboard.model.command import Commands
from bulk_onboard.settings import BY_NAME

AnyPath: TypeAlias = str | os.PathLike[str]
Duration: TypeAlias = float | str | timedelta
"""Seconds, a text such as `90s`, `5h` or `2d`, or a timedelta."""


class JobSettings(TypedDict, total=False):
    """The settings of a job, as keywords; docs/job_file.md says what each means and what its default is.

    One that is None is not given. Relative paths start at the working directory.
    """

    workbook: AnyPath | None
    missing_workbook: Literal["error", "ok"] | None
    documents: AnyPath | None
    documents_pattern: str | None
    sheet: str | None
    header_row: int | None
    encoding: str | None
    ledger: AnyPath | None
    store: str | None
    report: AnyPath | None
    formats: Sequence[str] | str | None
    annotate: bool | None
    against: Sequence[AnyPath] | AnyPath | None
    base_url: str | None
    trust_host: bool | None
    contract: Literal["auto", "beta", "released"] | None
    quota: str | None
    concurrency: int | None
    uploads: int | None
    settle: Duration | None
    account: Sequence[str] | str | None
    key: Sequence[str] | str | None
    rows: Sequence[str] | str | None
    limit: int | None
    retry_refused: str | None
    allow_older: bool | None
    max_refused: int | None
    relink: bool | None
    links_per_call: int | None
    wait: Duration | None
    new_only: bool | None
    stop_after: Duration | None
    ca_bundle: AnyPath | None
    proxy: str | None
    country_iso: str | None
    number_type: str | None
    user_type: str | None
    callback_url: str | None
    admit_new_rows: bool | None
    share: Literal["private", "group"] | None
    audit: Literal["auto", "always", "never"] | None
    timezone: str | None
    columns: Mapping[str, str] | None
    findings: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is to be onboarded, and how; made by `load_job`, and never changed.

    Attributes:
        settings: every setting, with the defaults applied.
        frame: the DataFrame in place of the workbook; None where there is a workbook.
    """

    settings: jobs.Job
    frame: Frame | None = None

    @property
    def name(self) -> str:
        """Its name, from which the files beside it have theirs."""
        return self.settings.name

    @property
    def account(self) -> str:
        """Its name among the accounts of the job file; empty where that has none."""
        return self.settings.account

    @property
    def ledger(self) -> Path:
        """The file that says what was done; keep it until all reviews are in.

        A ledger in a database (`store`) has the file's name, and there is no such file.
        """
        return self.settings.ledger

    @property
    def documents(self) -> Path:
        """The folder at which the paths in the document columns start."""
        return self.settings.documents

    def __repr__(self) -> str:
        rows = "" if self.frame is None else f", {len(self.frame):,} rows of a frame"
        return f"<Job {self.name!r}, ledger {self.settings.store.name!r}{rows}>"


def load_job(file: AnyPath | None = None, /, *, frame: Frame | None = None, **settings: Unpack[JobSettings]) -> Job:
    """Return the job of a job file, of a workbook, or of a DataFrame.

    Nothing but the job file is read yet. A frame stands for a workbook that is not there: it has a row for each
    business, and headers as in a workbook (docs/library.md, A DataFrame in place of a workbook).

    Args:
        file: a job file (.toml), a workbook, or a folder with a `job.toml`.
        frame: the businesses, in place of a file. `ledger` must then be given: the report and other files lie beside
            it, and have its name. `documents` is the folder `documents` beside it where there is one, else its own.
        settings: as in a job file; they go before what stands there.

    Returns:
        The job, for `check`, `plan`, `run`, `report` and `status`.

    Raises:
        UsageError: no such file, unknown or wrong settings, a secret among them, neither a file nor a frame, or both;
            a job file with several accounts, none of which `account` names.
    """
    given = _given(settings)
    if (file is None) == (frame is None):
        raise UsageError("Give load_job() either a file, or frame=… with ledger=….")
    if file is not None:
        return _of_file(jobs.load_job(_path(file), given, are_typed=False))
    if "ledger" not in given:
        raise UsageError('A job of a frame needs to know its ledger: load_job(frame=…, ledger="name.ledger.jsonl").')
    if "workbook" in given:
        raise UsageError("A job of a frame has no workbook; leave workbook out, or leave the frame out.")
    ledger = _path(given["ledger"])
    if not ledger.name:
        raise UsageError('ledger: it must be the path of a file, such as "name.ledger.jsonl".')
    loaded = jobs.load_job(ledger.with_name(f"{name_of(ledger)}.csv"), given, are_typed=False)
    typeable = _typeable(loaded.commands)
    flags = {name: words for name, words in typeable.flags.items() if name != "ledger"}
    calls = Calls(job=str(loaded.ledger), flags=flags, commands=typeable)
    return Job(replace(loaded, commands=calls), frame)


def load_jobs(file: AnyPath, /, **settings: Unpack[JobSettings]) -> tuple[Job, ...]:
    """Return the jobs of a job file with accounts, one for each, in the file's order; of any other the one job.

    `run_all` and `report_all` take them together. Each may also be run by itself: it has its own ledger, report and
    quota.

    Args:
        file: a job file (.toml), a workbook, or a folder with a `job.toml`.
        settings: as for `load_job`, for all of them; `account` names those that are wanted.

    Raises:
        UsageError: as for `load_job`; or one `ledger` or `workbook` for several accounts that have each their own.
    """
    return tuple(map(_of_file, jobs.load_jobs(_path(file), _given(settings), are_typed=False)))


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in settings.items() if value is not None}


def _of_file(loaded: jobs.Job) -> Job:
    """Return the job of a file, which prints calls where no command could say what it was given."""
    typeable = _typeable(loaded.commands)
    calls = Calls(job=typeable.job, flags=typeable.flags, commands=typeable, has_accounts=bool(loaded.other_accounts))
    return Job(replace(loaded, commands=typeable if typeable == loaded.commands else calls))


def _path(file: Any) -> Path:
    if hasattr(file, "columns"):
        raise UsageError("A DataFrame goes into load_job() as frame=…, with ledger=….")
    try:
        return Path(file)
    except TypeError:
        raise UsageError(f"load_job() takes the path of a file, not a {type(file).__name__}.") from None


def plain(value: Any) -> Any:
    """Return a value as a job file could have it."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _typeable(commands: Commands) -> Commands:
    """Return the commands without the settings that a job file alone can have."""
    return replace(commands, flags={name: words for name, words in commands.flags.items() if BY_NAME[name].flag})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls(Commands):
    """What to do next where only the program has the frame, or the settings that no flag has: there it is a call.

    The commands that need the ledger alone name that in place of a job of a frame.

    Attributes:
        has_accounts: whether it is one of several accounts; over all of them the calls are others.
        commands: those about the job's file; of a frame the csv file for which it stands, once it is written there.
    """

    commands: Commands
    has_accounts: bool = False

    def run(self) -> str:
        """Do what is due."""
        return self._call("run", "run_all")

    def again(self) -> str:
        """Continue a run that was stopped."""
        return self.run()

    def check(self) -> str:
        """Judge every row."""
        return "bulk_onboard.check(job)"

    def report(self) -> str:
        """Write the report again."""
        return self._call("report", "report_all")

    def _call(self, of_one: str, of_all: str) -> str:
        is_one = not self.has_accounts or len(self.flags.get("account", ())) == 1
        return f"bulk_onboard.{of_one}(job)" if is_one else f"bulk_onboard.{of_all}(jobs)"

    def merge(self, copy: str = "") -> str:
        """Take fixed cells over: that is for the program."""
        return self.check() if not copy else self.commands.merge(copy)

    def run_after(self, first: str) -> str:  # noqa: ARG002 - no command goes before a call
        """Do what is due, once the rows are right: that is for the program."""
        return self.run()

    def convert(self) -> str:
        """Make accepted copies of scans."""
        return self.commands.convert()

    def resolve(self, name: str, *answer: str) -> str:
        """Settle a held record."""
        return self.commands.resolve(name, *answer)
