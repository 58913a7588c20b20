"""The job file: which file it is, and what its keys, its accounts and the flags say.

Values are read as `settings.SETTINGS` says. Defaults are left to `job`. Relative paths start at the file they stand in;
those of flags at the working directory.
"""

import codecs
import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bulk_onboard import errors
from bulk_onboard.model.account import objection_to_name, objections_to_names, variables_of
from bulk_onboard.model.command import command_line, init
from bulk_onboard.model.sheet import WORKBOOK_ENDINGS, type_by_name
from bulk_onboard.settings import BY_NAME, Setting
from bulk_onboard.spelling import nearest, nearest_path
from bulk_onboard.units import format_list

_ANNOTATED = re.compile(r"(.+)\.annotated(?:-\d+)?\.xlsx", re.IGNORECASE)
_LEDGER = re.compile(r"(.+)\.ledger\.jsonl", re.IGNORECASE)
_NAMED_AT_MOST = 5
_SECRET_NAME = re.compile(r"token|secret|passw|auth_id|credential|api_?key", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"\b(?:MA|SA)[A-Z0-9]{18}\b|[^/\s:]+:[^/\s]+@")
_ENDINGS = (".toml", *WORKBOOK_ENDINGS)
_UNNAMED = "…"  # in messages, in place of a name that cannot be one
_NO_NAME = (
    "its name looks like an auth_id or a secret, and a name stands in files and logs; call it otherwise, such as after "
    "the customer"
)

JOB_FILE = "job.toml"
"""The file that a folder of a job has, and that need not be named there."""


class AccountTable(NamedTuple):
    """One of the job's `[[accounts]]`: its name, and its own values by key."""

    name: str
    values: Mapping[str, Any]


def name_of(file: Path) -> str:
    """Return the job's name from its file, workbook or ledger; an annotated copy belongs to its workbook's job."""
    named = _ANNOTATED.fullmatch(file.name) or _LEDGER.fullmatch(file.name)
    return named[1] if named else file.stem


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


def read_job_file(file: Path) -> dict[str, Any]:
    """Return what a job file, or the bare workbook in place of one, says; defaults are left out.

    Returns:
        The values by key, `accounts` as a tuple of `AccountTable`; and `sha256` of a job file.

    Raises:
        UsageError: no such file, unknown keys (all of them, with the nearest name), wrong values, a secret.
    """
    if file.suffix.lower() == ".toml":
        return _read_toml(file)
    if type_by_name(file):
        return {"workbook": file}
    if _LEDGER.fullmatch(file.name):
        raise errors.UsageError(f"{file} is a ledger; this command needs the job file or the workbook.")
    raise errors.UsageError(
        f"{file} is neither a job file (.toml) nor a workbook ({', '.join(WORKBOOK_ENDINGS)}). "
        f"{_instead_of(file, *_ENDINGS) or ('Name one of these.' if file.exists() else 'Check the path.')}"
    )


def read_flags(flags: Mapping[str, Any], *, are_typed: bool = True) -> dict[str, Any]:
    """Return the values of the flags that were given.

    Args:
        flags: each setting's flag as it was given; None, or an empty list, where it was not.
        are_typed: whether they are flags of a command, and messages name them so; else keywords of a program.

    Raises:
        UsageError: a wrong value, or a secret.
    """
    given = {name: value for name, value in flags.items() if value not in (None, [])}
    values, troubles = _read(given, Path(), are_typed=are_typed)
    _refuse(troubles)
    return values


def _read_toml(file: Path, *, extended: bool = False) -> dict[str, Any]:
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
    values, troubles = _read(table, file.parent, in_file=True)
    if "accounts" in values:
        values["accounts"], theirs = _read_accounts(values["accounts"], file.parent)
        troubles += theirs
    _refuse(troubles, f"In {file}: ")
    if "extends" not in values:
        return values | {"sha256": hashlib.sha256(content).hexdigest()}
    if extended:
        raise errors.UsageError(f"{file} extends another job file and is extended itself; one level is allowed.")
    base = _read_toml(values["extends"], extended=True)
    digest = hashlib.sha256(content + base["sha256"].encode()).hexdigest()
    return base | values | {"sha256": digest}


