"""The fields that the requirements ask for, of the end user and of documents: lengths, words to choose from, dates.

What is sent is what is judged. A date that Excel made of a text is written as the API asks for it before anything else
looks at the row, and a document's `business_name` is the row's Business Name where it has no cell of its own.
"""

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import NamedTuple, TypeAlias

from bulk_onboard.model.dates import (
    EXAMPLE_DAY,
    PLAIN_DATES,
    DateFormat,
    NoSuchDayError,
    any_day_in,
    date_format,
    day_of_excel,
)
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import DocumentRequirement, FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import BUSINESS_NAME, Stored, field_column, fields_asked_for
from bulk_onboard.validation.characters import described
from bulk_onboard.validation.india_places import ADDRESS_COUNTRY, country_code
from bulk_onboard.validation.marking import in_cell

OTHER_NAME = "business-name-differs"

_IN_WORDS = {"": "nothing more", " ": "a blank"}
_MOST_WORDS = 12

Dates: TypeAlias = Mapping[str, DateFormat | None]
"""Our names of columns of dates to the format that is asked for; None for any."""


class Field(NamedTuple):
    """A field, and where rows have it.

    Attributes:
        column: our name of the column.
        least, most: how many characters a text has; a required one has at least one.
        label: what messages call it.
        takes_business_name: whether the row's Business Name is sent where its own cell is blank.
        is_plain: whether any text of these lengths will do.
    """

    column: str
    least: int
    most: float
    requirement: FieldRequirement
    label: str
    takes_business_name: bool = False
    is_plain: bool = True


def end_user_fields(fields: Iterable[FieldRequirement]) -> tuple[Field, ...]:
    """Return the fields of the end user, whose columns have their names."""
    return tuple(_field(each.name, each, each.label) for each in fields)


def document_fields(document: DocumentRequirement) -> tuple[Field, ...]:
    """Return the fields of a document."""
    return tuple(
        _field(field_column(document.type, each.name), each, f"{document.title}: {each.label}")._replace(
            takes_business_name=each.name == BUSINESS_NAME
        )
        for each in document.fields
    )


def _field(column: str, requirement: FieldRequirement, label: str) -> Field:
    is_plain = not requirement.choices and not _is_date(requirement)
    least, most = max(requirement.min_length or 0, requirement.required), requirement.max_length or math.inf
    return Field(column, least, most, requirement, label, is_plain=is_plain)


def _is_date(requirement: FieldRequirement) -> bool:
    return requirement.field_type == "date"


def dates_of(requirements: Requirements | None, book: RequirementsBook) -> Dates:
    """Return the columns that hold dates in rows of one combination.

    Those that it does not ask about count as others ask for them, so that nothing is said of them.
    """
    others = {column: each for offer in book.offered.values() for column, each in fields_asked_for(offer)}
    own = dict(fields_asked_for(requirements)) if requirements else {}
    asked = {**others, **own}
    return {column: date_format(each.date_format) for column, each in asked.items() if _is_date(each)}


def with_dates(row: Row, dates: Dates) -> Row:
    """Return the row with the cells that Excel keeps as dates written as the API asks for them."""
    found: dict[str, str] = {}
    for column in dates.keys() & row.stored.keys():
        if row.stored[column] is Stored.DATE and (text := as_asked_for(row.cell(column), dates[column])):
            found[column] = text
    return row.as_texts(found) if found else row


def as_asked_for(text: str, wanted: DateFormat | None) -> str:
    """Return a date that Excel keeps in the format that is asked for; empty for a time of day alone."""
    day = day_of_excel(text)
    return (wanted or PLAIN_DATES).text_of(day) if day else ""


def values_of(row: Row, fields: Iterable[Field]) -> dict[str, str]:
    """Return the filled fields of a document as they are sent, by the requirements' names."""
    values = {}
    for field in fields:
        text = row.cells.get(field.column, "")
        if not text and field.takes_business_name:
            text = row.cells.get(BUSINESS_NAME, "")
        if text:
            values[field.requirement.name] = text
    return values


