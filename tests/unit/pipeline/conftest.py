"""Fixtures that several files of this folder take."""

import asyncio
from collections.abc import Iterator

import pytest
import structlog

from bulk_onboard import log
from tests.unit.pipeline.rigs import Rig
from tests.unit.pipeline.samples import uncertain
from tests.unit.pipeline.stacks import AtOnce


@pytest.fixture
async def context() -> Rig:
    """The first row's create is unknown; another row's record is known."""
    context = Rig(*uncertain(1))
    await context.know()
    return context


@pytest.fixture
async def documents_are_read_at_once() -> None:
    """Threads take no time, so that a clock without real seconds does not run ahead of them."""
    asyncio.get_running_loop().set_default_executor(AtOnce())


@pytest.fixture(scope="module")
def without_log_lines() -> Iterator[None]:
    """Warnings alone are logged."""
    log.configure(quiet=True)
    yield
    log.forget()
    structlog.reset_defaults()
