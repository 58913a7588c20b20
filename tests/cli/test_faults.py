"""What the machine refuses in the middle of a run: disk, descriptors; the command as people type it."""

import asyncio
import json
import resource

import pytest

from bulk_onboard.ledger.fold import entries
from bulk_onboard.sandbox.faults import FOR_GOOD
from tests.support.businesses import business
from tests.support.office import Office, Told, heard

pytestmark = pytest.mark.slow

ROWS = 60


async def run_limited(office: Office, kind: int, limit: int, *, after: int = 2) -> Told:
    """A run whose process may use no more of something once it has made so many records."""
    process = await office.start("run", "--json", "--concurrency", "4", PYTHONDONTWRITEBYTECODE="1")
    while len(office.sandbox.state.records) < after:
        await asyncio.sleep(0.005)
    resource.prlimit(process.pid, kind, (limit, limit))
    return await heard(process)


async def assert_the_next_run_completes(office: Office, rows: int = ROWS) -> None:
    """With the trouble mended, running again makes each row exactly one record, and the ledger is sound."""
    told = await office.type("run", "--json")

    assert (0, rows) == (told.status, told.json["counts"]["submitted"])
    assert rows == len(office.sandbox.state.records)
    assert [] == office.sandbox.state.duplicates
    assert 0 == (await office.type("ledger verify")).status


def intents(office: Office) -> list[str]:
    """The aliases that the ledger knows to have been sent."""
    return [getattr(e, "alias", "") for e in entries(office.ledger.read_bytes()) if e.name() == "intent"]


@pytest.mark.parametrize("size", [14_000, 20_000])
async def test_a_full_disk_stops_the_run_and_names_what_it_could_not_save(office: Office, size: int) -> None:
    """Exit status 4; no create without its intent on disk; ids that were not saved are on stderr."""
    office.fill([business(number, Key=f"K-{number:04d}") for number in range(ROWS)])
    office.sandbox.latency_s = 0.02
    await office.run(limit="1")  # so that neither report nor lock is made under the limit for the first time

    told = await run_limited(office, resource.RLIMIT_FSIZE, size)

    records = office.sandbox.state.records
    sent = intents(office)
    saved = office.ledger.read_text()
    assert told.status == 4
    assert "disk" in told.json["error"]
    assert office.ledger.stat().st_size <= size
    assert 2 < len(records) < ROWS
    assert {record.alias for record in records} <= set(sent)
    unsaved = [record.compliance_id for record in records if record.compliance_id not in saved]
    assert [] == [compliance_id for compliance_id in unsaved if compliance_id not in told.err]
    assert "Traceback" not in told.err
    await assert_the_next_run_completes(office)


async def test_without_descriptors_the_run_waits_or_stops_and_loses_nothing(office: Office) -> None:
    """EMFILE: no socket and no document can be opened; no row is told to be wrong, the next run completes."""
    office.fill(16)
    office.sandbox.latency_s = 0.02

    told = await run_limited(office, resource.RLIMIT_NOFILE, 5)

    counts = told.json["counts"]
    assert told.status == 4
    assert (0, 0) == (counts["refused"], counts["invalid"])
    assert 16 == counts["submitted"] + counts["not sent"] + counts["deferred"] + counts["uncertain"]
    assert "Traceback" not in told.err
    await assert_the_next_run_completes(office, 16)


async def test_denied_in_mid_run_ends_in_7_and_the_next_run_at_0(office: Office) -> None:
    """The command of a cron job: status, one sentence, and after new credentials the same command finishes."""
    office.fill(12)
    office.sandbox.faults.script("any", "refuse-401", FOR_GOOD, after=8)

    told = await office.type("run", "--json", "--concurrency", "4")
    sent = len(office.sandbox.state.records)
    office.sandbox.faults.clear()

    assert told.status == 7
    assert "PLIVO_AUTH_TOKEN" in told.json["error"]
    assert sent == told.json["counts"]["submitted"] < 12
    assert "bulk-onboard" in told.json["next"]
    await assert_the_next_run_completes(office, 12)


async def test_a_burst_of_errors_is_told_on_the_log_and_ends_well(office: Office) -> None:
    """The breaker opens and closes: a line each on stderr, exit status 0."""
    office.fill(12)
    office.sandbox.faults.script("any", "error-500-before", 11, after=6)

    told = await office.type("run", "--json", "--concurrency", "4", "--log-format", "json")

    events = [json.loads(line)["event"] for line in told.err.splitlines()]
    assert (0, 12) == (told.status, told.json["counts"]["submitted"])
    assert "breaker open" in events
    assert "breaker closed" in events[events.index("breaker open") :]
    assert 12 == len(office.sandbox.state.records)
