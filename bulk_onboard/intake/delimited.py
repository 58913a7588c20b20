"""The records of a csv file, by strict rules: nothing is guessed, and nothing is shifted into another column.

The encoding is that of the file's mark, or the user's word, or UTF-8. It is never guessed: cp1252 reads UTF-16 and
Latin-2 without a complaint, and other names come out. The delimiter is the one that splits the header line into known
names, into most cells where none is known. Every line of the file belongs to exactly one record, and whatever would
shift values into columns where they do not belong is an error that names the lines: a quotation mark that swallows
rows, a delimiter too many (a comma in an address that nobody quoted) or too few.

A line ends by LF, CR and LF, or CR alone, and the three may be mixed. A record's place, counted from 1, is the row
number Excel shows; Excel does not show a first line `sep=;`. Messages count lines as an editor does, and name the row
where it has another number.
"""

import codecs
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bulk_onboard import errors
from bulk_onboard.intake.names import NEAR_THE_TOP, WHATEVER_REQUIRED, known_headers, likely_headers
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.sheet import LAST_ROW, MOST_ROWS

DELIMITERS = (",", ";", "\t", "|")
TSV_ENDING = ".tsv"

LONGEST_CELL = 1_000_000
"""Characters. Excel keeps 32,767: what is longer than this is no cell but rows that a quotation mark swallowed."""

_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)
_MARKS = re.compile("(^|[,;\t|])(?:\ufeff|ï»¿)+")  # the latter is the same mark where UTF-8 is read as cp1252
_WRAPPED = re.compile(r'\s*="((?:[^"]|"")*)"\s*')
_NAMED = 5  # lines that one message names
_AS_TEXT = "import the file into Excel with every column as text, and save it as .xlsx"
_BROKEN_RULES = {
    "unexpected end of data": "a quotation mark is opened and never closed",
    "field larger than field limit": f"a cell is longer than {LONGEST_CELL:,} characters, so it lacks a quotation mark",
    "expected after": "a quotation mark closes a cell before its end",
}

_BOMS = (  # in this order, because UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_DISGUISES = (
    (rb"PK\x03\x04", "an Excel workbook, or another zip file", "If it is a workbook, name it .xlsx or .ods."),
    (rb"\xd0\xcf\x11\xe0", "an old Excel workbook", "Name it .xls, or open it in Excel and save it as .xlsx."),
    (rb"%PDF-", "a PDF", "Ask for the table itself, as .xlsx or .csv."),
    (
        rb"(?i)<(!doctype html|html|head|body|table|meta|style)\b",
        "a web page (HTML)",
        "Open it in Excel, save as .xlsx.",
    ),
    (rb"<\?xml\b", "XML", "Open it in Excel and save it as .xlsx."),
    (rb'\{\s*"|\[\s*[\[{"]', "JSON", "Ask for the table itself, as .xlsx or .csv."),
    (rb"\x1f\x8b", "compressed (gzip)", "Unpack it first."),
)

_SAVE_ANEW = 'Save it in Excel as "CSV UTF-8", or name the encoding it has, such as --encoding'

for _codec in {codec for _, codec in _BOMS} | {"utf-8"}:  # modules, which a confined child could not load later
    codecs.lookup(_codec)


class Records(NamedTuple):
    """What a csv file holds.

    Attributes:
        rows: every record, blank ones included; those from the header row on are all as wide as the headers.
        findings: what was noticed about the file as a whole.
    """

    rows: list[list[str]]
    findings: tuple[Finding, ...]


class Layout(NamedTuple):
    """How a csv file is written, text by text, so that one record can be written anew and all others stay.

    Attributes:
        before: what stands before the first record, such as a line `sep=;`.
        records: the text of each record, its line end included; that of row 1 first.
    """

    delimiter: str
    before: str
    records: list[str]


class _Source(NamedTuple):
    """The file, and how it is split.

    Attributes:
        lines: gives its lines from the first one that Excel shows, anew at each call.
        first_line: the number of that line, as an editor shows it.
        delimiters: those that may be meant.
    """

    path: Path
    lines: Callable[[], Iterator[str]]
    first_line: int
    delimiters: Sequence[str]


class _Record(NamedTuple):
    """One row: the number of the line it begins in, the row number, its cells; how many of these were wrapped as text,
    and how many of its lines have byte order marks."""

    line: int
    row: int
    cells: list[str]
    unwrapped: int = 0
    marked: int = 0

    @property
    def place(self) -> str:
        return f"line {self.line}" + (f" (row {self.row})" if self.row != self.line else "")


