"""The sheets of a job's accounts: each workbook read once, each account with its own rows."""

from pathlib import Path

import pandas as pd
import pytest

from bulk_onboard.errors import HeadersError, NoWorkbookError, UsageError
from bulk_onboard.job import Job, load_jobs
from bulk_onboard.pipeline.sheets import (
    combinations_of_sheet,
    findings_about_accounts,
    read_job_sheet,
    read_sheets,
    whole_sheet,
)

HEADERS = "Account,Key,Business Name,Registration Number,Number Type"
ROWS = ("acme,1,A,U1,local", "beta,2,B,U2,mobile", "ACME,3,C,U3,local", "bta,4,D,U4,local", ",5,E,U5,local")


@pytest.fixture
def job_of(tmp_path):
    """Write a job file with these accounts, by default two that share firms.csv, and load it."""

    def make(*accounts: str, picked: tuple[str, ...] = (), keys: str = "", rows=ROWS, headers=HEADERS) -> list[Job]:
        (tmp_path / "firms.csv").write_text("\n".join((headers, *rows)), encoding="utf-8")
        tables = [f"[[accounts]]\n{each}" for each in accounts or ('name = "acme"', 'name = "beta"')]
        text = "\n".join(('workbook = "firms.csv"', keys, *tables))
        (tmp_path / "job.toml").write_text(text, encoding="utf-8")
        return list(load_jobs(tmp_path / "job.toml", {"account": list(picked)}))

    return make


def own(tmp_path: Path, *rows: str, headers: str = "Key,Business Name,Registration Number,Number Type") -> str:
    """Write a workbook of an account's own, and return the line of the job file that names it."""
    (tmp_path / "own.csv").write_text("\n".join((headers, *rows)), encoding="utf-8")
    return 'workbook = "own.csv"'


async def test_each_account_has_its_own_rows_under_the_numbers_of_the_file(job_of):
    """What names no account that there is, is told."""
    acme, beta = jobs = job_of()

    sheets = await read_sheets(jobs)

    assert [(2, 4), (3,)] == [sheets.of(job).numbers for job in (acme, beta)]
    assert [(5, "account-unknown"), (6, "account-missing")] == [(each.row, each.code) for each in sheets.unassigned]
    assert {} == sheets.twice


async def test_a_shared_workbook_is_read_once(job_of, tmp_path):
    """However many accounts share it: they have its headers from one reading; an own one is read beside it."""
    jobs = job_of('name = "acme"', 'name = "beta"', f'name = "own"\n{own(tmp_path, "9,Z,U9,local")}')

    acme, beta, other = map((await read_sheets(jobs)).of, jobs)

    assert acme.headers is beta.headers
    assert (2,) == other.numbers


async def test_one_account_alone_sees_its_rows_alone(job_of):
    """By whichever way it is read, and whatever the rows of others ask for."""
    (beta,) = job_of(picked=("beta",))

    sheet = await read_job_sheet(beta)

    assert (3,) == sheet.numbers
    assert (3,) == (await read_sheets([beta])).of(beta).numbers
    assert ["mobile"] == [each.number_type for each in combinations_of_sheet(beta, sheet)]
    assert 5 == whole_sheet(beta).height


async def test_rows_of_no_account_are_told_to_all_accounts_only(job_of):
    """Whoever picks some asks about these: a row of nobody is no reason for them to end with another exit status."""
    picked = job_of('name = "acme"', 'name = "beta"', 'name = "carol"', picked=("acme", "beta"))

    assert () == (await read_sheets(picked)).unassigned


async def test_accounts_that_are_not_picked_are_known(job_of):
    """Their rows are not told as those of nobody, and one business under two accounts is seen all the same."""
    (acme,) = job_of(picked=("acme",), rows=("acme,1,A,U1,local", "beta,2,A,U1,local"))

    sheets = await read_sheets([acme])

    assert () == sheets.unassigned
    assert {2: "beta"} == sheets.twice["acme"]


async def test_a_business_may_stand_in_two_workbooks(job_of, tmp_path):
    """A shared one and that of another account."""
    jobs = job_of('name = "acme"', f'name = "own"\n{own(tmp_path, "9,A,U1,local", "8,B,U8,local")}', rows=ROWS[:1])

    assert {"acme": {2: "own"}, "own": {2: "acme"}} == (await read_sheets(jobs)).twice


async def test_accounts_without_rows_are_named_all_at_once(job_of, tmp_path):
    """Nothing is begun; rows that are blank, or the example, are no rows."""
    jobs = job_of(
        'name = "acme"', 'name = "none"', f'name = "own"\n{own(tmp_path, ",,,local")}', 'name = "nil"', rows=ROWS[:1]
    )

    with pytest.raises(UsageError) as caught:
        await read_sheets(jobs)

    told = str(caught.value)
    assert "The accounts none, own and nil have no rows, so nothing was begun." in told
    assert "Name them in the column Account of firms.csv, fill in own.csv, or pick the other accounts" in told
    assert () == (await read_sheets(jobs, rows_needed=False)).of(jobs[1]).numbers


