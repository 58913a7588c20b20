"""An older sheet never overwrites newer content: it is told, left alone, and the run ends with 3."""

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.sandbox.faults import FAULTS
from tests.support.businesses import Cells, document
from tests.support.nights import Nights, keyed, saying

OLDER = "older-content"


@pytest.fixture(autouse=True)
def words_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """A no that the checks here would have refused before."""
    fault = saying("refuse-422", "invalid_file", "not legible")
    monkeypatch.setitem(FAULTS, fault.name, fault)


async def says(nights: Nights, *rows: Cells) -> None:
    """The sheet says this now."""
    nights.rows = list(rows)
    nights.save()


def city(nights: Nights) -> str:
    """Where the first business is at the API."""
    return str(nights.made(0).end_user["address"]["city"])


async def corrected_twice(nights: Nights) -> None:
    """The first row was sent, rejected, sent with another city, and rejected again."""
    await nights.filed(keyed(1), keyed(2))
    nights.judge("rejected", 0)
    await says(nights, keyed(1, City="Mysuru"), keyed(2))
    assert 0 == (await nights.night()).exit_status
    assert "Mysuru" == city(nights)
    nights.judge("rejected", 0)


async def test_older_sheet_sends_nothing_and_ends_with_3(nights: Nights) -> None:
    """The API keeps the correction, the row is told what to do, and the first sheet has the commands."""
    await corrected_twice(nights)
    await says(nights, keyed(1), keyed(2))
    before = len(nights.sandbox.log)

    result = await nights.night()

    assert (ExitStatus.ROWS_NEED_ATTENTION, "Mysuru") == (result.exit_status, city(nights))
    assert 0 == nights.asked(before)["update"]
    assert [OLDER] == nights.problems()
    row = nights.sheet("Results")[0]
    assert "newer content was sent since" in row["Reason"]
    assert row["What to do"].startswith("Take the newer content into the workbook")
    assert any(command.startswith(f"bulk-onboard merge {nights.workbook}") for command in nights.commands())


async def test_every_night_says_it_again_and_new_only_once(nights: Nights) -> None:
    """It is news in the first night that meets it."""
    await corrected_twice(nights)
    assert 3 == (await nights.night(new_only=True)).exit_status  # the rejection
    await says(nights, keyed(1), keyed(2))

    statuses = [(await nights.night(new_only=flag)).exit_status for flag in (True, True, False)]

    assert [3, 0, 3] == statuses
    assert "Mysuru" == city(nights)


async def test_older_content_goes_out_where_that_is_meant(nights: Nights) -> None:
    """With --allow-older it is sent once, and from then on the other content is the older one."""
    await corrected_twice(nights)
    await says(nights, keyed(1), keyed(2))
    await nights.night()

    allowed = await nights.night(allow_older=True)

    assert (0, "Bengaluru") == (allowed.exit_status, city(nights))
    nights.judge("rejected", 0)
    await says(nights, keyed(1, City="Mysuru"), keyed(2))
    assert (3, [OLDER]) == ((await nights.night()).exit_status, nights.problems())


async def test_newest_content_is_never_taken_for_an_older_one(nights: Nights) -> None:
    """A third correction goes out, and so does the next one after an older sheet was met in between."""
    await corrected_twice(nights)
    await says(nights, keyed(1), keyed(2))
    await nights.night()
    await says(nights, keyed(1, City="Hubballi"), keyed(2))

    result = await nights.night()

    assert (0, "Hubballi") == (result.exit_status, city(nights))


async def test_document_that_is_put_back_is_older_content_too(nights: Nights) -> None:
    """The sheet says the same all the time; it is the scan that was replaced."""
    await nights.filed(keyed(1))
    nights.judge("rejected", 0)
    nights.replace_document(0)
    assert 0 == (await nights.night()).exit_status
    nights.judge("rejected", 0)
    name = nights.rows[0]["Address Proof"]
    (nights.documents / name).write_bytes(document(name))

    result = await nights.night()

    assert (3, [OLDER]) == (result.exit_status, nights.problems())
    assert 1 == nights.asked()["update"]


async def test_refused_row_is_not_filed_with_what_was_refused_before(nights: Nights) -> None:
    """A create counts like an update: what replaced the content may be refused as well, the older one is not tried."""
    nights.sandbox.faults.script("create", "refuse-422", 2)
    nights.fill([keyed(1)])
    await nights.night()
    await says(nights, keyed(1, City="Mysuru"))
    await nights.night()
    await says(nights, keyed(1))

    statuses = [(await nights.night(retry_refused="any")).exit_status for _ in range(2)]

    assert ([3, 3], [OLDER], 2) == (statuses, nights.problems(), nights.asked()["create"])
    assert (0, "Bengaluru") == ((await nights.night(allow_older=True)).exit_status, city(nights))


async def test_older_sheet_is_told_while_nothing_is_due(nights: Nights) -> None:
    """While the review is pending, and after approval, the report says that the API has the newer content."""
    await corrected_twice(nights)
    nights.judge("pending", 0)
    await says(nights, keyed(1), keyed(2))

    pending = await nights.night()
    told = nights.sheet("Results")[0]
    nights.judge("approved", 0)
    approved = await nights.night()

    for result, row in ((pending, told), (approved, nights.sheet("Results")[0])):
        assert (0, 1, 0) == (result.exit_status, result.drift.older, result.drift.changed_after_approval)
        assert "The row is older than what the API has." in row["Reason"]
        assert "Take the newer content into the workbook" in row["What to do"]
        assert "Nothing" not in row["What to do"]
