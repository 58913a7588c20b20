"""Annotate, fix in the copy, run the copy: exactly the fixed rows are sent, and every row stays who it is."""

import asyncio
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from bulk_onboard import errors
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import Job
from bulk_onboard.model.finding import Finding
from bulk_onboard.pipeline import annotated_copy as annotation
from bulk_onboard.pipeline.annotated_copy import Annotated, annotate
from bulk_onboard.pipeline.judge import DryRun, identified_rows, make_dry_run
from bulk_onboard.pipeline.sheets import read_job_sheet
from tests.support.businesses import aged, business, data_sheet, write_documents, write_workbook
from tests.support.libreoffice import converted
from tests.support.office import AUTH_ID, Office

pytestmark = pytest.mark.slow


async def outlook_of(office: Office, workbook: Path | None = None) -> tuple[Job, DryRun]:
    """What a run of the workbook would find and do, with the office's ledger."""
    job = office.job() if workbook is None else replace(office.job(), workbook=workbook)
    return job, await make_dry_run(job, credentials=None, clock=SystemClock())


async def annotated(office: Office, workbook: Path | None = None, findings: Iterable[Finding] = ()) -> Annotated | None:
    """The annotated copy of the workbook."""
    job, dry_run = await outlook_of(office, workbook)
    return await asyncio.to_thread(annotate, job, dry_run.judgement, dry_run.status(findings))


async def copy_of(office: Office, workbook: Path | None = None) -> Path:
    """Where the copy is that must be there."""
    done = await annotated(office, workbook)
    assert done is not None
    assert done.path is not None
    return done.path


def set_cells(path: Path, cells: dict[str, str]) -> None:
    """Mend cells as somebody does in a spreadsheet program."""
    book = openpyxl.load_workbook(path)
    for place, text in cells.items():
        data_sheet(book)[place] = text
    book.save(path)
    aged(path)


def append(path: Path, cells: dict[str, str]) -> None:
    """Add a row as somebody does who types it below the others."""
    book = openpyxl.load_workbook(path)
    sheet = data_sheet(book)
    sheet.append([cells.get(cell.value, "") for cell in sheet[1]])
    book.save(path)
    aged(path)


async def test_nothing_to_mend_nothing_written(office: Office) -> None:
    """Without an error there is no copy; warnings alone make none."""
    office.fill(2)

    assert await annotated(office) is None
    assert not list(office.folder.glob("*annotated*"))


@pytest.mark.parametrize("through", ["openpyxl", "LibreOffice"])
async def test_mended_copy_sends_exactly_the_mended_rows(office: Office, through: str) -> None:
    """Good rows go first; the mended one follows from the copy, and nothing is sent twice."""
    office.fill([business(1), business(2, City=""), business(3, Key="K-3", City="")])
    await office.run()
    copy = await copy_of(office)
    set_cells(copy, {"G3": "Mysuru"})
    if through == "LibreOffice":
        shutil.copy(await asyncio.to_thread(converted, copy, "xlsx", office.folder), copy)
        aged(copy)

    result = await office.run(workbook=str(copy))

    assert ["Bengaluru", "Mysuru"] == office.cities()
    assert (2, 1) == (result.counts["submitted"], result.counts["invalid"])


async def test_row_stays_its_record_while_its_number_is_mended(office: Office) -> None:
    """The ledger knows the row by the token in bo_key, and no second record of it appears."""
    office.fill([business(1, City=""), business(2)])
    await office.run()
    copy = await copy_of(office)
    book = openpyxl.load_workbook(copy)
    token = data_sheet(book)["O2"].value
    set_cells(copy, {"D2": "U72999KA2020PTC999999", "G2": "Mysuru"})

    result = await office.run(workbook=str(copy))

    assert ExitStatus.DONE == result.exit_status
    assert (2, 2) == (result.counts["rows"], result.counts["submitted"])
    assert any(record.alias.endswith(token) for record in office.sandbox.state.records)


