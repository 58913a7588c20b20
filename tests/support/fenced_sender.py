"""A process that sends while its lease holds: `python -m tests.support.fenced_sender URL OVER [AUTHORITY]`.

Its lease is over once the file OVER is there. It makes the calls that stdin names, `get` or `create SIZE`, one after
the other, and says on stdout what each came to: `answered`, or kind and `headers_sent` of the failure.
"""

import asyncio
import sys
from pathlib import Path

from bulk_onboard.api.client import Client, Deadlines
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.api.exchange import Failure
from tests.support.requests import GET, create


async def main(url: str, over: Path, authority: Path | None) -> None:
    """Make the calls that are asked for."""
    client = Client(
        url,
        Credentials("MA" + "T3ST0" * 3 + "XYZ", Secret("a-token-that-nobody-may-see")),
        concurrency=1,
        ca_bundle=authority,
        deadlines=Deadlines(connect_s=60, answer_s=600),
        fence=lambda: not over.exists(),
    )
    async with client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            name, *size = line.split()
            seen = await client.exchange(create(int(size[0])) if name == "create" else GET)
            print(f"{seen.kind} {seen.headers_sent}" if isinstance(seen, Failure) else "answered", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None))
