"""Calls wait their turn: within the quota, in order, and never after a stop. Time is virtual."""

import asyncio
import random
from collections.abc import Iterable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from bulk_onboard.api.pacer import Paced, Pacer, smooth_rate
from bulk_onboard.api.quota import quota_headers
from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import Call, FetchRequirements, Get, GetNumber, Priority
from bulk_onboard.model.outcome import Done, QuotaHeaders, Throttled, Unavailable
from bulk_onboard.model.requirements import Combination
from bulk_onboard.sandbox.quota import WINDOWS
from bulk_onboard.units import Quota
from tests.support.events import captured
from tests.support.virtual import EPOCH, VirtualClock, virtual

SIXTY = Quota(60, 60.0)
SILENT = QuotaHeaders()


class Server:
    """An API with a window of its own, some way off: requests arrive with jitter, answers take their time."""

    def __init__(self, kind: str, quota: Quota = SIXTY, *, seed: int = 1, phase_s: float = 0.0) -> None:
        self._window = WINDOWS[kind](quota)
        self._dice = random.Random(seed)
        self._phase_s = phase_s
        self.sends: list[float] = []
        self.throttles: list[tuple[float, float]] = []
        self.granted = 0

    def grant(self):
        """Judge a request that arrives now."""
        return self._window.grant(self._phase_s + asyncio.get_running_loop().time())

    async def send(self, call: Call):
        self.sends.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._dice.uniform(0.02, 0.3))
        grant = self.grant()
        self.granted += grant.granted
        await asyncio.sleep(self._dice.uniform(0.02, 0.8))
        date = EPOCH + timedelta(seconds=self._phase_s + asyncio.get_running_loop().time())
        quota = quota_headers({"date": format_datetime(date, usegmt=True), **lower(grant.headers())})
        if grant.granted:
            return Done(value=None, quota=quota)
        self.throttles.append((asyncio.get_running_loop().time(), quota.retry_after_s))
        return Throttled(quota=quota)


class Script:
    """A gateway that answers what it is told, each after a second, and remembers when it was asked for what."""

    def __init__(self, *outcomes) -> None:
        self._outcomes = list(outcomes)
        self.asked: list[tuple[float, str]] = []

    async def send(self, call: Call):
        self.asked.append((asyncio.get_running_loop().time(), call.compliance_id))
        await asyncio.sleep(1.0)
        return self._outcomes.pop(0) if self._outcomes else Done(value=None, quota=SILENT)

    @property
    def instants(self) -> list[float]:
        """When it was asked."""
        return [at for at, _ in self.asked]

    @property
    def order(self) -> list[str]:
        """What it was asked for."""
        return [name for _, name in self.asked]


def lower(headers):
    """Headers with their names in lower case, as a gateway hands them on; a real API's Reset is an epoch."""
    epoch = EPOCH.timestamp()
    return {
        name.lower(): str(int(epoch) + int(value)) if name.endswith("Reset") else value
        for name, value in headers.items()
    }


def paced(inner, quota: Quota | None = SIXTY, *, begun_after: Iterable[float] = (), **settings) -> Paced:
    """A gateway whose calls share one quota; requirements have 100 a minute."""
    clock = VirtualClock()
    pacer = Pacer(quota, clock=clock, **settings)
    pacer.begin_after(begun_after)
    return Paced(inner, compliance=pacer, requirements=Pacer(Quota(100, 60.0), clock=clock))


def get(name: str = "", priority: Priority = Priority.WRITE) -> Get:
    """A call by a name that the script remembers."""
    return Get(compliance_id=name, priority=priority)


async def send_all(gateway: Paced, count: int, concurrency: int = 16) -> None:
    """So many calls, so many at a time; a throttled one is sent again, as a retrying gateway does."""
    calls = iter(range(count))

    async def worker():
        for _ in calls:
            while isinstance(await gateway.send(get()), Throttled):
                pass

    await asyncio.gather(*(worker() for _ in range(concurrency)))


def fullest(sends: list[float], window_s: float) -> int:
    """The most sends that lie in any one window."""
    ordered = sorted(sends)
    return max(sum(at - window_s < other <= at for other in ordered) for at in ordered)


