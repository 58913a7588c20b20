"""Pacers of several accounts share one gate: fair shares, within its bounds, and no call throttled because of it."""

import asyncio
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from bulk_onboard.api.gate import Gate, Load
from bulk_onboard.api.pacer import Paced, Pacer
from bulk_onboard.errors import StoppedError
from bulk_onboard.model.call import Call, Operation, Priority
from bulk_onboard.model.outcome import Done, QuotaHeaders, Throttled
from bulk_onboard.units import Quota
from tests.support import calls
from tests.support.virtual import VirtualClock, run, virtual
from tests.unit.api.test_pacer import SIXTY, Server, get

MIB = 1024 * 1024


class Accounts:
    """Accounts with a pacer each, and one gate.

    Attributes:
        sent: the accounts in the order of their sends, each with the instant.
        most: the most that was in flight together, calls and bytes apart.
    """

    def __init__(self, gate: Gate, number: int, quota: Quota | None = None) -> None:
        self.gate = gate
        self.pacers = [Pacer(quota, clock=VirtualClock(), gate=gate) for _ in range(number)]
        self.sent: list[tuple[int, float]] = []
        self.most = Load()

    async def send(self, account: int, size: int = 0, *, takes_s: float = 1.0, priority=Priority.WRITE) -> None:
        """One call, which takes so long."""
        pacer = self.pacers[account]
        ticket = await pacer.wait_turn(priority, size)
        try:
            self.sent.append((account, asyncio.get_running_loop().time()))
            self.most = Load(*map(max, self.most, self.gate.in_flight))
            await asyncio.sleep(takes_s)
        finally:
            pacer.answered(ticket, QuotaHeaders())

    @property
    def order(self) -> list[int]:
        """The accounts in the order of their sends."""
        return [account for account, _ in self.sent]


@virtual
async def test_shares_are_fair():
    """An account with many calls and one with few have turns one after the other, whoever came first."""
    accounts = Accounts(Gate(1), 3)
    calls = [accounts.send(account) for account, number in ((0, 20), (1, 5), (2, 5)) for _ in range(number)]

    await asyncio.gather(*calls)

    first = accounts.order[1:16]  # the very first one found the gate empty
    assert {0: 5, 1: 5, 2: 5} == Counter(first)
    assert all(len(set(first[start : start + 3])) == 3 for start in range(0, 15, 3))


@virtual
async def test_one_account_alone_has_all_places():
    """The gate shares out what there is; it keeps nothing back for accounts that want nothing."""
    accounts = Accounts(Gate(8), 3)

    await asyncio.gather(*(accounts.send(0) for _ in range(16)))

    assert 8 == accounts.most.calls
    assert asyncio.get_running_loop().time() < 2.1


@virtual
async def test_a_place_is_not_held_while_the_quota_says_wait():
    """A call that is let in when its account has just been throttled gives its place to the next account."""
    accounts = Accounts(Gate(1), 3)
    throttled, busy, other = accounts.pacers
    early = await throttled.wait_turn(Priority.WRITE)
    waiting = asyncio.create_task(accounts.send(0))
    behind = asyncio.create_task(accounts.send(2))
    await asyncio.sleep(0)

    throttled.answered(early, QuotaHeaders(retry_after_s=30.0), throttled=True)
    await behind
    assert [2] == accounts.order
    await waiting

    (_, at) = accounts.sent[1]
    assert 30.0 <= at < 31.5
    assert Load() == accounts.gate.in_flight
    assert (0.0, 0.0) == (busy.outlook.next_s, other.outlook.next_s)


@virtual
async def test_the_urgent_one_goes_next():
    """Whoever stands in the gate's line keeps his place; the next of his account is the most urgent one."""
    accounts = Accounts(Gate(1), 2)
    names = []

    async def send(name: str, account: int, priority: Priority) -> None:
        await accounts.send(account, priority=priority)
        names.append(name)

    async with asyncio.TaskGroup() as group:
        for name, account, priority in (
            ("busy", 1, Priority.WRITE),
            ("poll in the line", 0, Priority.POLL),
            ("poll", 0, Priority.POLL),
            ("settle", 0, Priority.SETTLE),
        ):
            group.create_task(send(name, account, priority))
            await asyncio.sleep(0.01)

    assert ["busy", "poll in the line", "settle", "poll"] == names


@virtual
async def test_a_closed_pacer_leaves_the_line_at_once():
    """Its calls end without having been let in, and those behind them are not held up."""
    accounts = Accounts(Gate(2, 10 * MIB), 3)
    busy = asyncio.create_task(accounts.send(0, 6 * MIB, takes_s=60.0))
    await asyncio.sleep(0.1)
    stopped = [asyncio.create_task(accounts.send(1, 6 * MIB)) for _ in range(2)]
    behind = asyncio.create_task(accounts.send(2, 4 * MIB))
    await asyncio.sleep(0.1)
    assert [0] == accounts.order

    accounts.pacers[1].close()
    ended = await asyncio.gather(*stopped, return_exceptions=True)
    await behind

    assert [StoppedError, StoppedError] == [type(error) for error in ended]
    assert [0, 2] == accounts.order
    assert asyncio.get_running_loop().time() < 2.0
    await busy
    assert Load() == accounts.gate.in_flight


