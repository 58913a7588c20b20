"""Credentials: from the environment or a file, never from a flag or a job file.

Each is looked up by itself, in the first of these places that has it (docs/security.md, Credentials):

    PLIVO_AUTH_TOKEN                          the text itself
    PLIVO_AUTH_TOKEN_FILE                     the path of a file: a mounted secret, a pipe of a password store
    $CREDENTIALS_DIRECTORY/plivo_auth_token   a file that systemd put there (LoadCredential=)

Of a job's accounts each has its name behind: PLIVO_AUTH_TOKEN_ACME_LTD for acme-ltd. There is one more place, the last,
and never the places without a name, or one account's rows might be sent to another:

    $PLIVO_ACCOUNTS/acme-ltd/auth_token       a folder with a folder for each account

A file that is named and cannot be used is an error, never a reason to look further: else a run might go on with
another account. Messages name the place, neither what it holds nor its path: a secret may have been put where a path
belongs. Other secrets are looked up in the same way, each by its own name.
"""

import base64
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bulk_onboard.errors import UsageError
from bulk_onboard.model.account import variables_of
from bulk_onboard.model.command import command_line
from bulk_onboard.units import format_count

_MOST_BYTES = 4096
_OTHERS = stat.S_IROTH | stat.S_IWOTH
_AUTH_ID = re.compile(r"(MA|SA)[A-Z0-9]{18}")  # docs/design/wire.md, Requests
_FOLDER = "PLIVO_ACCOUNTS"


class Secret:
    """A text that prints as `***`, however it is printed."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        """Return the text itself; for the one place that sends it."""
        return self._text


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and its token."""

    auth_id: str = field(repr=False)
    auth_token: Secret

    @classmethod
    def of(cls, auth_id: str, auth_token: str) -> "Credentials":
        """Return the credentials of this account, with the token as a text.

        Raises:
            UsageError: one is missing or blank.
        """
        for name, text in (("auth_id", auth_id), ("auth_token", auth_token)):
            if not (text and text.strip()):
                raise UsageError(f"Credentials.of() was handed no {name}. It needs both, from the API's console.")
        return cls(auth_id.strip(), Secret(auth_token.strip()))

    def authorization(self) -> str:
        """Return the `Authorization` header: Basic, of auth_id and auth_token."""
        pair = f"{self.auth_id}:{self.auth_token.reveal()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def are_at_hand(environ: Mapping[str, str], account: str = "") -> bool:
    """Return whether an auth_id is given for the account.

    The token may still be missing, which is then an error.
    """
    auth_id, _ = variables_of(account)
    return is_kept(auth_id, environ, account)


def credentials_from(
    environ: Mapping[str, str], *, warn: Callable[[str], None] = lambda sentence: None, account: str = ""
) -> Credentials:
    """Return the credentials that the environment holds or leads to.

    Args:
        environ: the environment.
        warn: called with a sentence where the auth_id looks wrong, or a file is open to others.
        account: the name of one of the job's accounts; empty for a job without.

    Raises:
        UsageError: one is missing or blank, or its file cannot be used.
    """
    found = _found(environ, account, warn)
    if isinstance(found, Credentials):
        return found
    whose, files = f" of account {account}" if account else "", " and ".join(f"{name}_FILE" for name in found)
    raise UsageError(
        f"Credentials{whose} are missing: export {' and '.join(found)}, from the API's console, and try again. Or "
        f"export the path of a file that holds it: {files}.{_below_folder(environ, account)}"
    )


def credentials_of_all(
    names: Iterable[str],
    environ: Mapping[str, str],
    warn: Callable[[str], None] = lambda sentence: None,
    *,
    handed: Mapping[str, Credentials] = MappingProxyType({}),
) -> dict[str, Credentials]:
    """Return the credentials of several accounts of a job, by their names.

    Args:
        names: of the accounts; a single empty one for a job without accounts.
        environ: the environment.
        warn: called with a sentence where an auth_id looks wrong, or a file is open to others.
        handed: by account, those that are known already and go before the environment.

    Raises:
        UsageError: some are missing or cannot be used, all named at once; or two accounts have one auth_id.
    """
    names = tuple(names)
    if len(names) == 1 and not handed:
        return {names[0]: credentials_from(environ, warn=warn, account=names[0])}
    found, missing, unusable = dict(handed), dict[str, tuple[str, ...]](), list[str]()
    for name in (name for name in names if name not in handed):
        try:
            credentials = _found(environ, name, warn)
        except UsageError as error:
            unusable.append(f"Account {name}: {error}")
            continue
        if isinstance(credentials, Credentials):
            found[name] = credentials
        else:
            missing[name] = credentials
    if told := [*_missing(missing, environ), *unusable, *_of_two(found)]:
        raise UsageError(" ".join(told))
    return found


def _missing(missing: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]) -> Iterator[str]:
    if missing:
        exports = "; ".join(f"{name}: {' and '.join(variables)}" for name, variables in missing.items())
        yield (
            f"Credentials are missing for {format_count(len(missing), 'account')}. Export these, from the API's "
            f"console, and try again: {exports}.{_below_folder(environ, next(iter(missing)))}"
        )


def _below_folder(environ: Mapping[str, str], account: str) -> str:
    """Say how an account's credentials are kept in the folder of accounts; empty for a job without accounts."""
    if not account:
        return ""
    if (folder := environ.get(_FOLDER, "")) and not Path(folder).is_dir():
        return f" {_FOLDER} is set, but names no folder that is there; check the path."
    return f" Or put them below the folder that {_FOLDER} names: {account}/auth_id and {account}/auth_token."


