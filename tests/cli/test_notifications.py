"""The end of a run is told to whom the environment names; nothing of that changes the run."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business
from tests.support.inbox import Inbox
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office, Told, heard, typed

pytestmark = pytest.mark.slow

TAKEN = ("run_id", "exit_status", "counts", "reviews", "requests", "report", "annotated", "next")
SECRET = "/hooks/secret-part"


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """A webhook that takes everything."""
    async with Inbox() as inbox:
        yield inbox


def troubles(told: Told) -> list[str]:
    """What stderr says for people; log lines and progress are left out."""
    return [line for line in told.err.splitlines() if line.startswith("bulk-onboard: ")]


async def test_when_all_is_well_only_end_tells(office: Office, inbox: Inbox) -> None:
    """Nobody is needed, so by default nobody is told."""
    office.fill(2)

    first = await office.type("run", "--json", BULK_ONBOARD_NOTIFY=inbox.url)
    quiet = len(inbox.arrivals)
    second = await office.type("run", "--json", "--notify", "end", BULK_ONBOARD_NOTIFY=inbox.url)

    (arrival,) = inbox.arrivals
    assert (0, 0, 0) == (first.status, second.status, quiet)
    assert "bulk-onboard businesses: all that was due is done" == arrival.json["title"]
    assert {name: second.json.get(name) for name in TAKEN} == {name: arrival.json[name] for name in TAKEN}


async def test_rows_that_need_a_person_are_told_without_what_is_in_them(office: Office, inbox: Inbox) -> None:
    """Numbers, files and the command; no name, no Key, no number, no reason."""
    planted = {"Business Name": "Canarybird Limited", "Key": "canary-key", "Address Line 1": "17 Canary Lane"}
    office.fill([business(number, **planted, City="") for number in range(3)] + [business(9)])

    told = await office.type("run", "--annotate", BULK_ONBOARD_NOTIFY=inbox.url)

    (arrival,) = inbox.arrivals
    assert 3 == told.status == arrival.json["exit_status"]
    assert "3 rows need attention" in arrival.json["title"]
    assert "4 rows: 3 invalid, 1 submitted" in arrival.json["text"]
    assert f"Report: {office.report}" in arrival.json["text"]
    assert "Marked in: " in arrival.json["text"]
    assert "Next: bulk-onboard merge " in arrival.json["text"]
    assert "canary" not in arrival.text.lower()
    assert not [cells for cells in office.rows if str(cells["Registration Number"]) in arrival.text]


async def test_refused_credentials_are_told(office: Office, inbox: Inbox) -> None:
    """Exit status 7, and the sentence that says what to do; the token is not in it."""
    office.fill(1)
    async with Sandbox(credentials=(AUTH_ID, AUTH_TOKEN)) as strict:
        office.sandbox = strict
        told = await office.type("run", PLIVO_AUTH_TOKEN="wrong-secret", BULK_ONBOARD_NOTIFY=inbox.url)

    (arrival,) = inbox.arrivals
    assert 7 == told.status == arrival.json["exit_status"]
    assert "PLIVO_AUTH_TOKEN" in arrival.json["error"]
    assert "wrong-secret" not in arrival.text


@pytest.mark.parametrize(
    ("words", "environ", "expected"),
    [
        (["nowhere.toml"], {}, (2, "There is no job file nowhere.toml")),
        (["businesses.xlsx", "--quota", "lots"], {}, (2, "is not a quota")),
        (["businesses.xlsx", "--notify", "sometimes"], {}, (2, "it must be one of attention, end, never")),
        (["businesses.xlsx"], {"PLIVO_AUTH_ID": ""}, (2, "export PLIVO_AUTH_ID")),
        (["businesses.xlsx"], {}, (2, "cannot be the ledger")),
    ],
)
async def test_run_that_cannot_begin_is_told(
    office: Office, inbox: Inbox, words: list[str], environ: dict[str, str], expected: tuple[int, str]
) -> None:
    """Also before there is a job to ask whether it wants to."""
    office.fill(1)
    if "ledger" in expected[1]:
        office.ledger.write_text("no ledger\n")

    here = ["--base-url", office.sandbox.url]
    told = await typed("run", *words, *here, cwd=office.folder, **environ, BULK_ONBOARD_NOTIFY=inbox.url)

    (arrival,) = inbox.arrivals
    status, sentence = expected
    assert status == told.status == arrival.json["exit_status"]
    assert sentence in arrival.json["error"]
    assert sentence in arrival.json["text"]


async def test_cells_that_a_message_quotes_go_no_further(office: Office, inbox: Inbox) -> None:
    """A header that was told because it does not fit stays on this machine: it may be a cell of a row."""
    office.documents.mkdir()
    sheet = office.folder / "businesses.csv"
    sheet.write_text("Business Nam,Canary Name,Business Name,business_name\nCanarybird,Canary,Canary,Canary\n")

    told = await office.type("run", job=sheet, BULK_ONBOARD_NOTIFY=inbox.url)

    (arrival,) = inbox.arrivals
    assert 2 == told.status
    assert "business_name" in told.err
    assert "business_name" not in arrival.text
    assert "The workbook cannot be used" in arrival.json["text"]
    assert "canary" not in arrival.text.lower()


async def test_run_that_finds_another_at_work_tells_nobody(office: Office, inbox: Inbox) -> None:
    """Exit status 5 is told never, not even with `end`."""
    office.fill(1)

    with LedgerLock(office.ledger, SystemClock()):
        told = await office.type("run", "--notify", "end", BULK_ONBOARD_NOTIFY=inbox.url)

    assert (5, []) == (told.status, inbox.arrivals)


async def test_never_and_other_verbs_tell_nobody(office: Office, inbox: Inbox) -> None:
    """`never` holds for errors, too, of a job that cannot be loaded; what `check` finds is for who typed it."""
    office.fill([business(1, City="")])

    ended = await office.type("run", "--notify", "never", BULK_ONBOARD_NOTIFY=inbox.url)
    astray = await typed("run", "nowhere.toml", "--notify", "never", cwd=office.folder, BULK_ONBOARD_NOTIFY=inbox.url)
    checked = await office.type("check", BULK_ONBOARD_NOTIFY=inbox.url)

    assert (3, 2, 3) == (ended.status, astray.status, checked.status)
    assert [] == inbox.arrivals


async def test_job_file_says_when_and_resume_tells_too(office: Office, inbox: Inbox) -> None:
    """`notify` is a key like any other."""
    office.fill(1)
    job = office.folder / "job.toml"
    job.write_text('workbook = "businesses.xlsx"\nnotify = "end"\n')
    await office.type("run", job=job)

    await office.type("resume", job=job, BULK_ONBOARD_NOTIFY=inbox.url)

    assert ["bulk-onboard job: all that was due is done"] == [arrival.json["title"] for arrival in inbox.arrivals]


@pytest.mark.parametrize("trouble", ["answers 500", "nobody listens", "redirects", "apprise", "file is missing"])
async def test_notification_that_fails_changes_nothing(office: Office, trouble: str) -> None:
    """The same exit status, the result printed, the report written; one warning, with no part of the address."""
    office.fill([business(1), business(2, City="")])
    async with Inbox(
        http_status=307 if trouble == "redirects" else 500, location="http://127.0.0.1:9/secret-part"
    ) as inbox:
        address = f"{inbox.url}{SECRET}"
        if trouble == "nobody listens":
            with socket.create_server(("127.0.0.1", 0)) as server:
                address = f"http://127.0.0.1:{server.getsockname()[1]}{SECRET}"
        elif trouble == "apprise":
            address = f"json://127.0.0.1:{inbox.port}{SECRET}"
        variable = "BULK_ONBOARD_NOTIFY_FILE" if trouble == "file is missing" else "BULK_ONBOARD_NOTIFY"
        told = await office.type("run", "--json", **{variable: address})

    assert (3, 1) == (told.status, told.json["counts"]["submitted"])
    assert office.report.exists()
    (warning,) = troubles(told)
    assert "otification" in warning
    assert "BULK_ONBOARD_NOTIFY" in warning
    written = [path.read_text() for path in office.folder.glob("*.ledger.jsonl*")]
    assert not [text for text in (told.out, told.err, *written) if "secret-part" in text or "127.0.0.1:9/" in text]


async def test_addresses_may_stand_in_a_file_and_be_several(office: Office, inbox: Inbox) -> None:
    """One a line or divided by blanks; a webhook and a service of apprise's."""
    office.fill([business(1, City="")])
    (office.folder / "bulk_onboard_notify").write_text(
        f"{inbox.url}/1 {inbox.url}/2\njson://127.0.0.1:{inbox.port}/3\n"
    )
    (office.folder / "bulk_onboard_notify").chmod(0o600)

    named = await office.type("run", BULK_ONBOARD_NOTIFY_FILE=str(office.folder / "bulk_onboard_notify"))
    systemds = await office.type("run", CREDENTIALS_DIRECTORY=str(office.folder))

    assert [] == troubles(named) + troubles(systemds)
    assert ["/1", "/1", "/2", "/2", "/3", "/3"] == sorted(arrival.path.rstrip("/") for arrival in inbox.arrivals)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_while_telling_ends_the_telling_alone(office: Office, number: signal.Signals) -> None:
    """What the run came to has been printed, and its exit status stays."""
    office.fill([business(1, City="")])
    async with Inbox(hangs=True) as inbox:
        process = await office.start("run", "--json", BULK_ONBOARD_NOTIFY=inbox.url)
        while not inbox.arrivals:
            await asyncio.sleep(0.01)
        process.send_signal(number)
        told = await heard(process)

    assert (3, 1) == (told.status, told.json["counts"]["invalid"])
    assert ["bulk-onboard: The notification was given up."] == troubles(told)


