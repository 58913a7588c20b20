"""The job: what a TOML file, or a bare workbook, and the flags say is to be done.

`settings.SETTINGS` has every setting with its default. Relative paths start at the file they stand in; those of flags
at the working directory.
"""

import codecs
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
from bulk_onboard.model.identity import normal_user_key
from bulk_onboard.model.plan import Scope
from bulk_onboard.model.requirements import Combination, Contract
from bulk_onboard.model.sheet import WORKBOOK_ENDINGS, type_by_name
from bulk_onboard.settings import BY_NAME, SETTINGS
from bulk_onboard.spelling import nearest, nearest_path
from bulk_onboard.units import Quota

_ANNOTATED = re.compile(r"(.+)\.annotated(?:-\d+)?\.xlsx", re.IGNORECASE)
_LEDGER = re.compile(r"(.+)\.ledger\.jsonl", re.IGNORECASE)
_NAMED_AT_MOST = 5
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
            keys=frozenset(map(normal_user_key, self.key)),
            rows=self.rows,
        )

    @property
    def defaults(self) -> Combination:
        """Return the combination of country and types for rows that do not say."""
        return Combination(self.country_iso.upper(), self.number_type.lower(), self.user_type.lower())


def name_of(file: Path) -> str:
    """Return the job's name from its file, workbook or ledger; an annotated copy belongs to its workbook's job."""
    named = _ANNOTATED.fullmatch(file.name) or _LEDGER.fullmatch(file.name)
    return named[1] if named else file.stem


JOB_FILE = "job.toml"
"""The file that a folder of a job has, and that need not be named there."""


def find_job_file(word: str | None, *, is_needed: bool = True) -> Path | None:
    """Return the job's file: what was typed, of a folder its `job.toml`; without a word that of the working folder.

    Args:
        word: JOB as it was typed; None where it was left out.
        is_needed: whether there must be one; else None is returned where it was left out and there is none.

    Raises:
        UsageError: a folder without a `job.toml`; the sentence names what is there.
    """
    folder = Path(word) if word is not None else Path()
    if word is not None and not folder.is_dir():
        return folder
    if (folder / JOB_FILE).is_file():
        return folder / JOB_FILE
    if word is None and not is_needed:
        return None
    missing = "JOB is missing, and this folder has" if word is None else f"{folder} is a folder with"
    there = (
        _jobs_in(folder, "It")
        or f"Name a job file or a workbook. To make a folder for a job, type: {init('migration')}"
    )
    raise errors.UsageError(f"{missing} no {JOB_FILE}. {there}")


def load_job(file: Path, flags: Mapping[str, Any] | None = None, *, are_typed: bool = True) -> Job:
    """Load the job of a job file or a bare workbook, and apply the flags.

    Args:
        file: the job file, the workbook, or a folder with a `job.toml`.
        flags: settings that go before those of the job file.
        are_typed: whether they are flags of a command, and messages name them so; else keywords of a program.

    Raises:
        UsageError: no such file, unknown keys (all of them, with the nearest name), wrong values, a secret.
    """
    if file.suffix.lower() == ".toml":
        values = _load_toml(file)
    elif type_by_name(file):
        values = {"workbook": file}
    elif file.is_dir() and (found := find_job_file(str(file))):
        return load_job(found, flags, are_typed=are_typed)
    elif _LEDGER.fullmatch(file.name):
        raise errors.UsageError(f"{file} is a ledger; this command needs the job file or the workbook.")
    else:
        raise errors.UsageError(
            f"{file} is neither a job file (.toml) nor a workbook ({', '.join(WORKBOOK_ENDINGS)}). "
            f"{_instead_of(file, *_ENDINGS) or ('Name one of these.' if file.exists() else 'Check the path.')}"
        )
    own = values.get("workbook")
    values |= _read_flags(flags or {}, are_typed=are_typed)
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
    is_no_ledger = not file.exists() and file.suffix.lower() != ".jsonl"  # a misspelt job
    if file.suffix.lower() == ".toml" or type_by_name(file) or file.is_dir() or is_no_ledger:
        return load_job(file, flags)
    return _complete(file, {"workbook": file, "ledger": file} | _read_flags(flags), flags)


def _read_flags(flags: Mapping[str, Any], *, are_typed: bool = True) -> dict[str, Any]:
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    return _read_all(given, Path(), "", are_typed=are_typed)


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
        make = f"To make a folder with one, type: {init(str(_folder_for(file)))}"
        raise errors.UsageError(f"There is no job file {file}. {_instead_of(file, '.toml') or make}") from None
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


def _folder_for(file: Path) -> Path:
    return file.parent if not file.parent.exists() else file.with_suffix("")


_ENDINGS = (".toml", *WORKBOOK_ENDINGS)


def _instead_of(file: Path, *endings: str) -> str:
    """Say what is there in place of a file that is not; empty where nothing is like it, nor beside it."""
    if (near := nearest_path(file, *endings)) is not None:
        return f"Did you mean {command_line(str(near))}?"
    return _jobs_in(file.parent)


def _jobs_in(folder: Path, subject: str = "That folder") -> str:
    """Return a sentence that names the job files there, else the workbooks; empty where there is neither."""
    try:
        files = sorted(each for each in folder.iterdir() if not each.name.startswith((".", "~")))
    except OSError:
        return ""
    jobs = [each for each in files if each.suffix.lower() == ".toml" and _may_be_a_job(each)]
    named = jobs or [each for each in files if type_by_name(each) and name_of(each) == each.stem and not _is_ours(each)]
    shown = [command_line(str(each)) for each in named[:_NAMED_AT_MOST]]
    if len(named) > len(shown):
        shown.append(f"{len(named) - len(shown):,} more")
    listed = " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
    return f"{subject} has {listed}; name the one you mean." if named else ""


def _may_be_a_job(file: Path) -> bool:
    """Return whether it is a job file by its keys, and not a file of some other tool."""
    try:
        return not {"workbook", "extends"}.isdisjoint(tomllib.loads(_text(file.read_bytes())))
    except (OSError, ValueError):
        return False


def _is_ours(file: Path) -> bool:
    return file.stem.endswith(".report")


def _read_all(
    table: Mapping[str, Any], folder: Path, where: str, *, in_file: bool = False, are_typed: bool = False
) -> dict[str, Any]:
    secrets = _secrets(table)
    troubles = list(secrets.values()) + [_unknown(name) for name in table if name not in {*BY_NAME, *secrets}]
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in secrets and (setting := BY_NAME.get(name)):
            if in_file and not setting.in_file:
                troubles.append(
                    f"{name!r} is a flag only, since it must be decided for each run; give {setting.flag_name} to a run"
                )
                continue
            try:
                values[name] = setting.read_in(folder, value)
            except ValueError as error:
                troubles.append(f"{setting.flag_name if are_typed else name}: {error}")
    if troubles:
        raise errors.UsageError((f"In {where}: " if where else "") + "; ".join(troubles) + ".")
    return values


def _unknown(name: str) -> str:
    near = nearest(name, BY_NAME, cutoff=0.5)
    return f"unknown key {name!r}" + (f" (did you mean {near!r}?)" if near else "")


def _secrets(table: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: f"{name!r} looks like a secret, which does not belong here; "
        "set PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN in the environment"
        for name, value in table.items()
        if _SECRET_NAME.search(name) or (isinstance(value, str) and _SECRET_VALUE.search(value))
    }
