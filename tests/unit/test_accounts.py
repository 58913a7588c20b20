"""A job file with accounts is a job for each of them."""

import re
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.job import (
    are_all,
    job_file_of,
    job_from_flags,
    load_job,
    load_job_or_ledger,
    load_jobs,
    load_jobs_or_ledger,
    whole_job,
)
from bulk_onboard.job_file import find_job_file
from bulk_onboard.units import Quota

SHARED = 'workbook = "businesses.xlsx"\n'
TWO = '[[accounts]]\nname = "acme"\n[[accounts]]\nname = "Bravo-2"\n'


@pytest.fixture
def write(tmp_path):
    """Writes a job file, `SHARED` above what is given unless told otherwise; its path is returned."""

    def write(accounts: str = TWO, shared: str = SHARED, *, name: str = "job.toml") -> Path:
        (tmp_path / name).write_text(shared + accounts, encoding="utf-8")
        return tmp_path / name

    return write


def refusal(file: Path, **flags: Any) -> str:
    """The message with which a job is refused."""
    with pytest.raises(UsageError) as refused:
        load_jobs(file, flags)
    return str(refused.value)


def test_each_account_has_files_of_its_own(tmp_path, write):
    """Beside each other, called like the job and the account; the sheet and the documents are shared."""
    acme, bravo = load_jobs(write())

    assert ("acme", "Bravo-2") == (acme.account, bravo.account)
    assert ("job.acme", "job.Bravo-2") == (acme.name, bravo.name)
    assert tmp_path / "job.acme.ledger.jsonl" == acme.ledger
    assert tmp_path / "job.Bravo-2.report.xlsx" == bravo.report
    assert tmp_path / "job.acme.facts" == acme.facts
    assert tmp_path / "job.acme.converted" == acme.converted
    assert tmp_path / "job.report.xlsx" == acme.report_over_all
    assert tmp_path / "businesses.xlsx" == acme.workbook == bravo.workbook
    assert (True, 128) == (acme.shares_sheet, acme.uploads)
    assert {"Bravo-2": bravo.ledger} == acme.other_accounts
    assert acme.sha256 == bravo.sha256 != ""


def test_job_without_accounts_is_one(tmp_path, write):
    """Its names are as they are without all this."""
    (job,) = load_jobs(write(""))

    assert ("", {}, False, "job") == (job.account, job.other_accounts, job.shares_sheet, job.name)
    assert tmp_path / "job.ledger.jsonl" == job.ledger
    assert are_all([job])
    assert ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN") == job.variables


def test_keys_of_an_account_hold_for_it_alone(tmp_path, write):
    """They go before those above; paths start at the file, and documents lie beside the account's own workbook."""
    (tmp_path / "bravo" / "documents").mkdir(parents=True)
    own = 'name = "bravo"\nworkbook = "bravo/rows.csv"\nquota = "10/min"\ncallback_url = "https://x.example.com/b"\n'
    acme, bravo = load_jobs(write(f'[[accounts]]\nname = "acme"\n[[accounts]]\n{own}', SHARED + 'quota = "30/min"\n'))

    assert (Quota(30, 60.0), Quota(10, 60.0)) == (acme.quota, bravo.quota)
    assert ("", "https://x.example.com/b") == (acme.callback_url, bravo.callback_url)
    assert (True, False) == (acme.shares_sheet, bravo.shares_sheet)
    assert tmp_path / "bravo/rows.csv" == bravo.workbook
    assert (tmp_path, tmp_path / "bravo/documents") == (acme.documents, bravo.documents)


def test_copies_of_several_sheets_bear_the_accounts_names(write):
    """Else one would take another's place: of a second sheet, or of a file that has another ending alone."""
    tables = (
        '[[accounts]]\nname = "acme"\n[[accounts]]\nname = "bravo"\n'
        '[[accounts]]\nname = "carol"\nworkbook = "two.xlsx"\nsheet = "One"\n'
        '[[accounts]]\nname = "dora"\nworkbook = "./two.xlsx"\nsheet = "Two"\n'
        '[[accounts]]\nname = "emil"\nworkbook = "three.csv"\n[[accounts]]\nname = "fay"\nworkbook = "three.xlsx"\n'
    )

    jobs = load_jobs(write(tables))

    names = ["businesses", "businesses", "two.carol", "two.dora", "three.emil", "three.fay"]
    assert names == [job.copies for job in jobs]
    assert "two.dora" == load_job(write(tables), {"account": ("dora",)}).copies
    of_copy = {"account": ("acme",), "workbook": "businesses.annotated.xlsx"}
    assert "businesses" == load_job(write(tables), of_copy).copies


