"""What those who make a row's calls have at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulk_onboard.clock import Clock
from bulk_onboard.model.gateway import Gateway
from bulk_onboard.model.journal import Journal
from bulk_onboard.model.plan import Decision
from bulk_onboard.submission.stop import Stop


@dataclass(frozen=True, slots=True)
class TurnedUp:
    """Something about a row that showed only while its calls were made: a finding's code and what its words need.

    `document_type` names the document that it is about; empty for the row as a whole.
    """

    decision: Decision
    code: str
    document_type: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One run's.

    Attributes:
        gateway: the whole stack of wrappers.
        relink: whether a number that is linked to another record is moved.
        turned_up: what showed about rows while their calls were made.
        changed: tokens of records whose review turned out to be another one, so that something else may be due.
        looked_at: held numbers that were looked at already, each with its record's token: once a run is enough.
    """

    gateway: Gateway
    journal: Journal
    clock: Clock
    stop: Stop
    relink: bool = False
    turned_up: list[TurnedUp] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    looked_at: set[tuple[str, str]] = field(default_factory=set)

    def take_changed(self) -> set[str]:
        """The changed ones since this was last asked."""
        taken = set(self.changed)
        self.changed.clear()
        return taken
