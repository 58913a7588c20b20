"""report.html in a browser, from the disk, as somebody opens it who got it by mail."""

from pathlib import Path

import pytest

from tests.support.browsers import PHONE, Browser
from tests.support.nights import keyed
from tests.support.office import Office

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def report(office: Office) -> Path:
    """Of two good rows and three with errors."""
    spoilt = [
        keyed(number, Postal_Code="", Business_Name=name) for number, name in enumerate((HOSTILE, "W" * 80, "شركة"), 2)
    ]
    office.fill([keyed(0), keyed(1), *spoilt])
    await office.run()
    return office.report.with_suffix(".html")


@pytest.mark.parametrize(
    "settings", [{}, {"java_script_enabled": False}, {"color_scheme": "dark"}, {"viewport": PHONE}]
)
async def test_report_opens_from_the_disk(report: Path, chrome: Browser, settings: dict[str, object]) -> None:
    """With or without script, in both looks and on a phone; it loads nothing and nothing is wider than the screen."""
    async with chrome.tab(**settings) as tab:
        await tab.page.goto(report.as_uri())
        text = await tab.page.locator("main").inner_text()
        figures = await tab.page.locator(".tile dd").all_inner_texts()

        assert "Of 5 businesses" in text
        assert ["0", "2", "3"] == figures
        assert HOSTILE in text
        assert 0 == await tab.page.locator("script").count()
        assert [] == tab.complaints
        assert [report.as_uri()] == [url for url in tab.requests if not url.startswith("data:")]
        if settings.get("java_script_enabled", True):
            assert not await tab.is_too_wide()


async def test_links_lead_to_problems_and_back(report: Path, chrome: Browser) -> None:
    """From a row to what is wrong with it, and from there to the row."""
    async with chrome.tab() as tab:
        await tab.page.goto(report.as_uri())
        await tab.page.click("#attention a[href^='#problems-']")
        problem = await tab.page.locator("tr:target").inner_text()
        await tab.page.click("tr:target a")

        assert "Postal Code" in problem
        assert "attention-" in tab.page.url
        assert "K-2" in await tab.page.locator("tr:target").inner_text()


async def test_report_prints_on_few_pages(report: Path, chrome: Browser, tmp_path: Path) -> None:
    """The figures and charts on the first, tables across on the others."""
    import pypdfium2 as pdfium

    async with chrome.tab() as tab:
        await tab.page.goto(report.as_uri())
        await tab.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True, print_background=True)
    pdf = pdfium.PdfDocument(tmp_path / "report.pdf")
    first = pdf[0].get_textpage().get_text_bounded()
    sizes = [page.get_size() for page in pdf]
    pdf.close()

    assert all(heading in first for heading in ("Outcomes", "Requests per minute", "What to do next"))
    assert sizes[0][0] < sizes[0][1]
    assert all(width > height for width, height in sizes[1:])
    assert len(sizes) <= 6


async def test_sentences_about_many_numbers_wrap(office: Office, chrome: Browser) -> None:
    """Nothing of a row is wider than its column, on the screen and on paper."""
    numbers = ", ".join(f"+91 98 4000 {number:04d}" for number in range(12))  # mobile, and the records are local
    office.fill([keyed(0, Numbers=numbers), keyed(1)])
    await office.run()
    for record in office.sandbox.state.records:
        office.sandbox.state.review(record, "approved", None)
    await office.run()
    async with chrome.tab() as tab:
        await tab.page.goto(office.report.with_suffix(".html").as_uri())
        for media in ("screen", "print"):
            await tab.page.emulate_media(media=media)
            table = "document.querySelector('#results .scroll')"
            assert "held" in await tab.page.locator("#results .say .word").first.inner_text()
            assert await tab.page.evaluate(f"{table}.scrollWidth <= {table}.clientWidth + 1")
