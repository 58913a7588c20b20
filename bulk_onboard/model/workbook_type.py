"""The types of workbooks that are read, and how their names end."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePath


class WorkbookType(StrEnum):
    """A type, called by its usual ending."""

    XLSX = ".xlsx"
    XLS = ".xls"
    XLSB = ".xlsb"
    ODS = ".ods"
    TEXT = ".csv"


WORKBOOK_ENDINGS: Mapping[str, WorkbookType] = {
    ".xlsx": WorkbookType.XLSX,
    ".xlsm": WorkbookType.XLSX,
    ".xls": WorkbookType.XLS,
    ".xlsb": WorkbookType.XLSB,
    ".ods": WorkbookType.ODS,
    ".csv": WorkbookType.TEXT,
    ".tsv": WorkbookType.TEXT,
}
"""How names end, in lower case, and the type that such a file should be."""


def type_by_name(path: PurePath) -> WorkbookType | None:
    """The type that a file should be by its name, whatever the case; None for no workbook."""
    return WORKBOOK_ENDINGS.get(path.suffix.lower())
