"""`doctor` as people type it, against the sandbox: all that is wrong at once, and nothing changed."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.sandbox.state import ClockStep
from bulk_onboard.units import Quota
from tests.support.businesses import business, write_workbook
from tests.support.certificates import make_certificates
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office, Told, typed
from tests.support.raw_server import Peer, RawServer, answer

ABOUT = [
    *("python", "job", "address", "clock", "credentials", "contract", "quota", "documents", "disk", "ledger", "report"),
    *("annotated copy", "workbook"),
]
OF_THE_API = {"address", "clock", "credentials", "contract", "quota"}


def lines(told: Told) -> dict[str, dict[str, str]]:
    """Each line of `--json` by what it is about."""
    return {line["about"]: line for line in told.json["checks"]}


def problems(told: Told) -> list[str]:
    """What is a problem."""
    return [about for about, line in lines(told).items() if line["sign"] == "problem"]


def everything_in(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Each file with its mode, when it was written, and what is in it."""
    paths = sorted(folder.rglob("*"))
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in paths
    }


async def test_all_is_well_with_two_requests_and_nothing_changed(office: Office) -> None:
    """Before the first run and after it: exit 0, a line about each thing, not a byte written."""
    office.fill(3)
    first = await office.type("doctor", "--json")
    await office.type("run")
    before, calls = everything_in(office.folder), len(office.sandbox.log)

    told = await office.type("doctor", "--json")

    assert (first.status, told.status) == (0, 0), told.out
    assert list(lines(told)) == ABOUT
    assert {line["sign"] for line in lines(told).values()} == {"ok"}
    assert [request.operation for request in office.sandbox.log[calls:]] == ["list", "requirements"]
    assert everything_in(office.folder) == before
    assert "the first run makes it" in lines(first)["ledger"]["found"]
    assert "of the beta contract; 3 submitted." in lines(told)["ledger"]["found"]
    assert "3 rows; its headers fit the live requirements" in lines(told)["workbook"]["found"]


async def test_each_thing_has_one_line_of_text_with_its_sign(office: Office) -> None:
    """And the last line says how many are problems."""
    office.fill(1)
    office.workbook.with_name("~$businesses.xlsx").touch()

    told = await office.type("doctor")

    header, *rows, last = told.out.splitlines()
    assert told.status == 3
    assert [re.split(r" {2,}", row)[1] for row in rows] == ABOUT
    assert rows[-1].startswith("problem  workbook ")
    assert "open in Excel. Save and close it there." in rows[-1]
    assert (header.split()[0], last) == ("Sign", "1 problem.")


async def test_wrong_credentials_are_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    """One read is refused, and no other is made."""
    async with Sandbox(credentials=(AUTH_ID, "another token")) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill(1)

        told = await office.type("doctor", "--json")

        assert (told.status, problems(told)) == (3, ["credentials"])
        assert "refused the credentials" in lines(told)["credentials"]["found"]
        assert lines(told)["contract"]["sign"] == "not looked at"
        assert len(sandbox.log) == 1


async def test_without_credentials_the_rest_is_looked_at(office: Office) -> None:
    """It says so, and asks the API nothing."""
    office.fill(1)

    told = await office.type("doctor", "--json", PLIVO_AUTH_ID="", PLIVO_AUTH_TOKEN="")

    assert (told.status, problems(told), office.sandbox.log) == (3, ["credentials"], [])
    assert {about for about, line in lines(told).items() if line["sign"] == "not looked at"} == OF_THE_API - {
        "credentials"
    }
    assert "the bundled example" in lines(told)["workbook"]["found"]


async def test_offline_asks_the_api_nothing(office: Office) -> None:
    """What was not looked at is no problem."""
    office.fill(1)

    told = await office.type("doctor", "--json", "--offline")

    assert (told.status, office.sandbox.log) == (0, [])
    assert {about for about, line in lines(told).items() if line["sign"] == "not looked at"} == OF_THE_API


