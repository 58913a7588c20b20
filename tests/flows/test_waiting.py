"""`--wait`: when the reviews are looked at again, and what is done then; on a clock that nobody waits for."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Halt
from bulk_onboard.model.record import State
from bulk_onboard.model.store import Claim
from bulk_onboard.pipeline.hints import LOOK_EACH_S, READ_AGAIN_S
from bulk_onboard.pipeline.progress import Progress
from bulk_onboard.pipeline.reconcile import FAILED_AT_MOST, next_pause_s, pending_reviews, wait_for_reviews
from bulk_onboard.pipeline.stop import Stop
from tests.support.clocks import FakeClock
from tests.support.gateways import FakeAccount
from tests.support.journals import MemoryJournal
from tests.unit.pipeline.samples import create, intent, token

PAUSES = [60.0, 90.0, 135.0, 202.5, 303.75, 455.625, 600.0, 600.0]


class AtOnce(ThreadPoolExecutor):
    """Does what is meant for a thread at once, since a clock that jumps does not wait for threads."""

    def submit(self, work, /, *args, **kwargs):
        done = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except (OSError, StoppedError) as error:
            done.set_exception(error)
        return done


class Heard:
    """Hints that others keep, each from some second on; `trouble` is raised where they are to be claimed."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.kept: list[tuple[float, str]] = []
        self.trouble: Exception | None = None
        self.claimed: list[tuple[float, str]] = []

    def waiting(self) -> tuple[str, ...]:
        return tuple({each for at, each in self.kept if at <= self.clock.monotonic()})

    def claim(self, compliance_ids) -> tuple[Claim, ...]:
        if self.trouble:
            raise self.trouble
        self.claimed += [(self.clock.monotonic(), each) for each in compliance_ids]
        return tuple(Claim(each, (each,)) for each in compliance_ids)

    def forget(self, claims) -> None:
        over = {claim.compliance_id for claim in claims}
        self.kept = [(at, each) for at, each in self.kept if each not in over or at > self.clock.monotonic()]


class Waiting:
    """A run that has done what was due, with so many pending records; each look happens at the API at once.

    Attributes:
        judged: what people say at which second: instant, row number, review.
        forgotten: which records are deleted there by others: instant, row number.
        said: what the run said of each pause.
        done_at: when what is due was done again.
        heard: the hints that others keep.
    """

    def __init__(self, wait_s=None) -> None:
        self.clock, self.stop = FakeClock(), Stop()
        self.clock.sleep = self._sleep
        self.heard = Heard(self.clock)
        self.account, self.journal = FakeAccount(self.clock), MemoryJournal()
        self.wait_s = wait_s
        self.judged: list[tuple[float, int, str]] = []
        self.forgotten: list[tuple[float, int]] = []
        self.done_at: list[float] = []
        self.notes: list[str] = []
        self.patience: list[bool] = []
        self.said: list[str] = []
        self._ids: dict[int, str] = {}

    async def submit(self, *numbers: int) -> None:
        for number in numbers:
            made = self._ids[number] = (await self.account.send(create(number))).value
            await self.journal.append(intent(number))
            await self.journal.append(entries.Done(token=token(number), op=Op.CREATE, compliance_id=made))

    def hint(self, at: float, number: int) -> None:
        self.heard.kept.append((at, self._ids[number]))

    @property
    def pauses(self) -> list[float]:
        """The pauses between looks at the list, without those between looks for hints."""
        return [seconds for seconds in self.clock.slept if seconds != LOOK_EACH_S]

    async def wait(self) -> None:
        asyncio.get_running_loop().set_default_executor(AtOnce(1))
        run = SimpleNamespace(
            job=SimpleNamespace(wait=self.wait_s, settle=90.0, store=SimpleNamespace(hints=self.heard)),
            auth_id="MAINVENTED0000000001",
            clock=self.clock,
            stop=self.stop,
            journal=self.journal,
            connection=SimpleNamespace(gateway=self, be_patient=self.patience.append),
            progress=Progress(),
            usage=SimpleNamespace(write=self._nothing),
            not_shown=0,
            shown=set(),
            began=0,
            plan=self._plan,
        )
        self.run = run
        await wait_for_reviews(run, self._do_what_is_due)

    async def _plan(self) -> SimpleNamespace:
        return SimpleNamespace(decisions=())

    async def send(self, call):
        for judgement in [each for each in self.judged if each[0] <= self.clock.monotonic()]:
            self.judged.remove(judgement)
            self.account.judge(self._ids[judgement[1]], judgement[2])
        for number in [row for at, row in self.forgotten if at <= self.clock.monotonic()]:
            self.account.records.pop(self._ids[number], None)
        return await self.account.send(call)

    async def _sleep(self, seconds: float) -> None:
        if seconds != LOOK_EACH_S:
            self.said.append(self.run.progress.activity)
        await FakeClock.sleep(self.clock, seconds)

    async def _nothing(self) -> None:
        """Nobody writes down how many requests there were."""

    async def _do_what_is_due(self) -> None:
        self.done_at.append(self.clock.monotonic())

    def review(self, number: int) -> str:
        return self.journal.ledger_state.record(token(number)).review


