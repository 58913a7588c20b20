"""An older sheet never overwrites newer content: it is told, left alone, and the run ends with 3."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.sandbox.faults import FAULTS
from bulk_onboard.sandbox.server import Sandbox
from tests.pipeline.test_row_changes import results
from tests.support.businesses import Cells, document
from tests.support.nights import Hurried, Nights, keyed, saying

OLDER = "older-content"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Nights]:
    """An office whose nights take no time."""
    calendar = Hurried()
    async with Sandbox(clock=calendar) as sandbox:
        yield Nights(tmp_path, sandbox, calendar=calendar)


@pytest.fixture(autouse=True)
def words_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """A no that the checks here would have refused before."""
    fault = saying("refuse-422", "invalid_file", "not legible")
    monkeypatch.setitem(FAULTS, fault.name, fault)


async def says(office: Nights, *rows: Cells) -> None:
    """The sheet says this now."""
    office.rows = list(rows)
    office.save()


def city(office: Nights) -> str:
    """Where the first business is at the API."""
    return str(office.made(0).end_user["address"]["city"])


async def corrected_twice(office: Nights) -> None:
    """The first row was sent, rejected, sent with another city, and rejected again."""
    await office.filed(keyed(1), keyed(2))
    office.judge("rejected", 0)
    await says(office, keyed(1, City="Mysuru"), keyed(2))
    assert 0 == (await office.night()).exit_status
    assert "Mysuru" == city(office)
    office.judge("rejected", 0)


async def test_older_sheet_sends_nothing_and_ends_with_3(office: Nights) -> None:
    """The API keeps the correction, the row is told, and What to do has the command."""
    await corrected_twice(office)
    await says(office, keyed(1), keyed(2))
    before = len(office.sandbox.log)

    result = await office.night()

    assert (ExitStatus.ROWS_NEED_A_PERSON, "Mysuru") == (result.exit_status, city(office))
    assert 0 == office.asked(before)["update"]
    assert [OLDER] == office.problems()
    row = results(office)[0]
    assert "newer content was sent since" in row["Reason"]
    first, _, second = row["What to do"].partition(" && ")
    assert f"bulk-onboard merge {office.workbook}" in first
    assert second.startswith(f"bulk-onboard run {office.workbook}")


async def test_every_night_says_it_again_and_new_only_once(office: Nights) -> None:
    """It is news in the first night that meets it."""
    await corrected_twice(office)
    assert 3 == (await office.night(new_only=True)).exit_status  # the rejection
    await says(office, keyed(1), keyed(2))

    nights = [(await office.night(new_only=flag)).exit_status for flag in (True, True, False)]

    assert [3, 0, 3] == nights
    assert "Mysuru" == city(office)


async def test_older_content_goes_out_where_that_is_meant(office: Nights) -> None:
    """With --allow-older it is sent once, and from then on the other content is the older one."""
    await corrected_twice(office)
    await says(office, keyed(1), keyed(2))
    await office.night()

    allowed = await office.night(allow_older=True)

    assert (0, "Bengaluru") == (allowed.exit_status, city(office))
    office.judge("rejected", 0)
    await says(office, keyed(1, City="Mysuru"), keyed(2))
    assert (3, [OLDER]) == ((await office.night()).exit_status, office.problems())


async def test_newest_content_is_never_taken_for_an_older_one(office: Nights) -> None:
    """A third correction goes out, and so does the next one after an older sheet was met in between."""
    await corrected_twice(office)
    await says(office, keyed(1), keyed(2))
    await office.night()
    await says(office, keyed(1, City="Hubballi"), keyed(2))

    result = await office.night()

    assert (0, "Hubballi") == (result.exit_status, city(office))


async def test_document_that_is_put_back_is_older_content_too(office: Nights) -> None:
    """The sheet says the same all the time; it is the scan that was replaced."""
    await office.filed(keyed(1))
    office.judge("rejected", 0)
    office.replace_document(0)
    assert 0 == (await office.night()).exit_status
    office.judge("rejected", 0)
    name = office.rows[0]["Address Proof"]
    (office.documents / name).write_bytes(document(name))

    result = await office.night()

    assert (3, [OLDER]) == (result.exit_status, office.problems())
    assert 1 == office.asked()["update"]


async def test_refused_row_is_not_filed_with_what_was_refused_before(office: Nights) -> None:
    """A create counts like an update: what replaced the content may be refused as well, the older one is not tried."""
    office.sandbox.faults.script("create", "refuse-422", 2)
    office.fill([keyed(1)])
    await office.night()
    await says(office, keyed(1, City="Mysuru"))
    await office.night()
    await says(office, keyed(1))

    nights = [(await office.night(retry_refused="any")).exit_status for _ in range(2)]

    assert ([3, 3], [OLDER], 2) == (nights, office.problems(), office.asked()["create"])
    assert (0, "Bengaluru") == ((await office.night(allow_older=True)).exit_status, city(office))


async def test_older_sheet_is_told_while_nothing_is_due(office: Nights) -> None:
    """While the review is pending, and after approval, the report says that the API has the newer content."""
    await corrected_twice(office)
    office.judge("pending", 0)
    await says(office, keyed(1), keyed(2))

    pending = await office.night()
    told = results(office)[0]
    office.judge("approved", 0)
    approved = await office.night()

    for result, row in ((pending, told), (approved, results(office)[0])):
        assert (0, 1, 0) == (result.exit_status, result.drift.older, result.drift.changed_after_approval)
        assert "The row is older than what the API has." in row["Reason"]
        assert f"bulk-onboard merge {office.workbook}" in row["What to do"]
