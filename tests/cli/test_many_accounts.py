"""What people see of a job with several accounts: a line for each and the sums of all, in every verb about them."""

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from bulk_onboard.callbacks.callback import signature
from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.hints import FileHints, hints_folder
from bulk_onboard.ledger.lock import LedgerLock
from tests.support.businesses import business, jpeg
from tests.support.office import Office, credentials_of, heard

pytestmark = pytest.mark.slow

NAMES = ("acme", "bravo-ltd", "charlie")


def ledger_of(office: Office, account: str) -> Path:
    return office.folder / f"businesses.{account}.ledger.jsonl"


def damage(ledger: Path) -> None:
    """Spoil a line in the middle."""
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    ledger.write_text("".join([*lines[:3], "nonsense\n", *lines[4:]]), encoding="utf-8")


@pytest.fixture
def accounts(office: Office) -> Office:
    """Three accounts with three rows each; the first row of the second has an error."""
    office.open_accounts(*NAMES)
    rows = [business(number, Key=f"K-{number}") for number in range(9)]
    rows[1]["City"] = ""
    office.fill(rows)
    return office


def lines_of(text: str) -> dict[str, list[str]]:
    """The words of each line by its first one."""
    return {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}


async def test_a_run_ends_with_the_sums_and_a_line_for_each_account(accounts: Office) -> None:
    """The lines add up to the box; the command to type next is about all of them."""
    told = await accounts.type("run")

    said = lines_of(told.out)
    assert 3 == told.status
    assert ["3", "all", "done"] == said["Accounts"]
    assert ["8"] == said["Sent"]
    assert ["3", "3", "0", "3", "0", "0"] == said["acme"]
    assert ["3", "2", "0", "2", "0", "1"] == said["bravo-ltd"]
    assert ["9", "8", "0", "8", "0", "1"] == said["all"]
    assert told.out.splitlines()[-1] == f"Next: bulk-onboard run {accounts.job_file}"


async def test_rows_of_no_account_have_a_line_of_their_own(accounts: Office) -> None:
    """So that the lines add up to the box: such a row needs somebody."""
    accounts.rows[8]["Account"] = ""
    accounts.save()

    said = lines_of((await accounts.type("run")).out)

    assert ["3", "all", "done"] == said["Accounts"]  # they are no fourth account
    assert ["account", "1", "0", "0", "0", "0", "1"] == said["no"]
    assert ["9", "7", "0", "7", "0", "2"] == said["all"]


async def test_what_ended_an_account_stands_below_with_what_to_do(accounts: Office) -> None:
    """A ledger that is held ends that account alone; the exit status is the first that holds."""
    await accounts.type("run")

    with LedgerLock(ledger_of(accounts, "charlie").absolute(), SystemClock()):
        told = await accounts.type("run")
        quiet = await accounts.type("run", "--quiet")

    assert (5, 5) == (told.status, quiet.status)
    assert told.out.startswith("2 of 3 accounts finished")
    assert "ledger in use" in " ".join(lines_of(told.out)["charlie"])
    assert "\nAccount charlie: " in told.out
    assert "charlie" not in quiet.out + quiet.err


async def test_json_has_each_account_and_the_sums(accounts: Office) -> None:
    """What a single account's run prints, with its name and exit status; the schema holds."""
    told = await accounts.type("run", "--json")
    one = await accounts.type("run", "--json", "--account", "acme")

    assert list(NAMES) == [each["account"] for each in told.json["accounts"]]
    assert [0, 3, 0] == [each["exit_status"] for each in told.json["accounts"]]
    assert {"sent": 8, "need_attention": 1}.items() <= told.json.items()
    for name in ("counts", "figures", "requests"):
        for key, number in told.json[name].items():
            assert number == sum(each[name].get(key, 0) for each in told.json["accounts"])
    assert "accounts" not in one.json
    assert 3 == one.json["counts"]["rows"]


async def test_status_has_a_line_for_each_account(accounts: Office) -> None:
    """One that has not begun says so; a ledger that cannot be read is told, and ends no other."""
    before = await accounts.type("status")
    await accounts.type("run", "--account", "acme", "--account", "bravo-ltd")
    told = await accounts.type("status")
    damage(ledger_of(accounts, "bravo-ltd"))
    damaged = await accounts.type("status", "--json")

    assert 2 == before.status
    assert ["3", "0", "3", "0", "0"] == lines_of(told.out)["acme"][:5]
    assert ["0", "0", "0", "0", "0", "not", "begun"] == lines_of(told.out)["charlie"]
    assert 6 == damaged.status
    assert ["acme", "charlie"] == [each["account"] for each in damaged.json["accounts"]]
    assert ["bravo-ltd"] == [each["account"] for each in damaged.json["failed"]]


