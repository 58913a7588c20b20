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


async def test_a_row_of_an_account_that_left_the_job_is_not_filed_again(pair: Office) -> None:
    """Its ledger still lies there, and says what it has filed; rows that nobody has filed are sent."""
    await run(pair)
    for cells in pair.rows:
        cells["Account"] = "acme"
    pair.open_accounts("acme", "charlie")
    pair.fill([*pair.rows, pair.layout.row(9) | {"Account": "charlie"}])

    after = await run(pair)

    assert (ExitStatus.ROWS_NEED_ATTENTION, [2, 1]) == (after.exit_status, filed(pair))
    assert [3, 5] == list(problems(pair, "acme"))
    assert "The account of businesses.bravo.ledger.jsonl has this business already" in problems(pair, "acme")[3]


async def test_a_job_that_gets_accounts_files_nothing_again(office: Office) -> None:
    """What it has filed without accounts is in its ledger, which none of the accounts has."""
    office.fill([office.layout.row(number, Key=f"K-{number}") for number in range(2)])
    await office.run()
    office.open_accounts(*PAIR)
    office.fill([office.layout.row(number, Key=f"K-{number}") for number in range(4)])

    assert (ExitStatus.ROWS_NEED_ATTENTION, [1, 1]) == ((await run(office)).exit_status, filed(office))


async def test_a_renamed_account_begins_no_second_ledger(pair: Office) -> None:
    """What was deleted on purpose would be filed again; with the line that it is told to write it goes on."""
    await run(pair)
    await pair.type("delete", "K-0", "--account=acme", "--yes")
    pair.open_accounts("acme-ltd", "bravo")
    for cells in pair.rows:
        cells["Account"] = cells["Account"].replace("acme", "acme-ltd")
    pair.save()
    known = {"acme-ltd": credentials_of("acme"), "bravo": credentials_of("bravo")}

    async def run_renamed() -> AllResults:
        return await run_jobs(load_jobs(pair.job_file), credentials=known, clock=SystemClock(), stop=Stop())

    renamed = await run_renamed()
    line = 'ledger = "businesses.acme.ledger.jsonl"'
    pair.job_file.write_text(pair.job_file.read_text().replace('"acme-ltd"\n', f'"acme-ltd"\n{line}\n'))
    after = await run_renamed()

    assert [ExitStatus.USAGE, ExitStatus.DONE] == [each.exit_status for each in renamed.results]
    assert line in str(renamed.results[0].error)
    assert (ExitStatus.DONE, 1) == (after.exit_status, len(pair.at("acme").state.records))


async def test_credentials_of_another_account_are_noticed(pair: Office) -> None:
    """Before the account has a ledger that is bound to its own: its rows would be filed by the other one."""
    await run(pair, "acme")
    swapped = {"acme": credentials_of("acme"), "bravo": credentials_of("acme")}

    both = await run_jobs(load_jobs(pair.job_file), credentials=swapped, clock=SystemClock(), stop=Stop())

    assert [ExitStatus.DONE, ExitStatus.USAGE] == [each.exit_status for each in both.results]
    assert "PLIVO_AUTH_ID_BRAVO" in str(both.results[1].error)
    assert (2, False) == (len(pair.at("acme").state.records), pair.ledger_of("bravo").exists())


@pytest.mark.parametrize("content", ["the business", "no workbook"])
async def test_one_account_alone_sees_the_workbook_of_another_one(office: Office, content: str) -> None:
    """Two processes may run one account each, and neither ledger has the business yet; what is no workbook is none."""
    office.open_accounts(*PAIR, keys={"bravo": {"workbook": "bravo.csv"}})
    office.fill([{**office.layout.row(number, Key=f"K-{number}"), "Account": "acme"} for number in range(2)])
    names = [name for name in office.layout.headers if name in office.rows[0]]
    cells = [office.rows[1][name] for name in names]
    own = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (names, cells))
    (office.folder / "bravo.csv").write_text(own if content == "the business" else "", encoding="utf-8")

    results = [await run(office, "acme")]
    if content == "the business":
        results.append(await run(office, "bravo"))

    assert ([1, 0] if content == "the business" else [2, 0]) == filed(office)
    kept_out = [ExitStatus.ROWS_NEED_ATTENTION] * 2
    assert (kept_out if content == "the business" else [ExitStatus.DONE]) == [each.exit_status for each in results]
