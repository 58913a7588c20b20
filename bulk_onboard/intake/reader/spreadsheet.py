"""The pages of a spreadsheet that calamine reads, with what a second look adds."""

from collections.abc import Collection
from pathlib import PurePath
from xml.parsers import expat

from bulk_onboard.intake.reader import opendocument
from bulk_onboard.intake.reader.archive.container import Container, damaged
from bulk_onboard.intake.reader.archive.parts import CONTENT, refers_elsewhere
from bulk_onboard.intake.reader.choice import named_or_competing
from bulk_onboard.intake.reader.grid import Book, Grid
from bulk_onboard.intake.reader.look import Look
from bulk_onboard.intake.reader.page import Page, page_of
from bulk_onboard.intake.reader.xlsx import cells
from bulk_onboard.intake.reader.xlsx.overview import Overview, overview_of
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.workbook_type import WorkbookType

_TELLS_LESS = (WorkbookType.XLS, WorkbookType.XLSB)


def pages_of(
    path: str, content: bytes, container: Container | None, kind: WorkbookType, sheet: str | None
) -> list[Page]:
    """The named sheet, or every visible one.

    Raises:
        WorkbookError: damaged, dangerous, or without such a sheet.
    """
    try:
        seen = overview_of(container, kind) if container else Overview()
        book = Book(path, content)
        names = named_or_competing(path, book.names, book.visible, sheet)
        if kind is WorkbookType.XLSX and not set(names) <= {
            name for name, part in seen.parts.items() if part in seen.found
        }:
            raise damaged(path, "a sheet has no part of its own")
        findings = _findings(path, container.parts if container else (), kind)
        return [_page(book.grid(name), container, kind, seen, name)._replace(findings=findings) for name in names]
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise damaged(path, f"a part of it is not as it must be ({type(error).__name__})") from None


def _page(grid: Grid, container: Container | None, kind: WorkbookType, seen: Overview, name: str) -> Page:
    look = _second_look(container, kind, seen, name, grid) if container else None
    page = page_of(name, grid.frame, look, numbers=grid.numbers, has_surrogates=seen.has_surrogates(name))
    return page._replace(merged=[*grid.merged, *(look.merged if look else ())])


def _second_look(container: Container, kind: WorkbookType, seen: Overview, name: str, grid: Grid) -> Look | None:
    if kind is WorkbookType.ODS:
        return opendocument.second_look(container.pieces(container.parts[CONTENT]), name)
    if kind is not WorkbookType.XLSX:
        return None
    lost = seen.values(name) > grid.filled
    if not lost and not seen.needs_second_look(name):
        return None
    look = cells.second_look(container.pieces(container.parts[seen.parts[name]]), seen.formats, doubles=lost)
    if look.double:
        raise damaged(container.path, f'sheet "{name}" has two values for cell {look.double}')
    return look


def _findings(path: str, parts: Collection[str], kind: WorkbookType) -> list[Finding]:
    findings = [Finding("external-links")] if refers_elsewhere(parts) else []
    if kind in _TELLS_LESS:
        findings.append(Finding("format-tells-less", details={"ending": PurePath(path).suffix.lower()}))
    return findings