async def test_lists_of_status_are_over_all_accounts(accounts: Office) -> None:
    """With a column Account; a Key may be any account's, and one that none has is refused."""
    await accounts.type("run")

    failed, keyed = await accounts.type("status", "--failed"), await accounts.type("status", "--key", "K-5", "--json")
    unknown = await accounts.type("status", "--key", "K-77")

    assert failed.out.startswith("1 of 9 records fits.\nAccount ")
    assert "K-1" in lines_of(failed.out)["bravo-ltd"]
    assert [("charlie", "K-5")] == [(each["account"], each["key"]) for each in keyed.json["records"]]
    assert (2, True) == (unknown.status, "no record 'K-77'" in unknown.err)


async def test_check_and_plan_are_about_all_accounts(accounts: Office) -> None:
    """Sums for each and over all; a finding names its account; a row of no account is told, and counts."""
    accounts.rows[8]["Account"] = "delta"
    accounts.save()

    check, plan = await accounts.type("check"), await accounts.type("plan")
    checked, planned = await accounts.type("check", "--json"), await accounts.type("plan", "--json")

    assert (3, 0) == (check.status, plan.status)
    assert check.out.startswith("7 of 9 rows would be sent; 2 have errors.")
    assert "  bravo-ltd, row 3: City" in check.out
    assert "  no account, row 10" in check.out
    assert ["3", "2", "1", "0"] == lines_of(check.out)["bravo-ltd"]
    assert {"account-unknown"} == {each["code"] for each in checked.json["unassigned"]}
    assert 9 == checked.json["counts"]["rows"]
    requests = [each["forecast"]["requests"] for each in planned.json["accounts"]]
    assert sum(requests) == planned.json["forecast"]["requests"]
    assert "1 row of bravo-ltd: 1 error" in plan.out
    assert "1 row of no account: the cell Account names none" in plan.out
    assert ["account", "1", "0", "1", "0"] == lines_of(plan.out)["no"]
    assert (9, 2) == (planned.json["counts"]["rows"], planned.json["actions"]["nothing"])


async def test_a_chosen_row_may_be_any_accounts(accounts: Office) -> None:
    """Only a Key that no account has is refused."""
    known, unknown = await accounts.type("plan", "--key", "K-2"), await accounts.type("plan", "--key", "K-77")

    assert (0, 2) == (known.status, unknown.status)
    assert "create: 1 row" in known.out


async def test_refresh_asks_for_all_accounts(accounts: Office) -> None:
    """One that has not begun is left out; sums over all."""
    await accounts.type("run", "--account", "acme", "--account", "bravo-ltd")
    for name in NAMES[:2]:
        for record in accounts.at(name).state.records[:1]:
            accounts.at(name).state.review(record, "approved", None)

    told = await accounts.type("refresh", "--json")
    again = await accounts.type("refresh")

    assert {"records": 5, "changed": 2, "gone": 0}.items() <= told.json.items()
    assert ["acme", "bravo-ltd"] == [each["account"] for each in told.json["accounts"]]
    assert ["not", "begun"] == lines_of(again.out)["charlie"]
    assert "5 submitted records were looked at; 0 have a new review." in again.out


async def test_doctor_says_once_what_is_alike(accounts: Office) -> None:
    """Python, the address and the quota; then of each account what is amiss."""
    await accounts.type("run")
    damage(ledger_of(accounts, "charlie"))

    told, as_json = await accounts.type("doctor"), await accounts.type("doctor", "--json")

    assert 3 == told.status
    assert 1 == told.out.count(" python ")
    problems = {each["account"]: each["problems"] for each in as_json.json["accounts"]}
    assert (0, 0) == (problems["acme"], problems["bravo-ltd"])
    assert problems["charlie"]


async def test_convert_is_about_all_accounts(accounts: Office) -> None:
    """A scan that is refused for its form is converted for the account whose row names it."""
    accounts.rows[2]["Identity Proof"] = "photo.jpg"
    (accounts.documents / "photo.jpg").write_bytes(jpeg("a scan", width=400, height=300))
    accounts.save()

    told = await accounts.type("convert", "--json")

    assert {"converted": 1, "not_converted": 0}.items() <= told.json.items()
    assert [0, 0, 1] == [each["converted"] for each in told.json["accounts"]]


async def test_serve_wants_one_account(accounts: Office) -> None:
    """It names the choices."""
    told = await accounts.type("serve")

    assert 2 == told.status
    assert "acme, bravo-ltd, charlie" in told.err