def read_records(path: Path, content: bytes, *, encoding: str | None, header_row: int) -> Records:
    """Return every record of the file.

    Args:
        path: the file, for messages; a name that ends in .tsv says that tabs delimit.
        content: its bytes.
        encoding: what the user says it is; None for UTF-8, or UTF-16 with its mark.
        header_row: the row number of the headers.

    Raises:
        WorkbookError: not text of this encoding, a quotation mark out of place, rows that do not fit the headers.
    """
    csv.field_size_limit(LONGEST_CELL)
    source = _source(path, content, encoding)
    records = list(_records(source, _delimiter(source, header_row), header_row))
    rows = [record.cells for record in records[: header_row - 1]] + _fitted(source, records[header_row - 1 :])
    counts = {
        "unwrapped-text": sum(record.unwrapped for record in records),
        "byte-order-marks": sum(record.marked for record in records),
    }
    return Records(rows, tuple(Finding(code, details={"count": count}) for code, count in counts.items() if count))


def layout_of(path: Path, content: bytes, *, encoding: str | None, header_row: int) -> Layout:
    """Return how the file is written, record by record; arguments and errors as for `read_records`."""
    csv.field_size_limit(LONGEST_CELL)
    source = _source(path, content, encoding)
    delimiter = _delimiter(source, header_row)
    lines: list[str] = []
    records: list[str] = []
    for _ in csv.reader(_kept(source.lines(), lines), delimiter=delimiter, strict=True):
        records.append("".join(lines))
        lines.clear()
    before = "".join(itertools.islice(lines_of(path, content, encoding), source.first_line - 1))
    return Layout(delimiter, before, records)


def is_wrapped(text: str) -> bool:
    """Whether a cell is written such as `="00123"`."""
    return bool(_WRAPPED.fullmatch(text))


def _source(path: Path, content: bytes, encoding: str | None) -> _Source:
    """Find out where the rows begin and what may delimit them: a line `sep=;` says it, else the file's ending."""
    named = _SEPARATOR_LINE.fullmatch(_without_marks(next(lines_of(path, content, encoding), "")))
    delimiters = (named[1],) if named else ("\t",) if path.suffix.lower() == TSV_ENDING else DELIMITERS
    skipped = 1 if named else 0
    return _Source(
        path, lambda: itertools.islice(lines_of(path, content, encoding), skipped, None), skipped + 1, delimiters
    )


def _delimiter(source: _Source, header_row: int) -> str:
    """Return what splits the header row into most known names, then into most cells; the first where none does."""

    def names_and_cells(delimiter: str) -> tuple[int, int]:
        records = csv.reader(map(_without_marks, source.lines()), delimiter=delimiter)
        try:
            cells = next(itertools.islice(records, header_row - 1, None), [])
        except csv.Error:  # a cell without end: reading strictly tells where it begins
            return len(WHATEVER_REQUIRED), 0
        return len(known_headers(cells, WHATEVER_REQUIRED)), len(cells)

    return max(source.delimiters, key=names_and_cells)


def _records(source: _Source, delimiter: str, header_row: int) -> Iterator[_Record]:
    lines: list[str] = []  # of the record that is being read
    reader = csv.reader(_kept(source.lines(), lines), delimiter=delimiter, strict=True)
    line, row, filled = source.first_line, 1, 0
    try:
        for cells in reader:
            unwrapped = 0
            if len(lines) > 1 or '"' in lines[0]:
                _refuse_shifts([*map(_without_marks, lines)], cells, delimiter)
                unwrapped = _unwrap(cells)
            filled += row > header_row and any(map(str.strip, cells))
            if filled > MOST_ROWS or row > LAST_ROW:
                raise errors.WorkbookError(
                    f"{source.path} has more than {MOST_ROWS:,} rows, or {LAST_ROW:,} with the blank ones. "
                    "Divide it into several files, one job each."
                )
            yield _Record(line, row, cells, unwrapped, sum(map(_has_marks, lines)))
            line, row = line + len(lines), row + 1
            lines.clear()
    except csv.Error as error:
        reason = next((words for sign, words in _BROKEN_RULES.items() if sign in str(error)), str(error))
        place = _Record(line, row, []).place.capitalize()
        raise errors.WorkbookError(
            f"{place} of {source.path} breaks the rules of csv: {reason}. "
            f"Correct the quotation marks there, or {_AS_TEXT}."
        ) from None


