"""The template's example row: never sent, and in no figure and no table."""

import openpyxl

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.intake.template import write_template
from tests.support.businesses import Cells, aged, business, write_documents
from tests.support.office import Office


def fill_in(office: Office, *rows: Cells, over_the_example: bool = False) -> None:
    """A fresh template with these rows typed below its example, or over it; the Key of an example stays."""
    if not office.workbook.exists():
        write_template(office.workbook, bundled_requirements())
    office.documents.mkdir(exist_ok=True)
    write_documents(office.documents, rows)
    workbook = openpyxl.load_workbook(office.workbook)
    sheet = workbook["Businesses"]
    places = {cell.value: number for number, cell in enumerate(sheet[1], 1)}
    for number, row in enumerate(rows, 2 if over_the_example else 3):
        for header, text in row.items():
            sheet.cell(number, places[header], text)
    workbook.save(office.workbook)
    aged(office.workbook)


def results(office: Office) -> list[tuple[object, ...]]:
    """Row, Key and State of each line of the report's Results."""
    return [(row["Row"], row["Key"], row["State"]) for row in office.sheet("Results")]


async def test_fresh_template_sends_nothing(office: Office) -> None:
    """A run on a workbook yet to be filled in ends in 0, with nothing at the API, and its report has no row."""
    fill_in(office)

    result = await office.run()

    assert (0, 0) == (result.exit_status, result.counts["rows"])
    assert () == office.sandbox.state.records
    assert [] == results(office)


async def test_rows_below_the_example_are_sent(office: Office) -> None:
    """The example may stay where it is; it takes no place in a pilot of one row either."""
    fill_in(office, business(1), business(2))

    pilot = await office.run(limit=1)
    whole = await office.run()

    assert (1, 1) == (pilot.counts["submitted"], pilot.counts["not sent"])
    assert (0, 2, 2) == (whole.exit_status, whole.counts["rows"], whole.counts["submitted"])
    assert 2 == len(office.sandbox.state.records)


async def test_business_written_over_the_example_is_sent(office: Office) -> None:
    """Who writes over the example and forgets its Key has a row like any other."""
    fill_in(office, business(1), over_the_example=True)

    result = await office.run()

    assert (1, 1) == (result.counts["rows"], result.counts["submitted"])
    assert [(2, "EXAMPLE", "submitted")] == results(office)


async def test_check_of_a_fresh_template(office: Office) -> None:
    """Nothing is wrong with it, and nothing is marked."""
    fill_in(office)

    told = await office.type("check", "--offline", "--json")

    assert (0, [], 0) == (told.status, told.json["findings"], told.json["counts"]["rows"])
    assert not list(office.folder.glob("*.annotated*"))
