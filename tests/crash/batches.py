"""A batch: one sheet, one ledger and one sandbox in a process of its own, the real command killed again and again.

Everything is drawn by the dice of its seed: faults and behaviours of the API, when to kill, what to change in the
sheet between the runs. The same seed throws the same dice; what the machine does with its time is its own.
"""

import asyncio
import json
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import openpyxl

from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.model.entry import Absent, Adopted, Held, Intent, Op
from bulk_onboard.model.record import State
from tests.crash.figures import FIGURES
from tests.support.businesses import DOCUMENTS, Cells, business, document, sha256
from tests.support.office import Office, Told, heard, start

HANGS = ("hang-before", "hang-after")
LOST = (
    *("drop-before", "drop-mid-body", "drop-after", "error-500-before", "error-500-after"),
    *("html-502-before", "html-502-after", "truncated-json", "cut-answer", "late-apply"),
)
BEHAVIOURS = ((), ("ignore-alias",), ("substring-alias", "newest-first"), ("random-order",), ("cap-20",))
LONGEST_LIFE_S = 4.0  # a hanging call ends with the process that waits for it


@dataclass(frozen=True, slots=True)
class Weather:
    """How the API behaves towards one batch; `rates` are shares of the creates."""

    rates: Mapping[str, float]
    behaviours: tuple[str, ...] = ()
    lag_s: float = 0.2
    late_s: float = 0.2
    settle_s: float = 1.0

    @property
    def without_hangs(self) -> dict[str, float]:
        """The rates of the faults that a client outlives within a test."""
        return {name: share for name, share in self.rates.items() if name not in HANGS}


def drawn(dice: random.Random) -> Weather:
    """Three or four kinds of loss on a third of the creates, and sometimes a hang, a stray 429, a list that fails."""
    rates = dict.fromkeys(dice.sample(LOST, dice.randint(3, 4)), 0.09)
    rates |= {dice.choice(HANGS): 0.03} if dice.random() < 0.3 else {}
    rates |= {"stray-429": 0.03} if dice.random() < 0.3 else {}
    rates |= {"list:error-500-before": 0.05, "list:drop-after": 0.05} if dice.random() < 0.3 else {}
    return Weather(rates, dice.choice(BEHAVIOURS), lag_s=dice.choice((0.0, 0.2)))


