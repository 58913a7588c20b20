"""Find the rows of a large sheet that certainly have nothing wrong, by looking at whole columns.

A sound row may be called suspect, a faulty one never sound. Suspects become rows and are judged as in a small sheet;
nothing is decided here, so there is one set of rules. The judge's own checks are asked once about each different text
of a column; texts of a plain form, in which they find nothing, are not asked about at all. What only shows when rows
are compared makes all of them suspect: a key, a number, a document that is there twice.
"""

import re
import string
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.finding import OFF, Rulings
from bulk_onboard.model.identity import KEY_LIMIT, gapless_number, normal_user_key, numbers_in
from bulk_onboard.model.requirements import Combination, RequirementsBook
from bulk_onboard.model.row import EXAMPLE, Row
from bulk_onboard.model.sheet import (
    BO_KEY,
    BUSINESS_NAME,
    CALLBACK_URL,
    COUNTRY_ISO,
    KEY,
    NUMBER_TYPE,
    NUMBERS,
    REGISTRATION_NUMBER,
    USER_TYPE,
    Columns,
    Sheet,
    Stored,
)
from bulk_onboard.model.text import DIGITS_ARE_DUE, ORDINARY_BLANKS, looks_like_nothing, ordinary_digits, text_in
from bulk_onboard.validation.cells import EMAIL, cell_findings, is_plain_address
from bulk_onboard.validation.documents import Slot, document_findings, slots_of
from bulk_onboard.validation.duplicates import KnownBusinesses
from bulk_onboard.validation.fields import Dates, Field, as_asked_for, dates_of, end_user_fields, is_fine
from bulk_onboard.validation.india_identifiers import DIGITS, HOLDERS, NO_STATES, why_no_cin
from bulk_onboard.validation.india_places import (
    ADDRESS_COUNTRY,
    ADDRESS_STATE,
    POSTAL_CODE,
    may_be_registered_in,
    state_called,
    state_of_gst,
    state_of_letters,
)
from bulk_onboard.validation.rows import Headers

Marks: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.intp]

_MOST_COMBINATIONS = 20  # a sheet that asks for more has something else in these columns
_ODD = re.compile(
    r"[^A-Za-z0-9 ,.&()/';:@+_-]|_x|[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]\.0|[.,][0-9]+[Ee][0-9+-]|[0-9][Ee]\+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}|: ?[0-9]{3}|\.\.\.|&[A-Za-z]{2,8};"
)
"""What no plain text has. The last ones may be an Aadhaar, a number or a date that a program rewrote, an error's word
or a letter written as code: the judge knows."""

_PLAIN_SIGNS = string.ascii_letters.encode() + b"0123456789 ,.&()/';:@+_-\n"
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")  # digits look like each other
_PERHAPS_LOST = (b".0", b"0e0", b"0e+", b"0e-", b"0000-00-00", b":000", b": 000", b"...")
_PERHAPS_CODE = re.compile(rb"&[A-Za-z]{2,8};")
_ASKED_ABOUT = (CALLBACK_URL, NUMBERS)  # of which every text is one for the judge
_ADDRESS = (ADDRESS_COUNTRY, ADDRESS_STATE, POSTAL_CODE)
_WHOLE_DIGITS = 15  # that a number keeps
_SOMEBODY = {KEY: "K"}  # or the judge would miss a name


class Screened(NamedTuple):
    """What the screen found.

    Attributes:
        suspects: the rows to be judged, by their place in the sheet, in order.
        size: bytes of the documents of all others.
    """

    suspects: list[int]
    size: int


def screen(
    sheet: Sheet,
    columns: Columns,
    *,
    book: RequirementsBook,
    files: Mapping[str, FileFacts],
    defaults: Combination,
    rulings: Rulings,
    others: Sequence[KnownBusinesses] = (),
    suspects: Collection[int] = (),
) -> Screened:
    """Find the rows of a sheet that need to be judged.

    Args:
        sheet: as it was read.
        columns: which of its columns means what.
        book: the requirements of every combination that the API offers.
        files: what is known of the documents, by the cell text that names them.
        defaults: what blank cells ask for.
        rulings: what the job says of findings.
        others: what other ledgers know; rows whose business one of them has are suspect.
        suspects: numbers of rows that are suspect for another reason.
    """
    screened = _Screen(sheet, columns, files)
    screened.suspect |= np.isin(sheet.numbers, list(suspects))
    if others := [known for known in others if known]:
        screened.look_for(others, defaults)
    screened.look(book, defaults, is_sharing_told=rulings.get("document-shared") != OFF)
    return Screened(np.flatnonzero(screened.suspect).tolist(), int(screened.sizes[~screened.suspect].sum()))


