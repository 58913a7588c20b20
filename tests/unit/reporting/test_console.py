"""What the verbs print, on a terminal and elsewhere."""

import io
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bulk_onboard.model.plan import Forecast, Plan
from bulk_onboard.model.requirements import DocumentRequirement, FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.reporting.console import (
    Closing,
    print_findings,
    print_inventory,
    print_plan,
    print_refresh,
    print_requirements,
    print_run,
    print_status,
    print_story,
    print_summary,
)
from bulk_onboard.reporting.figures import Attention, Figures, Overview
from bulk_onboard.reporting.printer import print_next
from bulk_onboard.reporting.row_status import Drift, Totals
from tests.unit.reporting.samples import LOCAL, decision, finding, ledger_state, record, run_story, status, token

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
NAMES = ("Done", "Waiting for review", "Need attention")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def terminal_settings(monkeypatch):
    """The settings of an ordinary terminal, whatever the tests run on."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")


def test_plan():
    """The plan says what it costs, and what is due and why, rows with the same reason together."""
    stream = io.StringIO()
    forecast = Forecast(creates=1_100, reads=100, size=5_000_000, duration_s=1_200.0)

    print_plan(Plan(tuple(decision(row) for row in (2, 3, 4, 9)), forecast), stream)

    assert [
        "A run would make 1,200 requests with 4.8 MiB, about 20 min.",
        "",
        "nothing: 4 rows",
        "  rows 2-4, 9",
    ] == stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("forecast", "sentence"),
    [
        (Forecast(duration_s=0.0), "A run would make no requests."),
        (Forecast(reads=1, duration_s=0.0), "A run would make 1 request."),
    ],
)
def test_plan_of_next_to_nothing(forecast, sentence):
    """No size, time or hour of nothing."""
    stream = io.StringIO()

    print_plan(Plan((), forecast), stream, now=datetime(2026, 1, 5, 15, 8, tzinfo=UTC))

    assert f"{sentence}\n" == stream.getvalue()


def test_plan_says_when_a_run_would_end():
    """With the waits for the settle window, and by the clock of whoever reads it."""
    stream = io.StringIO()

    print_plan(
        Plan((), Forecast(creates=1, duration_s=1_200.0)),
        stream,
        waits_s=180.0,
        now=datetime(2026, 1, 5, 15, 8, tzinfo=UTC),
    )

    assert "about 23 min; begun now it would end at 15:31.\n" in stream.getvalue()


def test_of_very_many_reasons_a_plan_shows_ten():
    """And in how many rows it has other ones."""
    stream = io.StringIO()
    decisions = [msgspec.structs.replace(decision(row), reason=f"refused: code {row}") for row in range(2, 30)]

    print_plan(Plan(tuple(decisions), Forecast()), stream)

    assert 10 == stream.getvalue().count("refused: code")
    assert "  … and 18 rows for other reasons; --json has all of them." in stream.getvalue().splitlines()


def test_status():
    """The status has account, newest run, counts that add up, and what to type."""
    stream = io.StringIO()
    ledger = ledger_state(record(2), record(3), runs=[run_story(exit_status=4)])

    counted = status(None, ledger)
    print_status(ledger, counted.counts(), counted.reviews(), stream, now=NOW, next_command="bulk-onboard run j")

    text = stream.getvalue()
    assert "exit status 4" in text
    assert "submitted  2\ntotal      2\n" in text
    assert text.endswith("Next: bulk-onboard run j\n")


def closing(**changes):
    """What a run of some rows came to."""
    kinds = (Attention("invalid", "postal code of another state", 12), Attention("refused", "invalid_pin", 1))
    overview = Overview(Figures(10, 120, 13, 39), "", (), kinds)
    usual = {"title": "Finished; some rows need attention", "overview": overview, "sent": 160, "adopted": 3}
    usual |= {"updated": 0, "duplicates": 0, "audit": "the whole account was checked"}
    return Closing(**usual | changes)


TOTALS = Totals(counts={"rows": 182}, reviews={}, need_attention=13, new=5)


def test_run_in_plain_lines(tmp_path):
    """What it did, where all rows stand, what needs attention by kind, where the report is, and what to type next."""
    stream = io.StringIO()

    print_run(closing(files=(("Report", Path("r.xlsx")),)), TOTALS, stream, next_command="again")

    assert [
        "Finished; some rows need attention",
        "Sent                160",
        "Found at the API      3",
        "Duplicates            0  the whole account was checked",
        "Done                 10",
        "Waiting for review  120",
        "Not sent yet         39",
        "Need attention       13  5 new",
        "                    12 invalid: postal code of another state",
        "                    1 refused: invalid_pin",
        "Report              r.xlsx",
        "Next: again",
    ] == stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("folder", "lines", "kinds_shown"), [("folder", "24", 8), ("a/folder/" * 12, "24", 3), ("a/folder/" * 12, "40", 8)]
)
def test_box_of_a_run_fits_a_screen(monkeypatch, folder, lines, kinds_shown):
    """With the command below it and the shell's prompt; the longer the paths are, the fewer kinds are named."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", lines)
    stream = Terminal()
    kinds = tuple(Attention("invalid", f"some kind of problem, number {number}", 2) for number in range(30))
    overview = Overview(Figures(10, 120, 60, 39), "", (), kinds)
    files = (("Report", Path(folder) / "r.xlsx"), ("Marked copy", Path(folder) / "b.xlsx"))
    command = f"bulk-onboard merge {folder}/b.xlsx && bulk-onboard run {folder}/b.xlsx"

    print_run(closing(overview=overview, updated=4, files=files), TOTALS, stream, next_command=command)

    *box, last = stream.getvalue().splitlines()
    assert f"Next: {command}" == last
    assert len(box) + math.ceil(len(last) / 80) + 1 <= int(lines)
    assert f"{2 * (31 - kinds_shown)} rows of {31 - kinds_shown} other kinds" in stream.getvalue()
    assert max(len(ESCAPES.sub("", line)) for line in box) <= 80


