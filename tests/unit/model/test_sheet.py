"""Names of workbooks."""

from pathlib import Path

import pytest

from bulk_onboard.model.sheet import WorkbookType, type_by_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.XLSX", WorkbookType.XLSX),
        ("a.xlsm", WorkbookType.XLSX),
        ("a.xlsx.tsv", WorkbookType.TEXT),
        ("a.toml", None),
        ("xlsx", None),
    ],
)
def test_ending_tells_the_type(name, expected):
    """The last ending counts, in whatever case; what is no workbook has no type."""
    assert expected == type_by_name(Path("folder") / name)
