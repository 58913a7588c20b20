"""What a run may take on, and what it will do for each row, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from bulk_onboard.model.finding import ANY_CODE, Finding
from bulk_onboard.model.row import JudgedRow, told_of, usual_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a run may take on.

    Attributes:
        admit_new_rows: rows that no run has taken in before.
        limit: how many creates there may be; None for no limit.
        allow_older: content that was sent earlier and replaced since may be sent again.
        retry_refused: what the API refused with this code, or with `ANY_CODE`, is sent again as it was; empty for none.
    """

    admit_new_rows: bool = True
    limit: int | None = None
    allow_older: bool = False
    retry_refused: str = ""

    def retries(self, code: str) -> bool:
        """Whether what was refused with this code is sent again unchanged."""
        return bool(code) and self.retry_refused in (ANY_CODE, code)


class Action(StrEnum):
    """What is due for a row; all but settling begin with a call of the runner's."""

    UPDATE = "update"
    LINK = "link"
    CREATE = "create"
    SETTLE = "settle"
    NOTHING = "nothing"


class Identity(msgspec.Struct, frozen=True, gc=False):
    """Who a row is: its key, the token the ledger knows it by, and the alias the API is to know it by.

    Attributes:
        key: the normalised key (never written anywhere when it is the natural key).
        user_key: the user's Key as written; empty where none is given.
        token: 16 characters.
        alias: at most 40 characters, ends in the token.
        registration_token: what the row registers, as for `identity.registration_token_of`; empty without a number.
        known_registration: the same of what belongs to the token: the row's own where the token is computed from it,
            else what the ledger says was sent; empty where that is not known.
    """

    key: str
    user_key: str
    token: str
    alias: str
    registration_token: str = ""
    known_registration: str = ""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """What will be done for one row.

    Attributes:
        identity: None for a row without one.
        numbers: those to be linked, by their digits.
    """

    judged: JudgedRow
    identity: Identity | None
    action: Action
    reason: str
    numbers: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """What the ledger knows the row by; empty for a row without an identity."""
        return self.identity.token if self.identity else ""

    def with_numbers(self, numbers: tuple[str, ...]) -> "Decision":
        """The same row with these numbers due."""
        return msgspec.structs.replace(self, numbers=numbers)

    def undone(self, reason: str) -> "Decision":
        """The same row with nothing due, and why."""
        return msgspec.structs.replace(self, action=Action.NOTHING, reason=reason, numbers=())


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run costs: requests, bytes of documents, and seconds at the quota (None without a quota)."""

    requests: int
    size: int
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions, in the order of the rows; usual ones, where they are sparse, are new rows to be created."""

    decisions: Sequence[Decision]
    forecast: Forecast

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those of all rows, in their order, with what only showed once the records were known."""
        return tuple(finding for decision in told_of(self.decisions) for finding in decision.judged.findings)

    @property
    def has_errors(self) -> bool:
        """Whether any row is kept out."""
        return any(decision.judged.has_errors for decision in told_of(self.decisions))

    def due(self, action: Action) -> tuple[Decision, ...]:
        """The decisions with this action, in the order of the rows."""
        items = self.decisions if action is Action.CREATE else told_of(self.decisions)
        return tuple(d for d in items if d.action is action)

    def has_due(self, action: Action) -> bool:
        """Whether there is any such decision."""
        any_usual = action is Action.CREATE and usual_of(self.decisions) > 0
        return any_usual or any(d.action is action for d in told_of(self.decisions))

    def counts(self) -> dict[str, int]:
        """How many rows each action has, zeros included."""
        counter = Counter(d.action.value for d in told_of(self.decisions))
        counter[Action.CREATE.value] += usual_of(self.decisions)
        return {action.value: counter[action.value] for action in Action}
