"""Accounts on the command line: `--account` picks, and what is about one of them says so."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import typer

from bulk_onboard.cli.app import app
from bulk_onboard.job import load_jobs
from bulk_onboard.ledger.journal import read_ledger_state
from tests.cli.test_command_line import completed
from tests.support.businesses import business, write_workbook
from tests.support.office import Office, credentials_of, typed

ABOUT_ONE = [
    *("resolve job.toml K-1", "undo job.toml --run 1", "delete job.toml K-1", "purge job.toml", "serve job.toml"),
    *("ledger show job.toml K-1", "ledger verify job.toml", "ledger repair job.toml", "ledger rebuild job.toml"),
    "requirements job.toml",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the job file of two accounts."""
    accounts = '[[accounts]]\nname = "acme"\n[[accounts]]\nname = "Acme-Ltd"\n[[accounts]]\nname = "bravo"\n'
    (tmp_path / "job.toml").write_text(f'workbook = "businesses.xlsx"\n{accounts}')
    return tmp_path


def own_workbooks(office: Office, *accounts: str, rows: int = 2) -> None:
    """A job file with these accounts, each with a workbook of its own."""
    office.fill([business(number, Key=f"K-{number}") for number in range(rows * len(accounts))])
    headers = [*office.layout.headers]
    for number, account in enumerate(accounts):
        write_workbook(office.folder / f"{account}.xlsx", office.rows[number * rows : (number + 1) * rows], headers)
    office.open_accounts(*accounts, keys={account: {"workbook": f"{account}.xlsx"} for account in accounts})


