"""Write an input workbook from the requirements: what to fill in, where, and which words are accepted.

Every column is text, so that Excel destroys nothing. The second sheet explains; it holds one cell in the header row
and no rows, so it is never taken for data.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bulk_onboard import errors
from bulk_onboard.intake.header import column_letter, required_columns, titles
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.requirements import DocumentRequirement, FieldRequirement, RequirementsBook
from bulk_onboard.model.sheet import document_column, kind_column

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_TEXT = "@"
_LAST_ROW = 1_048_576  # of any Excel sheet
_LIST_LIMIT = 255  # characters of a drop-down that stands in the sheet itself

_GUIDE = """How to fill in the sheet "Businesses"

One row is one business. Dark headers must be filled in; the others may stay blank.
Rest the pointer on a header to see what belongs there.

Key is your own name for a row, such as a customer number. Give each row another one, and never change it: by it a \
mended row is known again. Without a Key the registration number serves.

Documents are PNG or PDF files of at most 5 MiB. Put them into the documents folder and write their paths, starting at \
that folder: acme/identity.pdf

Numbers are phone numbers of your account, to be linked once the business is approved. Separate several by commas.

You may reorder columns, leave out those that may stay blank, and add notes of your own: an unknown column is ignored, \
with a warning."""

_PLAIN_NOTES = {
    ours.KEY: "Your own name for the row, such as a customer number; each row another one.",
    ours.ALIAS: "What the record is to be called at the API; else the Key.",
    ours.COUNTRY_ISO: "Country of the phone number.",
    ours.NUMBER_TYPE: "Type of the phone number.",
    ours.USER_TYPE: "Who uses the number.",
    ours.NUMBERS: "Phone numbers to link once approved, separated by commas.",
    ours.CALLBACK_URL: "Where the API reports reviews; begins with https://.",
}


class _Column(NamedTuple):
    """One column of the new workbook; `choices` are the only words it takes, none for any."""

    title: str
    required: bool
    note: str
    choices: tuple[str, ...] = ()


def write_template(path: Path, book: RequirementsBook) -> None:
    """Write a workbook with a column for everything that may be filled in, and no rows.

    Raises:
        UsageError: the file is there already, or its folder is not.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - costs 0.3 s, which only writing a workbook should pay

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    _write_sheet(workbook, list(_columns(book)))
    _write_guide(workbook)
    try:
        path.touch(mode=0o600, exist_ok=False)
        workbook.save(path)
    except FileExistsError:
        raise errors.UsageError(f"{path} is there already and is not overwritten. Choose another name.") from None
    except OSError as error:
        raise errors.UsageError(f"{path} cannot be written: {error.strerror}. Choose another place.") from None


def _columns(book: RequirementsBook) -> Iterator[_Column]:
    notes, choices, required = _notes(book), _choices(book), required_columns(book)
    for name, title in titles(book).items():
        must = "Required." if name in required else "May stay blank."
        yield _Column(title, name in required, f"{title}\n{must} {notes.get(name, '')}".rstrip(), choices.get(name, ()))


def _choices(book: RequirementsBook) -> dict[str, tuple[str, ...]]:
    parts = (ours.COUNTRY_ISO, ours.NUMBER_TYPE, ours.USER_TYPE)
    combinations = {
        name: tuple(dict.fromkeys(words)) for name, words in zip(parts, zip(*book.offered, strict=True), strict=False)
    }
    return combinations | {kind_column(document.type): document.kinds for document in book.documents()}


def _notes(book: RequirementsBook) -> dict[str, str]:
    return (
        _PLAIN_NOTES
        | {field.name: _field_note(field) for field in book.fields()}
        | {document_column(document.type): _document_note(document) for document in book.documents()}
        | {kind_column(document.type): _kind_note(document) for document in book.documents()}
    )


def _field_note(field: FieldRequirement) -> str:
    low, high = field.min_length or 0, field.max_length
    if high is None:
        return f"At least {low} characters." if low else ""
    return f"Exactly {high} characters." if low == high else f"{low} to {high} characters."


def _document_note(document: DocumentRequirement) -> str:
    path = "The path of a PNG or PDF file, starting at the documents folder; at most 5 MiB."
    return f"{path}\n{document.description}".rstrip()


def _kind_note(document: DocumentRequirement) -> str:
    return f"What the document is: {', '.join(document.kinds)}." if document.kinds else "What the document is."


def _write_sheet(workbook: "Workbook", columns: Sequence[_Column]) -> None:
    sheet = workbook.create_sheet("Businesses")
    sheet.freeze_panes = "A2"
    for position, column in enumerate(columns):
        _write_header(sheet, position, column)
        _offer_choices(sheet, position, column.choices)


def _write_header(sheet: "Worksheet", position: int, column: _Column) -> None:
    from openpyxl.comments import Comment  # noqa: PLC0415 - see write_template
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415

    fill, ink = ("1F3864", "FFFFFF") if column.required else ("D9E1F2", "1F3864")
    cell = sheet.cell(1, position + 1, column.title)
    cell.fill = PatternFill("solid", fgColor=fill)
    cell.font = Font(bold=True, color=ink)
    cell.alignment = Alignment(vertical="center")
    cell.number_format = _TEXT
    cell.comment = Comment(column.note, "bulk-onboard", width=320, height=110)
    whole = sheet.column_dimensions[column_letter(position)]
    whole.width = max(14, *(len(word) + 4 for word in (column.title, *column.choices)))
    whole.number_format = _TEXT


def _offer_choices(sheet: "Worksheet", position: int, choices: Sequence[str]) -> None:
    """A drop-down for the column, where its words fit into one: it is a single text, and commas part them."""
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    words = ",".join(choices)
    if not words or len(words) > _LIST_LIMIT or any(sign in word for word in choices for sign in ',"'):
        return
    letter = column_letter(position)
    validation = DataValidation(
        type="list",
        formula1=f'"{words}"',
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="Not accepted",
        error="Choose one of the list.",
    )
    validation.add(f"{letter}2:{letter}{_LAST_ROW}")
    sheet.add_data_validation(validation)


def _write_guide(workbook: "Workbook") -> None:
    from openpyxl.styles import Alignment  # noqa: PLC0415

    sheet = workbook.create_sheet("How to fill in")
    sheet.column_dimensions["A"].width = 100
    sheet.row_dimensions[1].height = 330
    cell = sheet.cell(1, 1, _GUIDE)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
