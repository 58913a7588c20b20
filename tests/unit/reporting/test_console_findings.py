"""What `check` prints, on a terminal and elsewhere."""

import io
import re
import time
from pathlib import Path

import pytest

from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.reporting.console import kinds_of, print_findings, print_kind, print_marked, rows_in_words
from tests.unit.reporting.samples import finding

LONG = {"label": "A label that is so long that no line of a narrow terminal could ever hold it as a whole"}
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Makes a terminal so many characters wide, whatever the tests run on."""

    def make(columns):
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", str(columns))
        return Terminal()

    return make


def printed(findings):
    """The lines that a file gets."""
    stream = io.StringIO()
    print_findings([("", each) for each in findings], stream, elsewhere="the marked copy")
    return stream.getvalue().splitlines()


def test_errors_come_before_warnings_and_what_there_is_most_of_first():
    """Among equals the alphabet decides."""
    findings = [
        finding("duplicate"),
        finding("unknown-column"),
        finding("duplicate"),
        finding(),
        finding("key-conflict"),
    ]

    assert [
        (Severity.ERROR, "field-missing", 1),
        (Severity.ERROR, "key-conflict", 1),
        (Severity.WARNING, "duplicate", 2),
        (Severity.WARNING, "unknown-column", 1),
    ] == [(kind.severity, kind.code, kind.number) for kind in kinds_of(("", each) for each in findings)]


def test_severity_is_what_the_job_rules():
    """A warning that the job calls an error is told as one."""
    lines = printed([finding("duplicate", ruled=Severity.ERROR)])

    assert lines[1].endswith("(1 error: duplicate)")


def test_what_is_said_in_the_same_words_is_said_once():
    """With all its rows; the column is not named twice, and the fix stands below."""
    lines = printed([finding(row=row) for row in (14, 3, 4, 5)] + [finding(row=20, seen="?")])

    assert [
        "",
        f"{CATALOGUE['field-missing'].title} (5 errors: field-missing)",
        "  rows 3-5, 14: Email is required and the cell is blank.",
        "  row 20: Email is required and the cell is blank (seen: ?).",
        "  How to fix it: Fill in the cell.",
    ] == lines


def test_of_a_kind_ten_are_shown():
    """And how many more there are, and where they stand."""
    lines = printed([finding(row=row, seen=f"seen {row}") for row in range(2, 36)])

    assert 10 == sum("row " in line for line in lines)
    assert "  … and 24 more; the marked copy has all of them." in lines


def test_kinds_that_occur_once_share_a_heading():
    """A sheet may have very many of them; each still says how to fix it, and its code."""
    lines = printed([finding(), finding("key-conflict", row=5, column=""), finding("document-empty", row=6)])

    assert "Errors that occur once (3)" == lines[1]
    assert "  row 2: Email is required and the cell is blank. Fill in the cell. [field-missing]" in lines
    assert 5 == len(lines)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([3], "row 3"),
        ([3, 3], "row 3"),
        ([4, 3], "rows 3-4"),
        ([3, 5, 6, 7, 9], "rows 3, 5-7, 9"),
        (range(2, 1000, 2), "rows 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 and 489 more"),
    ],
)
def test_rows_are_told_as_people_would(rows, words):
    """Runs of rows as from and to, and of very many the first ones."""
    assert words == rows_in_words(list(rows))


def test_no_findings():
    """A sheet without problems is told so."""
    assert ["No problems were found."] == printed([])


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_long_sentences_stay_readable_on_a_terminal(terminal, columns):
    """No line is wider than the terminal, and no word is torn."""
    stream = terminal(columns)

    print_findings([("", finding(row=123_456, column="Registration Number", details=LONG))], stream, elsewhere="--json")

    lines = ESCAPES.sub("", stream.getvalue()).splitlines()
    assert max(map(len, lines)) <= columns
    told = " ".join(" ".join(lines).split())
    assert all(word in told.split() for word in LONG["label"].split())


def test_a_hundred_thousand_findings_are_told_quickly():
    """And in a few lines: nothing is gone through again for each."""
    findings = [finding(row=row, seen=f"seen {row}") for row in range(100_000)]

    began = time.process_time()
    lines = printed(findings)

    assert 14 == len(lines)
    assert time.process_time() - began < 20


def test_where_it_is_marked(tmp_path):
    """The path of the copy, and the command that runs it."""
    stream = io.StringIO()

    print_marked(Path("june.annotated.xlsx"), stream, next_command="bulk-onboard run june.annotated.xlsx")

    assert [
        "",
        "Marked in: june.annotated.xlsx",
        "Fix it there, save it, then type: bulk-onboard run june.annotated.xlsx",
    ] == stream.getvalue().splitlines()


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_kind_can_be_explained(code):
    """Title, severity, sentence and fix; and the line to write, where the job file may rule it."""
    kind, stream = CATALOGUE[code], io.StringIO()

    print_kind(kind, stream)

    text = stream.getvalue()
    assert text.startswith(f"{code}: {kind.title} ({kind.severity})\n\n{kind.problem}\nHow to fix it: {kind.fix}\n")
    assert kind.may_be_ruled == (f'    [findings]\n    {code} = "off"\n' in text)
    assert kind.may_be_ruled != ("whatever the job file says." in text)


def test_explanation_says_what_the_job_rules():
    """Where JOB is given, its own word is told as well."""
    stream = io.StringIO()

    print_kind(CATALOGUE["duplicate"], stream, ruling="off")

    assert stream.getvalue().endswith("This job makes it: off.\n")
