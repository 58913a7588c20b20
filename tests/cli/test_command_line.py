"""The command line as people know it: help, version, completion, and an answer to what was misspelt."""

import re
from pathlib import Path

import pytest

from bulk_onboard import __version__
from tests.support.businesses import business
from tests.support.office import Office, typed

JOB = 'workbook = "businesses.xlsx"\nbase_url = "http://127.0.0.1:9"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which `migration/` has a job file."""
    (tmp_path / "migration").mkdir()
    (tmp_path / "migration/job.toml").write_text(JOB)
    return tmp_path


async def completed(line: str, folder: Path) -> list[str]:
    """What bash would offer behind these words."""
    words = line.split(" ")
    told = await typed(
        cwd=folder,
        _BULK_ONBOARD_COMPLETE="complete_bash",
        COMP_WORDS="\n".join(words) if words[-1] else line,
        COMP_CWORD=str(len(words) - 1),
    )
    return told.out.split()


async def test_version_and_short_help(folder):
    """`--version` names the program and its version; `-h` is `--help`, of a verb within a verb as well."""
    version = await typed("--version", cwd=folder)
    short, long = [await typed("ledger", "show", flag, cwd=folder) for flag in ("-h", "--help")]

    assert (0, f"bulk-onboard {__version__}\n") == (version.status, version.out)
    assert (0, short.out) == (short.status, long.out)
    assert "Usage: bulk-onboard ledger show [OPTIONS] [JOB] KEY" in short.out


async def test_verbs_stand_in_groups(folder):
    """Under the headings of what one wants to do, in that order."""
    told = await typed("--help", cwd=folder)
    headings = re.findall(r"^(\S.*):$", told.out, re.MULTILINE)

    assert ["Options", "To begin", "Every day", "When something needs you", "To look into it", "To serve"] == headings


async def test_help_has_only_the_flags_that_apply(folder):
    """`run` has a quota, with its default in words; `status` has no concurrency, and neither has `ledger repair`."""
    run = await typed("run", "--help", cwd=folder)
    others = [await typed(*verb.split(), "--help", cwd=folder) for verb in ("status", "ledger repair", "template")]

    assert "--settle DURATION" in run.out
    assert "A duration such as 90s, 5h or 2d. Default: 90s." in " ".join(run.out.split())
    assert not [told.out for told in others if "--concurrency" in told.out]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("chekc migration", "There is no command 'chekc'. Did you mean check?"),
        ("ledger shwo", "There is no command 'ledger shwo'. Did you mean show?"),
        ("migration", "JOB comes behind a verb, such as: bulk-onboard status migration"),
        ("status migration --concurrency 3", "status has no --concurrency; resume and run have it."),
        ("run migration --explain x", "run has no --explain; check has it."),
        ("run migration --settel 9s", "run has no --settel. Did you mean --settle?"),
        ("run migration --settle 90 s", "--settle takes one word, and 90 s are two. Leave out the blank: --settle 90s"),
        ("run migration --wait 2days", "--wait: '2days' is not a duration; write 2d."),
        ("run migration --quota 60", "--quota: '60' is not a quota; write 60/min."),
        ("run migration --limit", "--limit needs a value behind it. Send at most"),
        ("run migration other.toml", "run takes one JOB, and here are 2: migration and other.toml. Name one of them."),
        ("--quiet run migration", "--quiet stands before the verb."),
        ("run migraton", "Did you mean migration?"),
        ("run migration/jbo.toml", "There is no job file migration/jbo.toml. Did you mean migration/job.toml?"),
        ("report migration --report r.pdf", "write r.xlsx"),
        ("template migration --output t.csv", "t.csv cannot be its name. Name it t.xlsx."),
        ("undo migration", "undo needs --run RUN"),
        ("delete migration", "delete takes one KEY behind JOB, and was given none."),
        ("sandbox --port abc", "--port: it must be a whole number."),
        ("sandbox extra", "sandbox knows no use for extra."),
        ("init", "init needs DIR"),
        ("run", "JOB is missing, and this folder has no job.toml."),
    ],
)
async def test_what_cannot_be_meant_is_answered_with_what_is(folder, line, sentence):
    """Exit status 2, one line, and no usage text; nothing was begun."""
    told = await typed(*line.split(), cwd=folder)

    assert 2 == told.status
    assert sentence in told.err
    assert 1 == len(told.err.splitlines())
    assert "" == told.out


async def test_what_is_refused_is_an_object_with_json(folder):
    """A program that calls this one gets its answer where it looks for it."""
    told = await typed("status", "migration", "--concurrency", "3", "--json", cwd=folder)

    assert (2, 2) == (told.status, told.json["exit_status"])
    assert "resume and run have it" in told.json["error"]


async def test_job_may_be_left_out_and_may_be_a_folder(folder):
    """All three ways lead to one job; a Key alone is not taken for JOB."""
    left_out = await typed("status", cwd=folder / "migration")
    of_folder = await typed("status", "migration", cwd=folder)
    of_key = await typed("ledger", "show", "K-1", cwd=folder / "migration")
    of_both = await typed("ledger", "show", "migration", "K-1", cwd=folder)

    assert "There is no ledger job.ledger.jsonl." in left_out.err
    assert "There is no ledger job.ledger.jsonl." in of_key.err
    assert "There is no ledger migration/job.ledger.jsonl." in of_folder.err
    assert "There is no ledger migration/job.ledger.jsonl." in of_both.err


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("bulk-onboard re", {"requirements", "report", "resolve", "resume", "refresh"}),
        ("bulk-onboard ledger ", {"show", "verify", "repair", "rebuild", "export", "import"}),
        ("bulk-onboard run --contract ", {"auto", "beta", "released"}),
        ("bulk-onboard run --notify a", {"attention"}),
        ("bulk-onboard status --review re", {"rejected"}),
        ("bulk-onboard check --explain state-un", {"state-unknown"}),
        ("bulk-onboard run --sett", {"--settle"}),
    ],
)
async def test_words_are_completed(folder, line, offered):
    """Verbs, flags, the words that a flag takes, and codes of findings."""
    assert offered == set(await completed(line, folder))


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["resolve businesses.xlsx K-", "status businesses.xlsx --key K-", "run businesses.xlsx --key K-"]
)
async def test_keys_are_completed(office: Office, line: str) -> None:
    """Those that the job's ledger has."""
    office.fill([business(n, Key=f"K-{n}") for n in range(2)])
    await office.run()

    assert {"K-0", "K-1"} == set(await completed(f"bulk-onboard {line}", office.folder))


@pytest.mark.slow
async def test_key_is_completed_where_job_is_left_out(office: Office) -> None:
    """In the folder of the job the first word may be a Key."""
    office.fill([business(1, Key="K-1")])
    (office.folder / "job.toml").write_text(f'workbook = "businesses.xlsx"\nledger = "{office.ledger.name}"\n')
    await office.run()

    assert ["K-1"] == await completed("bulk-onboard resolve K", office.folder)


async def test_files_are_left_to_the_shell(folder):
    """Behind a verb nothing is offered, so bash, zsh and fish complete the path of JOB."""
    assert [] == await completed("bulk-onboard run mig", folder)