async def test_service_that_hangs_does_not_keep_the_run_from_ending(office: Office) -> None:
    """Nor does a library that waits for threads of its own: a signal, as the deadline, leaves them behind."""
    office.fill([business(1, City="")])
    begun = office.folder / "begun"
    (office.folder / "apprise.py").write_text(
        "import concurrent.futures, pathlib, time\n"
        f"pathlib.Path({str(begun)!r}).touch()\n"
        "concurrent.futures.ThreadPoolExecutor().submit(time.sleep, 600).result()\n"
    )
    path = os.pathsep.join(filter(None, (str(office.folder), os.environ.get("PYTHONPATH"))))
    process = await office.start("run", "--json", BULK_ONBOARD_NOTIFY="slack://canary", PYTHONPATH=path)
    while not begun.exists():
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    told = await asyncio.wait_for(heard(process), 20)

    assert (3, 1) == (told.status, told.json["counts"]["invalid"])
    assert ["bulk-onboard: The notification was given up."] == troubles(told)


async def test_stopped_run_is_told(office: Office, inbox: Inbox) -> None:
    """SIGTERM: the status, and the command that continues."""
    office.fill(30)
    office.sandbox.latency_s = 0.05
    process = await office.start("run", "--concurrency", "2", BULK_ONBOARD_NOTIFY=inbox.url)
    while len(office.sandbox.state.records) < 3:
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    told = await heard(process)

    (arrival,) = inbox.arrivals
    assert 143 == told.status == arrival.json["exit_status"]
    assert "stopped by SIGTERM" in arrival.json["title"]
    assert arrival.json["next"].startswith("bulk-onboard run ")


