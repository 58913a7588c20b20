"""All accounts of a job together, as a program runs and reports them."""

import asyncio
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

import bulk_onboard
from bulk_onboard.errors import CredentialsError, ExitStatus, UsageError
from bulk_onboard.library.answers import FINDING_COLUMNS, RESULT_COLUMNS
from bulk_onboard.testing import Sandbox, invented_businesses

NAMES = ("acme", "bravo", "carol")


@pytest.fixture
def sandbox():
    """The API, which the tests of this file share with nobody."""
    with Sandbox() as sandbox:
        yield sandbox


def written(folder: Path, rows: pd.DataFrame | None = None, names: tuple[str, ...] = NAMES) -> Path:
    """A job file with these accounts, and a workbook of six businesses that are theirs in turn."""
    if rows is None:
        rows = invented_businesses(6, folder / "documents").assign(Account=[*names, *names][:6])
    rows.to_csv(folder / "businesses.csv", index=False)
    accounts = "".join(f'[[accounts]]\nname = "{name}"\n' for name in names)
    (folder / "job.toml").write_text(f'workbook = "businesses.csv"\n{accounts}')
    return folder / "job.toml"


def credentials(sandbox: Sandbox, *names: str) -> dict[str, bulk_onboard.Credentials]:
    """Those of these accounts."""
    return {name: sandbox.account(name).credentials for name in names}


def loaded(folder: Path, sandbox: Sandbox, **settings: Any) -> tuple[bulk_onboard.Job, ...]:
    """The jobs of all accounts, against the sandbox."""
    return bulk_onboard.load_jobs(written(folder), **{**sandbox.settings, **settings})


def test_run_all_files_each_row_once_under_its_account(tmp_path: Path, sandbox: Sandbox) -> None:
    """And writes the report over all; another call continues, and sends nothing."""
    jobs, seen = loaded(tmp_path, sandbox), list[bulk_onboard.Progress]()

    result = bulk_onboard.run_all(jobs, credentials=credentials(sandbox, *NAMES), on_progress=seen.append)
    again = bulk_onboard.run_all(jobs, credentials=credentials(sandbox, *NAMES))

    assert (True, 6, 0) == (result.ok, result.sent, again.sent)
    assert dict.fromkeys(NAMES, 2) == {name: len(sandbox.account(name).records) for name in NAMES}
    assert dict.fromkeys(NAMES, 2) == {name: each.sent for name, each in result.accounts.items()}
    assert [(name, row) for name in NAMES for row in (NAMES.index(name) + 2, NAMES.index(name) + 5)] == list(
        result.results[["account", "row"]].itertuples(index=False, name=None)
    )
    assert (6, {"submitted": 6}) == (seen[-1].due, seen[-1].states)
    titles = openpyxl.load_workbook(result.reports["xlsx"])["Summary"]["A1"].value
    assert "Report on businesses.csv, 3 accounts" == titles
    assert f"bulk-onboard status {tmp_path}/job.toml" in again.next


