"""What is handed over of a job."""

from pathlib import Path

import pytest

from bulk_onboard.cluster.client import order_of
from bulk_onboard.job import load_jobs

JOB = """
workbook = "june.xlsx"
store = "postgresql://db.example/onboarding"

[[accounts]]
name = "acme"

[[accounts]]
name = "bravo"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "june.toml").write_text(JOB)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_account_is_handed_over_under_the_name_of_its_ledger(folder: Path):
    orders = [order_of(job, {}) for job in load_jobs(Path("june.toml"))]
    assert ["june.acme", "june.bravo"] == [order.account for order in orders]
    assert ["acme", "bravo"] == [order.name for order in orders]
    assert {str(folder / "june.toml")} == {order.job_file for order in orders}


def test_paths_are_absolute_and_what_is_this_machines_own_stays_here(folder: Path):
    flags = {
        "account": ["acme"],
        "workbook": "sheets/other.xlsx",
        "against": ["old.ledger.jsonl"],
        "store": "postgresql://elsewhere/onboarding",
        "log_format": "json",
        "limit": "5",
        "settle": None,
        "allow_older": False,
    }
    (job,) = load_jobs(Path("june.toml"), flags)
    assert {
        "workbook": str(folder / "sheets/other.xlsx"),
        "against": [str(folder / "old.ledger.jsonl")],
        "limit": "5",
    } == order_of(job, flags).flags
