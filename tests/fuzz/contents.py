"""Sheets by dice whose truth is known: odd cells, blank rows, odd headers, several sheets, every way to write csv.

Every row that holds something has a Key of its own, or nothing but one cell, so that a row that is lost, doubled or
under a wrong number cannot stay unseen.
"""

import csv
import io
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.fuzz.made import Made
from tests.odd_files.handwritten import (
    Cell,
    Page,
    boolean,
    date,
    fault,
    formula,
    letters,
    merged,
    number,
    parts,
    shared,
    styled,
    zipped,
)
from tests.odd_files.odd import good
from tests.support.businesses import HEADERS, business

Value = Cell | str
Line = dict[str, Value]  # header -> what its cell holds
Dice = random.Random

BUSINESSES = 10
PLAIN = "Business Name"


class OddCell(NamedTuple):
    """What a cell may hold: its header, the cell, the finding that must come; the last is empty for none."""

    header: str
    cell: Value
    code: str


TEXTS = (
    OddCell("City", "#N/A", "cell-error"),
    OddCell("City", "NA", ""),
    OddCell("Alias", "None", ""),
    OddCell(PLAIN, "Invented\u200bTraders", "invisible-character"),
    OddCell(PLAIN, "Invented\u202eTraders", "invisible-character"),
    OddCell(PLAIN, "Invented\u00a0Traders", "unusual-blank"),
    OddCell(PLAIN, "Invented\nTraders", "line-break"),
    OddCell(PLAIN, 'The "Invented", Traders; or | not\tat all', ""),
    OddCell(PLAIN, "\ufffd", "broken-character"),
    OddCell(PLAIN, "x" * 300, "field-too-long"),
    OddCell(PLAIN, "न🚚" * 20, ""),
    OddCell("City", "\u00a0Bengaluru\ufeff", "blanks-left-out"),
    OddCell("City", "", "field-missing"),
    OddCell("Postal Code", "５６０００２", "digits-converted"),
    OddCell("Postal Code", "560001.0", "decimal-point"),
    OddCell("Registration Number", "1.23E+11", "digits-lost"),
    OddCell("Email", "nobody", "email-invalid"),
    OddCell("Country", "India", "country-written-out"),
    OddCell("Number Type", "carrier pigeon", "not-offered"),
)
CELLS = (
    *TEXTS,
    OddCell("City", fault("#REF!"), "cell-error"),
    OddCell("City", formula("A1", "#VALUE!", "e"), "cell-error"),
    OddCell("City", formula("A1"), "formula-not-calculated"),
    OddCell("City", formula("A1", "Bengaluru"), ""),
    OddCell("City", boolean(1), ""),
    OddCell(PLAIN, "Benga_x0007_luru", "control-character"),
    OddCell(PLAIN, "Benga_xD83D_luru", "broken-character"),
    OddCell(PLAIN, "Benga_x000D_luru", "line-break"),
    OddCell(PLAIN, "_x005F_x0041_", ""),
    OddCell("Registration Number", date("45000"), "date-instead-of-text"),
    OddCell("Registration Number", number("12345678901234567"), "digits-lost"),
    OddCell("Registration Number", number("123456789"), "number-instead-of-text"),
    OddCell("Postal Code", number("560002"), ""),
    OddCell("Postal Code", number("5.60002E5"), ""),
    OddCell("Postal Code", number("560002.5"), "digits-lost"),
)


@dataclass(slots=True)
class Draft:
    """A sheet in the making: the truth about it grows with it.

    Attributes:
        grid: from row 1 on; None is a row that the file does not have.
    """

    dice: Dice
    grid: list[dict[str, Value] | None] = field(default_factory=list)
    headers: list[str] = field(default_factory=lambda: list(HEADERS))
    header_row: int = 1
    rows: dict[int, str] = field(default_factory=dict)
    finds: set[str] = field(default_factory=set)
    refused: str = ""
    flags: dict[str, object] = field(default_factory=dict)
    attributes: dict[int, str] = field(default_factory=dict)
    merges: list[str] = field(default_factory=list)

    def chance(self, share: float) -> bool:
        """Whether the dice say so."""
        return self.dice.random() < share

    def made(self, name: str, content: bytes, **flags: object) -> Made:
        """The file with its truth."""
        return Made(name, content, True, self.rows, frozenset(self.finds), self.refused, self.flags | flags)


def sheet_by_dice(dice: Dice, odd_cells: tuple[OddCell, ...]) -> Draft:
    """Headers, perhaps below a title, and up to 30 rows with gaps."""
    draft = Draft(dice)
    dice.shuffle(draft.headers)
    _put_headers(draft)
    for at in range(dice.randrange(31)):
        if draft.chance(0.15):
            draft.grid += dice.choice([[None], [None, None], [{"City": " "}], [{"City": " ", "State": "\u00a0"}]])
        _put_row(draft, at, odd_cells)
    return draft


def _put_headers(draft: Draft) -> None:
    if draft.chance(0.2):
        draft.grid += draft.dice.choice([[None], [{draft.headers[0]: "Our businesses"}, None]])
        draft.header_row = len(draft.grid) + 1
        draft.flags["header_row"] = draft.header_row
    names: Line = {header: header for header in draft.headers}
    for change, share in ((_double, 0.04), (_miss, 0.04), (_stray, 0.1), (_respell, 0.3)):
        if not draft.refused and draft.chance(share):
            change(draft, names)
    draft.grid.append(names)


def _double(draft: Draft, names: Line) -> None:
    names["More"] = "city "
    draft.headers.append("More")
    draft.refused = "more than once"


