"""Whatever the weather, and however often a run is stopped or killed: no row is created twice (I1, I4, I5)."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import Create, Operation
from bulk_onboard.model.record import State
from bulk_onboard.submission.breaker import Breaker
from bulk_onboard.submission.journaled import Journaled
from bulk_onboard.submission.retrying import Retrying
from bulk_onboard.submission.runner import Runner
from bulk_onboard.submission.stop import Stop
from bulk_onboard.submission.sweep import sweep
from tests.support.clocks import FakeClock
from tests.support.gateways import WEATHER_OF_CREATES, WEATHER_OF_LISTS, FakeAccount, KilledError
from tests.support.journals import MemoryJournal
from tests.unit.submission.samples import alias, content, identity, plan, run_started, token

PROVED_NOT_DONE = {"refused create", "unavailable create", "throttled create", "denied create", "absent create"}
OF_ATTEMPTS = PROVED_NOT_DONE | {"intent create", "done create", "unresolved create", "adopted create", "held create"}


class Witness:
    """Stands before the API, and looks into the ledger whenever a create arrives; the n-th one stops the run."""

    def __init__(self, account: FakeAccount, journal: MemoryJournal, stop: Stop, stop_at: int) -> None:
        self._account, self._journal, self._stop, self._left = account, journal, stop, stop_at

    async def send(self, call):
        if isinstance(call, Create):
            *before, newest = [word for word in self._journal.story(call.token) if word in OF_ATTEMPTS]
            assert "intent create" == newest
            assert not before or before[-1] in PROVED_NOT_DONE
            self._left -= 1
            if not self._left:
                self._stop.request("signal")
        return await self._account.send(call)


async def run(account, journal, rows, *, concurrency=2, stop_at=0, fingerprint="now"):
    """One run of the rows, as the pipeline does it; a killed one ends where it is."""
    stop = Stop()
    journaled = Journaled(Witness(account, journal, stop, stop_at), journal, lambda document: content(document.type))
    gateway = Retrying(Breaker(journaled, stop, Counter()), clock=FakeClock(), stop=stop)
    await journal.append(run_started())
    try:
        if not journal.books.swept and not await sweep(gateway, journal, map(identity, rows)):
            return
        runner = Runner(gateway, journal, stop, concurrency)
        await runner.run(plan(*rows, journal=journal, fingerprint=fingerprint))
    except* (KilledError, StoppedError):
        pass


RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "concurrency": st.integers(1, 3),
            "stop_at": st.integers(0, 6),
            "fingerprint": st.sampled_from(["now", "mended"]),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None, max_examples=150)
@given(
    runs=RUNS,
    rows=st.integers(1, 4).map(range),
    creates=st.lists(st.sampled_from(WEATHER_OF_CREATES), max_size=16),
    lists=st.lists(st.sampled_from(WEATHER_OF_LISTS), max_size=12),
    gets=st.lists(st.sampled_from(["fair", "unresolved", "unavailable", "throttled"]), max_size=8),
)
async def test_no_row_is_created_twice(runs, rows, creates, lists, gets):
    """Several runs on one ledger, lost answers and kills among them, then one in fair weather.

    No create arrives while the one before it may have been done; each row has one record at most, and the ledger one
    `done` or `adopted`; in the end nothing is due any more, and what the API has is submitted under its id.
    """
    account, journal = FakeAccount(), MemoryJournal()
    account.expect(Operation.CREATE, *creates)
    account.expect(Operation.LIST, *lists)
    account.expect(Operation.GET, *gets)

    for one in runs:
        await run(account, journal, rows, **one)
    account.weather.clear()
    await run(account, journal, rows)

    at_the_api = {made.alias: compliance_id for compliance_id, made in account.records.items()}
    assert len(account.records) == len(at_the_api)
    for number in rows:
        record, story = journal.books.record(token(number)), journal.story(token(number))
        assert record.compliance_id == at_the_api.get(alias(number), "")
        assert (record.state is State.SUBMITTED) == (alias(number) in at_the_api)
        assert record.state in {State.SUBMITTED, State.UNCERTAIN, State.REFUSED}
        assert story.count("done create") + story.count("adopted create") <= 1
