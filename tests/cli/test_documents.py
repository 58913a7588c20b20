"""Documents as the command sees them: a folder that is not there, and papers of somebody else."""

import shutil
from pathlib import Path

import pytest

from tests.support.businesses import DOCUMENTS, HEADERS, business, write_workbook
from tests.support.office import Office, typed
from tests.support.papers import locked, paper


def away(office: Office) -> Path:
    """The office's documents are taken away; where they were."""
    shutil.rmtree(office.documents)
    return office.documents


@pytest.mark.parametrize("verb", ["check", "plan", "run"])
async def test_a_documents_folder_that_is_not_there_is_one_error_with_its_absolute_path(
    office: Office, verb: str
) -> None:
    """Exit status 2, nothing is sent, and no row is told; also where the job file names it by a relative path."""
    office.fill(3)
    away(office)
    by_flag = await office.type(verb)
    job = office.folder / "job.toml"
    job.write_text('workbook = "businesses.xlsx"\ndocuments = "../migration/docs"\n')
    by_file = await typed(verb, job.name, "--base-url", office.sandbox.url, "--quota", "none", cwd=office.folder)

    for told, folder in ((by_flag, office.documents), (by_file, office.folder / "../migration/docs")):
        assert 2 == told.status
        assert 1 == told.err.count("\n") == told.err.count(str(folder))
        assert f"There is no documents folder {folder}." in told.err
    assert not office.sandbox.state.records
    assert not office.ledger.exists()


async def test_misspelt_documents_folder_is_told_with_the_one_that_is_there(office: Office) -> None:
    """As a question, in a sentence of its own."""
    office.fill(1)
    told = await typed("check", office.workbook.name, "--offline", "--documents", "scan", cwd=office.folder)

    assert f"documents folder {office.folder / 'scan'}. Did you mean {office.documents}? Name the" in told.err


async def test_a_documents_path_that_is_a_file_or_leads_nowhere_is_the_same_error(office: Office) -> None:
    """Each in its own words."""
    office.fill(1)
    folder = away(office)
    said = []
    folder.write_text("a file")
    said.append(await office.type("check"))
    folder.unlink()
    folder.symlink_to(folder)
    said.append(await office.type("check"))

    assert [2, 2] == [told.status for told in said]
    assert f"{folder} is a file" in said[0].err
    assert f"The documents folder {folder} cannot be read" in said[1].err


async def test_report_and_status_need_no_documents_folder(office: Office) -> None:
    """The report is made from the ledger alone, and says why; nothing present is called missing."""
    office.fill(2)
    await office.run()
    folder = away(office)

    status, report, refreshed = await office.type("status"), await office.type("report"), await office.type("refresh")

    assert [0, 0, 0] == [told.status for told in (status, report, refreshed)]
    assert f"There is no documents folder {folder}." in report.err
    assert "made from the ledger alone" in report.err


async def test_report_without_the_api_does_not_call_other_columns_wrong(office: Office) -> None:
    """An account may be asked for other documents than the bundled example; its workbook must not be changed for it."""
    office.fill(2)
    await office.run()
    rows = [{**row, "Director's Card": row["Identity Proof"]} for row in (business(0), business(1))]
    write_workbook(office.workbook, rows, [*(each for each in HEADERS if each != "Identity Proof"), "Director's Card"])

    report = await office.type("report")

    assert 0 == report.status
    assert "The API was not asked what it requires" in report.err
    assert "made from the ledger alone" in report.err
    assert "Correct the headers" not in report.err


async def test_a_workbook_that_names_no_document_needs_no_folder(office: Office) -> None:
    """What is missing is told row by row then, since it is the cells that are blank."""
    rows = [business(0, **dict.fromkeys((title.replace(" ", "_") for title in DOCUMENTS), ""))]
    write_workbook(office.workbook, rows, HEADERS)

    told = await office.type("check", "--json")

    assert 3 == told.status
    assert {"document-missing"} == {finding["code"] for finding in told.json["findings"]}


LETTER = "This is to certify that the business named below has been entered in the register of the year 2020. "


def registered(office: Office, row: int, content: bytes) -> None:
    """Put a paper in the place of a row's registration."""
    (office.documents / office.rows[row]["Business Registration"]).write_bytes(content)


async def test_paper_of_another_business_is_told_and_its_row_is_sent(office: Office) -> None:
    """Two warnings for a certificate of somebody else; none for the row's own, a scan, and a bill of somebody else."""
    office.fill(4)
    own = [(cells["Business Name"], cells["Registration Number"]) for cells in office.rows]
    registered(office, 0, paper(LETTER, LETTER, *own[1]))
    registered(office, 1, paper(LETTER, LETTER, own[1][0].upper().replace("PRIVATE LIMITED", "PVT. LTD."), own[1][1]))
    registered(office, 2, locked(LETTER, LETTER, *own[2]))
    (office.documents / office.rows[3]["Identity Proof"]).write_bytes(paper(LETTER, LETTER, *own[0]))

    told, sent = await office.type("check", "--json"), await office.type("run", "--json")

    assert [(2, "document-other-number"), (2, "document-other-name")] == [
        (finding["row"], finding["code"]) for finding in told.json["findings"]
    ]
    assert (0, 4) == (sent.status, sent.json["counts"]["submitted"])


async def test_what_papers_say_can_be_ruled(office: Office) -> None:
    """As an error it keeps the row out, and what is off is not told."""
    office.fill(1)
    registered(office, 0, paper(LETTER, LETTER, "Copper Heron Limited, U51909DL2015PTC000042"))
    job = office.folder / "job.toml"
    rulings = '[findings]\ndocument-other-name = "error"\ndocument-other-number = "off"\n'
    job.write_text(f'workbook = "businesses.xlsx"\n{rulings}')

    told = await office.type("check", "--json", job=job)

    assert 3 == told.status
    assert [("document-other-name", "error")] == [(one["code"], one["severity"]) for one in told.json["findings"]]
