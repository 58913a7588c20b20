"""Workbooks as LibreOffice saves them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOFFICE = shutil.which("soffice")


def converted(path: Path, ending: str, folder: Path) -> Path:
    """The workbook as LibreOffice saves it; what it leaves in a home goes into the folder."""
    if not SOFFICE:
        pytest.skip("LibreOffice is not here")
    command = [SOFFICE, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", ending]
    out = folder / "converted"
    command += ["--outdir", out, path]
    home = {**os.environ, "HOME": str(folder)}
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=100, env=home)
    return out / path.with_suffix(f".{ending}").name
