"""What a job file, a bare workbook and the flags come to."""

import os
import re
import sys
from dataclasses import fields
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.job import Job, job_file_of, job_from_flags, load_job, load_job_or_ledger
from bulk_onboard.job_file import find_job_file
from bulk_onboard.model.requirements import Combination
from bulk_onboard.settings import BY_NAME
from bulk_onboard.units import Quota

AUTH_ID = "MA" + "X" * 18


@pytest.fixture
def write_job(tmp_path):
    """Writes a job file with these lines, and a workbook unless told otherwise; its path is returned."""

    def write(text: str = "", *, name: str = "job.toml", workbook: str = 'workbook = "businesses.xlsx"\n') -> Path:
        file = tmp_path / name
        file.write_text(workbook + text, encoding="utf-8")
        return file

    return write


def trouble_of(file: Path, flags: dict[str, object] | None = None) -> str:
    """The message with which a job is refused."""
    with pytest.raises(UsageError) as refused:
        load_job(file, flags)
    return str(refused.value)


def test_job_has_a_value_for_every_setting():
    """What can be set is what a job holds."""
    own = {"file", "commands", "sha256", "workbook_pattern"}
    of_accounts = {"other_accounts", "siblings", "shares_sheet", "copies_of", "report_over_all"}

    held = {"store" if field.name == "database" else field.name for field in fields(Job)}

    assert held - own - of_accounts == BY_NAME.keys() - {"accounts"}


def test_bare_workbook_has_every_default(tmp_path):
    """A workbook is a job: what it needs and what it leaves lies beside it."""
    job = load_job(tmp_path / "june.xlsx")

    assert tmp_path / "june.xlsx" == job.file == job.workbook
    assert tmp_path == job.documents
    assert tmp_path / "june.ledger.jsonl" == job.ledger
    assert tmp_path / "june.report.xlsx" == job.report
    assert "june" == job.name
    assert "" == job.sha256
    assert Combination("IN", "", "business") == job.defaults
    assert Quota(60, 60.0) == job.quota
    assert (8, 1, None) == (job.concurrency, job.header_row, job.limit)
    assert ("https://api.plivo.com", False, True) == (job.base_url, job.trust_host, job.admit_new_rows)
    assert {} == job.columns


def test_documents_folder_is_found_beside_the_workbook(tmp_path):
    """A folder of this name is taken; it need not be told."""
    (tmp_path / "documents").mkdir()

    job = load_job(tmp_path / "june.csv")

    assert tmp_path / "documents" == job.documents


@pytest.mark.parametrize("name", ["a.xlsx", "a.XLSX", "a.xlsm", "a.xls", "a.xlsb", "a.ods", "a.csv", "a.tsv"])
def test_workbooks_are_known_by_their_ending(name):
    """In upper case too."""
    assert Path(name) == load_job(Path(name)).workbook


@pytest.mark.parametrize("name", ["a.numbers", "a", "a.yaml"])
def test_other_files_are_no_jobs(name):
    """The message says what a job may be."""
    assert "neither a job file (.toml) nor a workbook" in trouble_of(Path(name))


def test_paths_start_at_the_job_file(tmp_path, write_job):
    """Relative ones do; absolute ones stand, and ~ is the home."""
    file = write_job('documents = "scans"\nledger = "/var/lib/june.jsonl"\nreport = "~/june.xlsx"\n')

    job = load_job(file)

    assert tmp_path / "businesses.xlsx" == job.workbook
    assert tmp_path / "scans" == job.documents
    assert Path("/var/lib/june.jsonl") == job.ledger
    assert Path.home() / "june.xlsx" == job.report


def test_ledger_and_report_are_called_like_the_job(tmp_path, write_job):
    """They lie beside the job file, also where the workbook lies elsewhere."""
    job = load_job(write_job(workbook='workbook = "inbox/today.csv"\n', name="nightly.toml"))

    assert tmp_path / "nightly.ledger.jsonl" == job.ledger
    assert tmp_path / "nightly.report.xlsx" == job.report
    assert tmp_path / "inbox" == job.documents