@pytest.mark.parametrize("kind", WINDOWS)
@pytest.mark.parametrize("phase_s", [0.0, 41.0])
@virtual
async def test_all_of_the_quota_and_never_throttled(kind, phase_s):
    """A long run on an idle account is never throttled, whatever window the API keeps, and wastes little."""
    server = Server(kind, phase_s=phase_s)

    await send_all(paced(server), 300)

    assert (300, []) == (server.granted, server.throttles)
    assert 4 * 60.0 + 8.0 >= server.sends[-1]


@pytest.mark.parametrize("kind", WINDOWS)
@virtual
async def test_spent_quota_is_noticed_and_waited_out(kind):
    """Where others have just spent half of the quota, each throttle is obeyed and everything is sent in the end."""
    server = Server(kind, seed=7, phase_s=50.0)
    for _ in range(30):
        server.grant()

    await send_all(paced(server), 200)

    assert 200 == server.granted
    assert 1 >= len(server.throttles)
    for told_at, retry_after_s in server.throttles:
        assert [] == [at for at in server.sends if told_at < at < told_at + retry_after_s]


@pytest.mark.parametrize("kind", WINDOWS)
@virtual
async def test_restart_does_not_double_the_spending(kind):
    """A run that is killed and begun again within a minute spends one quota, not two."""
    server = Server(kind)
    for _ in range(20):
        now = asyncio.get_running_loop().time()
        gateway = paced(server, begun_after=[now - at for at in server.sends])
        doomed = asyncio.create_task(send_all(gateway, 30))
        await asyncio.sleep(3.0)
        doomed.cancel()
        await asyncio.wait({doomed})

    assert 60 >= fullest(server.sends, 60.0)
    assert [] == server.throttles


@virtual
async def test_others_spending_is_told_once():
    """The log of a run says once that somebody else spends of its quota."""
    server = Server("bucket")
    for _ in range(30):
        server.grant()
    gateway = paced(server)

    with captured() as logged:
        await send_all(gateway, 40)
        server.grant()
        await send_all(gateway, 40)

    assert ["another client is using the quota, or a run just before did"] == [line["event"] for line in logged]


@virtual
async def test_requirements_keep_a_budget_of_their_own():
    """Requirements do not wait for a spent compliance quota; numbers share it."""
    gateway = paced(Server("sliding"), Quota(1, 60.0))
    await gateway.send(get())

    await gateway.send(FetchRequirements(combination=Combination("IN", "local", "business")))
    soon = asyncio.get_running_loop().time()
    await gateway.send(GetNumber(number="911140000000"))

    assert 3 > soon
    assert 60 < asyncio.get_running_loop().time()


@virtual
async def test_first_request_goes_alone():
    """Nothing else leaves before the first answer is there."""
    script = Script()
    gateway = paced(script)

    await asyncio.gather(*(gateway.send(get()) for _ in range(5)))

    first, *others = script.instants
    assert first < 0.1
    assert all(1.0 <= at < 1.1 for at in others)


@virtual
async def test_first_request_that_failed_is_followed_by_one():
    """An unanswered first request proves nothing, so the next one goes alone as well."""
    script = Script(Unavailable(why="refused"))
    gateway = paced(script)

    await asyncio.gather(*(gateway.send(get()) for _ in range(4)))

    assert [0, 1, 2, 2] == [int(at) for at in script.instants]


@virtual
async def test_settling_goes_before_creating_before_polling():
    """Who waits is served by priority, then by arrival, also when the urgent ones come last."""
    script = Script()
    gateway = paced(script, Quota(1, 60.0))
    calls = [get("first"), get("poll", Priority.POLL), get("write 1"), get("write 2")]
    early = [asyncio.create_task(gateway.send(call)) for call in calls]
    await asyncio.sleep(30.0)

    await asyncio.gather(*early, *(gateway.send(get(f"settle {i}", Priority.SETTLE)) for i in (1, 2)))

    assert ["first", "settle 1", "settle 2", "write 1", "write 2", "poll"] == script.order


@virtual
async def test_nobody_sends_while_the_api_asks_for_a_wait():
    """After a 429 everything waits, then one probe goes, then the rest."""
    script = Script(Done(value=None, quota=SILENT), Throttled(quota=QuotaHeaders(retry_after_s=20.0)))
    gateway = paced(script)
    await gateway.send(get())

    await asyncio.gather(gateway.send(get()), send_later(gateway, 1.5), send_later(gateway, 1.6))

    assert [0, 1, 22, 23] == [int(at) for at in script.instants]


async def send_later(gateway: Paced, seconds: float) -> None:
    """Send when some time has passed."""
    await asyncio.sleep(seconds)
    await gateway.send(get())


