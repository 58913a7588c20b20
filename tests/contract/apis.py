"""The APIs that the gateways' suite runs against, and how each of them is brought into trouble."""

import asyncio
from contextlib import AsyncExitStack

from bulk_onboard.api.client import Client
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.api.gateway import HttpGateway
from bulk_onboard.api.wire import Wire
from bulk_onboard.model.call import Gateway, Operation
from bulk_onboard.model.requirements import Contract
from bulk_onboard.pipeline.gateways import ATTEMPTS
from bulk_onboard.sandbox.server import Sandbox
from tests.support.gateways import FakeAccount


class InMemory:
    """The fake account."""

    def __init__(self) -> None:
        self._account = FakeAccount()
        self.gateway: Gateway = self._account

    async def __aenter__(self) -> "InMemory":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def lose_answers(self, operation: Operation) -> None:
        """Let every answer to this operation get lost."""
        self._account.expect(operation, *["unresolved"] * ATTEMPTS)

    def hang(self, operation: Operation) -> None:
        """Let nobody answer."""
        self._account.doors.clear()

    def go_on(self) -> None:
        """Let all be well again."""
        self._account.doors.set()

    async def arrival(self) -> None:
        """Until a call has arrived."""
        while not self._account.inside:
            await asyncio.sleep(0)

    async def go_away(self) -> None:
        """Let nobody listen any more."""
        for operation in Operation:
            self._account.expect(operation, *["unavailable"] * ATTEMPTS)


class OverHttp:
    """The sandbox on a real socket, and the client that the program has."""

    def __init__(self) -> None:
        self._sandbox = Sandbox()
        self._serving, self._connected = AsyncExitStack(), AsyncExitStack()

    async def __aenter__(self) -> "OverHttp":
        await self._serving.enter_async_context(self._sandbox)
        credentials = Credentials("MAXXXXXXXXXXXXXXXXXX", Secret("invented"))
        client = await self._connected.enter_async_context(Client(self._sandbox.url, credentials, concurrency=8))
        self.gateway: Gateway = HttpGateway(client, Wire(Contract.BETA), owner=lambda compliance_id: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connected.aclose()
        await self._serving.aclose()

    def lose_answers(self, operation: Operation) -> None:
        """Let every answer to this operation get lost."""
        self._sandbox.faults.script(operation, "drop-before", times=ATTEMPTS)

    def hang(self, operation: Operation) -> None:
        """Let nobody answer."""
        self._sandbox.faults.script(operation, "hang-before")

    def go_on(self) -> None:
        """Let all be well again."""

    async def arrival(self) -> None:
        """Until a call has arrived."""
        while not self._sandbox.log:
            await asyncio.sleep(0)

    async def go_away(self) -> None:
        """Let nobody listen any more."""
        await self._serving.aclose()


APIS = {"memory": InMemory, "http": OverHttp}