def test_flags_go_before_the_file(write_job):
    """What the command line says holds, read as the file's values are; what it leaves out is the file's."""
    file = write_job('quota = "60/min"\nconcurrency = 2\nsheet = "June"\ntrust_host = false\n')
    flags = {"quota": "5/s", "concurrency": "4", "sheet": None, "trust_host": True, "ledger": "here.jsonl"}

    job = load_job(file, flags)

    assert Quota(5, 1.0) == job.quota
    assert 4 == job.concurrency
    assert "June" == job.sheet
    assert job.trust_host
    assert Path("here.jsonl") == job.ledger


def test_ledgers_are_files_unless_a_database_is_named(tmp_path, write_job):
    """A flag goes before the job file, also to say `file`; the ledger keeps its name."""
    address = "postgresql://db.example.com/onboarding"
    file = write_job(f'store = "{address}"\n')

    assert (None, address) == (load_job(write_job(name="other.toml")).database, load_job(file).database)
    assert (None, "postgresql://h/x") == tuple(
        load_job(file, {"store": store}).database for store in ("file", "postgresql://h/x")
    )
    assert str(tmp_path / "job.ledger.jsonl") == load_job(file, {"store": "file"}).store.name


@pytest.mark.parametrize("address", ["postgresql://me:hush@h/x", "postgresql://h/x?password=hush"])
def test_password_of_a_database_is_refused_with_where_it_belongs(write_job, address):
    """In the file and as a flag; the sentence does not repeat it."""
    in_file, as_flag = trouble_of(write_job(f'store = "{address}"\n')), trouble_of(write_job(), {"store": address})

    assert all("the file that PGPASSFILE names" in told for told in (in_file, as_flag))
    assert "hush" not in in_file + as_flag


def test_without_psycopg_a_job_says_what_to_install(monkeypatch, tmp_path):
    """Only once its ledger is asked for: whoever has no database needs nothing of it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for loaded in [name for name in sys.modules if name.startswith("bulk_onboard.ledger.database")]:
        monkeypatch.delitem(sys.modules, loaded)
    job = load_job(tmp_path / "june.csv", {"store": "postgresql://h/x"})

    with pytest.raises(UsageError, match=re.escape("type: pip install 'bulk-onboard[cluster]'")):
        job.store.exists()


def test_no_quota_can_be_said(write_job):
    """`none` is no pacing, which is something else than leaving the key out."""
    assert load_job(write_job('quota = "none"\n')).quota is None
    assert load_job(write_job(), {"quota": "none"}).quota is None


@pytest.mark.parametrize(
    "name", ["june.annotated.xlsx", "june.annotated-2.xlsx", "june.annotated-12.xlsx", "june.Annotated.XLSX"]
)
def test_annotated_copy_is_the_same_job(tmp_path, name):
    """Whoever mends the marked copy and runs it goes on with the job of the workbook that it is a copy of."""
    job = load_job(tmp_path / name)

    assert tmp_path / name == job.file == job.workbook
    assert "june" == job.name
    assert tmp_path / "june.ledger.jsonl" == job.ledger
    assert tmp_path / "june.report.xlsx" == job.report


@pytest.mark.parametrize("name", ["annotated.xlsx", ".annotated.xlsx", "june.annotated.csv", "june.annotated-x.xlsx"])
def test_other_names_are_jobs_of_their_own(tmp_path, name):
    """Only what `check` calls its copies is taken for one."""
    assert tmp_path / f"{Path(name).stem}.ledger.jsonl" == load_job(tmp_path / name).ledger


def test_another_workbook_for_this_run(tmp_path, write_job):
    """The flag changes the workbook alone: ledger, report and documents stay those of the job."""
    (tmp_path / "elsewhere").mkdir()
    flags = {"workbook": str(tmp_path / "elsewhere" / "june.xlsx")}

    for job in (load_job(write_job(), flags), load_job(tmp_path / "job.xlsx", flags)):
        assert tmp_path / "elsewhere" / "june.xlsx" == job.workbook
        assert tmp_path == job.documents
        assert tmp_path / "job.ledger.jsonl" == job.ledger


def test_workbook_may_be_named_by_the_flag_alone(write_job):
    """A job file that is used for many workbooks need not name one; documents then lie beside the one given."""
    job = load_job(write_job(workbook=""), {"workbook": "inbox/june.xlsx"})

    assert (Path("inbox/june.xlsx"), Path("inbox")) == (job.workbook, job.documents)


def test_workbook_may_be_the_newest_of_a_pattern(tmp_path, write_job):
    """Ledger and report are called like the job, the documents lie beside; without a match the pattern stands."""
    (tmp_path / "inbox" / "documents").mkdir(parents=True)
    file = write_job(workbook='workbook = "inbox/june-*.csv"\n')
    pattern = tmp_path / "inbox" / "june-*.csv"
    assert (pattern, pattern) == (load_job(file).workbook, load_job(file).workbook_pattern)
    for age, name in ((20, "june-2.csv"), (10, "june-1.csv")):
        (tmp_path / "inbox" / name).touch()
        os.utime(tmp_path / "inbox" / name, (1000 - age, 1000 - age))

    job = load_job(file)

    assert (tmp_path / "inbox" / "june-1.csv", pattern) == (job.workbook, job.workbook_pattern)
    assert tmp_path / "inbox" / "documents" == job.documents
    assert tmp_path / "job.ledger.jsonl" == job.ledger


def test_the_flag_may_be_a_pattern_too(tmp_path, write_job):
    """It goes before the file's, as ever; a file that it names is itself."""
    file = write_job(workbook='workbook = "inbox/june-*.csv"\n')
    (tmp_path / "july.csv").touch()

    assert tmp_path / "july.csv" == load_job(file, {"workbook": str(tmp_path / "ju*.csv")}).workbook
    assert load_job(file, {"workbook": str(tmp_path / "july.csv")}).workbook_pattern is None


