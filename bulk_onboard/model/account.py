"""An account of a job: its name, and what is named after it.

A job without `[[accounts]]` has one account, whose name is empty; then variables and files are called as ever.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LONGEST_NAME = 64

NO_ACCOUNT = "no account"
"""What the rows of no account are called where accounts are listed; none can be called so."""

_NAME = re.compile(r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*")
_CREDENTIALS = ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN")
_FILE = "file"  # the variable of an account so called would be the one that names a file
LEDGER_ENDING = ".ledger.jsonl"
_ENDINGS = (LEDGER_ENDING, ".report.xlsx")


def objection_to_name(name: object) -> str:
    """Return why an account cannot be called so, to stand behind its place in the file; empty where it can."""
    if name is None:
        return 'it has no name; write name = "…" below its [[accounts]]'
    if not isinstance(name, str):
        return f'its name must be a text, so write it in quotation marks: "{name}"'
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return (
            f"{name!r} cannot be its name: letters A to Z, digits, and dashes between them, at most {LONGEST_NAME}. "
            "The cells of the column Account must have the same name"
        )
    if name.casefold() == _FILE:
        return f"{name!r} cannot be its name, since {_CREDENTIALS[0]}_FILE already means something else"
    return ""


def objections_to_names(names: Iterable[str]) -> Iterator[str]:
    """Yield what keeps accounts from being called so in one job: each is needed to name variables and files."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.casefold())
        if first is not None:
            yield f"two accounts are called {first!r}" + (f" and {name!r}, which is alike" if name != first else "")
        seen[name.casefold()] = name
    for fold, name in seen.items():
        if (other := seen.get(f"{fold}-{_FILE}")) is not None:
            yield (
                f"accounts {name!r} and {other!r} would share the variable {variables_of(other)[0]}; "
                "give one of them another name"
            )


def variables_of(account: str) -> tuple[str, str]:
    """Return the names of the variables with the account's auth_id and auth_token."""
    auth_id, auth_token = (variable_of(name, account) for name in _CREDENTIALS)
    return auth_id, auth_token


def variable_of(name: str, account: str) -> str:
    """Return an account's own variable of this name: `PLIVO_AUTH_ID_ACME_LTD`; of no account the name as it is."""
    return f"{name}_{account.upper().replace('-', '_')}" if account else name


def path_of(path: Path, account: str) -> Path:
    """Return an account's own file where the path is the whole job's: `x.report.xlsx` gives `x.acme.report.xlsx`."""
    if not account:
        return path
    ending = next((each for each in _ENDINGS if path.name.lower().endswith(each)), path.suffix)
    stem, ending = path.name[: len(path.name) - len(ending)], path.name[len(path.name) - len(ending) :]
    return path.with_name(f"{stem}.{account}{ending}" if stem else f"{account}{ending}")


def name_of_ledger(path: Path) -> str:
    """Return the name of a ledger, by which a database knows it: that of its file without the ending."""
    return path.name.removesuffix(LEDGER_ENDING)


def is_of_account(path: Path, whole: Path) -> bool:
    """Return whether this is the file of an account where `whole` is the whole job's, as `path_of` calls it."""
    ending = next(each for each in _ENDINGS if whole.name.endswith(each))
    begins = f"{whole.name.removesuffix(ending)}."
    name = path.name.removesuffix(ending).removeprefix(begins)
    return path.name == f"{begins}{name}{ending}" and not objection_to_name(name)
