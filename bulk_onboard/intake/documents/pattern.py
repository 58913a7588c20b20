"""Find a row's documents by the pattern their names follow, where the sheet has no path for them.

Exactly one file must fit, and it must fit nothing else, neither another document nor another row, or it may
be a neighbour's. With `{key}*{type}.*` a file `ACME-2_…` fits the Keys ACME and ACME-2, so neither takes it. Rows of
one business that fill in the pattern alike may share. A file that the sheet names for another row is that row's.

What a wildcard stands for beside a cell's text neither begins nor ends there with a letter or digit: K10 is not K1 with
more behind it. A cell's text never adds a folder to the way nor leads out of it; case and the form of accents do not
matter in the file's own name; what a system leaves lying about never fits. Each folder is listed once, and its names
are sorted, so that ten thousand rows may share one folder.
"""

import difflib
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import starmap, takewhile
from typing import NamedTuple

from bulk_onboard.errors import UsageError
from bulk_onboard.intake.documents.below import Listings, NoFileError, folded, not_found, parts_below
from bulk_onboard.intake.documents.folder import DocumentFolder
from bulk_onboard.intake.names import PLAIN
from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.documents import TITLE, TYPE, Component, Token, check_pattern, components, fields_of
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import business_of
from bulk_onboard.model.mask import masked_path
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import Row, is_example
from bulk_onboard.model.sheet import document_column

_LAST = "\U0010ffff"
_MOST_NAMED = 5
_NOT_BEHIND, _NOT_BEFORE = "(?<![^\\W_])", "(?![^\\W_])"  # a letter or digit
_WILDCARDS = {"*": "[^\0]*", "?": "[^\0]"}


def fill_in_documents(
    rows: Sequence[Row], book: RequirementsBook, folder: DocumentFolder, pattern: str
) -> tuple[tuple[Row, ...], dict[str, FileFacts]]:
    """Return the rows with their blank document cells filled in, and facts of cells without exactly one file.

    A cell gets the path of the one file that fits. Where none or several fit, or it fits elsewhere too, the cell gets
    the pattern with its fields filled in, and under that text the facts say which: `document-not-found`,
    `document-ambiguous` or `document-fits-twice`, or what else keeps the folder from being listed.

    Raises:
        UsageError: the pattern names a cell that no row can have, or is no pattern at all.
    """
    _check(pattern, book)
    search, uses = _Search(folder, pattern), _Uses(pattern)
    due = [tuple(_looked_for(row, book, search, uses)) for row in rows]
    filled: list[Row] = []
    faulty: dict[str, FileFacts] = {}
    for row, looked_for in zip(rows, due, strict=True):
        cells: dict[str, str] = {}
        for column, found in looked_for:
            cells[column], finding = search.choose(found, uses)
            if finding:
                faulty[cells[column]] = FileFacts(folder.root / pattern, findings=(finding,))
        filled.append(row.filled_in(cells) if cells else row)
    return tuple(filled), faulty


def _looked_for(row: Row, book: RequirementsBook, search: "_Search", uses: "_Uses") -> Iterator[tuple[str, "_Found"]]:
    """Return the blank document columns of a row that the API requires, each with what was found for it.

    What fits the row's other documents is noted as well: the file of a column that the sheet fills in is a neighbour's.
    """
    if row.is_blank:
        return
    requirements = book.offered.get(row.combination)
    required = {each.type: each for each in requirements.documents if each.needs_file} if requirements else {}
    for document in ({each.type: each for each in book.files} | required).values():
        column = document_column(document.type)
        named = {**row.cells, **row.combination._asdict(), TYPE: document.type, TITLE: document.title}
        found = search.find(named)
        if not is_example(row):
            uses.note(row, named, (*found.paths, row.cell(column)))
        if document.type in required and not row.cell(column):
            yield column, found


def _check(pattern: str, book: RequirementsBook) -> None:
    try:
        check_pattern(pattern)
    except ValueError as error:
        raise UsageError(f'The documents pattern "{pattern}" cannot be used. {error}.') from None
    known = [TYPE, TITLE, *PLAIN, *(field.name for field in book.fields)]
    for name in sorted(fields_of(pattern).difference(known)):
        near = difflib.get_close_matches(name.lower().replace(" ", "_"), known, n=1)
        meant = f"did you mean {{{near[0]}}}?" if near else f"it may be any of {', '.join(sorted(set(known)))}."
        raise UsageError(f'The documents pattern "{pattern}" has {{{name}}}, which is no column; {meant}')


