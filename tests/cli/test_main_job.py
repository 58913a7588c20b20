"""The command as people type it: exit statuses, one JSON object, plain sentences instead of tracebacks."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from bulk_onboard.model.application import DOCUMENT_LIMIT
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import business, document, write_workbook
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office, heard, typed

pytestmark = pytest.mark.slow


async def test_forty_rows_with_six_broken_end_in_34_records_and_status_3(office: Office) -> None:
    """The main job of the README, typed: counts add up, running again and losing the ledger create nothing."""
    broken = {
        3: {"Registration Number": ""},
        7: {"Postal Code": "56000112345678"},
        9: {"Identity Proof": "nowhere.pdf"},
        11: {"Business Name": ""},
        13: {"Country": "IND"},
        15: {"Address Proof": "big.png"},
    }
    office.fill([business(number) | broken.get(number, {}) for number in range(40)])
    (office.documents / "nowhere.pdf").unlink()
    (office.documents / "big.png").write_bytes(document("big.png", size=DOCUMENT_LIMIT + 10))

    first = await office.type("run", "--json")
    office.shuffle()
    second = await office.type("run", "--json")
    office.ledger.unlink()
    third = await office.type("run", "--json")

    assert [told.status for told in (first, second, third)] == [3, 3, 3]
    for told in (first, second, third):
        counts = told.json["counts"]
        assert counts["submitted"] == 34
        assert counts["rows"] == sum(n for name, n in counts.items() if name != "rows") == 40
    assert len(office.sandbox.state.records) == 34
    assert {"run_id", "exit_status", "counts", "reviews", "requests", "ledger", "report", "next"} <= set(first.json)


async def test_sigterm_finishes_what_is_in_flight_and_the_same_command_continues(office: Office) -> None:
    """Exit status 143, a report, nothing uncertain; the next run sends the rest, nothing twice."""
    office.fill(30)
    office.sandbox.latency_s = 0.05
    process = await office.start("run", "--json", "--concurrency", "2")
    while len(office.sandbox.state.records) < 5:
        await asyncio.sleep(0.01)

    process.send_signal(signal.SIGTERM)
    stopped = await heard(process)
    sent_before = len(office.sandbox.state.records)
    continued = await office.type("run", "--json")

    assert stopped.status == 143
    assert stopped.json["counts"]["submitted"] == sent_before < 30
    assert stopped.json["counts"]["uncertain"] == 0
    assert office.report.exists()
    assert (continued.status, continued.json["counts"]["submitted"]) == (0, 30)
    assert len(office.sandbox.state.records) == 30


async def test_a_second_ctrl_c_leaves_at_once_and_loses_nothing(office: Office) -> None:
    """Exit status 130 although a call hangs; the hanging row is settled by the next run, not sent again."""
    office.fill(3)
    office.sandbox.faults.script("create", "hang-after")
    process = await office.start("run", "--concurrency", "1")
    while not office.sandbox.state.records:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)

    for _ in range(2):
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.3)
    left = await heard(process)
    continued = await office.type("run", "--json")

    assert left.status == 130
    assert continued.status == 0
    assert len(office.sandbox.state.records) == 3


async def test_resume_finishes_the_rows_taken_in_and_no_others(office: Office) -> None:
    """Rows that a stopped run had taken in are sent; a row added since waits for a run."""
    office.fill(20)
    office.sandbox.latency_s = 0.05
    process = await office.start("run", "--concurrency", "1")
    while not office.sandbox.state.records:
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    await heard(process)
    office.sandbox.latency_s = 0.0
    office.fill([*office.rows, business(99)])

    told = await office.type("resume", "--json")

    assert told.status == 0
    assert (told.json["counts"]["submitted"], told.json["counts"]["not sent"]) == (20, 1)


async def test_a_wrong_token_ends_in_7_with_one_sentence(office: Office) -> None:
    """No traceback, no document sent."""
    office.fill(2)
    async with Sandbox(credentials=(AUTH_ID, AUTH_TOKEN)) as strict:
        office.sandbox = strict

        told = await office.type("run", PLIVO_AUTH_TOKEN="wrong")

        assert told.status == 7
        assert "PLIVO_AUTH_TOKEN" in told.err
        assert "Traceback" not in told.err
        assert not strict.state.records


async def test_the_ledger_of_another_account_is_refused_with_6(office: Office) -> None:
    """A job belongs to one account: nothing is sent with other credentials."""
    office.fill(1)
    await office.type("run")

    told = await office.type("run", PLIVO_AUTH_ID="MAANOTHERACCOUNT00001")

    assert told.status == 6
    assert "belongs to the account" in told.err


async def test_a_damaged_ledger_is_refused_with_6_and_nothing_is_sent(office: Office) -> None:
    """One flipped bit in the middle: line and byte are named, not one request goes out."""
    office.fill(3)
    await office.type("run")
    content = bytearray(office.ledger.read_bytes())
    content[len(content) // 2] ^= 1
    office.ledger.write_bytes(content)
    calls = len(office.sandbox.log)

    told, verified = await office.type("run"), await office.type("ledger verify", job=office.ledger)

    assert (told.status, verified.status) == (6, 6)
    assert "line" in told.err
    assert len(office.sandbox.log) == calls


async def test_a_torn_tail_is_mended_and_changes_nothing(office: Office) -> None:
    """Seven bytes cut off the ledger: the next run says so and creates nothing."""
    office.fill(3)
    await office.type("run")
    office.ledger.write_bytes(office.ledger.read_bytes()[:-7])

    told = await office.type("run", "--json")

    assert (told.status, told.json["counts"]["submitted"]) == (0, 3)
    assert len(office.sandbox.state.records) == 3


async def test_a_second_run_at_the_same_time_ends_in_5_and_names_the_first(office: Office) -> None:
    """The lock is the kernel's; the message says who holds it."""
    office.fill(40)
    office.sandbox.latency_s = 0.2
    first = await office.start("run", "--concurrency", "1")
    while not office.sandbox.state.records:
        await asyncio.sleep(0.01)

    second = await office.type("run")
    office.sandbox.latency_s = 0.0

    assert second.status == 5
    assert str(first.pid) in second.err
    assert (await heard(first)).status == 0


