"""An .xlsx or .xlsm with some cells of one sheet written anew: every other part of the archive as it was."""

import io
import re
from collections.abc import Iterable
from zipfile import ZipFile

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive.container import open_container
from bulk_onboard.intake.reader.archive.parts import WORKBOOK, sheet_parts
from bulk_onboard.intake.writer import worksheet
from bulk_onboard.model.edit import Edit

_A_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_CALCULATION = re.compile(rb"<(?:\w+:)?calcPr\b[^>]*?(?=/?>)")
_BEFORE_CALCULATION = re.compile(
    rb"</((?:\w+:)?)(?:sheets|functionGroups|externalReferences|definedNames)\s*>(?!.*</(?:\w+:)?(?:functionGroups|"
    rb"externalReferences|definedNames)\s*>)",
    re.DOTALL,
)


def formulas_of(path: str, content: bytes, sheet: str) -> dict[tuple[int, int], str]:
    """The formulas of a sheet by row number and position; as `worksheet.formulas_of`."""
    container = open_container(path, content)
    return worksheet.formulas_of(container.whole(_part_of(path, content, sheet)))


def edited(path: str, content: bytes, sheet: str, edits: Iterable[Edit]) -> bytes:
    """The workbook with these cells in the sheet; whoever opens it calculates it anew.

    Raises:
        WorkbookError: it is damaged, or none that can be written.
    """
    container = open_container(path, content)
    wanted = _part_of(path, content, sheet)
    new = {wanted: worksheet.edited(container.whole(wanted), edits)}
    if any(_A_FORMULA.search(container.whole(part)) for part in sheet_parts(container).values()):
        new[WORKBOOK] = _to_be_calculated(container.whole(WORKBOOK))
    stream = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as before, ZipFile(stream, "w") as after:
        after.comment = before.comment
        for entry in before.infolist():
            name = entry.filename.lower()
            after.writestr(entry, new[name] if name in new else container.whole(name), entry.compress_type)
    return stream.getvalue()


def _part_of(path: str, content: bytes, sheet: str) -> str:
    parts = sheet_parts(open_container(path, content))
    found = next((part for name, part in parts.items() if name.casefold() == sheet.casefold()), None)
    if found is None:
        raise WorkbookError(f'it has no sheet "{sheet}"')
    return found


def _to_be_calculated(workbook: bytes) -> bytes:
    """The workbook's part such that Excel calculates all formulas when it opens it."""
    if match := _CALCULATION.search(workbook):
        if b"fullCalcOnLoad" in match[0]:
            return workbook
        return workbook[: match.end()].rstrip() + b' fullCalcOnLoad="1"' + workbook[match.end() :]
    if match := _BEFORE_CALCULATION.search(workbook):
        element = b"<" + match[1] + b'calcPr fullCalcOnLoad="1"/>'
        return workbook[: match.end()] + element + workbook[match.end() :]
    return workbook