class _Search:
    """Finds files below the documents folder by the pattern; what all rows need is prepared once."""

    def __init__(self, folder: DocumentFolder, pattern: str) -> None:
        self._listings = Listings(folder.root)
        self._parts = components(pattern)
        self._fields = list(dict.fromkeys(token.field for token in self._parts[-1] if token.field))
        self._shape = _shape(self._parts[-1], self._fields)
        self._candidates: dict[tuple[str, ...], tuple[list[str], list[str]]] = {}

    def find(self, named: Mapping[str, str]) -> "_Found":
        """Return all files that fit a row's document, or why they cannot be looked for."""
        texts = tuple("".join(_text(token, named) for token in part) for part in self._parts)
        if blank := [
            token.field for part in self._parts for token in part if token.field and not named.get(token.field)
        ]:
            return _Found(texts, finding=not_found(f" The row has no {{{blank[0]}}}."))
        if not _stays_below("/".join(texts), texts):
            return _Found(texts, finding=not_found(" A cell of the row holds what cannot be in a file's name."))
        try:
            return _Found(texts, self._fitting(texts[:-1], named))
        except NoFileError as error:
            return _Found(texts, finding=error.finding)

    def choose(self, found: "_Found", uses: "_Uses") -> tuple[str, Finding | None]:
        """Return the path of the one file that fits and None; else the pattern filled in, and why there is none."""
        wanted, names = "/".join(found.texts), found.names
        if len(names) == 1 and (twice := uses.finding(*found.paths)) is None:
            return found.paths[0], None
        if names:
            return wanted, twice if len(names) == 1 else _several(names)
        if found.finding in (None, not_found()):
            return wanted, not_found(self._listings.hint(found.texts))
        return wanted, found.finding

    def _fitting(self, way: tuple[str, ...], named: Mapping[str, str]) -> Sequence[str]:
        """Return the names in a folder that fit, sorted."""
        if way not in self._candidates:
            self._candidates[way] = _candidates(self._listings.of(way).files)
        keys, names = self._candidates[way]
        start = folded("".join(_text(token, named) for token in _before_wildcards(self._parts[-1])))
        values = "".join(f"{folded(named[field])}\0" for field in self._fields)
        between = range(bisect_left(keys, start), bisect_left(keys, start + _LAST))
        return sorted(names[at] for at in between if self._shape.fullmatch(values + keys[at]))


class _Found(NamedTuple):
    """What fits a row's document: the pattern filled in, part by part, the names of files, or why there are none."""

    texts: tuple[str, ...]
    names: Sequence[str] = ()
    finding: Finding | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the files, starting at the documents folder."""
        return tuple("/".join([*self.texts[:-1], name]) for name in self.names)


class _Use(NamedTuple):
    """What a file is for: a document of a business, by what its cells put into the pattern; and its row and title."""

    meant: tuple[str, ...]
    row: int
    title: str


class _Uses:
    """What each file fits: the first document and row, and a second one where there is any."""

    def __init__(self, pattern: str) -> None:
        self._fields = sorted(fields_of(pattern) - {TYPE, TITLE})
        self._first: dict[str, _Use] = {}
        self._twice: dict[str, tuple[_Use, _Use]] = {}

    def note(self, row: Row, named: Mapping[str, str], paths: Iterable[str]) -> None:
        """Note that a row's document may be any of these files."""
        values = (folded(named.get(name, "")) for name in self._fields)
        meant = (named[TYPE], business_of(row) or str(row.number), *values)
        use = _Use(meant, row.number, named[TITLE])
        for path in filter(None, map(_as_one, paths)):
            first = self._first.setdefault(path, use)
            if first.meant != use.meant:
                self._twice.setdefault(path, (first, use))

    def finding(self, path: str) -> Finding | None:
        """Return the fault of a file that fits two things; None where it fits one only."""
        if (twice := self._twice.get(_as_one(path))) is None:
            return None
        uses = " and as ".join(f"{use.title} of row {use.row}" for use in twice)
        return Finding("document-fits-twice", details={"name": masked_path(path), "uses": uses})


def _as_one(path: str) -> str:
    """Return a path in one form, however it was written; empty for one that leads elsewhere."""
    try:
        return unicodedata.normalize("NFC", "/".join(parts_below(path)))
    except NoFileError:
        return ""


def _shape(part: Component, fields: Sequence[str]) -> re.Pattern[str]:
    """Return what matches the values of the fields, each ended by NUL, followed by a name that fits them; all folded.

    The name refers back to the values before it, so that one expression serves all rows.
    """

    def piece(before: Token, token: Token, after: Token) -> str:
        if token.field:
            value = f"(?P=f{fields.index(token.field)})"
            return (_NOT_BEHIND if before.wildcard else "") + value + (_NOT_BEFORE if after.wildcard else "")
        return _WILDCARDS[token.wildcard] if token.wildcard else re.escape(folded(token.text))

    between = zip((Token(), *part), part, (*part[1:], Token()), strict=False)
    values = "".join(f"(?P<f{position}>[^\0]*)\0" for position in range(len(fields)))
    return re.compile(values + "".join(starmap(piece, between)))


def _candidates(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the names that may fit anything, sorted by their folded form: folded, and as they are."""
    pairs = sorted((folded(name), name) for name in names if _can_be_written(name))
    return [key for key, _ in pairs], [name for _, name in pairs]


def _can_be_written(name: str) -> bool:
    """Whether a cell can hold the name, and the name can be told from a path."""
    return name.isprintable() and "\\" not in name


def _before_wildcards(part: Component) -> Iterable[Token]:
    return takewhile(lambda token: not token.wildcard, part)


def _text(token: Token, named: Mapping[str, str]) -> str:
    """Return what a token becomes in a row; a blank field stays as it is written."""
    if token.field:
        return named.get(token.field) or f"{{{token.field}}}"
    return token.wildcard or token.text


def _stays_below(wanted: str, texts: Sequence[str]) -> bool:
    """Whether the way down has just the parts the pattern gives it, whatever the cells hold."""
    try:
        return parts_below(wanted) == tuple(texts) and "\0" not in wanted
    except NoFileError:
        return False


def _several(names: Sequence[str]) -> Finding:
    shown = ", ".join(map(masked_path, names[:_MOST_NAMED]))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return Finding("document-ambiguous", details={"names": shown + more})
