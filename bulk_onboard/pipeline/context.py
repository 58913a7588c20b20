"""What the row workers of one run share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulk_onboard.clock import Clock
from bulk_onboard.model.call import Gateway
from bulk_onboard.model.plan import Decision
from bulk_onboard.model.store import OpenJournal
from bulk_onboard.pipeline.stop import Stop


@dataclass(frozen=True, slots=True)
class RowEvent:
    """What showed about a row while its calls were made, for a finding.

    Attributes:
        code: the finding's.
        document_type: the document that it is about; empty for the row as a whole.
        details: what the finding's text needs.
    """

    decision: Decision
    code: str
    document_type: str = ""
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """Shared dependencies of one run's row workers, and what these noticed.

    Attributes:
        gateway: the whole stack of wrappers.
        relink: whether to move a number that is linked to another record.
        row_events: what showed about rows while their calls were made.
        changed: tokens of records whose review has changed meanwhile, so that something else may be due.
        gave_up: sentences about what the run did not go on with, since it could only fail.
        looked_at: held numbers that were looked up already, each with its record's token: once a run is enough.
    """

    gateway: Gateway
    journal: OpenJournal
    clock: Clock
    stop: Stop
    relink: bool = False
    row_events: list[RowEvent] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    gave_up: list[str] = field(default_factory=list)
    looked_at: set[tuple[str, str]] = field(default_factory=set)

    def take_row_events(self) -> list[RowEvent]:
        """Return the row events since this was last called."""
        taken = list(self.row_events)
        self.row_events.clear()
        return taken

    def take_changed(self) -> set[str]:
        """Return the changed tokens since this was last called."""
        taken = set(self.changed)
        self.changed.clear()
        return taken
