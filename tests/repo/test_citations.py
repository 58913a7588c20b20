"""Every citation in code, tests and documents leads somewhere: to a page of this repository and a heading of it.

A page is cited by its path and, after a comma, one of its headings: `docs/design/settling.md, Positive control`. The
API's document is not in the repository; it is cited by its own headings, which docs/design/wire.md lists: `the API's
document, Status Flow`. Any other name of a document leads nowhere.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = [path for folder in ("bulk_onboard", "scripts", "tests", "bench") for path in (ROOT / folder).rglob("*.py")]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("jobs/*.md"), *ROOT.glob("sample_data/*.md"), *(ROOT / "docs").rglob("*.md")]
CITING = sorted(path for path in (*CODE, *PAGES) if path != Path(__file__))

_PAGE = re.compile(r"(?<![\w/.<>{}-])((?:\.\./)*(?:[\w-]+/)*[\w-]+\.md)\b(?:#[\w-]+)?(, [A-Z].{0,80})?")
_API_DOCUMENT = re.compile(r"API's document(, [A-Z].{0,80})?|compliance-api\.txt")
_LINK = re.compile(r"\[[^\]]*\]\([^)]*\)")  # test_docs judges those
_CONTINUED = re.compile(r"\s*\n\s*(?:#\s+)?")


def headings(page: str) -> list[str]:
    """Return the headings of a page, without marks."""
    return [title.replace("`", "").strip() for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)]


def api_headings(wire: str) -> list[str]:
    """Return the headings of the API's document, as the page of the wire lists them."""
    table = wire.partition("| Heading | Has |")[2].partition("\n|---")[2].partition("\n\n")[0]
    return [line.split("|")[1].strip() for line in table.splitlines()[1:]]


API_HEADINGS = api_headings((ROOT / "docs/design/wire.md").read_text(encoding="utf-8"))


def leads_nowhere(text: str, folder: Path = ROOT) -> Iterator[str]:
    """Yield the citations in a text that lead nowhere.

    Args:
        text: of a module or a page; a citation may go on in the next line, also in a comment.
        folder: where a page lies, since documents name their neighbours by short paths.
    """
    flowing = _CONTINUED.sub(" ", _LINK.sub("", text))
    for match in _PAGE.finditer(flowing):
        places = [place / match[1] for place in (ROOT, folder) if (place / match[1]).is_file()]
        if not places or not _is_one_of(match[2], headings(places[0].read_text(encoding="utf-8"))):
            yield match[0]
    for match in _API_DOCUMENT.finditer(flowing):
        if match[0].endswith(".txt") or not _is_one_of(match[1], API_HEADINGS):
            yield match[0]


def _is_one_of(cited: str | None, known: Iterable[str]) -> bool:
    """Return whether what follows the comma begins with a heading; a citation may name the page alone."""
    return cited is None or any(re.match(rf"{re.escape(title)}(?!\w)", cited.removeprefix(", ")) for title in known)


def test_citations_lead_somewhere():
    """A citation names a page that is there and a heading that it has."""
    astray = {
        path.relative_to(ROOT).as_posix(): list(leads_nowhere(path.read_text(encoding="utf-8"), path.parent))
        for path in CITING
    }

    assert {} == {path: citations for path, citations in astray.items() if citations}


@pytest.mark.parametrize(
    "text",
    [
        "See docs/design/settling.md, Positive control.",
        "(docs/design/settling.md,\n    Settle window; docs/design/promise.md)",
        "# how it ends: docs/design/ledger.md, Torn\n    # tail",
        "as docs/when_a_run_stops.md, Exit statuses, says",
        "the API's document, Status Flow",
        "the API's document says",
        'docs/ledger.md"',
        "`<name>.md`, and https://example.com/a.md",
    ],
)
def test_citation_that_leads_somewhere_is_found(text):
    """A heading may go on in the next line; a page, or the API's document, may be cited as a whole."""
    assert [] == list(leads_nowhere(text))


@pytest.mark.parametrize(
    "text",
    [
        "design.md 5",
        "reliability.md 1.4",
        "wire.md D1",
        "(pacing.md, The rules)",
        "docs/design/nowhere.md",
        "docs/design/settling.md, Negative control",
        "docs/design/settling.md, Heldback",
        "the API's document, Statuses",
        "compliance-api.txt, Status Flow",
    ],
)
def test_citation_that_leads_nowhere_is_found(text):
    """A document that is not in the repository, and a heading that a page has not, are named."""
    assert [] != list(leads_nowhere(text))


def test_documents_within_a_folder_name_their_neighbours():
    """A page names another one by its path from where it lies."""
    assert [] == list(leads_nowhere("see design/ledger.md and security.md", ROOT / "docs"))


def test_headings_of_the_api_document_are_listed():
    """The list of headings is there, each once."""
    assert {"Status Flow", "Error Codes", "Rate Limits"} <= set(API_HEADINGS)
    assert len(API_HEADINGS) == len(set(API_HEADINGS))