def verbs(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every verb with its words."""
    for name, verb in group.commands.items():
        if hasattr(verb, "commands"):
            yield from verbs(verb, f"{path}{name} ")
        else:
            yield path + name, verb


def test_every_verb_that_takes_job_has_the_flag():
    """So whatever a command is about can be asked about one account."""
    all_verbs = dict(verbs(typer.main.get_command(app)))
    with_job = {name for name, verb in all_verbs.items() if any(p.name == "job" for p in verb.params)}
    with_flag = {name for name, verb in all_verbs.items() if any("--account" in p.opts for p in verb.params)}

    assert with_job == with_flag
    assert {"run", "ledger show", "purge", "listen"} < with_flag


@pytest.mark.parametrize("line", ABOUT_ONE)
async def test_what_is_about_one_account_names_the_choices(folder: Path, line: str) -> None:
    """Before anything is begun."""
    told = await typed(*line.split(), cwd=folder)

    assert 2 == told.status
    assert "job.toml has 3 accounts, and this is about one of them: acme, Acme-Ltd, bravo." in told.err
    assert "Pick one, such as --account acme." in told.err


async def test_template_of_a_shared_workbook_is_for_all_accounts(folder: Path) -> None:
    """Its rows name one of them; also where one was picked."""
    for words, file in (("", "businesses.xlsx"), ("--account bravo --output other.xlsx", "other.xlsx")):
        told = await typed("template", "job.toml", *words.split(), cwd=folder)
        sheet = openpyxl.load_workbook(folder / file)["Businesses"]
        assert (0, "Account") == (told.status, sheet["A1"].value), told.err
        (names,) = [each.formula1 for each in sheet.data_validations.dataValidation if "A2" in str(each.sqref)]
        assert ["Acme-Ltd", "acme", "bravo"] == sorted(names.strip('"').split(","))


async def test_template_of_workbooks_apart_is_for_one_account(office: Office) -> None:
    """Which one has to be said."""
    own_workbooks(office, "acme", "bravo")

    told = await office.type("template", "--output=new.xlsx")

    assert 2 == told.status
    assert "Pick one, such as --account acme." in told.err


@pytest.mark.parametrize("line", ["run job.toml", "status job.toml", "report job.toml", "ledger verify job.toml"])
async def test_misspelt_account_is_told_with_the_nearest(folder: Path, line: str) -> None:
    """Whatever the verb."""
    told = await typed(*line.split(), "--account", "brafo", cwd=folder)

    assert (2, "") == (told.status, told.out)
    assert "There is no account 'brafo' in job.toml. Did you mean bravo?" in told.err


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("run job.toml --account a", {"acme"}),
        ("run job.toml --account ", {"acme", "Acme-Ltd", "bravo"}),
        ("status --account b", {"bravo"}),
        ("ledger show job.toml --account x", set()),
        ("run gone.toml --account a", set()),
    ],
)
async def test_accounts_are_completed(folder: Path, words: str, offered: set[str]) -> None:
    """From the job file, whatever the case; nothing where that cannot be read."""
    assert offered == set(await completed(f"bulk-onboard {words}", folder))


@pytest.mark.slow
async def test_picked_account_is_run_with_its_own_credentials(office: Office) -> None:
    """Its rows go to its account alone, into its own ledger, and the command that comes next names it."""
    own_workbooks(office, "acme", "bravo-ltd")

    told = await office.type("run", "--account", "BRAVO-LTD", "--json")

    assert (0, 2) == (told.status, told.json["counts"]["submitted"])
    assert [credentials_of("bravo-ltd").auth_id] == list(office.sandbox.accounts)
    assert str(office.ledger_of("bravo-ltd")) == told.json["ledger"]
    assert not office.ledger_of("acme").exists()
    assert "bulk-onboard status businesses.toml --account bravo-ltd" in told.json["next"].replace(
        f"{office.folder}/", ""
    )


@pytest.mark.slow
async def test_credentials_of_an_account_are_called_by_its_variables(office: Office) -> None:
    """Those without a name are no account's."""
    own_workbooks(office, "acme", "bravo")

    told = await office.type("run", "--account", "acme", PLIVO_AUTH_ID_ACME="", PLIVO_AUTH_ID="MAX")

    assert 2 == told.status
    assert "Credentials of account acme are missing: export PLIVO_AUTH_ID_ACME," in told.err
    assert not office.sandbox.accounts


@pytest.mark.slow
async def test_doctor_says_where_an_accounts_credentials_are(office: Office) -> None:
    """By its own variables."""
    own_workbooks(office, "acme", "bravo-ltd")

    told = await office.type("doctor", "--account", "bravo-ltd")

    assert "PLIVO_AUTH_ID_BRAVO_LTD and PLIVO_AUTH_TOKEN_BRAVO_LTD in the environment" in " ".join(told.out.split())


async def test_example_in_a_new_job_file_needs_only_its_signs_removed(tmp_path: Path) -> None:
    """Every line that is a comment and looks like TOML is TOML that is understood."""
    await typed("init", "new", cwd=tmp_path)
    file = tmp_path / "new/job.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(re.sub(r"^# (?=\[|\w+ = )", "", line) for line in lines), encoding="utf-8")

    (job,) = load_jobs(file)

    assert ("acme", True, "local") == (job.account, job.shares_sheet, job.number_type)


@pytest.mark.slow
async def test_ledger_of_an_account_stands_for_its_job(office: Office) -> None:
    """It knows whose it is: the commands name the account, and its credentials are asked for."""
    own_workbooks(office, "acme", "bravo")
    await office.type("run", "--account", "acme")
    ledger = office.ledger_of("acme")

    status = await office.type("status", job=ledger)
    verified = await office.type("ledger verify", "--server", "--base-url", office.sandbox.url, job=ledger)
    report = await office.type("report", job=ledger)

    assert re.search(r"bulk-onboard run .*businesses\.toml --account acme\n", status.out)
    assert (0, 0) == (verified.status, report.status), verified.err + report.err
    assert office.report_of("acme").exists()
    assert "account" in [name for name, *_ in read_ledger_state(ledger).ledger_state.runs[-1].started.flags]


@pytest.mark.slow
async def test_keys_of_all_accounts_are_completed(office: Office) -> None:
    """Or of the one that was picked."""
    own_workbooks(office, "acme", "bravo", rows=1)
    for account in ("acme", "bravo"):
        await office.type("run", "--account", account)

    both = await completed("bulk-onboard ledger show businesses.toml K", office.folder)
    one = await completed("bulk-onboard ledger show --account bravo businesses.toml K", office.folder)

    assert (["K-0", "K-1"], ["K-1"]) == (both, one)