async def test_an_unwritable_report_ends_in_8_and_everything_else_is_done(office: Office) -> None:
    """The rows are submitted although there is no place for the report."""
    office.fill(2)

    told = await office.type("run", "--json", "--report", "no_such_folder/report.xlsx")

    assert (told.status, told.json["counts"]["submitted"], told.json["report"]) == (8, 2, None)


@pytest.mark.parametrize("verb", ["run", "report"])
async def test_report_that_is_open_is_told_and_the_new_one_stands_beside_it(office: Office, verb: str) -> None:
    """Before the report is written, so that it can still be closed."""
    office.fill(1)
    await office.run()
    office.report.with_name(f"~${office.report.name}").touch()

    told = await office.type(verb, "--json")

    assert f"{office.report.name} seems to be open in Excel. Close it there, or the new report gets" in told.err
    assert office.report.name != Path(told.json["report"]).name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "nowhere.xlsx"], "nowhere.xlsx"),
        (["run", "nowhere.toml"], "There is no job file"),
        (["check", "notes.txt"], "neither a job file"),
        (["run", "businesses.xlsx", "--quota", "lots"], "is not a quota"),
        (["run", "businesses.xlsx", "--concurrency", "0"], "at least 1"),
        (["run", "businesses.xlsx", "--base-url", "https://evil.example"], "--trust-host"),
        (["run", "businesses.xlsx", "--base-url", "http://api.plivo.com"], "https"),
        (["run", "businesses.xlsx", "--base-url", "http://127.0.0.1:9/v1"], "scheme, host and port"),
        (["status", "businesses.xlsx"], "There is no ledger"),
        (["resume", "businesses.xlsx"], "nothing was begun"),
        (["ledger", "show", "businesses.xlsx", "K-1"], "There is no ledger"),
        (["init", "."], "already"),
        (["run", "businesses.xlsx", "--frobnicate"], "--frobnicate"),
        (["frobnicate"], "frobnicate"),
    ],
)
async def test_what_is_asked_wrongly_ends_in_2_with_a_plain_sentence(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    """Usage errors name what is wrong, without a traceback."""
    write_workbook(tmp_path / "businesses.xlsx", [business(1)])

    told = await typed(*words, cwd=tmp_path)

    assert told.status == 2
    assert sentence in told.err
    assert "Traceback" not in told.err


async def test_missing_credentials_end_in_2_and_name_the_variables(office: Office) -> None:
    """Before anything is sent."""
    office.fill(1)

    told = await office.type("run", PLIVO_AUTH_ID="", PLIVO_AUTH_TOKEN="")

    assert told.status == 2
    assert "PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN" in told.err
    assert not office.sandbox.log


async def test_check_and_plan_without_credentials_use_the_bundled_example_and_say_so(office: Office) -> None:
    """No request goes out; the source of the requirements is named."""
    office.fill([business(1), business(2, City="")])

    checked = await office.type("check", "--json", PLIVO_AUTH_ID="")
    planned = await office.type("plan", "--json", PLIVO_AUTH_ID="")

    assert (checked.status, planned.status) == (3, 0)
    assert "bundled example" in checked.json["requirements"]
    assert [(f["row"], f["column"], f["code"]) for f in checked.json["findings"]] == [(3, "City", "field-missing")]
    assert [d["action"] for d in planned.json["decisions"]] == ["create", "nothing"]
    assert not office.sandbox.log


async def test_check_with_credentials_asks_the_api_and_offline_does_not(office: Office) -> None:
    """The live requirements are named by their address."""
    office.fill(1)

    live, offline = await office.type("check", "--json"), await office.type("check", "--json", "--offline")

    assert live.json["requirements"] == f"the live requirements at {office.sandbox.url}"
    assert "bundled" in offline.json["requirements"]


async def test_an_error_with_json_is_one_object_too(office: Office) -> None:
    """Scripts read the status and the sentence from stdout."""
    told = await typed("run", "nowhere.xlsx", "--json", cwd=office.folder)

    assert json.loads(told.out)["exit_status"] == told.status == 2
    assert "nowhere.xlsx" in json.loads(told.out)["error"]


@pytest.mark.parametrize("contract", ["beta", "released", None])
async def test_init_makes_a_folder_whose_job_can_be_checked_at_once(tmp_path: Path, contract: str | None) -> None:
    """The template is read without a finding, before a row is filled in; its only row is the example."""
    await typed("init", "work", *(["--contract", contract] if contract else []), cwd=tmp_path)

    told = await typed("check", "work/job.toml", "--json", cwd=tmp_path, PLIVO_AUTH_ID="")

    counts = {name: number for name, number in told.json["counts"].items() if number}
    assert (told.status, counts, told.json["findings"]) == (0, {}, [])
    assert (contract or "beta") == told.json["contract"]


async def test_ledger_show_tells_a_records_whole_story(office: Office) -> None:
    """From intent to done, by the user's Key, with the documents' digests."""
    office.fill([business(1, Key="K-0001")])
    await office.type("run")

    told = await office.type("ledger show", "K-0001", "--json")

    (record,) = told.json["records"]
    assert [line["entry"] for line in record["entries"]] == ["admitted", "intent", "done"]
    assert len(record["entries"][1]["documents"]) == 3
    assert record["compliance_id"] == office.sandbox.state.records[0].compliance_id


async def test_report_without_the_workbook_is_made_from_the_ledger_alone(office: Office) -> None:
    """Names are blank, and it says so."""
    office.fill(2)
    await office.type("run")
    office.workbook.unlink()
    office.report.unlink()

    told = await office.type("report", "--json")

    assert told.status == 0
    assert office.report.exists()
    assert "ledger alone" in told.err


async def test_status_needs_no_network(office: Office) -> None:
    """The job at a glance from the ledger."""
    office.fill(2)
    await office.type("run")
    calls = len(office.sandbox.log)

    told = await office.type("status", "--json")

    assert told.json["counts"]["submitted"] == 2
    assert len(office.sandbox.log) == calls


async def test_help_of_every_verb_works_and_json_goes_to_a_closed_pipe_quietly(tmp_path: Path) -> None:
    """Every verb has help text."""
    verbs = [
        "init",
        "template",
        "check",
        "plan",
        "run",
        "resume",
        "status",
        "report",
        "requirements",
        "sandbox",
        "ledger",
    ]

    helped = await asyncio.gather(*(typed(verb, "--help", cwd=tmp_path) for verb in verbs))

    assert {"init", "check", "plan", "run", "resume", "status", "report", "ledger"} <= set(verbs)
    assert [0] * len(verbs) == [told.status for told in helped]


async def test_output_cut_short_by_head_is_no_error(office: Office) -> None:
    """A reader that leaves early ends the command quietly."""
    office.fill(300)

    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m bulk_onboard plan {office.workbook} --documents {office.documents} | head -1",
        cwd=office.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert out.startswith(b"300 rows")
    assert b"" == err