def _of_two(found: Mapping[str, Credentials]) -> Iterator[str]:
    """Say of each two accounts with one auth_id that they are one."""
    first_with: dict[str, str] = {}
    for name, credentials in found.items():
        other = first_with.setdefault(credentials.auth_id, name)
        if other != name:
            yield (
                f"Accounts {other} and {name} have one auth_id, so they are one account with one quota. Check "
                f"{variables_of(other)[0]} and {variables_of(name)[0]}, or make them one in the job file."
            )


def _found(environ: Mapping[str, str], account: str, warn: Callable[[str], None]) -> "Credentials | tuple[str, ...]":
    """Return the account's credentials; where any are missing, their variables.

    Raises:
        UsageError: a file cannot be used.
    """
    variables = variables_of(account)
    auth_id, auth_token = (look_up(name, environ, warn=warn, account=account) for name in variables)
    if not (auth_id and auth_token):
        return tuple(name for name, text in zip(variables, (auth_id, auth_token), strict=True) if not text)
    if why := doubt_about(auth_id, account):
        warn(why)
    return Credentials(auth_id, Secret(auth_token))


def doubt_about(auth_id: str, account: str = "") -> str:
    """Return what speaks against an account's auth_id by its form, a sentence; empty where nothing does."""
    name, _ = variables_of(account)
    if not _AUTH_ID.fullmatch(auth_id):
        return f"{name} does not look like one: MA or SA, then 18 capital letters or digits."
    if is_sub_account(auth_id):
        return f"{name} is a sub-account's; records are usually filed by the main account (MA…)."
    return ""


def is_sub_account(auth_id: str) -> bool:
    """Return whether an auth_id has the form of a sub-account's."""
    return bool(_AUTH_ID.fullmatch(auth_id)) and auth_id.startswith("SA")


def places_of(environ: Mapping[str, str], account: str = "") -> dict[str, str]:
    """Return by the name of each credential where it is kept, in words; those that are kept nowhere are left out."""
    return {name: where for name in variables_of(account) if (where := _kept_in(name, environ, account))}


def _kept_in(name: str, environ: Mapping[str, str], account: str) -> str:
    if environ.get(name, "").strip():
        return "the environment"
    place = _place(name, environ, account)
    return place.words[0].lower() + place.words[1:] if place else ""


class _Place(NamedTuple):
    """A file that is to hold a credential, and what messages call it."""

    path: Path
    words: str
    is_systemds: bool


def is_kept(name: str, environ: Mapping[str, str], account: str = "") -> bool:
    """Return whether any of the places is given for this credential."""
    return bool(environ.get(name, "").strip()) or _place(name, environ, account) is not None


def look_up(
    name: str,
    environ: Mapping[str, str],
    *,
    warn: Callable[[str], None],
    several: bool = False,
    account: str = "",
) -> str:
    """Return the credential of this name.

    Empty where none of the places is given for it.

    Args:
        name: of the variable.
        environ: the environment.
        warn: called with a sentence where the file is open to others.
        several: whether it may have several lines.
        account: the name of the account whose it is, which may have it in the folder of accounts.

    Raises:
        UsageError: the file is missing, unreadable, empty, too long, or no text; or several lines where one belongs.
    """
    if text := environ.get(name, "").strip():
        return text
    place = _place(name, environ, account)
    return _checked(_read(place, warn), place, name, several=several) if place else ""


def _place(name: str, environ: Mapping[str, str], account: str) -> _Place | None:
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if named := environ.get(f"{name}_FILE", ""):
        is_below = bool(folder) and Path(named).resolve().is_relative_to(Path(folder).resolve())
        return _Place(Path(named), f"The file that {name}_FILE names", is_below)
    put_there = Path(folder, name.lower())
    if folder and os.path.lexists(put_there):
        return _Place(put_there, f"$CREDENTIALS_DIRECTORY/{name.lower()}", True)
    return _place_in_folder(name, environ, account)


def _place_in_folder(name: str, environ: Mapping[str, str], account: str) -> _Place | None:
    """Return the file in the folder of accounts; None where there is none."""
    accounts = environ.get(_FOLDER, "")
    if not (accounts and account):
        return None
    below = f"{account}/{'auth_id' if name == variables_of(account)[0] else 'auth_token'}"
    file = Path(accounts, below)
    return _Place(file, f"${_FOLDER}/{below}", False) if os.path.lexists(file) else None


def _read(place: _Place, warn: Callable[[str], None]) -> bytes:
    try:
        with place.path.open("rb") as file:
            facts = os.fstat(file.fileno())
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{place.words} cannot be read: {error.strerror}. Check the path, and that you may read the file."
        ) from None
    if stat.S_ISREG(facts.st_mode) and facts.st_mode & _OTHERS and not place.is_systemds:
        chmod = command_line("chmod", "o=", "--", str(place.path))
        warn(f"{place.words} can be read by others on this machine; type: {chmod}")
    return content


def _checked(content: bytes, place: _Place, name: str, *, several: bool) -> str:
    """Return the text without the newline that editors put at the end of a file."""
    try:
        text = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = "\0"
    if not text.strip():
        raise UsageError(f"{place.words} is empty. Write {name} into it.")
    if len(content) > _MOST_BYTES or not all(line.isprintable() for line in (text.split() if several else [text])):
        most = f"{_MOST_BYTES:,} bytes" if several else "one line"
        raise UsageError(f"{place.words} holds more than {most} of text. Write {name} into it and nothing else.")
    return text
