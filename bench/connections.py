"""What a call costs over TLS on this machine: on a new connection, and on a kept one."""

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.queues import Queue
from pathlib import Path
from uuid import uuid4

from aiohttp import web

from bench.figure import Figure
from bulk_onboard.api.client import Client
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.api.exchange import Answer, Part, Request
from tests.support.certificates import Certificates, make_certificates

TURNS, CALLS = 7, 200
_DOCUMENT = {"body": b"%PDF-1.7" + bytes(2000), "file_name": "a.pdf", "media_type": "application/pdf"}
_REQUESTS = {
    "a read": Request(method="GET", path="{}/"),
    "a create with 3 × 2 KB": Request(
        method="POST",
        path="{}/",
        parts=(Part(name="data", body=b"{}"), *(Part(name=f"documents[{i}].file", **_DOCUMENT) for i in range(3))),
    ),
}


def figures() -> Iterator[Figure]:
    """CPU of a call in our process, medians of several turns; the server has a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        certificates = make_certificates(Path(name))
        ports: Queue[int] = multiprocessing.Queue()
        serving = multiprocessing.Process(target=_serve, args=(certificates, ports), daemon=True)
        serving.start()
        try:
            port = ports.get(timeout=30)
            for what, request in _REQUESTS.items():
                took: dict[str, list[float]] = {"kept": [], "anew": []}
                for _ in range(TURNS):
                    for how, each in took.items():
                        each.append(asyncio.run(_cpu_ms(port, certificates, request, how)))
                kept, anew = (statistics.median(took[how]) for how in ("kept", "anew"))
                yield Figure(
                    what=f"CPU of {what} over TLS, on a kept connection",
                    ours=kept,
                    unit="ms",
                    beside="on a new one",
                    theirs=anew,
                    note=f"medians of {TURNS} turns of {CALLS}",
                )
        finally:
            serving.terminate()


async def _cpu_ms(port: int, certificates: Certificates, request: Request, how: str) -> float:
    client = Client(
        f"https://127.0.0.1:{port}",
        Credentials("MA" + "X" * 18, Secret("invented")),
        concurrency=8,
        ca_bundle=certificates.authority,
    )
    sent = Request(method=request.method, path=request.path.format(how), parts=request.parts)
    async with client:
        await client.exchange(sent)
        began_s = time.process_time()
        for _ in range(CALLS):
            seen = await client.exchange(sent)
            if not isinstance(seen, Answer):
                raise SystemExit(f"the server gave no answer: {seen.kind}")
        return (time.process_time() - began_s) / CALLS * 1000


def _serve(certificates: Certificates, ports: "Queue[int]") -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        response = web.json_response({"api_id": str(uuid4()), "compliance_id": str(uuid4())})
        if request.path.endswith("/anew/"):
            response.force_close()
        return response

    async def serve() -> None:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificates.server("good")).start()
        ports.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())
