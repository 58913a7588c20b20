"""The job files run as they are, and the pages about them tell all there is to say."""

import re
import tomllib
from pathlib import Path

import pytest

from bulk_onboard.cli.app import app
from bulk_onboard.job import load_job
from bulk_onboard.settings import BY_NAME, SETTINGS
from scripts import list_commands
from tests.support.tables import table

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "jobs"
README = (JOBS / "README.md").read_text(encoding="utf-8")
JOB_FILE = (ROOT / "docs/job_file.md").read_text(encoding="utf-8")
SCHEDULES = (ROOT / "docs/schedules.md").read_text(encoding="utf-8")
NAMES = ["one_off_migration", "nightly", "resume"]
EXAMPLE = re.compile(r"bulk-onboard +([a-z]+)(?: +(\S*jobs/\S+\.toml))?(?: +(--[a-z-]+))?")


def test_every_job_is_known():
    """The folder holds these job files, and the README lists them."""
    assert sorted(NAMES) == sorted(path.stem for path in JOBS.glob("*.toml"))
    assert [f"`{name}.toml`" for name in NAMES] == [file for file, _ in table(README, "File")]


@pytest.mark.parametrize("name", NAMES)
def test_job_can_run_as_it_is(name):
    """Each job loads without a flag, and its workbook and documents are there."""
    job = load_job(JOBS / f"{name}.toml")

    assert job.workbook.is_file()
    assert job.documents.is_dir()
    assert JOBS == job.ledger.parent == job.report.parent


def test_resume_finishes_the_migration():
    """The same ledger and report, no new rows, half the rate."""
    migration, resume = (load_job(JOBS / f"{name}.toml") for name in ("one_off_migration", "resume"))

    assert (migration.workbook.resolve(), migration.ledger, migration.report) == (
        resume.workbook.resolve(),
        resume.ledger,
        resume.report,
    )
    assert not resume.admit_new_rows
    assert migration.quota.limit / migration.quota.window_s == 2 * resume.quota.limit / resume.quota.window_s


def test_table_of_keys_is_the_table_of_settings():
    """Name, default, flag and meaning of each key, in its order, are what the script writes from the settings now."""
    assert [list_commands.setting_cells(setting) for setting in SETTINGS] == table(JOB_FILE, "Key")
    assert list_commands.job_file(JOB_FILE) == JOB_FILE, (
        "docs/job_file.md is not the table of settings; type: .venv/bin/python scripts/list_commands.py"
    )


@pytest.mark.parametrize("name", NAMES)
def test_commented_keys_exist(name):
    """A line that one only has to uncomment is one that is understood."""
    lines = (JOBS / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    proposed = "\n".join(line[2:] for line in lines if re.match(r'# (\[|"|\w+ = )', line))

    assert set(tomllib.loads(proposed)) <= set(BY_NAME)


def test_examples_are_of_this_tool():
    """Every command in the README and in the job files has a verb, a job and a flag that exist."""
    verbs = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    flags = {f"--{setting.name.replace('_', '-')}" for setting in SETTINGS if setting.flag} | {
        "--review-after",
        "--explain",
    }
    texts = [README, *(path.read_text(encoding="utf-8") for path in JOBS.glob("*.toml"))]

    examples = [found for text in texts for found in EXAMPLE.findall(text)]

    assert len(examples) > 10
    assert [] == [verb for verb, _, _ in examples if verb not in verbs]
    assert [] == [job for _, job, _ in examples if job and not (JOBS / Path(job).name).is_file()]
    assert [] == [flag for _, _, flag in examples if flag and flag not in flags]


def test_cron_lines_are_two():
    """A PATH, and one line of five fields and a command."""
    lines = SCHEDULES.partition("## From your own crontab")[2].partition("## ")[0].splitlines()
    path, entry, *_ = (line.strip() for line in lines if line.startswith("    "))

    assert path.startswith("PATH=/")
    assert re.match(r"[\d*]+ [\d*]+ [\d*]+ [\d*]+ [\d*]+  \S", entry)
    assert "%" not in entry