async def test_credentials_are_told_by_where_they_are_kept(office: Office) -> None:
    """A file that others can read is a problem, with the command that closes it."""
    office.fill(1)
    token = office.folder / "token"
    token.write_text(AUTH_TOKEN)
    token.chmod(0o644)

    told = await office.type("doctor", "--json", PLIVO_AUTH_TOKEN="", PLIVO_AUTH_TOKEN_FILE=str(token))

    line = lines(told)["credentials"]
    assert (told.status, problems(told)) == (3, ["credentials"])
    assert (
        "PLIVO_AUTH_ID in the environment, PLIVO_AUTH_TOKEN in the file that PLIVO_AUTH_TOKEN_FILE names"
        in (line["found"])
    )
    assert line["to_do"].startswith("Type: chmod o= ")


@pytest.mark.parametrize(("of_job", "of_api"), [("beta", "released"), ("released", "beta")])
async def test_job_of_one_contract_at_an_api_of_the_other(tmp_path: Path, of_job: str, of_api: str) -> None:
    """It says which answers, by what that shows, and what to set; `auto` is at home with both."""
    async with Sandbox(contract=of_api) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill(1)

        told = await office.type("doctor", "--json", "--contract", of_job)
        at_home = await office.type("doctor", "--json")

        line = lines(told)["contract"]
        shown_by = {"beta": "number_types", "released": "document_types"}[of_api]
        assert (told.status, line["sign"]) == (3, "problem")
        assert line["found"].startswith(f"{of_api}: ")
        assert shown_by in line["found"]
        assert f"--contract {of_api}" in line["to_do"]
        assert lines(at_home)["contract"]["sign"] == "ok"


async def test_ledger_of_the_other_contract_is_told(tmp_path: Path) -> None:
    """The API has changed since the last run."""
    async with Sandbox() as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill(1)
        await office.type("run")
    async with Sandbox(contract="released") as sandbox:
        office.sandbox = sandbox

        told = await office.type("doctor", "--json")

        assert "The ledger is of the beta contract." in lines(told)["contract"]["found"]
        assert "of another address" in lines(told)["ledger"]["found"]  # it has another port


@pytest.mark.parametrize(("by_s", "words"), [(7200, "2 h behind"), (-130, "2 min ahead of")])
async def test_clock_that_is_wrong_is_told(tmp_path: Path, by_s: float, words: str) -> None:
    """By the API's Date, here two hours ahead or two minutes behind."""
    async with Sandbox(clock_steps=[ClockStep(by_s)]) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill(1)

        told = await office.type("doctor", "--json")

        assert (told.status, problems(told)) == (3, ["clock"])
        assert words in lines(told)["clock"]["found"]


async def test_quota_above_the_apis_is_told(tmp_path: Path) -> None:
    """By the headers of the one answer."""
    async with Sandbox(quota=Quota(30, 60.0)) as sandbox:
        office = Office(tmp_path, sandbox)
        office.fill(1)

        told = await office.type("doctor", "--json")

        assert problems(told) == ["quota"]
        assert "30 a window, of which 29 are left" in lines(told)["quota"]["found"]


async def test_address_where_nobody_answers_is_told_and_the_rest_is_looked_at(office: Office) -> None:
    """What the API would have said is not looked at."""
    office.fill(1)
    job = office.folder / "job.toml"
    job.write_text('workbook = "businesses.xlsx"\n')
    words = ["doctor", str(job), "--json", "--documents", str(office.documents), "--base-url", "http://127.0.0.1:1"]
    told = await typed(*words, cwd=office.folder)

    assert (told.status, problems(told)) == (3, ["address"])
    assert "could not be reached (ClientConnectorError)" in lines(told)["address"]["found"]
    assert {about for about, line in lines(told).items() if line["sign"] == "not looked at"} == OF_THE_API - {"address"}


