"""A simulated month: a sheet that grows by night, people who review by day, and books that agree in the end.

The sandbox and the tool share a calendar of which days are torn off, so thirty nights take a minute. By night the real
run goes over a real socket, meets answers that are lost, and by day the API's people approve, and send back one
record of twenty; its row is mended, and comes back the night after.

So it is in both contracts; `CONTRACT=released` has the whole month in that one. There, some records are drafts at
first, approved ones are suspended for some days, others expire, so that their rows are filed anew; all document types
get new ids now and then; and numbers are linked in bulk, with reports of every kind.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.job import load_job
from bulk_onboard.ledger.disk import ledger_blocks
from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.entry import Done, Op
from bulk_onboard.model.identity import numbers_in
from bulk_onboard.model.record import Record, State, linked_numbers
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.behaviours import LINK, REQUIREMENTS
from bulk_onboard.sandbox.records import APPROVED, DRAFT, EXPIRED, PENDING, REJECTED, SUSPENDED
from bulk_onboard.sandbox.records import Record as Kept
from bulk_onboard.sandbox.server import Sandbox
from tests.crash.dice import REPORTS
from tests.support.businesses import Cells, document, sha256, write_documents, write_workbook
from tests.support.clocks import Calendar
from tests.support.contracts import CONTRACTS, LAYOUTS, Layout, effort, word
from tests.support.office import AUTH_ID, AUTH_TOKEN

pytestmark = pytest.mark.slow

DAYS_OF_PARTS = 20  # after which all rows are there
SENT_BACK = 0.05
WITH_NUMBER = 0.1
EXPIRED_A_DAY, SUSPENDED_A_DAY = 0.01, 0.01
NEW_IDS = 0.2
SEED = 20261128
REASON = "Address proof document is expired. Please upload a document dated within the last 3 months."
WORD = {"pending": PENDING, "approved": APPROVED, "rejected": REJECTED}


@dataclass(slots=True)
class Month:
    """The sheet, the people and the nights.

    Attributes:
        size: how many rows it is to have.
        sent_back: registration numbers of rows whose record was rejected once.
        to_mend: of those, the rows that nobody has mended yet.
        expired: how often a row's record has expired, by its registration number.
        is_calm: nobody sends anything back, and nothing expires any more.
    """

    folder: Path
    sandbox: Sandbox
    calendar: Calendar
    layout: Layout
    size: int
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))
    rows: list[Cells] = field(default_factory=list)
    sent_back: set[str] = field(default_factory=set)
    to_mend: set[str] = field(default_factory=set)
    expired: Counter[str] = field(default_factory=Counter)
    is_calm: bool = False

    @property
    def has_a_longer_life(self) -> bool:
        """Whether the contract has more reviews than the beta."""
        return self.layout.contract == "released"

    async def night(self) -> RunResult:
        """One run of the job, as cron starts it."""
        flags = {
            "base_url": self.sandbox.url,
            "quota": "none",
            "documents": str(self.folder / "scans"),
            "settle": "0.3s",
            "new_only": True,
            "concurrency": "16",
        }
        return await run_job(
            load_job(self.folder / "nightly.csv", flags),
            credentials=Credentials(AUTH_ID, Secret(AUTH_TOKEN)),
            clock=self.calendar,
            stop=Stop(),
        )

    def day(self) -> None:
        """People review what is pending, those who fill in the sheet mend what was sent back, and more rows arrive."""
        self._mend()
        for record in self.sandbox.state.records:
            self._review(record)
        part = self.size // DAYS_OF_PARTS
        more = [self._new_row(number) for number in range(len(self.rows), min(self.size, len(self.rows) + part))]
        write_documents(self.folder / "scans", more)
        self.rows += more
        self.dice.shuffle(self.rows)
        write_workbook(self.folder / "nightly.csv", self.rows, self.layout.headers)
        if self.has_a_longer_life:
            self.sandbox.behaviours.set(self.dice.sample(REPORTS, 1), LINK)
            if self.dice.random() < NEW_IDS:
                self.give_new_ids()
        self.calendar.tear_off(1)

    def give_new_ids(self) -> None:
        """All types of document have other ids from now on."""
        self.sandbox.behaviours.set(["new-ids"], REQUIREMENTS)

    def _new_row(self, number: int) -> Cells:
        several = 1 + number % 3 if self.has_a_longer_life else 1
        numbers = [self.layout.number(3 * number + place) for place in range(several)]
        named = ", ".join(f"+{each}" for each in numbers) if self.dice.random() < WITH_NUMBER else ""
        return self.layout.row(number, Key=f"K-{number}", Numbers=named)

    def _review(self, record: Kept) -> None:
        review, reason = self._next_review(record), None
        number = record.end_user["registration_number"]
        if review == REJECTED:
            reason = REASON
            self.sent_back.add(number)
            self.to_mend.add(number)
        self.expired[number] += review == EXPIRED != record.review
        if review != record.review:
            self.sandbox.state.review(record, review, reason)

    def _next_review(self, record: Kept) -> str:
        """What people make of a record today."""
        dice = 1.0 if self.is_calm else self.dice.random()
        if record.review == PENDING and record.end_user["registration_number"] not in self.sent_back:
            if dice < SENT_BACK:
                return REJECTED
            return DRAFT if self.has_a_longer_life and dice < 2 * SENT_BACK else APPROVED
        if record.review == APPROVED and self.has_a_longer_life:
            if dice < EXPIRED_A_DAY:
                return EXPIRED
            return SUSPENDED if dice < EXPIRED_A_DAY + SUSPENDED_A_DAY else APPROVED
        return record.review if record.review in (REJECTED, EXPIRED) else APPROVED

    def _mend(self) -> None:
        """A new scan under the old name."""
        for cells in self.rows:
            if cells["Registration Number"] in self.to_mend:
                name = cells[self.layout.documents[1]]
                (self.folder / "scans" / name).write_bytes(document(f"new {name}"))
        self.to_mend.clear()

    def digests(self, cells: Cells) -> dict[str, str]:
        """What the row's documents are now, by type."""
        files = {title: (self.folder / "scans" / cells[title]).read_bytes() for title in self.layout.documents}
        return {word(title): sha256(content) for title, content in files.items()}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("contract", CONTRACTS)
