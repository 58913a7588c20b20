"""The live page in a browser: it loads, goes on by itself, is found one's way in, and asks nobody else for anything."""

import asyncio
import math
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.sandbox.records import REJECTED
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.sandbox.state import State
from tests.support.browsers import PHONE, Browser, Tab
from tests.support.businesses import business
from tests.support.nights import keyed
from tests.support.office import Office
from tests.support.pages import Page, served

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "K" * 90
RIGHT_TO_LEFT = "مفتاح-٤١"


async def filled(office: Office) -> None:
    """Three rows at the API, one of which was sent back, and some whose Keys mean no good."""
    spoilt = [
        keyed(number, Postal_Code="") | {"Key": key} for number, key in enumerate((HOSTILE, LONG, RIGHT_TO_LEFT), 10)
    ]
    office.fill([*map(keyed, range(3)), *spoilt])
    await office.run()
    office.sandbox.state.review(office.sandbox.state.records[1], REJECTED, "The scan is blurred")
    await office.run()


def is_quiet(tab: Tab, page: Page) -> None:
    """Nothing was complained of, and nobody else was asked."""
    assert [] == tab.complaints
    assert [] == [url for url in tab.requests if not url.startswith(page.origin)]


class Held(SystemClock):
    """A clock that answers no call of the sandbox while it has as many records as it may have."""

    def __init__(self) -> None:
        self.state: State | None = None
        self._let_on, self._at_most = asyncio.Event(), 0.0

    def let_on(self, at_most: float) -> None:
        """Let calls be answered until there are so many records."""
        self._at_most = at_most
        self._let_on.set()
        self._let_on = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait so long, and then for leave."""
        await asyncio.sleep(seconds)
        while self.state and len(self.state.records) >= self._at_most:
            await self._let_on.wait()


async def test_page_goes_on_by_itself_while_a_run_does(tmp_path: Path, chrome: Browser) -> None:
    """From before the ledger is there until the run's end, without being loaded again."""
    clock = Held()
    async with Sandbox(clock=clock, latency_s=0.01) as sandbox:
        clock.state = sandbox.state
        office = Office(tmp_path, sandbox)
        office.fill([keyed(number) for number in range(40)])
        async with served(office.job()) as page, chrome.tab() as tab:
            await tab.page.goto(page.url)
            await tab.page.wait_for_selector("text=There is no ledger yet")
            clock.let_on(10)
            run = asyncio.create_task(office.run(concurrency=1))
            await tab.page.wait_for_selector("text=A run is under way")
            for shown, next_stop in ((10, 20), (20, math.inf)):
                await tab.page.wait_for_selector(f"progress[value='{shown}']")
                clock.let_on(next_stop)
            await run
            await tab.page.wait_for_selector("text=all done")
            title = await tab.page.title()
            loads = [url for url in tab.requests if url.rstrip("/") == page.origin]

            assert "No run is under way · businesses" == title
            assert "40" == await tab.text(".tile.waiting dd")
            assert 1 == len(loads)
            assert "Live" == await tab.text("#link-state")
            is_quiet(tab, page)


