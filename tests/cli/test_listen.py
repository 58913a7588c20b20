"""`listen`: in a process of its own, with the sandbox calling it."""

import asyncio
import json
import signal
from urllib.parse import urlsplit

import pytest

from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.sandbox.callbacks import CallbackOptions
from bulk_onboard.sandbox.records import APPROVED
from tests.support.businesses import HEADERS, write_workbook
from tests.support.office import AUTH_TOKEN, Office, heard

PUBLIC_URL = "https://callbacks.example.com/r/3f9a"


def fill(office: Office, rows: int) -> None:
    office.fill(rows)
    for cells in office.rows:
        cells["Callback URL"] = PUBLIC_URL
    write_workbook(office.workbook, office.rows, (*HEADERS, "Callback URL"))


async def listening_at(process: asyncio.subprocess.Process) -> str:
    """What it says first: where it listens."""
    assert process.stderr is not None
    line = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
    assert "Listening at http://127.0.0.1:" in line
    return line.split("Listening at ")[1].split("/r/")[0]


def reviews(office: Office) -> set[str]:
    return {record.review for record in read_ledger_state(office.ledger).ledger_state.records.values()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_reviews_arrive_and_a_signal_ends_it(office: Office, number: signal.Signals) -> None:
    """It says where it listens and what the API must be told; at the end one object, exit status 0."""
    fill(office, 3)
    await office.run()
    process = await office.start("listen", "--json", "--public-url", PUBLIC_URL, "--port", "0")
    office.sandbox.callbacks.options = CallbackOptions(via=await listening_at(process), faults=("forged",))

    for record in office.sandbox.state.records:
        office.sandbox.state.review(record, APPROVED, None)
    async with asyncio.timeout(20):
        while reviews(office) != {"approved"}:
            await asyncio.sleep(0.05)
    process.send_signal(number)
    told = await heard(process)

    assert 0 == told.status
    assert f"Set this as the Callback URL at the API: {PUBLIC_URL}" in told.err
    assert {"received": 6, "refused": 3, "read": 3, "changed": 3, "waiting": 0}.items() <= told.json.items()
    assert AUTH_TOKEN not in told.out + told.err


async def test_further_tokens_come_from_the_environment(office: Office) -> None:
    """Those of sub-accounts, or of yesterday; a line sums up for people."""
    fill(office, 1)
    await office.run()
    words = ("--public-url", PUBLIC_URL, "--port", "0")
    process = await office.start("listen", *words, PLIVO_CALLBACK_TOKENS="older, sub-token")
    via = await listening_at(process)
    office.sandbox.callbacks.token = "sub-token"
    office.sandbox.callbacks.options = CallbackOptions(via=via)

    office.sandbox.state.review(office.sandbox.state.records[0], APPROVED, None)
    async with asyncio.timeout(20):
        while reviews(office) != {"approved"}:
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    told = await heard(process)

    assert "Callbacks: 1 received, 0 refused, 0 about no record of this job." in told.out
    assert "Records: 1 read, 1 with a new review." in told.out


async def test_unsigned_ones_are_taken_only_when_allowed(office: Office) -> None:
    """`--allow-unsigned` says so, and the summary tells how many were refused without it."""
    import aiohttp

    fill(office, 1)
    await office.run()
    statuses = []
    for words in ((), ("--allow-unsigned",)):
        process = await office.start("listen", *words, "--public-url", PUBLIC_URL, "--port", "0")
        via = await listening_at(process)
        body = json.dumps({"compliance_id": "nobody"}).encode()
        async with aiohttp.ClientSession() as session, session.post(f"{via}/r/3f9a", data=body) as response:
            statuses.append(response.status)
        process.send_signal(signal.SIGTERM)
        assert 0 == (await heard(process)).status

    assert [403, 200] == statuses


async def test_half_open_heads_do_not_keep_the_listener_from_answering(office: Office) -> None:
    """Two hundred connections send half a head each and wait, more than its files allow; a good call is answered."""
    import aiohttp

    fill(office, 1)
    await office.run()
    process = await office.start("listen", "--allow-unsigned", "--public-url", PUBLIC_URL, "--port", "0", files=160)
    via = await listening_at(process)
    parts = urlsplit(via)
    try:
        half = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(200)]
        for _, writer in half:
            writer.write(b"POST /r/3f9a HTTP/1.1\r\nHost: x\r\nX-Half: ")
        statuses = []
        for _ in range(2):
            told = {"data": b'{"compliance_id": "nobody"}', "timeout": aiohttp.ClientTimeout(5)}
            async with aiohttp.ClientSession() as session, session.post(f"{via}/r/3f9a", **told) as response:
                statuses.append(response.status)
    finally:
        process.send_signal(signal.SIGTERM)
        told = await heard(process)
        for _, writer in half:
            writer.close()

    assert [200, 200] == statuses
    assert 0 == told.status


@pytest.mark.parametrize(
    ("words", "environ", "named"),
    [
        (("--public-url", "http://callbacks.example.com/r"), {}, "not https"),
        (("--public-url", PUBLIC_URL), {"PLIVO_AUTH_TOKEN": ""}, "PLIVO_AUTH_TOKEN"),
        (("--public-url", PUBLIC_URL, "--host", "192.0.2.1"), {}, "Cannot listen at 192.0.2.1"),
    ],
)
async def test_mistake_of_use_ends_with_2(
    office: Office, words: tuple[str, ...], environ: dict[str, str], named: str
) -> None:
    """A sentence that helps, and nothing is listened to."""
    office.fill(1)

    told = await office.type("listen", *words, **environ)

    assert 2 == told.status
    assert named in told.err