def _kept(lines: Iterator[str], kept: list[str]) -> Iterator[str]:
    """The lines to be split into cells; `kept` gets each as it stands in the file."""
    for line in lines:
        kept.append(line)
        yield _without_marks(line)


def _has_marks(line: str) -> bool:
    return ("\ufeff" in line or "ï»¿" in line) and _MARKS.search(line) is not None


def _without_marks(line: str) -> str:
    """Return the line without byte order marks before its cells, which files that were joined leave behind.

    A mark before a quotation mark would make the quotation mark part of the value.
    """
    return _MARKS.sub(r"\1", line) if _has_marks(line) else line


def _refuse_shifts(lines: Sequence[str], cells: Sequence[str], delimiter: str) -> None:
    """Raise csv.Error for quotation marks that are lawful but make other cells of the row than were meant."""
    if len(lines) > 1 and _swallows_rows(lines, cells, delimiter):
        raise csv.Error("a quotation mark makes one cell of several rows")
    if any(cell.lstrip().startswith('="') and not _WRAPPED.fullmatch(cell) and cell.count('"') % 2 for cell in cells):
        raise csv.Error('a cell that begins with =" holds a delimiter')
    if any(f'{before} "' in line for line in lines for before in (delimiter, " ")) or lines[0].startswith(' "'):
        meant = next(csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True))
        if [cell.strip() for cell in meant] != [cell.strip() for cell in cells]:
            raise csv.Error("a blank stands between a delimiter and a quotation mark")


def _swallows_rows(lines: Sequence[str], cells: Sequence[str], delimiter: str) -> bool:
    """Whether lines after the first look like records of their own; an address over two lines does not."""
    if len(cells) > 2 and all(line.count(delimiter) >= len(cells) - 1 for line in lines):
        return True
    return any(_begins_a_record(line.split(delimiter), cells[0].strip()) for line in lines[1:])


def _begins_a_record(parts: Sequence[str], first: str) -> bool:
    """Whether a line, split, repeats headers, or begins with something like the row's own first cell: k17, like k16."""
    if len(parts) == 1:
        return False
    same_shape = any(map(str.isdigit, first)) and _shape(parts[0].strip()) == _shape(first)
    return (same_shape and abs(len(parts[0].strip()) - len(first)) <= 1) or len(
        known_headers(parts, WHATEVER_REQUIRED)
    ) > 1


def _shape(text: str) -> str:
    """Return a letter for each run of letters and a digit for each run of digits, to compare two texts by."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", text))


def _unwrap(cells: list[str]) -> int:
    """Take the text out of cells such as `="00123"`, written so that Excel leaves it alone; return how many."""
    count = 0
    for position, cell in enumerate(cells):
        if '="' in cell and (wrapped := _WRAPPED.fullmatch(cell)):
            cells[position] = wrapped[1].replace('""', '"')
            count += 1
    return count


def _fitted(source: _Source, records: Sequence[_Record]) -> list[list[str]]:
    """Return the header row and those below it, each as wide as the headers; leave out blank cells beyond.

    A row too short is as wrong as one too long: the delimiter that it lacks may be any, not only the last. A row of
    more cells than others have is wrong even where the last ones are blank: a delimiter too many has shifted it.
    """
    headers = records[0].cells if records else []
    width = max((i for i, header in enumerate(headers, 1) if header.strip()), default=0)
    if not width:
        return [record.cells for record in records]
    filled = [record for record in records[1:] if any(map(str.strip, record.cells))]
    usual = min(len(headers), _most_common(len(record.cells) for record in filled))
    misfits = [record for record in filled if len(record.cells) != width and not _fits(record.cells, width, usual)]
    if misfits or width == 1:
        _refuse_other_headers(source, records[0])
    if misfits:
        raise errors.WorkbookError(_ragged(source.path, misfits, width))
    return [record.cells[:width] + [""] * (width - len(record.cells)) for record in records]


def _most_common(widths: Iterable[int]) -> int:
    """Return the width that most rows have, the smallest of several; 0 where there are no rows."""
    counts = Counter(widths)
    return max(sorted(counts), key=counts.__getitem__, default=0)


def _fits(cells: Sequence[str], width: int, usual: int) -> bool:
    """Whether a row of another width than the headers' has blank cells beyond them, and as many as others."""
    return width < len(cells) <= usual and not any(map(str.strip, cells[width:]))


