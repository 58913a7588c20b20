"""One execution of a job: what it has at hand from its first ledger entry to its last."""

import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bulk_onboard.clock import Clock
from bulk_onboard.job import Job
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.plan import Plan, Scope
from bulk_onboard.model.store import OpenJournal
from bulk_onboard.pipeline.connection import Connection
from bulk_onboard.pipeline.judge import Judgement
from bulk_onboard.pipeline.links import LinkStyle, link_style
from bulk_onboard.pipeline.progress import Progress, UsageLog
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.pipeline.walk import DuplicateRecords
from bulk_onboard.planning import make_plan
from bulk_onboard.threads import in_thread


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution of a job, and what it found out so far.

    Attributes:
        requests: calls so far, by operation and outcome.
        progress: what the run says of itself while it goes on.
        usage: writes down how many requests it makes.
        scope: what may still be taken on; what was refused is sent again once.
        began_at: monotonic instant before which every call of an earlier run was made.
        news_since: the ledger's sequence number at which the last run ended; later news was not reported yet.
        began: the ledger's sequence number of this run's first entry.
        due: tokens that were to be sent or settled.
        findings: what showed while the run was under way, each once.
        twice: tokens with several records at the API, as the final audit found them.
        not_shown: how many submitted records the API did not show when their reviews were fetched.
        unreadable: how many records in the account's list could not be read.
        asks_first: whether to ask for each row's alias before it is sent, since the list cannot be walked to its end.
        audited: whether it looked for records that are there twice.
        not_audited: how many records the audit saw where the list cannot be walked to its end; else empty.
        shown: compliance ids that the API showed in this run; a record it shows no more has been deleted there.
        gave_up: sentences about what the run did not go on with, each once.
        looks_failed: how many attempts to fetch reviews failed in a row when the time for waiting was up.
    """

    job: Job
    auth_id: str
    journal: OpenJournal
    connection: Connection
    judgement: Judgement
    clock: Clock
    stop: Stop
    requests: Counter[str]
    progress: Progress
    usage: UsageLog
    scope: Scope
    began_at: float
    news_since: int = 0
    began: int = 0
    run_id: str = field(default_factory=lambda: secrets.token_hex(4))
    due: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    twice: list[DuplicateRecords] = field(default_factory=list)
    not_shown: int = 0
    unreadable: int = 0
    asks_first: bool = False
    audited: bool = False
    not_audited: str = ""
    shown: set[str] = field(default_factory=set)
    looks_failed: int = 0
    gave_up: dict[str, None] = field(default_factory=dict)
    _plan: Plan | None = field(default=None, init=False, repr=False)
    _planned_at: int = field(default=0, init=False)  # the ledger state's count of changes then

    async def plan(self) -> Plan:
        """Return what is due now by what the ledger says.

        Made anew only when a record has changed since; in a thread, while no call of the run is under way, so that no
        record changes meanwhile.
        """
        changes = self.journal.ledger_state.changes
        if self._plan is None or self._planned_at != changes:
            self._plan = None  # two plans of many rows at a time would be a waste of memory
            self._plan = await in_thread(
                make_plan,
                self.judgement.rows,
                ledger_state=self.journal.ledger_state,
                auth_id=self.auth_id,
                quota=self.job.quota,
                scope=self.scope,
                tried=self._tried() if self.scope.limit is not None else (),
                rulings=self.job.findings,
                links_per_call=self.link_style.per_call,
            )
            self._planned_at = changes
        return self._plan

    @property
    def link_style(self) -> LinkStyle:
        """How the API's contract links numbers."""
        return link_style(self.judgement.book.contract, self.job.links_per_call)

    def _tried(self) -> set[str]:
        """Return the tokens of the rows that this run has tried to create."""
        return {record.token for record in self.journal.ledger_state.records.values() if record.tried > self.began}

    def retry_no_more(self) -> None:
        """Let refusals stand from here on: what was to be tried again was tried."""
        if self.scope.retry_refused:
            self.scope = replace(self.scope, retry_refused="")
            self._plan = None

    def add_findings(self, found: Iterable[Finding]) -> None:
        """Add what showed, each once."""
        self.findings += [finding for finding in found if finding not in self.findings]