def test_tables_of_an_account_are_its_own(write):
    """A table below an account's is that one's."""
    text = '[[accounts]]\nname = "acme"\n[accounts.findings]\n"state-unknown" = "off"\n[[accounts]]\nname = "bravo"\n'
    acme, bravo = load_jobs(write(text))

    assert ({"state-unknown": "off"}, {}) == (acme.findings, bravo.findings)


def test_file_that_is_named_for_all_gets_the_accounts_name(tmp_path, write):
    """One that an account names itself is as it says, and the report over all has the name itself."""
    shared = SHARED + 'ledger = "l/all.ledger.jsonl"\nreport = "out/x.report.xlsx"\n'
    acme, bravo = load_jobs(write(TWO + 'ledger = "b.jsonl"\n', shared))

    assert tmp_path / "l/all.acme.ledger.jsonl" == acme.ledger
    assert tmp_path / "b.jsonl" == bravo.ledger
    assert tmp_path / "out/x.Bravo-2.report.xlsx" == bravo.report
    assert tmp_path / "out/x.report.xlsx" == acme.report_over_all


def test_report_flag_is_for_all(write):
    """Each account's own lies beside the one over all, also where one account alone is picked."""
    acme, _ = load_jobs(write(), {"report": "r.xlsx"})
    (alone,) = load_jobs(write(), {"report": "r.xlsx", "account": ["acme"]})

    assert Path("r.acme.xlsx") == acme.report == alone.report
    assert Path("r.xlsx") == acme.report_over_all


def test_accounts_are_picked_whatever_the_case(write):
    """In the file's order; the other ones' ledgers stay known, for rows that are in two."""
    jobs = load_jobs(write(), {"account": [" BRAVO-2", "acme"]})
    bravo = load_job(write(), {"account": "bravo-2"})

    assert ["acme", "Bravo-2"] == [job.account for job in jobs]
    assert "Bravo-2" == bravo.account
    assert ["acme"] == list(bravo.other_accounts)
    assert are_all(jobs)
    assert not are_all([bravo])


@pytest.mark.parametrize(
    ("name", "told"),
    [("acm", "Did you mean acme?"), ("zzz", "There is acme, Bravo-2.")],
)
def test_unknown_account_is_named_with_the_nearest(write, name, told):
    """Or with all there are."""
    with pytest.raises(UsageError, match=re.escape(told)):
        load_jobs(write(), {"account": [name]})


def test_all_unknown_accounts_are_named_at_once(write):
    """Each with what may be meant."""
    told = refusal(write(), account=["acm", "acme", "brave-2"])

    assert "Did you mean acme?" in told
    assert "Did you mean Bravo-2?" in told


def test_one_job_of_several_accounts_must_be_picked(write):
    """The message names them, and how it is done here."""
    with pytest.raises(UsageError, match=r"2 accounts, .*: acme, Bravo-2\. Pick one, such as --account acme\."):
        load_job(write())
    with pytest.raises(UsageError, match='such as account="acme"'):
        load_job(write(), are_typed=False)
    assert "acme" == load_job(write('[[accounts]]\nname = "acme"\n')).account


def test_many_accounts_are_not_all_named(write):
    """Two hundred names say nothing."""
    file = write("".join(f'[[accounts]]\nname = "a{number}"\n' for number in range(30)))

    with pytest.raises(UsageError, match=r"30 accounts, .* a19, 10 more\. Pick"):
        load_job(file)


@pytest.mark.parametrize("load", [load_jobs, load_jobs_or_ledger])
def test_nothing_to_pick_from_is_told(write, load):
    """A job file without accounts, and a bare workbook."""
    for file in (write(""), Path("june.xlsx")):
        with pytest.raises(UsageError, match=r"has no \[\[accounts\]\] to pick from. Leave out --account"):
            load(file, {"account": ["acme"]})


def test_ledger_is_one_accounts_already(tmp_path):
    """Neither does a verb without JOB have any."""
    with pytest.raises(UsageError, match=r"is the ledger of one account. Leave out --account"):
        load_job_or_ledger(tmp_path / "job.acme.ledger.jsonl", {"account": ["acme"]})
    with pytest.raises(UsageError, match="Name the job file"):
        job_from_flags({"account": ["acme"]})


