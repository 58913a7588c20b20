"""The sandbox in a process of its own, for tests that kill what talks to it, and for measurements.

python -m tests.support.served SETTINGS     prints its address, serves until its stdin ends, then prints by auth id, as
JSON, when each request arrived, its operation, and the HTTP status of its answer

SETTINGS are those of `Sandbox` as JSON: a quota as people write it, a ledger by its path.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import parse_quota

ROOT = Path(__file__).parents[2]
Arrived = tuple[float, str, int | None]
"""A request in the log: when it arrived, its operation, and the HTTP status of its answer."""
_READ = {"quota": parse_quota, "ledger": Path}
_LONGEST_LOG = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Served:
    """The sandbox elsewhere: its address, and what can be asked of each of its accounts."""

    url: str
    process: Process

    @classmethod
    @asynccontextmanager
    async def opened(cls, **settings: Any) -> AsyncIterator["Served"]:
        """Serve with these settings, at the latest until the context is left."""
        process = await asyncio.create_subprocess_exec(
            *command(**settings), cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LOG
        )
        try:
            assert process.stdout is not None
            yield cls((await process.stdout.readline()).decode().strip(), process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def ask(self, auth_id: str, what: str, body: object = None) -> Any:
        """Ask for something of an account, or with a body change it (docs/sandbox.md, Control)."""
        data = None if body is None else json.dumps(body).encode()
        address = f"{self.url}/_sandbox/accounts/{auth_id}/{what}"
        request = Request(address, data, method="GET" if body is None else "POST")
        return json.loads(await asyncio.to_thread(lambda: urlopen(request, timeout=30).read()))

    async def end(self) -> dict[str, list[Arrived]]:
        """End it, and return the log of each account."""
        told, _ = await self.process.communicate(b"")  # which closes its stdin
        log: dict[str, list[Arrived]] = json.loads(told)
        return log


def command(**settings: Any) -> list[str]:
    """Return the words that start it."""
    return [sys.executable, "-m", "tests.support.served", json.dumps(settings)]


async def main(text: str) -> None:
    """Serve until there is nothing to read any more."""
    settings = json.loads(text)
    accounts = {auth_id: _settings(own) for auth_id, own in settings.pop("accounts", {}).items()}
    async with Sandbox(accounts=accounts, **_settings(settings)) as sandbox:
        print(sandbox.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        log: dict[str, list[Arrived]] = {
            auth_id: [(each.instant.timestamp(), each.operation, each.http_status) for each in account.log]
            for auth_id, account in sandbox.accounts.items()
        }
    print(json.dumps(log))


def _settings(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _READ.get(name, lambda value: value)(value) for name, value in told.items()}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
