"""One sheet in several formats is one batch of businesses: whatever it is saved as, its rows are the same rows."""

import csv
from pathlib import Path

import openpyxl

from tests.support.businesses import HEADERS, aged, business
from tests.support.office import Office

ROWS = range(3)


def save_as_numbers(office: Office, number_format: str) -> None:
    """The workbook with Keys that are numbers, shown in this format."""
    office.fill([business(number) for number in ROWS])
    workbook = openpyxl.load_workbook(office.workbook)
    sheet = workbook.active
    for number in ROWS:
        cell = sheet.cell(number + 2, HEADERS.index("Key") + 1, 1042 + number)
        cell.number_format = number_format
    workbook.save(office.workbook)
    aged(office.workbook)


def save_as_csv(office: Office, keys: list[str]) -> Path:
    """The same sheet as a csv, with Keys as they are shown."""
    path = office.workbook.with_suffix(".csv")
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        rows = [business(number, Key=key) for number, key in zip(ROWS, keys, strict=True)]
        csv.writer(file).writerows([HEADERS, *([row.get(header, "") for header in HEADERS] for row in rows)])
    aged(path)
    return path


async def test_key_that_a_format_shows_is_the_key_of_the_csv(office: Office) -> None:
    """A run of the workbook and then of its copy saved as csv file every business once."""
    save_as_numbers(office, '"K-"00000')
    first = await office.run()

    again = await office.run(workbook=str(save_as_csv(office, [f"K-{1042 + number:05d}" for number in ROWS])))

    assert (0, 3) == (first.exit_status, first.counts["submitted"])
    assert (0, 3) == (again.exit_status, again.counts["submitted"])
    assert len(ROWS) == len(office.sandbox.state.records)


async def test_key_that_is_shown_otherwise_is_told(office: Office) -> None:
    """Where the format only spells the number, it is the Key, and a warning says that a csv would have another."""
    save_as_numbers(office, "#,##0")

    told = await office.type("check", "--offline", "--json")

    assert ["number-shown-otherwise"] * 3 == [finding["code"] for finding in told.json["findings"]]


async def test_rows_of_defaults_below_the_data_are_no_businesses(office: Office) -> None:
    """They are counted and reported, and need nobody; a pattern looks for no documents of theirs."""
    blank = dict.fromkeys(HEADERS, "") | {"Number Type": "local", "Country": "IN", "Alias": "FALSE"}
    office.fill([business(0, Key="K-1"), blank, blank])

    result = await office.run(documents_pattern="{registration_number}/{type}.*")

    assert (0, 3, 1, 2) == (
        result.exit_status,
        result.counts["rows"],
        result.counts["submitted"],
        result.counts["blank"],
    )