def _text(content: bytes) -> str:
    """Decode a job file: UTF-8, with or without a mark, or UTF-16 with its mark, as some Windows tools write it."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8").lstrip("\ufeff")


def _folder_for(file: Path) -> Path:
    return file.parent if not file.parent.exists() else file.with_suffix("")


def _refuse(troubles: Sequence[str], where: str = "") -> None:
    if troubles:
        raise errors.UsageError(f"{where}{'; '.join(troubles)}.")


def _read(
    table: Mapping[str, Any], folder: Path, *, in_file: bool = False, are_typed: bool = False, account: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """Return the values of a table and what is wrong with it.

    Args:
        folder: where relative paths start.
        in_file: whether it stands in a job file.
        are_typed: whether its keys are flags of a command.
        account: the name of the account whose table it is; empty for the whole job's.
    """
    secrets = _secrets(table, account)
    values, troubles = dict[str, Any](), list(secrets.values())
    for name, value in table.items():
        if name in secrets:
            continue
        setting = BY_NAME.get(name)
        if setting is None or (why := _out_of_place(setting, in_file=in_file, account=account)):
            troubles.append(_unknown(name, account) if setting is None else why)
            continue
        try:
            values[name] = setting.read_in(folder, value)
        except ValueError as error:
            troubles.append(f"{setting.flag_name if are_typed else name}: {error}")
    return values, troubles


def _out_of_place(setting: Setting, *, in_file: bool, account: str) -> str:
    """Say why a key cannot stand where it does; empty where it can."""
    if in_file and not setting.in_file:
        why = "since it must be decided for each run; give"
        return f"{setting.name!r} is a flag only, {why} {setting.flag_name} to a run"
    if account and setting.whole_job:
        return f"{setting.name!r} holds for the whole job; write it above the first [[accounts]]"
    if not in_file and setting.name in ("accounts", "extends"):
        return f"{setting.name!r} can stand in a job file alone"
    return ""


def _read_accounts(tables: Sequence[Mapping[str, Any]], folder: Path) -> tuple[tuple[AccountTable, ...], list[str]]:
    """Return the job's accounts and what is wrong with their tables, each trouble with its account's name."""
    accounts, troubles = list[AccountTable](), list[str]()
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        objection = _NO_NAME if _may_be_secret(name) else objection_to_name(name)
        called = f"account no. {number}" if objection else f"account {name}"
        own = {key: value for key, value in table.items() if key != "name"}
        values, wrong = _read(own, folder, in_file=True, account=_UNNAMED if objection else str(name))
        troubles += [f"{called}: {trouble}" for trouble in (objection, *wrong) if trouble]
        if not objection:
            accounts.append(AccountTable(str(name), values))
    return tuple(accounts), [*troubles, *objections_to_names(each.name for each in accounts)]


def _unknown(name: str, account: str) -> str:
    known = ["name", *(key for key, each in BY_NAME.items() if not each.whole_job)] if account else BY_NAME
    near = nearest(name, known, cutoff=0.5)
    return f"unknown key {name!r}" + (f" (did you mean {near!r}?)" if near else "")


def _secrets(table: Mapping[str, Any], account: str) -> dict[str, str]:
    return {
        name: f"{name!r} looks like a secret, which does not belong here; "
        f"set {' and '.join(variables_of(account))} in the environment"
        for name, value in table.items()
        if _SECRET_NAME.search(name) or (_may_be_secret(value) and name != "store")  # which says where that belongs
    }


def _may_be_secret(value: object) -> bool:
    return isinstance(value, str) and _SECRET_VALUE.search(value) is not None


# What is there in place of a file that is not.


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
    listed = format_list([command_line(str(each)) for each in named], at_most=_NAMED_AT_MOST)
    return f"{subject} has {listed}; name the one you mean." if named else ""


def _may_be_a_job(file: Path) -> bool:
    """Return whether it is a job file by its keys, and not a file of some other tool."""
    try:
        return not {"workbook", "extends", "accounts"}.isdisjoint(tomllib.loads(_text(file.read_bytes())))
    except (OSError, ValueError):
        return False


def _is_ours(file: Path) -> bool:
    return file.stem.endswith(".report")
