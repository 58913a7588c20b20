"""What `check` prints: how many findings of each kind, the findings themselves, and what one kind means."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from bulk_onboard.model.catalogue import CATALOGUE, FindingKind, Severity
from bulk_onboard.model.finding import OFF, Finding
from bulk_onboard.report.page import page_on
from bulk_onboard.report.problems import told_once, whole_sentence

_NAMED = {Severity.ERROR: "an error", Severity.WARNING: "a warning"}
_GRAVITY = tuple(Severity)  # errors before warnings


def kinds_of(findings: Iterable[Finding]) -> list[tuple[int, Severity, str]]:
    """How many findings there are of each severity and code: biggest first, among equals errors before warnings."""
    counted = Counter((finding.severity, finding.code) for finding in findings)
    kinds = [(number, severity, code) for (severity, code), number in counted.items()]
    return sorted(kinds, key=lambda kind: (-kind[0], _GRAVITY.index(kind[1]), kind[2]))


def print_findings(findings: Sequence[Finding], stream: TextIO, *, workbook: str) -> None:
    """How many findings of each kind there are, then the findings, what very many rows have in common once."""
    page = page_on(stream)
    if not findings:
        page.write_line("No problems were found.")
        return
    page.write_table(
        ("Findings", "Severity", "Code", "Title"),
        [(f"{number:,}", severity.value, code, CATALOGUE[code].title) for number, severity, code in kinds_of(findings)],
    )
    page.write_line("")
    shown = [(finding, whole_sentence(finding, more)) for finding, more in told_once(findings)]
    page.write_findings(shown, workbook=workbook)


def print_marked(path: Path, stream: TextIO, *, notes: Iterable[str] = (), next_command: str) -> None:
    """Where the errors are marked, what there is to know of that copy, and what to type once they are fixed there."""
    page = page_on(stream)
    page.write_line("")
    page.write_line(f"Marked in: {path}")
    for note in notes:
        page.write_line(note)
    page.write_line(f"Fix it there, save it, then type: {next_command}")


def print_kind(kind: FindingKind, stream: TextIO, *, ruling: str = "") -> None:
    """What one kind of finding means, how to fix it, and what the job file may say of it; `ruling` if it does."""
    page = page_on(stream)
    page.write_line(f"{kind.code}: {kind.title} ({kind.severity.value})")
    page.write_line("")
    page.write_line(kind.problem)
    page.write_line(f"How to fix it: {kind.fix}")
    if "{" in kind.problem + kind.fix:
        page.write_line("What stands in braces is filled in for the row.")
    page.write_line("")
    for line in ruling_lines(kind):
        page.write_line(line)
    if ruling:
        page.write_line(f"This job rules it: {ruling}.")


def ruling_lines(kind: FindingKind) -> tuple[str, ...]:
    """What the job file may say of the kind, as one writes it there."""
    if not kind.may_be_ruled:
        return (f"It is {_NAMED[kind.severity]}, whatever the job file says.",)
    return (f"The job file may make it {OFF}, a warning or an error:", "    [findings]", f'    {kind.code} = "{OFF}"')
