"""What is known of a job from moment to moment: its ledger as it grows, who holds that, and names from the workbook.

Nothing of the job is written, and nobody is kept from owning the ledger. A run may begin, go on and end meanwhile.
"""

import asyncio
from collections.abc import Mapping

from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError
from bulk_onboard.job import Job
from bulk_onboard.model.command import Commands
from bulk_onboard.model.documents import readable
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.sheet import BUSINESS_NAME
from bulk_onboard.pipeline.judge import identified_rows
from bulk_onboard.pipeline.kept_flags import remembered
from bulk_onboard.pipeline.outputs import zone_of
from bulk_onboard.pipeline.preflight import NOWHERE, FileStat, stat_of, wait_s
from bulk_onboard.planning import time_left_by_ledger
from bulk_onboard.reporting.page.view import Moment, RowName

_TOLD_S = 600.0  # how long it is told that the ledger was read anew
_NO_WORKBOOK = "It is not known which workbook goes with this ledger, so there are no names."


class JobWatch:
    """Watches one job; its methods are for one thread at a time.

    Attributes:
        store: where its ledger is kept.
    """

    def __init__(self, job: Job, clock: Clock) -> None:
        self._job, self._clock = job, clock
        self.store = job.store
        self._follower = self.store.follow()
        self._names: Mapping[str, RowName] = {}
        self._no_names = ""
        self._named_for: tuple[FileStat, int] | None = None
        self._seen = NOWHERE
        self._has_news = False
        self._restarted_at = float("-inf")

    def look(self) -> bool:
        """Take in what is new in the ledger; return whether there is anything new to be shown, names included."""
        before = self._follower.restarted
        is_new, self._has_news = self._follower.look() or self._has_news, False
        if self._follower.restarted != before:
            self._restarted_at = self._clock.monotonic()
        return is_new

    def moment(self) -> Moment:
        """Return what is known now; to be used before the next look, since the state then changes."""
        follower, now = self._follower, self._clock.now()
        state, job = follower.ledger_state, self.job
        in_use = self._is_in_use(state)
        return Moment(
            job=readable(_title(job)),
            ledger=readable(job.ledger.name if job.database is None else self.store.name),
            ledger_state=state,
            now=now,
            zone=zone_of(job, now),
            is_there=follower.is_there,
            trouble=follower.trouble,
            restarted=follower.restarted if self._clock.monotonic() - self._restarted_at < _TOLD_S else "",
            newest_at=follower.newest_at,
            in_use=in_use,
            left_s=time_left_by_ledger(state, now) if in_use else None,
            names=self._names,
            no_names=self._no_names,
            commands=self._commands(job),
        )

    @property
    def job(self) -> Job:
        """The job as its newest run had it; JOB as it was typed where that cannot be told."""
        try:
            return remembered(self._job, self._follower.ledger_state)
        except BulkOnboardError:
            return self._job

    def snapshot(self) -> LedgerState:
        """Return the ledger's state for another thread."""
        return self._follower.snapshot()

    def wants_names(self) -> tuple[Job, LedgerState] | None:
        """Return what `read_names` needs where the workbook may have names that are not known; else None.

        That is once it was not changed for a moment, and again when it changed or a run began.
        """
        state = self._follower.ledger_state
        if state.opened is None:
            return None
        job = self.job
        if job.file == job.ledger:
            self.take_names(_NO_WORKBOOK)
            return None
        seen, before = stat_of(job.workbook), self._seen
        self._seen = seen
        wanted = (seen, len(state.runs))
        if wanted == self._named_for or wait_s(seen, before if before != NOWHERE else None, self._clock.now()) > 0.0:
            return None
        self._named_for = wanted
        return job, self.snapshot()

    def take_names(self, names: Mapping[str, RowName] | str) -> None:
        """Show these names from now on; a sentence says why there are none."""
        before = (self._names, self._no_names)
        self._names, self._no_names = ({}, names) if isinstance(names, str) else (names, "")
        self._has_news |= before != (self._names, self._no_names)

    def _is_in_use(self, state: LedgerState) -> bool:
        if not state.runs or state.runs[-1].ended is not None:
            return False
        try:
            return not self.store.is_free()
        except BulkOnboardError:  # the follower tells what is wrong
            return False

    def _commands(self, job: Job) -> Commands | None:
        return None if job.commands.job == str(job.ledger) else job.commands


def _title(job: Job) -> str:
    """Return what people call the job: its name, or its folder's where that says more than `job`."""
    folder = job.file.resolve().parent.name.lstrip(".")
    return folder if job.name == "job" and folder else job.name


def read_names(job: Job, ledger_state: LedgerState) -> Mapping[str, RowName] | str:
    """Return the name of each record's row, or a sentence that says why there are none; in a thread of its own."""
    opened = ledger_state.opened
    auth_id = opened.auth_id if opened else ""
    try:
        rows = asyncio.run(identified_rows(job, ledger_state, auth_id=auth_id))
    except BulkOnboardError as error:
        return f"There are no names: {error}"
    return {identity.token: RowName(row.number, row.cell(BUSINESS_NAME)) for row, identity in rows}