async def test_business_is_searched_and_its_story_shown(office: Office, chrome: Browser) -> None:
    """By its Key from the page, and by its name where the workbook has it; back again by a link."""
    await filled(office)
    async with served(office.job()) as page, chrome.tab() as tab:
        await tab.page.goto(page.url)
        await tab.page.fill("#q", "K-1")
        await tab.page.click("text=Search")
        await tab.page.wait_for_selector("text=What happened")
        assert "K-1" == await tab.text("h1")
        assert "The scan is blurred." in await tab.text("main")
        await tab.page.click("text=Back to the job")
        await tab.page.click("a:has-text('K-1')")
        assert "K-1" == await tab.text("h1")
        is_quiet(tab, page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_keys_that_mean_no_good_do_nothing(office: Office, chrome: Browser, scheme: str) -> None:
    """Markup, a very long word and another direction are shown as they are, on a phone without scrolling sideways."""
    await filled(office)
    async with served(office.job()) as page, chrome.tab(viewport=PHONE, color_scheme=scheme) as tab:
        await tab.page.goto(page.url)
        await tab.page.wait_for_selector(f"text={LONG}")
        shown = await tab.text("main")
        too_wide = [await tab.is_too_wide()]
        for key in (LONG, HOSTILE, RIGHT_TO_LEFT):
            await tab.page.click(f"text={key}")
            assert key == await tab.text("h1")
            too_wide.append(await tab.is_too_wide())
            await tab.page.go_back()

        assert all(key in shown for key in (HOSTILE, LONG, RIGHT_TO_LEFT))
        assert 0 == await tab.page.locator("img").count()
        assert not any(too_wide)
        is_quiet(tab, page)


async def test_page_is_read_without_script(office: Office, chrome: Browser) -> None:
    """It says that it is read again, and search, story and links work."""
    await filled(office)
    async with served(office.job()) as page, chrome.tab(java_script_enabled=False) as tab:
        await tab.page.goto(page.url)
        assert "read again every 30 seconds" in await tab.page.locator("body").inner_text()
        await tab.page.fill("#q", "K-2")
        await tab.page.press("#q", "Enter")
        assert "K-2" == await tab.page.locator("h1").inner_text()


async def test_page_is_walked_by_keyboard(office: Office, chrome: Browser) -> None:
    """First a link to the content, then search, links, the rows and the downloads; the focus can be seen."""
    await filled(office)
    async with served(office.job()) as page, chrome.tab() as tab:
        await tab.page.goto(page.url)
        await tab.page.wait_for_selector("text=Live")
        walked = []
        for _ in range(40):
            await tab.page.keyboard.press("Tab")
            walked.append(await tab.focused())
            if "results" in walked[-1] or "summary.json" in walked[-1]:
                break
        outline = await tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")

        assert ["#content", "q", "Search"] == walked[:3]
        assert "#attention" in walked
        assert any(name.startswith("at-") for name in walked)
        assert "report.html" in walked
        assert "none" != outline


async def test_focus_stays_where_it_is_while_the_page_goes_on(office: Office, chrome: Browser) -> None:
    """Whoever walks through the rows is not thrown back when one of them changes."""
    await filled(office)
    async with served(office.job()) as page, chrome.tab() as tab:
        await tab.page.goto(page.url)
        await tab.page.wait_for_selector("text=Live")
        link = tab.page.locator("a[id^=at-]").first
        await link.focus()
        before = await tab.focused()
        office.sandbox.state.review(office.sandbox.state.records[2], REJECTED, "Another scan is blurred")
        await office.run()
        await tab.page.wait_for_selector("text=Another scan is blurred.")

        assert before == await tab.focused()


async def test_page_says_that_it_lost_its_server(office: Office, chrome: Browser) -> None:
    """And not only by a colour."""
    await filled(office)
    async with chrome.tab() as tab:
        async with served(office.job()) as page:
            await tab.page.goto(page.url)
            await tab.page.wait_for_selector("text=Live")
        await tab.page.wait_for_selector("#link-state.lost")

        assert "trying again" in await tab.text("#link-state")


async def test_page_says_that_it_was_started_anew(office: Office, chrome: Browser) -> None:
    """Its token is another one then, so that trying again would go on for ever."""
    await filled(office)
    async with chrome.tab() as tab:
        async with served(office.job()) as page:
            await tab.page.goto(page.url)
            await tab.page.wait_for_selector("text=Live")
        async with served(office.job(), port=urlsplit(page.url).port or 0):
            await tab.page.wait_for_selector("text=open the address that was printed", timeout=40_000)


async def test_token_is_asked_for_and_taken(office: Office, chrome: Browser) -> None:
    """Whoever has it types it; it does not stay in the address."""
    office.fill([business(0)])
    await office.run()
    async with served(office.job(), token="a-token-that-was-chosen") as page, chrome.tab() as tab:
        await tab.page.goto(f"{page.origin}/")
        assert "This page needs its token" == await tab.text("h1")
        await tab.page.fill("#token", "a-token-that-was-chosen")
        await tab.page.click("button")
        await tab.page.wait_for_selector("text=Live")

        assert "token" not in tab.page.url
