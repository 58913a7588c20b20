"""A machine that lacks something is told so in one sentence, with the command to type."""

import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "scripts/setup"

BARE_PYTHON = """#!/bin/sh
case "$*" in
    *sys.executable*) echo "$0" ;;
    *python%d.%d-venv*) echo python3.11-venv ;;
    *"-m venv --without-pip"*) mkdir .venv ;;
    *version_info*) ;;
    *) exit 1 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing but the script, and a PATH with nothing but the shell's own needs."""
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "mkdir", "rm"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    (tmp_path / "scripts").mkdir()
    shutil.copy(SETUP, tmp_path / "scripts/setup")
    return tmp_path


def set_up(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Runs the script where only the checkout's own bin is on the PATH."""
    return subprocess.run(
        [checkout / "scripts/setup"], env={"PATH": str(checkout / "bin")}, capture_output=True, text=True, check=False
    )


def test_python_is_missing(checkout):
    """Without a Python 3.11 the one sentence names the packages that bring it."""
    told = set_up(checkout)

    assert (1, "") == (told.returncode, told.stdout)
    assert 1 == told.stderr.count("\n")
    assert told.stderr.endswith("type: sudo apt-get install python3.11 python3.11-venv\n")


def test_neither_ensurepip_nor_pip(checkout):
    """Where nothing can fill an environment the sentence says what to install, and no half-made .venv stays."""
    (checkout / "bin/python3").write_text(BARE_PYTHON)
    (checkout / "bin/python3").chmod(0o755)

    told = set_up(checkout)

    assert (1, "") == (told.returncode, told.stdout)
    assert 1 == told.stderr.count("\n")
    assert told.stderr.endswith("type: sudo apt-get install python3.11-venv\n")
    assert not (checkout / ".venv").exists()
