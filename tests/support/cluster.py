"""Workers as real processes, a supervisor that starts them again, and a job that is handed over to them.

Between them and PostgreSQL lies a cable, and another between them and the sandbox.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, Self

from bulk_onboard.units import Quota
from tests.support.businesses import DOCUMENTS, document
from tests.support.cable import Cable, Link
from tests.support.office import Office, Told, credentials_of, environ_of
from tests.support.postgres import Database
from tests.support.served import ROOT, Arrived, Served

ACCOUNTS = ("acme", "bravo", "coral-bay", "delta")
ROWS = 90  # of each account
LARGE = range(30, 32)  # of them may have large documents
QUOTA = Quota(30, 4.0)
SETTLE = "1s"
HURRIED = 0.1  # all durations of store and engine are a tenth of those in earnest
LOST = {"drop-after": 0.03, "drop-before": 0.02, "error-500-after": 0.03, "late-apply": 0.02}
LONGEST_S = 200.0
WORKER = ("worker", "--accounts", "2", "--store")  # so that two workers have two each
_PAUSE_S, _LOOK_S = 0.2, 0.1


def environ() -> dict[str, str]:
    """Return what a worker, or who hands over, has in its environment: the credentials of all accounts."""
    env = os.environ | environ_of(ACCOUNTS) | {"PYTHONPATH": str(ROOT)}
    return {name: value for name, value in env.items() if value}


def words(share: float, *typed: str) -> list[str]:
    """Return `bulk-onboard TYPED`, in a process that ends with its stdin, with durations of this share."""
    return [sys.executable, "-m", "tests.support.hurried", f"{share:g}", *typed]


class Workers:
    """So many places for a worker, each of which gets a new one when its worker has ended, as by systemd."""

    def __init__(self, folder: Path, *typed: str, share: float = HURRIED) -> None:
        self._folder, self._words = folder, words(share, *typed)
        self._places: dict[int, Process] = {}
        self._keepers: dict[int, asyncio.Task[None]] = {}
        self._lives = count(1)
        self.ended: list[int] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for keeper in self._keepers.values():
            keeper.cancel()
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        for process in self._places.values():
            if process.returncode is None:
                process.kill()
            await process.wait()

    def start(self, *places: int) -> None:
        """See to it from now on that there is a worker in each of these places."""
        for place in places:
            self._keepers[place] = asyncio.ensure_future(self._keep(place))

    def send(self, signal_: signal.Signals, *places: int) -> None:
        """Send a signal to the workers in these places, or to all."""
        for place in places or self._places:
            if (process := self._places[place]).returncode is None:
                process.send_signal(signal_)

    def pid(self, place: int) -> int:
        """The process that is in this place now."""
        return self._places[place].pid

    def logs(self) -> Iterator[str]:
        """What each said, oldest first."""
        for file in sorted(self._folder.glob("worker-*.log")):
            yield f"--- {file.name}\n{file.read_text(errors='replace')}"

    async def _keep(self, place: int) -> None:
        while True:
            with (self._folder / f"worker-{next(self._lives):03d}-{place}.log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *self._words, cwd=self._folder, env=environ(), stdin=PIPE, stdout=log, stderr=log
                )
            self._places[place] = process
            self.ended.append(await process.wait())
            await asyncio.sleep(_PAUSE_S)


@dataclass(slots=True)
class Cluster:
    """Four accounts of ninety rows, who works them off, and what the API had of it.

    Attributes:
        store, api: the cables to PostgreSQL and to the sandbox.
        share: of all durations in earnest.
        client: who handed them over and follows them.
        asleep: connections of workers that sleep in mid-body, and what had been passed on when they were woken.
    """

    office: Office
    database: Database
    sandbox: Served
    store: Cable
    api: Cable
    workers: Workers
    share: float = HURRIED
    client: Process | None = None
    clients: list[Process] = field(default_factory=list)
    asleep: dict[Link, int] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def made(
        cls,
        folder: Path,
        database: Database,
        *,
        share: float = HURRIED,
        quota: Quota = QUOTA,
        settle: str = SETTLE,
        large: int = 0,
        faults: Mapping[str, float] = LOST,
        seed: int = 1,
    ) -> AsyncIterator["Cluster"]:
        """Make it, with its store set up and no worker yet.

        Args:
            folder: for job file, workbook, documents, reports and logs.
            share: of the durations in earnest.
            large: how many bytes each document of some rows has, in the middle of each account's; 0 for small ones.
        """
        tokens = {auth_id(account): credentials_of(account).auth_token.reveal() for account in ACCOUNTS}
        settings = {"faults": dict(faults), "list_lag_s": 0.2, "late_apply_s": 0.2, "seed": seed, "quota": str(quota)}
        async with (
            Served.opened(credentials=tokens, **settings) as sandbox,
            Cable.laid(database.server.port) as store,
            Cable.laid(int(sandbox.url.rpartition(":")[2])) as api,
        ):
            address = database.server.address(database.name, port=store.port)
            office = Office(folder, SimpleNamespace(url=f"http://127.0.0.1:{api.port}"))  # type: ignore[arg-type]
            office.open_accounts(*ACCOUNTS, quota=str(quota), settle=settle, notify="never", store=address)
            office.fill(len(ACCOUNTS) * ROWS)
            _lengthen(office, large)
            async with Workers(folder, *WORKER, address, share=share) as workers:
                cluster = cls(office, database, sandbox, store, api, workers, share)
                try:
                    told = await cluster.typed("store", "setup", str(office.job_file))
                    assert 0 == told.status, told.err
                    yield cluster
                except BaseException as failed:
                    for log in workers.logs():
                        failed.add_note(log)
                    raise
                finally:
                    for client in cluster.clients:
                        if client.returncode is None:
                            client.kill()
                            await client.wait()

    # Who hands over.

    async def start(self, *typed: str) -> Process:
        """`bulk-onboard TYPED` as a process; the last lines of its stderr are read when it has ended."""
        client = await asyncio.create_subprocess_exec(
            *words(self.share, *typed), cwd=self.office.folder, env=environ(), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        self.clients.append(client)
        return client

    async def typed(self, *typed: str) -> Told:
        """What `bulk-onboard TYPED` says, once it has ended."""
        return await self.heard(await self.start(*typed), typed)

    async def heard(self, client: Process, typed: Sequence[str] = ()) -> Told:
        """What a client says, once it has ended."""
        assert client.stdout is not None
        assert client.stderr is not None
        async with asyncio.timeout(LONGEST_S * max(1, self.share / HURRIED)):
            out, err, _ = await asyncio.gather(client.stdout.read(), client.stderr.read(), client.wait())
        return Told(client.returncode or 0, os.fsdecode(out), os.fsdecode(err), tuple(typed))

    async def hand_over(self) -> None:
        """Hand all accounts over and follow them, in a process of its own."""
        self.client = await self.start(*self._handing_over)

    async def lose_client(self) -> None:
        """Kill whoever follows."""
        assert self.client is not None
        self.client.kill()
        await self.client.wait()
        self.client = None

    async def followed(self) -> Told:
        """What whoever follows says at the end; where he is lost, all are handed over again."""
        if self.client is None:
            await self.hand_over()
        assert self.client is not None
        return await self.heard(self.client, self._handing_over)

    @property
    def _handing_over(self) -> tuple[str, ...]:
        return ("run", str(self.office.job_file), "--cluster", "--json")

    # How far it is.

    async def records(self) -> int:
        """How many records the API has."""
        return sum([len((await self.state(account))["records"]) for account in ACCOUNTS])

    async def until_begun(self, number: int) -> None:
        """Wait until the API has so many records of each account."""
        async with asyncio.timeout(LONGEST_S):
            for account in ACCOUNTS:
                while len((await self.state(account))["records"]) < number:
                    await asyncio.sleep(_LOOK_S)

    async def until(self, number: int) -> None:
        """Wait until the API has so many records."""
        async with asyncio.timeout(LONGEST_S):
            while await self.records() < number:
                await asyncio.sleep(_LOOK_S)

    async def state(self, account: str) -> Any:
        """What the API has of an account."""
        return await self.sandbox.ask(auth_id(account), "state")

    def entries(self, account: str) -> list[dict[str, Any]]:
        """The lines of an account's ledger."""
        name = self.office.ledger_of(account).name.removesuffix(".ledger.jsonl")
        query = "select line from bulk_onboard.entry where account = %s order by seq"
        return [json.loads(line) for (line,) in self.database.execute(query, name)]

    # What it came to.

    async def ended(self, told: Told) -> tuple["Outcome", dict[str, list[Arrived]]]:
        """Count what must not be, once whoever follows has ended, and end the sandbox; return its log, too."""
        states = {account: await self.state(account) for account in ACCOUNTS}
        log = await self.sandbox.end()
        rows = {account: self._rows(account) for account in ACCOUNTS}
        filed = {each: Counter(it["end_user"]["name"] for it in states[each]["records"]) for each in ACCOUNTS}
        runs = {account: self.runs(account) for account in ACCOUNTS}
        outcome = Outcome(
            exit_status=told.status,
            duplicates=sum(len(state["duplicates"]) + state["to_come"] for state in states.values()),
            lost=sum((rows[account] - filed[account]).total() for account in ACCOUNTS),
            strange=sum(len(set(filed[account]) - set(rows[account])) for account in ACCOUNTS),
            above_quota=sum(max(0, _throttled(log[auth_id(each)]) - runs[each]) for each in ACCOUNTS),
            after_waking=sum(link.passed - before for link, before in self.asleep.items()),
            wrong_reports=tuple(self._wrong_reports(told)) if not told.status else (),
            error=told.err if told.status else "",
        )
        return outcome, log

    async def outcome(self, told: Told) -> "Outcome":
        """Count what must not be, once whoever follows has ended, and end the sandbox."""
        outcome, _ = await self.ended(told)
        return outcome

    def runs(self, account: str) -> int:
        """Return how often an account was opened by a run; each may draw one throttled call, its probe."""
        return sum(entry["entry"] == "run_started" for entry in self.entries(account))

    def _rows(self, account: str) -> Counter[str]:
        return Counter(cells["Business Name"] for cells in self.office.rows if cells["Account"] == account)

    def _wrong_reports(self, told: Told) -> Iterator[str]:
        """Yield what does not add up: each account's report has its rows, those over all have the rows of all."""
        wanted = Counter({(account, "submitted"): ROWS for account in ACCOUNTS})
        if wanted != Counter((result["Account"], result["State"]) for result in self.office.sheet("Results")):
            yield "the report over all"
        summary = json.loads(self.office.report.with_name("businesses.summary.json").read_text(encoding="utf-8"))
        for what, counts in (("the summary over all", summary["counts"]), ("what it printed", told.json["counts"])):
            if wanted.total() != counts["submitted"]:
                yield what
        lines = {line["account"]: line["counts"] for line in told.json["accounts"]}
        for account in ACCOUNTS:
            if ROWS * ["submitted"] != [result["State"] for result in self.office.sheet("Results", account)]:
                yield f"the report of {account}"
            if not ROWS == lines[account]["rows"] == lines[account]["submitted"]:
                yield f"the line of {account}"


class Outcome(NamedTuple):
    """How it ended, and what must not be.

    Attributes:
        exit_status: of whoever followed.
        duplicates: records of a business that has one, or will be made by a call that is under way.
        lost: rows without a record.
        strange: records at an account that has no such row.
        above_quota: requests that were throttled, but for one of each run.
        after_waking: bytes that a worker which was asleep sent on connections of its lease before.
        wrong_reports: what does not add up.
        error: what was said at the end, where that was not well.
    """

    exit_status: int = 0
    duplicates: int = 0
    lost: int = 0
    strange: int = 0
    above_quota: int = 0
    after_waking: int = 0
    wrong_reports: tuple[str, ...] = ()
    error: str = ""


WELL = Outcome()


def _throttled(log: Sequence[Arrived]) -> int:
    return sum(status == 429 for _, operation, status in log if operation != "requirements")


def _lengthen(office: Office, size: int) -> None:
    for cells in office.rows[len(ACCOUNTS) * LARGE.start : len(ACCOUNTS) * LARGE.stop] if size else ():
        for name in map(cells.__getitem__, DOCUMENTS):
            (office.documents / name).write_bytes(document(name, size=size))


def auth_id(account: str) -> str:
    """The auth id of an account."""
    return credentials_of(account).auth_id
