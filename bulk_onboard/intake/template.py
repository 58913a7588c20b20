"""Write an input workbook from the requirements: what to fill in, where, and which words are accepted.

Every column is text, so that Excel destroys nothing. Below the headers stands one example, which is known again and
never sent. The second sheet explains; it holds one cell in the header row and no rows, so it is never taken for data.
A third one, hidden, holds the drop-downs that are too long to stand in the sheet itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bulk_onboard import errors
from bulk_onboard.intake.form import Choices, FormColumn, form_columns
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.sheet import LAST_ROW, column_letters

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.worksheet.worksheet import Worksheet

_TEXT = "@"
_LIST_LIMIT = 255  # characters of a drop-down that stands in the sheet itself
_LISTS = "Lists"
_NARROWEST, _WIDEST = 14, 36  # characters
_NOTE_WIDTH = 320  # pixels, which hold about 50 characters
_NOTE_CHARACTERS, _NOTE_LINE = 42, 20

_EXAMPLE_NOTE = "This row is an example.\nIt is never sent. Delete it, or write over it, its Key included."

_GUIDE = """How to fill in the sheet "Businesses"

One row is one business. Dark headers must be filled in; the others may stay blank.
Rest the pointer on a header to see what belongs there. Some cells offer the accepted words in a list.

Row 2 is an example. It is never sent. Delete it, or write over it, its Key included.

Key is your own name for a row, such as a customer number. Give each row another one, and never change it: by it a \
mended row is known again. Without a Key the registration number serves.

Documents are PNG or PDF files of at most 5 MiB. Put them into the documents folder and write their paths, starting at \
that folder: acme/identity.pdf

Numbers are phone numbers of your account, to be linked once the business is approved. Separate several by commas.

Every cell is formatted as text, so that Excel keeps 0012345 and 1-2 as they are. If you paste, paste values only.

You may reorder columns, leave out those that may stay blank, and add notes of your own: an unknown column is ignored, \
with a warning."""


def write_template(path: Path, book: RequirementsBook) -> None:
    """Write a workbook with a column for everything that may be filled in, and the example as its only row.

    Raises:
        UsageError: the file is there already, or its folder is not.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - costs 0.3 s, which only writing a workbook should pay

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    _write_sheet(workbook, list(form_columns(book)))
    try:
        path.touch(mode=0o600, exist_ok=False)
        workbook.save(path)
    except FileExistsError:
        raise errors.UsageError(f"{path} is there already and is not overwritten. Choose another name.") from None
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror}. Choose another place.") from None


def _write_sheet(workbook: "Workbook", columns: Sequence[FormColumn]) -> None:
    sheet = workbook.create_sheet("Businesses")
    _write_guide(workbook)
    sheet.freeze_panes = "A2"
    for position, column in enumerate(columns):
        _write_header(sheet, position, column)
        _write_example(sheet, position, column)
        _offer_choices(workbook, sheet, position, column)
    sheet["A2"].comment = _comment(_EXAMPLE_NOTE)


def _write_header(sheet: "Worksheet", position: int, column: FormColumn) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - see write_template

    fill, ink = ("1F3864", "FFFFFF") if column.required else ("D9E1F2", "1F3864")
    cell = sheet.cell(1, position + 1, column.title)
    cell.fill = PatternFill("solid", fgColor=fill)
    cell.font = Font(bold=True, color=ink)
    cell.alignment = Alignment(vertical="center")
    cell.number_format = _TEXT
    cell.comment = _comment(column.note)
    words = column.choices.words if column.choices.closed else ()
    longest = max(map(len, (column.example, *words)))
    whole = sheet.column_dimensions[column_letters(position)]
    whole.width = max(_NARROWEST, len(column.title) + 4, min(longest + 4, _WIDEST))
    whole.number_format = _TEXT


def _write_example(sheet: "Worksheet", position: int, column: FormColumn) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415 - see write_template

    cell = sheet.cell(2, position + 1, column.example or None)
    cell.font = Font(italic=True, color="808080")
    cell.number_format = _TEXT


def _comment(note: str) -> "Comment":
    """A note in a box that holds all of it."""
    from openpyxl.comments import Comment  # noqa: PLC0415 - see write_template

    lines = sum(len(line) // _NOTE_CHARACTERS + 1 for line in note.splitlines())
    return Comment(note, "bulk-onboard", width=_NOTE_WIDTH, height=_NOTE_LINE * (lines + 1))


def _offer_choices(workbook: "Workbook", sheet: "Worksheet", position: int, column: FormColumn) -> None:
    """A drop-down for the column; where other words are accepted, too, Excel asks before it takes one."""
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - see write_template

    choices = column.choices
    if not choices.words:
        return
    validation = DataValidation(
        type="list",
        formula1=_listed_in_place(choices) or _listed_aside(workbook, position, column),
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="stop" if choices.closed else "warning",
        errorTitle="Not accepted" if choices.closed else "Not in the list",
        error="Choose one of the list.",
    )
    letter = column_letters(position)
    validation.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(validation)


def _listed_in_place(choices: Choices) -> str:
    """The words as one text, parted by commas; empty where they do not fit into one."""
    words = ",".join(choices.words)
    fits = len(words) <= _LIST_LIMIT and not any(sign in word for word in choices.words for sign in ',"')
    return f'"{words}"' if fits else ""


def _listed_aside(workbook: "Workbook", position: int, column: FormColumn) -> str:
    """The range of the hidden sheet that holds the words from now on."""
    lists = workbook[_LISTS] if _LISTS in workbook.sheetnames else workbook.create_sheet(_LISTS)
    lists.sheet_state = "hidden"
    for row, word in enumerate((column.title, *column.choices.words), 1):
        cell = lists.cell(row, position + 1, word)
        cell.number_format = _TEXT
    letter = column_letters(position)
    return f"{_LISTS}!${letter}$2:${letter}${len(column.choices.words) + 1}"


def _write_guide(workbook: "Workbook") -> None:
    from openpyxl.styles import Alignment  # noqa: PLC0415 - see write_template

    sheet = workbook.create_sheet("How to fill in")
    sheet.column_dimensions["A"].width = 100
    sheet.row_dimensions[1].height = 390
    cell = sheet.cell(1, 1, _GUIDE)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
