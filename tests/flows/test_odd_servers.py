"""Whatever the API keeps, lists and answers, and whoever else uses the account: no row is there twice, none is lost.

Each test is a belief that the tool may not have; the behaviours are the sandbox's switches (docs/sandbox.md).
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.fold import entries
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.runner import FIRST_CREATES
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business
from tests.support.nights import Nights, keyed
from tests.support.office import Office

pytestmark = pytest.mark.slow

ROWS = 8
CROWDED = {"present": 130}  # more than one page


@asynccontextmanager
async def office_of(
    folder: Path, *behaviours: str, others: Mapping[str, float] | None = None, rates: Mapping[str, float] | None = None
) -> AsyncIterator[Office]:
    """A desk with a few rows, at an API that behaves so, used by others so, whose creates fail so often."""
    async with Sandbox(behaviours=behaviours, others=others or {}, faults=rates or {}, late_apply_s=0.1) as sandbox:
        office = Office(folder, sandbox)
        office.fill([business(number, Key=f"K-{number}") for number in range(ROWS)])
        yield office


def operations(office: Office) -> Counter[str]:
    """How many requests of each kind arrived."""
    return Counter(request.operation for request in office.sandbox.log)


def ours(office: Office) -> int:
    """How many records this tool made."""
    return sum(not record.is_strangers for record in office.sandbox.state.records)


@pytest.mark.parametrize("others", [{}, CROWDED, CROWDED | {"create": 1, "delete-oldest": 0.5}], ids=str)
async def test_a_first_run_proves_absence_by_walks_and_asks_for_no_row_by_itself(
    tmp_path: Path, others: dict[str, float]
) -> None:
    """A first run of 10,000 rows must not ask 10,000 times: two walks that agree are enough, also where lists shift."""
    async with office_of(tmp_path, others=others) as office:
        result = await office.run()

        assert (ExitStatus.DONE, ROWS) == (result.exit_status, result.counts["submitted"])
        filtered = [request for request in office.sandbox.log if "alias" in request.query]
        assert len(filtered) <= 2, "the first record's read-back, and no look for each row"


@pytest.mark.parametrize(
    ("behaviours", "others"),
    [
        (("newest-first",), CROWDED | {"create": 2}),
        (("ignore-alias",), CROWDED | {"delete-oldest": 0.9, "create": 1}),
        (("no-meta",), CROWDED),
        (("ignore-offset",), CROWDED),
        (("ignore-offset", "no-meta"), CROWDED),
        (("padded",), CROWDED),
        (("offset-in-pages",), CROWDED),
        (("cap-20", "no-total"), CROWDED),
        (("refuse-over-20",), CROWDED),
        ((), {"lone-surrogate": 1, "invalid-utf8": 1, "number-alias": 1, "null-alias": 1, "object-alias": 1}),
        ((), {"no-alias": 1, "no-id": 1, "null-id": 1, "number-status": 1, "no-object": 1, "null-row": 1}),
        ((), {"huge": 1}),
    ],
    ids=lambda given: "+".join(given) or "straight",
)
@pytest.mark.parametrize("fault", ["drop-before", "drop-after"])
async def test_no_list_stops_the_run_or_loses_a_record(
    tmp_path: Path, behaviours: tuple[str, ...], others: dict[str, float], fault: str
) -> None:
    """Answers are lost on an account whose list shifts, says too little, or holds what cannot be read."""
    async with office_of(tmp_path, *behaviours, others=others) as office:
        for after in (2, 4):
            office.sandbox.faults.script("create", fault, after=after)
        result = await office.run()
        again = await office.run()

        assert [] == office.sandbox.state.duplicates
        assert ROWS == ours(office) == again.counts["submitted"], (result.error, again.error)
        assert ExitStatus.DONE == again.exit_status


async def test_where_nothing_can_prove_absence_the_run_stops_before_it_sends(tmp_path: Path) -> None:
    """The filter is ignored and the list can't be walked: the run says so, and nothing is filed."""
    async with office_of(tmp_path, "ignore-offset", "ignore-alias", others=CROWDED) as office:
        result = await office.run()

        assert ExitStatus.STOPPED == result.exit_status
        assert "create" not in operations(office)
        assert result.error is not None


@pytest.mark.parametrize("behaviours", [("cut-alias=10",), ("cut-alias=12", "upper-alias")], ids="+".join)
async def test_where_aliases_lose_their_token_one_record_is_filed_and_named(
    tmp_path: Path, behaviours: tuple[str, ...]
) -> None:
    """The account's first create is read back before the second leaves: the run stops with 4, and so does the next."""
    async with office_of(tmp_path, *behaviours) as office:
        results = [await office.run() for _ in range(2)]

        (record,) = office.sandbox.state.records
        assert [ExitStatus.STOPPED] * 2 == [result.exit_status for result in results]
        assert record.compliance_id in str(results[0].error)


