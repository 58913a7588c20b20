"""Any workbook: every odd file of the tables gives its finding, or the sentence that refuses it, and loses no row."""

from pathlib import Path

import pytest

from bulk_onboard.errors import WorkbookError
from bulk_onboard.model.sheet import ALIAS, BUSINESS_NAME, KEY, REGISTRATION_NUMBER
from tests.odd_files.cells import CELLS
from tests.odd_files.containers import CONTAINERS
from tests.odd_files.delimited import DELIMITED
from tests.odd_files.judging import judged, told
from tests.odd_files.odd import Odd, book, good, sheet
from tests.odd_files.scans import SCANS, Scan
from tests.support.businesses import business, write_documents

pytestmark = pytest.mark.slow

SPREADSHEETS = (*CONTAINERS, *CELLS, *DELIMITED)
NAMES = {
    "Key": KEY,
    "Alias": ALIAS,
    "Business Name": BUSINESS_NAME,
    "Registration Number": REGISTRATION_NUMBER,
    "City": "address.city",
    "Postal Code": "address.postal_code",
    "Address Line 1": "address.line1",
}


@pytest.mark.parametrize("odd", [odd for odd in SPREADSHEETS if not odd.refused], ids=lambda odd: odd.name)
async def test_odd_file_is_read(odd: Odd, tmp_path: Path, documents: Path) -> None:
    """Each row that holds something is judged once, under its own number; the findings are those of the table."""
    workbook = tmp_path / odd.name
    workbook.write_bytes(odd.make())

    judgement = await judged(workbook, documents, **odd.flags)

    cells = {(judged.row.number, name): text for judged in judgement.rows for name, text in judged.row.cells.items()}
    assert list(odd.rows) == [judged.row.number for judged in judgement.rows], odd.how
    assert sorted(odd.finds) == told(judgement), odd.how
    for place, text in odd.reads.items():
        row, _, header = place.partition(" ")
        assert text == cells[int(row), NAMES[header]], odd.how


@pytest.mark.parametrize("odd", [odd for odd in SPREADSHEETS if odd.refused], ids=lambda odd: odd.name)
async def test_odd_file_is_refused(odd: Odd, tmp_path: Path, documents: Path) -> None:
    """The sentence says what is wrong with the file and what to do; nothing is read."""
    workbook = tmp_path / odd.name
    workbook.write_bytes(odd.make())

    with pytest.raises(WorkbookError) as caught:
        await judged(workbook, documents, **odd.flags)

    assert odd.refused in str(caught.value), odd.how
    assert str(caught.value).endswith((".", "?")), odd.how


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.cell[:40].replace("/", "|"))
async def test_odd_document_is_found_out(scan: Scan, tmp_path: Path) -> None:
    """The row is kept, and the findings on the document are those of the table."""
    folder = tmp_path / "documents"
    write_documents(folder, [business(1)])
    scan.lay(folder)
    workbook = tmp_path / "businesses.xlsx"
    workbook.write_bytes(book(sheet(good(Identity_Proof=scan.cell)))())

    judgement = await judged(workbook, folder)

    assert [2] == [judged.row.number for judged in judgement.rows], scan.how
    assert sorted(scan.finds) == sorted(finding.code for finding in judgement.findings), scan.how


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "There is no workbook"),
        (lambda path: path.mkdir(), "There is no workbook"),
        (lambda path: path.symlink_to(path), "There is no workbook"),
    ],
    ids=["missing", "folder", "loop"],
)
async def test_what_is_no_file_is_refused(make, words: str, tmp_path: Path) -> None:
    """A path that leads to no plain file is named."""
    make(tmp_path / "businesses.xlsx")

    with pytest.raises(WorkbookError, match=words):
        await judged(tmp_path / "businesses.xlsx", tmp_path)


def test_every_odd_file_has_a_name_of_its_own() -> None:
    """The tables name no file twice."""
    names = [odd.name for odd in SPREADSHEETS] + [scan.cell for scan in SCANS]

    assert len(set(names)) == len(names)
