"""A database that is set up for ledgers, and ways to open one in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bulk_onboard.ledger.database import lease
from bulk_onboard.ledger.database.lease import Times
from bulk_onboard.ledger.database.store import PostgresStore, set_up
from tests.support.postgres import Database

BASE_URL = "https://api.example"


@pytest.fixture
def ready(postgres: Database) -> Database:
    """Has the tables."""
    set_up(postgres.address)
    return postgres


@pytest.fixture
def store_at(ready: Database, tmp_path: Path) -> Callable[..., PostgresStore]:
    """Makes a store of one ledger in that database, or at another address."""

    def make(name: str = "businesses", *, address: str = "", base_url: str = BASE_URL) -> PostgresStore:
        ledger = tmp_path / f"{name}.ledger.jsonl"
        return PostgresStore(address or ready.address, ledger, job="j", base_url=base_url)

    return make


@pytest.fixture
def store(store_at: Callable[..., PostgresStore]) -> PostgresStore:
    """The store of one ledger."""
    return store_at()


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets how long leases and the like last."""

    def set_(**seconds: float) -> None:
        monkeypatch.setattr(lease, "TIMES", Times(**seconds))

    return set_
