"""The door to jinja2: views become HTML. Every text is escaped, whatever a template says."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bulk_onboard import __version__
from bulk_onboard.reporting.page.report import report_view
from bulk_onboard.reporting.page.view import BusinessView, Match, PageView
from bulk_onboard.reporting.summary import Tables
from bulk_onboard.reporting.table import local_text
from bulk_onboard.reporting.target import HTML_MARK

_TEMPLATES = Path(__file__).parent / "templates"

LIVE = ("notices", "doing", "figures", "charts", "attention", "runs")
"""The parts of the page that change, from top to bottom; the last line, `source`, is in the footer."""

FILES: Mapping[str, str] = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
"""What a page needs beside itself, with its content type."""


@cache
def _environment() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters["words"] = words
    templates.filters["section_names"] = section_names
    return templates


def words(cell: Any) -> str:
    """Return a cell as people read it: whole numbers with commas, instants by day and minute."""
    if isinstance(cell, datetime):
        return local_text(cell, cell.tzinfo) or "" if cell.tzinfo else f"{cell:%d %b %Y %H:%M}"
    return f"{cell:,}" if isinstance(cell, int) else "" if cell is None else str(cell)


def section_names(text: str) -> str:
    """Return a sentence of the report that speaks of its sheets; here they are sections."""
    return text.replace("on the sheet Summary", "at the top").replace("the sheet ", "the section ")


def _html(template: str, **values: Any) -> bytes:
    """Return a page; what no page can hold, such as half a character, becomes a question mark."""
    return _environment().get_template(template).render(values).encode("utf-8", "replace")


def file_content(name: str) -> bytes:
    """Return the content of one of `FILES`."""
    return (_TEMPLATES / name).read_bytes()


def live_page(view: PageView, *, downloads: Sequence[tuple[str, str]], downloads_note: str) -> bytes:
    """Return the whole page; `downloads` are addresses with their names."""
    return _html(
        "live.html", view=view, live=LIVE, downloads=downloads, downloads_note=downloads_note, version=__version__
    )


def live_parts(view: PageView) -> dict[str, str]:
    """Return the HTML of each part that changes, by its name."""
    sections = _environment().get_template("sections.html").module
    return {name: str(getattr(sections, name)(view)) for name in (*LIVE, "source")}


def business_page(
    *,
    job: str,
    zone: str,
    query: str,
    matches: Sequence[Match],
    too_many: bool,
    business: BusinessView | None,
    names_known: bool,
) -> bytes:
    """Return the page of one business, or of those that were found, or that nothing was."""
    return _html(
        "business.html",
        job=job,
        zone=zone,
        query=query,
        matches=matches,
        too_many=too_many,
        business=business,
        names_known=names_known,
    )


def message_page(heading: str, sentence: str, *, asks_for_token: bool = False) -> bytes:
    """Return a page that says why there is no other."""
    return _html("message.html", heading=heading, sentence=sentence, asks_for_token=asks_for_token)


def report_page(tables: Tables) -> bytes:
    """Return the report as one file that needs nothing else, and no script."""
    style = file_content("page.css").decode()
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _html(
        "report.html",
        view=report_view(tables),
        mark=HTML_MARK,
        style=style,
        style_hash=f"sha256-{digest}",
        version=__version__,
    )