@pytest.mark.parametrize(
    ("need_attention", "new", "renumbered", "wanted"),
    [
        (0, 0, 0, "Nothing needs attention."),
        (1, 1, 0, "1 row needs attention."),
        (3, 3, 0, "3 rows need attention."),
        (1_200, 5, 0, "1,200 rows need attention (5 new)."),
        (3, 0, 0, "3 rows need attention (none new)."),
        (
            1,
            1,
            2,
            (
                "1 row needs attention. "
                "2 rows have another registration number than was sent before: see the sheet Problems."
            ),
        ),
    ],
)
def test_summary_is_one_line(need_attention, new, renumbered, wanted):
    """What a quiet run prints: rows by state, whether rows need attention, and always which numbers changed."""
    stream = io.StringIO()
    counted = {"rows": 2_000, "submitted": 1_961, "invalid": 39, "held": 0}
    totals = Totals(
        counts=counted,
        reviews={"approved": 1_900, "pending": 61},
        need_attention=need_attention,
        new=new,
        drift=Drift(renumbered=renumbered),
    )

    print_summary(totals, stream)

    told = "2,000 rows: 1,961 submitted (1,900 approved, 61 pending), 39 invalid. "
    assert f"{told}{wanted}\n" == stream.getvalue()


def test_refresh(tmp_path):
    """How many were looked at, how many have another review, and what the reviews are now."""
    stream = io.StringIO()

    print_refresh(30, 4, 0, {"approved": 26, "rejected": 4}, stream, report=tmp_path / "r.xlsx")

    first, *_, last = stream.getvalue().splitlines()
    assert "30 submitted records were looked at; 4 have a new review." == first
    assert f"Report: {tmp_path / 'r.xlsx'}" == last


def test_survey():
    """The account's records by where they come from, then each that no row stands for."""
    stream = io.StringIO()
    stray = {"compliance_id": "c-9", "alias": "Filed by hand", "review": "approved", "origin": "not from this tool"}

    print_inventory({"a row of the sheet": 2, "not from this tool": 1}, [stray], stream)

    lines = stream.getvalue().splitlines()
    assert ["total", "3"] == lines[3].split()
    assert "c-9            Filed by hand  approved  not from this tool" == lines[-1]


def test_command_is_one_line_on_a_terminal():
    """However long it is: a line break within would be pasted along with it."""
    command = " ".join(["bulk-onboard run j", *(f"--against '{name} of june.ledger.jsonl'" for name in "abcdefgh")])
    terminal = Terminal()

    print_next(command, terminal)

    assert f"Next: {command}\n" == terminal.getvalue()