@virtual
async def test_a_cancelled_call_gives_its_place_back():
    """In the line and on its way."""
    accounts = Accounts(Gate(1), 3)
    on_its_way = asyncio.create_task(accounts.send(0, takes_s=60.0))
    await asyncio.sleep(0.1)
    in_line, behind = (asyncio.create_task(accounts.send(account)) for account in (1, 2))
    await asyncio.sleep(0.1)

    in_line.cancel()
    on_its_way.cancel()
    await behind
    await asyncio.wait({in_line, on_its_way})

    assert [0, 2] == accounts.order
    assert Load() == accounts.gate.in_flight
    assert asyncio.get_running_loop().time() < 2.0


@virtual
async def test_a_narrow_gate_throttles_nobody():
    """Accounts at their full quota, and fewer places than they want: the quota is asked again after the wait."""
    gate, throttled, granted = Gate(4), [], 0

    async def account(number: int) -> None:
        nonlocal granted
        server = Server("sliding", SIXTY, seed=number, phase_s=7.0 * number)
        pacer = Pacer(SIXTY, clock=VirtualClock(), gate=gate)
        calls = iter(range(100))

        async def worker() -> None:
            for _ in calls:
                ticket = await pacer.wait_turn(Priority.WRITE, 1)
                outcome = await server.send(get())
                pacer.answered(ticket, outcome.quota, throttled=isinstance(outcome, Throttled))

        await asyncio.gather(*(worker() for _ in range(8)))
        throttled.extend(server.throttles)
        granted += server.granted

    await asyncio.gather(*map(account, range(6)))

    assert ([], 600) == (throttled, granted)


@virtual
async def test_what_an_answer_says_meanwhile_holds_at_the_gate():
    """A call that was free to go when it joined the line is not sent where another client has spent the rest since.

    The answer before it says so, and frees the place that it waited for. Without the second question it would be
    throttled, since nothing else stands between the gate and the API.
    """
    server, pacer = Server("fixed", SIXTY), Pacer(SIXTY, clock=VirtualClock(), gate=Gate(1))

    async def call() -> None:
        ticket = await pacer.wait_turn(Priority.WRITE)
        outcome = await server.send(get())
        pacer.answered(ticket, outcome.quota, throttled=isinstance(outcome, Throttled))

    await call()  # after it both of the next ones may go
    on_its_way, at_the_gate = asyncio.create_task(call()), asyncio.create_task(call())
    await asyncio.sleep(0.01)
    for _ in range(58):
        server.grant()
    await on_its_way
    await at_the_gate

    assert ([], 3) == (server.throttles, server.granted)
    assert 60.0 <= server.sends[-1]


@virtual
async def test_documents_take_room_and_reads_do_not():
    """Of a create and an update the documents count, of every other call nothing does."""
    gate = Gate()
    rooms: dict[Operation, int] = {}

    class Looking:
        async def send(self, call: Call) -> Done:
            rooms[call.operation] = gate.in_flight.size
            return Done(value=None, quota=QuotaHeaders())

    pacers = {name: Pacer(None, clock=VirtualClock(), gate=gate) for name in ("compliance", "requirements")}
    paced = Paced(Looking(), **pacers)
    for call in calls.CALLS.values():
        await paced.send(call)

    assert {Operation.CREATE: 8, Operation.UPDATE: 8} == {name: size for name, size in rooms.items() if size}
    assert set(Operation) == rooms.keys()
    assert Load() == gate.in_flight


CALLS = st.lists(
    st.tuples(
        st.integers(0, 4),  # the account
        st.integers(0, 3) | st.sampled_from([9, 11, 15]),  # MiB
        st.floats(0.0, 8.0),  # when it comes
        st.floats(0.05, 3.0),  # how long it takes
        st.none() | st.floats(0.0, 4.0),  # when it is cancelled
        st.sampled_from(Priority),
    ),
    max_size=40,
)


@given(CALLS, st.integers(1, 4), st.booleans())
@settings(deadline=None)
def test_bounds_turns_and_places_hold(calls, places, paced):
    """Whatever comes, however long it takes, and whoever is cancelled.

    Never more calls or bytes than the gate has, but for one call that is larger than all of it; nobody waits in the
    line of the gate while it has more than one turn of all accounts; in the end all are through, and every place is
    back.
    """
    run(lambda: _all_hold(calls, places, paced=paced))


async def _all_hold(calls, places: int, *, paced: bool) -> None:
    gate = Gate(places, 10 * MIB)
    accounts = Accounts(gate, 5, SIXTY if paced else None)
    joined, turns = dict[object, int](), list[object]()
    waited = defaultdict(int)
    join = gate.join

    def watched(size, called):
        name, since = object(), len(turns)

        def was_called():
            turns.append(name)
            waited[name] = len(turns) - 1 - since
            called()

        joined[name] = since
        return join(size, was_called)

    gate.join = watched

    async def one(call) -> None:
        account, mib, comes_s, takes_s, cancelled_s, priority = call
        await asyncio.sleep(comes_s)
        sending = asyncio.ensure_future(accounts.send(account, mib * MIB, takes_s=takes_s, priority=priority))
        await asyncio.wait({sending}, timeout=cancelled_s)
        if cancelled_s is not None:
            sending.cancel()
        await asyncio.wait({sending})

    await asyncio.gather(*(one(call) for call in calls))

    largest = max([mib * MIB for _, mib, *_ in calls], default=0)
    assert accounts.most.calls <= places
    assert accounts.most.size <= max(10 * MIB, largest)
    assert all(others < 5 for others in waited.values())
    assert Load() == gate.in_flight
    uncancelled = sum(cancelled_s is None for *_, cancelled_s, _ in calls)
    assert len(accounts.sent) >= uncancelled