def field_findings(row: Row, fields: Iterable[Field]) -> Iterator[Finding]:
    """Yield what is wrong with the fields of a row.

    One is missing, too short or too long, or no word or date that is asked for.
    """
    cells = row.cells
    for field in fields:
        text = cells.get(field.column, "")
        if field.takes_business_name:
            yield from _business_name_findings(text, cells.get(BUSINESS_NAME, ""), field)
        elif not is_fine(text, field):
            yield _finding(text, field, field.column)


def is_fine(text: str, field: Field) -> bool:
    """Return whether the text of a cell will do for a field, which takes no other column's."""
    if not text:
        return not field.requirement.required
    return field.least <= len(text) <= field.most if field.is_plain else _finding_of_form(text, field) is None


def _business_name_findings(text: str, name: str, field: Field) -> Iterator[Finding]:
    """A blank Business Name has a finding of its own."""
    if text and name and text != name:
        at = next(at for at, (own, other) in enumerate(zip_longest(text, name)) if own != other)
        here, there = _sign(text[at : at + 1]), _sign(name[at : at + 1])
        yield in_cell(OTHER_NAME, field.column, text, position=at + 1, here=here, there=there)
    sent, column = (text, field.column) if text else (name, BUSINESS_NAME)
    if sent and not is_fine(sent, field):
        yield _finding(sent, field, column)


def _sign(char: str) -> str:
    """Return a character as people can tell it from others."""
    if char in _IN_WORDS:
        return _IN_WORDS[char]
    return f'"{char}"' if char.isascii() and char.isprintable() else described(char)


def _finding(text: str, field: Field, column: str) -> Finding:
    """Return what is wrong with a text that will not do."""
    if not text:
        return in_cell("field-missing", column, text, label=field.label)
    found = None if field.is_plain else _finding_of_form(text, field)
    return found or _finding_of_length(text, field, column)


def _finding_of_form(text: str, field: Field) -> Finding | None:
    """Return why a text is not one of the words to choose from, or no date as it is asked for."""
    requirement = field.requirement
    if requirement.choices:
        return None if text in requirement.choices else _not_chosen(text, field)
    wanted = date_format(requirement.date_format)
    try:
        day = wanted.day_in(text) if wanted else any_day_in(text)
    except NoSuchDayError:
        return in_cell("date-impossible", field.column, text)
    if day is None:
        shown = wanted or PLAIN_DATES
        details = {"label": field.label, "format": shown.name, "example": shown.text_of(EXAMPLE_DAY)}
        return in_cell("date-otherwise", field.column, text, **details)
    return None if wanted or field.least <= len(text) <= field.most else _finding_of_length(text, field, field.column)


def _not_chosen(text: str, field: Field) -> Finding:
    choices = field.requirement.choices
    accepted = ", ".join(choices[:_MOST_WORDS])
    if len(choices) > _MOST_WORDS:
        accepted += f" and {len(choices) - _MOST_WORDS:,} more"
    called = {choice.casefold(): choice for choice in reversed(choices)}
    near = difflib.get_close_matches(text.casefold(), called, n=1)
    nearest = f' Did you mean "{called[near[0]]}"?' if near else ""
    return in_cell("word-not-accepted", field.column, text, label=field.label, accepted=accepted, nearest=nearest)


def _finding_of_length(text: str, field: Field, column: str) -> Finding:
    """Lengths are in characters, as Excel and the requirements count them; bytes are given beside them."""
    label, length, least = field.label, len(text), field.requirement.min_length or 0
    if length < least:
        return in_cell("field-too-short", column, text, label=label, length=length, limit=least)
    if column == ADDRESS_COUNTRY:
        return in_cell("country-written-out", column, text, code=country_code(text) or "that code, such as IN")
    size, limit = len(text.encode("utf-8", "surrogatepass")), field.requirement.max_length or 0
    return in_cell("field-too-long", column, text, label=label, length=length, bytes=size, limit=limit)