def test_credentials_are_those_of_the_environment_where_none_are_handed_over(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some may be; all that are missing are named at once, and nothing begins."""
    jobs = loaded(tmp_path, sandbox)
    for name, value in sandbox.environ("acme").items():
        monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match=r"missing for 2 accounts.*bravo: .*carol: "):
        bulk_onboard.run_all(jobs)
    with pytest.raises(UsageError, match="have one auth_id"):
        bulk_onboard.run_all(jobs, credentials=dict.fromkeys(NAMES, sandbox.account("bravo").credentials))
    result = bulk_onboard.run_all(jobs, credentials=credentials(sandbox, "bravo", "carol"))

    assert (True, 6) == (result.ok, result.sent)


def test_what_ends_one_account_ends_it_alone(tmp_path: Path) -> None:
    """It is in its result and in the sums, and raised for nobody."""
    with Sandbox(credentials={"MAACME": "a", "MABRAVO": "b", "MACAROL": "c"}) as strict:
        jobs = loaded(tmp_path, strict)
        known = {
            name: bulk_onboard.Credentials.of(f"MA{name.upper()}", token)
            for name, token in zip(NAMES, ("a", "wrong", "c"), strict=True)
        }

        result = bulk_onboard.run_all(jobs, credentials=known)
        reports = bulk_onboard.report_all(jobs)

    assert (ExitStatus.CREDENTIALS, 4) == (result.exit_status, result.sent)
    assert isinstance(result.accounts["bravo"].error, CredentialsError)
    assert (6, 4, 2) == tuple(result.counts[name] for name in ("rows", "submitted", "not sent"))
    assert result.counts == reports.counts


def test_rows_of_no_account_are_told(tmp_path: Path, sandbox: Sandbox) -> None:
    """They are findings, with an empty account, and count as invalid."""
    rows = invented_businesses(6, tmp_path / "documents").assign(Account=[*NAMES, "acme", "", "nobody"])
    jobs = bulk_onboard.load_jobs(written(tmp_path, rows), **sandbox.settings)

    result = bulk_onboard.run_all(jobs, credentials=credentials(sandbox, *NAMES))
    reports = bulk_onboard.report_all(jobs)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 4, 2) == (result.exit_status, result.sent, result.counts["invalid"])
    nobodys = [("", 6, "account-missing"), ("", 7, "account-unknown")]
    for found in (result.findings, reports.findings):
        assert ["account", *FINDING_COLUMNS] == list(found.columns)
        assert nobodys == list(found.query("severity == 'error'")[["account", "row", "code"]].itertuples(False, None))


def test_report_all_writes_each_report_and_the_one_over_all(tmp_path: Path, sandbox: Sandbox) -> None:
    """Again, without the network; redacted it is the one over all, and of those that were picked only their own."""
    jobs = loaded(tmp_path, sandbox)
    bulk_onboard.run_all(jobs, credentials=credentials(sandbox, *NAMES))
    for path in tmp_path.glob("*.report.*"):
        path.unlink()

    made = bulk_onboard.report_all(jobs)
    redacted = bulk_onboard.report_all(jobs, redact=True)
    picked = bulk_onboard.report_all(jobs[:2])

    assert tmp_path / "job.report.xlsx" == made.files["xlsx"]
    assert {name: tmp_path / f"job.{name}.report.xlsx" for name in NAMES} == {
        name: each.files["xlsx"] for name, each in made.accounts.items()
    }
    assert made.files["xlsx"].exists()
    assert (6, "job.report.redacted.xlsx") == (redacted.counts["rows"], redacted.files["xlsx"].name)
    assert ({}, ["acme", "bravo"]) == (picked.files, list(picked.accounts))
    assert {"account": "str", **RESULT_COLUMNS} == {name: str(kind) for name, kind in made.results.dtypes.items()}


async def test_in_an_event_loop(tmp_path: Path, sandbox: Sandbox) -> None:
    """It is not held up; to cancel is to stop all, and the next call goes on where that was."""
    jobs = loaded(tmp_path, sandbox)
    known = credentials(sandbox, *NAMES)
    task = asyncio.create_task(bulk_onboard.run_all_async(jobs, credentials=known))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    result = await bulk_onboard.run_all_async(jobs, credentials=known)
    made = await bulk_onboard.report_all_async(jobs)

    assert [2, 2, 2] == [len(sandbox.account(name).records) for name in NAMES]
    assert (True, 6) == (result.ok, made.counts["submitted"])


def test_job_without_accounts_is_run_like_any(tmp_path: Path, sandbox: Sandbox) -> None:
    """So a program need not ask whether its job file has any."""
    frame = invented_businesses(2, tmp_path / "documents")
    job = bulk_onboard.load_job(frame=frame, ledger=tmp_path / "crm.ledger.jsonl", **sandbox.settings)

    result = bulk_onboard.run_all([job], credentials={"": sandbox.credentials})
    made = bulk_onboard.report_all([job])

    assert (True, 2, [""]) == (result.ok, result.sent, list(result.accounts))
    assert result.reports["xlsx"] == made.files["xlsx"] == tmp_path / "crm.report.xlsx"
    assert 2 == len(made.results)


def test_calls_go_on_where_no_command_could(tmp_path: Path, sandbox: Sandbox) -> None:
    """Settings that only a job file can have make what comes next a call: over all accounts, or of one."""
    rows = invented_businesses(6, tmp_path / "documents").assign(Account=[*NAMES, *NAMES])
    rows = rows.rename(columns={"City": "Town"})
    file = written(tmp_path, rows)
    jobs = bulk_onboard.load_jobs(file, columns={"Town": "City"}, limit=1, **sandbox.settings)

    result = bulk_onboard.run_all(jobs, credentials=credentials(sandbox, *NAMES))

    assert (3, "bulk_onboard.run_all(jobs)") == (result.sent, result.next)
    assert {"bulk_onboard.run(job)"} == {each.next for each in result.accounts.values()}


@pytest.mark.parametrize("given", ["one", "none", "twice", "path", "two files"])
def test_jobs_must_be_those_of_one_file(tmp_path: Path, sandbox: Sandbox, given: str) -> None:
    """Else their rows could be in two ledgers unseen."""
    jobs: Any = loaded(tmp_path, sandbox)
    (tmp_path / "other").mkdir()
    other = bulk_onboard.load_jobs(written(tmp_path / "other"))
    wrong = {"one": jobs[0], "none": (), "twice": (jobs[0], jobs[0]), "path": ("job.toml",), "two files": jobs + other}

    for call in (bulk_onboard.run_all, bulk_onboard.report_all):
        with pytest.raises(UsageError, match=r"load_jobs?\(\)"):
            call(wrong[given])
