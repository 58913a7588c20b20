"""Carry the results of formulas over: openpyxl writes a formula without the value that it last had.

A reader that does not calculate, such as ours, would find nothing in its cell. The results stand in the file that is
copied, at the same address, and are put back where the copy has a formula still.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_CALCULATED = re.compile(rb"<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*<v>([^<]*)</v>")
_ADDRESS = re.compile(rb'\br="([A-Z]+[0-9]+)"')
_KIND = re.compile(rb'\bt="(\w+)"')
_BARE = re.compile(rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f\b[^>]*>[^<]*</f>)<v ?/></c>')


class Result(NamedTuple):
    """What a formula came to: the kind of value that the file says it is, empty for a number, and its text as XML."""

    kind: bytes
    value: bytes


def results_in(sheet: bytes) -> dict[bytes, Result]:
    """The results of a worksheet's formulas, by the address of the cell."""
    found = {}
    for attributes, value in _CALCULATED.findall(sheet):
        if address := _ADDRESS.search(attributes):
            kind = _KIND.search(attributes)
            found[address[1]] = Result(kind[1] if kind else b"", value)
    return found


def with_results(sheet: bytes, results: Mapping[bytes, Result]) -> bytes:
    """A worksheet as openpyxl wrote it, with results put back."""

    def put_back(match: re.Match[bytes]) -> bytes:
        address, attributes, formula = match.groups()
        result = results.get(address)
        if result is None:
            return match[0]
        kind = b' t="%s"' % result.kind if result.kind else b""
        return b'<c r="%s"%s%s>%s<v>%s</v></c>' % (address, attributes, kind, formula, result.value)

    return _BARE.sub(put_back, sheet) if results else sheet
