"""Fix in the annotated copy, merge, run: the workbook has what was fixed, and the newest content goes out once."""

import asyncio
import csv
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.job import Job, load_job
from bulk_onboard.maintenance.merge import Merged, merge_job, saved_copy
from bulk_onboard.pipeline import annotated_copy as annotation
from bulk_onboard.pipeline.annotated_copy import annotate
from bulk_onboard.pipeline.judge import make_dry_run
from tests.support.businesses import aged, business, data_sheet, write_documents
from tests.support.nights import Nights, keyed

AN_HOUR_S = 3600
MORE = 'Mysuru & <more> "x"\nsecond line'


def job_of(nights: Nights, workbook: Path | None = None, **flags: Any) -> Job:
    """The job of the office's workbook, or of another one."""
    return (
        nights.job(**flags) if workbook is None else load_job(workbook, {"documents": str(nights.documents), **flags})
    )


async def copy_of(nights: Nights, workbook: Path | None = None) -> Path:
    """The annotated copy as `check` writes it."""
    job = job_of(nights, workbook)
    dry_run = await make_dry_run(job, credentials=None, clock=SystemClock())
    done = await asyncio.to_thread(annotate, job, dry_run.judgement, dry_run.status())
    assert done is not None
    assert done.path is not None
    return done.path


def fixed(path: Path, cells: dict[str, Any], *, sheet: int = 0) -> None:
    """Write cells as somebody does in a spreadsheet program, and save."""
    book = openpyxl.load_workbook(path, keep_vba=path.suffix == ".xlsm")
    for place, value in cells.items():
        (data_sheet(book) if sheet == 0 else book.worksheets[sheet])[place] = value
    book.save(path)
    aged(path)


def said(path: Path) -> list[list[Any]]:
    """What the first sheet says."""
    return [list(row) for row in data_sheet(openpyxl.load_workbook(path)).iter_rows(values_only=True)]


async def merged(nights: Nights, workbook: Path | None = None, copy: Path | None = None) -> Merged:
    """The merge of a bare workbook's copy."""
    return await merge_job(job_of(nights, workbook), copy=copy, clock=SystemClock())


async def test_correction_by_the_copy_is_never_undone_and_goes_back_by_merge(nights: Nights) -> None:
    """Rejected, fixed in the copy, sent, rejected again: the unfixed original sends nothing, and says why."""
    await nights.filed(keyed(1), keyed(2))
    nights.judge("rejected", 0, reason="Wrong city.")
    assert 3 == (await nights.night()).exit_status
    copy = await copy_of(nights)
    fixed(copy, {"G2": "Mysuru"})
    assert 0 == (await nights.night(workbook=str(copy))).exit_status
    nights.judge("rejected", 0, reason="Wrong road.")

    original = await nights.night()

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1) == (original.exit_status, nights.asked()["update"])
    assert any(command.startswith(f"bulk-onboard merge {nights.workbook}") for command in nights.commands())
    fixed(copy, {"F2": "1 Other Road"})
    done = await merged(nights)
    assert (ExitStatus.DONE, 1, 2) == (done.exit_status, done.rows, done.cells)
    aged(nights.workbook)
    assert (0, 2) == ((await nights.night()).exit_status, nights.asked()["update"])
    address = nights.made(0).end_user["address"]
    assert ("Mysuru", "1 Other Road") == (address["city"], address["line1"])
    assert (0, 2) == ((await nights.night()).exit_status, nights.asked()["update"])
    nights.judge("approved", 0)
    assert (0, 0) == ((await nights.night()).exit_status, sum((await nights.night()).drift))