def test_job_itself_is_no_pattern(tmp_path):
    """A bare workbook is the file that is typed: its ledger is called like it."""
    (tmp_path / "june1.xlsx").touch()

    job = load_job(tmp_path / "june[1].xlsx")

    assert (tmp_path / "june[1].xlsx", None) == (job.workbook, job.workbook_pattern)
    assert tmp_path / "june[1].ledger.jsonl" == job.ledger


@pytest.mark.parametrize(
    ("workbook", "told"), [("in*/june.xlsx", "Only the last part of the path"), ("june-*", "It must end like a")]
)
def test_pattern_that_cannot_be_used_is_refused(write_job, workbook, told):
    """The sentence has the workbook as it is named."""
    message = trouble_of(write_job(workbook=f'workbook = "{workbook}"\n'))

    assert f"{workbook} cannot be found by its pattern. {told}" in message


def test_other_ledgers_start_at_the_job_file(tmp_path, write_job):
    """One or several; those of the command line start at the working directory, and go before the file's."""
    assert () == load_job(write_job()).against
    assert (tmp_path / "a.jsonl",) == load_job(write_job('against = "a.jsonl"\n')).against
    file = write_job('against = ["a.jsonl", "/var/b.jsonl"]\n')

    assert (tmp_path / "a.jsonl", Path("/var/b.jsonl")) == load_job(file).against
    assert (Path("c.jsonl"), Path("d.jsonl")) == load_job(file, {"against": ["c.jsonl", "d.jsonl"]}).against
    assert 2 == len(load_job(file, {"against": []}).against)


def test_findings_and_pattern_are_read(write_job):
    """What the job rules, and where its documents are."""
    job = load_job(write_job('documents_pattern = "{key}/{type}.*"\n[findings]\n"state-unknown" = "off"\n'))

    assert {"state-unknown": "off"} == job.findings
    assert "{key}/{type}.*" == job.documents_pattern


def test_wrong_findings_are_told_with_all_other_troubles(write_job):
    """They are checked when the job is read, before any row is."""
    file = write_job('concurrency = 0\n[findings]\n"state-unknwon" = "off"\n"duplicate" = "never"\n')

    message = trouble_of(file)

    for told in ("concurrency: ", "(did you mean 'state-unknown'?)", "'duplicate' may be off, warning, error"):
        assert told in message


