"""Who sends the same records, each in a process of its own: ours, a bare aiohttp loop, and requests with threads.

The two others do what a user would write instead: read three files, post them, look whether the answer is 201. They
hash nothing, write nothing down, read no workbook and make no report. The bare loop opens a connection for each
request, as ours does; a thread of requests keeps its own.

python -m bench.senders WHO URL FOLDER CONCURRENCY     prints seconds and CPU seconds as JSON: from the first create to
the end (ours: of the report), and of the whole process
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import NamedTuple

PATH = "/v1/Account/MAINVENTED0000000001/PhoneNumber/Compliance/"
AUTHORIZATION = "Basic aW52ZW50ZWQ6aW52ZW50ZWQ="
SETTLE = "1s"  # nothing is asked of this API before it knows it, and at the end ours waits so long for its audit
TYPES = ("identity_proof", "address_proof", "business_registration")


class Form(NamedTuple):
    """One record: what its part `data` says, and its files."""

    data: str
    files: tuple[Path, ...]

    @property
    def kinds(self) -> Iterator[tuple[str, str, str, Path]]:
        """Name, file name, media type and place of each file's part."""
        for at, (kind, path) in enumerate(zip(TYPES, self.files, strict=True)):
            yield (
                f"documents[{at}].file",
                f"{kind}{path.suffix}",
                "image/png" if path.suffix == ".png" else "application/pdf",
                path,
            )


class Times(NamedTuple):
    """Seconds and CPU seconds of sending, and the CPU seconds before it."""

    took_s: float
    cpu_s: float
    before_cpu_s: float


def bare(url: str, folder: Path, concurrency: int) -> Times:
    """Workers of one loop, which share an iterator."""
    import aiohttp

    async def work(session: aiohttp.ClientSession, left: Iterator[Form]) -> None:
        for form in left:
            body = aiohttp.FormData()
            body.add_field("data", form.data)
            for name, file_name, media_type, path in form.kinds:
                body.add_field(name, path.read_bytes(), filename=file_name, content_type=media_type)
            async with session.post(url + PATH, data=body, headers={"Authorization": AUTHORIZATION}) as answer:
                await answer.read()
                check(answer.status)

    async def send(left: Iterator[Form]) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0)) as session:
            await asyncio.gather(*(work(session, left) for _ in range(concurrency)))

    left = iter(forms(folder))
    return timed(lambda: asyncio.run(send(left)))


def threads(url: str, folder: Path, concurrency: int) -> Times:
    """A pool of threads, each with a session."""
    import requests

    own = local()

    def post(form: Form) -> None:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.headers["Authorization"] = AUTHORIZATION
        files = {name: (file_name, path.read_bytes(), kind) for name, file_name, kind, path in form.kinds}
        check(own.session.post(url + PATH, data={"data": form.data}, files=files, timeout=30).status_code)

    def send() -> None:
        with ThreadPoolExecutor(concurrency) as pool:
            list(pool.map(post, todo))

    todo = forms(folder)
    return timed(send)


def ours(url: str, folder: Path, concurrency: int) -> Times:
    """A run; sending begins when the plan is handed to the runner, and ends with the report."""
    from bench.desk import CREDENTIALS, job
    from bulk_onboard import log
    from bulk_onboard.clock import SystemClock
    from bulk_onboard.pipeline.progress import Progress
    from bulk_onboard.pipeline.run import run_job
    from bulk_onboard.pipeline.stop import Stop

    log.configure(quiet=True)
    begun: list[tuple[float, float]] = []

    def begin(_: Progress) -> None:
        begun.append((time.perf_counter(), time.process_time()))

    todo = job(folder, url, concurrency=str(concurrency), settle=SETTLE)
    result = asyncio.run(run_job(todo, credentials=CREDENTIALS, clock=SystemClock(), stop=Stop(), watch=begin))
    if result.exit_status or not result.report:
        sys.exit(f"The run ended with {result.exit_status}: {result.error}")
    (at, cpu_s), *_ = begun
    return Times(time.perf_counter() - at, time.process_time() - cpu_s, cpu_s)


def forms(folder: Path) -> list[Form]:
    """A form for each row, prepared before anything is timed."""
    from tests.support.businesses import DOCUMENTS, business

    rows = (business(number) for number in range(len(list((folder / "documents").iterdir()))))
    return [
        Form(json.dumps(data_of(cells)), tuple(folder / "documents" / cells[title] for title in DOCUMENTS))
        for cells in rows
    ]


def data_of(cells: Mapping[str, str]) -> dict[str, object]:
    """What a create says."""
    end_user = {
        "type": "business",
        "name": cells["Business Name"],
        "registration_number": cells["Registration Number"],
        "email": cells["Email"],
        "address": {"line1": cells["Address Line 1"], "city": cells["City"], "postal_code": cells["Postal Code"]},
    }
    return {
        "country_iso": "IN",
        "number_type": "local",
        "alias": cells["Business Name"][:60],
        "end_user": end_user,
        "documents": [{"type": kind} for kind in TYPES],
    }


def timed(work: Callable[[], None]) -> Times:
    """How long it takes."""
    at, cpu_s = time.perf_counter(), time.process_time()
    work()
    return Times(time.perf_counter() - at, time.process_time() - cpu_s, cpu_s)


def check(http_status: int) -> None:
    """As little as anybody would check."""
    if http_status != 201:
        sys.exit(f"HTTP {http_status}")


SENDERS: Mapping[str, Callable[[str, Path, int], Times]] = {"ours": ours, "bare": bare, "threads": threads}

if __name__ == "__main__":
    who, address, place, at_a_time = sys.argv[1:]
    print(json.dumps(SENDERS[who](address, Path(place), int(at_a_time))))
