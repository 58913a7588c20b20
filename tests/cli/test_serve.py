"""`serve`: in a process of its own, ended by signals."""

import asyncio
import signal
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.nights import keyed
from tests.support.office import Office, heard

ADDRESS = "The page is open at "


async def address_of(process: asyncio.subprocess.Process) -> str:
    """What it says first: where the page is."""
    assert process.stderr is not None
    line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
    assert ADDRESS in line
    return line.split(ADDRESS)[1].split()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_page_is_served_until_a_signal_though_somebody_reads_it(office: Office, number: signal.Signals) -> None:
    """The address that is printed opens it; at the end it is told that it stopped, exit status 0."""
    office.fill([keyed(0)])
    await office.run()
    process = await office.start("serve", "--port", "0")
    url = await address_of(process)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(url) as response:
            page = await response.text()
        async with session.get(f"{url.partition('?')[0]}events") as events:
            await events.content.readline()
            process.send_signal(number)
            told = await asyncio.wait_for(heard(process), 20)

    assert "A run" in page or "No run is under way" in page
    assert (0, "The page was stopped.") == (told.status, told.out.strip())


async def test_token_of_the_environment_is_not_printed(office: Office) -> None:
    """Neither it nor a new one."""
    office.fill([keyed(0)])
    await office.run()
    process = await office.start("serve", "--port", "0", BULK_ONBOARD_PAGE_TOKEN="a-token-long-enough-to-be-one")
    url = await address_of(process)
    process.send_signal(signal.SIGTERM)
    told = await heard(process)

    assert url.endswith("/")
    assert "BULK_ONBOARD_PAGE_TOKEN" in told.err
    assert "a-token-long-enough" not in told.err + told.out


@pytest.mark.parametrize(
    ("words", "environ", "named"),
    [
        (("--host", "0.0.0.0"), {}, "BULK_ONBOARD_PAGE_TOKEN"),
        (("--host", "192.0.2.1"), {"BULK_ONBOARD_PAGE_TOKEN": "a-token-long-enough-to-be-one"}, "Cannot listen"),
        ((), {"BULK_ONBOARD_PAGE_TOKEN": "short"}, "openssl rand"),
        (("--public-name", "https://page.example.com/"), {}, "the name alone"),
    ],
)
async def test_mistake_of_use_ends_with_2(
    office: Office, words: tuple[str, ...], environ: dict[str, str], named: str
) -> None:
    """A sentence that helps, and nothing is served."""
    office.fill(1)

    told = await office.type("serve", *words, **environ)

    assert 2 == told.status
    assert named in told.err


async def test_port_that_is_taken_is_told_in_plain_words(office: Office) -> None:
    """As by a page that was started before; with what to do."""
    office.fill(1)
    process = await office.start("serve", "--port", "0")
    port = urlsplit(await address_of(process)).port

    told = await office.type("serve", "--port", str(port))
    process.send_signal(signal.SIGTERM)
    await heard(process)

    assert 2 == told.status
    assert f"port {port}: another program listens there" in told.err
    assert "attempting to bind" not in told.err


@pytest.mark.parametrize("name", ["nowhere", "nowhere.xlsx", "nowhere.ledger.jsonl"])
async def test_path_at_which_there_is_nothing_is_told(office: Office, name: str) -> None:
    """A page of nothing would look like a job that was not run yet."""
    told = await office.type("serve", "--port", "0", job=office.folder / name)

    assert 2 == told.status
    assert name in told.err
    assert "Check the path" in told.err
