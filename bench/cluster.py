"""Ledgers in PostgreSQL: what befalls workers, how soon others go on, and what the database costs beside the file.

A server of its own lies on the disk that temporary files lie on, and syncs. Whatever else runs here takes from both.

*chaos*: four accounts of 90 rows at 60 requests a minute, two real workers, leases and heartbeats as in earnest, and
the strikes of tests/support/strikes.py, some at a time, each with a server and a sandbox of its own. After the one that
kills a worker: how long until its accounts' next creates, and until the last call whose outcome was unknown is settled.

*appends*: each account appends intents and outcomes, one after the other; one account alone, then 80 in one process.

*cpu*: the records of `bench/many.py`, cpu, 20 accounts in one process, with either store in turns.

`make bench-many CLUSTER=1` takes half an hour; `ONLY="appends cpu"` leaves the chaos out, `STRIKES="kill_a_worker"` all
other strikes.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bench.figure import Figure
from bench.ledger import sent_entries
from bench.many import CPU_ACCOUNTS, CPU_RECORDS, CPU_SIZE, CPU_TURNS, finished, make_job, new_folder, run_of
from bench.submission import counter
from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.database.store import PostgresStore
from bulk_onboard.ledger.file_store import FileStore
from bulk_onboard.model.store import Store
from bulk_onboard.units import Quota
from tests.support.cluster import ACCOUNTS, ROWS, Cluster, Outcome
from tests.support.postgres import MISSING, Database, Server, programs
from tests.support.strikes import BEGUN, LEASE_S, STRIKES, Strike, kill_a_worker

AT_A_TIME = 7  # they mostly wait
QUOTA, SETTLE_S = Quota(60, 60.0), 30
SOON_S = 90
ABOUT = {"job": "bench", "base_url": "https://api.plivo.com"}
APPENDING_S, TURNS, MANY = 5.0, 3, 80


def figures() -> Iterator[Figure]:
    """All of it, or what the environment names."""
    parts = {"appends": _appends, "cpu": _cpu, "chaos": _chaos}
    for name in os.environ.get("ONLY", "").split() or parts:
        if name not in parts:
            raise SystemExit(f"There is no {name}. There are: {', '.join(parts)}.")
        yield from parts[name]()


def _server() -> Any:
    binaries = programs()
    if binaries is None:
        raise SystemExit(MISSING)
    return Server.opened(binaries, in_memory=False)


def _store(database: Database, name: str) -> PostgresStore:
    return PostgresStore(database.address, Path(f"{name}.ledger.jsonl"), **ABOUT)


# Chaos.


class Struck(NamedTuple):
    """What a strike came to.

    Attributes:
        took_s: from the handing over to the end.
        next_create_s: from the kill to the next create of each account that the dead worker had.
        settled_s: from the kill to the end of the last call of these accounts whose outcome was unknown.
        runs: of all accounts.
    """

    strike: Strike
    outcome: Outcome
    took_s: float
    next_create_s: tuple[float, ...]
    settled_s: float
    runs: int


def _chaos() -> Iterator[Figure]:
    named = os.environ.get("STRIKES", "").split()
    strikes = [each for each in STRIKES if not named or each.strike.__name__ in named]
    for struck in asyncio.run(_all_struck(strikes)):
        outcome = struck.outcome
        reports = f"wrong: {', '.join(outcome.wrong_reports)}" if outcome.wrong_reports else "add up"
        yield Figure(
            what=f"{struck.strike.name}: duplicates, lost",
            ours=outcome.duplicates + outcome.lost,
            unit="rows",
            target="<= 0",
            note=f"{outcome.duplicates} and {outcome.lost} of {len(ACCOUNTS) * ROWS}; above the quota "
            f"{outcome.above_quota}; reports {reports}; exit status {outcome.exit_status}; {struck.runs} runs, "
            f"{struck.took_s:.0f} s",
        )
        if struck.next_create_s:
            yield Figure(
                what="from SIGKILL to the account's next create elsewhere",
                ours=max(struck.next_create_s),
                unit="s",
                target=f"<= {SOON_S}",
                note=f"the latest of {len(struck.next_create_s)} accounts; a lease is {LEASE_S} s",
            )
            yield Figure(
                what="from SIGKILL to the last unknown outcome settled",
                ours=struck.settled_s,
                unit="s",
                target=f"<= {SOON_S + SETTLE_S}",
                note=f"settle window {SETTLE_S} s",
            )


async def _all_struck(strikes: Sequence[Strike]) -> list[Struck]:
    places = asyncio.Semaphore(AT_A_TIME)

    async def one(strike: Strike) -> Struck:
        async with places:
            return await _struck(strike)

    return await asyncio.gather(*map(one, strikes))


async def _struck(strike: Strike) -> Struck:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-cluster-")))
        database = stack.enter_context(Database.made(stack.enter_context(_server())))
        cluster = await stack.enter_async_context(
            Cluster.made(folder, database, share=1, quota=QUOTA, settle=f"{SETTLE_S}s", large=strike.large)
        )
        cluster.workers.start(0, 1)
        began = time.monotonic()
        await cluster.hand_over()
        await cluster.until_begun(BEGUN)
        before = {account: cluster.entries(account) for account in _accounts_of(cluster, cluster.workers.pid(0))}
        at = time.time()
        await strike.strike(cluster)
        told = await cluster.followed()
        took_s = time.monotonic() - began
        outcome = await cluster.outcome(told)
        is_killed = strike.strike is kill_a_worker
        return Struck(
            strike,
            outcome,
            took_s,
            tuple(_next_create(cluster.entries(each), at) - at for each in before) if is_killed else (),
            max((_settled_at(cluster.entries(each), at) - at for each in before), default=0) if is_killed else 0,
            sum(map(cluster.runs, ACCOUNTS)),
        )


def _accounts_of(cluster: Cluster, pid: int) -> list[str]:
    """Return the accounts whose leases this process has."""
    query = "select name from bulk_onboard.account where split_part(owner, ':', 2) = %s and until > clock_timestamp()"
    return [name.partition(".")[2] for (name,) in cluster.database.execute(query, str(pid))]


def _next_create(entries: Sequence[dict[str, Any]], at: float) -> float:
    """Return when the run that began after this instant wrote down its first create, just before it was sent."""
    instants = [(datetime.fromisoformat(entry["at"]).timestamp(), entry) for entry in entries]
    begun = min(instant for instant, entry in instants if entry["entry"] == "run_started" and instant > at)
    return min(i for i, entry in instants if (entry["entry"], entry.get("op")) == ("intent", "create") and i > begun)


def _settled_at(entries: Sequence[dict[str, Any]], at: float) -> float:
    """Return when the last call was settled that was under way or unknown at this instant."""
    instants = [datetime.fromisoformat(entry["at"]).timestamp() for entry in entries]
    unknown: dict[str, float] = {}
    for entry, instant in zip(entries, instants, strict=True):
        token, name = entry.get("token"), entry["entry"]
        if name == "intent" and instant <= at:
            unknown[token] = 0
        elif token in unknown and name in ("done", "adopted", "absent", "refused", "unavailable", "throttled"):
            if instant <= at:
                del unknown[token]
            else:
                unknown[token] = unknown[token] or instant
    return max(unknown.values(), default=at)


# Appends.


class Appended(NamedTuple):
    """How many entries a second all accounts appended, and for how long one waited."""

    rate: float
    median_ms: float
    p99_ms: float


def _appends() -> Iterator[Figure]:
    told: dict[tuple[str, int], list[Appended]] = defaultdict(list)
    with _server() as server:
        for _ in range(TURNS):
            for accounts in (1, MANY):
                for kind in ("file", "database"):
                    told[kind, accounts].append(_appended(server, kind, accounts))
    for accounts in (1, MANY):
        ours, file = (_median(told[kind, accounts]) for kind in ("database", "file"))
        what = "one account, one append at a time" if accounts == 1 else f"{accounts} accounts, one each at a time"
        yield Figure(
            what=f"appends, {what}",
            ours=ours.rate,
            unit="entries/s",
            beside="the file, in turns",
            theirs=file.rate,
            note=f"medians of {TURNS}; one append: median {ours.median_ms:.2f} ms beside {file.median_ms:.2f}",
        )
        yield Figure(
            what=f"appends, {what}: p99",
            ours=ours.p99_ms,
            unit="ms",
            beside="the file, in turns",
            theirs=file.p99_ms,
        )


def _appended(server: Server, kind: str, accounts: int) -> Appended:
    with tempfile.TemporaryDirectory(prefix="bench-appends-") as folder, Database.made(server) as database:
        _store(database, "setup").setup()
        names = [f"bench.a{number:03d}" for number in range(accounts)]
        stores: list[Store] = [
            FileStore(Path(folder) / f"{name}.ledger.jsonl", **ABOUT) if kind == "file" else _store(database, name)
            for name in names
        ]
        return asyncio.run(_append_to(stores))


async def _append_to(stores: Sequence[Store]) -> Appended:
    waits: list[float] = []
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(store.opened(auth_id="MA" + "X" * 18, clock=SystemClock()))
            for store in stores
        ]
        numbers = count()
        began = time.monotonic()

        async def append(journal: Any) -> None:
            while time.monotonic() < began + APPENDING_S:
                for entry in sent_entries(next(numbers)):
                    before = time.monotonic()
                    await journal.append(entry)
                    waits.append(time.monotonic() - before)

        async with asyncio.TaskGroup() as group:
            for journal in opened:
                group.create_task(append(journal))
        took_s = time.monotonic() - began
    hundredths = statistics.quantiles(waits, n=100)
    return Appended(len(waits) / took_s, 1000 * hundredths[49], 1000 * hundredths[98])


def _median(turns: Sequence[Appended]) -> Appended:
    return Appended(*map(statistics.median, zip(*turns, strict=True)))


# CPU.


def _cpu() -> Iterator[Figure]:
    costs: dict[str, list[float]] = defaultdict(list)
    with _server() as server:
        for _ in range(CPU_TURNS):
            for kind in ("file", "database"):
                with new_folder() as folder, counter() as url, Database.made(server) as database:
                    _store(database, "setup").setup()
                    job = make_job(
                        folder,
                        CPU_ACCOUNTS,
                        CPU_RECORDS // CPU_ACCOUNTS,
                        url=url,
                        size=CPU_SIZE,
                        sets=CPU_RECORDS,
                        store="file" if kind == "file" else database.address,
                    )
                    costs[kind].append(1000 * finished(run_of(job)).cpu_s / CPU_RECORDS)
    yield Figure(
        what=f"CPU of a record of 3 × {CPU_SIZE // 1000} KB, ledgers in a database",
        ours=statistics.median(costs["database"]),
        unit="ms",
        beside="ledgers in files, in turns",
        theirs=statistics.median(costs["file"]),
        target="<= 1.1",
        note=f"{CPU_RECORDS:,} records of {CPU_ACCOUNTS} accounts without a quota; medians of {CPU_TURNS}; "
        "without the server's own",
    )
