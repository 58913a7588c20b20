"""What a run may do, and what it will do for each row, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from bulk_onboard.model.finding import ANY_CODE, Finding
from bulk_onboard.model.identity import alias_of, next_token, normal_user_key
from bulk_onboard.model.row import JudgedRow, Row, notable_in, usual_count
from bulk_onboard.model.sheet import KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a run may do.

    Attributes:
        admit_new_rows: whether to take in rows that no run has taken in before.
        limit: how many rows may be created; None for no limit.
        allow_older: whether to send content again that was replaced since.
        retry_refused: the code of refusals that are sent again unchanged, or `ANY_CODE`; empty for none.
        keys, rows: the rows that were chosen, by normal Key or by number; both empty for all rows.
    """

    admit_new_rows: bool = True
    limit: int | None = None
    allow_older: bool = False
    retry_refused: str = ""
    keys: frozenset[str] = frozenset()
    rows: tuple[range, ...] = ()

    @property
    def is_choosy(self) -> bool:
        """Return whether some rows were chosen, and the others are left as they are."""
        return bool(self.keys or self.rows)

    def chooses(self, row: Row) -> bool:
        """Return whether the row may be sent, as far as rows were chosen."""
        if not self.is_choosy:
            return True
        return normal_user_key(row.cell(KEY)) in self.keys or any(row.number in some for some in self.rows)

    def retries(self, code: str) -> bool:
        """Return whether what was refused with this code is sent again unchanged."""
        return bool(code) and self.retry_refused in (ANY_CODE, code)


NOT_CHOSEN = "not chosen"
"""Why nothing is due for a row where others were chosen."""


class Action(StrEnum):
    """What is due for a row."""

    UPDATE = "update"
    LINK = "link"
    CREATE = "create"
    SETTLE = "settle"
    NOTHING = "nothing"


class Identity(msgspec.Struct, frozen=True, gc=False):
    """Who a row is: its key, its token in the ledger, and its alias at the API.

    Attributes:
        key: the normalised key (never written anywhere when it is the natural key).
        user_key: the user's Key as written; empty where none is given.
        token: 16 characters.
        alias: at most 40 characters, ends in the token.
        registration_token: what the row registers, as for `identity.registration_token_of`; empty without a number.
        known_registration: the registration token of the token's record: the row's own where the token is computed
            from it, else what the ledger says was sent; empty where that is not known.
        follows: the token of the row's expired record, which this one takes the place of; empty for a row's first.
        generation: 1 for a row's first record, 2 for the one that follows it, and so on.
    """

    key: str
    user_key: str
    token: str
    alias: str
    registration_token: str = ""
    known_registration: str = ""
    follows: str = ""
    generation: int = 1

    def successor(self) -> "Identity":
        """Return the identity under which the row is filed anew once its record has expired."""
        generation = self.generation + 1
        token = next_token(self.token, generation)
        friendly = self.alias.removesuffix(f"~{self.token}").rstrip()
        return msgspec.structs.replace(
            self, token=token, alias=alias_of(friendly, token), follows=self.token, generation=generation
        )


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

    def about(self, judged: JudgedRow) -> "Decision":
        """Return the decision with another form of its row."""
        return msgspec.structs.replace(self, judged=judged)

    @property
    def token(self) -> str:
        """What the ledger knows the row by; empty for a row without an identity."""
        return self.identity.token if self.identity else ""

    def with_numbers(self, numbers: tuple[str, ...]) -> "Decision":
        """Return the decision with these numbers due instead."""
        return msgspec.structs.replace(self, numbers=numbers)

    def undone(self, reason: str) -> "Decision":
        """Return the decision with nothing due, for this reason."""
        return msgspec.structs.replace(self, action=Action.NOTHING, reason=reason, numbers=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run costs.

    Attributes:
        creates, updates, links, reads: requests of each kind.
        size: bytes of documents.
        duration_s: seconds at the quota; None without one.
    """

    creates: int = 0
    updates: int = 0
    links: int = 0
    reads: int = 0
    size: int = 0
    duration_s: float | None = None

    @property
    def requests(self) -> int:
        """All requests."""
        return self.creates + self.updates + self.links + self.reads


@dataclass(frozen=True, slots=True)
class Plan:
    """All decisions, in the order of the rows.

    In a lazy sequence the usual ones are new rows to be created.
    """

    decisions: Sequence[Decision]
    forecast: Forecast

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all rows, in order, those of planning included."""
        return tuple(finding for decision in notable_in(self.decisions) for finding in decision.judged.findings)

    @property
    def has_errors(self) -> bool:
        """Whether any row has an error."""
        return any(decision.judged.has_errors for decision in notable_in(self.decisions))

    def due(self, action: Action) -> tuple[Decision, ...]:
        """Return the decisions with this action, in the order of the rows."""
        items = self.decisions if action is Action.CREATE else notable_in(self.decisions)
        return tuple(d for d in items if d.action is action)

    def has_due(self, action: Action) -> bool:
        """Return whether there is any such decision."""
        any_usual = action is Action.CREATE and usual_count(self.decisions) > 0
        return any_usual or any(d.action is action for d in notable_in(self.decisions))

    def counts(self) -> dict[str, int]:
        """Return how many rows each action has, zeros included."""
        counter = Counter(d.action.value for d in notable_in(self.decisions))
        counter[Action.CREATE.value] += usual_count(self.decisions)
        return {action.value: counter[action.value] for action in Action}
