"""The contact sheet of converted copies: one page in which a person sees that each is the right one, and can be read.

It is one file that needs no other, but for the copies that its pictures lead to, and it prints fifteen to a page of A4.
"""

import base64
from collections.abc import Iterable
from html import escape
from string import Template
from typing import NamedTuple
from urllib.parse import quote

from bulk_onboard.units import format_count


class Tile(NamedTuple):
    """A copy as the sheet shows it.

    Attributes:
        row, key, column: where the sheet names the document.
        name: of the copy, beside the contact sheet.
        done: what was done to the document, as the end of a sentence.
        thumbnail: its first page, a JPEG; empty where there is none.
    """

    row: int
    key: str
    column: str
    name: str
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
p { max-width: 48rem; margin: .3rem 0 1.2rem; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .9rem; }
figure { margin: 0; padding: .6rem; border: 1px solid #c9d1db; border-radius: 4px; break-inside: avoid; }
a { display: flex; height: 15rem; align-items: center; justify-content: center; background: #e8ecf1; color: inherit; }
img { max-width: 100%; max-height: 100%; background: #fff; }
figcaption { margin-top: .5rem; overflow-wrap: anywhere; }
b { font-size: 1.05em; }
small { display: block; color: #4d5a6b; }
@page { size: A4 landscape; margin: 10mm; }
@media print {
  body { font-size: 8.5pt; margin: 0; }
  main { grid-template-columns: repeat(5, 1fr); gap: 2.5mm; }
  figure { padding: 1.5mm; }
  a { height: 34mm; }
}
</style>
</head>
<body>
<h1>$title</h1>
<p>The files themselves are not taken by the API, so these copies are sent. Look at each of them once: is it the right
document, does it lie the right way up, can it be read? A picture leads to the whole copy. What you are not content with
scan again, and write the new file's name into the sheet.</p>
<main>
$tiles
</main>
</body>
</html>
""")


def contact_sheet(tiles: Iterable[Tile]) -> str:
    """Return the sheet as HTML, in the order of the rows."""
    shown = sorted(tiles, key=lambda tile: tile.row)
    title = f"{format_count(len(shown), 'converted document')} to look at"
    return _PAGE.substitute(title=title, tiles="\n".join(map(_figure, shown)))


def _figure(tile: Tile) -> str:
    source = base64.b64encode(tile.thumbnail).decode("ascii")
    place = " · ".join(filter(None, (f"Row {tile.row}", tile.key)))
    picture = f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{source}">' if source else "no picture"
    pages = f", first of {tile.pages:,} pages" if tile.pages > 1 else ""
    link = escape(quote(tile.name), quote=True)
    return (
        f'<figure><a href="{link}">{picture}</a><figcaption><b>{_text(place)}</b><br>{_text(tile.column)}{pages}'
        f"<small>{_text(tile.done)}</small></figcaption></figure>"
    )


def _text(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())