@virtual
async def test_without_a_quota_all_go_at_once_but_throttling_is_obeyed():
    """`none` neither paces nor smooths, and still keeps a wait that the API asks for."""
    script = Script(Throttled(quota=QuotaHeaders(retry_after_s=30.0)))
    gateway = paced(script, None)

    await asyncio.gather(*(gateway.send(get()) for _ in range(500)))
    await gateway.send(get())

    assert script.instants[499] < 0.5
    assert 31.0 <= script.instants[500]


@virtual
async def test_bursts_are_smoothed():
    """A fresh window is not opened all at once: twenty requests may go together, then twenty a second."""
    script = Script()
    gateway = paced(script)
    await gateway.send(get())

    await asyncio.gather(*(gateway.send(get()) for _ in range(59)))

    assert 20 >= fullest(script.instants, 0.05)
    assert 40 >= fullest(script.instants, 1.0)
    assert 4.0 >= script.instants[-1]


@virtual
async def test_account_ceiling_holds():
    """With a very large quota no five seconds hold more than 300 requests, the account's ceiling."""
    script = Script()
    gateway = paced(script, Quota(100_000, 60.0))
    await gateway.send(get())

    await asyncio.gather(*(gateway.send(get()) for _ in range(800)))

    assert 300 >= fullest(script.instants, 5.0)


@pytest.mark.parametrize(
    ("quota", "expected"), [(SIXTY, 20.0), (Quota(600, 60.0), 40.0), (Quota(60, 6.0), 40.0), (Quota(6000, 60.0), 50.0)]
)
def test_smoothing_never_becomes_the_bottleneck(quota, expected):
    """Four times the quota's own rate, at least 20 a second, up to the account's ceiling."""
    assert expected == smooth_rate(quota)


@virtual
async def test_cancelled_waiters_give_their_place_back():
    """Waiters that are cancelled cost no request and hold nobody up, the first in line included."""
    script = Script()
    gateway = paced(script, Quota(2, 60.0))
    await asyncio.gather(gateway.send(get("a")), gateway.send(get("b")))
    waiting = [asyncio.create_task(gateway.send(get(name))) for name in "cdefg"]
    await asyncio.sleep(5.0)

    for index in (0, 2, 3):
        waiting[index].cancel()
    await asyncio.wait(waiting)

    assert ["a", "b", "d", "g"] == script.order
    assert [0, 1, 60, 61] == [int(at) for at in script.instants]


@virtual
async def test_cancelled_request_frees_the_probe():
    """A first request that is abandoned on its way lets another one probe."""
    script = Script()
    gateway = paced(script)
    first = asyncio.create_task(gateway.send(get("first")))
    second = asyncio.create_task(gateway.send(get("second")))
    await asyncio.sleep(0.5)

    first.cancel()
    await second

    assert ["first", "second"] == script.order
    assert 0.5 <= script.instants[1] < 0.7


@virtual
async def test_close_turns_waiters_away_at_once():
    """A stop does not wait for the queue: who waits and who comes is stopped, who is on the way finishes."""
    script = Script()
    gateway = paced(script, Quota(1, 60.0))
    on_the_way = asyncio.create_task(gateway.send(get("on the way")))
    waiting = [asyncio.create_task(gateway.send(get(name))) for name in "abc"]
    await asyncio.sleep(0.5)

    gateway.close()
    stopped = await asyncio.gather(*waiting, return_exceptions=True)
    stopped_at = asyncio.get_running_loop().time()

    assert [StoppedError] * 3 == [type(error) for error in stopped]
    assert 0.6 > stopped_at
    assert isinstance(await on_the_way, Done)
    with pytest.raises(StoppedError):
        await gateway.send(get("too late"))
    assert ["on the way"] == script.order


@virtual
async def test_outlook_says_when_calls_may_go():
    """Whoever shows the progress is told about a probe and a spent quota, and of nothing while calls flow."""
    script = Script()
    gateway = paced(script, Quota(2, 60.0))
    assert 0.0 == gateway.outlook.next_s
    sending = [asyncio.create_task(gateway.send(get())) for _ in range(3)]
    await asyncio.sleep(0.5)
    assert gateway.outlook.next_s is None

    await asyncio.sleep(50.0)
    assert pytest.approx(9.85) == gateway.outlook.next_s

    await asyncio.wait(sending)
    assert 0.0 == gateway.outlook.next_s
