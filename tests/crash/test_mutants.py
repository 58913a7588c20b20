"""The crash tests notice when a rule is switched off: for each mutant of the package some of them fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.figures import FIGURES
from tests.crash.mutants import MUTANTS, UNTOUCHED, Mutant

ROOT = Path(__file__).parents[2]
AT_A_TIME = 2
TESTS_PASSED, TESTS_FAILED = 0, 1  # pytest's exit statuses


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """What the tests say of each mutant, two at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {m.name: pool.submit(try_out, m, tmp_path_factory.mktemp(m.name)) for m in (UNTOUCHED, *MUTANTS)}


def try_out(mutant: Mutant, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests that are to catch the mutant, on a copy of the package that has its bug."""
    for name in ("bulk_onboard", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    file = folder / "bulk_onboard" / mutant.file
    before = file.read_text(encoding="utf-8")
    assert 1 == before.count(mutant.text), f"{mutant.file} does not say {mutant.text!r} once"
    file.write_text(before.replace(mutant.text, mutant.instead), encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mutant.caught_by]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(mutant: Mutant, verdicts: dict[str, Future[subprocess.CompletedProcess[str]]]) -> None:
    """The tests fail, by an assertion of theirs and not because they cannot run."""
    told = verdicts[mutant.name].result()

    assert TESTS_FAILED == told.returncode, told.stdout
    assert " failed" in told.stdout
    assert " error" not in told.stdout.splitlines()[-1]
    FIGURES["mutants caught"] += 1


def test_the_package_itself_passes(verdicts: dict[str, Future[subprocess.CompletedProcess[str]]]) -> None:
    """A copy without a bug passes the same way, so that it is the bugs that the others fail by."""
    told = verdicts[UNTOUCHED.name].result()

    assert TESTS_PASSED == told.returncode, told.stdout
