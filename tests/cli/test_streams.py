"""Whoever does not listen, or hangs up, stops no work: closed and full streams, SIGHUP, names that are no UTF-8."""

import asyncio
import os
import pty
import shlex
import signal
import sys
from pathlib import Path

import pytest

from bulk_onboard.ledger.journal import read_ledger_state
from tests.support.businesses import business, document, write_workbook
from tests.support.office import AUTH_ID, AUTH_TOKEN, SETTLE, Office, Told, flags_of, heard, typed

pytestmark = pytest.mark.slow

BAD_ROW = business(2, Email="no address")
STREAMS = ("<&- >&-", "2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full")
E9 = b"\xe9"


async def in_shell(office: Office, *words: str, streams: str = "", before: str = "exec") -> Told:
    """The real command, started by a shell with its streams as the text says."""
    flags = flags_of(words[0], {"base_url": office.sandbox.url, "quota": "none", "settle": SETTLE})
    command = shlex.join([sys.executable, "-m", "bulk_onboard", *words, *flags])
    process = await asyncio.create_subprocess_shell(
        f"{before} {command} {streams}",
        cwd=office.folder,
        env=os.environ | {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": AUTH_TOKEN},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await heard(process)


@pytest.mark.parametrize("streams", STREAMS)
async def test_a_run_without_streams_does_its_work_and_ends_with_its_own_status(office: Office, streams: str) -> None:
    """No stream that is closed or full is called a bug, leaves a traceback, or loses a record."""
    office.fill([business(0), business(1), BAD_ROW])

    told = await in_shell(office, "run", "businesses.xlsx", "--documents", "scans", streams=streams)
    as_json = await in_shell(office, "run", "businesses.xlsx", "--documents", "scans", "--json", streams=streams)

    assert [3, 3] == [told.status, as_json.status]
    assert 2 == len(office.sandbox.state.records)
    assert office.report.exists()
    said = told.out + told.err + as_json.out + as_json.err
    assert not [word for word in ("Traceback", "bug in", "Exception ignored") if word in said]


@pytest.mark.parametrize("streams", [">&- 2>&-", ">/dev/full 2>/dev/full"])
async def test_every_verb_ends_with_its_own_status_without_streams(office: Office, streams: str) -> None:
    """`check`, `plan`, `status`, `report` and the help, and what is asked for wrongly."""
    office.fill([business(0), BAD_ROW])
    await office.run()

    scans = {"documents": "scans"}
    statuses = [
        (await in_shell(office, verb, "businesses.xlsx", *flags_of(verb, scans), *words, streams=streams)).status
        for verb, *words in (("check",), ("check", "--json"), ("plan",), ("status",), ("report",), ("status", "--no"))
    ]

    assert [3, 3, 0, 0, 0, 2] == statuses


async def test_the_progress_bar_of_a_terminal_that_hung_up_stops_nothing(office: Office) -> None:
    """What cannot be drawn is not drawn, and the run goes on."""
    office.fill(12)
    office.sandbox.latency_s = 0.1
    ours, theirs = pty.openpty()
    words = ("run", "businesses.xlsx", "--documents", "scans", "--concurrency", "1", "--quota", "none")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bulk_onboard", *words, "--base-url", office.sandbox.url, "--settle", SETTLE),
        cwd=office.folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": AUTH_TOKEN, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    while len(office.sandbox.state.records) < 3:
        await asyncio.sleep(0.01)
    os.close(ours)

    assert 0 == await asyncio.wait_for(process.wait(), 60)
    assert 12 == len(office.sandbox.state.records)


async def test_a_hang_up_is_a_graceful_stop_with_129(office: Office) -> None:
    """Twice, as a shell and a terminal that close send it: what is in flight finishes, and a report is written."""
    office.fill(30)
    office.sandbox.latency_s = 0.05
    process = await office.start("run", "--json", "--concurrency", "2")
    while len(office.sandbox.state.records) < 5:
        await asyncio.sleep(0.01)

    for _ in range(2):
        process.send_signal(signal.SIGHUP)
        await asyncio.sleep(0.02)
    stopped = await heard(process)
    sent = len(office.sandbox.state.records)
    continued = await office.type("run", "--json")

    assert 129 == stopped.status == stopped.json["exit_status"]
    assert "Stopping: calls in flight finish" in stopped.err
    assert "Ctrl-C" not in stopped.err
    assert stopped.json["counts"]["submitted"] == sent < 30
    assert 0 == stopped.json["counts"]["uncertain"]
    assert office.report.exists()
    assert (0, 30) == (continued.status, continued.json["counts"]["submitted"])


async def test_a_hang_up_that_is_ignored_from_the_start_stays_ignored(office: Office) -> None:
    """`nohup` is taken at its word."""
    office.fill(12)
    office.sandbox.latency_s = 0.05
    running = asyncio.ensure_future(
        in_shell(
            office, "run", "businesses.xlsx", "--documents", "scans", "--concurrency", "1",
            before="trap '' HUP; echo $$ > pid; exec",
        )
    )  # fmt: skip
    while len(office.sandbox.state.records) < 3:
        await asyncio.sleep(0.01)
    os.kill(int((office.folder / "pid").read_text()), signal.SIGHUP)

    assert 0 == (await running).status
    assert 12 == len(office.sandbox.state.records)


@pytest.mark.parametrize("verb", ["refresh", "undo", "delete"])
async def test_a_hang_up_stops_what_looks_and_deletes_too(office: Office, verb: str) -> None:
    """Exit status 129; nothing is left of which nobody knows what became of it."""
    office.fill(8)
    run_id = (await office.run()).run_id
    office.sandbox.latency_s = 0.3
    token = next(iter(read_ledger_state(office.ledger).ledger_state.records))
    words = {"refresh": (), "undo": ("--run", run_id, "--yes"), "delete": (token, "--yes")}[verb]
    seen = len(office.sandbox.log)
    process = await office.start(verb, *words)
    while len(office.sandbox.log) == seen:
        await asyncio.sleep(0.01)

    process.send_signal(signal.SIGHUP)
    told = await heard(process)

    assert 129 == told.status
    assert "bug in" not in told.err
    states = {str(record.state) for record in read_ledger_state(office.ledger).ledger_state.records.values()}
    assert states <= {"submitted", "deleted"}


async def test_a_hang_up_ends_the_listener_as_sigterm_does(office: Office) -> None:
    """With the line that sums up, and 0."""
    office.fill(1)
    await office.run()
    process = await office.start("listen", "--public-url", "https://callbacks.example.com/r/3f9a", "--port", "0")
    assert process.stderr is not None
    await process.stderr.readline()

    process.send_signal(signal.SIGHUP)
    told = await heard(process)

    assert 0 == told.status
    assert "Callbacks: 0 received" in told.out


def odd(folder: Path, name: bytes) -> Path:
    """A path in the folder that ends in these bytes."""
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + name))


