"""A sandbox of one contract, and an SDK that talks to it: the Python one, or the Node one for `make test-node`."""

import os
from collections.abc import AsyncIterator

import pytest

from bulk_onboard.sandbox.server import Sandbox
from tests.conformance.contracts import CONTRACTS, Contract
from tests.conformance.sdk import PYTHON, Program, Sdk, node
from tests.support.office import AUTH_ID, AUTH_TOKEN


@pytest.fixture
def program() -> Program:
    """The SDK to be driven."""
    return node(os.environ["NODE_SDK"]) if "NODE_SDK" in os.environ else PYTHON


@pytest.fixture(params=list(CONTRACTS))
def contract(request: pytest.FixtureRequest) -> Contract:
    """Each contract in turn."""
    return CONTRACTS[request.param]


@pytest.fixture
async def sandbox(contract: Contract) -> AsyncIterator[Sandbox]:
    """The API on this machine, for one account."""
    async with Sandbox(contract=contract.name, credentials=(AUTH_ID, AUTH_TOKEN)) as sandbox:
        yield sandbox


@pytest.fixture
async def sdk(program: Program, sandbox: Sandbox) -> AsyncIterator[Sdk]:
    """The SDK, which knows the sandbox's address and credentials."""
    async with Sdk(program, sandbox.url) as sdk:
        yield sdk