async def test_a_job_without_accounts_may_be_without_rows(tmp_path):
    """As ever."""
    (tmp_path / "firms.csv").write_text("Key,Business Name\n", encoding="utf-8")
    (job,) = load_jobs(tmp_path / "firms.csv")

    assert () == (await read_sheets([job])).of(job).numbers


async def test_a_missing_workbook_that_is_allowed_is_no_account_without_rows(job_of, tmp_path):
    """Only accounts whose workbook is there must have rows."""
    jobs = job_of('name = "acme"', 'name = "own"\nworkbook = "gone.csv"\nmissing_workbook = "ok"', rows=ROWS[:1])

    assert [(2,), None] == [sheet and sheet.numbers for sheet in map((await read_sheets(jobs)).of, jobs)]

    (tmp_path / "firms.csv").unlink()
    with pytest.raises(NoWorkbookError):
        await read_sheets(jobs)


async def test_without_the_column_nobody_knows_whose_a_row_is(job_of):
    """It is said as of any missing column, with what to do; a near header is named."""
    for headers, hint in (("Acount,Key", 'is it "Acount"?'), ("Key,Business Name", "each row names its account")):
        jobs = job_of(headers=headers, rows=("acme,1",))
        with pytest.raises(HeadersError) as caught:
            await read_sheets(jobs)
        assert '"Account" is missing' in str(caught.value)
        assert hint in str(caught.value)


async def test_the_job_may_call_the_column_otherwise(job_of):
    """`[columns]` maps any header to it; it holds for the accounts, too."""
    jobs = job_of(keys='[columns]\nCustomer = "Account"', headers=HEADERS.replace("Account", "Customer"))

    assert [(2, 4), (3,)] == [(await read_sheets(jobs)).of(job).numbers for job in jobs]


async def test_an_account_with_its_own_workbook_needs_no_such_column(job_of, tmp_path):
    """Nor does it mind that the job maps one in the workbook that the others share."""
    line = own(tmp_path, "9,Z,U9,local")
    jobs = job_of(
        'name = "acme"',
        f'name = "own"\n{line}',
        keys='[columns]\nCustomer = "Account"',
        headers=HEADERS.replace("Account", "Customer"),
    )

    assert (2,) == (await read_sheets(jobs)).of(jobs[1]).numbers


async def test_accounts_must_agree_on_the_column(job_of):
    """Or a row could be two accounts'."""
    jobs = job_of(
        'name = "acme"',
        'name = "beta"\ncolumns = { Key = "Account", Account = "Key" }',
    )

    with pytest.raises(UsageError, match="find in different columns whose a row is"):
        await read_sheets(jobs)


async def test_a_frame_stands_for_the_shared_workbook(job_of, tmp_path):
    """An account with a workbook of its own reads that."""
    jobs = job_of('name = "acme"', 'name = "beta"', f'name = "own"\n{own(tmp_path, "9,Z,U9,local")}')
    (tmp_path / "firms.csv").unlink()
    frame = pd.DataFrame([row.split(",") for row in ROWS], columns=HEADERS.split(","))

    sheets = await read_sheets(jobs, frame)

    assert [(2, 4), (3,), (2,)] == [sheets.of(job).numbers for job in jobs]
    assert (2, 4) == (await read_job_sheet(jobs[0], frame)).numbers


async def test_a_workbook_of_its_own_that_names_other_accounts_is_warned_of(job_of, tmp_path):
    """All of its rows are filed with the one account, whatever they say."""
    headers = f"{HEADERS},Note"
    line = own(tmp_path, "own,1,Z,U9,local,", "ACME,2,Y,U8,local,", headers=headers)
    _, job = job_of('name = "acme"', f'name = "own"\n{line}')

    (finding,) = findings_about_accounts(job, await read_job_sheet(job))

    assert ("account-of-others", 1, "Account") == (finding.code, finding.row, finding.column)
    assert "names the account acme (first in row 3)" in finding.problem
    own(tmp_path, "own,1,Z,U9,local,", "Ltd,2,Y,U8,local,", headers=headers)
    assert [] == list(findings_about_accounts(job, await read_job_sheet(job)))


async def test_unreadable_workbooks_are_told_in_the_order_of_the_accounts(job_of):
    """Which reading ends first makes no difference."""
    jobs = job_of('name = "a"\nworkbook = "one.csv"', 'name = "b"\nworkbook = "two.csv"', 'name = "c"')

    with pytest.raises(NoWorkbookError, match=r"one\.csv"):
        await read_sheets(jobs)
