"""One row, one account: rows that move from account to account, stand under two, or under none."""

from collections.abc import Sequence

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.job import load_jobs
from bulk_onboard.pipeline.accounts import AllResults, run_jobs
from bulk_onboard.pipeline.stop import Stop
from tests.support.office import Office, credentials_of

PAIR = ("acme", "bravo")


@pytest.fixture
def pair(office: Office) -> Office:
    """Two accounts that share a sheet of four rows: 2 and 4 are acme's, 3 and 5 are bravo's."""
    office.open_accounts(*PAIR)
    office.fill([office.layout.row(number, Key=f"K-{number}") for number in range(4)])
    return office


async def run(office: Office, *picked: str) -> AllResults:
    """All accounts, or those that were picked."""
    jobs = load_jobs(office.job_file, {"account": picked})
    credentials = {job.account: credentials_of(job.account) for job in jobs}
    return await run_jobs(jobs, credentials=credentials, clock=SystemClock(), stop=Stop())


def filed(office: Office) -> list[int]:
    """How many records each account has at the API."""
    return [len(office.at(account).state.records) for account in office.accounts]


def problems(office: Office, account: str, codes: Sequence[str] = ("in-other-account",)) -> dict[int, str]:
    """What an account's own report says of these findings, by row."""
    return {row["Row"]: row["Problem"] for row in office.sheet("Problems", account) if row["Code"] in codes}


async def test_a_row_that_was_filed_by_another_account_is_not_filed_again(pair: Office) -> None:
    """Its record stays where it is; the row names its account again, and all is well."""
    await run(pair)
    pair.rows[0]["Account"] = "bravo"
    pair.save()

    moved = await run(pair)

    assert (ExitStatus.ROWS_NEED_ATTENTION, [2, 2]) == (moved.exit_status, filed(pair))
    assert [2] == list(problems(pair, "bravo"))
    assert "The account acme has this business already (submitted as " in problems(pair, "bravo")[2]

    pair.rows[0]["Account"] = "ACME"
    pair.save()

    assert (ExitStatus.DONE, [2, 2]) == ((await run(pair)).exit_status, filed(pair))


async def test_a_moved_row_is_filed_once_its_record_is_deleted(pair: Office) -> None:
    """As docs/many.md says: delete it with the first account, then run."""
    await run(pair)
    pair.rows[0]["Account"] = "bravo"
    pair.save()

    told = await pair.type("delete", "K-0", "--account=acme", "--yes")
    after = await run(pair)

    assert ExitStatus.DONE == told.status, told.err
    assert (ExitStatus.DONE, 3) == (after.exit_status, len(pair.at("bravo").state.records))


async def test_of_a_business_under_two_accounts_nothing_is_sent(pair: Office) -> None:
    """Both rows are errors until it is clear whose it is; then that one is filed, and the other row is an error."""
    again = {**pair.rows[0], "Account": "bravo", "Key": "other"}
    pair.fill([*pair.rows, again])

    both = await run(pair)

    assert (ExitStatus.ROWS_NEED_ATTENTION, [1, 2]) == (both.exit_status, filed(pair))
    assert ([2], [6]) == (list(problems(pair, "acme")), list(problems(pair, "bravo")))

    del pair.rows[4]
    pair.save()
    await run(pair, "acme")
    pair.fill([*pair.rows, again])
    one = await run(pair)

    assert (ExitStatus.ROWS_NEED_ATTENTION, [2, 2]) == (one.exit_status, filed(pair))
    assert ([], [6]) == (list(problems(pair, "acme")), list(problems(pair, "bravo")))


async def test_one_account_alone_sees_the_business_of_another_one(pair: Office) -> None:
    """Whoever runs one account with --account is told what a run of all would tell."""
    pair.fill([*pair.rows, {**pair.rows[0], "Account": "bravo", "Key": "other"}])

    told = await pair.type("check", "--account=bravo", "--json")
    result = await pair.run(account="bravo")

    assert [("in-other-account", 6)] == [(finding["code"], finding["row"]) for finding in told.json["findings"]]
    assert (ExitStatus.ROWS_NEED_ATTENTION, [0, 2]) == (result.exit_status, filed(pair))


async def test_rows_of_no_account_are_told_and_the_others_sent(pair: Office) -> None:
    """One names no account, one names none that there is; each is told, and nobody files them."""
    pair.rows[0]["Account"], pair.rows[1]["Account"] = "", "bravvo"
    pair.save()

    results = await run(pair)

    assert (ExitStatus.ROWS_NEED_ATTENTION, [1, 1]) == (results.exit_status, filed(pair))
    assert [("account-missing", 2), ("account-unknown", 3)] == [(each.code, each.row) for each in results.unassigned]
    assert 'Did you mean "bravo"?' in results.unassigned[1].problem


async def test_an_account_without_rows_keeps_all_from_beginning(pair: Office) -> None:
    """No ledger is made, nothing is sent; the others can be picked."""
    for cells in pair.rows:
        cells["Account"] = "acme"
    pair.save()

    with pytest.raises(UsageError, match="The account bravo has no rows"):
        await run(pair)

    assert not any(pair.ledger_of(account).exists() for account in PAIR)
    assert ExitStatus.DONE == (await run(pair, "acme")).exit_status


async def test_a_damaged_ledger_still_keeps_its_businesses(pair: Office) -> None:
    """What is left of it shows that the row is filed there; the other account goes on, and is warned."""
    await run(pair)
    lines = pair.ledger_of("acme").read_bytes().splitlines(keepends=True)
    pair.ledger_of("acme").write_bytes(b"".join((*lines[:2], b"damaged\n", *lines[3:])))
    pair.rows[0]["Account"] = "bravo"
    pair.fill([*pair.rows, pair.layout.row(9) | {"Account": "bravo"}])

    results = await run(pair)

    assert [ExitStatus.LEDGER, ExitStatus.ROWS_NEED_ATTENTION] == [each.exit_status for each in results.results]
    assert [2, 3] == filed(pair)
    found = problems(pair, "bravo", ("in-other-account", "account-ledger-damaged"))
    assert [1, 2] == sorted(found)
