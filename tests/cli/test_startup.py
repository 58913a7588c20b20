"""What a verb does not need it does not import, so that it answers at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.businesses import business, write_documents, write_workbook

NETWORK = {"aiohttp", "aiolimiter", "apprise", "requests"}
WORKBOOKS = {"openpyxl", "python_calamine", "xlsxwriter"}
COLUMNS = {"numpy", "pandas", "pypdfium2_raw"}  # what large sheets and PDFs are opened with, mostly by children
RULES = {"email_validator", "stdnum"}
WORDS = {"rich", "structlog"}


def imported(*words: str, cwd: Path) -> set[str]:
    """The libraries that `bulk-onboard WORDS` has imported when it ends."""
    command = [sys.executable, "-X", "importtime", "-m", "bulk_onboard", *words]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    assert 0 == ended.returncode, ended.stderr
    names = (line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if line.startswith("import time:"))
    return {name.partition(".")[0] for name in names}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good rows with their documents, nothing sent yet."""
    rows = [business(number) for number in range(2)]
    write_documents(tmp_path / "documents", rows)
    write_workbook(tmp_path / "businesses.xlsx", rows)
    return tmp_path


def test_help_imports_little(tmp_path: Path) -> None:
    """`--help` needs none of the libraries that do the work, nor an event loop."""
    needed = imported("--help", cwd=tmp_path)

    assert "typer" in needed
    assert set() == needed & (NETWORK | WORKBOOKS | COLUMNS | RULES | WORDS | {"asyncio", "msgspec"})


def test_what_works_offline_never_imports_the_network(folder: Path) -> None:
    """`check --offline` and `plan --offline` of a small sheet judge without a client, and have no report to write."""
    for verb in ("check", "plan"):
        needed = imported(verb, "businesses.xlsx", "--offline", cwd=folder)

        assert "asyncio" in needed
        assert set() == needed & (NETWORK | COLUMNS | WORDS | {"openpyxl", "xlsxwriter"})


def test_status_and_report_read_what_is_there(folder: Path) -> None:
    """`status` needs the ledger alone; `report` a workbook to read and one to write, and no network."""
    (folder / "businesses.ledger.jsonl").touch()

    status = imported("status", "businesses.xlsx", cwd=folder)
    report = imported("report", "businesses.xlsx", cwd=folder)

    assert set() == status & (NETWORK | WORKBOOKS | COLUMNS | RULES | WORDS)
    assert set() == report & (NETWORK | COLUMNS | WORDS | {"openpyxl"})
    assert "xlsxwriter" in report
