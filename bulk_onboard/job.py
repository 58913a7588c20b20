"""The job: what a TOML file, or a bare workbook, and the flags say is to be done.

`settings.SETTINGS` has every setting with its default. Relative paths start at the file they stand in; those of flags
at the working directory.
"""

import codecs
import difflib
import hashlib
import re
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bulk_onboard import errors
from bulk_onboard.intake.newest import is_pattern, newest
from bulk_onboard.model.command import Commands, command_line, init
from bulk_onboard.model.finding import Rulings
from bulk_onboard.model.plan import Scope
from bulk_onboard.model.requirements import Combination, Contract
from bulk_onboard.model.sheet import WORKBOOK_ENDINGS, type_by_name
from bulk_onboard.settings import BY_NAME, SETTINGS
from bulk_onboard.units import Quota

_ANNOTATED = re.compile(r"(.+)\.annotated(?:-\d+)?\.xlsx", re.IGNORECASE)
_LEDGER = re.compile(r"(.+)\.ledger\.jsonl", re.IGNORECASE)
_SECRET_NAME = re.compile(r"token|secret|passw|auth_id|credential|api_?key", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"\b(?:MA|SA)[A-Z0-9]{18}\b|[^/\s:]+:[^/\s]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All settings of a job, with flags and defaults applied; see `SETTINGS` for what each means.

    Attributes:
        file: the job file or bare workbook, as the user typed it.
        commands: the commands to print about it, with the flags that were given.
        sha256: digest of the job file, for the ledger; empty for a bare workbook.
        workbook: the file itself; the pattern where no file matches it.
        workbook_pattern: the pattern that the workbook is the newest match of; None where it is named itself.
    """

    file: Path
    commands: Commands
    sha256: str
    workbook: Path
    workbook_pattern: Path | None
    missing_workbook: str
    documents: Path
    documents_pattern: str
    sheet: str | None
    header_row: int
    encoding: str | None
    ledger: Path
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
    settle: float
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
        """Return the job's name, as the ledger has it."""
        return name_of(self.file)

    @property
    def facts(self) -> Path:
        """Return the path of the file with known facts of its documents."""
        return self.ledger.with_name(f"{self.name}.facts")

    @property
    def converted(self) -> Path:
        """Return the path of the folder with converted copies of its documents."""
        return self.ledger.with_name(f"{self.name}.converted")

    @property
    def scope(self) -> Scope:
        """Return what a run of it may take on."""
        return Scope(
            admit_new_rows=self.admit_new_rows,
            limit=self.limit,
            allow_older=self.allow_older,
            retry_refused=self.retry_refused,
        )

    @property
    def defaults(self) -> Combination:
        """Return the combination of country and types for rows that do not say."""
        return Combination(self.country_iso.upper(), self.number_type.lower(), self.user_type.lower())


def name_of(file: Path) -> str:
    """Return the job's name from its file, workbook or ledger; an annotated copy belongs to its workbook's job."""
    named = _ANNOTATED.fullmatch(file.name) or _LEDGER.fullmatch(file.name)
    return named[1] if named else file.stem


def load_job(file: Path, flags: Mapping[str, Any] | None = None) -> Job:
    """Load the job of a job file or a bare workbook, and apply the flags.

    Raises:
        UsageError: no such file, unknown keys (all of them, with the nearest name), wrong values, a secret.
    """
    if file.suffix.lower() == ".toml":
        values = _load_toml(file)
    elif type_by_name(file):
        values = {"workbook": file}
    elif file.is_dir():
        raise errors.UsageError(f"{file} is a folder. {_job_files_in(file) or 'Name a job file, or a workbook.'}")
    elif _LEDGER.fullmatch(file.name):
        raise errors.UsageError(f"{file} is a ledger; this command needs the job file or the workbook.")
    else:
        raise errors.UsageError(
            f"{file} is neither a job file (.toml) nor a workbook ({', '.join(WORKBOOK_ENDINGS)}). Name one of these."
        )
    own = values.get("workbook")
    values |= _read_flags(flags or {})
    if "workbook" not in values:
        raise errors.UsageError(f'{file} names no workbook. Add a line such as workbook = "businesses.xlsx".')
    return _complete(file, values, flags or {}, beside=own)


def job_file_of(job: Job) -> Job | None:
    """Find a job file beside a bare workbook that names it too, with another ledger; None where there is none."""
    if type_by_name(job.file) is None:
        return None
    for file in sorted(job.file.parent.glob("*.toml")):
        try:
            other = load_job(file)
        except errors.UsageError:  # a file of some other tool
            continue
        folders = (other.workbook.parent.resolve(), job.workbook.parent.resolve())
        is_same = name_of(other.workbook) == name_of(job.workbook) and folders[0] == folders[1]
        if is_same and other.ledger.resolve() != job.ledger.resolve():
            return other
    return None


def job_from_flags(flags: Mapping[str, Any]) -> Job:
    """Return a job without a file, for what needs no workbook: the defaults with the flags applied."""
    return _complete(Path("JOB"), {"workbook": Path("JOB")} | _read_flags(flags), flags)


def load_job_or_ledger(file: Path, flags: Mapping[str, Any]) -> Job:
    """Load a job as `load_job` does; JOB may also be the ledger file itself."""
    if file.suffix.lower() == ".toml" or type_by_name(file) or file.is_dir():
        return load_job(file, flags)
    return _complete(file, {"workbook": file, "ledger": file} | _read_flags(flags), flags)


def _read_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    return _read_all(given, Path(), "the command line")


def _as_typed(flags: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the flags that were given, each with its values as typed."""
    given = {name: value for name, value in flags.items() if value not in (None, False, [])}
    return {
        name: () if value is True else tuple(map(str, value if isinstance(value, list | tuple) else [value]))
        for name, value in given.items()
    }


def _complete(file: Path, values: Mapping[str, Any], flags: Mapping[str, Any], *, beside: Path | None = None) -> Job:
    """Return the job of these values, completed with the defaults.

    Args:
        flags: the flags as typed; `values` has them already.
        beside: the workbook that JOB itself names: documents lie beside that one, even while a flag names another.
    """
    pattern = _pattern(file, values["workbook"])
    folder: Path = (beside or values["workbook"]).parent
    documents = folder / "documents"
    defaults = {setting.name: setting.default for setting in SETTINGS} | {
        "sha256": "",
        "documents": documents if documents.is_dir() else folder,
        "ledger": file.with_name(f"{name_of(file)}.ledger.jsonl"),
        "report": file.with_name(f"{name_of(file)}.report.xlsx"),
    }
    settled = defaults | dict(values) | {"workbook_pattern": pattern}
    if pattern:
        settled["workbook"] = newest(pattern) or pattern
    return Job(file=file, commands=Commands(job=str(file), flags=_as_typed(flags)), **settled)


def _pattern(file: Path, workbook: Path) -> Path | None:
    """Return the workbook's path where that is a pattern; JOB itself never is one."""
    try:
        return workbook if workbook != file and is_pattern(workbook) else None
    except ValueError as error:
        raise errors.UsageError(f"The workbook {workbook} cannot be found by its pattern. {error}.") from None


def _load_toml(file: Path, *, extended: bool = False) -> dict[str, Any]:
    try:
        content = file.read_bytes()
        table = tomllib.loads(_text(content))
    except FileNotFoundError:
        raise errors.UsageError(f"There is no job file {file}. {_instead_of(file)}") from None
    except OSError as error:
        raise errors.UsageError(f"The job file {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise errors.UsageError(f"The job file {file} is not UTF-8 text. Save it as UTF-8.") from None
    except ValueError as error:
        raise errors.UsageError(f"The job file {file} is not valid TOML: {error}.") from None
    values = _read_all(table, file.parent, str(file), in_file=True)
    if "extends" not in values:
        return values | {"sha256": hashlib.sha256(content).hexdigest()}
    if extended:
        raise errors.UsageError(f"{file} extends another job file and is extended itself; one level is allowed.")
    base = _load_toml(values["extends"], extended=True)
    digest = hashlib.sha256(content + base["sha256"].encode()).hexdigest()
    return base | values | {"sha256": digest}


def _text(content: bytes) -> str:
    """Decode a job file: UTF-8, with or without a mark, or UTF-16 with its mark, as some Windows tools write it."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8").lstrip("\ufeff")


def _instead_of(file: Path) -> str:
    """Say what to type in place of a missing job file: the name of one that is there, else how to make one."""
    if there := _job_files_in(file.parent):
        return there
    folder = file.parent if not file.parent.exists() else file.with_suffix("")
    return f"To make a folder with one, type: {init(str(folder))}" if not folder.exists() else "Correct the path."


def _job_files_in(folder: Path) -> str:
    """Return a sentence that names the job files there; empty where there is none."""
    there = ", ".join(command_line(str(each)) for each in sorted(folder.glob("*.toml")))
    return f"In that folder there is {there}." if there else ""


def _read_all(table: Mapping[str, Any], folder: Path, where: str, *, in_file: bool = False) -> dict[str, Any]:
    secrets = _secrets(table)
    troubles = list(secrets.values()) + [_unknown(name) for name in table if name not in {*BY_NAME, *secrets}]
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in secrets and (setting := BY_NAME.get(name)):
            if in_file and not setting.in_file:
                flag = f"--{name.replace('_', '-')}"
                troubles.append(f"{name!r} is a flag only, since it must be decided for each run; give {flag} to a run")
                continue
            try:
                values[name] = setting.read_in(folder, value)
            except ValueError as error:
                troubles.append(f"{name}: {error}")
    if troubles:
        raise errors.UsageError(f"In {where}: " + "; ".join(troubles) + ".")
    return values


def _unknown(name: str) -> str:
    nearest = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.5)
    return f"unknown key {name!r}" + (f" (did you mean {nearest[0]!r}?)" if nearest else "")


def _secrets(table: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: f"{name!r} looks like a secret, which does not belong here; "
        "set PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN in the environment"
        for name, value in table.items()
        if _SECRET_NAME.search(name) or (isinstance(value, str) and _SECRET_VALUE.search(value))
    }
