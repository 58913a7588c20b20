"""What `check` prints, on a terminal and elsewhere."""

import io
import re
import time
from pathlib import Path

import pytest

from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.reporting.console import kinds_of, print_findings, print_kind, print_marked
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
    print_findings(findings, stream, workbook="june.xlsx")
    return stream.getvalue().splitlines()


def test_kinds_come_biggest_first_and_errors_before_warnings():
    """What there is most of stands at the top; among equals what keeps rows out, then the alphabet."""
    findings = [
        finding("duplicate"),
        finding("unknown-column"),
        finding("duplicate"),
        finding(),
        finding("key-conflict"),
    ]

    assert [
        (2, Severity.WARNING, "duplicate"),
        (1, Severity.ERROR, "field-missing"),
        (1, Severity.ERROR, "key-conflict"),
        (1, Severity.WARNING, "unknown-column"),
    ] == kinds_of(findings)


def test_severity_is_what_the_job_rules():
    """A warning that the job calls an error is summed up and told as one."""
    findings = [finding("duplicate", ruled=Severity.ERROR)]

    lines = printed(findings)

    assert ["1", "error", "duplicate"] == lines[1].split()[:3]
    assert lines[-1].endswith("[error: duplicate]")


def test_summary_then_one_line_for_each():
    """Each line begins with the place, from the file down, and says what is wrong, what was seen and how to fix it."""
    lines = printed([finding(row=14, seen="?"), finding("duplicate", row=15, column="")])

    assert ["Findings", "Severity", "Code", "Title"] == lines[0].split()
    assert "" == lines[3]
    first, second = lines[4:]
    assert first.startswith("june.xlsx › Sheet1 › row 14 › Email: Email is required and the cell is blank (seen: ?). ")
    assert first.endswith(" Fill in the cell. [error: field-missing]")
    assert second.startswith("june.xlsx › Sheet1 › row 15: Row 2 has the same key and content; ")
    assert second.endswith(" Nothing needs to be done; delete the row if you like. [warning: duplicate]")


def test_very_many_alike_are_one_line():
    """The same trouble in more than a hundred rows is told once, at the first, with how many more there are."""
    lines = printed([finding(row=row) for row in range(2, 1_003)])

    assert ["1,001", "error", "field-missing"] == lines[1].split()[:3]
    assert 4 == len(lines)
    assert "row 2 › Email: Email is required and the cell is blank. And 1,000 more rows. Fill" in lines[3]


def test_no_findings():
    """A sheet without problems is told so."""
    assert ["No problems were found."] == printed([])


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_long_sentences_stay_readable_on_a_terminal(terminal, columns):
    """No line is wider than the terminal, no word is torn, and sentences have most of the width."""
    stream = terminal(columns)

    print_findings([finding(row=123_456, column="Registration Number", details=LONG)], stream, workbook="june.xlsx")

    lines = ESCAPES.sub("", stream.getvalue()).splitlines()
    assert max(map(len, lines)) <= columns
    told = " ".join(line[27:].strip() for line in lines)
    assert f"{LONG['label']} is required and the cell is blank. Fill in the cell. error: field-missing" in told


def test_a_terminal_gets_a_screenful(terminal):
    """And how many more there are; a file gets everything."""
    findings = [finding(row=row) for row in range(2, 82)]
    stream = terminal(100)

    print_findings(findings, stream, workbook="june.xlsx")

    assert "… and 30 more; send the output to a file to see them all." in stream.getvalue()
    assert 83 == len(printed(findings))


def test_a_hundred_thousand_findings_are_told_quickly():
    """Twice as many take about twice as long: nothing is gone through again for each."""
    findings = [finding(row=row, seen=f"seen {row}") for row in range(100_000)]

    began = time.process_time()
    lines = printed(findings)

    assert 100_003 == len(lines)
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
