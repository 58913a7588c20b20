"""The accounts that the API has: whose a request is, who may call, and which account is meant where none is named.

Each account has records, a quota, faults, callbacks and a log of its own. Where credentials are given, their accounts
are there from the start and others get 401. Where none are given, any account that calls is there from its first call.
"""

import base64
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bulk_onboard.clock import Clock
from bulk_onboard.errors import UsageError
from bulk_onboard.sandbox.account import Account, Arrival, LoggedRequest, Settings
from bulk_onboard.sandbox.behaviours import Behaviours
from bulk_onboard.sandbox.call import account_of
from bulk_onboard.sandbox.callbacks import Callbacks
from bulk_onboard.sandbox.faults import Faults
from bulk_onboard.sandbox.others import Others
from bulk_onboard.sandbox.quota import Quotas
from bulk_onboard.sandbox.state import Instants, State
from bulk_onboard.sandbox.witness import Witness

Credentials = tuple[str, str] | Mapping[str, str]

_NAMED_AT_MOST = 5
_ID, _TOKEN = "PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"


class Accounts:
    """All accounts by their auth id, and the only one where there is just one: `state`, `log`, `faults` … are its.

    Before any call, where no account is given, the only one is the account that will be named first, by a call or by
    `account`.
    """

    def __init__(
        self,
        clock: Clock,
        credentials: Credentials | None,
        differing: Mapping[str, Mapping[str, Any]],
        settings: Mapping[str, Any],
    ) -> None:
        """Open the accounts that are there from the start.

        Args:
            credentials: auth id and token of the only account, or tokens by auth id; None takes any.
            differing: settings of single accounts, by their auth ids, in place of the others.
            settings: as `Settings` has them.

        Raises:
            UsageError: a setting has a value that does not exist, or one of an account that has no credentials.
        """
        self._clock, self._settings = clock, Settings(**settings)
        self._tokens = dict([credentials]) if isinstance(credentials, tuple) else credentials
        if self._tokens is not None and (strange := [auth_id for auth_id in differing if auth_id not in self._tokens]):
            raise UsageError(f"there are settings of {_listed(strange)}, but no credentials")
        self._first, self._nobody = self._opened(), self._opened()
        self._given = {
            auth_id: self._opened(differing.get(auth_id, {})) for auth_id in {**(self._tokens or {}), **differing}
        }
        self._by_id = dict(self._given)

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts by auth id: those given, then others in the order in which they were first named."""
        return self._by_id

    @property
    def opened(self) -> Iterable[Account]:
        """All accounts, one that has no name yet included."""
        return self._by_id.values() or (self._first,)

    @property
    def is_one(self) -> bool:
        """Whether there is just one account, named or not."""
        return len(self._by_id) == 1 or (not self._by_id and self._tokens is None)

    @property
    def only(self) -> Account:
        """The only account; UsageError where there are several."""
        if not self.is_one:
            raise UsageError(f"there are {len(self._by_id)} accounts: {_listed(self._by_id)}; name one of them")
        return next(iter(self._by_id.values()), self._first)

    @property
    def strays(self) -> list[LoggedRequest]:
        """The log of requests to paths of no known account; where there is an only account, they are in its log."""
        return self._nobody.log

    def account(self, auth_id: str) -> Account:
        """Return an account, which opens now where any may call; UsageError for one that has no credentials."""
        if auth_id not in self._by_id:
            if self._tokens is not None:
                raise UsageError(f"there is no account {auth_id!r}; choose one of {_listed(self._by_id)}")
            self._by_id[auth_id] = self._opened() if self._by_id else self._first
        return self._by_id[auth_id]

    def reset(self) -> None:
        """Begin again: the accounts from the start as at the start, and no others."""
        for account in (self._first, self._nobody, *self._by_id.values()):
            account.reset()
        self._by_id = dict(self._given)

    def admit(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[Account, Arrival]:
        """Count a request whose headers have arrived; return whose it is, too."""
        auth_id = account_of(path)
        token = self._checked_token(headers.get("Authorization", ""), auth_id)
        account = self.account(auth_id) if token else self._by_id.get(auth_id)
        account = account or (self.only if self.is_one else self._nobody)
        return account, account.admit(method, path, query, headers, token)

    @property
    def instants(self) -> Instants:
        """The time of the only account."""
        return self.only.instants

    @property
    def behaviours(self) -> Behaviours:
        """How the API differs from what one hopes for, for the only account."""
        return self.only.behaviours

    @property
    def others(self) -> Others:
        """The other users of the only account."""
        return self.only.others

    @property
    def state(self) -> State:
        """What the only account has."""
        return self.only.state

    @property
    def faults(self) -> Faults:
        """The faults to come for the only account."""
        return self.only.faults

    @property
    def quotas(self) -> Quotas:
        """The quotas of the only account."""
        return self.only.quotas

    @property
    def callbacks(self) -> Callbacks:
        """The callbacks of the only account."""
        return self.only.callbacks

    @property
    def witness(self) -> Witness:
        """What looks into the ledger of the only account."""
        return self.only.witness

    @property
    def log(self) -> list[LoggedRequest]:
        """The requests to the only account."""
        return self.only.log

    def _opened(self, own: Mapping[str, Any] = MappingProxyType({})) -> Account:
        return Account(replace(self._settings, **own), self._clock)

    def _checked_token(self, authorization: str, auth_id: str) -> str:
        """Return the auth token of an HTTP Basic header whose user is the account in the path; else an empty text."""
        scheme, _, encoded = authorization.partition(" ")
        with contextlib.suppress(ValueError):
            user, _, token = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
            is_right = self._tokens is None or self._tokens.get(auth_id) == token
            if scheme.lower() == "basic" and user == auth_id and is_right:
                return token if auth_id else ""
        return ""


def credentials_in(environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return the tokens by auth id that the environment sets as texts; None where it sets none, or names a folder.

    They may have the name of an account behind, as in `PLIVO_AUTH_ID_ACME` and `PLIVO_AUTH_TOKEN_ACME`.
    """
    endings = [name.removeprefix(_ID) for name in environment if name.startswith(_ID) and not name.endswith("_FILE")]
    pairs = [(environment[_ID + ending], environment.get(_TOKEN + ending, "")) for ending in endings]
    tokens = {auth_id: token for auth_id, token in pairs if auth_id and token}
    return tokens if tokens and not environment.get("PLIVO_ACCOUNTS") else None


def _listed(auth_ids: Iterable[str]) -> str:
    named = list(auth_ids)
    more = [f"{len(named) - _NAMED_AT_MOST:,} more"] if len(named) > _NAMED_AT_MOST else []
    return ", ".join(named[:_NAMED_AT_MOST] + more) or "none"
