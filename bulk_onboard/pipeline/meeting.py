"""Where the accounts of a job wait for each other: their rows are judged before any account writes or sends anything.

Only then can be seen whether a row that was chosen is any account's, and what the job would file for the first time, so
that somebody is asked once for all of it. Where no row was chosen and nobody is to be asked, an account whose API does
not answer is waited for a while only: what it does when it comes has nothing to do with the others, since rows under
two accounts are known from the sheets. A job without accounts meets alone.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bulk_onboard import errors
from bulk_onboard.clock import Clock
from bulk_onboard.errors import BulkOnboardError, StoppedError
from bulk_onboard.job import Job
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.pipeline.judge import Judgement, check_choice
from bulk_onboard.pipeline.stop import Stop, rest
from bulk_onboard.planning import make_plan
from bulk_onboard.threads import in_thread

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class FirstFiling:
    """What a job is about to file for the first time, for somebody to confirm.

    Attributes:
        rows: how many records would be created.
        size: bytes of documents.
        takes_s: about how many seconds, with the two settle windows of a first run; None without a quota.
        base_url: where.
        auth_ids: for which accounts.
    """

    rows: int
    size: int
    takes_s: float | None
    base_url: str
    auth_ids: tuple[str, ...]


Confirm = Callable[[FirstFiling], bool]
"""Asked before a job files its first records; returns whether to go on."""


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """An account whose rows are judged, before it writes or sends anything."""

    job: Job
    auth_id: str
    judgement: Judgement
    ledger_state: LedgerState


class Meeting:
    """Where the runs of accounts wait until all of them are ready.

    Args:
        accounts: by name; a job without any has one without a name.
        confirm: asked once where there are first records to be filed. None goes on.
        clock: for how long they wait at most where there is nothing to agree on.
        stop: that of them all.
        then: called once the rows of all are judged.

    Attributes:
        refusal: why none of them goes on; None while they may, or where all were asked to stop.
    """

    def __init__(
        self,
        accounts: Iterable[str],
        *,
        confirm: Confirm | None,
        clock: Clock,
        stop: Stop,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        self.refusal: BulkOnboardError | None = None
        self._expected = set(accounts)
        self._ready: list[Ready] = []
        self._is_complete = True
        self._all_are_here = asyncio.Event()
        self._agreeing: asyncio.Task[None] | None = None
        self._confirm = confirm
        self._clock = clock
        self._stop = stop
        self._then = then

    async def come(self, ready: Ready) -> None:
        """Wait for the others, and for what is agreed with them.

        Raises:
            UsageError: a row was chosen that no account has.
            SignalledError: the answer of `confirm` was no.
            StoppedError: they are to stop, so nothing is begun.
        """
        self._ready.append(ready)
        self._expect_no_more(ready.job.account)
        if self._expected:
            has_to_agree = self._confirm is not None or ready.job.scope.is_choosy
            await rest(self._clock, None if has_to_agree else PATIENCE_S, self._all_are_here, self._stop.wished)
        if self._stop.requested:
            raise self._stop.cause if isinstance(self._stop.cause, BulkOnboardError) else StoppedError(_STOPPED)
        if self._expected:  # nothing to agree on
            return
        if self._agreeing is None:
            self._agreeing = asyncio.ensure_future(self._agree())
        await asyncio.shield(self._agreeing)

    def stay_away(self, account: str, *, is_judged: bool) -> None:
        """Let the others no longer wait for this account: its run has ended.

        Args:
            is_judged: whether it is known that none of the chosen rows is its.
        """
        if account in self._expected:
            self._is_complete = self._is_complete and is_judged
            self._expect_no_more(account)

    def _expect_no_more(self, account: str) -> None:
        self._expected.discard(account)
        if not self._expected:
            self._then()
            self._all_are_here.set()

    async def _agree(self) -> None:
        try:
            if self._is_complete:
                with_rows = (one for one in self._ready if not one.judgement.missing)
                check_choice([(one.job, one.judgement.sheet, one.judgement.rows) for one in with_rows])
            if self._confirm is not None:
                await self._ask(self._confirm)
        except BulkOnboardError as refusal:
            self.refusal = None if self._stop.requested else refusal
            raise

    async def _ask(self, confirm: Confirm) -> None:
        """Ask whether to go on where records are due of a job that has filed none yet."""
        filings = [await in_thread(first_filing, one) for one in self._ready]
        first = [filing for filing in filings if filing is not None]
        if first and not confirm(together(first)):
            raise errors.SignalledError(errors.ExitStatus.INTERRUPTED)


_STOPPED = "The run is stopping; nothing was begun."


def first_filing(ready: Ready) -> FirstFiling | None:
    """Return what an account would file; None where it has filed before, or no record is due."""
    job, ledger_state = ready.job, ready.ledger_state
    if ledger_state.tried:
        return None
    plan = make_plan(
        ready.judgement.rows,
        ledger_state=ledger_state,
        auth_id=ready.auth_id,
        quota=job.quota,
        scope=job.scope,
        rulings=job.findings,
    )
    forecast = plan.forecast
    if not forecast.creates:
        return None
    takes_s = None if forecast.duration_s is None else forecast.duration_s + 2 * job.settle
    return FirstFiling(forecast.creates, forecast.size, takes_s, job.base_url, (ready.auth_id,))


def together(filings: Sequence[FirstFiling]) -> FirstFiling:
    """Return what several accounts would file; they do it at the same time, so the longest counts."""
    times = [filing.takes_s for filing in filings if filing.takes_s is not None]
    return FirstFiling(
        rows=sum(filing.rows for filing in filings),
        size=sum(filing.size for filing in filings),
        takes_s=max(times) if len(times) == len(filings) else None,
        base_url=filings[0].base_url,
        auth_ids=tuple(auth_id for filing in filings for auth_id in filing.auth_ids),
    )
