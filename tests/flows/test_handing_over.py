"""What goes to others: results for programs, some rows of the report, and the failed rows for a colleague to fix."""

import asyncio
import csv
import io
import json
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.maintenance.retention import pieces
from tests.support.businesses import aged, data_sheet
from tests.support.libreoffice import converted
from tests.support.nights import Nights, keyed

pytestmark = pytest.mark.slow


async def three_kinds(nights: Nights) -> None:
    """One row is rejected, one is pending, one is invalid."""
    nights.fill([keyed(0), keyed(1), keyed(2, Email="no address")])
    await nights.night()
    nights.judge("rejected", 0, reason="The certificate cannot be read")
    await nights.night()


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_results_as_csv_and_json_lines(nights: Nights) -> None:
    """A line a row under the same names, instants in UTC; the csv such that Excel knows UTF-8."""
    await three_kinds(nights)

    told = await nights.type("report", "--format", "csv", "--format", "jsonl", "--json")

    paths = {form: Path(path) for form, path in told.json["reports"].items()}
    assert {"csv": "businesses.results.csv", "jsonl": "businesses.results.jsonl"} == {
        form: path.name for form, path in paths.items()
    }
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in paths.values()}
    assert paths["csv"].read_bytes().startswith(b"\xef\xbb\xbfrow,key,business_name,state,review,part,")
    rows = list(csv.DictReader(io.StringIO(paths["csv"].read_text("utf-8-sig"))))
    objects = lines_of(paths["jsonl"])
    assert [list(rows[0])] * 3 == [list(each) for each in objects]
    assert [("rejected", "needs us"), ("pending", "waiting"), (None, "needs us")] == [
        (each["review"], each["part"]) for each in objects
    ]
    assert [each["key"] for each in rows] == [each["key"] for each in objects]
    assert str(objects[0]["submitted_at"]).endswith("Z")
    assert (objects[0]["row"], rows[0]["row"]) == (2, "2")
    assert 0 == (await nights.type("report", "--format", "csv", "--format", "jsonl")).status


async def test_only_some_rows_go_out_beside_the_full_report(nights: Nights) -> None:
    """In any format, under a name of their own; the workbook says which rows it has."""
    await three_kinds(nights)
    full = nights.report.read_bytes()

    told = await nights.type("report", "--only", "rejected", "--format", "xlsx,jsonl", "--json")

    paths = {form: Path(path) for form, path in told.json["reports"].items()}
    assert ["businesses.report.rejected.xlsx", "businesses.results.rejected.jsonl"] == [p.name for p in paths.values()]
    assert full == nights.report.read_bytes()
    assert ["rejected"] == [each["review"] for each in lines_of(paths["jsonl"])]
    book = openpyxl.load_workbook(paths["xlsx"])
    said = [str(cell.value) for row in book["Summary"].iter_rows() for cell in row if cell.value]
    assert "This report has the rows alone that are rejected: 1 of 3 rows." in said
    assert 2 == book["Results"].max_row
    assert set(paths.values()) <= {piece.path for piece in pieces(nights.job())}, "purge would leave it behind"


@pytest.mark.parametrize(
    ("words", "states"),
    [("failed", ["submitted", "invalid"]), ("pending,invalid", ["submitted", "invalid"]), ("duplicate", [])],
)
async def test_rows_are_named_by_state_or_review_and_printed(nights: Nights, words: str, states: list[str]) -> None:
    """Several words, and all that needs attention; what is printed has no mark at its beginning."""
    await three_kinds(nights)

    told = await nights.type("report", f"--only={words}", "--output=-")

    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert (0, states) == (told.status, [row["state"] for row in rows])
    assert told.out.startswith("row,key,")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--only", "rejectd"), "There are no rows called 'rejectd'. Did you mean rejected?"),
        (("--output", "results.pdf"), "a name ends in .xlsx, .html, .json, .csv or .jsonl"),
        (("--output", "-", "--format", "xlsx"), "a workbook cannot be printed"),
        (("--output", "a.csv", "--format", "csv", "--format", "jsonl"), "give --format once"),
        (("--failed-rows", "rows.csv"), "its name ends in .xlsx"),
        (("--failed-rows", "rows.xlsx", "--only", "failed"), "leave --only, --redact and --output out"),
    ],
)
async def test_what_cannot_be_is_said(nights: Nights, words: tuple[str, ...], sentence: str) -> None:
    """Before anything is written."""
    nights.fill(1)
    await nights.night()

    told = await nights.type("report", *words)

    assert ExitStatus.USAGE == told.status
    assert sentence in told.err


