"""Files and functions that one reads at one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bulk_onboard"
FILES = sorted(PACKAGE.rglob("*.py"))

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
ALLOWED_LONGER: set[str] = set()  # "ledger/fold.py:fold", with the reason


def lengths(source: str) -> Iterator[tuple[str, int]]:
    """Each function of a module and how many lines it takes, docstring included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_file_is_short(file):
    """A file of the package has at most 300 lines."""
    lines = file.read_text(encoding="utf-8").count("\n")

    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_functions_are_short(file):
    """A function of the package has at most 40 lines."""
    path = file.relative_to(PACKAGE).as_posix()

    too_long = {
        f"{path}:{name}": length
        for name, length in lengths(file.read_text(encoding="utf-8"))
        if length > LONGEST_FUNCTION and f"{path}:{name}" not in ALLOWED_LONGER
    }

    assert {} == too_long


def test_length_counts_from_def_to_the_last_line():
    """A method, an async function and a nested one each have their length."""
    source = "class A:\n    async def b(self):\n        def c():\n            pass\n\n        return c\n"

    assert {"b": 5, "c": 2} == dict(lengths(source))
