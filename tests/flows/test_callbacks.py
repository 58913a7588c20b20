"""Callbacks from the sandbox to a listener on a real socket: whatever comes, every review ends as the API has it."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.errors import CredentialsError, ExitStatus, LedgerError, UsageError
from bulk_onboard.job import Job
from bulk_onboard.ledger.hints import FileHints, hints_folder
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.maintenance.listen import Listening, ListenResult, listen
from bulk_onboard.model.record import Record
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.callbacks import CallbackOptions
from bulk_onboard.sandbox.records import APPROVED, MORE_INFO, REJECTED
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.units import Quota
from tests.support.businesses import HEADERS, write_workbook
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office
from tests.support.postgres import Database

pytestmark = pytest.mark.slow

PUBLIC_URL = "https://callbacks.example.com/r/3f9a"
REVIEWS = {APPROVED: "approved", REJECTED: "rejected", MORE_INFO: "more info"}


class HastyClock:
    """The machine's clock, fifty times as fast, so that 30 s between two readings of a record are short.

    But for leases, which a database counts, too.
    """

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() * 50

    def boottime(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


def fill(office: Office, rows: int) -> None:
    """So many rows whose reviews are to be called back."""
    office.fill(rows)
    for cells in office.rows:
        cells["Callback URL"] = f"{PUBLIC_URL}?row={cells['Registration Number']}"
    write_workbook(office.workbook, office.rows, (*HEADERS, "Callback URL"))


async def test_address_of_the_job_is_sent_for_rows_that_have_none(office: Office) -> None:
    """Blank cells take it, others keep theirs; when it changes nothing is sent, and no row counts as changed."""
    fill(office, 2)
    own = office.rows[0]["Callback URL"]
    office.rows[1]["Callback URL"] = ""
    write_workbook(office.workbook, office.rows, (*HEADERS, "Callback URL"))
    job = office.folder / "job.toml"
    job.write_text(f'workbook = "businesses.xlsx"\ncallback_url = "{PUBLIC_URL}"\n')

    first = await office.type("run", job=job)
    job.write_text(f'workbook = "businesses.xlsx"\ncallback_url = "{PUBLIC_URL}/new"\n')
    second = await office.type("run", "--json", job=job)

    assert (0, 0) == (first.status, second.status)
    assert {own, PUBLIC_URL} == {record.callback_url for record in office.sandbox.state.records}
    assert {"list done": 1, "requirements done": 1} == second.json["requests"]
    assert b"The row changed" not in b"".join(results_of(office.folder / "job.report.xlsx"))


def results_of(report: Path) -> Iterator[bytes]:
    """The parts of a report."""
    with ZipFile(report) as archive:
        for name in archive.namelist():
            yield archive.read(name)


async def test_doubt_about_the_address_of_the_job_is_told_once(office: Office) -> None:
    """By `check` and `run`; what cannot work is an error of the job file."""
    office.fill(2)
    job = office.folder / "job.toml"
    job.write_text('workbook = "businesses.xlsx"\ncallback_url = "https://callbacks.example.com:8443/r/1"\n')

    told = [await office.type(verb, job=job) for verb in ("check", "run")]
    job.write_text('workbook = "businesses.xlsx"\ncallback_url = "https://10.0.0.1/r/1"\n')
    refused = await office.type("run", job=job)

    doubt = "bulk-onboard: callback_url: It has the port 8443; the API may reach 443 only."
    assert [1, 1] == [each.err.count(doubt) for each in told]
    assert (2, True) == (refused.status, "callback_url: It names a machine by its number" in refused.err)


@asynccontextmanager
async def listening(office: Office, clock: Clock | None = None, **ways: Any) -> AsyncIterator[list[ListenResult]]:
    """A listener to which the sandbox's callbacks go, its log empty; what it came to is in the list at the end."""
    office.sandbox.log.clear()
    stop, heard, url = Stop(), [], asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        listen(
            [office.job(**ways.pop("flags", {}))],
            Listening(public_url=PUBLIC_URL, port=0),
            credentials={"": Credentials(AUTH_ID, Secret(AUTH_TOKEN))},
            clock=clock or HastyClock(),
            stop=stop,
            announce=url.set_result,
        )
    )
    await asyncio.wait([task, url], return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        office.sandbox.callbacks.options = CallbackOptions(via=f"http://{urlsplit(url.result()).netloc}", **ways)
        yield heard
        stop.request(signal.SIGTERM)
    heard.append((await task).accounts[""])


def in_the_ledger(office: Office) -> dict[str, str]:
    """The review of each record, by its compliance id."""
    return {
        record.compliance_id: record.review for record in read_ledger_state(office.ledger).ledger_state.records.values()
    }


def at_the_api(office: Office) -> dict[str, str]:
    return {record.compliance_id: REVIEWS[record.review] for record in office.sandbox.state.records}


async def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def judge_all(office: Office, *reviews: str) -> None:
    """Give the records these reviews in turn."""
    for number, record in enumerate(office.sandbox.state.records):
        office.sandbox.state.review(record, reviews[number % len(reviews)], "Blurred scan of 2345 6789 0123.")


def gets(office: Office) -> list[Any]:
    return [request for request in office.sandbox.log if request.operation == "get"]


def hints(office: Office) -> FileHints:
    return FileHints(hints_folder(office.ledger))


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"body": "form"},
        {"faults": ("covers-json",)},
        {"faults": ("twice", "disorder")},
        {"faults": ("replayed",)},
        {"faults": ("forged",)},
        {"faults": ("lying",)},
        {"faults": ("strangers", "disorder")},
    ],
    ids=str,
)
async def test_thirty_reviews_arrive_however_they_come(office: Office, ways: dict[str, Any]) -> None:
    """Every review in the ledger is the one that the API shows, whatever the callbacks say and how often."""
    fill(office, 30)
    await office.run()

    async with listening(office, **ways) as heard:
        judge_all(office, APPROVED, REJECTED, MORE_INFO)
        await until(lambda: in_the_ledger(office) == at_the_api(office))

    assert Counter({"approved": 10, "rejected": 10, "more info": 10}) == Counter(in_the_ledger(office).values())
    assert 30 == heard[0].changed
    assert heard[0].error is None
    rejected = [record for record in records(office) if record.review == "rejected"]
    assert {"Blurred scan of XXXX-XXXX-0123."} == {record.review_reason for record in rejected}


