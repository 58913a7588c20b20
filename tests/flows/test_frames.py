"""A frame in place of a workbook: the same rows, the same findings, the same records."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.workbook import sheet_from_frame
from bulk_onboard.model.sheet import Stored
from bulk_onboard.pipeline.judge import make_dry_run
from tests.support.businesses import business
from tests.support.nights import Nights, keyed
from tests.support.office import Office


def frame_of(rows: list[dict[str, str]]) -> pd.DataFrame:
    """The rows as somebody's program has them: blanks are missing."""
    return pd.DataFrame(rows).replace("", None)


async def findings(office: Office, frame: pd.DataFrame | None) -> list[Any]:
    """What is wrong with the rows."""
    dry_run = await make_dry_run(office.job(), credentials=None, clock=SystemClock(), frame=frame)
    return [(f.code, f.row, f.column, f.seen) for f in dry_run.plan.findings]


async def test_a_frame_has_the_findings_of_a_workbook_with_the_same_cells(office: Office) -> None:
    """Texts, blanks, errors, duplicates; each at the row that it would stand in."""
    rows = [
        keyed(1),
        business(2, City="", Email="nobody"),
        business(3, Registration_Number="#N/A"),
        keyed(1, City="Mysuru"),
        business(4, Postal_Code="40001", Business_Name="Аcme"),
    ]
    office.fill(rows)

    told = await findings(office, None)

    assert len(told) > 5
    assert told == await findings(office, frame_of(office.rows))


async def test_numbers_dates_and_truth_values_are_kept_as_in_a_workbook(office: Office) -> None:
    """What Excel would have destroyed is told of a frame, too."""
    office.fill([keyed(1), keyed(2), keyed(3)])
    frame = frame_of(office.rows)
    frame["Registration Number"] = [12345678901, 1.5e20, 7]
    frame["Postal Code"] = [560001, 560001.0, np.int64(560001)]
    frame["City"] = [date(2026, 1, 5), True, "Pune"]
    book = openpyxl.load_workbook(office.workbook)
    for header in ("Registration Number", "Postal Code", "City"):
        column = [cell.value for cell in book.worksheets[0][1]].index(header) + 1
        for at, value in enumerate(frame[header].tolist()):
            book.worksheets[0].cell(at + 2, column, value)
    book.save(office.workbook)

    told = await findings(office, None)

    assert {"date-instead-of-text", "digits-lost", "number-instead-of-text"} <= {code for code, *_ in told}
    assert told == await findings(office, frame)


async def test_a_frame_is_run_without_a_workbook(nights: Nights) -> None:
    """Its ledger and report lie where the workbook's would; a run of the workbook finds the rows filed."""
    nights.fill([keyed(1), keyed(2)])
    frame = frame_of(nights.rows)
    nights.workbook.unlink()

    first = await nights.night(frame=frame)
    nights.save()
    second = await nights.night()

    assert [0, 0] == [first.exit_status, second.exit_status]
    assert 2 == len(nights.sandbox.state.records) == nights.asked()["create"]


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        ("007", "007", None),
        (" a ", " a ", None),
        (7, "7", Stored.NUMBER),
        (np.float64(7.0), "7", Stored.NUMBER),
        (np.bool_(True), "TRUE", Stored.BOOLEAN),
        (datetime(2026, 1, 5, 10, 30), "2026-01-05 10:30:00", Stored.DATE),  # noqa: DTZ001 - as a workbook has it
        (datetime(2026, 1, 5, tzinfo=UTC), "2026-01-05 00:00:00+00:00", Stored.DATE),
        (pd.Timestamp("2026-01-05"), "2026-01-05 00:00:00", Stored.DATE),
        (pd.Timedelta(hours=36), "36:00:00", Stored.DATE),
        (Decimal("1.50"), "1.50", None),
        (10**400, "INF", Stored.NUMBER),
    ],
    ids=str,
)
def test_each_value_of_a_frame_is_a_cell(value: object, text: str, kind: Stored | None) -> None:
    """As text, and with what it was."""
    sheet = sheet_from_frame(pd.DataFrame({"A": ["x", value], "B": ["", ""]}, dtype=object), path=Path("b.xlsx"))

    assert (text, kind) == (sheet.texts[0][1], sheet.kinds.get(0, {}).get(1))


def test_missing_values_are_blank_and_rows_of_them_are_left_out() -> None:
    """Whatever pandas calls missing; a row keeps the number that it would have in a workbook."""
    missing = [None, float("nan"), pd.NA, pd.NaT]
    sheet = sheet_from_frame(pd.DataFrame({"A": [*missing, "k"], "B": [*missing, pd.NA]}), path=Path("b.xlsx"))

    assert ((6,), (("k",), ("",))) == (sheet.numbers, sheet.texts)
    assert sheet.frame.loc[6].tolist() == ["k", ""]


def test_a_column_whose_name_is_missing_has_no_header() -> None:
    """As in a workbook; it is not called nan or None."""
    frame = pd.DataFrame([["a", "b", "c"]], columns=pd.Index(["Key", None, float("nan")], dtype=object))

    assert ("Key", "", "") == sheet_from_frame(frame, path=Path("b.xlsx")).headers


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (pd.DataFrame({"Key": ["a"]}).set_index("Key"), "Call frame.reset_index() first."),
        (pd.DataFrame({("a", "b"): ["x"]}), "headers of several levels"),
        (pd.Series(["a"], name="Key"), "A Series cannot stand for a workbook. Hand over a DataFrame."),
        (pd.DataFrame({"Key": ["a"] * 200_001}), "The frame has 200,001 rows, more than 200,000."),
        (pd.DataFrame({"Key": ["a"], "Numbers": [["91", "92"]]}), 'The column "Numbers" of the frame has a list'),
        (pd.DataFrame({"City": ["a", {"name": "Pune"}]}), 'The column "City" of the frame has a dict'),
        (pd.DataFrame({"City": ["a", np.array([1, 2])]}), 'The column "City" of the frame has a ndarray'),
    ],
    ids=["named index", "levels", "Series", "too long", "list", "dict", "array"],
)
def test_what_cannot_stand_for_a_workbook_is_refused(frame: Any, why: str) -> None:
    """In a sentence that says what to do."""
    with pytest.raises(WorkbookError) as refused:
        sheet_from_frame(frame, path=Path("b.xlsx"))

    assert why in str(refused.value)


def test_an_instant_of_numpy_and_bytes_are_what_they_say() -> None:
    """Not the number of nanoseconds since 1970, and not Python's way of writing bytes."""
    values = [np.datetime64("2026-01-05T10:30:00.000000001", "ns"), b"K-1"]
    sheet = sheet_from_frame(pd.DataFrame({"A": pd.Series(values, dtype=object)}), path=Path("b.xlsx"))

    assert ("2026-01-05 10:30:00", "K-1") == sheet.texts[0]
