"""Credentials: from the environment or a file, never from a flag or a job file.

Each is looked up by itself, in the first of these places that has it (docs/security.md, Credentials):

    PLIVO_AUTH_TOKEN                          the text itself
    PLIVO_AUTH_TOKEN_FILE                     the path of a file: a mounted secret, a pipe of a password store
    $CREDENTIALS_DIRECTORY/plivo_auth_token   a file that systemd put there (LoadCredential=)

A file that is named and cannot be used is an error, never a reason to look further: else a run might go on with
another account. Messages name the place, neither what it holds nor its path: a secret may have been put where a path
belongs. Other secrets are looked up in the same way, each by its own name.
"""

import base64
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.errors import UsageError
from bulk_onboard.model.command import command_line

_MOST_BYTES = 4096
_OTHERS = stat.S_IROTH | stat.S_IWOTH
_AUTH_ID = re.compile(r"(MA|SA)[A-Z0-9]{18}")  # docs/design/wire.md, Requests
_VARIABLES = ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN")


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


def are_at_hand(environ: Mapping[str, str]) -> bool:
    """Return whether an account is named.

    The token may still be missing, which is then an error.
    """
    return is_kept(_VARIABLES[0], environ)


def credentials_from(environ: Mapping[str, str], *, warn: Callable[[str], None] = lambda sentence: None) -> Credentials:
    """Return the credentials that the environment holds or leads to.

    `warn` is called with a sentence where the auth_id looks wrong, or a file is open to others.

    Raises:
        UsageError: one is missing or blank, or its file cannot be used.
    """
    auth_id, auth_token = (look_up(name, environ, warn=warn) for name in _VARIABLES)
    missing = [name for name, text in zip(_VARIABLES, (auth_id, auth_token), strict=True) if not text]
    if missing:
        raise UsageError(
            f"Credentials are missing: export {' and '.join(missing)}, from the API's console, and try again. "
            f"Or export the path of a file that holds it: {' and '.join(f'{name}_FILE' for name in missing)}."
        )
    if why := doubt_about(auth_id):
        warn(why)
    return Credentials(auth_id, Secret(auth_token))


def doubt_about(auth_id: str) -> str:
    """Return what speaks against an auth_id by its form, a sentence; empty where nothing does."""
    if not _AUTH_ID.fullmatch(auth_id):
        return "PLIVO_AUTH_ID does not look like one: MA or SA, then 18 capital letters or digits."
    if is_sub_account(auth_id):
        return "PLIVO_AUTH_ID is a sub-account's; records are usually filed by the main account (MA…)."
    return ""


def is_sub_account(auth_id: str) -> bool:
    """Return whether an auth_id has the form of a sub-account's."""
    return bool(_AUTH_ID.fullmatch(auth_id)) and auth_id.startswith("SA")


def places_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return by the name of each credential where it is kept, in words; those that are kept nowhere are left out."""
    return {name: where for name in _VARIABLES if (where := _kept_in(name, environ))}


def _kept_in(name: str, environ: Mapping[str, str]) -> str:
    if environ.get(name, "").strip():
        return "the environment"
    place = _place(name, environ)
    return place.words[0].lower() + place.words[1:] if place else ""


class _Place(NamedTuple):
    """A file that is to hold a credential, and what messages call it."""

    path: Path
    words: str
    is_systemds: bool


def is_kept(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether any of the places is given for this credential."""
    return bool(environ.get(name, "").strip()) or _place(name, environ) is not None


def look_up(name: str, environ: Mapping[str, str], *, warn: Callable[[str], None], several: bool = False) -> str:
    """Return the credential of this name.

    Empty where none of the places is given for it.

    Args:
        name: of the variable.
        environ: the environment.
        warn: called with a sentence where the file is open to others.
        several: whether it may have several lines.

    Raises:
        UsageError: the file is missing, unreadable, empty, too long, or no text; or several lines where one belongs.
    """
    if text := environ.get(name, "").strip():
        return text
    place = _place(name, environ)
    return _checked(_read(place, warn), place, name, several=several) if place else ""


def _place(name: str, environ: Mapping[str, str]) -> _Place | None:
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if named := environ.get(f"{name}_FILE", ""):
        is_below = bool(folder) and Path(named).resolve().is_relative_to(Path(folder).resolve())
        return _Place(Path(named), f"The file that {name}_FILE names", is_below)
    put_there = Path(folder, name.lower())
    if folder and os.path.lexists(put_there):
        return _Place(put_there, f"$CREDENTIALS_DIRECTORY/{name.lower()}", True)
    return None


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
