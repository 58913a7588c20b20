"""A simulated month: a sheet that grows by night, people who review by day, and books that agree in the end.

The sandbox and the tool share a calendar of which days are torn off, so thirty nights take a minute. By night the real
run goes over a real socket, meets answers that are lost, and by day the API's people approve, and send back one
record of twenty; its row is mended, and comes back the night after.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.job import load_job
from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.entry import Done, Op
from bulk_onboard.model.record import Record, State, linked_numbers
from bulk_onboard.run.finish import RunResult
from bulk_onboard.run.run import run_job
from bulk_onboard.run.stop import Stop
from bulk_onboard.sandbox.records import APPROVED, PENDING, REJECTED
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import (
    DOCUMENTS,
    HEADERS,
    Cells,
    business,
    document,
    sha256,
    write_documents,
    write_workbook,
)
from tests.support.clocks import Calendar
from tests.support.office import AUTH_ID, AUTH_TOKEN

pytestmark = pytest.mark.slow

NIGHTS, ROWS, PART = 30, 2_000, 100
SENT_BACK = 0.05
WITH_NUMBER = 0.1
SEED = 20261128
REASON = "Address proof document is expired. Please upload a document dated within the last 3 months."
WORD = {"pending": PENDING, "approved": APPROVED, "rejected": REJECTED}


@dataclass(slots=True)
class Month:
    """The sheet, the people and the nights.

    Attributes:
        sent_back: registration numbers of rows whose record was rejected once.
        to_mend: of those, the rows that nobody has mended yet.
    """

    folder: Path
    sandbox: Sandbox
    calendar: Calendar
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))
    rows: list[Cells] = field(default_factory=list)
    sent_back: set[str] = field(default_factory=set)
    to_mend: set[str] = field(default_factory=set)

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
            if record.review == PENDING:
                self._review(record)
        more = [self._new_row(number) for number in range(len(self.rows), min(ROWS, len(self.rows) + PART))]
        write_documents(self.folder / "scans", more)
        self.rows += more
        self.dice.shuffle(self.rows)
        write_workbook(self.folder / "nightly.csv", self.rows, (*HEADERS, "Numbers"))
        self.calendar.tear_off(1)

    def _new_row(self, number: int) -> Cells:
        numbers = f"+91 11 {40_000_000 + number}" if self.dice.random() < WITH_NUMBER else ""
        return business(number, Key=f"K-{number}", Numbers=numbers)

    def _review(self, record) -> None:
        number = record.end_user["registration_number"]
        if number not in self.sent_back and self.dice.random() < SENT_BACK:
            self.sandbox.state.review(record, REJECTED, REASON)
            self.sent_back.add(number)
            self.to_mend.add(number)
        else:
            self.sandbox.state.review(record, APPROVED, None)

    def _mend(self) -> None:
        """A new scan under the old name."""
        for cells in self.rows:
            if cells["Registration Number"] in self.to_mend:
                name = cells["Address Proof"]
                (self.folder / "scans" / name).write_bytes(document(f"new {name}"))
        self.to_mend.clear()

    def digests(self, cells: Cells) -> dict[str, str]:
        """What the row's documents are now, by type."""
        files = {title: (self.folder / "scans" / cells[title]).read_bytes() for title in DOCUMENTS}
        return {title.lower().replace(" ", "_"): sha256(content) for title, content in files.items()}


@pytest.mark.timeout(400)
async def test_thirty_nights_end_with_the_same_books_on_both_sides(tmp_path: Path) -> None:
    """2,000 rows in parts, one of twenty sent back and mended: each filed, corrected and linked once, and approved."""
    calendar = Calendar()
    faults = {"drop-after": 0.01, "error-500-before": 0.01, "update:drop-after": 0.1, "link:drop-after": 0.1}
    async with Sandbox(clock=calendar, faults=faults, behaviours=("newest-first",), seed=SEED) as sandbox:
        month = Month(tmp_path, sandbox, calendar)
        statuses = Counter()
        for _ in range(NIGHTS):
            month.day()
            result = await month.night()
            statuses[int(result.exit_status)] += 1
        month.day()
        last = await month.night()
        idle = await month.night()

        records = read_ledger_state(tmp_path / "nightly.ledger.jsonl").ledger_state.records
        check_books(month, records)
        assert sandbox.state.duplicates == []

    assert {State.SUBMITTED.value: ROWS, "rows": ROWS} == {name: n for name, n in last.counts.items() if n}
    assert ROWS == last.reviews["approved"]
    assert {"list done", "requirements done"} == set(idle.requests)
    assert statuses.keys() <= {0, 3}
    assert 0 == idle.exit_status == verify(tmp_path / "nightly.ledger.jsonl").exit_status
    check_writes(month)


def check_books(month: Month, records: dict[str, Record]) -> None:
    """Ids, aliases, reviews and numbers of the ledger are the API's, and the API has each row as it is now."""
    at_the_api = {record.compliance_id: record for record in month.sandbox.state.records}
    assert at_the_api.keys() == {record.compliance_id for record in records.values()}
    by_key = {record.key: record for record in records.values()}
    for cells in month.rows:
        ours = by_key[cells["Key"]]
        theirs = at_the_api[ours.compliance_id]
        assert (ours.alias, WORD[ours.review]) == (theirs.alias, theirs.review)
        assert cells["Registration Number"] == theirs.end_user["registration_number"]
        assert month.digests(cells) == {each.type: each.sha256 for each in theirs.documents}
        linked = {number.number for number in month.sandbox.state.linked_numbers(theirs)}
        named = {cells["Numbers"].replace("+", "").replace(" ", "")} - {""}
        assert named == linked == linked_numbers(ours)


def check_writes(month: Month) -> None:
    """What was sent back was corrected once, and nothing else was."""
    updates = [request for request in month.sandbox.log if request.operation == "update"]
    patched = Counter(each.alias for each in updates if each.http_status == 200 or each.fault == "drop-after")
    assert set(patched.values()) == {1}
    assert len(month.sent_back) == len(patched) > 0.5 * SENT_BACK * ROWS
    done = [e for e in entries((month.folder / "nightly.ledger.jsonl").read_bytes()) if isinstance(e, Done)]
    assert len(done) > ROWS
    assert {Op.CREATE, Op.UPDATE, Op.LINK} == {entry.op for entry in done}
