"""The Makefile tells what it can do, and does it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import demo

ROOT = Path(__file__).parents[2]
TARGETS = [
    "setup", "demo", "demo-page", "test", "quick", "crash", "fuzz", "test-node", "test-openapi",
    "setup-cluster", "test-cluster", "bench", "bench-many", "lint", "types", "check", "sample-data", "clean",
]  # fmt: skip


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make as a stranger would, also where these tests run under make."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("arguments", [(), ("help",)])
def test_help_lists_every_target(arguments):
    """`make` and `make help` print each target with a few words about it."""
    listed = [line.split(maxsplit=2) for line in make(*arguments).stdout.splitlines()]

    assert ["help", *TARGETS] == [target for _, target, _ in listed]
    assert all(about for _, _, about in listed)


@pytest.mark.parametrize("target", TARGETS)
def test_target_can_be_made(target):
    """make knows how to make each target from what is in the checkout."""
    planned = make("--dry-run", "--always-make", target)

    assert planned.stdout.strip()
    assert "" == planned.stderr


@pytest.mark.slow
@pytest.mark.parametrize("contract", demo.SAMPLES)
def test_demo_fits_a_screen_and_ends_with_what_the_api_counts(tmp_path: Path, contract: str) -> None:
    """The kill leaves calls on their way, the next run settles each of them, and no business is there twice."""
    environment = {**os.environ, "CONTRACT": contract, "DEMO_FOLDER": str(tmp_path / "demo")}
    words = [sys.executable, "scripts/demo.py"]
    told = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert 0 == told.returncode, told.stdout + told.stderr
    lines = told.stdout.splitlines()
    assert len(lines) <= 45
    assert all(len(line) <= demo.WIDTH for line in lines if str(tmp_path) not in line)
    (under_way, adopted, absent) = map(
        int, re.findall(r"Of the (\d+) calls (\d+) had arrived.*?(\d+) had not", told.stdout)[0]
    )
    assert under_way == adopted + absent
    assert (demo.LOST, demo.NEVER) <= (adopted, absent)
    assert f"{adopted} adopted, {absent} proved absent" in told.stdout
    assert "duplicates            0; " in told.stdout
    (opened_first,) = re.findall(r"^Open first: (.*)$", told.stdout, re.MULTILINE)
    assert Path(opened_first).is_file()


@pytest.mark.parametrize("contract", demo.SAMPLES)
def test_demo_works_with_other_credentials_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contract: str
) -> None:
    """The sandbox that it starts takes the demonstration's, and asks for what the workbook has; nobody is notified."""
    monkeypatch.setenv("PLIVO_AUTH_ID", "MAEXPORTED0000000001")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "of somebody")
    monkeypatch.setenv("BULK_ONBOARD_NOTIFY", "https://example.com/hook")

    sample = f"sample_data/{demo.SAMPLES[contract].workbook}"
    monkeypatch.setattr(demo, "FOLDER", tmp_path)
    with demo.serving("sandbox", *demo.sandbox_flags(contract, demo.QUOTA)) as url:
        words = [*demo.COMMAND, "plan", sample, "--documents", "sample_data/documents", "--base-url", url]
        asked = subprocess.run(words, cwd=ROOT, env=demo.environment(), capture_output=True, text=True, check=False)

    assert 0 == asked.returncode, asked.stderr
    assert f"the live requirements at {url}, in the {contract} contract" in asked.stdout
    assert "BULK_ONBOARD_NOTIFY" not in demo.environment()