async def test_thirty_nights_end_with_the_same_books_on_both_sides(tmp_path: Path, contract: str) -> None:
    """Rows in parts, one of twenty sent back and mended: each filed, corrected and linked once, and approved."""
    calendar, rows = Calendar(), effort(contract, 2_000, 400)
    faults = {"drop-after": 0.01, "error-500-before": 0.01, "update:drop-after": 0.1, "link:drop-after": 0.1}
    options = {"contract": contract, "clock": calendar, "faults": faults, "behaviours": ("newest-first",)}
    async with Sandbox(**options, seed=SEED) as sandbox:
        month = Month(tmp_path, sandbox, calendar, LAYOUTS[contract], rows)
        statuses: Counter[int] = Counter()
        for _ in range(30):
            month.day()
            result = await month.night()
            statuses[int(result.exit_status)] += 1
        month.is_calm = True
        for _ in range(3):  # what was sent back last, and what expired last, is approved and has its numbers
            month.day()
            last = await month.night()
        if month.has_a_longer_life:
            month.give_new_ids()
        idle = await month.night()

        records = read_ledger_state(tmp_path / "nightly.ledger.jsonl").ledger_state.records
        check_books(month, records)
        assert sandbox.state.duplicates == []

    assert {State.SUBMITTED.value: rows, "rows": rows} == {name: n for name, n in last.counts.items() if n}
    assert rows == last.reviews["approved"]
    assert {"list done", "requirements done"} == set(idle.requests)
    assert statuses.keys() <= {0, 3}
    assert 0 == idle.exit_status == verify(ledger_blocks(tmp_path / "nightly.ledger.jsonl"), "nightly").exit_status
    check_writes(month)


def check_books(month: Month, records: dict[str, Record]) -> None:
    """Ids, aliases, reviews and numbers of the ledger are the API's, and the API has each row as it is now."""
    at_the_api = {record.compliance_id: record for record in month.sandbox.state.records}
    assert at_the_api.keys() == {record.compliance_id for record in records.values()}
    generations = sorted(records.values(), key=lambda record: record.generation)
    by_key = {record.key: record for record in generations}  # the newest of each
    for cells in month.rows:
        number = cells["Registration Number"]
        ours = by_key[cells["Key"]]
        theirs = at_the_api[ours.compliance_id]
        assert (ours.alias, WORD[ours.review]) == (theirs.alias, theirs.review)
        assert (number, 1 + month.expired[number]) == (theirs.end_user["registration_number"], ours.generation)
        sent = {word(each.type): each.sha256 for each in theirs.documents if each.content}
        assert month.digests(cells) == sent
        told = {text for each in theirs.documents for text in each.data_fields.values()}
        assert {text for header, text in cells.items() if ": " in header} <= told
        linked = month.sandbox.state.linked_numbers(theirs)
        named = set(numbers_in(cells["Numbers"]))
        assert named == {each.number for each in linked} == linked_numbers(ours)
        assert all(1 <= each.times_linked <= ours.generation for each in linked)


def check_writes(month: Month) -> None:
    """What was sent back was corrected once, and nothing else was; what expired was filed once more each time."""
    updates = [request for request in month.sandbox.log if request.operation == "update"]
    patched = Counter(each.alias for each in updates if each.http_status == 200 or each.fault == "drop-after")
    assert set(patched.values()) == {1}
    assert len(month.sent_back) == len(patched) > 0.5 * SENT_BACK * month.size
    assert len(month.sandbox.state.records) == month.size + month.expired.total()
    assert month.expired.total() > 0.5 * EXPIRED_A_DAY * month.size or not month.has_a_longer_life
    done = [e for e in entries((month.folder / "nightly.ledger.jsonl").read_bytes()) if isinstance(e, Done)]
    assert len(done) > month.size
    assert {Op.CREATE, Op.UPDATE, Op.LINK} == {entry.op for entry in done}
