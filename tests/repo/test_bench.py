"""What `make bench` imports is there: nobody runs it as often as the tests."""

import ast
import importlib
from pathlib import Path

import pytest

from bench.many import Shares, shares_of

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize("module", sorted(BENCH.glob("*.py")), ids=lambda path: path.stem)
def test_names_from_our_own_modules_exist(module: Path) -> None:
    """Also those that are imported within a function."""
    imported = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imported if (node.module or "").split(".")[0] in ("bench", "bulk_onboard", "tests")]

    missing = [
        f"{node.module}.{alias.name}"
        for node in ours
        for alias in node.names
        if not hasattr(importlib.import_module(str(node.module)), alias.name)
    ]

    assert [] == missing


def test_shares_are_of_the_full_windows_in_which_rows_were_left() -> None:
    """Neither the first window counts nor the last, no throttled request, and no create that comes again at the end."""

    def sent(
        operation: str, *, window: int, number: int, http_status: int = 201
    ) -> list[tuple[float, str, int | None]]:
        return [(60.0 * window + place / 10, operation, http_status) for place in range(number)]

    steady = [
        *sent("create", window=7, number=20),
        *sent("create", window=8, number=58),
        *sent("list", window=8, number=2),
    ]
    steady += [*sent("create", window=9, number=45), *sent("create", window=10, number=22)]
    slow = [*sent("create", window=7, number=60), *sent("create", window=8, number=30, http_status=429)]
    slow += [
        *sent("create", window=8, number=15),
        *sent("create", window=9, number=70),
        *sent("create", window=30, number=1),
    ]

    assert Shares(worst=0.25, median=0.75, windows=1) == shares_of([steady, slow], rows=145)