@dataclass(frozen=True, slots=True)
class FarSandbox:
    """The sandbox in a process of its own, steered from here."""

    url: str

    async def state(self) -> Any:
        """Everything it keeps."""
        return await self._ask("state", None)

    async def set_rates(self, rates: Mapping[str, float]) -> None:
        """Replace all faults."""
        await self._ask("faults", {"rates": dict(rates)})

    async def _ask(self, what: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sandbox/{what}", data, method="GET" if body is None else "POST")
        return json.loads(await asyncio.to_thread(lambda: urlopen(request, timeout=30).read()))


@asynccontextmanager
async def far_sandbox(weather: Weather, *, ledger: Path, seed: int) -> AsyncIterator[FarSandbox]:
    """A faulty sandbox that watches the ledger for intents, while the context lasts."""
    words = ["--port", "0", "--quota", "none", "--seed", str(seed), "--ledger", str(ledger)]
    words += ["--list-lag", f"{weather.lag_s}s", "--late-apply", f"{weather.late_s}s"]
    words += [word for name, share in weather.rates.items() for word in ("--fault", f"{name}={share}")]
    words += [word for name in weather.behaviours for word in ("--list", name)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bulk_onboard", "sandbox", *words), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    try:
        assert process.stdout is not None
        yield FarSandbox((await process.stdout.readline()).decode().split()[-1])
    finally:
        process.terminate()
        await process.communicate()


@dataclass(slots=True)
class Batch:
    """One sheet on its way to the API.

    Attributes:
        keyed: whether its rows have Keys; then their registration numbers may be mended, too.
        kills: how many of its runs were killed.
        versions: digests that each row's documents have had, by business and document.
    """

    office: Office
    sandbox: FarSandbox
    weather: Weather
    dice: random.Random
    keyed: bool
    kills: int = 0
    versions: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    @asynccontextmanager
    async def opened(cls, folder: Path, weather: Weather, *, seed: int, rows: int) -> AsyncIterator["Batch"]:
        """A batch with its first rows, and its sandbox running."""
        folder.mkdir()
        dice = random.Random(f"{seed} batch")
        ledger = folder / "businesses.ledger.jsonl"
        async with far_sandbox(weather, ledger=ledger, seed=seed) as sandbox:
            office = Office(folder, sandbox)  # type: ignore[arg-type]  # its folder and its rows are what is used
            batch = cls(office, sandbox, weather, dice, keyed=dice.random() < 0.5)
            batch.add(rows)
            yield batch

    def add(self, rows: int) -> None:
        """So many more rows at the end of the sheet."""
        before = len(self.office.rows)
        more = [business(n, **({"Key": f"K-{n}"} if self.keyed else {})) for n in range(before, before + rows)]
        self.office.fill([*self.office.rows, *more])
        for cells in more:
            for title in DOCUMENTS:
                self._note(cells, title)

    async def run(self) -> Told:
        """A run to its own end."""
        return await heard(await self._start())

    async def run_killed(self) -> None:
        """A run that is killed at some time, or when the ledger has grown by so much, unless it has ended by then."""
        before = self._ledger_size()
        process = await self._start()
        ended = asyncio.ensure_future(heard(process))
        growth = int(100 * 90 ** self.dice.random())  # the run's first lines as often as its thousands of bytes
        grown = self._grown(before + growth) if self.dice.random() < 0.8 else None
        moment = asyncio.ensure_future(grown or asyncio.sleep(self.dice.uniform(0.2, 0.8 + self.weather.settle_s)))
        await asyncio.wait({ended, moment}, return_when=asyncio.FIRST_COMPLETED, timeout=LONGEST_LIFE_S)
        moment.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        told = await ended
        killed = told.status == -signal.SIGKILL
        assert killed or told.status in {0, 3, 4}, told.err
        self.kills += killed
        FIGURES["kills"] += killed
        FIGURES["orphans"] += self._orphans() if killed else 0

    def sort_anew(self) -> None:
        """The same rows in another order."""
        self.dice.shuffle(self.office.rows)
        self.office.save()

    def tidy(self) -> None:
        """What people do to a sheet between runs: sort it, now and then mend a row or replace a document."""
        if self.dice.random() < 0.3:
            cells = self.dice.choice(self.office.rows)
            cells["City"] = self.dice.choice(("Mysuru", "Hubballi", "Udupi"))
            if self.keyed and self.dice.random() < 0.3:
                cells["Registration Number"] = f"U{self.dice.randrange(10**4, 10**5)}KA2021PTC{len(self.versions):06d}"
        if self.dice.random() < 0.3:
            cells, title = self.dice.choice(self.office.rows), self.dice.choice(DOCUMENTS)
            name = cells[title]
            (self.office.documents / name).write_bytes(document(f"version {self.dice.random()} of {name}"))
            self._note(cells, title)
        self.sort_anew()

    async def finish(self) -> Told:
        """Runs in fair weather until nothing changes any more; the list lags as before."""
        await self.sandbox.set_rates({})
        before = None
        for _ in range(6):
            told = await self.run()
            assert told.status in {0, 3, 4}, told.err
            if told.json["counts"] == before:
                break
            before = told.json["counts"]
        return told

    async def check(self, told: Told) -> None:
        """Nothing twice, nothing lost, nothing in the wrong place; and what a person is asked is asked with reason."""
        state, counts, number = await self.sandbox.state(), told.json["counts"], len(self.office.rows)
        results = self.results()
        assert [] == state["duplicates"]
        assert [] == state["without_intent"]
        assert 0 == state["to_come"]
        assert list(range(2, number + 2)) == sorted(result["Row"] for result in results)
        assert number == counts["rows"] == counts["submitted"] + counts["held"] + counts["uncertain"]
        self._check_records({record["compliance_id"]: record for record in state["records"]}, results)
        self._check_held(counts["held"])
        verified = await start("ledger", "verify", str(self.office.ledger), cwd=self.office.folder)
        assert (3 if counts["held"] else 0) == (await heard(verified)).status

    def results(self) -> list[dict[str, Any]]:
        """The rows of the report, by column."""
        header, *rows = openpyxl.load_workbook(self.office.report)["Results"].iter_rows(values_only=True)
        return [dict(zip(map(str, header), row, strict=True)) for row in rows]

    def _check_records(self, kept: dict[str, Any], results: list[dict[str, Any]]) -> None:
        """Each submitted id is at the API, is this row's, and holds the bytes of its intent; no record is nobody's."""
        records = read_books(self.office.ledger).books.records.values()
        by_id = {record.compliance_id: record for record in records if record.compliance_id}
        intents = self._intents()
        submitted = [result for result in results if result["State"] == "submitted"]
        assert sorted(result["Compliance ID"] for result in submitted) == sorted(by_id)
        left = {record.alias for record in records if not record.compliance_id}
        assert all(kept[other]["alias"] in left for other in kept.keys() - by_id.keys())
        for result in submitted:
            record, cells = kept[result["Compliance ID"]], self.office.rows[result["Row"] - 2]
            sent = {each["type"]: each["sha256"] for each in record["documents"]}
            assert by_id[record["compliance_id"]].alias == record["alias"]
            assert cells["Business Name"] == record["end_user"]["name"]
            assert sent in [
                {each.type: each.sha256 for each in intent.documents} for intent in intents[record["alias"]]
            ]
            for title in DOCUMENTS:
                assert sent[title.lower().replace(" ", "_")] in self.versions[cells["Business Name"], title]

    def _check_held(self, held: int) -> None:
        """Only what could not be proved absent is held."""
        whys = [e.why for e in entries(self.office.ledger.read_bytes()) if isinstance(e, Held)]
        assert len(whys) >= held
        assert all(why.startswith("absence could not be shown") for why in whys), whys

    def count(self) -> None:
        """Add this batch to the figures."""
        everything = list(entries(self.office.ledger.read_bytes()))
        FIGURES["rows"] += len(self.office.rows)
        FIGURES["creates"] += sum(isinstance(entry, Intent) for entry in everything)
        for kind in (Adopted, Absent, Held):
            FIGURES[kind.name()] += sum(isinstance(entry, kind) for entry in everything)

    async def _start(self) -> Process:
        flags = ["--base-url", self.sandbox.url, "--documents", str(self.office.documents), "--quota", "none"]
        flags += ["--settle", f"{self.weather.settle_s}s", "--concurrency", "4", "--json"]
        return await start("run", str(self.office.workbook), *flags, cwd=self.office.folder)

    async def _grown(self, size: int) -> None:
        while self._ledger_size() < size:
            await asyncio.sleep(0.004)
        await asyncio.sleep(self.dice.uniform(0, 0.03))

    def _orphans(self) -> int:
        """How many creates the run has left of which it never learnt the outcome."""
        if not self._ledger_size():
            return 0
        return sum(r.state is State.SENDING for r in read_books(self.office.ledger).books.records.values())

    def _ledger_size(self) -> int:
        return self.office.ledger.stat().st_size if self.office.ledger.exists() else 0

    def _note(self, cells: Cells, title: str) -> None:
        content = (self.office.documents / cells[title]).read_bytes()
        self.versions[cells["Business Name"], title].add(sha256(content))

    def _intents(self) -> dict[str, list[Intent]]:
        by_alias = defaultdict(list)
        for entry in entries(self.office.ledger.read_bytes()):
            if isinstance(entry, Intent) and entry.op is Op.CREATE:
                by_alias[entry.alias].append(entry)
        return by_alias