async def test_workbook_stays_what_it_was_but_for_the_cells(nights: Nights) -> None:
    """Looks, widths, drop-downs, formulas and every other part; the old file lies beside it, as it was."""
    nights.fill([keyed(1, City=""), keyed(2)])
    book = openpyxl.load_workbook(nights.workbook)
    sheet = data_sheet(book)
    sheet["C3"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet.column_dimensions["C"].width = 44
    choice = DataValidation(type="list", formula1='"local,mobile"')
    choice.add("K2:K99")
    sheet.add_data_validation(choice)
    book.create_sheet("Notes")["A1"] = "=1+1"
    book.save(nights.workbook)
    aged(nights.workbook)
    nights.workbook.chmod(0o640)
    before = nights.workbook.read_bytes()
    copy = await copy_of(nights)
    fixed(copy, {"G2": MORE})

    done = await merged(nights)

    assert done.kept is not None
    assert (before, 0o600) == (done.kept.read_bytes(), done.kept.stat().st_mode & 0o777)
    assert f"businesses.before-merge-{datetime.now(UTC).astimezone():%Y-%m-%d}.xlsx" == done.kept.name
    assert 0o640 == nights.workbook.stat().st_mode & 0o777
    after = openpyxl.load_workbook(nights.workbook)
    now = data_sheet(after)
    assert ("FF00FF00", 44) == (now["C3"].fill.fgColor.rgb, now.column_dimensions["C"].width)
    assert ["K2:K99"] == [str(each.sqref) for each in now.data_validations.dataValidation]
    assert "=1+1" == after["Notes"]["A1"].value
    with zipfile.ZipFile(done.kept) as old, zipfile.ZipFile(nights.workbook) as new:
        assert old.namelist() == new.namelist()
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
        assert b'fullCalcOnLoad="1"' in new.read("xl/workbook.xml")
    assert ["xl/worksheets/sheet1.xml"] == changed
    rows, were = said(nights.workbook), said(done.kept)
    assert MORE == rows[1].pop(6)
    assert were[1].pop(6) is None
    assert were == rows


async def test_what_both_changed_is_told_and_its_row_left(nights: Nights) -> None:
    """Another cell of another row is taken all the same; what both changed alike needs nothing."""
    nights.fill([keyed(1, City=""), keyed(2, City=""), keyed(3, City=""), keyed(4)])
    copy = await copy_of(nights)
    fixed(copy, {"G2": "Mysuru", "F2": "1 New Road", "G3": "Hubballi", "G4": "Hampi"})
    fixed(nights.workbook, {"G2": "Mandya", "G4": "Hampi", "F3": "2 Newer Road"})

    done = await merged(nights)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1, 1) == (done.exit_status, done.rows, done.cells)
    assert ["Row 2 is left as it is. City: copy and workbook were both changed, and say different things."] == [
        *done.left
    ]
    now = {
        place: data_sheet(openpyxl.load_workbook(nights.workbook))[place].value for place in ("F2", "G2", "F3", "G3")
    }
    assert {"F2": "1 Sample Road", "G2": "Mandya", "F3": "2 Newer Road", "G3": "Hubballi"} == now


async def test_sorted_copy_and_sorted_workbook_find_each_other(nights: Nights) -> None:
    """Rows are known by who they are, wherever they stand."""
    nights.fill([keyed(1, City=""), keyed(2), keyed(3)])
    copy = await copy_of(nights)
    book = openpyxl.load_workbook(copy)
    sheet = data_sheet(book)
    first, last = ([cell.value for cell in sheet[row]] for row in (2, 4))
    for column, (one, other) in enumerate(zip(last, first, strict=True), start=1):
        sheet.cell(2, column).value, sheet.cell(4, column).value = one, other
    sheet["G4"] = "Mysuru"
    book.save(copy)
    aged(copy)
    nights.rows = [nights.rows[1], nights.rows[0], nights.rows[2]]
    nights.save()

    done = await merged(nights)

    assert (ExitStatus.DONE, 1) == (done.exit_status, done.cells)
    assert ["Bengaluru", "Mysuru", "Bengaluru"] == [row[6] for row in said(nights.workbook)[1:]]


async def test_row_whose_number_was_mended_stays_its_record(nights: Nights) -> None:
    """Without a Key nobody would know it any more: the workbook gets its token, and nothing is filed twice."""
    await nights.filed(business(1), business(2))
    nights.judge("rejected", 0)
    await nights.night()
    copy = await copy_of(nights)
    number = f"U{72009:05d}KA2020PTC{100009:06d}"
    fixed(copy, {"D2": number})

    done = await merged(nights)
    aged(nights.workbook)
    result = await nights.night()

    assert ['The workbook has a new column "bo_key".'] == [*done.notes]
    assert (0, 2, 1) == (result.exit_status, nights.asked()["create"], nights.asked()["update"])
    assert number == nights.made(0).end_user["registration_number"]


