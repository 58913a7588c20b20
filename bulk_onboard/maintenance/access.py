"""Who may see the live page: whoever has its token, under a name that leads to it on purpose.

Everybody on a machine can reach its ports, and the report is for its owner alone. So there is always a token: one that
is new each time and stands in the address that is printed, or one that the operator chose.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from bulk_onboard.api.address import is_loopback
from bulk_onboard.errors import UsageError

SHORTEST_TOKEN = 16
_NAME = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+\]")  # without a port, which a proxy may add, and without a path
OPEN = frozenset({"/healthz", "/page.css", "/page.js", "/icon.svg"})
"""What everybody may ask for: nothing of the job is in it."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may see the page.

    Attributes:
        token: whoever gives it once gets a cookie and sees everything.
        is_chosen: whether the operator chose it; then `/metrics` needs it, too, as `Authorization: Bearer`.
        hosts: the names under which a browser may ask for the page; empty for any.
    """

    token: str
    is_chosen: bool
    hosts: frozenset[str] = frozenset()

    @property
    def cookie(self) -> str:
        """What a browser keeps in place of the token, from which that cannot be computed."""
        return hmac.new(self.token.encode(), b"bulk-onboard page", hashlib.sha256).hexdigest()

    def is_known(self, host: str) -> bool:
        """Return whether the page may be asked for under this name; it may hold a port.

        A page elsewhere can make its own name lead to this machine, and so have a browser ask us; it cannot make the
        browser say another name.
        """
        name = host.strip().lower()
        name = name[: name.index("]") + 1] if name.startswith("[") and "]" in name else name.partition(":")[0]
        return not self.hosts or name in self.hosts

    def opens(self, *, path: str, token: str, cookie: str, authorization: str) -> bool:
        """Return whether a request may be answered."""
        if path in OPEN or (path == "/metrics" and not self.is_chosen):
            return True
        bearer = authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else ""
        return _same(token, self.token) or _same(bearer, self.token) or _same(cookie, self.cookie)


def _same(given: str, ours: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), ours.encode())


def access_for(host: str, *, token: str, names: Sequence[str]) -> Access:
    """Return who may see a page that is served at this address.

    Args:
        host: the address to listen at.
        token: as chosen by the operator; empty for none.
        names: further names under which the page is asked for, such as a proxy's.

    Raises:
        UsageError: other machines could see it and no token was chosen, the token can be guessed, or a name is none.
    """
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        raise UsageError(
            f"The token in BULK_ONBOARD_PAGE_TOKEN needs at least {SHORTEST_TOKEN} letters, digits or signs, and no "
            "blanks. Make one with: openssl rand -hex 24"
        )
    if not is_loopback(host) and not token:
        raise UsageError(
            f"{host} can be reached from other machines, and the page shows Keys and names. Put a token into "
            "BULK_ONBOARD_PAGE_TOKEN, or listen at 127.0.0.1 behind a proxy with TLS; docs/live_page.md says how."
        )
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(f"--public-name {name}: give the name alone, such as page.example.com.")
    own = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}
    hosts = frozenset({*own, *(name.lower() for name in names)}) if is_loopback(host) or names else frozenset()
    return Access(token or secrets.token_urlsafe(24), is_chosen=bool(token), hosts=hosts)