async def test_a_create_answered_with_a_strangers_id_links_no_number_to_it(tmp_path: Path) -> None:
    """That id was listed before as another's: each run stops at it, and the next finds the record by its token."""
    async with office_of(tmp_path, "strangers-id", others={"present": 20}) as office:
        office.fill([business(number, Numbers=f"9111{number:08d}") for number in range(3)])
        stops = [await office.run(concurrency="1") for _ in range(3)]
        for record in office.sandbox.state.records:
            office.sandbox.state.review(record, "approved", None)

        result = await office.run()

        linked = {number.compliance_id for number in office.sandbox.state.numbers}
        own = {record.compliance_id for record in office.sandbox.state.records if not record.is_strangers}
        assert [ExitStatus.STOPPED] * 3 == [stop.exit_status for stop in stops]
        assert (ExitStatus.DONE, 3, own) == (result.exit_status, ours(office), linked)


@pytest.mark.parametrize("rows_lost", [1, 3])
async def test_a_409_that_hides_a_success_is_settled_like_a_lost_answer(tmp_path: Path, rows_lost: int) -> None:
    """The record is found by its token and adopted; nothing is refused, nothing is made again."""
    async with office_of(tmp_path) as office:
        for after in range(2, 2 + rows_lost):
            office.sandbox.faults.script("create", "conflict-409-after", after=after)
        result = await office.run()

        assert (ExitStatus.DONE, ROWS) == (result.exit_status, result.counts["submitted"])
        assert ROWS == ours(office)


async def test_a_known_record_that_was_deleted_is_no_obstacle_to_the_control(tmp_path: Path) -> None:
    """Several known records are tried, so that a lost create is settled although the first of them is gone."""
    async with office_of(tmp_path) as office:
        await office.run(limit="2")
        office.sandbox.state.forget_by_others(office.sandbox.state.records[0])
        office.sandbox.faults.script("create", "drop-before")

        result = await office.run()

        assert 0 == result.counts["uncertain"] + result.counts["held"]
        assert ROWS - 1 == ours(office)


async def test_a_backup_that_was_put_back_is_noticed_and_what_it_forgot_is_adopted(nights: Nights) -> None:
    """The lock file keeps the highest sequence number: a run with an older ledger waits, and looks before it sends."""
    nights.fill([keyed(number) for number in range(ROWS)])
    await nights.night(limit="1")
    backup = nights.ledger.read_bytes()
    nights.sandbox.state.list_lag_s = 60.0
    await nights.run_until_filed(3, clock=nights.calendar)
    nights.ledger.write_bytes(backup)

    result = await nights.night(settle="90s")

    assert (ExitStatus.DONE, ROWS) == (result.exit_status, result.counts["submitted"])
    assert ROWS == ours(nights)


async def test_what_a_stopped_run_could_not_audit_the_next_one_does(tmp_path: Path) -> None:
    """Also when it creates nothing itself: once, and not every night."""
    async with office_of(tmp_path) as office:
        office.fill([business(1)])
        await office.run_until_filed()
        stopped = audits(office)
        nights = [await office.run() and audits(office) for _ in range(2)]

        assert (0, 1) == (stopped, ours(office))
        assert [1, 1] == nights


async def test_content_that_the_api_normalised_does_not_hold_a_row(tmp_path: Path) -> None:
    """A lost create is adopted by its token although name, blanks and number are kept in another way."""
    behaviours = ("capital-names", "squeezed-content", "upper-numbers", "null-state")
    async with office_of(tmp_path, *behaviours) as office:
        office.rows[3]["Business Name"] = "Two  Blanks Private Limited"
        office.save()
        for after in range(1, 5):
            office.sandbox.faults.script("create", "drop-after", after=after)
        result = await office.run()

        assert (ROWS, 0) == (result.counts["submitted"], result.counts["held"])
        assert ROWS == ours(office)


async def test_a_row_that_fails_alone_in_every_attempt_is_set_aside_for_a_person(tmp_path: Path) -> None:
    """The others go out, the run ends with 3, and the ledger does not grow by the row's attempts each night."""
    async with office_of(tmp_path, "too-large=Enormous") as office:
        office.rows[2]["Business Name"] = "Enormous Private Limited"
        office.save()
        result = await office.run()
        sizes = []
        for _ in range(2):
            night = await office.run()
            sizes.append(len(office.ledger.read_bytes()))

        assert (ExitStatus.ROWS_NEED_ATTENTION, ROWS - 1) == (result.exit_status, result.counts["submitted"])
        assert (ExitStatus.ROWS_NEED_ATTENTION, State.REFUSED) == (night.exit_status, state_of(office, "K-2"))
        assert sizes[1] - sizes[0] < 1200  # the run itself: its start, its end and what it used
        assert [] == office.sandbox.state.duplicates


async def test_when_the_first_creates_are_all_refused_alike_the_run_stops(tmp_path: Path) -> None:
    """It is the account or the contract, not the rows: no more than the first twenty are tried."""
    async with office_of(tmp_path, rates={"not-enabled-422": 1.0}) as office:
        office.fill(FIRST_CREATES * 2)
        result = await office.run()

        assert ExitStatus.STOPPED == result.exit_status
        assert operations(office)["create"] < FIRST_CREATES + 15, "those on their way follow"


def audits(office: Office) -> int:
    """How many final looks the ledger has."""
    return sum(bool(getattr(entry, "audit", False)) for entry in entries(office.ledger.read_bytes()))


def state_of(office: Office, key: str) -> State:
    """The state of a row's record."""
    (record,) = [
        record for record in read_ledger_state(office.ledger).ledger_state.records.values() if record.key == key
    ]
    return record.state
