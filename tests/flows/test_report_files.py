"""The files of a report: which there are, whose they are, and what is in summary.json."""

import json
import re
import stat
import zipfile
from pathlib import Path

import openpyxl
import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.model.command import Commands
from bulk_onboard.pipeline.places import check_places
from tests.support.businesses import business
from tests.support.nights import Nights, keyed, numbered
from tests.support.office import Office


async def test_run_writes_workbook_and_summary(office: Office) -> None:
    """Both are their owner's alone, and a second run writes over them."""
    office.fill([business(0), business(1, Email="no address")])

    for _ in range(2):
        told = await office.type("run", "--json")

    reports = told.json["reports"]
    assert (str(office.report), str(office.folder / "businesses.summary.json")) == (reports["xlsx"], reports["json"])
    assert reports["xlsx"] == told.json["report"]
    assert {0o600} == {stat.S_IMODE(Path(path).stat().st_mode) for path in reports.values()}


async def test_summary_has_figures_and_no_personal_data(office: Office) -> None:
    """Numbers, kinds of problems and runs; nothing of what stands in the rows."""
    rows = [business(0), business(1, Email="no address")]
    office.fill(rows)
    await office.run()

    text = (office.folder / "businesses.summary.json").read_text()
    summary = json.loads(text)

    assert "bulk-onboard/summary/1" == summary["schema"]
    assert {"done": 0, "waiting": 1, "needs_us": 1, "not_sent": 0, "to_link": 0, "counted": 2} == summary["figures"]
    assert [{"what": "invalid", "why": "not an e-mail address", "rows": 1}] == summary["attention"]
    assert ["email-invalid"] == [each["code"] for each in summary["problems"] if each["severity"] == "error"]
    assert (1, 3) == (len(summary["runs"]), summary["runs"][0]["exit_status"])
    assert not [cell for row in rows for cell in row.values() if len(str(cell)) > 9 and str(cell) in text]


async def test_formats_say_what_is_written(office: Office) -> None:
    """By flag or job file; a later command that is printed keeps the flag."""
    office.fill(1)

    told = await office.type("run", "--format", "json", "--json")

    assert ["json"] == list(told.json["reports"])
    assert not office.report.exists()
    assert "bulk-onboard report j.toml --format json" == Commands(job="j.toml", flags={"formats": ("json",)}).report()


async def test_summary_of_somebody_else_is_not_written_over(office: Office) -> None:
    """A file of that name with other content ends the command before anything is done."""
    office.fill(1)
    other = office.folder / "businesses.summary.json"
    other.write_text('{"mine": 1}')

    with pytest.raises(UsageError, match="cannot be the summary: a file that bulk-onboard did not write"):
        check_places(office.job())

    assert '{"mine": 1}' == other.read_text()


async def test_summary_whose_place_is_taken_stands_beside_it(office: Office) -> None:
    """Under the run's name; the workbook is where it always is."""
    office.fill(1)
    (office.folder / "businesses.summary.json").mkdir()

    result = await office.run()

    beside = office.folder / f"businesses.summary-{result.run_id}.json"
    assert (0, office.report, beside) == (result.exit_status, result.reports["xlsx"], result.reports["json"])
    assert beside.is_file()


async def test_report_that_is_written_again_says_what_the_run_was_checked_against(office: Office) -> None:
    """The live requirements, after a refresh and without the network, too."""
    office.fill(2)
    await office.run()

    said = [checked_against(office)]
    for verb in ("refresh", "report"):
        assert 0 == (await office.type(verb)).status
        said.append(checked_against(office))

    assert [f"the live requirements at {office.sandbox.url}, in the beta contract"] * 3 == said


def checked_against(office: Office) -> str:
    """What the report says that its rows were judged against."""
    return str(json.loads((office.folder / "businesses.summary.json").read_text())["checked_against"])


def all_texts(path: Path) -> str:
    """What is in a file of the report, of a workbook each of its parts."""
    if path.suffix != ".xlsx":
        return path.read_text(encoding="utf-8-sig")
    with zipfile.ZipFile(path) as parts:
        return "\n".join(parts.read(name).decode() for name in parts.namelist())


@pytest.mark.parametrize("accounts", [(), ("acme", "bravo")])
async def test_redacted_report_has_neither_paths_nor_commands(office: Office, accounts: tuple[str, ...]) -> None:
    """Not even where something is missing and the full report says which file that is; nor is one led to the others."""
    if accounts:
        office.open_accounts(*accounts)
    office.fill(4)
    for name in accounts or ("",):
        await office.run(account=(name,) if name else ())
    if accounts:
        damaged = office.ledger_of("bravo")
        damaged.write_bytes(damaged.read_bytes().replace(b"create", b"crEate", 1))
    else:
        office.workbook.unlink()

    told = await office.type("report", "--redact", "--json")
    to_file = await office.type("report", "--redact", "--output", "summary.json")

    written = [*map(Path, told.json["reports"].values()), office.folder / "summary.json"]
    assert (6 if accounts else 0, 0, 4) == (told.status, to_file.status, len(written))
    for path in written:
        text = all_texts(path)
        assert str(office.folder) not in text, path.name
        assert not re.search("bulk-onboard (run|status|ledger|report)|[.]report[.](xlsx|html)", text), path.name
    assert all("full report says" in all_texts(path) for path in written if accounts or path.suffix != ".json")


async def test_redacted_report_has_no_names_and_leaves_the_full_one(nights: Nights) -> None:
    """Neither names, nor what stands in cells, nor the reviewers' words; Keys, states and kinds of problems stay."""
    rows = [keyed(0, Numbers=numbered(0)), keyed(1, Email="no address"), keyed(2)]
    nights.fill(rows)
    await nights.night()
    nights.judge("rejected", 2, reason="Asha Invented signed it")
    await nights.night()
    full = nights.report.read_bytes()

    told = await nights.type("report", "--redact")

    redacted = nights.folder / "businesses.report.redacted.xlsx"
    text = "\n".join(
        str(cell)
        for sheet in openpyxl.load_workbook(redacted)
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    )
    assert (0, full) == (told.status, nights.report.read_bytes())
    assert str(redacted) in told.out
    secrets = {
        cell for row in rows for name, cell in row.items() if name not in ("Key", "State", "Country", "Number Type")
    }
    assert [] == [cell for cell in secrets if len(cell) > 3 and cell in text]
    assert "Asha Invented" not in text
    assert all(word in text for word in ("K-0", "K-1", "rejected", "invalid", "email-invalid", "are masked"))
    assert "The API gives no reason" not in text