def _miss(draft: Draft, names: Line) -> None:
    names["City"] = "" if draft.headers[-1] != "City" else "Ward"  # csv takes a blank one at the end for none at all
    draft.refused = '"City" is missing'


def _stray(draft: Draft, names: Line) -> None:
    names["More"] = "My own note"
    draft.headers.append("More")
    draft.finds.add(f"unknown-column {draft.header_row} My own note")


def _respell(draft: Draft, names: Line) -> None:
    names["Postal Code"] = draft.dice.choice(["POSTAL_CODE", " postal\u00a0code", "Postal-Code", "PostalCode"])


def _put_row(draft: Draft, at: int, odd_cells: tuple[OddCell, ...]) -> None:
    place = len(draft.grid) + 1
    if draft.chance(0.05):
        header = draft.dice.choice(HEADERS)
        draft.grid.append({header: "alone"})
        draft.rows[place] = "alone" if header == "Key" else ""
        return
    line: Line = {**business(at % BUSINESSES, Key=f"Row {at:03d}")}
    draft.rows[place] = f"Row {at:03d}"
    if draft.chance(0.3):
        odd = draft.dice.choice(odd_cells)
        line[odd.header] = odd.cell
        if odd.code:
            draft.finds.add(f"{odd.code} {place} {_written(draft, odd.header)}".strip())
    draft.grid.append(line)


def _written(draft: Draft, header: str) -> str:
    names = draft.grid[draft.header_row - 1]
    assert names is not None
    return str(names[header]).strip()


def xlsx_by_dice(dice: Dice) -> Made:
    """A workbook written by hand."""
    draft = sheet_by_dice(dice, CELLS)
    for change, share in ((_merge, 0.15), (_hide, 0.15), (_style, 0.3)):
        if draft.chance(share):
            change(draft)
    texts: list[str] = []
    page = _page(draft, texts, share_texts=draft.chance(0.5))
    pages = _pages(draft, page)
    return draft.made("by_dice.xlsx", zipped(parts(*pages, texts=texts)))


def _merge(draft: Draft) -> None:
    """The cities of two businesses that follow each other become one cell."""
    places = [at for at in draft.rows if draft.rows[at] and draft.rows.get(at + 1)]
    if not places or draft.refused:
        return
    first = draft.dice.choice(places)
    for place in (first, first + 1):
        line = draft.grid[place - 1]
        assert line is not None
        line["City"] = "Bengaluru" if place == first else ""
        draft.finds -= {find for find in draft.finds if find.endswith(f" {place} City")}
        draft.finds.add(f"merged-cells {place} City")
    letter = letters(draft.headers.index("City"))
    draft.merges.append(f"{letter}{first}:{letter}{first + 1}")


def _hide(draft: Draft) -> None:
    if draft.rows:
        draft.attributes[draft.dice.choice(list(draft.rows))] = 'hidden="1"'
        draft.finds.add(f"hidden-rows {draft.header_row}")


def _style(draft: Draft) -> None:
    draft.grid += [{"City": styled()}, None, {"State": styled(), "City": styled()}]


def _page(draft: Draft, texts: list[str], *, share_texts: bool) -> Page:
    def cell(value: Value) -> Value:
        if not share_texts or not isinstance(value, str) or not value or draft.chance(0.5):
            return value
        texts.append(value)
        return shared(len(texts) - 1)

    rows = [[cell((line or {}).get(header, "")) for header in draft.headers] for line in draft.grid]
    filled = [row if any(row) else [] for row in rows]
    after = merged(*draft.merges) if draft.merges else ""
    dimension = draft.dice.choice(["", '<dimension ref="A1"/>', '<dimension ref="A1:B2"/>'])
    return Page(filled, attributes=draft.attributes, before=dimension, after=after)


def _pages(draft: Draft, page: Page) -> list[Page]:
    """The sheet alone, or among others; another one with rows has to be told from it."""
    other = Page([HEADERS, good(1)], name="Other")
    hidden = Page(other.rows, name="Old", state=draft.dice.choice(["hidden", "veryHidden"]))
    blank, chart = Page([], name="Empty"), Page([], name="Chart", kind="chartsheet")
    pages = draft.dice.choice([[page], [page], [page], [page, hidden], [blank, page], [page, chart], [page, other]])
    if other in pages and draft.chance(0.5):
        draft.flags["sheet"] = page.name
    elif other in pages and draft.header_row == 1 and draft.rows:
        draft.refused = "several sheets with rows"
    elif other in pages and draft.header_row == 1:
        draft.refused, draft.rows, draft.finds = "", {2: ""}, set()
    return pages


def csv_by_dice(dice: Dice) -> Made:
    """The same as csv, in one of its many forms."""
    draft = sheet_by_dice(dice, TEXTS)
    delimiter = dice.choice(",;\t|")
    end = dice.choice(["\r\n", "\n"])
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting)
    for line in draft.grid:
        if line is None:
            written.write(end)
        else:
            writer.writerow([line.get(header, "") for header in draft.headers])
    encode = dice.choice(ENCODINGS)
    content = written.getvalue()
    if draft.chance(0.05) and draft.rows and not draft.refused:
        content += '"'
        draft.refused = "never closed"
    elif draft.chance(0.2):
        content = content.removesuffix(end)
    return draft.made("by_dice.tsv" if delimiter == "\t" else "by_dice.csv", encode(content))


ENCODINGS: tuple[Callable[[str], bytes], ...] = (
    lambda text: text.encode(),
    lambda text: text.encode("utf-8-sig"),
    lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
)
KINDS: Mapping[str, Callable[[Dice], Made]] = {"xlsx": xlsx_by_dice, "csv": csv_by_dice}