def test_combination_is_written_as_the_api_writes_it(write_job):
    """Case makes no difference."""
    job = load_job(write_job('country_iso = "in"\nnumber_type = "Mobile"\nuser_type = "BUSINESS"\n'))

    assert Combination("IN", "mobile", "business") == job.defaults


def test_table_and_time_zone_are_read(write_job):
    """Headers of one's own, and the report's hours."""
    job = load_job(write_job('timezone = "Asia/Kolkata"\n[columns]\n"Firm" = "Business Name"\n'))

    assert {"Firm": "Business Name"} == job.columns
    assert ZoneInfo("Asia/Kolkata") == job.timezone


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("workbok", "workbook"), ("document", "documents"), ("Quota", "quota"), ("base-url", "base_url")],
)
def test_unknown_key_names_the_nearest(write_job, key, nearest):
    """A slip of the finger is shown with what was meant."""
    message = trouble_of(write_job(f'{key} = "x"\n'))

    assert f"unknown key {key!r} (did you mean {nearest!r}?)" in message


def test_unknown_key_without_a_neighbour_is_named_alone(write_job):
    """Nothing is suggested where nothing is near."""
    message = trouble_of(write_job("zzz = 1\n"))

    assert "unknown key 'zzz'." in message


def test_what_must_be_meant_anew_each_time_is_no_key(write_job):
    """A job file that always sent older content would defeat the point of asking."""
    assert "give --allow-older to a run" in trouble_of(write_job("allow_older = true\n"))
    assert load_job(write_job(), {"allow_older": True}).scope.allow_older


def test_all_troubles_are_told_at_once(write_job):
    """Unknown keys, wrong values and secrets come in one message, with the file's name."""
    file = write_job('workbok = "x"\nconcurency = 3\nconcurrency = 0\nquota = "fast"\nauth_token = "x"\n')

    message = trouble_of(file)

    assert message.startswith(f"In {file}: ")
    for told in ("'workbook'?", "'concurrency'?", "concurrency: ", "quota: ", "'auth_token' looks like a secret"):
        assert told in message


@pytest.mark.parametrize(
    "line",
    [
        'auth_id = "sesame"',
        'auth_token = "sesame"',
        'PLIVO_AUTH_TOKEN = "sesame"',
        'password = "sesame"',
        'api_key = "sesame"',
        'proxy = "http://user:sesame@proxy.example:3128"',
        f'sheet = "{AUTH_ID}"',
    ],
)
def test_secrets_are_refused_and_not_repeated(write_job, line):
    """By its name or by its look; the message says where secrets go."""
    message = trouble_of(write_job(f"{line}\n"))

    assert "looks like a secret" in message
    assert "set PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN in the environment" in message
    assert "sesame" not in message
    assert AUTH_ID not in message


def test_secrets_are_refused_on_the_command_line_too(write_job):
    """Others on the machine can read it."""
    message = trouble_of(write_job(), {"proxy": "http://user:sesame@proxy.example:3128"})

    assert message.startswith("'proxy' looks like a secret")
    assert "sesame" not in message


def test_extended_file_holds_unless_set_here(tmp_path, write_job):
    """Keys of both files count; each file's paths start at itself."""
    (tmp_path / "base").mkdir()
    write_job('ledger = "base.jsonl"\nquota = "60/min"\nconcurrency = 2\n', name="base/base.toml")
    file = write_job('extends = "base/base.toml"\nquota = "30/min"\nreport = "r.xlsx"\n', workbook="")

    job = load_job(file)

    assert tmp_path / "base" / "businesses.xlsx" == job.workbook
    assert tmp_path / "base" / "base.jsonl" == job.ledger
    assert tmp_path / "r.xlsx" == job.report
    assert (Quota(30, 60.0), 2) == (job.quota, job.concurrency)


