"""Who calls: read from the environment, never from a flag or a job file, and printed nowhere (reliability.md 5.1)."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bulk_onboard.errors import UsageError

_AUTH_ID = re.compile(r"(MA|SA)[A-Z0-9]{18}")  # wire.md 2
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
        """The value of the `Authorization` header: HTTP Basic, user = auth_id, password = auth_token (wire.md 2)."""
        pair = f"{self.auth_id}:{self.auth_token.reveal()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def credentials_from(environ: Mapping[str, str], *, warn: Callable[[str], None] = lambda sentence: None) -> Credentials:
    """The credentials in the environment; `warn` hears of an auth_id that looks wrong (wire.md 11, 29).

    Raises:
        UsageError: a variable is missing or blank.
    """
    auth_id, auth_token = (environ.get(name, "").strip() for name in _VARIABLES)
    missing = [name for name, text in zip(_VARIABLES, (auth_id, auth_token), strict=True) if not text]
    if missing:
        raise UsageError(
            f"Credentials are missing: export {' and '.join(missing)}, from the API's console, and try again."
        )
    if not _AUTH_ID.fullmatch(auth_id):
        warn("PLIVO_AUTH_ID does not look like one: MA or SA, then 18 capital letters or digits.")
    elif auth_id.startswith("SA"):
        warn("PLIVO_AUTH_ID is a sub-account's; records are usually filed by the main account (MA…).")
    return Credentials(auth_id, Secret(auth_token))
