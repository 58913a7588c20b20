"""A browser for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.browsers import Browser, browser


@pytest.fixture
async def chrome(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """The machine's Chromium; the test is skipped where there is none."""
    async with browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder as slow."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
