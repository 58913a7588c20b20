"""The machine's Chromium, headless, as people would use it; tests of it are skipped where there is none."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PHONE = {"width": 360, "height": 780}
DESK = {"width": 1280, "height": 900}


@dataclass(slots=True)
class Tab:
    """A page in the browser, what it asked for and what its console said."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def text(self, selector: str) -> str:
        """Return what stands in an element."""
        return str(await self.page.inner_text(selector))

    async def is_too_wide(self) -> bool:
        """Return whether one must scroll sideways to read it."""
        return bool(await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    async def focused(self) -> str:
        """Return the name, id or text of what has the focus."""
        script = "(e => e.id || e.getAttribute('href') || e.innerText || e.tagName)(document.activeElement)"
        return str(await self.page.evaluate(script)).strip()


@dataclass(slots=True)
class Browser:
    """A browser; each tab has cookies of its own."""

    chromium: Any

    @asynccontextmanager
    async def tab(self, **settings: Any) -> AsyncIterator[Tab]:
        """Open a tab; settings are those of a context of Playwright."""
        context = await self.chromium.new_context(**{"viewport": DESK, **settings})
        tab = Tab(await context.new_page())
        tab.page.on("request", lambda request: tab.requests.append(request.url))
        tab.page.on("console", lambda message: tab.complaints.append(f"{message.type}: {message.text}"))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.set_default_timeout(20_000)
        try:
            yield tab
        finally:
            await context.close()


@asynccontextmanager
async def browser(home: Path) -> AsyncIterator[Browser]:
    """Start the machine's Chromium, which leaves what it writes in `home`."""
    playwright = pytest.importorskip("playwright.async_api", reason="Playwright is not installed")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"There is no browser here; install one of {', '.join(NAMES)} to run this test.")
    async with playwright.async_playwright() as driver:
        chromium = await driver.chromium.launch(executable_path=program, args=ARGUMENTS, env={"HOME": str(home)})
        try:
            yield Browser(chromium)
        finally:
            await chromium.close()