async def test_copied_annotated_row_is_not_sent_twice(office: Office) -> None:
    """A row that was copied with its bo_key and changed is a conflict that a person settles."""
    office.fill([business(1, City=""), business(2)])
    await office.run()
    copy = await copy_of(office)
    book = openpyxl.load_workbook(copy)
    sheet = data_sheet(book)
    sheet["G2"] = "Mysuru"
    sheet.append([cell.value for cell in sheet[2]])
    sheet["D4"] = "U72999KA2020PTC999999"
    book.save(copy)
    aged(copy)

    result = await office.run(workbook=str(copy))

    assert ["Bengaluru"] == office.cities()
    assert (3, 2, 1) == tuple(result.counts[name] for name in ("rows", "invalid", "submitted"))


async def test_new_row_with_the_number_that_was_fixed_in_another(office: Office) -> None:
    """One has the record's bo_key, the other its number: nothing is guessed, with a Key or without.

    Once the new row has a number of its own it is filed, and the fix of the other is a fix.
    """
    office.fill([business(1), business(2, City="")])
    await office.run()
    copy = await copy_of(office)
    set_cells(copy, {"D2": "U72999KA2020PTC999999", "G3": "Mysuru"})
    added = business(3, **{"Registration Number": business(1)["Registration Number"]})
    write_documents(office.documents, [added])
    append(copy, added)

    result = await office.run(workbook=str(copy))
    told = office.sheet("Results")[-1]

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1, 2) == (
        result.exit_status,
        result.counts["submitted"],
        result.counts["invalid"],
    )
    assert ("invalid", None) == (told["State"], told["Compliance ID"])
    _, dry_run = await outlook_of(office, copy)
    assert ["record-of-another-row"] * 2 == [finding.code for finding in dry_run.plan.findings]
    set_cells(copy, {"A4": "K-3"})
    assert ExitStatus.ROWS_NEED_ATTENTION == (await office.run(workbook=str(copy))).exit_status
    assert 2 == len(office.sandbox.state.records)
    set_cells(copy, {"D4": business(3)["Registration Number"]})
    fixed = await office.run(workbook=str(copy))
    assert (ExitStatus.DONE, 3) == (fixed.exit_status, fixed.counts["submitted"])
    assert (1, 3) == (fixed.drift.renumbered, len(office.sandbox.state.records))


async def test_rows_that_were_in_conflict_are_sent_once_one_number_is_mended(office: Office) -> None:
    """Nobody copied a row, so there is no bo_key to clear."""
    number = business(1)["Registration Number"]
    office.fill([business(1), business(2, **{"Registration Number": number})])
    assert 2 == (await office.run()).counts["invalid"]
    copy = await copy_of(office)
    set_cells(copy, {"D3": business(2)["Registration Number"]})

    result = await office.run(workbook=str(copy))

    assert (ExitStatus.DONE, 2) == (result.exit_status, result.counts["submitted"])


async def test_unmended_plain_copy_sends_nothing(office: Office) -> None:
    """A date and merged cells of an .ods are in the copy what they were: nobody mended them."""
    office.fill([business(1), business(2), business(3, City="")])
    book = openpyxl.load_workbook(office.workbook)
    data_sheet(book)["D2"] = datetime.fromisoformat("2026-03-20")
    data_sheet(book).merge_cells("G3:G4")
    book.save(office.workbook)
    ods = await asyncio.to_thread(converted, office.workbook, "ods", office.folder)
    copy = await copy_of(office, ods)

    result = await office.run(workbook=str(copy))

    assert (3, 0) == (result.counts["invalid"], len(office.sandbox.state.records))