def records(office: Office) -> list[Record]:
    return list(read_ledger_state(office.ledger).ledger_state.records.values())


async def test_only_what_is_signed_counts_and_replays_do_no_harm(office: Office) -> None:
    """Forged ones are refused; replayed ones cost at most one more reading, and change nothing."""
    fill(office, 10)
    await office.run()

    async with listening(office, faults=("forged", "replayed")) as heard:
        judge_all(office, APPROVED)
        await until(lambda: office.sandbox.callbacks.answers["200"] == 20)
        await until(lambda: in_the_ledger(office) == at_the_api(office))

    assert (20, 10) == (heard[0].refused, heard[0].changed)
    assert len(gets(office)) <= 20


async def test_review_that_changes_again_is_read_again(office: Office) -> None:
    """Approved, then suspended in all but name: the newest one stands, though the first was read a moment ago."""
    fill(office, 3)
    await office.run()

    async with listening(office):
        judge_all(office, APPROVED)
        await until(lambda: set(in_the_ledger(office).values()) == {"approved"})
        judge_all(office, REJECTED)
        await until(lambda: set(in_the_ledger(office).values()) == {"rejected"})


async def test_flood_stays_within_the_quota_and_loses_nothing(tmp_path: Path) -> None:
    """2,000 callbacks at a slow API: all are answered with a yes, each record is read once, never throttled."""
    quota = Quota(60, 2.0)
    async with Sandbox(quota=quota, requirements_quota=quota, window="sliding") as sandbox:
        office = Office(tmp_path, sandbox)
        fill(office, 40)
        await office.run(quota="60/2s")
        sandbox.latency_s = 0.2

        async with listening(office, SystemClock(), faults=("flood",), flags={"quota": "60/2s"}) as heard:
            judge_all(office, APPROVED, REJECTED)
            await until(lambda: in_the_ledger(office) == at_the_api(office), 60)
            await until(lambda: sandbox.callbacks.answers["200"] == 2000)

        assert {"200": 2000} == dict(sandbox.callbacks.answers)
        assert 2000 == heard[0].received
        assert 40 == len(gets(office))
        assert [] == [request for request in sandbox.log if request.http_status == 429]


