"""One execution of a job: what it has at hand from its first ledger entry to its last."""

import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.ledger.journal import LedgerJournal
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Plan, Scope
from bulk_onboard.planning import make_plan
from bulk_onboard.run.connection import Connection
from bulk_onboard.run.judge import Judgement
from bulk_onboard.run.runner import ProgressCounts
from bulk_onboard.run.stop import Stop
from bulk_onboard.run.walk import DuplicateRecords

LOOKING = "taking in the reviews"


@dataclass(slots=True)
class RunView:
    """A run under way, for whoever shows its progress; `note` says why it waits."""

    progress: ProgressCounts
    ledger_state: LedgerState
    note: Callable[[], str]


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution.

    Attributes:
        requests: calls so far, by operation and outcome.
        scope: what it may still take on; what was refused is sent again once.
        news_since: number of the ledger's line with which the last run ended; what came later nobody was told yet.
        began_at: monotonic instant before which every call of an earlier run was made.
        began: number of the ledger's line with which it began itself.
        waiting: why it waits of itself, for the progress line; empty where it does not.
        due: tokens that were to be sent or settled.
        findings: what turned up while sending.
        twice: what the final audit found.
        not_shown: how many submitted records the API did not show when their reviews were taken in.
        unreadable: how many records of the account could not be read in its list.
        asks_first: whether each row is asked for before it is sent, since the list cannot be walked to its end.
        not_audited: why nobody saw whether a record is there twice; empty where that was seen, or not due.
        shown: compliance ids of the records that it did show in this run: one that it has no more then is gone.
        looks_failed: how many looks at the reviews failed in the end, when their time was up.
    """

    job: Job
    auth_id: str
    journal: LedgerJournal
    connection: Connection
    judgement: Judgement
    clock: Clock
    stop: Stop
    requests: Counter[str]
    scope: Scope
    began_at: float
    news_since: int = 0
    began: int = 0
    waiting: str = ""
    run_id: str = field(default_factory=lambda: secrets.token_hex(4))
    due: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    twice: list[DuplicateRecords] = field(default_factory=list)
    not_shown: int = 0
    unreadable: int = 0
    asks_first: bool = False
    not_audited: str = ""
    shown: set[str] = field(default_factory=set)
    looks_failed: int = 0
    _plan: Plan | None = field(default=None, init=False, repr=False)
    _planned_at: int = field(default=0, init=False)  # the number of the ledger's newest entry then

    def retry_no_more(self) -> None:
        """What the API refused was sent again; from here on its no stands."""
        if self.scope.retry_refused:
            self.scope = replace(self.scope, retry_refused="")
            self._plan = None

    def plan(self) -> Plan:
        """What is due now, by what the ledger says now; made anew only when the ledger has said more since."""
        seq = self.journal.ledger_state.seq
        if self._plan is None or self._planned_at != seq:
            self._plan = None  # two plans of many rows at a time would be a waste
            self._plan = make_plan(
                self.judgement.rows,
                ledger_state=self.journal.ledger_state,
                auth_id=self.auth_id,
                quota=self.job.quota,
                scope=self.scope,
                tried=self._tried() if self.scope.limit is not None else (),
                rulings=self.job.findings,
            )
            self._planned_at = seq
        return self._plan

    def _tried(self) -> set[str]:
        """The rows that this run has tried to create, whatever became of that."""
        return {record.token for record in self.journal.ledger_state.records.values() if record.tried > self.began}