@pytest.mark.parametrize(
    ("accounts", "told"),
    [
        ("accounts = []\n", "accounts: there is none"),
        ('[accounts]\nname = "acme"\n', "accounts: each account is a table of its own, so write [[accounts]]"),
        ('accounts = ["acme"]\n', "accounts: each account is a table of its own"),
        ("accounts = 3\n", "accounts: each account is a table of its own"),
        ("[[accounts]]\nquota = '5/s'\n", "account no. 1: it has no name"),
        (TWO + '[[accounts]]\nname = "a b"\n', "account no. 3: 'a b' cannot be its name"),
        (TWO + '[[accounts]]\nname = "ACME"\n', "two accounts are called 'acme' and 'ACME', which is alike"),
        (TWO + 'qouta = "5/s"\n', "account Bravo-2: unknown key 'qouta' (did you mean 'quota'?)"),
        ('[[accounts]]\nnmae = "acme"\n', "unknown key 'nmae' (did you mean 'name'?)"),
        (TWO + "concurrency = 0\n", "account Bravo-2: concurrency: it must be a whole number"),
        (TWO + 'stop_after = "5h"\n', "account Bravo-2: 'stop_after' holds for the whole job; write it above"),
        (TWO + "uploads = 3\n", "'uploads' holds for the whole job"),
        (TWO + "[[accounts.accounts]]\nname = 'x'\n", "'accounts' holds for the whole job"),
        (TWO + 'account = "x"\n', "'account' is a flag only"),
        (TWO + 'auth_token = "sesame"\n', "set PLIVO_AUTH_ID_BRAVO_2 and PLIVO_AUTH_TOKEN_BRAVO_2 in the environment"),
        ('[[accounts]]\nauth_token = "sesame"\n', "set PLIVO_AUTH_ID_… and PLIVO_AUTH_TOKEN_… in the environment"),
        ('[[accounts]]\nname = "MASESAMESESAMESESAME"\n', "account no. 1: its name looks like an auth_id or a secret"),
        (TWO + 'ledger = "job.acme.ledger.jsonl"\n', "accounts acme and Bravo-2 have one ledger; give each its own"),
        (TWO + 'store = "file"\n', "account Bravo-2: 'store' holds for the whole job; write it above"),
        (TWO + 'report = "sub/../job.acme.report.xlsx"\n', "accounts acme and Bravo-2 have one report"),
        (TWO.replace('"\n', '"\nworkbook = "own.xlsx"\n'), "accounts acme and Bravo-2 have one workbook; give each"),
    ],
)
def test_wrong_accounts_are_told(tmp_path, write, accounts, told):
    """With the file, the account and what to write; a secret is not repeated."""
    shared, table = ("", accounts) if accounts.startswith("accounts =") else (SHARED, accounts)

    message = refusal(write(table, shared))

    assert message.startswith(f"In {tmp_path / 'job.toml'}: ")
    assert told in message
    assert "sesame" not in message.lower()


def test_all_troubles_of_all_accounts_are_told_at_once(write):
    """With those of the whole job."""
    text = '[[accounts]]\nname = "acme"\nqouta = 1\n[[accounts]]\nheader_row = 0\n'

    message = refusal(write(text, 'workbok = "x"\n'))

    for told in ("'workbook'?", "account acme: unknown key", "account no. 2: it has no name", "2: header_row: "):
        assert told in message


def test_accounts_may_read_two_sheets_of_one_workbook(write):
    """Each says which one."""
    own = 'workbook = "own.xlsx"\nsheet = "{}"\n'
    text = "".join(f'[[accounts]]\nname = "{name}"\n{own.format(name)}' for name in ("a", "b"))

    assert ["a", "b"] == [job.sheet for job in load_jobs(write(text))]


def test_account_without_a_workbook_is_told_the_line_to_add(tmp_path, write):
    """The message names the account; a flag is the whole job's, also for accounts that are not picked."""
    file = write(shared="")

    assert f"{tmp_path / 'job.toml'} names no workbook, neither for all accounts nor for acme." in refusal(file)
    assert Path("x.csv") == load_job(file, {"workbook": "x.csv", "account": ["Bravo-2"]}).workbook


def test_one_file_for_several_accounts_is_refused_as_a_flag(write):
    """A ledger always, a workbook where an account has its own; for one of them it holds."""
    own = write(TWO + 'workbook = "bravo.xlsx"\n')

    assert "--ledger names one file, and" in refusal(own, ledger="x.jsonl")
    assert "account Bravo-2 has a workbook of its own. Pick one with --account" in refusal(own, workbook="x.csv")
    assert Path("x.jsonl") == load_job(own, {"ledger": "x.jsonl", "account": ["acme"]}).ledger
    assert Path("x.csv") == load_job(own, {"workbook": "x.csv", "account": ["Bravo-2"]}).workbook
    assert {Path("x.csv")} == {job.workbook for job in load_jobs(write(), {"workbook": "x.csv"})}


