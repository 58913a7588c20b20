"""What the odd files have in common."""

from pathlib import Path

import pytest

from tests.support.businesses import business, write_documents


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents of all good rows."""
    folder = tmp_path_factory.mktemp("documents")
    write_documents(folder, [business(number) for number in range(10)])
    return folder
