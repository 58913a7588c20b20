"""A counter that takes whatever is handed over it: as much of the API as a run needs, for as little work as can be.

The sandbox parses, checks, hashes and keeps every form; beside the clients that are measured it would be the slowest,
and so would any server made with a library. This one counts the bytes of a body, remembers the alias at its
beginning, and answers in the sandbox's words, for each account of the path by itself. Under either contract it asks
for the documents of one and the same sheet; under the released one also for the business name, as a data field.

python -m bench.counter [CONTRACT]     prints its address and serves until it is ended
"""

import asyncio
import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from bulk_onboard.sandbox.account import contract_named
from bulk_onboard.sandbox.answers import Answer, RefusedError, success
from bulk_onboard.sandbox.beta import requirements_of
from bulk_onboard.sandbox.call import route_of
from bulk_onboard.sandbox.contract import Contract
from bulk_onboard.sandbox.records import PENDING
from bulk_onboard.sandbox.released_requirements import DataField, DocumentType
from tests.support.businesses import DOCUMENTS

_ALIAS = re.compile(rb'"alias": ?"([^"]*)"')
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BUFFER = 1024 * 1024
_BEGINNING = 4096  # of a request: its head, and that of its form


class Account(NamedTuple):
    """What the counter keeps of an account: aliases by compliance id; and the contract that it speaks."""

    contract: Contract
    aliases: dict[str, str]

    @property
    def requirements(self) -> Mapping[str, Any]:
        """What local numbers of businesses in India need."""
        if self.contract.name == "beta":
            return requirements_of("IN", None, None)
        name = DataField(name="business_name", friendly_name="Legal Name", lengths=(1, 255))
        types = [DocumentType(title, "", (name,) if title == DOCUMENTS[-1] else ()) for title in DOCUMENTS]
        combination = {"country_iso": "IN", "number_type": "local", "user_type": "business"}
        return {"requirement_id": str(uuid4()), **combination, "document_types": [each.shown(0) for each in types]}

    def shown(self, compliance_id: str) -> Mapping[str, Any]:
        """A record, as a list shows it."""
        return {
            "compliance_id": compliance_id,
            "alias": self.aliases[compliance_id],
            "status": self.contract.status(PENDING),
            "country_iso": "IN",
            "number_type": "local",
        }


class Visitor(asyncio.BufferedProtocol):
    """One connection; its bytes are counted where they arrive, in a buffer that all share."""

    buffer = bytearray(_BUFFER)

    def __init__(self, contract: Contract, accounts: Mapping[str, Account]) -> None:
        self._contract, self._accounts = contract, accounts
        self._beginning = b""
        self._to_come: int | None = None  # bytes of the request; None until its head is there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - it is asked for so
        """Where the next bytes go."""
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes arrived."""
        if len(self._beginning) < _BEGINNING:
            self._beginning += self.buffer[: min(nbytes, _BEGINNING)]
        if self._to_come is None:
            head, blank, _ = self._beginning.partition(b"\r\n\r\n")
            if not blank:
                return
            length = _LENGTH.search(head)
            self._to_come = len(head) + 4 + (int(length[1]) if length else 0)
        self._to_come -= nbytes
        if self._to_come <= 0:
            self._answer()

    def _answer(self) -> None:
        """The answer to a request that is here whole; a connection may bring another."""
        method, target, _ = self._beginning.split(b" ", 2)
        try:
            answer = self._taken(method.decode(), urlsplit(target.decode()).path)
        except RefusedError as error:
            answer = self._contract.refusal(error)
        head = (
            f"HTTP/1.1 {answer.http_status} X\r\nContent-Type: application/json\r\nContent-Length: {len(answer.body)}"
        )
        self._transport.write(f"{head}\r\n\r\n".encode() + answer.body)
        self._beginning, self._to_come = b"", None

    def _taken(self, method: str, path: str) -> Answer:
        route = route_of(method, path)
        account = self._accounts[route.account]
        if route.operation == "create" and (alias := _ALIAS.search(self._beginning)):
            compliance_id = str(uuid4())
            account.aliases[compliance_id] = alias[1].decode()
            return success(201, compliance_id=compliance_id, message="Created successfully")
        if route.operation == "list":
            records = [account.shown(compliance_id) for compliance_id in account.aliases]
            return success(200, meta={"total_count": len(records)}, compliances=records)
        if route.operation == "get":
            return self._contract.got({**account.shown(route.target["id"])})
        if route.operation == "requirements":
            return success(200, **account.requirements)
        raise RefusedError("not_found", "The counter knows no such thing")


async def main(name: str = "beta") -> None:
    """Serve until ended."""
    contract = contract_named(name)
    accounts: Mapping[str, Account] = defaultdict(lambda: Account(contract, {}))
    server = await asyncio.get_running_loop().create_server(lambda: Visitor(contract, accounts), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