async def test_output_never_replaces_what_is_no_report(nights: Nights) -> None:
    """Least of all a csv of the user's; one that we wrote is written again."""
    nights.fill(1)
    await nights.night()
    own, results = nights.folder / "own.csv", nights.folder / "results.csv"
    own.write_text("Key\nK-1\n")

    refused = await nights.type("report", "--output", str(own))
    twice = [await nights.type("report", "--output", str(results), "--json") for _ in range(2)]

    assert (ExitStatus.USAGE, "Key\nK-1\n") == (refused.status, own.read_text())
    assert [(0, {"csv": str(results)})] * 2 == [(told.status, told.json["reports"]) for told in twice]


@pytest.mark.parametrize("through", ["openpyxl", "LibreOffice"])
async def test_failed_rows_go_to_a_colleague_and_come_back(nights: Nights, through: str) -> None:
    """The workbook has nothing of other rows; once it is fixed, merge takes its cells and leaves the others alone."""
    nights.fill([keyed(0), keyed(1), keyed(2, City="")])
    await nights.night()
    nights.judge("rejected", 0, reason="The certificate cannot be read")
    await nights.night()
    handed = nights.folder / "to_fix.xlsx"
    before = data_sheet(openpyxl.load_workbook(nights.workbook))["A3"].value

    told = await nights.type("report", "--failed-rows", str(handed))
    with zipfile.ZipFile(handed) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
    book = openpyxl.load_workbook(handed)
    sheet = data_sheet(book)
    assert {2, 4} == {row for row in range(2, sheet.max_row + 1) if sheet.cell(row, 1).value}
    assert str(before).encode() not in inside
    assert f"merge {nights.workbook} --copy={handed}" in told.out
    guide = "\n".join(str(row[0].value) for row in book["How to fix"])
    assert "give it back to whoever sent it" in guide
    assert "type the command" not in guide
    assert "FFFFC9C4" == sheet["G4"].fill.fgColor.rgb
    sheet["G4"], sheet["F2"] = "Mysuru", "9 Other Road"
    book.save(handed)
    if through == "LibreOffice":
        shutil.copy(await asyncio.to_thread(converted, handed, "xlsx", nights.folder), handed)
    aged(handed)

    merged = await nights.type("merge", f"--copy={handed}", "--json")

    cells = data_sheet(openpyxl.load_workbook(nights.workbook))
    assert (0, 2, 2) == (merged.status, merged.json["rows"], merged.json["cells"])
    assert ("9 Other Road", before, "Mysuru") == (cells["F2"].value, cells["A3"].value, cells["G4"].value)
    assert 4 == cells.max_row
    refused = await nights.type("report", "--failed-rows", str(handed))
    assert "is there already and is not overwritten" in refused.err


async def test_without_failed_rows_nothing_is_written(nights: Nights) -> None:
    """And that is said."""
    nights.fill(1)
    await nights.night()

    words = ("report", "--failed-rows", str(nights.folder / "to_fix.xlsx"))
    told, as_json = [await nights.type(*words, *more) for more in ((), ("--json",))]

    assert (0, False) == (told.status, (nights.folder / "to_fix.xlsx").exists())
    assert "No row needs attention" in told.out
    assert (0, None) == (as_json.json["rows"], as_json.json["failed_rows"])
