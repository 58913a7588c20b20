"""A machine that lacks something is told so in one sentence, with the command to type."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"

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
    """A checkout with nothing but the scripts, and a PATH with nothing but the shell's own needs."""
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "mkdir", "rm"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    (tmp_path / "scripts").mkdir()
    for script in ("setup", "node_sdk"):
        shutil.copy(SCRIPTS / script, tmp_path / "scripts" / script)
    return tmp_path


def set_up(checkout: Path, script: str = "setup") -> subprocess.CompletedProcess[str]:
    """Runs a script where only the checkout's own bin is on the PATH."""
    command, path = [checkout / "scripts" / script], str(checkout / "bin")
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)


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

    assert 1 == told.returncode
    assert ["setup: making .venv with"] == [line[:24] for line in told.stdout.splitlines()]
    assert 1 == told.stderr.count("\n")
    assert told.stderr.endswith("type: sudo apt-get install python3.11-venv\n")
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_node_or_npm_is_missing(checkout, missing):
    """Without what runs or installs the Node SDK the sentence names the packages that bring both."""
    there = checkout / "bin" / {"node": "npm", "npm": "node"}[missing]
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)

    told = set_up(checkout, "node_sdk")

    assert (1, "") == (told.returncode, told.stdout)
    assert f"test-node: there is no {missing} on the PATH; " in told.stderr
    assert 1 == told.stderr.count("\n")
    assert told.stderr.endswith("type: sudo apt-get install nodejs npm\n")
    assert not (checkout / ".venv").exists()
