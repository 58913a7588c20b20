"""The contact sheet of converted copies: one page in which a person sees that each is the right one, and can be read.

It is one file that needs no other, but for the copies that its pictures lead to, and it prints sixteen to a page of A4.
The newest copies come first, so that what was looked at on another day need not be looked at again.
"""

import base64
from collections.abc import Iterable, Iterator
from datetime import date
from html import escape
from itertools import groupby
from string import Template
from typing import NamedTuple
from urllib.parse import quote

from bulk_onboard.units import format_count


class Tile(NamedTuple):
    """A copy as the sheet shows it.

    Attributes:
        row, key, business, column: where the sheet names the document, and whose it is.
        name: of the copy, beside the contact sheet.
        day: when the copy was made.
        done: what was done to the document, as the end of a sentence.
        thumbnail: its first page, a JPEG; empty where there is none.
    """

    row: int
    key: str
    business: str
    column: str
    name: str
    day: date
    done: str
    pages: int
    thumbnail: bytes


_PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Converted documents</title>
<style>
body { font: 14px/1.35 system-ui, sans-serif; margin: 1.5rem; color: #1c2430; background: #fff; }
h1 { font-size: 1.3rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 1.4rem 0 .5rem; break-after: avoid; }
p { max-width: 48rem; margin: .3rem 0 1.2rem; }
section { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .9rem; }
figure { margin: 0; padding: .6rem; border: 1px solid #c9d1db; border-radius: 4px; break-inside: avoid; }
a { display: flex; height: 15rem; align-items: center; justify-content: center; background: #e8ecf1; color: inherit; }
img { max-width: 100%; max-height: 100%; background: #fff; }
figcaption { margin-top: .5rem; overflow-wrap: anywhere; }
b { font-size: 1.05em; }
small { display: block; color: #4d5a6b; }
@page {
  size: A4;
  margin: 10mm 10mm 12mm;
  @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; }
}
@media print {
  body { font-size: 7.5pt; line-height: 1.25; margin: 0; }
  p { max-width: none; margin: .5mm 0; }
  h2 { margin: 2mm 0 1mm; }
  section { grid-template-columns: repeat(4, 1fr); gap: 2mm; }
  figure { padding: 1.5mm; }
  a { height: 38mm; }
  figcaption { margin-top: 1mm; }
}
</style>
</head>
<body>
<h1>$title</h1>
<p>The files themselves are not taken by the API, so these copies are sent. Look at each of them once: is it the right
document of the right business, does it lie the right way up, can it be read? A picture leads to the whole copy. What
you are not content with scan again, and write the new file's name into the sheet.</p>
$days
</body>
</html>
""")


def contact_sheet(tiles: Iterable[Tile]) -> str:
    """Return the sheet as HTML, the newest day's copies first, each day's in the order of the rows."""
    shown = sorted(sorted(tiles, key=lambda tile: tile.row), key=lambda tile: tile.day, reverse=True)
    title = f"{format_count(len(shown), 'converted document')} to look at"
    return _PAGE.substitute(title=title, days="\n".join(_days(shown)))


def _days(tiles: Iterable[Tile]) -> Iterator[str]:
    for day, some in groupby(tiles, key=lambda tile: tile.day):
        figures = list(map(_figure, some))
        heading = f"Converted on {day.day} {day:%B %Y}: {format_count(len(figures), 'document')}"
        yield "\n".join((f"<h2>{heading}</h2>", "<section>", *figures, "</section>"))


def _figure(tile: Tile) -> str:
    source = base64.b64encode(tile.thumbnail).decode("ascii")
    place = " · ".join(filter(None, (f"Row {tile.row}", tile.key)))
    picture = (
        f'<img loading="lazy" alt="{_text(place)}" src="data:image/jpeg;base64,{source}">' if source else "no picture"
    )
    pages = f", first of {tile.pages:,} pages" if tile.pages > 1 else ""
    link = escape(quote(tile.name), quote=True)
    return (
        f'<figure><a href="{link}">{picture}</a><figcaption><b>{_text(place)}</b><br>'
        f"{_text(tile.business)}<br>{_text(tile.column)}{pages}"
        f"<small>{_text(tile.done)}</small></figcaption></figure>"
    )


def _text(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())