async def test_names_that_are_no_utf8_are_read_and_written(office: Office) -> None:
    """Workbook, documents folder, report and ledger: every verb copes, in text and in JSON; two on real streams."""
    folder = odd(office.folder, b"d" + E9)
    folder.mkdir()
    office.fill([business(0), business(1), BAD_ROW])
    workbook = write_workbook(odd(folder, b"book.xlsx"), office.rows).rename(odd(folder, b"caf" + E9 + b".xlsx"))
    scans = office.documents.rename(odd(folder, b"scans" + E9))
    flags = {"documents": str(scans), "report": str(odd(folder, b"r" + E9 + b".xlsx"))}
    flags |= {"base_url": office.sandbox.url, "quota": "none", "settle": SETTLE}

    told = {"check": await in_shell(office, "check", str(workbook), *flags_of("check", flags))}
    for verb, *words in (
        ("plan", "--json"), ("run",), ("run --annotate --json",), ("refresh",), ("report",), ("ledger verify",),
        ("status",), ("purge", "--yes"),
    ):  # fmt: skip
        told[verb] = await typed(*verb.split(), str(workbook), *flags_of(verb, flags), *words, cwd=office.folder)
    told["status --json"] = await in_shell(office, "status", "--json", str(workbook), *flags_of("status", flags))

    expected = {"check": 3, "run": 3, "run --annotate --json": 3}
    assert {verb: expected.get(verb, 0) for verb in told} == {verb: each.status for verb, each in told.items()}
    assert not [each.err for each in told.values() if "bug in" in each.err]
    assert 2 == len(office.sandbox.state.records)
    assert str(workbook) == told["plan"].json["workbook"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (b"caf" + E9 + b".xlsx", b""),
        (b"caf" + E9 + b".csv", b"no headers\n"),
        (b"caf" + E9 + b".toml", b'workbok = "x"'),
        (b"caf" + E9, b""),
    ],
)
async def test_what_cannot_be_used_under_a_name_that_is_no_utf8_is_refused_with_2(
    office: Office, name: bytes, content: bytes
) -> None:
    """The message holds the name as it is, so that it can be found."""
    odd(office.folder, name).write_bytes(content)

    told = await office.type("check", job=odd(office.folder, name))

    assert 2 == told.status
    assert "bug in" not in told.err
    assert os.fsdecode(E9) in told.err or "\\xe9" in told.err


async def test_a_document_whose_name_is_no_utf8_is_told_by_its_row(office: Office) -> None:
    """No cell can hold that name; the file is named so that it can be found and given another."""
    office.fill(1)
    office.rows[0]["Identity Proof"] = "0000/caf.pdf"
    office.save()
    odd(office.documents, b"0000/caf" + E9 + b".pdf").write_bytes(document("a.pdf"))

    told = await office.type("check", "--json")

    (finding,) = told.json["findings"]
    assert (3, "document-not-found") == (told.status, finding["code"])
    assert "caf\\xe9.pdf" in finding["problem"]
