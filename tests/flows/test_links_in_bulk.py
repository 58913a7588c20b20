"""Numbers of several records linked by one call, as the released contract has it, against the sandbox on a socket."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.ledger.disk import ledger_blocks
from bulk_onboard.ledger.verify import verify
from bulk_onboard.model.record import Linkage, Linking
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.sandbox.behaviours import LINK
from bulk_onboard.sandbox.records import Number
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business, write_workbook
from tests.support.office import Office

pytestmark = pytest.mark.slow

HEADERS = ("Key", "Business Name", "Number Type", "Numbers")
NO_DOCUMENTS = "nothing-required"
NOT_RENTED = "Number not found on your account. Only rented numbers can be linked."


def number(place: int) -> str:
    return f"9122480{place:05d}"


class Desk(Office):
    """Rows without documents, whose records are accepted, and numbers for them.

    The account has the numbers that begin with 91; the sandbox looks for the intents of links in the ledger.
    """

    def write(self, *numbers: Iterable[str]) -> None:
        """A row for each, with these numbers."""
        self.rows = [
            {name: text for name, text in business(row, Key=f"K-{row}").items() if name in HEADERS}
            | {"Numbers": "; ".join(named)}
            for row, named in enumerate(numbers)
        ]
        write_workbook(self.workbook, self.rows, HEADERS)

    async def accepted(self, *numbers: Sequence[str]) -> None:
        """The rows' records are accepted, and the rows have these numbers now."""
        self.documents.mkdir(exist_ok=True)
        self.write(*([] for _ in numbers))
        assert ExitStatus.DONE is (await self.run()).exit_status
        for record in self.sandbox.state.records:
            self.sandbox.state.review(record, "approved", None)
        for each in sorted({one for named in numbers for one in named if one.startswith("91")}):
            self.sandbox.state.rent(Number(each, "IN", "local"))
        self.write(*numbers)

    def linked(self) -> dict[str, int]:
        """How often each linked number was linked."""
        return {each.number: each.times_linked for each in self.sandbox.state.numbers if each.compliance_id}

    def linkings(self) -> dict[str, Linking]:
        """What the ledger says of each number."""
        records = self.ledger_state().records.values()
        return {number: linking for record in records for number, linking in record.numbers.items()}

    def asked(self, since: int) -> Counter[str]:
        """The requests by operation."""
        return Counter(request.operation for request in self.sandbox.log[since:])


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose API speaks the released contract."""
    ledger = tmp_path / "businesses.ledger.jsonl"
    async with Sandbox(contract="released", behaviours=[NO_DOCUMENTS], ledger=ledger) as sandbox:
        yield Desk(tmp_path, sandbox)


def behave(office: Desk, *behaviours: str) -> None:
    """Let the API answer links so from now on."""
    office.sandbox.behaviours.set(behaviours, LINK)


def check(office: Desk, *, linked: Iterable[str], refused: Iterable[str] = ()) -> None:
    """Exactly these are linked, once each and with an intent before; those are refused; and the ledger is sound."""
    assert dict.fromkeys(linked, 1) == office.linked()
    assert [] == office.sandbox.witness.without_intent
    by_linkage = {n: linking.linkage for n, linking in office.linkings().items()}
    assert dict.fromkeys(linked, Linkage.LINKED) | dict.fromkeys(refused, Linkage.REFUSED) == by_linkage
    assert verify(ledger_blocks(office.ledger), "businesses").exit_status is ExitStatus.DONE


def ended(result: RunResult) -> tuple[ExitStatus, str]:
    return result.exit_status, str(result.error or "")


SEVEN, THREE = [number(place) for place in range(7)], [f"1555000112{place}" for place in range(3)]


async def ten_numbers(office: Desk) -> None:
    """Two rows with ten numbers, three of which the account does not have."""
    ten = [*SEVEN[:3], *THREE[:2], *SEVEN[3:], *THREE[2:]]
    await office.accepted(ten[:6], ten[6:])


async def test_ten_numbers_in_one_call_of_which_three_fail_and_the_answer_is_cut_off(office: Desk) -> None:
    """Seven are found linked, three are told with their remarks, and none is linked twice."""
    await ten_numbers(office)
    office.sandbox.faults.script("link", "cut-answer")
    since = len(office.sandbox.log)

    result = await office.run()
    asked = office.asked(since)
    again = await office.run()

    assert (ExitStatus.ROWS_NEED_ATTENTION, "") == ended(result) == ended(again)
    check(office, linked=SEVEN, refused=THREE)
    assert {NOT_RENTED} == {office.linkings()[each].why for each in THREE}
    assert 2 == asked["link"]
    told = " ".join(str(row["Numbers"]) for row in office.sheet("Results"))
    assert 3 == told.count(f"refused: link-failed: {NOT_RENTED}")


@pytest.mark.parametrize(
    "behaviour",
    [
        "report-empty",
        "report-too-long",
        "report-reordered",
        "report-omits-one",
        "report-doubles",
        "counts-contradict",
        "counts-only",
        "message-for-remarks",
        "numbers-spaced",
        "multi-status",
        "refuse-whole",
    ],
)
async def test_whatever_the_report_looks_like_what_is_linked_is_known_and_linked_once(
    office: Desk, behaviour: str
) -> None:
    """A report that says nothing of a number, or contradicts itself, has the number looked at."""
    await ten_numbers(office)
    behave(office, behaviour)

    await office.run()
    behave(office)
    result = await office.run()

    assert (ExitStatus.ROWS_NEED_ATTENTION, "") == ended(result)
    check(office, linked=SEVEN, refused=THREE)
    whys = [office.linkings()[each].why for each in THREE]
    if behaviour == "report-omits-one":  # also where it is the only number of the call
        assert "the answer does not tell in each of 3 attempts, and nothing was done" in whys.pop()
    assert {NOT_RENTED} == set(whys)


LOST = ("drop-before", "drop-after", "error-500-after", "html-502-before", "late-apply", "conflict-409-after")


@pytest.mark.parametrize("fault", [*LOST, "stray-429"])
async def test_links_whose_answer_is_lost_are_settled_number_by_number(office: Desk, fault: str) -> None:
    """In the same run, or in the next one."""
    numbers = [number(place) for place in range(30)]
    await office.accepted(numbers[:12], numbers[12:])
    office.sandbox.faults.script("link", fault)

    for _ in range(2):
        result = await office.run()

    assert (ExitStatus.DONE, "") == ended(result)
    check(office, linked=numbers)


async def test_thousand_numbers_of_two_hundred_records_take_at_most_eighty_requests(office: Desk) -> None:
    """Fifty pages of numbers, twenty calls, and what a run costs anyway."""
    numbers = [[number(1000 * row + place) for place in range(5)] for row in range(200)]
    await office.accepted(*numbers)
    since = len(office.sandbox.log)

    result = await office.run()

    assert (ExitStatus.DONE, "") == ended(result)
    assert {"numbers": 50, "link": 20} == {op: n for op, n in office.asked(since).items() if op in ("numbers", "link")}
    assert office.asked(since).total() <= 80
    assert {1: 1000} == Counter(office.linked().values())


async def test_number_in_use_elsewhere_is_held(office: Desk) -> None:
    """Nothing is moved; the other numbers of the call are linked."""
    await office.accepted([number(0), number(1)], [number(2)])
    second = office.sandbox.state.records[1]
    office.sandbox.state.link(office.sandbox.state.number(number(1)), second)

    result = await office.run()

    linking = office.linkings()[number(1)]
    assert ExitStatus.ROWS_NEED_ATTENTION is result.exit_status
    assert Linking(Linkage.HELD, f"linked to another record, {second.compliance_id}") == linking
    assert {number(0), number(1), number(2)} == set(office.linked())


async def test_links_per_call_is_a_setting(office: Desk) -> None:
    """Three a call: thirty numbers take ten."""
    numbers = [number(place) for place in range(30)]
    await office.accepted(numbers)
    file = office.folder / "businesses.toml"
    file.write_text('workbook = "businesses.xlsx"\nlinks_per_call = 3\n')
    since = len(office.sandbox.log)

    told = await office.type("run", job=file)

    assert (0, 10) == (told.status, office.asked(since)["link"]), told.err
    check(office, linked=numbers)


@pytest.mark.parametrize("fault", ["hang-before", "hang-after"])
async def test_run_killed_in_the_middle_of_a_bulk_link_links_each_number_once(office: Desk, fault: str) -> None:
    """The next run settles each number by itself: what was linked is found so, what was not is linked after W."""
    numbers = [number(place) for place in range(20)]
    await office.accepted(numbers[:12], numbers[12:])
    office.sandbox.faults.script("link", fault)
    await killed_at(office, "link", 1)
    unknown = {linking.linkage for linking in office.linkings().values()}

    result = await office.run()

    assert {Linkage.SENDING} == unknown
    assert (ExitStatus.DONE, "") == ended(result)
    check(office, linked=numbers)


async def killed_at(office: Desk, operation: str, calls: int) -> None:
    """A run in a process of its own is killed once so many calls of an operation have arrived."""
    since = len(office.sandbox.log)
    process = await office.start("run")
    async with asyncio.timeout(30):
        while process.returncode is None and office.asked(since)[operation] < calls:
            await asyncio.sleep(0.001)
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.mark.parametrize("calls", range(1, 6))
async def test_run_killed_between_bulk_links_loses_none_and_repeats_none(office: Desk, calls: int) -> None:
    """Wherever its five calls are: no number arrives without its intent, none is linked twice."""
    rows = [[number(100 * row + place) for place in range(25)] for row in range(10)]
    await office.accepted(*rows)
    await killed_at(office, "link", calls)

    result = await office.run()

    assert (ExitStatus.DONE, "") == ended(result)
    check(office, linked=[each for row in rows for each in row])


async def test_number_of_unknown_outcome_is_told_everywhere_until_a_run_has_looked(office: Desk) -> None:
    """Killed in mid-call: status says what to type, nothing is purged or deleted, and show tells each number."""
    numbers = [number(place) for place in range(3)]
    await office.accepted(numbers)
    office.sandbox.faults.script("link", "hang-after")
    await killed_at(office, "link", 1)
    office.sandbox.state.review(office.sandbox.state.records[0], "rejected", "Blurred.")

    status = await office.type("status", "--json")
    purged = await office.type("purge", "--yes")
    deleted = await office.type("delete", "K-0", "--yes")
    shown = await office.type("ledger show", "K-0")

    assert "bulk-onboard run" in status.json["next"]
    assert "The job is not finished: 3 numbers of unknown outcome." in purged.err
    assert "it is not known yet whether numbers are linked to it" in deleted.out + deleted.err
    assert 1 == len(office.sandbox.state.records)
    assert 3 == sum(each in shown.out for each in numbers), shown.out + shown.err

    await office.run()

    check(office, linked=numbers)
