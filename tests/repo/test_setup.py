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
    for script in ("setup", "node_sdk", "setup_cluster"):
        shutil.copy(SCRIPTS / script, tmp_path / "scripts" / script)
    return tmp_path


def set_up(checkout: Path, script: str = "setup", *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a script where only the checkout's own bin is on the PATH."""
    command, path = [checkout / "scripts" / script, *words], str(checkout / "bin")
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


def give(checkout: Path, program: str, script: str = "exit 0") -> None:
    """Put a program on the PATH."""
    path = checkout / "bin" / program
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("who", "trouble"), [(1000, "only root may install it"), (0, "no apt-get to install it with")])
def test_postgresql_is_missing(checkout: Path, who: int, trouble: str) -> None:
    """Where it may not or cannot be installed the sentence names the package."""
    for program, script in (("id", f"echo {who}"), ("ls", "exit 1"), ("sort", "exit 0")):
        give(checkout, program, script)

    told = set_up(checkout, "setup_cluster", str(checkout / "nothing"))

    assert (1, "") == (told.returncode, told.stdout)
    assert trouble in told.stderr
    assert 1 == told.stderr.count("\n")
    assert told.stderr.endswith("type: sudo apt-get install postgresql\n")


def test_postgresql_is_installed_by_root(checkout: Path) -> None:
    """Afterwards its programs are found; of several the newest."""
    (checkout / "bin/sort").symlink_to(shutil.which("sort") or "sort")
    (checkout / "bin/ls").symlink_to(shutil.which("ls") or "ls")
    (checkout / "bin/chmod").symlink_to(shutil.which("chmod") or "chmod")
    programs = " ".join(f"{checkout}/pg/{major}/bin/{name}" for major in (9, 15) for name in ("initdb", "pg_ctl"))
    folders = " ".join(f"{checkout}/pg/{major}/bin" for major in (9, 15))
    give(checkout, "id", "echo 0")
    give(checkout, "apt-get", f"mkdir -p {folders}; for each in {programs}; do : >$each; done; chmod +x {programs}")

    told = set_up(checkout, "setup_cluster", str(checkout / "pg"))

    assert (0, "") == (told.returncode, told.stderr)
    assert told.stdout.endswith(f"{checkout}/pg/15/bin\n")
