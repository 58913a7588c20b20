"""Records that expire: nothing at the API can be done about one, so its row is filed anew, once for each expiry."""

from collections.abc import Sequence

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.identity import token_in
from bulk_onboard.model.record import Record, State
from bulk_onboard.sandbox.faults import FOR_GOOD
from bulk_onboard.sandbox.records import Record as Kept
from tests.support.businesses import business
from tests.support.office import Office

pytestmark = pytest.mark.slow

NUMBER = "+91 11 4000 0001"


def at_the_api(office: Office) -> Sequence[Kept]:
    """The account's records, the oldest first."""
    return office.sandbox.state.records


def expire(office: Office) -> None:
    """Let the newest record expire."""
    office.sandbox.state.review(at_the_api(office)[-1], "expired", None)


def approve(office: Office) -> None:
    """Approve the newest record."""
    office.sandbox.state.review(at_the_api(office)[-1], "approved", None)


async def filed(office: Office, **cells: str) -> None:
    """Send one row, and let its approval expire."""
    office.fill([business(0, Key="K-1", **cells)])
    await office.run()
    expire(office)


def generations(office: Office) -> list[Record]:
    """The row's records in the ledger, the oldest first."""
    return sorted(office.ledger_state().records.values(), key=lambda record: record.generation)


async def test_row_is_filed_anew_once_for_each_expiry(office: Office) -> None:
    """Under its own Key and a token of its own; the ledger tells both, and the report knows the newest alone."""
    await filed(office)

    results = [await office.run() for _ in range(2)]
    expire(office)
    results += [await office.run() for _ in range(2)]

    first, second, third = generations(office)
    assert [ExitStatus.DONE] * 4 == [result.exit_status for result in results]
    assert [first.token, second.token, third.token] == [token_in(record.alias) for record in at_the_api(office)]
    assert ["expired", "expired", "pending"] == [first.review, second.review, third.review]
    assert ["", first.token, second.token] == [first.follows, second.follows, third.follows]
    assert {"K-1"} == {first.key, second.key, third.key}
    assert (1, 1) == (results[-1].counts["rows"], results[-1].reviews["pending"])


async def test_expiry_is_told_before_anything_is_sent(office: Office) -> None:
    """What `plan` says is due, `status` still shows as expired; neither needs anybody."""
    await filed(office)
    await office.type("refresh")

    planned, shown = await office.type("plan", "--json"), await office.type("status", "--json")

    assert 1 == planned.json["actions"]["create"]
    assert (0, 1) == (shown.status, shown.json["reviews"]["expired"])
    assert 1 == len(at_the_api(office))


@pytest.mark.parametrize("fault", ["drop-after", "drop-before", "error-500-after"])
async def test_unknown_outcome_of_a_filing_anew_is_settled_like_any(office: Office, fault: str) -> None:
    """By its own token; the expired record is not taken for it."""
    await filed(office)
    office.sandbox.faults.script("create", fault, 1)

    result = await office.run()

    assert ExitStatus.DONE is result.exit_status
    assert 2 == len(at_the_api(office))
    assert [State.SUBMITTED] * 2 == [record.state for record in generations(office)]


@pytest.mark.parametrize("deleted", [False, True])
async def test_lost_ledger_finds_every_generation(office: Office, deleted: bool) -> None:
    """Nothing is filed again, also where the API has deleted the expired record since."""
    await filed(office)
    await office.run()
    if deleted:
        office.sandbox.state.forget(at_the_api(office)[0])
    office.ledger.unlink()

    result = await office.run()

    assert ExitStatus.DONE is result.exit_status
    assert (1 if deleted else 2) == len(at_the_api(office))
    newest = generations(office)[-1]
    assert (2, "pending") == (newest.generation, newest.review)


async def test_rebuilt_ledger_has_every_generation(office: Office) -> None:
    """As one that was never lost."""
    await filed(office)
    await office.run()
    office.ledger.unlink()

    told = await office.type("ledger rebuild")
    await office.run()

    assert (0, 2) == (told.status, len(at_the_api(office)))
    assert [1, 2] == [record.generation for record in generations(office)]


async def test_refused_filing_anew_waits_for_another_content(office: Office) -> None:
    """The refusal is the new record's, and the expired one stays what it is."""
    await filed(office)
    office.sandbox.faults.script("create", "not-enabled-422", FOR_GOOD)
    refused, unchanged = await office.run(), await office.run()

    assert [ExitStatus.ROWS_NEED_ATTENTION] * 2 == [refused.exit_status, unchanged.exit_status]
    assert ["expired", ""] == [record.review for record in generations(office)]


async def test_numbers_of_the_expired_record_move_to_the_new_one(office: Office) -> None:
    """They are the row's own, so nobody else loses them."""
    office.fill([business(0, Key="K-1", Numbers=NUMBER)])
    await office.run()
    approve(office)
    await office.run()
    expire(office)
    await office.run()
    approve(office)

    result = await office.run()

    newest = generations(office)[-1]
    assert ExitStatus.DONE is result.exit_status
    assert [newest.compliance_id] == [number.compliance_id for number in office.sandbox.state.numbers]


async def test_row_with_errors_is_not_filed_anew(office: Office) -> None:
    """It needs somebody, as any such row does."""
    await filed(office)
    office.fill([business(0, Key="K-1", Business_Name="")])

    result = await office.run()

    assert ExitStatus.ROWS_NEED_ATTENTION is result.exit_status
    assert 1 == len(at_the_api(office))