def test_ledger_is_not_shared_unless_the_extended_file_names_it(tmp_path, write_job):
    """A default is of the job that runs."""
    write_job(name="base.toml")

    job = load_job(write_job('extends = "base.toml"\n', workbook=""))

    assert tmp_path / "job.ledger.jsonl" == job.ledger


def test_extending_goes_one_level(write_job):
    """Two levels, and a file that extends itself, are refused."""
    write_job('extends = "lowest.toml"\n', name="base.toml")
    write_job(name="lowest.toml")

    assert "one level is allowed" in trouble_of(write_job('extends = "base.toml"\n'))
    assert "one level is allowed" in trouble_of(write_job('extends = "job.toml"\n'))


def test_extended_file_is_read_as_strictly(tmp_path, write_job):
    """Its unknown keys are errors under its own name; a missing one is named."""
    write_job("quotta = 1\n", name="base.toml")

    assert f"In {tmp_path / 'base.toml'}: unknown key 'quotta'" in trouble_of(write_job('extends = "base.toml"\n'))
    assert f"There is no job file {tmp_path / 'gone.toml'}" in trouble_of(write_job('extends = "gone.toml"\n'))


def test_digest_changes_with_either_file(write_job):
    """The ledger can tell by which settings a run was made."""
    write_job(name="base.toml")
    file = write_job('extends = "base.toml"\n')
    first = load_job(file).sha256
    again = load_job(file).sha256
    write_job("concurrency = 3\n", name="base.toml")

    assert 64 == len(first)
    assert first == again
    assert first != load_job(file).sha256


def test_file_without_workbook_is_told_the_line_to_add(write_job):
    """A job is about a workbook."""
    assert 'Add a line such as workbook = "businesses.xlsx"' in trouble_of(write_job(workbook="concurrency = 2\n"))


def test_missing_job_file_says_how_to_get_one(tmp_path):
    """One that is there is named; else `init` writes one, into a folder that is not there yet."""
    assert "There is no job file" in trouble_of(tmp_path / "gone.toml")
    assert trouble_of(tmp_path / "gone.toml").endswith(f"type: bulk-onboard init {tmp_path / 'gone'}")
    assert trouble_of(tmp_path / "June 1" / "job.toml").endswith(f"type: bulk-onboard init '{tmp_path / 'June 1'}'")
    (tmp_path / "june.toml").write_text('workbook = "june.xlsx"')
    (tmp_path / "pyproject.toml").write_text("[project]")
    there = f"That folder has {tmp_path / 'june.toml'}; name the one you mean."
    assert trouble_of(tmp_path / "gone.toml").endswith(there)


@pytest.mark.parametrize("typed", ["migration/jbo.toml", "migraton/job.toml", "migraton", "migration/job.tml"])
def test_misspelt_path_is_answered_with_the_one_that_is_there(tmp_path, monkeypatch, typed):
    """Folder or file, or both: the message asks whether the nearest was meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migration").mkdir()
    (tmp_path / "migration/job.toml").write_text('workbook = "businesses.xlsx"')

    with pytest.raises(UsageError, match=r"Did you mean migration(/job\.toml)?\?"):
        load_job(Path(typed))


def test_job_may_be_a_folder_or_be_left_out(tmp_path, monkeypatch):
    """A folder with a job.toml stands for that; without a word it is the working folder."""
    (tmp_path / "job.toml").write_text('workbook = "businesses.xlsx"')

    assert tmp_path / "job.toml" == find_job_file(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert Path("job.toml") == find_job_file(None)
    assert Path("other.toml") == find_job_file("other.toml")
    assert "bulk-onboard run job.toml" == load_job(find_job_file(None)).commands.run()


def test_folder_without_a_job_file_names_what_there_is(tmp_path, monkeypatch):
    """Another job file is not taken by itself, since it may be one of several; what is no job is not named."""
    monkeypatch.chdir(tmp_path)
    for name in ("june.toml", "july.toml"):
        (tmp_path / name).write_text('workbook = "businesses.xlsx"')

    with pytest.raises(UsageError, match=r"no job\.toml\. It has july\.toml and june\.toml; name the one"):
        find_job_file(None)
    assert find_job_file(None, is_needed=False) is None


def test_commands_have_the_flags_as_they_were_typed(write_job):
    """Values stay the user's words; a switch has none, and what was not given is not there."""
    flags = {"settle": "90s", "against": ["a.jsonl", "b.jsonl"], "trust_host": True, "sheet": None, "annotate": None}

    commands = load_job(write_job(), flags).commands

    assert {"settle": ("90s",), "against": ("a.jsonl", "b.jsonl"), "trust_host": ()} == commands.flags


