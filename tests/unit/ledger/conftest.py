"""A place for a ledger, and a way to open it."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.ledger.journal import LedgerJournal
from tests.unit.ledger.samples import ACCOUNT, StillClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "migration.ledger.jsonl"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def opened(path: Path, clock: StillClock) -> Callable[..., AbstractContextManager[LedgerJournal]]:
    """Opens the ledger at `path`; a test overrides what matters to it."""

    def open_(**changes: Any) -> AbstractContextManager[LedgerJournal]:
        return LedgerJournal.open(**{"path": path, "clock": clock, **ACCOUNT, **changes})

    return open_


@pytest.fixture
def any_umask() -> Iterator[Callable[[int], int]]:
    """Sets the umask, and puts the old one back."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)
