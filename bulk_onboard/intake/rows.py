"""Turn the cells of a sheet into rows that know what they ask for."""

import re
from collections.abc import Mapping

from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import COUNTRY_ISO, NUMBER_TYPE, USER_TYPE, Columns, Sheet

_JOINTS = re.compile(r"[\s_-]+")


def rows_of(sheet: Sheet, columns: Columns, *, defaults: Combination) -> tuple[Row, ...]:
    """Every row of the sheet, in its order; `defaults` are for cells that are blank or not there."""
    return tuple(_row(sheet, number, cells, columns, defaults) for number, cells in sheet.rows)


def _row(sheet: Sheet, number: int, texts: tuple[str, ...], columns: Columns, defaults: Combination) -> Row:
    cells = {name: text for name, position in columns.positions.items() if (text := texts[position].strip())}
    return Row(sheet.name, number, _combination(cells, defaults), cells)


def _combination(cells: Mapping[str, str], defaults: Combination) -> Combination:
    """Written as the API writes it: `in` is IN, `Toll Free` is tollfree."""
    return Combination(
        cells.get(COUNTRY_ISO, defaults.country_iso).upper(),
        _JOINTS.sub("", cells.get(NUMBER_TYPE, defaults.number_type)).lower(),
        cells.get(USER_TYPE, defaults.user_type).lower(),
    )