PUBLIC_URL = "https://callbacks.example.com/r/3f9a"


async def called(address: str, account: str, *, token: str = "", signed_by: str = "") -> int:
    """The answer to a callback about a record, at the path of an account, signed by one or with a token."""
    made = signature(token or credentials_of(signed_by).auth_token.reveal(), f"{PUBLIC_URL}/{account}", "n1")
    headers = {"X-Plivo-Signature-V3": made, "X-Plivo-Signature-V3-Nonce": "n1", "Content-Type": "application/json"}
    url = f"{address}/r/3f9a/{account}"
    async with aiohttp.ClientSession() as session, session.post(url, data=b'{"id":"c1"}', headers=headers) as response:
        return response.status


async def test_listen_serves_each_account_at_its_own_path(accounts: Office) -> None:
    """The damaged ledger of one stops no other, and its callbacks are kept; at the end the sums and each account's."""
    await accounts.type("run")
    damage(ledger_of(accounts, "bravo-ltd"))
    process = await accounts.start("listen", "--json", "--public-url", PUBLIC_URL, "--port", "0")
    assert process.stderr is not None
    first = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
    address = first.split("Listening at ")[1].split("/r/")[0]

    statuses = [
        await called(address, "acme", signed_by="acme"),
        await called(address, "acme", signed_by="charlie"),
        await called(address, "bravo-ltd", signed_by="bravo-ltd"),
        await called(address, "delta", signed_by="acme"),
    ]
    async with asyncio.timeout(20):
        while FileHints(hints_folder(ledger_of(accounts, "acme"))).waiting():
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    told = await heard(process)
    said = json.loads(told.out)

    assert [200, 403, 200, 404] == statuses
    assert f"  acme: {PUBLIC_URL}/acme" in told.err
    assert "Account bravo-ltd: " in told.err
    assert 6 == told.status
    assert {"received": 4, "refused": 2, "unknown": 1, "waiting": 1}.items() <= said.items()
    assert [2, 1, 0] == [each["received"] for each in said["accounts"]]


async def test_an_account_that_cannot_begin_counts_where_its_rows_stand(accounts: Office) -> None:
    """Of a damaged ledger nobody knows what was sent: its rows need somebody, in the box, the lines and the report."""
    await accounts.type("run")
    damage(ledger_of(accounts, "charlie"))

    told, as_json = await accounts.type("run"), await accounts.type("run", "--json")

    assert 6 == told.status
    assert ["3", "0", "0", "0", "0", "3", "ledger", "unusable"] == lines_of(told.out)["charlie"]
    assert ["9", "0", "0", "5", "0", "4"] == lines_of(told.out)["all"]
    assert {"needs_us": 4, "waiting": 5}.items() <= as_json.json["figures"].items()
    for name in ("counts", "figures"):
        for key, number in as_json.json[name].items():
            assert number == sum(each[name].get(key, 0) for each in as_json.json["accounts"])
    report = json.loads(Path(as_json.json["reports"]["json"]).read_text("utf-8"))
    assert as_json.json["figures"].items() <= report["figures"].items()


async def test_a_copy_that_was_saved_after_the_workbook_is_told_before_a_run(accounts: Office) -> None:
    """Accounts that share the workbook share the copy, and the command that merges it is about all of them."""
    await accounts.type("check")
    copy = accounts.folder / "businesses.annotated.xlsx"
    later = accounts.workbook.stat().st_mtime + 60
    os.utime(copy, (later, later))

    told = await accounts.type("run")

    assert f"type: bulk-onboard merge {accounts.job_file}" in told.err
    assert 1 == told.err.count("saved after")


async def test_tokens_without_a_name_count_for_no_account(accounts: Office) -> None:
    """They might be any account's; it is told how each has its own, and an account that is picked keeps its path."""
    words = ("--public-url", PUBLIC_URL, "--port", "0", "--account", "acme")
    process = await accounts.start("listen", *words, PLIVO_CALLBACK_TOKENS="older", PLIVO_CALLBACK_TOKENS_ACME="own")
    assert process.stderr is not None
    lines = [(await asyncio.wait_for(process.stderr.readline(), 30)).decode() for _ in range(2)]
    address = lines[1].split("Listening at ")[1].split("/r/")[0]

    statuses = [await called(address, "acme", token=token) for token in ("own", "older")]
    process.send_signal(signal.SIGTERM)
    await heard(process)

    assert "PLIVO_CALLBACK_TOKENS counts for no account." in lines[0]
    assert "PLIVO_CALLBACK_TOKENS_ACME" in lines[0]
    assert [200, 403] == statuses
