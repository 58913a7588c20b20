"""Where a credential is kept: in the environment, or in a file.

See docs/security.md, Credentials.

Each is looked for by itself, in the first of these places that has it:

    PLIVO_AUTH_TOKEN                          the text itself
    PLIVO_AUTH_TOKEN_FILE                     the path of a file: a mounted secret, a pipe of a password store
    $CREDENTIALS_DIRECTORY/plivo_auth_token   a file that systemd put there (LoadCredential=)

A file that is named and does not do is an error, never a reason to look further: else a run might go on with another
account. Messages name the place, neither what it holds nor its path: a secret may have been put where a path belongs.
Other secrets are looked for in the same way, each by its own name.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.errors import UsageError
from bulk_onboard.model.command import command_line

_MOST_BYTES = 4096
_OTHERS = stat.S_IROTH | stat.S_IWOTH


class _Place(NamedTuple):
    """A file that is to hold a credential, and what messages call it."""

    path: Path
    words: str
    is_systemds: bool


def is_kept(name: str, environ: Mapping[str, str]) -> bool:
    """Whether any place is said to hold this credential."""
    return bool(environ.get(name, "").strip()) or _place(name, environ) is not None


def look_up(name: str, environ: Mapping[str, str], *, warn: Callable[[str], None], several: bool = False) -> str:
    """The credential of this name, empty where no place is said to hold it; `warn` hears of a file open to others.

    `several` means that it may be of several lines.

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
        warn(f"{place.words} is open to others on this machine; type: {chmod}")
    return content


def _checked(content: bytes, place: _Place, name: str, *, several: bool) -> str:
    """The text without the newline that editors put at the end of a file."""
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