async def test_run_beside_a_listener_is_not_disturbed(office: Office) -> None:
    """While the run has the ledger, hints wait and nothing is read; afterwards every review is right."""
    fill(office, 30)
    office.sandbox.state.review_after_s = 0.0
    office.sandbox.latency_s = 0.05

    async with listening(office) as heard:
        result = await office.run(concurrency="2")
        read_during_the_run = len(gets(office))
        await until(lambda: in_the_ledger(office) == at_the_api(office))

    assert ExitStatus.DONE is result.exit_status
    assert 30 == result.counts["submitted"] == len(office.sandbox.state.records)
    assert result.requests["get done"] == read_during_the_run
    assert (30, 0) == (heard[0].changed, heard[0].unknown)


async def test_hints_wait_for_the_lock_and_for_the_next_listener(office: Office) -> None:
    """A listener that never gets the ledger leaves its hints to the one after it."""
    fill(office, 5)
    await office.run()

    with LedgerLock(office.ledger, SystemClock()):
        async with listening(office) as first:
            judge_all(office, APPROVED)
            await until(lambda: office.sandbox.callbacks.answers["200"] == 5)
            assert {"pending"} == set(in_the_ledger(office).values())
    waiting = len(hints(office).waiting())
    async with listening(office) as second:
        await until(lambda: in_the_ledger(office) == at_the_api(office))

    assert (5, 5, 0) == (first[0].waiting, waiting, first[0].read)
    assert (0, 5, 0) == (second[0].received, second[0].changed, second[0].waiting)


async def test_unknown_ids_cost_nothing(office: Office) -> None:
    """They are counted and forgotten, and no request is made for them; so too where there is no ledger yet."""
    fill(office, 1)
    for number in range(100):
        hints(office).keep(f"nobody-{number}")

    async with listening(office) as heard:
        await until(lambda: not hints(office).waiting())

    assert (100, 0) == (heard[0].unknown, heard[0].read)
    assert [] == gets(office)
    assert not office.ledger.exists()


async def test_refused_credentials_end_it_and_the_hints_stay(office: Office) -> None:
    """A wrong token can verify nothing either; exit status 7."""
    fill(office, 2)
    await office.run()
    office.sandbox.faults.script("get", "refuse-401", None)

    async with listening(office) as heard:
        judge_all(office, APPROVED)
        await until(lambda: bool(gets(office)))

    assert isinstance(heard[0].error, CredentialsError)
    assert 2 == len(hints(office).waiting())


async def test_failing_reads_are_tried_again(office: Office) -> None:
    """An API that is down for a while costs no hint."""
    fill(office, 3)
    await office.run()
    office.sandbox.faults.script("get", "error-500-before", 12)

    async with listening(office):
        judge_all(office, APPROVED)
        await until(lambda: in_the_ledger(office) == at_the_api(office), 60)


async def test_foreign_ledger_is_refused_at_once(office: Office) -> None:
    """Reviews of another account's records are nothing to write here."""
    fill(office, 1)
    await office.run()

    with pytest.raises(LedgerError, match="account"):
        await listen(
            [office.job()],
            Listening(public_url=PUBLIC_URL, port=0),
            credentials={"": Credentials("MAINVENTED0000000002", Secret("x"))},
            clock=SystemClock(),
            stop=Stop(),
        )


