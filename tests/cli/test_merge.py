"""`merge` as it is typed, and a run that finds a copy which nobody merged."""

from pathlib import Path

import openpyxl
import pytest

from tests.odd_files.xlsb import xlsb
from tests.support.businesses import business, data_sheet
from tests.support.office import SETTLE, Office, in_terminal


async def test_run_tells_of_a_copy_that_was_mended_and_not_merged(office: Office) -> None:
    """Nobody can be asked here, so it takes the workbook; after the merge there is nothing to tell."""
    office.fill([business(1), business(2, City="")])
    copy = Path((await office.type("check", "--json")).json["annotated"])
    book = openpyxl.load_workbook(copy)
    book["Businesses"]["G3"] = "Mysuru"
    book.save(copy)

    told = await office.type("run")
    merged = await office.type("merge")
    after = await office.type("run")

    assert (3, 1) == (told.status, told.err.count(f"{copy} was saved after {office.workbook}"))
    assert f"bulk-onboard merge {office.workbook} " in told.err
    assert (0, 0) == (merged.status, after.status), merged.err + after.err
    assert "was saved after" not in after.err
    assert f"The copy is not needed any more: rm {copy}" in merged.out
    assert 2 == len(office.sandbox.state.records)


async def test_merge_of_another_format_makes_a_workbook_and_says_what_the_job_file_is_to_say(office: Office) -> None:
    """An .xlsb cannot be written in place: it stays, and the .xlsx beside it has what was fixed."""
    office.fill([business(1, City=""), business(2)])
    rows = data_sheet(openpyxl.load_workbook(office.workbook)).iter_rows(values_only=True)
    (office.folder / "list.xlsb").write_bytes(xlsb([[cell or "" for cell in row] for row in rows]))
    job = office.folder / "job.toml"
    job.write_text('workbook = "list.xlsb"\n')
    copy = Path((await office.type("check", "--json", "--offline", job=job)).json["annotated"])
    book = openpyxl.load_workbook(copy)
    data_sheet(book)["G2"] = "Mysuru"
    book.save(copy)

    merged = await office.type("merge", "--json", job=job)

    assert 0 == merged.status, merged.err
    new = office.folder / "list.xlsx"
    assert (str(new), 'workbook = "list.xlsx"') == (merged.json["workbook"], merged.json["job_file_line"])
    cities = [row[6] for row in data_sheet(openpyxl.load_workbook(new)).iter_rows(values_only=True)]
    assert ["City", "Mysuru", "Bengaluru"] == cities
    assert f"--workbook {new}" in merged.json["next"]


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "city"), [(b"y\n", "Mysuru"), (b"n\n", "Hampi"), (b"\n", "Hampi")])
async def test_run_asks_on_a_terminal_whether_to_merge_first(office: Office, answer: bytes, city: str) -> None:
    """What was fixed goes out where that is wanted; else, and by default, the run takes the workbook as it is."""
    office.fill([business(1, City="Hampi"), business(2, City="")])
    copy = Path((await office.type("check", "--json")).json["annotated"])
    book = openpyxl.load_workbook(copy)
    book["Businesses"]["G2"] = "Mysuru"
    book.save(copy)

    usual = (
        "--base-url",
        office.sandbox.url,
        "--quota",
        "none",
        "--settle",
        SETTLE,
        "--documents",
        str(office.documents),
    )
    status, out = await in_terminal(office, "run", "--quiet", *usual, answer=answer)

    assert (3, [city]) == (status, [record.end_user["address"]["city"] for record in office.sandbox.state.records]), out


async def test_run_does_not_begin_where_a_merge_left_something(office: Office) -> None:
    """A person must look first, and is told at what."""
    office.fill([business(1, City="Hampi"), business(2, City="")])
    copy = Path((await office.type("check", "--json")).json["annotated"])
    for path, city in ((office.workbook, "Gadag"), (copy, "Mysuru")):
        book = openpyxl.load_workbook(path)
        book["Businesses"]["G2"] = city
        book.save(path)

    status, out = await in_terminal(office, "run", "--quiet", "--base-url", office.sandbox.url, answer=b"y\n")

    assert (3, 0) == (status, len(office.sandbox.state.records))
    assert "Row 2 is left as it is. City: copy and workbook were both changed" in out
