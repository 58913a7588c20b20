"""The sandbox in a process of its own, with a quota for each account; at its end it tells what each has asked.

python -m bench.served LIMIT WINDOW_S     prints its address, serves until its stdin ends, then prints by auth id, as
JSON, when each request arrived, its operation, and the HTTP status of its answer
"""

import asyncio
import json
import sys

from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota


async def main(limit: str, window_s: str) -> None:
    """Serve until there is nothing to read any more."""
    async with Sandbox(quota=Quota(int(limit), float(window_s))) as sandbox:
        print(sandbox.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        log = {
            auth_id: [(each.instant.timestamp(), each.operation, each.http_status) for each in account.log]
            for auth_id, account in sandbox.accounts.items()
        }
    print(json.dumps(log))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