def test_pauses_grow_to_ten_minutes():
    """From one; a look that takes long is made less often, so that looking is at most a tenth of the time."""
    assert PAUSES == [next_pause_s(pauses, 0.3) for pauses in range(8)]
    assert [1000.0, 60.0, 600.0] == [next_pause_s(0, 100.0), next_pause_s(0, 6.0), next_pause_s(50, 59.0)]


@pytest.mark.parametrize(("wait_s", "rows"), [(None, 2), (3600.0, 0), (0.0, 2)])
async def test_nothing_is_waited_for(wait_s, rows):
    """Where the job says nothing, or no time at all, or no review is pending."""
    waiting = Waiting(wait_s)
    await waiting.submit(*range(1, rows + 1))

    await waiting.wait()

    assert ([], [], []) == (waiting.pauses, waiting.account.made(Operation.LIST), waiting.done_at)


async def test_it_ends_with_the_last_pending_review():
    """Each look's news is worked off at once; approved and rejected alike are no longer waited for."""
    waiting = Waiting(2 * 24 * 3600.0)
    await waiting.submit(1, 2, 3)
    waiting.judged = [(100.0, 1, "approved"), (200.0, 2, "rejected"), (280.0, 3, "more info")]

    await waiting.wait()

    assert PAUSES[:3] == waiting.pauses
    assert [60.0, 150.0, 285.0] == waiting.done_at == waiting.account.times_of(Operation.LIST)
    assert ["approved", "rejected", "more info"] == [waiting.review(number) for number in (1, 2, 3)]
    assert waiting.run.progress.activity is None


async def test_it_ends_when_the_time_is_up_with_a_last_look():
    """The last pause is cut short."""
    waiting = Waiting(200.0)
    await waiting.submit(1)
    waiting.judged = [(199.0, 1, "approved")]

    await waiting.wait()

    assert [60.0, 90.0, 50.0] == waiting.pauses
    assert (200.0, "approved") == (waiting.clock.monotonic(), waiting.review(1))


async def test_wish_to_stop_ends_the_pause():
    """Nothing is looked at any more."""
    waiting = Waiting(3600.0)
    await waiting.submit(1)

    async def stop_soon(seconds: float) -> None:
        waiting.stop.request("signal")
        await asyncio.sleep(0)

    waiting.clock.sleep = stop_soon
    await waiting.wait()

    assert ([], []) == (waiting.account.made(Operation.LIST), waiting.done_at)


async def test_lists_that_cannot_be_read_do_not_end_the_waiting():
    """Within two days a network may be away for an hour; the progress line tells of it, what is known stays."""
    waiting = Waiting(2 * 24 * 3600.0)
    await waiting.submit(1)
    waiting.judged = [(0.0, 1, "approved")]
    waiting.account.expect(Operation.LIST, "unresolved", "unresolved", "unavailable")

    await waiting.wait()

    assert ("approved", PAUSES[:4]) == (waiting.review(1), waiting.pauses)
    assert "1 review pending" == waiting.said[0].words
    assert "the API's list could not be read once; 1 review pending" == waiting.said[1].words
    assert "the API's list could not be read 3 times in a row; 1 review pending" == waiting.said[3].words
    assert ([True, False] * 4, 0) == (waiting.patience, waiting.run.looks_failed)


async def test_waiting_ends_with_the_time_though_the_list_could_not_be_read():
    """What the last looks could not see is told."""
    waiting = Waiting(200.0)
    await waiting.submit(1)
    waiting.account.expect(Operation.LIST, *["unresolved"] * 9)

    await waiting.wait()

    assert (200.0, 3, 1) == (
        waiting.clock.monotonic(),
        waiting.run.looks_failed,
        pending_reviews(waiting.journal.ledger_state),
    )


async def test_very_many_failed_looks_in_a_row_end_the_run():
    """Then somebody should see to it."""
    waiting = Waiting(30 * 24 * 3600.0)
    await waiting.submit(1)
    waiting.account.expect(Operation.LIST, *["unresolved"] * FAILED_AT_MOST)

    with pytest.raises(StoppedError, match=f"could not be read {FAILED_AT_MOST} times in a row"):
        await waiting.wait()


async def test_what_can_never_get_better_ends_the_waiting_at_once():
    """Refused credentials: whoever lets calls through has asked for the stop."""
    waiting = Waiting(3600.0)
    await waiting.submit(1)
    waiting.account.expect(Operation.LIST, "denied")
    send = waiting.account.send

    async def stop_gate(call):
        outcome = await send(call)
        if outcome.halt:
            waiting.stop.request(outcome.halt)
        return outcome

    waiting.account.send = stop_gate

    await waiting.wait()

    assert ([60.0], Halt.CREDENTIALS) == (waiting.pauses, waiting.stop.cause)