def test_job_file_of_a_bare_workbook(tmp_path, write_job):
    """A job file beside it that names it has another ledger, and is told of; one that shares the ledger is not."""
    (tmp_path / "broken.toml").write_text("of = another tool")
    file = write_job(workbook='workbook = "june.xlsx"\n')

    assert file == job_file_of(load_job(tmp_path / "june.xlsx")).file
    assert file == job_file_of(load_job(tmp_path / "june.annotated.xlsx")).file
    assert job_file_of(load_job(tmp_path / "may.xlsx")) is None
    assert job_file_of(load_job(file)) is None
    write_job('ledger = "june.ledger.jsonl"\n', workbook='workbook = "june.xlsx"\n')
    assert job_file_of(load_job(tmp_path / "june.xlsx")) is None


@pytest.mark.parametrize("content", [b"workbook = businesses.xlsx\n", b"workbook = 'a'\nworkbook = 'b'\n", b"w\0"])
def test_broken_toml_is_told(tmp_path, content):
    """A missing quotation mark, a doubled key, a NUL."""
    file = tmp_path / "job.toml"
    file.write_bytes(content)

    assert f"{file} is not valid TOML: " in trouble_of(file)


def test_folder_is_no_job_file(tmp_path):
    """It cannot be read, and the system says why."""
    (tmp_path / "job.toml").mkdir()

    assert "cannot be read: Is a directory" in trouble_of(tmp_path / "job.toml")


def test_settings_alone_are_a_job_for_what_needs_no_workbook():
    """The flags over the defaults."""
    job = job_from_flags({"base_url": "http://127.0.0.1:8765", "quota": None})

    assert "http://127.0.0.1:8765" == job.base_url
    assert Quota(60, 60.0) == job.quota


def test_misspelt_job_is_not_taken_for_a_ledger(tmp_path, write_job):
    """Where a ledger would do as well, a word that is nothing is answered as it is elsewhere."""
    file = write_job()

    with pytest.raises(UsageError, match=rf"Did you mean {file}\?"):
        load_job_or_ledger(file.with_suffix(""), {})


def test_ledger_file_stands_for_itself(tmp_path, write_job):
    """Where a ledger is meant, it may be named, or the job it belongs to."""
    ledger = tmp_path / "june.ledger.jsonl"

    assert ledger == load_job_or_ledger(ledger, {}).ledger
    assert tmp_path / "job.ledger.jsonl" == load_job_or_ledger(write_job(), {}).ledger


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffworkbook = 'b.xlsx'\r\n".encode(),
        "\ufeff\ufeffworkbook = 'b.xlsx'\n".encode(),
        "workbook = 'b.xlsx'\r\n".encode("utf-16"),
        "\ufeffworkbook = 'b.xlsx'\n".encode("utf-16-be"),
    ],
)
def test_byte_order_mark_before_a_job_is_no_part_of_it(tmp_path, content):
    """Editors write one before UTF-8, and Windows' own tools before UTF-16."""
    file = tmp_path / "job.toml"
    file.write_bytes(content)

    assert tmp_path / "b.xlsx" == load_job(file).workbook


def test_job_in_another_encoding_is_told_what_to_do(tmp_path):
    """TOML is UTF-8."""
    file = tmp_path / "job.toml"
    file.write_bytes("workbook = 'café.xlsx'\n".encode("cp1252"))

    assert f"The job file {file} is not UTF-8 text. Save it as UTF-8." == trouble_of(file)