async def test_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    """And one that the job's own authority has signed is trusted."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make certificates with")
    certificates = make_certificates(tmp_path)

    async def refuse(peer: Peer) -> None:
        await peer.read_head()
        await peer.send(answer(401, b"{}"))

    write_workbook(tmp_path / "businesses.xlsx", [business(0)])
    async with RawServer(refuse, certificates.server("good")) as server:
        words = ["doctor", "businesses.xlsx", "--json", "--base-url", f"https://127.0.0.1:{server.port}"]
        told = await typed(*words, cwd=tmp_path, PLIVO_AUTH_ID=AUTH_ID, PLIVO_AUTH_TOKEN=AUTH_TOKEN)
        trusted = await typed(*words, "--ca-bundle", str(certificates.authority), cwd=tmp_path)

    assert "is not trusted" in lines(told)["address"]["found"]
    assert "--ca-bundle" in lines(told)["address"]["to_do"]
    assert "its certificate is trusted" in lines(trusted)["address"]["found"]
    assert "refused the credentials" in lines(trusted)["credentials"]["found"]


async def test_ledger_in_use_is_told_with_its_holder(office: Office) -> None:
    """And the look leaves the lock as it was."""
    office.fill(1)
    await office.type("run")
    with LedgerLock(office.ledger, SystemClock()) as lock:
        before = lock.path.read_bytes()

        told = await office.type("doctor", "--json")

        assert lock.path.read_bytes() == before
    assert problems(told) == ["ledger"]
    assert f"process {os.getpid()} of" in lines(told)["ledger"]["found"]


async def test_damaged_ledger_is_told_with_what_to_do(office: Office) -> None:
    """Where, and that it can be put back or salvaged."""
    office.fill(2)
    await office.type("run")
    office.ledger.write_bytes(office.ledger.read_bytes().replace(b'"entry":"intent"', b'"entry":"intenz"', 1))

    told = await office.type("doctor", "--json")

    line = lines(told)["ledger"]
    assert (told.status, problems(told)) == (3, ["ledger"])
    assert "line" in line["found"]
    assert "ledger repair" in line["to_do"]


async def test_older_copy_of_the_ledger_is_told(office: Office) -> None:
    """By the number in the lock, which a run has left."""
    office.fill(2)
    await office.type("run")
    content = office.ledger.read_bytes().splitlines(keepends=True)
    office.ledger.write_bytes(b"".join(content[:-2]))

    told = await office.type("doctor", "--json")

    assert problems(told) == ["ledger"]
    assert "It had 2 lines more before" in lines(told)["ledger"]["found"]


async def test_what_lies_beside_the_ledger_is_no_problem(office: Office) -> None:
    """It is named, so that whoever tidies up knows of it."""
    office.fill(1)
    await office.type("run")
    office.ledger.write_bytes(office.ledger.read_bytes() + b'{"at":"2')
    await office.type("run")
    (office.folder / ".businesses.report.xlsx.killed").mkdir()

    told = await office.type("doctor", "--json")

    assert (told.status, problems(told)) == (0, [])
    assert lines(told)["ledger"]["found"].endswith("Beside it: 1 damaged end put aside, 1 unfinished report.")


async def test_ledger_of_another_account_is_told_without_naming_either(office: Office) -> None:
    """Ids of accounts are nothing to be sent around."""
    office.fill(1)
    await office.type("run")
    other = "MAINVENTED0000000002"

    told = await office.type("doctor", "--json", PLIVO_AUTH_ID=other)

    assert "of another account" in lines(told)["ledger"]["found"]
    assert not {AUTH_ID, other} & set(re.findall(r"MA\w+", told.out + told.err))


async def test_missing_documents_folder_and_files_that_are_open_are_told_at_once(office: Office) -> None:
    """Each trouble in its own line, however many there are."""
    office.fill(1)
    await office.type("run")
    office.report.with_name(f".~lock.{office.report.name}#").touch()
    office.workbook.with_name(f"~${office.workbook.name}").touch()
    (office.folder / "businesses.annotated.xlsx").touch()
    (office.folder / "~$businesses.annotated.xlsx").touch()
    for path in (*office.documents.rglob("*.*"), *office.documents.glob("*"), office.documents):
        path.rmdir() if path.is_dir() else path.unlink()

    told = await office.type("doctor", "--json")

    assert problems(told) == ["documents", "report", "annotated copy", "workbook"]
    found = [lines(told)[about]["found"] for about in problems(told)]
    assert [word in text for word, text in zip(["no documents", "LibreOffice", "Excel", "Excel"], found, strict=True)]


async def test_notifications_that_need_apprise_are_told_where_it_is_missing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook needs nothing; another service needs the extra, with the command that installs it."""
    from importlib import metadata

    office.fill(1)
    there = metadata.version

    def without_apprise(name: str) -> str:
        if name == "apprise":
            raise metadata.PackageNotFoundError(name)
        return there(name)

    monkeypatch.setattr(metadata, "version", without_apprise)

    webhook = await office.type("doctor", "--json", BULK_ONBOARD_NOTIFY="https://hooks.example.com/x")
    chat = await office.type("doctor", "--json", BULK_ONBOARD_NOTIFY="slack://secret/of/ours https://hooks.example.com")
    never = await office.type("doctor", "--json", "--notify", "never", BULK_ONBOARD_NOTIFY="slack://secret/of/ours")

    assert [problems(told) for told in (webhook, chat, never)] == [[], ["python"], []]
    assert "pip install 'apprise>=" in lines(chat)["python"]["to_do"]
    assert "secret" not in chat.out + chat.err