async def test_formulas_without_a_result_are_told_of_in_a_plain_copy(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy has no formulas, so saving it in Excel brings nothing back."""
    office.fill([business(1), business(2)])
    set_cells(office.workbook, {"G2": "=1+1"})
    monkeypatch.setattr(annotation, "ROWS_AT_MOST", 1)

    done = await annotated(office)

    assert done is not None
    assert "Where a formula had no result there is #N/A in this copy" in done.notes[1]


async def test_copy_is_read_as_the_workbook_it_was_made_from(office: Office) -> None:
    """Same headers, same rows, same identities; nothing of what was added is heeded but bo_key."""
    office.fill([business(1, City=""), business(2, Key="K-2"), business(3)])
    await office.run()
    job, before = await outlook_of(office)
    copy = await copy_of(office)

    _, after = await outlook_of(office, copy)

    width = len(before.judgement.sheet.headers)
    assert before.judgement.sheet.headers == after.judgement.sheet.headers[:width]
    assert [row.cells for row in before.judgement.sheet.rows] == [
        row.cells[:width] for row in after.judgement.sheet.rows
    ]
    assert before.judgement.findings == after.judgement.findings
    assert [i.token for _, i in await identified_rows(job, before.ledger_state, auth_id=AUTH_ID)] == [
        i.token for _, i in await identified_rows(replace(job, workbook=copy), before.ledger_state, auth_id=AUTH_ID)
    ]


async def test_copy_of_a_copy_goes_beside_it(office: Office) -> None:
    """Mends are never lost: not the copy that is run, not one that somebody saved."""
    office.fill([business(1, City="")])
    first = await copy_of(office)
    set_cells(first, {"H2": "Kerala"})

    second = await copy_of(office, first)

    assert ["businesses.annotated.xlsx", "businesses.annotated-2.xlsx"] == [first.name, second.name]
    assert second == await copy_of(office, first)
    assert 0o600 == second.stat().st_mode & 0o777


async def test_finding_of_a_run_alone_is_enough(office: Office) -> None:
    """A document that changed while sending is marked too."""
    office.fill([business(1)])
    changed = Finding("document-changed", "Businesses", 2, "Identity Proof")

    done = await annotated(office, findings=[changed])

    assert done is not None
    sheet = data_sheet(openpyxl.load_workbook(str(done.path)))
    assert "changed between the check" in sheet["L2"].comment.text


async def test_csv_gets_a_plain_copy_that_runs(office: Office) -> None:
    """The note says so, and the mended copy is valid input."""
    office.fill([business(1, City="")])
    csv = write_workbook(office.folder / "list.csv", office.rows)

    done = await annotated(office, csv)

    assert done is not None
    assert office.folder / "list.annotated.xlsx" == done.path
    assert "a .csv file cannot hold marks" in done.notes[0]
    set_cells(done.path, {"G2": "Mysuru"})
    await office.run(workbook=str(done.path))
    assert ["Mysuru"] == office.cities()


@pytest.mark.parametrize("trouble", ["unknown to openpyxl", "changed meanwhile", "gone"])
async def test_plain_copy_where_the_users_file_cannot_be_marked(office: Office, trouble: str) -> None:
    """Whatever the reason, every row is there, and the note says why in plain words."""
    office.fill([business(1, City=""), business(2)])
    if trouble == "unknown to openpyxl":
        spoil_styles(office.workbook)
    job, dry_run = await outlook_of(office)
    if trouble == "changed meanwhile":
        set_cells(office.workbook, {"A2": "other"})
    if trouble == "gone":
        office.workbook.unlink()

    done = await asyncio.to_thread(annotate, job, dry_run.judgement, dry_run.status())

    assert done is not None
    assert done.path is not None
    (note,) = done.notes
    expected = {
        "unknown to openpyxl": "something in it that cannot be copied",
        "changed meanwhile": "changed after it was read",
        "gone": "No such file",
    }
    assert expected[trouble] in note
    sheet = await read_job_sheet(replace(job, workbook=done.path))
    width = len(dry_run.judgement.sheet.headers)
    assert [row.cells for row in dry_run.judgement.sheet.rows] == [row.cells[:width] for row in sheet.rows]


def spoil_styles(path: Path) -> None:
    """Give the workbook a style that Excel shrugs at and openpyxl does not."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b"<left/>", b'<left style="wavy"/>')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


async def test_place_that_takes_nothing_is_told(office: Office) -> None:
    """No exception: what was found is not lost because a copy could not be written."""
    office.fill([business(1, City="")])
    job, dry_run = await outlook_of(office)
    elsewhere = replace(job, workbook=office.folder / "missing" / "b.xlsx")

    done = annotate(elsewhere, dry_run.judgement, dry_run.status())

    assert done is not None
    assert done.path is None
    assert "could not be written" in done.notes[0]


async def test_unreadable_copy_is_an_error_like_any_other(office: Office) -> None:
    """The sheet How to fix is never taken for data."""
    office.fill([business(1, City="")])
    copy = await copy_of(office)
    book = openpyxl.load_workbook(copy)
    book.remove(data_sheet(book))
    book.save(copy)

    with pytest.raises(errors.WorkbookError):
        await outlook_of(office, copy)
