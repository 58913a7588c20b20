"""A batch: one sheet, one ledger and one sandbox in a process of its own, the real command killed again and again.

Everything is drawn by the dice of its seed: faults and behaviours of the API (`dice`), when to kill, what becomes of
sheet and ledger between the runs. The same seed throws the same dice; what the machine does with its time is its own.
"""

import asyncio
import contextlib
import json
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.entry import Absent, Adopted, Held, Intent, Op
from bulk_onboard.model.record import State
from bulk_onboard.sandbox.behaviours import BEHAVIOURS as SWITCHES
from bulk_onboard.sandbox.records import APPROVED, EXPIRED
from tests.crash.dice import BACKUP, ELSEWHERE, EXPIRY, KEYS, NEW_IDS, TOLD, Weather
from tests.crash.figures import FIGURES
from tests.support.businesses import Cells, document, sha256
from tests.support.contracts import BETA, Layout, word
from tests.support.office import Office, Told, heard, start

LONGEST_LIFE_S = 4.0  # a hanging call ends with the process that waits for it
ENDS_WITHIN_S = 120.0  # a run to its own end, on a busy machine
REVIEW_AFTER_S = 2.0


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

    async def expire(self, compliance_id: str) -> None:
        """Let a record expire."""
        await self._ask("review", {"compliance_id": compliance_id, "review": EXPIRED})

    async def give_new_ids(self, told: Iterable[str]) -> None:
        """Give all types of document new ids; how requirements are `told` stays as it is."""
        await self._ask("requirements", {"behaviours": [*told, NEW_IDS]})

    async def _ask(self, what: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sandbox/{what}", data, method="GET" if body is None else "POST")
        return json.loads(await asyncio.to_thread(lambda: urlopen(request, timeout=30).read()))


@asynccontextmanager
async def far_sandbox(weather: Weather, *, contract: str, ledger: Path, seed: int) -> AsyncIterator[FarSandbox]:
    """A faulty sandbox that watches the ledger for intents, while the context lasts."""
    words = ["--port", "0", "--contract", contract, "--quota", "none", "--seed", str(seed), "--ledger", str(ledger)]
    words += ["--list-lag", f"{weather.lag_s}s", "--late-apply", f"{weather.late_s}s"]
    words += [word for name, share in weather.rates.items() for word in ("--fault", f"{name}={share}")]
    words += ["--get-lag", f"{weather.get_lag_s}s", "--review-after", f"{REVIEW_AFTER_S}s"]
    for name in weather.behaviours:
        words += [f"--{SWITCHES[name.partition('=')[0]].about}", name]
    words += [word for name, number in weather.others.items() for word in ("--others", f"{name}={number}")]
    words += [f"--clock={step}" for step in weather.clock]
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
        past: what stood in the ledgers that were lost or replaced by a backup.
        backups: the ledger as it was at the end of earlier runs.
        keys: the Key that each row had before somebody cleared or respelt it, by business.
        renumbered: businesses whose registration number was mended.
    """

    office: Office
    sandbox: FarSandbox
    weather: Weather
    dice: random.Random
    keyed: bool
    kills: int = 0
    versions: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    past: list[bytes] = field(default_factory=list)
    backups: list[bytes] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    renumbered: set[str] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, folder: Path, weather: Weather, *, seed: int, rows: int, layout: Layout = BETA
    ) -> AsyncIterator["Batch"]:
        """A batch with its first rows, and its sandbox running."""
        folder.mkdir()
        dice = random.Random(f"{seed} batch")
        ledger = folder / "businesses.ledger.jsonl"
        async with far_sandbox(weather, contract=layout.contract, ledger=ledger, seed=seed) as sandbox:
            office = Office(folder, sandbox, layout=layout)  # type: ignore[arg-type]  # only its address is used
            keyed = KEYS in weather.deeds or dice.random() < 0.5
            batch = cls(office, sandbox, weather, dice, keyed=keyed)
            batch.add(rows)
            yield batch

    def add(self, rows: int) -> None:
        """So many more rows at the end of the sheet."""
        before = len(self.office.rows)
        more = [self.office.layout.row(n, **self._own_cells(n)) for n in range(before, before + rows)]
        self.office.fill([*self.office.rows, *more])
        for cells in more:
            for title in self.office.layout.documents:
                self._note(cells, title)

    async def run(self) -> Told:
        """A run to its own end."""
        process = await self._start()
        try:
            return await asyncio.wait_for(heard(process), ENDS_WITHIN_S)
        except TimeoutError:
            process.kill()
            raise AssertionError(f"the run has not ended by itself within {ENDS_WITHIN_S} s") from None

    async def run_killed(self) -> None:
        """A run that is killed at some time, or when the ledger has grown by so much, unless it has ended by then."""
        before = self._ledger_size()
        process = await self._start()
        ended = asyncio.ensure_future(heard(process))
        moment = asyncio.ensure_future(self._moment_to_die(before))
        await asyncio.wait({ended, moment}, return_when=asyncio.FIRST_COMPLETED, timeout=ENDS_WITHIN_S)
        moment.cancel()
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        told = await ended
        killed = told.status == -signal.SIGKILL
        assert killed or told.status in {0, 3, 4}, told.err
        self.kills += killed
        FIGURES["kills"] += killed
        FIGURES["orphans"] += self._orphans() if killed else 0

    async def happens(self) -> None:
        """What becomes of ledger, Keys and account before the next run, as the dice want it."""
        if EXPIRY in self.weather.deeds and self.dice.random() < 0.4:
            await self._expire_one()
        if NEW_IDS in self.weather.deeds and self.dice.random() < 0.4:
            await self.sandbox.give_new_ids(name for name in self.weather.behaviours if name in TOLD)
            FIGURES["times ids were new"] += 1
        if ELSEWHERE in self.weather.deeds and self.dice.random() < 0.2:
            self._move_elsewhere()
        if BACKUP in self.weather.deeds and self.backups and self.dice.random() < 0.25:
            self._note_past()
            self.office.ledger.write_bytes(self.dice.choice(self.backups[-4:]))
            FIGURES["backups put back"] += 1
        if self._ledger_size():
            self.backups.append(self.office.ledger.read_bytes())
        self._give_keys_back()
        if KEYS in self.weather.deeds and self.dice.random() < 0.3 and self._ledger_size():
            self._spoil_keys()

    async def _expire_one(self) -> None:
        records = (await self.sandbox.state())["records"]
        approved = [each for each in records if each["review"] == APPROVED and not each["stranger"]]
        if approved:
            await self.sandbox.expire(self.dice.choice(approved)["compliance_id"])
            FIGURES["expired"] += 1

    def _move_elsewhere(self) -> None:
        """The sheet and its documents are taken elsewhere, and what the tool wrote beside them is not."""
        self._note_past()
        self.backups.clear()
        FIGURES["ledgers lost"] += 1
        for path in self.office.folder.iterdir():
            if path.is_file() and path != self.office.workbook:
                path.unlink()

    def _note_past(self) -> None:
        if self._ledger_size():
            self.past.append(self.office.ledger.read_bytes())

    def _spoil_keys(self) -> None:
        """Somebody clears the Keys of some rows, writes others in another way, or sorts the column alone.

        Of rows that the ledger has records of, and not of those that got another number: with neither Key nor number
        as they were, nothing tells whose row it is.
        """
        filed = {
            record.key
            for record in read_ledger_state(self.office.ledger).ledger_state.records.values()
            if record.compliance_id
        }
        rows = [row for row in self.office.rows if row["Key"] in filed and row["Business Name"] not in self.renumbered]
        rows = self.dice.sample(rows, min(4, len(rows)))
        if not rows:
            return
        keys = [cells["Key"] for cells in rows]
        self.keys = {cells["Business Name"]: cells["Key"] for cells in rows}
        spoilt = self.dice.choice((["" for _ in keys], [f"K-00{key[2:]}" for key in keys], [*keys[1:], keys[0]]))
        for cells, key in zip(rows, spoilt, strict=True):
            cells["Key"] = key
        self.office.save()
        FIGURES["times Keys were spoilt"] += 1

    def _give_keys_back(self) -> None:
        for cells in self.office.rows:
            cells.update({"Key": key} if (key := self.keys.get(cells["Business Name"])) else {})
        self.keys.clear()
        self.office.save()

    def sort_anew(self) -> None:
        """The same rows in another order."""
        self.dice.shuffle(self.office.rows)
        self.office.save()

    def tidy(self) -> None:
        """What people do to a sheet between runs: sort it, now and then mend a row or replace a document.

        No number is mended where the ledger may be lost or old: nothing tells then which record was that row's.
        """
        if self.dice.random() < 0.3:
            cells = self.dice.choice(self.office.rows)
            cells["City"] = self.dice.choice(("Mysuru", "Hubballi", "Udupi"))
            if self.keyed and not self._loses_ledgers and self.dice.random() < 0.3:
                self.renumbered.add(cells["Business Name"])
                cells["Registration Number"] = f"U{self.dice.randrange(10**4, 10**5)}KA2021PTC{len(self.versions):06d}"
        if self.dice.random() < 0.3:
            cells, title = self.dice.choice(self.office.rows), self.dice.choice(self.office.layout.documents)
            name = cells[title]
            (self.office.documents / name).write_bytes(document(f"version {self.dice.random()} of {name}"))
            self._note(cells, title)
        self.sort_anew()

    async def finish(self) -> Told:
        """Runs in fair weather until nothing changes any more; the list lags as before."""
        await self.sandbox.set_rates({})
        self._give_keys_back()
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
        results = self.office.sheet("Results")
        assert [] == state["duplicates"]
        assert [] == state["without_intent"] or self._loses_ledgers  # a witness finds nothing in one that is gone
        assert 0 == state["to_come"]
        assert list(range(2, number + 2)) == sorted(result["Row"] for result in results)
        assert number == counts["rows"] == sum(counts.get(name, 0) for name in self._ends()), told.json
        ours = {record["compliance_id"]: record for record in state["records"] if not record["stranger"]}
        deleted = {record["compliance_id"] for record in state["deleted_by_others"]}
        self._check_records(ours, deleted, results)
        self._check_numbers(ours, state["numbers"])
        assert self._loses_ledgers or linked_too_often(state) == []
        self._check_held(counts["held"])
        verified = await start("ledger", "verify", str(self.office.ledger), cwd=self.office.folder)
        assert (3 if counts["held"] + counts.get("gone", 0) else 0) == (await heard(verified)).status
        FIGURES["deleted by others"] += len(deleted)
        FIGURES[f"numbers linked in {self.office.layout.contract}"] += sum(
            bool(number["compliance_id"]) for number in state["numbers"]
        )

    @property
    def _loses_ledgers(self) -> bool:
        return bool({ELSEWHERE, BACKUP}.intersection(self.weather.deeds))

    def _ends(self) -> list[str]:
        """The states in which rows may end: where nothing can be shown absent, they may also not have been sent."""
        return [
            "submitted",
            "gone",
            "held",
            "uncertain",
            *(("not sent", "deferred") if self.weather.proves_nothing else ()),
        ]

    def _check_records(self, kept: dict[str, Any], deleted: set[str], results: list[dict[str, Any]]) -> None:
        """Each submitted id is at the API, is this row's, and holds the bytes of its intent; no record is nobody's.

        What others deleted is at the API no more, and of a row's expired records the report has nothing.
        """
        records = read_ledger_state(self.office.ledger).ledger_state.records.values()
        former = {record.follows for record in records}
        by_id = {record.compliance_id: record for record in records if record.compliance_id}
        intents = self._intents()
        submitted = [result for result in results if result["State"] == "submitted"]
        told = {result["Compliance ID"] for result in submitted} - deleted
        known = {one for one, record in by_id.items() if record.token not in former} - deleted
        assert told == known, [record for record in records if record.compliance_id in told ^ known]
        left = {
            token(record.alias) for record in records if not record.compliance_id or record.state is State.UNCERTAIN
        }
        strays = [kept[other] for other in kept.keys() - by_id.keys() if token(kept[other]["alias"]) not in left]
        assert [] == [stray["alias"] for stray in strays]
        for result in submitted:
            if result["Compliance ID"] in deleted:
                continue
            record, cells = kept[result["Compliance ID"]], self.office.rows[result["Row"] - 2]
            sent = {word(each["type"]): each["sha256"] for each in record["documents"]}
            assert token(by_id[record["compliance_id"]].alias) == token(record["alias"])
            assert plain(cells["Business Name"]) == plain(record["end_user"]["name"])
            assert sent in [
                {each.type: each.sha256 for each in intent.documents} for intent in intents[token(record["alias"])]
            ]
            for title in self.office.layout.documents:
                assert sent[word(title)] in self.versions[cells["Business Name"], title]

    def _check_numbers(self, kept: dict[str, Any], numbers: list[dict[str, Any]]) -> None:
        """Each linked number is under the record of the business whose row has it."""
        owners = {n: cells["Business Name"] for cells in self.office.rows for n in cells["Numbers"].split(", ")}
        for number in numbers:
            if number["compliance_id"]:
                name = kept[number["compliance_id"]]["end_user"]["name"]
                assert plain(owners[number["number"]]) == plain(name), number

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

    def _own_cells(self, number: int) -> dict[str, str]:
        """The Key of a row where rows have Keys, numbers in every other row, and some long Aliases with accents."""
        key = {"Key": f"K-{number}"} if self.keyed else {}
        alias = {"Alias": f"{number} Café  Müller & Söhne Private Limited"} if number % 3 == 0 else {}
        numbers = (self.office.layout.number(2 * number + place) for place in range((0, 1, 0, 2)[number % 4]))
        return {**key, **alias, "Numbers": ", ".join(numbers)}

    async def _start(self) -> Process:
        flags = ["--base-url", self.sandbox.url, "--documents", str(self.office.documents), "--quota", "none"]
        flags += ["--settle", f"{self.weather.settle_s}s", "--concurrency", "4", "--json"]
        return await start("run", str(self.office.workbook), *flags, cwd=self.office.folder)

    async def _moment_to_die(self, before: int) -> None:
        """Some time, or when the ledger has grown by so much; it may take long to begin on a busy machine."""
        growth = int(100 * 90 ** self.dice.random())  # the run's first lines as often as its thousands of bytes
        if self.dice.random() < 0.2:
            await asyncio.sleep(self.dice.uniform(0.2, 0.8 + self.weather.settle_s))
            return
        await self._grown(before + 1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_LIFE_S):
                await self._grown(before + growth)

    async def _grown(self, size: int) -> None:
        while self._ledger_size() < size:
            await asyncio.sleep(0.004)
        await asyncio.sleep(self.dice.uniform(0, 0.03))

    def _orphans(self) -> int:
        """How many creates the run has left of which it never learnt the outcome."""
        if not self._ledger_size():
            return 0
        return sum(
            r.state is State.SENDING for r in read_ledger_state(self.office.ledger).ledger_state.records.values()
        )

    def _ledger_size(self) -> int:
        return self.office.ledger.stat().st_size if self.office.ledger.exists() else 0

    def _note(self, cells: Cells, title: str) -> None:
        content = (self.office.documents / cells[title]).read_bytes()
        self.versions[cells["Business Name"], title].add(sha256(content))

    def _intents(self) -> dict[str, list[Intent]]:
        by_token = defaultdict(list)
        for content in (*self.past, self.office.ledger.read_bytes()):
            for entry in entries(content):
                if isinstance(entry, Intent) and entry.op in (Op.CREATE, Op.UPDATE):
                    by_token[token(entry.alias)].append(entry)
        return by_token


def linked_too_often(state: Any) -> list[dict[str, Any]]:
    """The numbers that were linked more often than once to each record that their row has had."""
    expired = Counter(plain(each["end_user"]["name"]) for each in state["records"] if each["review"] == EXPIRED)
    owners = {each["compliance_id"]: plain(each["end_user"]["name"]) for each in state["records"]}
    return [
        number
        for number in state["numbers"]
        if number["times_linked"] > 1 + expired[owners.get(number["compliance_id"], "")]
    ]


def token(alias: str) -> str:
    """What is left of an alias however the API keeps it."""
    return alias.rpartition("~")[2].strip().lower()


def plain(name: str) -> str:
    """What is left of a business name however the API keeps it."""
    return " ".join(name.casefold().split())