def _ragged(path: Path, misfits: Sequence[_Record], width: int) -> str:
    named = [f"{record.place} has {len(record.cells)}" for record in misfits[:_NAMED]]
    more = len(misfits) - len(named)
    listed = ", ".join(named) + (f", and {more} more differ" if more else "")
    if all(len(record.cells) < width for record in misfits):
        return (
            f"{path} has {width} headers and rows with fewer cells: {listed}. Which cells are missing cannot be known. "
            "Excel leaves out the last ones where they are blank: save the workbook as .xlsx, or fill in its last "
            "column in every row."
        )
    return (
        f"{path} has {width} headers and rows with more or fewer cells: {listed}. Put cells that hold the delimiter in "
        f"quotation marks and give every row all its delimiters, or {_AS_TEXT}."
    )


def _refuse_other_headers(source: _Source, given: _Record) -> None:
    """Raise WorkbookError where another row near the top holds more known headers, whatever splits it."""
    beyond = len(known_headers(given.cells, WHATEVER_REQUIRED))
    for delimiter in source.delimiters:
        lines = map(_without_marks, itertools.islice(source.lines(), 2 * NEAR_THE_TOP))
        top = csv.reader(lines, delimiter=delimiter)
        if likely := likely_headers(enumerate(top, 1), WHATEVER_REQUIRED, beyond=beyond):
            number, headers = likely
            raise errors.WorkbookError(
                f"Row {given.row} of {source.path} does not hold the headers of the rows below. Row {number} holds "
                f"{', '.join(headers[:3])}: if these are the headers, say so: --header-row {number}."
            )


# -- lines


def load_encoding(encoding: str | None) -> None:
    """Load what reading this encoding takes, while files can still be opened; WorkbookError if there is none."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=codecs.lookup(encoding or "utf-8").name).close()
    except (LookupError, ValueError):
        raise errors.WorkbookError(f"There is no encoding {encoding}. Say, for example, --encoding cp1252.") from None


def lines_of(path: Path, content: bytes, encoding: str | None) -> Iterator[str]:
    """Return the lines one after the other, with their ends and without the byte order mark.

    Args:
        path: the file, for messages.
        content: its bytes.
        encoding: what the user says it is; None for UTF-8, or UTF-16 with its mark.

    Raises:
        WorkbookError: not text of this encoding, or another format altogether.
    """
    codec = _codec_of(path, content, encoding)
    _refuse_disguised(path, content)
    number = 0
    try:
        for number, line in enumerate(_decoded(content, codec), 1):
            if "\0" in line:
                raise errors.WorkbookError(
                    f"{path} is not text: it holds NUL characters (line {number}). {_SAVE_ANEW} utf-16-le."
                )
            yield line
    except UnicodeDecodeError:
        called = (encoding or codec.removesuffix("-sig")).upper()
        raise errors.WorkbookError(
            f"{path} is not {called} text (line {_broken_line(content, codec)}). {_SAVE_ANEW} cp1252."
        ) from None
    except UnicodeError:
        raise errors.WorkbookError(
            f"{path} does not begin with the mark of {codec.upper()}. {_SAVE_ANEW} utf-16-le or utf-16-be."
        ) from None


def _codec_of(path: Path, content: bytes, encoding: str | None) -> str:
    """Return the mark's encoding, else the user's, else UTF-8; what the user says may not contradict the mark."""
    load_encoding(encoding)
    named = codecs.lookup(encoding).name if encoding else ""
    marked = next((codec for mark, codec in _BOMS if content.startswith(mark)), "")
    plain = marked.removesuffix("-sig")
    if plain == "utf-32" and not named:
        raise errors.WorkbookError(f"{path} is UTF-32 text, which is not read unasked. {_SAVE_ANEW} utf-32.")
    if marked and named and not named.startswith(plain):
        raise errors.WorkbookError(
            f"{path} begins with the mark of {plain.upper()}, so it is not {encoding} text. "
            "Leave out the encoding; it stands in the job file or after --encoding."
        )
    return marked or named or "utf-8"


def _refuse_disguised(path: Path, content: bytes) -> None:
    head = content[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"").lstrip()
    for signature, what, advice in _DISGUISES:
        if re.match(signature, head):
            raise errors.WorkbookError(f"{path} is {what}, though its name ends in {path.suffix}. {advice}")


def _decoded(content: bytes, codec: str) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(content), encoding=codec, newline="")


def _broken_line(content: bytes, codec: str) -> int:
    """Return the number of the line with the first bytes that are no text."""
    try:
        content.decode(codec)
    except UnicodeDecodeError as error:
        content = error.object[: error.start]
    return 1 + sum(line.endswith(("\r", "\n")) for line in _decoded(content, codec))
