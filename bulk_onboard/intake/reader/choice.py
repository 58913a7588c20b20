"""Which sheet is meant, and where its headers are; nothing is guessed."""

from collections.abc import Sequence

from bulk_onboard.errors import WorkbookError
from bulk_onboard.intake.reader.page import Page
from bulk_onboard.model.sheet import HOW_TO_FIX


def named_or_competing(path: str, names: Sequence[str], visible: Sequence[str], sheet: str | None) -> list[str]:
    """The sheets to read: the named one, hidden or not; else every visible one, except what our own copy added."""
    if sheet is None:
        return [name for name in visible if name.casefold() != HOW_TO_FIX.casefold()]
    for name in names:
        if name.casefold() == sheet.casefold():
            return [name]
    raise WorkbookError(f'{path} has no sheet "{sheet}". It has: {_listed(names)}.')


def choose(path: str, pages: Sequence[Page], header_row: int) -> Page:
    """The one page that is meant.

    A sheet with nothing below its headers, such as a page of instructions, does not compete with one that has rows;
    where none has any, the first one is meant: a workbook yet to be filled in.
    """
    filled = [page for page in pages if page.numbers and page.numbers[-1] > header_row]
    if len(filled) > 1:
        raise WorkbookError(
            f"{path} has several sheets with rows: {_listed([page.name for page in filled])}. "
            "Name the one to read: --sheet NAME."
        )
    begun = filled or [page for page in pages if page.numbers]
    if not begun:
        raise WorkbookError(f"No visible sheet of {path} holds anything. Is it the right file?")
    return begun[0]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "no visible one"
