"""A look over the whole archive before anything in it is parsed: harmless, and where cells may need a second look."""

from collections.abc import Mapping
from typing import NamedTuple

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.archive.container import Container
from bulk_onboard.intake.reader.archive.parts import (
    CONTENT,
    MANIFEST,
    RELATIONS,
    SHARED_STRINGS,
    STYLES,
    WORKBOOK,
    sheet_parts,
)
from bulk_onboard.intake.reader.archive.scan import SHEET, STRINGS, SURROGATES, Found, scan
from bulk_onboard.intake.reader.xlsx.styles import NumberFormat, formats_of
from bulk_onboard.model.workbook_type import WorkbookType

_TELL_OF_OTHERS = {WORKBOOK, RELATIONS, STYLES}
_FEW = 8
_NOTHING = Found(frozenset(), 0)


class Overview(NamedTuple):
    """What was found.

    Attributes:
        found: by a part's name, what is in it.
        parts: by a sheet's name, its part's; of an .xlsx only.
        formats: by a style's number, its format, where that shows more of a number than its digits.
    """

    found: Mapping[str, Found] = {}
    parts: Mapping[str, str] = {}
    formats: Mapping[str, NumberFormat] = {}

    def needs_second_look(self, sheet: str) -> bool:
        """Whether the sheet's XML may tell more than its values."""
        return not self._of(sheet).marks <= frozenset(SURROGATES)

    def has_surrogates(self, sheet: str) -> bool:
        """Whether texts may hold half characters."""
        strings = self.found.get(SHARED_STRINGS, _NOTHING).marks
        return not (strings | self._of(sheet).marks).isdisjoint(SURROGATES)

    def values(self, sheet: str) -> int:
        """How many cells of the sheet may have a value."""
        return self._of(sheet).values

    def _of(self, sheet: str) -> Found:
        return self.found.get(self.parts.get(sheet, ""), _NOTHING)


def overview_of(container: Container, kind: WorkbookType) -> Overview:
    """First of the parts that tell which others hold cells, each before it is parsed; then of all.

    Raises:
        WorkbookError: a part is dangerous, damaged or encrypted.
        expat.ExpatError: a part that should be XML is none.
    """
    for name in _TELL_OF_OTHERS & container.parts.keys():
        scan(container, name)
    is_xlsx = kind is WorkbookType.XLSX
    parts = sheet_parts(container) if is_xlsx else {}
    formats = formats_of(container.whole(STYLES)) if is_xlsx else {}
    wanted: dict[str, tuple[bytes, ...]] = {SHARED_STRINGS: STRINGS, CONTENT: STRINGS}
    wanted |= dict.fromkeys(parts.values(), SHEET + _style_marks(formats))
    found = {name: scan(container, name, wanted.get(name, ())) for name in container.parts}
    if b"encryption-data" in container.whole(MANIFEST):
        raise WorkbookError(f"{container.path} is protected by a password. Save it without a password.")
    return Overview(found, parts, formats)


def _style_marks(formats: Mapping[str, NumberFormat]) -> tuple[bytes, ...]:
    """What cells of these styles have; of very many styles, what cells of any style have."""
    if len(formats) > _FEW:
        return (b"s=",)
    return tuple(f"s={quote}{style}{quote}".encode() for style in formats for quote in "\"'")
