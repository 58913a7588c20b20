"""The live page over HTTP: who gets it, what it shows as the ledger changes, and that it changes nothing."""

import asyncio
import time
from pathlib import Path

import pytest

from bulk_onboard.job import load_job_or_ledger
from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.maintenance import serve
from bulk_onboard.model.entry import Reviewed
from bulk_onboard.reporting.target import is_report
from tests.support.businesses import business
from tests.support.nights import keyed
from tests.support.office import Office
from tests.support.pages import Page, served
from tests.support.postgres import Database

TOKEN = "chosen-by-the-operator"


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at the ledger more often than people need."""
    monkeypatch.setattr(serve, "LOOK_EACH_S", 0.05)


async def filed(office: Office, rows: int = 3) -> None:
    office.fill([keyed(number) for number in range(rows)])
    await office.run()


def review(office: Office, key: str, word: str, reason: str = "") -> None:
    """What a run beside the page would append."""
    state = office.ledger_state()
    (record,) = [each for each in state.records.values() if each.key == key]
    entry = Reviewed(token=record.token, key=key, review=word, reason=reason)
    from bulk_onboard.clock import SystemClock

    with office.ledger.open("ab") as ledger:
        ledger.write(encode(stamp(entry, seq=state.seq + 1, now=SystemClock().now())))


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


async def test_address_that_is_printed_opens_the_page_and_nothing_else_does(office: Office) -> None:
    """A browser keeps a cookie in place of the token, which leaves the address bar."""
    await filed(office)
    async with served(office.job()) as page:
        stranger = await page.get("/")
        entered = await page.enter()
        inside = await page.get("/")

    assert (401, 200, 200) == (stranger.status, entered.status, inside.status)
    assert "K-0" not in stranger.text
    assert "businesses" in entered.text
    assert page.token not in inside.text


async def test_chosen_token_is_asked_for_everywhere_but_health(office: Office) -> None:
    """As a bearer it serves a scraper; the address that is printed does not hold it."""
    await filed(office)
    async with served(office.job(), token=TOKEN) as page:
        shut = [
            (await page.get(path)).status for path in ("/", "/metrics", "/events", "/report.html", "/business?q=K-1")
        ]
        health = await page.get("/healthz")
        metrics = await page.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert {401} == set(shut)
    assert (200, "ok\n") == (health.status, health.text)
    assert "text/plain; version=0.0.4; charset=utf-8" == metrics.headers["Content-Type"]
    assert "bulk_onboard_rows" in metrics.text
    assert TOKEN not in page.url


async def test_every_answer_is_kept_from_caches_frames_and_scripts(office: Office) -> None:
    """Refusals, too; nothing may be loaded from elsewhere, and no script but the page's own runs."""
    await filed(office)
    async with served(office.job()) as page:
        answers = [await page.get("/nowhere"), await page.get("/", method="POST"), await page.enter()]
        answers += [await page.get(path) for path in ("/", "/page.js", "/metrics", "/healthz", "/business?q=K-1")]

    assert [401, 405, 200, 200, 200, 200, 200, 200] == [answer.status for answer in answers]
    for answer in answers:
        assert "no-store" == answer.headers["Cache-Control"]
        assert "no-referrer" == answer.headers["Referrer-Policy"]
        assert "nosniff" == answer.headers["X-Content-Type-Options"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_is_taken_in(office: Office, method: str) -> None:
    """Only GET and HEAD are answered."""
    await filed(office, 1)
    async with served(office.job()) as page:
        await page.enter()
        answer = await page.get("/", method=method)

    assert (405, "GET, HEAD") == (answer.status, answer.headers["Allow"])


@pytest.mark.parametrize("path", ["/", "/events", "/metrics", "/report.html"])
async def test_head_is_answered_without_a_body(office: Office, path: str) -> None:
    """And the events do not begin."""
    await filed(office, 1)
    async with served(office.job()) as page:
        await page.enter()
        answer = await asyncio.wait_for(page.get(path, method="HEAD"), 10)

    assert (200, "") == (answer.status, answer.text)


async def test_other_name_for_this_machine_is_refused(office: Office) -> None:
    """A page elsewhere whose name leads here gets nothing, even with the token; a proxy's name that was given does."""
    await filed(office, 1)
    async with served(office.job(), names=("page.example.com",)) as page:
        evil = await page.get(f"/?token={page.token}", headers={"Host": "evil.example.com"})
        proxy = await page.get(f"/?token={page.token}", headers={"Host": "page.example.com"}, allow_redirects=False)

    assert (421, 303) == (evil.status, proxy.status)
    assert "./" == proxy.headers["Location"]


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /business?q=K-SECRET HTTP/1.1\r\nHo st: localhost",
        "GARBAGE",
        f"GET /{'K-SECRET' * 2_000} HTTP/1.1\r\nHost: localhost",
        "GET /x%0d%0aSet-Cookie:K-SECRET?token={token} HTTP/1.1\r\nHost: localhost",
    ],
)
async def test_nothing_of_a_request_that_makes_no_sense_is_logged(
    office: Office, request_line: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is answered, without a traceback on the terminal."""
    await filed(office, 1)
    capfd.readouterr()
    async with served(office.job()) as page:
        host, port = page.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{request_line.format(token=page.token)}\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.readline(), 10)
        writer.close()

    assert answer.split()[1] in (b"400", b"303")
    assert [] == [record.message for record in caplog.records if record.name.startswith("aiohttp")]
    assert "Traceback" not in capfd.readouterr().err


async def test_page_follows_the_ledger(office: Office) -> None:
    """What a run appends reaches every reader without being asked for."""
    await filed(office)
    async with served(office.job()) as page:
        await page.enter()
        async with page.events() as one, page.events() as other:
            await one.until("pending")
            review(office, "K-1", "rejected", "The scan is blurred")
            await one.until("The scan is blurred.")
            await other.until("The scan is blurred.")

    assert {"notices", "doing", "figures", "charts", "attention", "runs", "source"} == one.parts.keys()


async def test_readers_are_told_when_the_page_stops_and_do_not_keep_it_up(office: Office) -> None:
    """Fifty of them, one of which reads nothing; it stops within a few seconds."""
    await filed(office)
    async with served(office.job()) as page:
        await page.enter()
        cookies = "; ".join(f"{each.key}={each.value}" for each in page.session.cookie_jar)
        host, port = page.origin.removeprefix("http://").split(":")
        _, deaf = await asyncio.open_connection(host, int(port), limit=1)
        deaf.write(f"GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n".encode())
        contexts = [page.events() for _ in range(50)]
        readers = [await context.__aenter__() for context in contexts]
        for reader in readers:
            await reader.until("pending")
        begun = time.monotonic()
        page.stop.request("a test")
        async with asyncio.timeout(10):
            while not all(reader.names[-1] == "end" for reader in readers):
                await asyncio.sleep(0.02)
        for context in contexts:
            await context.__aexit__(None, None, None)
        deaf.close()

    assert time.monotonic() - begun < 8


async def test_too_many_readers_are_sent_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on."""
    monkeypatch.setattr(serve, "MOST_READERS", 1)
    await filed(office)
    async with served(office.job()) as page:
        await page.enter()
        async with page.events() as one:
            await one.until("pending")
            answer = await page.get("/events")
        assert 503 == answer.status
        async with asyncio.timeout(10):
            while (await page.get("/events", method="HEAD")).status != 200:
                await asyncio.sleep(0.02)


async def test_page_begins_before_the_ledger_does(office: Office) -> None:
    """It says so, and shows the run once there is one."""
    office.fill(2)
    async with served(office.job()) as page:
        await page.enter()
        async with page.events() as events:
            await events.until("There is no ledger yet")
            await office.run()
            await events.until("2 rows")


async def test_ledger_that_is_cut_replaced_or_damaged_is_told(office: Office) -> None:
    """And looked at again: once it is whole the page is, too."""
    await filed(office)
    whole = office.ledger.read_bytes()
    lines = whole.splitlines(keepends=True)
    async with served(office.job()) as page:
        await page.enter()
        async with page.events() as events:
            await events.until("pending")
            office.ledger.write_bytes(b"".join(lines[:3]))
            await events.until("became shorter")
            office.ledger.write_bytes(b"".join((*lines[:3], lines[3].replace(b'"seq":4', b'"seq":9'), *lines[4:])))
            await events.until("cannot be used")
            office.ledger.write_bytes(whole)
            await events.until("pending")
        answer = await page.get("/")

    assert "cannot be used" not in answer.text


async def test_copied_ledger_is_shown_without_names(office: Office, tmp_path: Path) -> None:
    """Elsewhere, without the workbook: Keys, and why there are no names. The report can be made of it."""
    await filed(office)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy = elsewhere / "copied.ledger.jsonl"
    copy.write_bytes(office.ledger.read_bytes())
    office.workbook.rename(office.folder / "away.xlsx")
    async with served(load_job_or_ledger(copy, {})) as page:
        await page.enter()
        async with page.events() as events:
            await events.until("there are no names")
        business_page = await page.get("/business?q=K-1")
        report = await page.get("/report.html")

    assert "Invented Traders" not in business_page.text + report.text
    assert "K-1" in business_page.text
    assert 200 == report.status
    assert ["copied.ledger.jsonl"] == [path.name for path in elsewhere.iterdir()]


async def test_names_come_from_the_workbook_and_change_with_it(office: Office) -> None:
    """They are found, too; a business is shown with its row."""
    await filed(office)
    async with served(office.job()) as page:
        await page.enter()
        await _until(page, "/business?q=Traders+1", "Row 3")
        office.rows[1]["Business Name"] = "Renamed Invented Limited"
        office.save()
        await _until(page, "/business?q=K-1", "Renamed Invented Limited")


async def _until(page: Page, path: str, text: str) -> None:
    async with asyncio.timeout(20):
        while text not in (await page.get(path)).text:
            await asyncio.sleep(0.05)


async def test_story_of_a_business_is_told(office: Office) -> None:
    """By its Key, as `ledger show` tells it; what is not there is said."""
    await filed(office)
    async with served(office.job()) as page:
        await page.enter()
        found, several, none = [await page.get(f"/business?q={name}") for name in ("K-1", "K-", "K-99")]

    assert "create 1" in found.text
    assert "3 found" in several.text
    assert "Nothing is called" in none.text


async def test_downloads_are_as_the_ledger_is_now(office: Office, tmp_path: Path) -> None:
    """Made anew where the ledger has grown since the run wrote its report, in every format that can be written."""
    office.fill([keyed(0), business(1, Key="K-1", Postal_Code="")])
    await office.run()
    async with served(office.job()) as page:
        await page.enter()
        before = await page.get("/report.html")
        review(office, "K-0", "rejected", "The scan is blurred")
        after = await page.get("/report.html")
        summary = await page.get("/summary.json")
        async with page.session.get(f"{page.origin}/report.xlsx") as response:
            workbook = tmp_path / "downloaded.xlsx"
            workbook.write_bytes(await response.read())

    assert "The scan is blurred" not in before.text
    assert "The scan is blurred" in after.text
    assert '"rejected"' in summary.text
    assert "attachment" in summary.headers["Content-Disposition"]
    assert is_report(workbook)


async def test_page_changes_nothing(office: Office) -> None:
    """No file of the job, or beside it, after all of the page was asked for; and the ledger itself is not given out."""
    await filed(office)
    before = everything_in(office.folder)
    async with served(office.job()) as page:
        await page.enter()
        paths = ("/", "/business?q=K-1", "/report.html", "/report.xlsx", "/summary.json", "/metrics")
        answers = [await page.get(path) for path in paths]
        ledger = await page.get(f"/{office.ledger.name}")
        async with page.events() as events:
            await events.until("pending")

    assert {200} == {answer.status for answer in answers}
    assert 404 == ledger.status
    assert before == everything_in(office.folder)


async def test_job_with_its_ledger_in_a_database_has_its_page(office: Office, postgres: Database) -> None:
    """It follows the ledger, tells stories and makes downloads, whichever machine runs the job."""
    job = office.job(store=postgres.address)
    await asyncio.to_thread(job.store.setup)
    office.fill([keyed(number) for number in range(2)])
    async with served(job) as page:
        await page.enter()
        async with page.events() as reader:
            await office.run(store=postgres.address)
            await reader.until("pending")
        front, story, report = [await page.get(path) for path in ("/", "/business?q=K-1", "/report.html")]

    assert (200, 200, 200) == (front.status, story.status, report.status)
    assert job.store.name in front.text
    assert "create 1" in story.text
    assert "K-1" in report.text
