"""Rules 1 and 2: stages never import each other, and the core is pure; what sends knows no stages (`.importlinter`)."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / ".importlinter"
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"

STAGES = "Stages never import each other; only pipeline and maintenance join them"
SENDING = "What sends knows gateway and journal, not the stages behind them"
CORE = "The core is pure: deciding needs no file, socket, clock, loop or dice"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Judges the package in `folder` by the contracts."""
    command = [sys.executable, LINT_IMPORTS, "--config", CONTRACTS, "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def contract_modules() -> set[str]:
    """Every module of the package that the contracts name."""
    contracts = configparser.ConfigParser()
    contracts.read(CONTRACTS)
    layers = contracts["importlinter:contract:stages"]["layers"].replace("|", " ").replace(":", " ").split()
    named = [
        module
        for contract in contracts.values()
        for setting in ("source_modules", "forbidden_modules")
        for module in contract.get(setting, "").split()
    ]
    return {f"bulk_onboard.{layer}" for layer in layers} | {
        module for module in named if module.startswith("bulk_onboard.")
    }


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """A throw-away package: every module that the contracts name, empty."""
    for module in contract_modules():
        package = tmp_path.joinpath(*module.split("."))
        package.mkdir(parents=True, exist_ok=True)
    for package in [tmp_path / "bulk_onboard", *(tmp_path / "bulk_onboard").rglob("*/")]:
        (package / "__init__.py").touch()
    return tmp_path


def test_package_keeps_the_contracts():
    """Nothing in the package imports what the contracts forbid."""
    judged = lint_imports(ROOT)

    assert 0 == judged.returncode, judged.stdout


def test_skeleton_keeps_the_contracts(skeleton):
    """Empty modules break no rule, so what the next tests see is the import they add."""
    judged = lint_imports(skeleton)

    assert 0 == judged.returncode, judged.stdout


@pytest.mark.parametrize(
    ("importer", "line", "contract"),
    [
        ("intake", "import bulk_onboard.ledger", STAGES),
        ("planning", "from bulk_onboard.api import verdict", STAGES),
        ("sandbox", "from bulk_onboard.api.wire import encode", STAGES),
        ("planning", "def decide():\n    from bulk_onboard.ledger import fold", STAGES),
        ("model", "from bulk_onboard import validation", STAGES),
        ("reporting", "from bulk_onboard import pipeline", STAGES),
        ("ledger", "from bulk_onboard import job", STAGES),
        ("api", "from bulk_onboard import cli", STAGES),
        ("errors", "from bulk_onboard import model", STAGES),
        ("callbacks", "from bulk_onboard import ledger", STAGES),
        ("notification", "from bulk_onboard.api import trust", STAGES),
        ("elsewhere", "", STAGES),
        ("model", "import asyncio", CORE),
        ("validation", "from os import path", CORE),
        ("planning", "import random", CORE),
        ("api.verdict", "import aiohttp", CORE),
        ("api.wire", "from bulk_onboard.clock import SystemClock", CORE),
        ("callbacks.callback", "import secrets", CORE),
        ("notification.message", "import socket", CORE),
        ("pipeline.settle", "from bulk_onboard.api import quota", SENDING),
        ("pipeline.writes", "from bulk_onboard.planning import plan", SENDING),
        ("ledger.fold", "def fold():\n    import time", CORE),
    ],
)
def test_contract_notices(skeleton, importer, line, contract):
    """An import across the rules breaks the contract it offends, also inside a function; a new module needs a place."""
    package = skeleton.joinpath("bulk_onboard", *importer.split("."))
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(line)

    judged = lint_imports(skeleton)

    told = " ".join(judged.stdout.split())  # a long name is wrapped
    assert [contract] == [name for name in (STAGES, CORE, SENDING) if f"{name} BROKEN" in told], judged.stdout


def test_core_is_pure_through_what_it_imports(skeleton):
    """A pure module may not reach a clock by way of a module that it may import."""
    (skeleton / "bulk_onboard/planning/__init__.py").write_text("import bulk_onboard.units")
    (skeleton / "bulk_onboard/units/__init__.py").write_text("import time")

    judged = lint_imports(skeleton)

    assert 1 == judged.returncode
    assert "bulk_onboard.planning -> bulk_onboard.units" in judged.stdout