def test_flags_are_for_all_that_were_picked(write):
    """They go before an account's own keys."""
    jobs = load_jobs(write(TWO + 'quota = "10/min"\n'), {"quota": "5/s"})

    assert [Quota(5, 1.0)] * 2 == [job.quota for job in jobs]


def test_commands_of_an_account_name_it(write):
    """Those about the whole job do not, unless some were left out."""
    file = write()
    jobs = load_jobs(file, {"quota": "5/s"})

    assert f"bulk-onboard run {file} --account Bravo-2 --quota 5/s" == jobs[1].commands.run()
    assert f"bulk-onboard ledger show {file} K-1 --account acme" == jobs[0].commands.show("K-1")
    assert f"bulk-onboard run {file} --quota 5/s" == whole_job(jobs).run()
    three = write(TWO + '[[accounts]]\nname = "c"\n')
    some = load_jobs(three, {"account": ["c", "acme"]})
    assert f"bulk-onboard status {file} --account acme --account c" == whole_job(some).status()
    assert f"bulk-onboard run {file}" == whole_job(load_jobs(write(""))).run()


def test_account_that_is_picked_is_the_one_among_all(write):
    """Whether it is picked or all are loaded, it is one job, with one set of files and settings."""
    file = write(TWO + 'quota = "10/min"\nledger = "b.jsonl"\n', SHARED + 'report = "out/r.xlsx"\n')

    for job in load_jobs(file, {"settle": "60s"}):
        assert job == load_job(file, {"account": [job.account], "settle": "60s"})


def test_accounts_of_the_extending_file_win_as_a_whole(tmp_path, write):
    """What is shared may stand in the other file, and so may the accounts; paths start where they stand."""
    (tmp_path / "base").mkdir()
    write(TWO + 'ledger = "b.jsonl"\n', SHARED + 'quota = "30/min"\n', name="base/base.toml")
    inherited = load_jobs(write("", 'extends = "base/base.toml"\n'))
    own = load_jobs(write('[[accounts]]\nname = "charlie"\n', 'extends = "base/base.toml"\n'))

    assert ["acme", "Bravo-2"] == [job.account for job in inherited]
    assert tmp_path / "base/b.jsonl" == inherited[1].ledger
    assert tmp_path / "job.acme.ledger.jsonl" == inherited[0].ledger
    assert ["charlie"] == [job.account for job in own]
    assert (tmp_path / "base/businesses.xlsx", Quota(30, 60.0)) == (own[0].workbook, own[0].quota)


def test_newest_workbook_is_one_for_all(tmp_path, write, monkeypatch):
    """One that arrives while the job is loaded is not the next account's."""
    looked: list[Path] = []
    monkeypatch.setattr("bulk_onboard.job.newest", lambda pattern: looked.append(pattern) or tmp_path / "a.csv")

    jobs = load_jobs(write(shared='workbook = "*.csv"\n'))

    assert ([tmp_path / "*.csv"], {tmp_path / "a.csv"}) == (looked, {job.workbook for job in jobs})


def test_job_file_of_a_workbook_that_accounts_share(tmp_path, write):
    """The first account that was run, and the commands about all who read it."""
    file = write()
    (tmp_path / "job.Bravo-2.ledger.jsonl").touch()

    other = job_file_of(load_job(tmp_path / "businesses.xlsx"))

    assert "Bravo-2" == other.account
    assert f"bulk-onboard run {file}" == other.commands.run()
    write(TWO + 'workbook = "own.xlsx"\n')
    assert f"bulk-onboard run {file} --account Bravo-2" == job_file_of(load_job(tmp_path / "own.xlsx")).commands.run()


def test_folder_is_told_to_have_a_job_file_with_accounts(tmp_path, write, monkeypatch):
    """Also where each account names its workbook itself."""
    write('[[accounts]]\nname = "acme"\nworkbook = "a.xlsx"\n', "", name="june.toml")

    with pytest.raises(UsageError, match=r"It has .*june\.toml; name the one you mean"):
        find_job_file(str(tmp_path))


def test_two_files_of_one_name_would_be_one_ledger_in_a_database(write):
    """There a ledger has the file's name alone, so accounts must differ in that."""
    text = TWO + 'ledger = "elsewhere/job.acme.ledger.jsonl"\n'

    assert 2 == len(load_jobs(write(text)))
    with pytest.raises(UsageError, match="accounts acme and Bravo-2 have one ledger; give each its own"):
        load_jobs(write(text), {"store": "postgresql://h/x"})
