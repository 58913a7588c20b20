"""A documents folder that is not there is one error that names it, not a finding for each row."""

import shutil
from pathlib import Path

import pytest

from tests.support.businesses import DOCUMENTS, HEADERS, business, write_workbook
from tests.support.office import Office, typed


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


async def test_a_workbook_that_names_no_document_needs_no_folder(office: Office) -> None:
    """What is missing is told row by row then, since it is the cells that are blank."""
    rows = [business(0, **dict.fromkeys((title.replace(" ", "_") for title in DOCUMENTS), ""))]
    write_workbook(office.workbook, rows, HEADERS)

    told = await office.type("check", "--json")

    assert 3 == told.status
    assert {"document-missing"} == {finding["code"] for finding in told.json["findings"]}
