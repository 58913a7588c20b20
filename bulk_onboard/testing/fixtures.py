"""Fixtures of pytest: `pytest_plugins = ["bulk_onboard.testing.fixtures"]` in the topmost conftest.py.

They serve tests with and without an event loop.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk_onboard.testing.sandbox import Sandbox


@pytest.fixture
def bulk_onboard_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The API on this machine, without quota or faults, its credentials in the environment."""
    with Sandbox() as sandbox:
        monkeypatch.setenv("PLIVO_AUTH_ID", sandbox.credentials.auth_id)
        monkeypatch.setenv("PLIVO_AUTH_TOKEN", sandbox.credentials.auth_token.reveal())
        yield sandbox


@pytest.fixture
def bulk_onboard_documents(tmp_path: Path) -> Path:
    """An empty folder for the documents of invented businesses."""
    folder = tmp_path / "documents"
    folder.mkdir()
    return folder