async def test_workbook_that_does_not_fit_is_told_without_its_cells(office: Office) -> None:
    """Headers in a row of data would be quoted by `check`, which is the command that is given."""
    office.fill(2)

    told = await office.type("doctor", "--json", "--header-row", "2")

    line = lines(told)["workbook"]
    assert problems(told) == ["workbook"]
    assert "Its headers do not fit" in line["found"]
    assert "bulk-onboard check" in line["to_do"]
    assert "--header-row 2" in line["to_do"]
    assert "Invented Traders" not in told.out + told.err


async def test_missing_workbook_and_settings_that_clash_are_told(office: Office) -> None:
    """The job itself is looked at, with the other files that it names."""
    office.fill(1)
    office.workbook.unlink()

    told = await office.type("doctor", "--json", "--against", "gone.ledger.jsonl", "--wait", "2d", "--stop-after", "1h")

    assert problems(told) == ["job", "workbook"]
    assert "wait is longer than stop_after" in lines(told)["job"]["found"]
    assert "gone.ledger.jsonl" in lines(told)["job"]["found"]
    assert "There is no workbook" in lines(told)["workbook"]["found"]


async def test_no_line_holds_what_must_not_be_sent_around(office: Office) -> None:
    """Neither credentials nor the passwords of addresses, nor what is in the sheet."""
    office.fill(2)
    await office.type("run")

    through = await office.type("doctor", "--proxy", "http://pa55word@127.0.0.1:1", "--header-row", "3")
    words = ["doctor", str(office.workbook), "--header-row", "3", "--base-url", "https://pa55word@api.example.com"]
    at = await typed(*words, cwd=office.folder)

    assert "through the proxy" in through.out
    assert "The base URL holds a user name." in at.out
    said = through.out + through.err + at.out + at.err
    shown = [text for text in (AUTH_TOKEN, AUTH_ID, "pa55word", *office.rows[1].values()) if text in said]
    assert set(shown) <= {"IN", "local"}  # what the requirements were asked for


async def test_job_that_cannot_be_read_ends_with_2(office: Office) -> None:
    """There is nothing to look at."""
    job = office.folder / "job.toml"
    job.write_text("workbook = ")

    told = await office.type("doctor", "--json", job=job)

    assert (told.status, list(json.loads(told.out))) == (2, ["exit_status", "error"])