async def test_without_an_address_nothing_of_it_is_loaded(office: Office) -> None:
    """A run that has nobody to tell imports neither the webhook nor apprise, whatever it comes to."""
    office.fill([business(1, City="")])

    told = await heard(await office.start("run", "--notify", "end", PYTHONPROFILEIMPORTTIME="1"))

    assert 3 == told.status
    imported = {line.rpartition("|")[2].strip() for line in told.err.splitlines() if line.startswith("import time:")}
    assert "aiohttp" in imported
    assert not {"apprise", "requests", "bulk_onboard.notification.sending"} & imported


async def test_a_run_of_several_accounts_tells_once_who_needs_somebody(office: Office, inbox: Inbox) -> None:
    """The title counts them, a line names each; one whose ledger is in use keeps no other from being told."""
    office.open_accounts("acme", "bravo", "charlie")
    office.fill([business(number, City="" if number == 1 else "Bengaluru") for number in range(6)])
    await office.type("run", "--account", "charlie")

    with LedgerLock((office.folder / "businesses.charlie.ledger.jsonl").absolute(), SystemClock()):
        told = await office.type("run", BULK_ONBOARD_NOTIFY=inbox.url)

    (arrival,) = inbox.arrivals
    assert 5 == told.status
    assert "bulk-onboard businesses: 2 of 3 accounts need somebody" == arrival.json["title"]
    assert "bravo: 1 row needs attention (1 new)" in arrival.json["text"]
    assert "charlie: another run holds the ledger" in arrival.json["text"]
    assert [0, 3, 5] == [each["exit_status"] for each in arrival.json["accounts"]]
