"""Who calls: from the environment or a file, never from a flag or a job file, printed nowhere.

See docs/security.md, Credentials.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bulk_onboard.api.credential_place import is_kept, look_up
from bulk_onboard.errors import UsageError

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
        """The text itself; for the one place that sends it."""
        return self._text


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and its token."""

    auth_id: str = field(repr=False)
    auth_token: Secret

    def authorization(self) -> str:
        """The value of the `Authorization` header: HTTP Basic, user = auth_id, password = auth_token.

        See docs/design/wire.md, Requests.
        """
        pair = f"{self.auth_id}:{self.auth_token.reveal()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def are_at_hand(environ: Mapping[str, str]) -> bool:
    """Whether an account is named; the token may still be missing, which is then an error."""
    return is_kept(_VARIABLES[0], environ)


def credentials_from(environ: Mapping[str, str], *, warn: Callable[[str], None] = lambda sentence: None) -> Credentials:
    """The credentials that the environment holds or leads to (`credential_place`).

    `warn` hears of an auth_id that looks wrong (docs/design/wire.md, Requests), and of a file that is open to others.

    Raises:
        UsageError: one is missing or blank, or its file will not do.
    """
    auth_id, auth_token = (look_up(name, environ, warn=warn) for name in _VARIABLES)
    missing = [name for name, text in zip(_VARIABLES, (auth_id, auth_token), strict=True) if not text]
    if missing:
        raise UsageError(
            f"Credentials are missing: export {' and '.join(missing)}, from the API's console, and try again. "
            f"Or export the path of a file that holds it: {' and '.join(f'{name}_FILE' for name in missing)}."
        )
    if not _AUTH_ID.fullmatch(auth_id):
        warn("PLIVO_AUTH_ID does not look like one: MA or SA, then 18 capital letters or digits.")
    elif auth_id.startswith("SA"):
        warn("PLIVO_AUTH_ID is a sub-account's; records are usually filed by the main account (MA…).")
    return Credentials(auth_id, Secret(auth_token))
