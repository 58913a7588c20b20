"""Sound files with a few bytes changed: in the zip, in a part, in a tag, in a number; in csv, xls, xlsb and ods too.

What comes of them nobody knows beforehand; a bare reading tells what there was to read.
"""

import io
import random
import re
import zipfile
from collections.abc import Callable

from tests.fuzz.made import Made
from tests.odd_files import archives
from tests.odd_files.containers import committed
from tests.odd_files.delimited import table
from tests.odd_files.handwritten import (
    Page,
    Parts,
    boolean,
    date,
    fault,
    formula,
    merged,
    number,
    parts,
    shared,
    text,
    zipped,
)
from tests.odd_files.odd import good, sheet
from tests.odd_files.xlsb import NOT_AVAILABLE, binary_parts
from tests.support.businesses import HEADERS

Dice = random.Random

_TAG = re.compile(rb"<[^>]*>")
_ATTRIBUTE = re.compile(
    rb'(?<= )(r|s|t|ref|dimension|name|sheetId|state|hidden|count|min|max|Target|Type|Id)="([^"]*)"'
)
_NUMBER = re.compile(rb"(?<=[>\"])[0-9]+(?=[<\"])")
_ABSURD = (
    *(b"", b"-1", b"0", b"1", b"3", b"99999999999999999999", b"4294967296", b"2147483647", b"1e999", b"NaN"),
    *(b"A0", b"A1", b"C3", b"XFD1048576", b"XFE1048577", b"ZZZZZZZZ9", b"A99999999999", b"1A", b"A1:", b"\xc3\xa9"),
    *(b"s", b"e", b"b", b"d", b"str", b"inlineStr", b"n", b"x" * 70000, b"&amp;", b"&nope;", b"../../x"),
    *(b"A1:XFD1048576", b"../styles.xml"),
)  # fmt: skip

_PAGES = (
    sheet(
        *[good(1), good(2, City=fault("#N/A")), [], good(3, Postal_Code=number("560004")), good(4, City=formula("A1"))],
        *[good(5, City=shared(0), State=shared(1)), good(6, Registration_Number=date("45000"), City=boolean(1))],
        [text("Row 9"), None, formula("A1", "a result")],
        before='<dimension ref="A1:N9"/><cols><col min="3" max="3" width="20"/></cols>',
        after=merged("G8:G9"),
    ),
    Page([["Old"], ["x"]], name="Old", state="hidden"),
)
_XLSX = parts(*_PAGES, texts=["Bengaluru", "Karnataka"])
_XLSB = binary_parts(
    [HEADERS, good(1), [], [NOT_AVAILABLE if cell == "Bengaluru" else cell for cell in good(2)], [*good(3), 5.5]]
)


def _parts_of(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_ODS = _parts_of(committed("mixed.ods")())


# -- bytes


def flipped(content: bytes, dice: Dice) -> bytes:
    """A few bits the other way."""
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 5, 20)) if changed else 0):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def truncated(content: bytes, dice: Dice) -> bytes:
    """The beginning alone."""
    return content[: dice.randrange(len(content) + 1)]


def cut_out(content: bytes, dice: Dice) -> bytes:
    """A piece missing."""
    begin = dice.randrange(len(content) + 1)
    return content[:begin] + content[begin + dice.randrange(64) :]


def repeated(content: bytes, dice: Dice) -> bytes:
    """A piece twice."""
    begin = dice.randrange(len(content) + 1)
    end = begin + dice.choice((1, 8, 64, 4096))
    return content[:end] + content[begin:]


def stuffed(content: bytes, dice: Dice) -> bytes:
    """Something that does not belong there."""
    begin = dice.randrange(len(content) + 1)
    stuff = dice.choice((b"\0", b"\xff" * 8, b'"', b"<", b"\r", b"]]>", b"\xef\xbb\xbf", *_ABSURD))
    return content[:begin] + stuff + content[begin:]


# -- XML


def _one_changed(pattern: re.Pattern[bytes], change: Callable[[re.Match[bytes], Dice], bytes]):
    def mutate(content: bytes, dice: Dice) -> bytes:
        found = list(pattern.finditer(content))
        if not found:
            return flipped(content, dice)
        match = dice.choice(found)
        return content[: match.start()] + change(match, dice) + content[match.end() :]

    return mutate


tag_removed = _one_changed(_TAG, lambda match, dice: b"")
tag_doubled = _one_changed(_TAG, lambda match, dice: match[0] * 2)
tag_moved = _one_changed(
    _TAG, lambda match, dice: dice.choice((b"<row>", b"</row>", b"<c/>", b"</sheetData>", b"<v>7</v>"))
)
attribute_mangled = _one_changed(_ATTRIBUTE, lambda match, dice: match[1] + b'="' + dice.choice(_ABSURD) + b'"')
attribute_removed = _one_changed(_ATTRIBUTE, lambda match, dice: b"")
number_mangled = _one_changed(_NUMBER, lambda match, dice: dice.choice(_ABSURD))

BYTES = (flipped, truncated, cut_out, repeated, stuffed)
XML = (tag_removed, tag_doubled, tag_moved, *(attribute_mangled,) * 4, attribute_removed, *(number_mangled,) * 2)


# -- parts


def part_changed(files: Parts, dice: Dice) -> bytes:
    """One part with some bytes changed, or a tag where it is XML."""
    name = dice.choice([name for name in files for _ in range(6 if "sheet1" in name or "content.xml" in name else 1)])
    mutate = dice.choice(XML if b"<?xml" in files[name][:60] and dice.random() < 0.8 else BYTES)
    changed = files[name]
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        changed = mutate(changed, dice)
    return zipped({**files, name: changed})


def parts_swapped(files: Parts, dice: Dice) -> bytes:
    """Two parts in each other's place."""
    one, other = dice.sample(list(files), 2)
    return zipped({**files, one: files[other], other: files[one]})


def part_missing(files: Parts, dice: Dice) -> bytes:
    """One part less."""
    gone = dice.choice(list(files))
    return zipped({name: content for name, content in files.items() if name != gone})


def part_doubled(files: Parts, dice: Dice) -> bytes:
    """One part a second time, under its own name or nearly so, with its own content or another's."""
    name, other = dice.choice(list(files)), dice.choice(list(files))
    return archives.doubled(files, name.upper() if dice.random() < 0.3 else name, files[other])


def container_changed(files: Parts, dice: Dice) -> bytes:
    """The zip itself with some bytes changed."""
    return dice.choice(BYTES)(zipped(files), dice)


PARTS = (*(part_changed,) * 8, parts_swapped, part_missing, part_doubled, *(container_changed,) * 3)


def archive_by_dice(dice: Dice) -> Made:
    """An xlsx, xlsb or ods in trouble."""
    ending, files = dice.choice((*(("xlsx", _XLSX),) * 6, ("xlsb", _XLSB), ("ods", _ODS)))
    return Made(f"changed.{ending}", dice.choice(PARTS)(files, dice), known=False)


def bytes_by_dice(dice: Dice) -> Made:
    """A csv or xls in trouble."""
    if dice.random() < 0.5:
        return Made("changed.xls", dice.choice(BYTES)(committed("mixed.xls")(), dice), known=False)
    content = table(*map(good, range(5)), delimiter=dice.choice(",;\t|")).encode()
    for _ in range(dice.choice((1, 1, 2, 4))):
        content = dice.choice(BYTES)(content, dice)
    return Made("changed.csv", content, known=False)