async def test_new_row_and_new_column_of_the_copy_are_taken(nights: Nights) -> None:
    """They go below the last row and behind the last column; a row that is gone from the copy is told and stays."""
    nights.fill([keyed(1, City=""), keyed(2)])
    write_documents(nights.documents, [keyed(5)])
    copy = await copy_of(nights)
    book = openpyxl.load_workbook(copy)
    sheet = data_sheet(book)
    sheet["G2"] = "Mysuru"
    for column, cell in enumerate(sheet[1], start=1):
        sheet.cell(4, column).value = keyed(5).get(str(cell.value), None)
    sheet.cell(1, 19).value, sheet.cell(2, 19).value = "Numbers", "+91 11 4000 0001"
    book.save(copy)
    aged(copy)

    done = await merged(nights)

    assert (ExitStatus.DONE, 2) == (done.exit_status, done.rows)
    rows = said(nights.workbook)
    assert ["Key", "Numbers"] == [rows[0][0], rows[0][-1]]
    assert ["K-1", "K-2", "K-5"] == [row[0] for row in rows[1:]]
    assert "+91 11 4000 0001" == rows[1][-1]


async def test_row_that_is_gone_from_the_copy_stays_and_is_told(nights: Nights) -> None:
    """Nobody can tell whether it is not to be sent, or only out of the way."""
    nights.fill([keyed(1, City=""), keyed(2), keyed(3)])
    copy = await copy_of(nights)
    book = openpyxl.load_workbook(copy)
    data_sheet(book).delete_rows(3)
    data_sheet(book)["G2"] = "Mysuru"
    book.save(copy)
    aged(copy)

    done = await merged(nights)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1) == (done.exit_status, done.cells)
    assert ["Row 3 of the workbook is not in the copy, and stays."] == [each.split(" Delete")[0] for each in done.left]
    assert ["K-1", "K-2", "K-3"] == [row[0] for row in said(nights.workbook)[1:]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_csv_is_written_as_csv(nights: Nights, encoding: str, end: str) -> None:
    """Delimiter, encoding, mark, line ends, quotation marks and all other cells stay as they were written."""
    rows = [keyed(1, City="", **{"Business Name": 'Tea "&" Söhne; Co'}), keyed(2)]
    nights.fill(rows)
    workbook = nights.folder / "list.csv"
    headers = list(said(nights.workbook)[0])
    quoted = [
        ['"' + row.get(h, "").replace('"', '""') + '"' if h != "City" else row.get(h, "") for h in headers]
        for row in rows
    ]
    text = end.join(";".join(line) for line in [headers, *quoted])
    workbook.write_bytes(text.encode(encoding))
    aged(workbook)
    job = job_of(nights, workbook, **({"encoding": encoding} if encoding == "cp1252" else {}))
    dry_run = await make_dry_run(job, credentials=None, clock=SystemClock())
    done = await asyncio.to_thread(annotate, job, dry_run.judgement, dry_run.status())
    assert done is not None
    assert done.path is not None
    fixed(done.path, {"G2": "Mysuru; old"})

    made = await merge_job(job, copy=None, clock=SystemClock())

    assert (ExitStatus.DONE, 1) == (made.exit_status, made.cells)
    now = workbook.read_bytes().decode(encoding)
    assert now.replace('"Mysuru; old"', "") == text
    assert 1 == now.count('"Mysuru; old"')


async def test_copy_of_a_copy_goes_back_into_the_first_workbook(nights: Nights) -> None:
    """What was fixed in either is taken."""
    nights.fill([keyed(1, City=""), keyed(2, City="", Email="nobody")])
    first = await copy_of(nights)
    fixed(first, {"G2": "Mysuru", "G3": "Hampi"})
    second = await copy_of(nights, first)
    fixed(second, {"E3": "desk@example.com"})
    os.utime(first, (first.stat().st_mtime - AN_HOUR_S,) * 2)

    done = await merged(nights)

    assert (second, ExitStatus.DONE, 3) == (done.copy, done.exit_status, done.cells)
    assert [("desk1@example.com", "Mysuru"), ("desk@example.com", "Hampi")] == [
        (row[4], row[6]) for row in said(nights.workbook)[1:]
    ]


async def test_merging_again_changes_nothing(nights: Nights) -> None:
    """The workbook says what the copy says."""
    nights.fill([keyed(1, City="")])
    fixed(await copy_of(nights), {"G2": "Mysuru"})
    await merged(nights)
    before = nights.workbook.read_bytes()

    again = await merged(nights)

    assert (ExitStatus.DONE, 0, None, before) == (
        again.exit_status,
        again.cells,
        again.kept,
        nights.workbook.read_bytes(),
    )


async def test_copy_that_nobody_saved_is_nothing_to_merge(nights: Nights) -> None:
    """It says so and ends with 0; without a copy there is an error."""
    nights.fill([keyed(1, City="")])
    with pytest.raises(UsageError, match="no annotated copy"):
        await merged(nights)
    copy = await copy_of(nights)

    done = await merged(nights)

    assert (copy, 0, ExitStatus.DONE) == (done.copy, done.cells, done.exit_status)
    assert saved_copy(nights.job()) is None


async def test_open_workbook_is_not_written(nights: Nights) -> None:
    """Somebody may have changes in it that are not saved yet."""
    nights.fill([keyed(1, City="")])
    fixed(await copy_of(nights), {"G2": "Mysuru"})
    (nights.folder / "~$businesses.xlsx").touch()
    before = nights.workbook.read_bytes()

    with pytest.raises(UsageError, match="seems to be open in"):
        await merged(nights)

    assert before == nights.workbook.read_bytes()


async def test_macros_stay(nights: Nights) -> None:
    """An .xlsm is written as the archive that it is, so no part of it is lost."""
    nights.fill([keyed(1, City="")])
    workbook = nights.folder / "macros.xlsm"
    with zipfile.ZipFile(nights.workbook) as old, zipfile.ZipFile(workbook, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/vbaProject.bin", b"not really macros")
    aged(workbook)
    fixed(await copy_of(nights, workbook), {"G2": "Mysuru"})

    done = await merged(nights, workbook)

    assert (ExitStatus.DONE, 1) == (done.exit_status, done.cells)
    with zipfile.ZipFile(workbook) as archive:
        assert b"not really macros" == archive.read("xl/vbaProject.bin")


async def test_formula_keeps_its_place_and_gets_its_new_result(nights: Nights) -> None:
    """One that the copy has a value for instead is not replaced: its row is left."""
    nights.fill([keyed(1, City="", Alias="x"), keyed(2, City="")])
    book = openpyxl.load_workbook(nights.workbook)
    data_sheet(book)["B2"] = '="City "&G2'
    data_sheet(book)["B3"] = '="City "&G3'
    book.save(nights.workbook)
    give_results(nights.workbook, {"B2": "City ", "B3": "City "})
    copy = await copy_of(nights)
    fixed(copy, {"G2": "Mysuru", "G3": "Hampi", "B3": "my own"})
    give_results(copy, {"B2": "City Mysuru"})

    done = await merged(nights)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 2) == (done.exit_status, done.cells)
    assert "Alias: the workbook has a formula there" in done.left[0]
    shown = data_sheet(openpyxl.load_workbook(nights.workbook, data_only=True))
    kept = data_sheet(openpyxl.load_workbook(nights.workbook))
    assert ("City Mysuru", '="City "&G2') == (shown["B2"].value, kept["B2"].value)
    assert ("City ", '="City "&G3', None) == (shown["B3"].value, kept["B3"].value, kept["G3"].value)


def give_results(path: Path, results: dict[str, str]) -> None:
    """Write the results of formulas into the file, as a program does that calculates."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet2.xml" if "annotated" in path.name else "xl/worksheets/sheet1.xml"
    for place, text in results.items():
        begin = parts[name].index(f'<c r="{place}"'.encode())
        cell = parts[name][begin : parts[name].index(b"</c>", begin)]
        new = cell.replace(b">", b' t="str">', 1).replace(b"<v></v>", b"").replace(b"<v />", b"").replace(b"<v/>", b"")
        parts[name] = parts[name].replace(cell, new + f"<v>{text}</v>".encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    aged(path)


async def test_another_copy_that_was_saved_is_told(nights: Nights) -> None:
    """The one that was saved last is merged; the other can be, too, and changes nothing of what was taken."""
    nights.fill([keyed(1, City=""), keyed(2, City="")])
    first = await copy_of(nights)
    fixed(first, {"G2": "Mysuru"})
    second = await copy_of(nights)
    fixed(second, {"G3": "Hampi"})
    now = nights.workbook.stat().st_mtime
    os.utime(first, (now + 1,) * 2)
    os.utime(second, (now + 2,) * 2)

    done = await merged(nights)
    other = await merged(nights, copy=first)

    (note,) = done.notes
    assert (second, True) == (done.copy, f"bulk-onboard merge {nights.workbook} --copy={first} " in note)
    assert (ExitStatus.DONE, 1) == (other.exit_status, other.cells)
    assert ["Mysuru", "Hampi"] == [row[6] for row in said(nights.workbook)[1:]]


async def test_workbook_behind_a_link_is_written_where_it_is(nights: Nights) -> None:
    """The link stays one, and the old file lies beside the real one."""
    nights.fill([keyed(1, City="")])
    real = nights.folder / "share" / "list.xlsx"
    real.parent.mkdir()
    nights.workbook.rename(real)
    nights.workbook.symlink_to(real)
    fixed(await copy_of(nights), {"G2": "Mysuru"})

    done = await merged(nights)

    assert nights.workbook.is_symlink()
    assert done.kept is not None
    assert (real.parent, "Mysuru") == (done.kept.parent, said(real)[1][6])


async def test_write_protected_workbook_is_not_written(nights: Nights) -> None:
    """Nothing is left behind, either."""
    nights.fill([keyed(1, City="")])
    fixed(await copy_of(nights), {"G2": "Mysuru"})
    nights.workbook.chmod(0o400)
    before = sorted(nights.folder.iterdir())

    with pytest.raises(UsageError, match="write-protected"):
        await merged(nights)

    assert before == sorted(nights.folder.iterdir())


async def test_copy_that_does_not_say_what_it_comes_from_is_not_merged(nights: Nights) -> None:
    """Nobody can tell what was changed in it."""
    nights.fill([keyed(1, City="")])
    copy = await copy_of(nights)
    book = openpyxl.load_workbook(copy)
    del book["bo_base"]
    book.save(copy)

    with pytest.raises(UsageError, match="does not say what it was made from"):
        await merged(nights)


async def test_headers_may_stand_below_other_rows(nights: Nights) -> None:
    """A title above them stays, and a new column gets its header where the headers are."""
    nights.fill([business(1), business(2)])
    book = openpyxl.load_workbook(nights.workbook)
    data_sheet(book).insert_rows(1)
    data_sheet(book)["A1"] = "Our businesses"
    book.save(nights.workbook)
    aged(nights.workbook)
    await nights.night(header_row="2")
    nights.judge("rejected", 0)
    await nights.night(header_row="2")
    job = nights.job(header_row="2")
    dry_run = await make_dry_run(job, credentials=None, clock=SystemClock())
    made = await asyncio.to_thread(annotate, job, dry_run.judgement, dry_run.status())
    assert made is not None
    assert made.path is not None
    fixed(made.path, {"D3": business(9)["Registration Number"]})

    done = await merge_job(job, copy=None, clock=SystemClock())

    rows = said(nights.workbook)
    assert (ExitStatus.DONE, 2) == (done.exit_status, done.cells)
    assert ("Our businesses", None, "bo_key") == (rows[0][0], rows[0][-1], rows[1][-1])
    assert str(rows[2][-1]).startswith("~")


async def test_cell_that_would_read_otherwise_is_not_written(nights: Nights) -> None:
    """The workbook's format would show zeros before a number that the copy shows bare: the row is told, the other one
    is taken."""
    nights.fill([keyed(1, City=""), keyed(2, City="")])
    edit_cell(nights.workbook, "I2", 560001, "00000000")
    copy = await copy_of(nights)
    edit_cell(copy, "I2", 12345, "General")
    fixed(copy, {"G2": "Mysuru", "G3": "Hampi"})

    done = await merged(nights)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1) == (done.exit_status, done.cells)
    assert ["Row 2 is left as it is. The copy's values would not read the same there."] == [*done.left]
    assert [None, "Hampi"] == [row[6] for row in said(nights.workbook)[1:]]


async def test_number_that_the_copys_format_shows_as_a_code_is_that_code(nights: Nights) -> None:
    """It goes into the workbook as the text that people saw."""
    nights.fill([keyed(1, City="")])
    copy = await copy_of(nights)
    edit_cell(copy, "I2", 12345, "000000")

    done = await merged(nights)

    assert (ExitStatus.DONE, 1) == (done.exit_status, done.cells)
    assert "012345" == said(nights.workbook)[1][8]


def edit_cell(path: Path, reference: str, value: object, number_format: str) -> None:
    """Write a value, and how it is to be shown."""
    book = openpyxl.load_workbook(path)
    cell = data_sheet(book)[reference]
    cell.value, cell.number_format = value, number_format
    book.save(path)
    aged(path)


def as_csv(copy: Path) -> Path:
    """The copy's first sheet as a spreadsheet program saves it as csv."""
    path = copy.with_suffix(".csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([cell or "" for cell in row] for row in said(copy))
    return aged(path)


@pytest.fixture
def few_rows_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every workbook of more than three rows is a large one."""
    monkeypatch.setattr(annotation, "ROWS_AT_MOST", 3)


@pytest.mark.usefixtures("few_rows_a_copy")
async def test_copy_of_a_large_workbook_has_only_the_rows_to_fix_and_goes_back(nights: Nights) -> None:
    """Each under its row number; what is fixed there is taken into the workbook, and nothing else is touched."""
    nights.fill([keyed(at) for at in range(6)])
    nights.rows[2]["City"] = nights.rows[4]["Email"] = ""
    nights.rows[4]["Email"] = "no address"
    nights.save()
    before = said(nights.workbook)

    copy = await copy_of(nights)

    shown = [number for number, row in enumerate(said(copy), start=1) if any(row)]
    assert [1, 4, 6] == shown
    fixed(copy, {"G4": "Mysuru", "E6": "desk4@example.com"})
    done = await merged(nights)
    assert ((), 2, 2) == (done.left, done.rows, done.cells)
    before[3][6], before[5][4] = "Mysuru", "desk4@example.com"
    assert before == said(nights.workbook)
    aged(nights.workbook)
    assert 0 == (await nights.night()).exit_status


@pytest.mark.usefixtures("few_rows_a_copy")
@pytest.mark.parametrize("saved_as", ["xlsx", "csv"])
async def test_copy_of_some_rows_is_run_by_itself_and_does_not_miss_the_others(nights: Nights, saved_as: str) -> None:
    """Whatever it is saved as. The others stay filed; that one was rejected is told when the workbook is run."""
    nights.fill([keyed(at) for at in range(6)])
    nights.rows[2]["City"] = ""
    nights.save()
    await nights.night()
    nights.judge("rejected", 0, reason="Blurred.")
    copy = await copy_of(nights)
    fixed(copy, {"G4": "Mysuru"})
    alone_copy = copy if saved_as == "xlsx" else as_csv(copy)

    alone = await nights.night(workbook=str(alone_copy))

    assert (ExitStatus.DONE, 0) == (alone.exit_status, alone.need_attention)
    assert 6 == len(nights.sandbox.state.records)
    gone = openpyxl.load_workbook(nights.report)["Not in the workbook"]
    assert 1 == gone.max_row, "its header alone"
    assert "some-rows-only" in nights.problems()
    whole = await nights.night()
    assert (ExitStatus.ROWS_NEED_ATTENTION, 6) == (whole.exit_status, whole.counts["submitted"])