class _Cells:
    """A column: its different texts as a row has them, and for each row which one it has."""

    def __init__(self, codes: Codes, raw: list[str], *, are_digits_due: bool = False) -> None:
        self.codes, self.raw = codes, raw
        self.texts = list(map(str.strip if "".join(raw).isascii() else text_in, raw))
        if are_digits_due:
            self.texts = list(map(ordinary_digits, self.texts))
        lengths = list(map(len, self.texts))
        self.shortest, self.longest = min(lengths, default=0), max(lengths, default=0)

    @property
    def unlike(self) -> list[int]:
        """Return the texts from which something was stripped, or whose ends may hold what nobody sees."""
        if self.raw == self.texts and "".join(self.texts).isascii():
            return []  # nearly always so
        return [code for code, raw in enumerate(self.raw) if raw != self.texts[code] or not raw.isascii()]

    def rows_of(self, verdicts: Iterable[bool]) -> Marks:
        """Return the rows, from a verdict for each of the texts."""
        marks: Marks = np.fromiter(verdicts, dtype=bool, count=len(self.texts))[self.codes]
        return marks

    def which(self, verdict: Callable[[str], bool]) -> Marks:
        """Return the rows whose text gets the verdict."""
        return self.rows_of(map(verdict, self.texts))


class _Screen:
    """The suspects of one sheet; every step marks more of them."""

    def __init__(self, sheet: Sheet, columns: Columns, files: Mapping[str, FileFacts]) -> None:
        self._sheet, self._columns, self._files, self._headers = sheet, columns, files, Headers(columns)
        self.suspect: Marks = np.zeros(sheet.height, dtype=bool)
        self.sizes = np.zeros(sheet.height, dtype=np.int64)
        self._combinations: list[Combination] = []
        self._wanted: Codes = np.zeros(sheet.height, dtype=np.intp)
        self._nothing = _Cells(self._wanted, [""])
        self._cells: dict[str, _Cells] = {}
        self._days: dict[str, Marks] = {}
        for name, position in columns.positions.items():
            codes, distinct = pd.factorize(sheet.frame.iloc[:, position].to_numpy())
            self._cells[name] = _Cells(codes, distinct.tolist(), are_digits_due=name in DIGITS_ARE_DUE)

    def look(self, book: RequirementsBook, defaults: Combination, *, is_sharing_told: bool) -> None:
        """Take every step but `look_for`."""
        codes, groups = self._together(COUNTRY_ISO, NUMBER_TYPE, USER_TYPE)
        written = [Combination.written((country, number, user), defaults) for country, number, user in groups]
        self._combinations = list(dict.fromkeys(written))
        self._wanted = np.array([self._combinations.index(each) for each in written], dtype=np.intp)[codes]
        if len(self._combinations) > _MOST_COMBINATIONS:
            self.suspect[:] = True
            return
        self._how_cells_are_kept({column for offer in book.offered.values() for column in dates_of(offer, book)})
        for name, cells in self._cells.items():
            self._texts(name, cells)
        self._addresses()
        self._registration_numbers()
        self._numbers()
        self._identities()
        columns: dict[str, None] = {}
        for code, combination in enumerate(self._combinations):
            slots = self._terms(combination, self._wanted == code, book)
            columns |= dict.fromkeys(slot.column for slot in slots)
        self._documents(columns, is_sharing_told=is_sharing_told)

    def look_for(self, others: Sequence[KnownBusinesses], defaults: Combination) -> None:
        """Mark the rows whose business one of the other ledgers has, and those without a number, known by content."""
        names = (COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, REGISTRATION_NUMBER, KEY, BO_KEY)
        codes, groups = self._together(*names)

        def is_known(cells: tuple[str, ...]) -> bool:
            country, number_type, user_type, number, key, bo_key = cells
            combination = Combination.written((country, number_type, user_type), defaults)
            row = Row("", 0, combination, {REGISTRATION_NUMBER: number, KEY: key, BO_KEY: bo_key})
            return not number or any(known.known_as(row) for known in others)

        self.suspect |= np.fromiter(map(is_known, groups), dtype=bool, count=len(groups))[codes]

    def _of(self, name: str) -> _Cells:
        return self._cells.get(name, self._nothing)

    def _together(self, *names: str) -> tuple[Codes, list[tuple[str, ...]]]:
        """Return which group of texts each row has in these columns, and the different groups."""
        columns = [self._of(name) for name in names]
        codes = np.zeros(self._sheet.height, dtype=np.int64)
        for cells in columns:
            codes = pd.factorize(codes * len(cells.texts) + cells.codes)[0]
        _, first = np.unique(codes, return_index=True)
        texts = [[cells.texts[code] for code in cells.codes[first].tolist()] for cells in columns]
        return codes, list(zip(*texts, strict=True))

    def _is_faulty(self, cells: Mapping[str, str]) -> bool:
        """Return whether the judge finds anything in a row with these cells, whatever it asks for."""
        return any(
            next(iter(cell_findings(Row("", 0, combination, {**_SOMEBODY, **cells}))), None)
            for combination in self._combinations
        )

    def _how_cells_are_kept(self, of_dates: Collection[str]) -> None:
        """Digits, and TRUE and FALSE, are as good as text, but for a registration number; so are dates, where due.

        These are noted, since they are judged as they will be written.
        """
        for name, position in self._columns.positions.items():
            texts, kinds = self._sheet.texts[position], self._sheet.kinds.get(position, {})
            if name in of_dates and (days := [place for place, kind in kinds.items() if kind is Stored.DATE]):
                self._days[name] = np.zeros(self._sheet.height, dtype=bool)
                self._days[name][days] = True
                kinds = {place: kind for place, kind in kinds.items() if kind is not Stored.DATE}
            for place, kind in kinds.items():
                is_whole = kind is Stored.NUMBER and texts[place].isdecimal() and len(texts[place]) <= _WHOLE_DIGITS
                self.suspect[place] |= name == REGISTRATION_NUMBER or not (is_whole or kind is Stored.BOOLEAN)
        numbers = np.array(self._sheet.numbers)
        for merged in self._sheet.merged:
            self.suspect |= (numbers >= merged.first_row) & (numbers <= merged.last_row)

    def _texts(self, name: str, cells: _Cells) -> None:
        """What is wrong with a text by itself."""
        texts = cells.texts
        if name == BO_KEY:
            self.suspect |= cells.which(bool)
            return
        faulty = {code for code in cells.unlike if not _is_as_stripped(cells.raw[code], texts[code])}
        if not self._headers.to_the_letter.isdisjoint(texts):
            faulty |= {code for code, text in enumerate(texts) if text in self._headers.to_the_letter}
        if name == EMAIL:
            odd: Iterable[int] = (code for code, text in enumerate(texts) if "_x" in text or not is_plain_address(text))
        elif name in _ASKED_ABOUT:
            odd = range(len(texts))
        else:
            odd = () if name == REGISTRATION_NUMBER else _odd(texts)
        faulty |= {code for code in odd if code not in faulty and self._is_faulty({name: texts[code]})}
        if name == KEY:
            faulty |= {code for code, text in enumerate(texts) if len(text) > KEY_LIMIT or _may_be_example(text)}
        if faulty:
            self.suspect |= np.isin(cells.codes, list(faulty))

    def _addresses(self) -> None:
        """State and PIN code, which must fit each other."""
        codes, groups = self._together(*_ADDRESS)
        faulty = [self._is_faulty(dict(zip(_ADDRESS, texts, strict=True))) for texts in groups]
        self.suspect |= np.array(faulty, dtype=bool)[codes]

    def _registration_numbers(self) -> None:
        """Those that are sound by their form need only fit the address's state; of all others the judge is asked."""
        cells, states = self._of(REGISTRATION_NUMBER), self._of(ADDRESS_STATE)
        sound = states_of_sound_numbers(cells.texts)
        named = [state_called(text) for text in states.texts]
        places = {state: place for place, state in enumerate(dict.fromkeys((*named, *filter(None, sound), "")))}
        registered = np.array([places[state] if state is not None else -1 for state in sound])[cells.codes]
        living = np.array([places[state] for state in named])[states.codes]
        pairs, codes = np.unique(registered * len(places) + living, return_inverse=True)
        names = list(places)
        fits = [
            pair < 0 or not names[pair // len(places)] or not names[pair % len(places)]
            or may_be_registered_in(names[pair // len(places)], names[pair % len(places)])
            for pair in pairs.tolist()
        ]  # fmt: skip
        self.suspect |= ~np.array(fits, dtype=bool)[codes]
        if -1 in registered:
            wide = (REGISTRATION_NUMBER, *_ADDRESS)
            codes, groups = self._together(*wide)
            asked = (code for code in set(codes[registered == -1].tolist()) if groups[code][0])
            faulty = [code for code in asked if self._is_faulty(dict(zip(wide, groups[code], strict=True)))]
            self.suspect |= np.isin(codes, faulty)

    def _numbers(self) -> None:
        """A number that several rows name."""
        cells = self._of(NUMBERS)
        if cells.texts == [""]:
            return
        numbers = [numbers_in(text) for text in cells.texts]
        times = np.bincount(cells.codes, minlength=len(numbers)).tolist()
        rows: dict[str, int] = {}
        for each, so_often in zip(numbers, times, strict=True):
            for number in each:
                rows[number] = rows.get(number, 0) + so_often
        self.suspect |= cells.rows_of(any(rows[number] > 1 for number in each) for each in numbers)

    def _identities(self) -> None:
        """Rows that are nobody, and those that share a Key or a registration number."""
        keys, numbers = self._of(KEY), self._of(REGISTRATION_NUMBER)
        annotated = {normal_user_key(text) for text in self._of(BO_KEY).texts if text}  # such a Key may serve a row
        if annotated:
            self.suspect |= keys.which(lambda text: normal_user_key(text) in annotated)
        key = _codes(_compared(keys.texts, normal_user_key))[keys.codes]
        number = _codes(_compared(numbers.texts, gapless_number))[numbers.codes]
        has_key, has_number = keys.which(bool), numbers.which(bool)
        self.suspect |= ~(has_key | has_number)
        self.suspect |= has_key & pd.Series(key).duplicated(keep=False).to_numpy()
        business = number * len(self._combinations) + self._wanted
        self.suspect |= has_number & pd.Series(business).duplicated(keep=False).to_numpy()

    def _terms(self, combination: Combination, rows: Marks, book: RequirementsBook) -> tuple[Slot, ...]:
        """What is asked of the rows of one combination; the files it asks for."""
        requirements = book.offered.get(combination)
        if requirements is None:
            self.suspect |= rows
            return ()
        slots = slots_of(requirements.documents, book.contract)
        fields = (*end_user_fields(requirements.fields), *(field for slot in slots for field in slot.fields))
        for field in fields:
            if field.takes_business_name:
                self._business_name(field, rows)
            else:
                self._field(field, rows)
        self._excel_dates(fields, dates_of(requirements, book), rows)
        slots = tuple(slot for slot in slots if slot.requirement.needs_file)
        for slot in slots:
            paths, kinds = self._of(slot.column), self._of(slot.kind_column)
            faulty = (
                any(document_findings(Row("", 0, combination, {slot.column: text}), [slot], self._files))
                for text in paths.texts
            )
            self.suspect |= rows & (paths.rows_of(faulty) | ~kinds.which(slot.accepts))
            self._papers(slot, combination, rows)
            sizes = [self._files[text].size if text in self._files else 0 for text in paths.texts]
            self.sizes += np.where(rows, np.array(sizes, dtype=np.int64)[paths.codes], 0)
        return slots

    def _field(self, field: Field, rows: Marks) -> None:
        """A text that will not do; that of a date of Excel's is another one."""
        cells = self._of(field.column)
        if field.is_plain and field.least <= cells.shortest and cells.longest <= field.most:
            return
        faulty = ~cells.which(lambda text: is_fine(text, field))
        if field.column in self._days:
            faulty &= ~self._days[field.column]
        self.suspect |= rows & faulty

    def _business_name(self, field: Field, rows: Marks) -> None:
        """A name that differs from Business Name, or will not do in its place."""
        own, name = self._of(field.column), self._of(BUSINESS_NAME)
        filled = own.which(bool)
        if filled.any():
            differs = np.array(own.texts, dtype=object)[own.codes] != np.array(name.texts, dtype=object)[name.codes]
            self.suspect |= rows & filled & (differs | ~own.which(lambda text: is_fine(text, field)))
        self.suspect |= rows & ~name.which(lambda text: is_fine(text, field))

    def _excel_dates(self, fields: Iterable[Field], dates: Dates, rows: Marks) -> None:
        """Cells that Excel keeps as dates: they must name a day, in a column of dates, and do as it will be written."""
        asked = {field.column: field for field in fields}
        for column, kept in self._days.items():
            field = asked.get(column)

            def will_do(text: str, column: str = column, field: Field | None = field) -> bool:
                written = as_asked_for(text, dates[column])
                return bool(written) and (field is None or is_fine(written, field))

            self.suspect |= rows & kept & (~self._of(column).which(will_do) if column in dates else True)

    def _papers(self, slot: Slot, combination: Combination, rows: Marks) -> None:
        """What the text of a document says against the row that names it."""
        paths = self._of(slot.column)
        read = rows & paths.which(lambda text: text in self._files and self._files[text].paper is not None)
        if read.any():
            names = (slot.column, slot.kind_column, REGISTRATION_NUMBER, BUSINESS_NAME)
            codes, groups = self._together(*names)
            asked = ((code, dict(zip(names, groups[code], strict=True))) for code in set(codes[read].tolist()))
            faulty = [
                code
                for code, cells in asked
                if any(document_findings(Row("", 0, combination, cells), [slot], self._files))
            ]
            self.suspect |= np.isin(codes, faulty)

    def _documents(self, columns: Collection[str], *, is_sharing_told: bool) -> None:
        """A file that is there twice in a row, or in several rows."""
        ids: dict[str, int] = {}
        files = []
        for name in columns:
            paths = self._of(name)
            digests = (self._files[text].sha256 if text in self._files else "" for text in paths.texts)
            numbers = [ids.setdefault(digest, len(ids)) if digest else -1 for digest in digests]
            files.append(np.array(numbers, dtype=np.intp)[paths.codes])
        for one, other in combinations(files, 2):
            self.suspect |= (one == other) & (one >= 0)
        if is_sharing_told and ids:
            times = np.bincount(np.concatenate([each[each >= 0] for each in files]), minlength=len(ids))
            for each in files:
                self.suspect |= (each >= 0) & (times[each] > 1)


def _compared(texts: list[str], normal: Callable[[str], str]) -> list[str]:
    """Return what each is compared by; plain words, whatever the rule, in upper case."""
    joined = "".join(texts)
    if joined.isascii() and joined.isalnum():
        return "\n".join(texts).upper().split("\n")
    return list(map(normal, texts))


def _codes(texts: list[str]) -> Codes:
    """Equal texts have equal numbers."""
    codes: Codes = pd.factorize(np.array(texts, dtype=object))[0]
    return codes


def _odd(texts: Sequence[str]) -> list[int]:
    """Return the places of the texts that the judge is to be asked about.

    All are searched at once first. Where a text has a line break itself, there are more lines than texts.
    """
    joined = "\n".join(texts).encode("utf-8", "surrogatepass")
    alike = joined.translate(_ALIKE)
    is_plain = joined.count(b"\n") == len(texts) - 1 and not joined.translate(None, _PLAIN_SIGNS)
    perhaps_lost = b"_x" in joined or b"0" * 12 in alike.translate(None, b" -")
    perhaps_lost = perhaps_lost or any(each in alike for each in _PERHAPS_LOST) or bool(_PERHAPS_CODE.search(joined))
    if is_plain and not perhaps_lost:
        return []
    return [code for code, text in enumerate(texts) if _ODD.search(text)]


def _is_as_stripped(raw: str, text: str) -> bool:
    """Return whether only ordinary blanks were stripped, no digit was converted, and no end looks like a blank."""
    if raw != text and raw.strip(ORDINARY_BLANKS) != text:
        return False
    return text.isascii() or not (looks_like_nothing(text[0]) or looks_like_nothing(text[-1]))


def _may_be_example(key: str) -> bool:
    return not key.isascii() or "".join(key.split()).casefold() == EXAMPLE[KEY].casefold()


# Registration numbers of a whole column, of which most are sound and seen to be so at once. Sound is what the judge of
# single numbers has nothing against; where that takes more than a glance, the judge is asked.

_CIN_LENGTH, _GSTIN_LENGTH = 21, 15
_VALUES = np.full(256, len(DIGITS), dtype=np.int64)
_VALUES[np.frombuffer(DIGITS.encode(), dtype=np.uint8)] = np.arange(len(DIGITS))
_IS_DIGIT, _IS_LETTER, _IS_HOLDER = (
    np.isin(np.arange(256), list(signs.encode())) for signs in (DIGITS[:10], DIGITS[10:], HOLDERS)
)
_FORM = slice(6, 10), slice(12, 15)  # of a CIN: state, century, kind of company
_SERIAL = [1, 2, 3, 4, 5, 10, 11, 15, 16, 17, 18, 19, 20]  # its digits


def states_of_sound_numbers(numbers: Sequence[str]) -> list[str | None]:
    """Return what each number tells at a glance of itself.

    Returns:
        For each number the official name of the state that it names, empty where it names none; None where it is not
        certain that the number is sound.
    """
    found: list[str | None] = ["" if not number else None for number in numbers]
    usual = list(enumerate(numbers))
    if not _is_usual("".join(numbers)):
        usual = [(at, number) for at, number in usual if _is_usual(number)]
    cins = [at for at, number in usual if len(number) == _CIN_LENGTH and number[0] in "LU"]
    gstins = [at for at, number in usual if len(number) == _GSTIN_LENGTH]
    states: dict[str, str | None] = {}
    for at in np.array(cins, dtype=np.intp)[_have_digits([numbers[at] for at in cins])].tolist():
        number = numbers[at]
        form = number[_FORM[0]] + number[_FORM[1]]  # all that its digits leave open
        if form not in states:
            states[form] = None if why_no_cin(number) else state_of_letters(number[6:8])
        found[at] = states[form]
    for at in np.array(gstins, dtype=np.intp)[_have_check_digits([numbers[at] for at in gstins])].tolist():
        code = numbers[at][:2]
        if (state := state_of_gst(code)) or code in NO_STATES:
            found[at] = state
    return found


def _is_usual(number: str) -> bool:
    """Return whether there are capitals and digits alone, in one number or in many joined."""
    return number.isascii() and number.isalnum() and number.isupper()


def _signs(numbers: Sequence[str], length: int) -> npt.NDArray[np.uint8]:
    """Return a row for each number, a column for each of its characters."""
    return np.frombuffer("".join(numbers).encode("ascii"), dtype=np.uint8).reshape(len(numbers), length)


def _have_digits(cins: Sequence[str]) -> Marks:
    """Return which of these have digits where a CIN must have them, leaving out the century."""
    digits: Marks = np.asarray(_IS_DIGIT[_signs(cins, _CIN_LENGTH)[:, _SERIAL]].all(axis=1))
    return digits


def _have_check_digits(gstins: Sequence[str]) -> Marks:
    """Return which of these look like an ordinary taxpayer's number, with a check digit that fits (Luhn, base 36)."""
    signs = _signs(gstins, _GSTIN_LENGTH)
    is_digit, is_letter = _IS_DIGIT[signs], _IS_LETTER[signs]
    has_form = is_digit[:, [0, 1, 7, 8, 9, 10]].all(axis=1) & is_letter[:, [2, 3, 4, 5, 6, 11]].all(axis=1)
    has_form &= _IS_HOLDER[signs[:, 5]] & (signs[:, 13] == ord("Z")) & (signs[:, 7:11] != ord("0")).any(axis=1)
    values = _VALUES[signs]
    values[:, -2::-2] *= 2
    sums = (values // len(DIGITS) + values % len(DIGITS)).sum(axis=1)
    sound: Marks = has_form & (sums % len(DIGITS) == 0)
    return sound
