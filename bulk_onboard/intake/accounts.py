"""Which rows are whose, in a sheet that several accounts share.

A row belongs to the account that its cell in the column Account names; case, blanks around it and the width of
characters make no difference. A row that names none, or one that takes no rows of the sheet, is nobody's and has a
finding, so that it is never left out unnoticed. The template's example and rows that hold nothing but what is filled
down a whole column are nobody's without one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bulk_onboard.intake.names import bare
from bulk_onboard.intake.rows import rows_of
from bulk_onboard.model import sheet as ours
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import normal_account
from bulk_onboard.model.mask import masked, visible
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import is_example, names_example
from bulk_onboard.model.text import text_in
from bulk_onboard.spelling import nearest
from bulk_onboard.units import format_list

_MOST_NAMED = 10
_LONGEST_SHOWN = 80
_SAYS_NOTHING = {"", "0", "TRUE", "FALSE"}
_COMBINATION = Combination("", "", "")


@dataclass(frozen=True, slots=True)
class Split:
    """A shared sheet's rows, by whose they are.

    Attributes:
        places: by account, the places of its rows among all, ascending; accounts without rows are left out.
        unassigned: a finding on each row that says something and is nobody's.
    """

    places: Mapping[str, Sequence[int]]
    unassigned: tuple[Finding, ...]


def split_rows(sheet: ours.Sheet, columns: ours.Columns, accounts: Sequence[str], elsewhere: Sequence[str]) -> Split:
    """Say whose each row of a shared sheet is.

    Args:
        sheet: with the rows of all accounts.
        columns: which of its columns means what; one is that of the account.
        accounts: the names of those that share the sheet.
        elsewhere: the names of the job's other accounts, whose rows stand in workbooks of their own.
    """
    names = {normal_account(name): name for name in accounts}
    texts = sheet.texts[columns.positions[ours.ACCOUNT]]
    owners = {text: names.get(normal_account(text_in(text)), "") for text in set(texts)}
    silent = silent_places(sheet, columns)
    places: dict[str, list[int]] = {}
    strays = []
    for place, text in enumerate(texts):
        if place in silent:
            continue
        if owner := owners[text]:
            places.setdefault(owner, []).append(place)
        else:
            strays.append(place)
    return Split(places, tuple(_unassigned(sheet, columns, strays, accounts, elsewhere)))


def silent_places(sheet: ours.Sheet, columns: ours.Columns) -> set[int]:
    """Return the places of the rows that are no business: the template's example, and those as good as blank."""
    naming = [
        sheet.texts[columns.positions[name]] if name in columns.positions else ("",) * sheet.height
        for name in (ours.KEY, ours.REGISTRATION_NUMBER, ours.BUSINESS_NAME)
    ]
    doubtful = [
        place
        for place, (key, number, name) in enumerate(zip(*naming, strict=True))
        if (_is_quiet(number) and _is_quiet(name) and _is_quiet(key)) or names_example(key, number)
    ]
    rows = rows_of(sheet, columns, defaults=_COMBINATION, places=doubtful)
    return {place for place, row in zip(doubtful, rows, strict=True) if row.is_blank or is_example(row)}


def _is_quiet(text: str) -> bool:
    """Return whether a cell with this text may say nothing; how it is kept decides."""
    return text in _SAYS_NOTHING or text_in(text).upper() in _SAYS_NOTHING


def _unassigned(
    sheet: ours.Sheet, columns: ours.Columns, places: Sequence[int], accounts: Sequence[str], elsewhere: Sequence[str]
) -> Iterator[Finding]:
    header, headers = columns.header(ours.ACCOUNT), list(map(bare, sheet.headers))
    listed = format_list(accounts, last="or", at_most=_MOST_NAMED)
    own = {normal_account(name): name for name in elsewhere}
    one = ours.Columns({ours.ACCOUNT: columns.positions[ours.ACCOUNT]}, {ours.ACCOUNT: header})
    for place, row in zip(places, rows_of(sheet, one, defaults=_COMBINATION, places=places), strict=True):
        named = row.cell(ours.ACCOUNT)
        if bare(named) == bare(header) and _repeated(sheet, place, headers) > 1:
            yield Finding("headers-again", sheet.name, row.number)
            continue
        if not named:
            merged = row.merged.get(ours.ACCOUNT, "")
            why = f" Its cell belongs to the merged cells {merged}, and only the first of these holds a value."
            details = {"why": why if merged else "", "accounts": listed}
            yield Finding("account-missing", sheet.name, row.number, header, details=details)
            continue
        if other := own.get(normal_account(named)):
            why = f' The account "{other}" has a workbook of its own.'
        else:
            near = nearest(named, (*accounts, *elsewhere))
            why = f' Did you mean "{near}"?' if near else ""
        seen = masked(visible(named))[:_LONGEST_SHOWN]
        details = {"nearest": why, "accounts": listed}
        yield Finding("account-unknown", sheet.name, row.number, header, seen, details)


def _repeated(sheet: ours.Sheet, place: int, headers: Sequence[str]) -> int:
    """Return how many cells of a row repeat the header above them."""
    return sum(
        bool(header) and bare(texts[place]) == header for texts, header in zip(sheet.texts, headers, strict=True)
    )