async def test_record_that_is_gone_is_waited_for_no_more():
    """The API showed it before and has it no more; one that it never showed in this run may yet come."""
    waiting = Waiting(3600.0)
    await waiting.submit(1, 2)
    waiting.judged = [(200.0, 2, "approved")]
    waiting.forgotten = [(100.0, 1)]

    await waiting.wait()

    assert (State.GONE, PAUSES[:3]) == (waiting.journal.ledger_state.record(token(1)).state, waiting.pauses)


async def test_young_record_that_the_list_never_showed_is_not_taken_for_gone():
    """A get may lag, too: it is counted as not shown, and waited for."""
    waiting = Waiting(200.0)
    await waiting.submit(1)
    waiting.forgotten = [(0.0, 1)]

    await waiting.wait()

    record = waiting.journal.ledger_state.record(token(1))
    assert (State.SUBMITTED, 1, []) == (record.state, waiting.run.not_shown, waiting.account.made(Operation.GET))


async def test_word_that_nobody_knows_is_not_waited_for():
    """It is no pending review, whatever it means; the record is looked at by the next run."""
    waiting = Waiting(3600.0)
    await waiting.submit(1)
    waiting.judged = [(10.0, 1, "on ice")]

    await waiting.wait()

    assert ([60.0], "on ice") == (waiting.pauses, waiting.review(1))


# Hints, meanwhile.


async def test_record_with_a_hint_is_read_within_seconds_and_what_follows_is_done_at_once():
    """Long before the next look at the list, which comes when it would have come anyway."""
    waiting = Waiting(200.0)
    await waiting.submit(1, 2)
    waiting.judged = [(62.0, 1, "approved")]
    waiting.hint(72.0, 1)

    await waiting.wait()

    assert "approved" == waiting.review(1)
    (read,) = waiting.account.times_of(Operation.GET)
    assert 72.0 <= read <= 72.0 + LOOK_EACH_S
    assert [60.0, read, 150.0, 200.0] == waiting.done_at
    assert [60.0, 150.0, 200.0] == waiting.account.times_of(Operation.LIST)
    assert [] == waiting.heard.kept


async def test_last_review_that_a_hint_brings_ends_the_waiting():
    """Nothing is looked at any more."""
    waiting = Waiting(3600.0)
    await waiting.submit(1)
    waiting.judged = [(0.0, 1, "approved")]
    waiting.hint(20.0, 1)

    await waiting.wait()

    assert ("approved", 20.0, []) == (
        waiting.review(1),
        waiting.clock.monotonic(),
        waiting.account.made(Operation.LIST),
    )


async def test_record_is_read_once_in_half_a_minute_however_many_hints_there_are():
    """Those that come meanwhile are heeded after it."""
    waiting = Waiting(60.0)
    await waiting.submit(1)
    for second in range(0, 60, 3):
        waiting.hint(float(second), 1)

    await waiting.wait()

    times = waiting.account.times_of(Operation.GET)
    assert 2 == len(times)
    assert times[1] - times[0] >= READ_AGAIN_S


async def test_hints_do_not_keep_the_list_from_being_looked_at():
    """There may be ever more of them; what is being read when it is time for the list is read first."""
    waiting = Waiting(80.0)
    await waiting.submit(*range(1, 121))
    for number in range(1, 121):
        waiting.hint(0.0, number)
    send = waiting.account.send

    async def slowly(call):
        if call.operation is Operation.GET:
            await FakeClock.sleep(waiting.clock, 25.0)
        return await send(call)

    waiting.account.send = slowly

    await waiting.wait()

    assert 75.0 == waiting.account.times_of(Operation.LIST)[0]


async def test_what_a_hint_shows_is_written_only_where_it_is_new():
    """A review that is still pending leaves the ledger as it is, and nothing is done."""
    waiting = Waiting(60.0)
    await waiting.submit(1)
    before = len(waiting.journal.entries)
    waiting.hint(0.0, 1)

    await waiting.wait()

    assert (1, [60.0]) == (len(waiting.account.made(Operation.GET)), waiting.done_at)
    assert before == len(waiting.journal.entries)
    assert [] == waiting.heard.kept


async def test_disk_with_hints_that_fails_ends_no_run():
    """A run sees all reviews by itself, if later."""
    waiting = Waiting(60.0)
    await waiting.submit(1)
    waiting.judged = [(0.0, 1, "approved")]
    waiting.hint(0.0, 1)
    waiting.heard.trouble = PermissionError(13, "Permission denied")

    await waiting.wait()

    assert ("approved", [60.0]) == (waiting.review(1), waiting.done_at)


async def test_database_with_hints_that_fails_ends_the_run():
    """It has the ledger, too, so that nothing may be sent any more."""
    waiting = Waiting(60.0)
    await waiting.submit(1)
    waiting.hint(0.0, 1)
    waiting.heard.trouble = StoppedError("The database does not answer.")

    with pytest.raises(StoppedError, match="does not answer"):
        await waiting.wait()
