"""The crash tests notice when a rule is switched off: for each mutant of the package some of them fail."""

import os
import subprocess
import sys

import pytest

from tests.crash import mutation
from tests.crash.figures import FIGURES
from tests.crash.mutants import MUTANTS, RULES, Mutant

PASSES = f"{RULES}::test_an_intent_is_in_the_ledger_when_its_create_arrives"
LONGEST_S = 200
TESTS_PASSED, TESTS_FAILED = 0, 1  # pytest's exit statuses


def try_out(tests: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", mutation.__name__]
    environment = os.environ | {"PYTHONPATH": str(mutation.ROOT), "CONTRACT": ""} | environ  # some need the other one
    return subprocess.run(
        [*words, tests],
        cwd=mutation.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_has_its_place(mutant: Mutant) -> None:
    """What it changes stands in the package, once."""
    assert mutation.place_of(mutant).is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant", [each for each in MUTANTS if not each.needs_database], ids=lambda mutant: mutant.name
)
def test_mutant_is_caught(mutant: Mutant) -> None:
    """The tests fail, by an assertion of theirs and not because they cannot run."""
    catch(mutant)


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.timeout(LONGEST_S + 20)
@pytest.mark.usefixtures("postgres_server")
@pytest.mark.parametrize("mutant", [each for each in MUTANTS if each.needs_database], ids=lambda mutant: mutant.name)
def test_mutant_of_the_lease_is_caught(mutant: Mutant) -> None:
    """As above, by tests with a database."""
    catch(mutant)


def catch(mutant: Mutant) -> None:
    """Run the tests that must fail of it."""
    told = try_out(mutant.caught_by, **{mutation.VARIABLE: mutant.name})

    assert TESTS_FAILED == told.returncode, told.stdout
    assert " failed" in told.stdout
    assert " error" not in told.stdout.splitlines()[-1]
    FIGURES["mutants caught"] += 1


@pytest.mark.slow
def test_the_package_itself_passes() -> None:
    """Without a bug the same way passes, so that it is the bugs that the others fail by."""
    told = try_out(PASSES)

    assert TESTS_PASSED == told.returncode, told.stdout