@pytest.mark.parametrize(
    "url",
    [
        "http://callbacks.example.com/r",
        "https://callbacks.example.com",
        "https://me:secret@callbacks.example.com/r",
        "https://192.168.0.1/r",
        "ftp://127.0.0.1/r",
        "callbacks",
    ],
)
async def test_public_url_that_the_api_cannot_call_is_refused(office: Office, url: str) -> None:
    """It must be https and public, with a path; a secret in it is not printed."""
    with pytest.raises(UsageError, match="--public-url") as refused:
        await listen(
            [office.job()],
            Listening(public_url=url, port=0),
            credentials={"": Credentials(AUTH_ID, Secret("x"))},
            clock=SystemClock(),
            stop=Stop(),
        )

    assert "secret" not in str(refused.value)


# In a database.


def reviews_in(job: Job) -> dict[str, str]:
    return {record.compliance_id: record.review for record in job.ledger_state().records.values()}


@pytest.mark.parametrize("listeners", [1, 2])
async def test_reviews_arrive_in_a_database_however_many_listen(
    office: Office, postgres: Database, listeners: int
) -> None:
    """Two behind one load balancer, say, of which each works off what either has heard: no review is written twice."""
    fill(office, 20)
    flags = {"store": postgres.address}
    job = office.job(**flags)
    await asyncio.to_thread(job.store.setup)
    await office.run(**flags)

    async with AsyncExitStack() as stack:
        heard = [await stack.enter_async_context(listening(office, flags=flags)) for _ in range(listeners)]
        judge_all(office, APPROVED, REJECTED)
        await until(lambda: reviews_in(job) == at_the_api(office))
        await until(lambda: not job.store.hints.waiting())

    entries = postgres.execute("select line from bulk_onboard.entry where line like '%%reviewed%%'")
    assert (20, 20) == (len(entries), sum(each[0].changed for each in heard))
    assert [None] * listeners == [each[0].error for each in heard]


async def test_listener_outlives_a_restart_of_the_database(office: Office, postgres: Database) -> None:
    """What is heard meanwhile is refused, so that the API says it again; then every review arrives."""
    fill(office, 6)
    flags = {"store": postgres.address}
    job = office.job(**flags)
    await asyncio.to_thread(job.store.setup)
    await office.run(**flags)

    async with listening(office, retry_s=2.0, flags=flags) as heard:
        judge_all(office, APPROVED)
        await until(lambda: reviews_in(job) == at_the_api(office))
        await asyncio.to_thread(postgres.server.stop)
        judge_all(office, REJECTED)
        await until(lambda: office.sandbox.callbacks.answers["503"] >= 6)
        await asyncio.to_thread(postgres.server.start)
        await until(lambda: reviews_in(job) == at_the_api(office))

    assert {"rejected"} == set(reviews_in(job).values())
    assert heard[0].error is None


async def test_hint_that_somebody_else_kept_is_worked_off(office: Office, postgres: Database) -> None:
    """Such as a listener on a machine that went down a moment later: nobody calls this one."""
    fill(office, 1)
    flags = {"store": postgres.address}
    job = office.job(**flags)
    await asyncio.to_thread(job.store.setup)
    await office.run(**flags)

    async with listening(office, flags=flags) as heard:
        office.sandbox.callbacks.options = CallbackOptions(via="http://127.0.0.1:9")
        judge_all(office, APPROVED)
        await asyncio.to_thread(job.store.hints.keep, office.sandbox.state.records[0].compliance_id)
        await until(lambda: reviews_in(job) == at_the_api(office))

    assert (0, 1) == (heard[0].received, heard[0].changed)


async def test_ledger_that_is_still_in_its_file_is_told_before_anything_is_heard(
    office: Office, postgres: Database
) -> None:
    """Else every hint would be about nobody, and be forgotten."""
    fill(office, 1)
    await office.run()
    await asyncio.to_thread(office.job(store=postgres.address).store.setup)

    with pytest.raises(UsageError, match="ledger import"):
        async with listening(office, flags={"store": postgres.address}):
            pass