def test_colours_mean_something_and_are_left_out_where_nobody_wants_them(monkeypatch):
    """Green is done, yellow waits, red needs us. With NO_COLOR the box stays; a file gets plain lines."""
    coloured, plain, file = Terminal(), Terminal(), io.StringIO()

    print_run(closing(), TOTALS, coloured, next_command="again")
    print_run(closing(), TOTALS, file, next_command="again")
    monkeypatch.setenv("NO_COLOR", "1")
    print_run(closing(), TOTALS, plain, next_command="again")

    lines = {name: line for line in coloured.getvalue().splitlines() for name in NAMES if name in line}
    assert ["\x1b[32m", "\x1b[33m", "\x1b[31m"] == [re.search(r"\x1b\[3\dm", lines[name])[0] for name in NAMES]
    assert "\x1b" not in plain.getvalue() + file.getvalue()
    assert "─" in plain.getvalue()
    assert "─" not in file.getvalue()


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_data_cannot_steer_the_terminal(stream):
    """Escape sequences, line breaks and markup in a cell are shown, not obeyed."""
    print_findings([("", finding(seen="\x1b]0;x\x07[red]a\nb"))], stream, elsewhere="--json")

    assert "\\x1b]0;x\\x07[red]a\\nb" in stream.getvalue()


def test_poor_encoding_loses_no_line():
    """A stream that knows ASCII only gets another character for what it cannot show."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    print_findings([("", finding(seen="Ånand"))], stream, elsewhere="--json")
    stream.flush()

    assert b"?nand" in raw.getvalue()


def test_story():
    """A record's story has its names, each entry with the state it led to, and digests of what was sent."""
    stream = io.StringIO()
    sent = {"type": "identity_proof", "sha256": "d" * 64, "size": 2048}
    blank = {"op": "create", "attempt": 1, "words": "", "api_id": "", "compliance_id": "", "documents": ()}
    sent_at, done_at = datetime(2026, 1, 5, 10, 0).astimezone(), datetime(2026, 1, 5, 10, 1).astimezone()
    lines = [
        {**blank, "at": sent_at.isoformat(), "entry": "intent", "state": "sending", "documents": (sent,)},
        {**blank, "at": done_at.isoformat(), "entry": "done", "attempt": 0, "api_id": "a-1", "state": "submitted"},
    ]

    print_story(record(2, key="K-2"), lines, stream)

    told = [line.split() for line in stream.getvalue().splitlines()]
    assert ["2026-01-05", "10:00:00", "intent", "create", "1", "sending"] == told[2]
    assert ["document", "identity_proof", "d" * 64, "2.0", "KiB"] == told[3]
    assert ["2026-01-05", "10:01:00", "done", "create", "a-1", "submitted"] == told[4]
    assert stream.getvalue().startswith(f"Record {token(2)} is submitted: Key K-2;")


def test_requirements():
    """They are a table of fields and documents for each combination, under their source and contract."""
    stream = io.StringIO()
    fields = (
        FieldRequirement("business_name", "Business name", max_length=255),
        FieldRequirement("email", "Email", required=False),
    )
    own = (
        FieldRequirement("role", "Role", field_type="enum", choices=("Director", "Partner")),
        FieldRequirement("since", "Since", required=False, field_type="date", date_format="dd/mm/yyyy"),
    )
    documents = (
        DocumentRequirement("identity_proof", "Identity proof", ("passport", "licence")),
        DocumentRequirement("signatory", "Signatory", needs_file=False, fields=own),
    )
    book = RequirementsBook.of("the bundled example", live=False, offered=[Requirements(LOCAL, fields, documents, 3)])

    print_requirements(book, stream)

    lines = stream.getvalue().splitlines()
    place = "IN / local / business; a review takes about 3 business days"
    assert ["Source: the bundled example", "Contract: beta", "", place] == lines[:4]
    assert [
        ("field", "0 to 255 characters"),
        ("field", "optional"),
        ("document", "passport, licence"),
        ("document", "no file, its fields alone"),
        ("its field", "one of: Director, Partner"),
        ("its field", "optional, a date, dd/mm/yyyy"),
    ] == [(line[:9].strip(), must) for line in lines[5:] for must in [line.rstrip().split("  ")[-1].strip()]]
