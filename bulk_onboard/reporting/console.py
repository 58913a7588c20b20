"""What the verbs print."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from bulk_onboard.model.catalogue import CATALOGUE, FindingKind, Severity
from bulk_onboard.model.finding import OFF, Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import Record
from bulk_onboard.model.requirements import FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.reporting.printer import Printer, printer_on
from bulk_onboard.reporting.row_status import (
    Totals,
    attention_sentence,
    drift_sentences,
    renumbered_sentence,
)
from bulk_onboard.reporting.sheets import whole_sentence, without_repeats
from bulk_onboard.reporting.table import Cell
from bulk_onboard.units import format_age, format_count, format_duration, format_size

# Runs, and what they lead to.


def print_plan(plan: Plan, stream: TextIO) -> None:
    """Print what a run costs, how many rows each action has, then what would be done for each row and why."""
    page = printer_on(stream)
    forecast = plan.forecast
    takes = f", about {format_duration(forecast.duration_s)}" if forecast.duration_s is not None else ""
    requests = format_count(forecast.requests, "request")
    page.write_line(f"A run would make {requests} with {format_size(forecast.size)}{takes}.")
    _print_counts(page, "Action", plan.counts())
    page.write_line("")
    rows = [
        (d.judged.row.number, d.identity.user_key if d.identity else "", d.action.value, d.reason)
        for d in plan.decisions
    ]
    page.write_list(("Row", "Key", "Action", "Why"), rows)


def print_run(
    totals: Totals,
    stream: TextIO,
    *,
    report: Path | None,
    annotated: Path | None = None,
    workbook: Path | None = None,
    next_command: str,
) -> None:
    """Print rows by state and review, how many need attention, where the files are, and what to type next.

    Args:
        workbook: where the user may not know which was taken; else None.
    """
    page = printer_on(stream)
    if workbook is not None:
        page.write_line(f"Workbook: {workbook}")
    _print_states(page, totals.counts, totals.reviews)
    for sentence in (attention_sentence(totals), *drift_sentences(totals.drift)):
        if sentence:
            page.write_line(sentence)
    if report is not None:
        page.write_line(f"Report: {report}")
    if annotated is not None:
        page.write_line(f"Marked in: {annotated}")
    page.write_line(f"Next: {next_command}")


def print_summary(totals: Totals, stream: TextIO) -> None:
    """Print what a run came to, in one line."""
    reviews = _nonzero(totals.reviews)
    states = [
        f"{number:,} {name}{f' ({reviews})' if name == 'submitted' and reviews else ''}"
        for name, number in totals.counts.items()
        if number and name != "rows"
    ]
    rows = format_count(totals.counts["rows"], "row")
    attention = attention_sentence(totals) or "Nothing needs attention."
    counts = f"{rows}: {', '.join(states)}." if states else f"{rows}."
    printer_on(stream).write_line(" ".join((counts, attention, *renumbered_sentence(totals.drift))))


def print_refresh(
    looked: int, changed: int, gone: int, reviews: Mapping[str, int], stream: TextIO, *, report: Path
) -> None:
    """Print what taking in reviews came to; one line where `reviews` is empty."""
    page = printer_on(stream)
    no_more = f"; {gone:,} {'is' if gone == 1 else 'are'} gone from the API" if gone else ""
    records = f"{format_count(looked, 'submitted record')} {'was' if looked == 1 else 'were'} looked at"
    page.write_line(f"{records}; {changed:,} {'has' if changed == 1 else 'have'} a new review{no_more}.")
    if reviews:
        _print_counts(page, "Review", reviews)
        page.write_line(f"Report: {report}")


def print_status(
    ledger_state: LedgerState,
    counts: Mapping[str, int],
    reviews: Mapping[str, int],
    stream: TextIO,
    *,
    now: datetime,
    not_taken_in: int = 0,
    next_command: str = "",
) -> None:
    """Print the job at a glance: account, newest run, records by state and review, what to type next if known.

    Args:
        not_taken_in: rows of the workbook that the newest run left for a later one.
    """
    page = printer_on(stream)
    if ledger_state.opened:
        page.write_line(f"Account {ledger_state.opened.auth_id} at {ledger_state.opened.base_url}")
    if ledger_state.runs:
        started, ended = ledger_state.runs[-1].started, ledger_state.runs[-1].ended
        began = format_age(datetime.fromisoformat(started.at), now)
        how = (
            f"ended {format_age(datetime.fromisoformat(ended.at), now)} with exit status {ended.exit_status}"
            if ended
            else "has not recorded its end"
        )
        page.write_line(
            f"Runs: {len(ledger_state.runs):,}; the newest, {started.run_id} by {started.user} on {started.host}, "
            f"began {began} and {how}."
        )
    _print_states(page, counts, reviews)
    if not_taken_in:
        page.write_line(f"Not taken in yet: {format_count(not_taken_in, 'row')} of the workbook, when that run ended.")
    if next_command:
        page.write_line(f"Next: {next_command}")


def print_records(rows: Sequence[tuple[Cell, ...]], stream: TextIO, *, of: int, left_out: int, has_names: bool) -> None:
    """Print the records that were asked for, a line each, and how many they are of all.

    Args:
        rows: row number, Key, business name, state, review, why, and what to do.
        of: how many records there are.
        left_out: how many more fit, and are not shown.
        has_names: whether the workbook is at hand, with row numbers and names.
    """
    page = printer_on(stream)
    found = len(rows) + left_out
    page.write_line(f"{found:,} of {format_count(of, 'record')} {'fits' if found == 1 else 'fit'}.")
    if rows:
        headers = ("Row", "Key", "Business Name", "State", "Review", "Why", "What to do")
        page.write_table(
            headers if has_names else (headers[1], *headers[3:]),
            rows if has_names else [(row[1], *row[3:]) for row in rows],
        )
    if left_out:
        page.write_line(f"… and {left_out:,} more; --all shows them all.")


def print_story(record: Record, lines: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """Print where one record stands, then what happened to it, oldest first.

    Args:
        lines: of each entry `at`, `entry`, `op`, `attempt`, `words`, `api_id`, `compliance_id`, the `state` it led
            to, and its `documents`, each with type, sha256 and size.
    """
    page = printer_on(stream)
    named = {"Key": record.key, "Alias": record.alias, "Compliance ID": record.compliance_id, "Review": record.review}
    names = "; ".join(f"{name} {value}" for name, value in named.items() if value)
    page.write_line(f"Record {record.token} is {record.state}{': ' if names else ''}{names}")
    rows: list[tuple[Cell, ...]] = []
    for line in lines:
        op = " ".join(part for part in (line["op"], str(line["attempt"] or "")) if part)
        ids = " ".join(filter(None, (line["compliance_id"], line["api_id"])))
        at = f"{datetime.fromisoformat(line['at']).astimezone():%Y-%m-%d %H:%M:%S}"
        rows.append((at, line["entry"], op, line["words"], ids, line["state"]))
        rows += [("", "document", d["type"], d["sha256"], format_size(d["size"]), "") for d in line["documents"]]
    page.write_table(("At", "Entry", "Write", "Words", "Ids", "State"), rows)


def print_inventory(origins: Mapping[str, int], strays: Sequence[Mapping[str, str]], stream: TextIO) -> None:
    """Print the account's records by where they come from, then those that no row of the sheet stands for."""
    page = printer_on(stream)
    _print_counts(page, "Origin", origins, sum(origins.values()), what="Records")
    if strays:
        page.write_line("")
        rows = [(one["compliance_id"], one["alias"], one["review"], one["origin"]) for one in strays]
        page.write_list(("Compliance ID", "Alias", "Review", "From"), rows)


def _print_states(page: Printer, counts: Mapping[str, int], reviews: Mapping[str, int]) -> None:
    _print_counts(page, "State", {name: number for name, number in counts.items() if name != "rows"}, counts["rows"])
    if any(reviews.values()):
        _print_counts(page, "Review", reviews)


def _print_counts(
    page: Printer, name: str, counts: Mapping[str, int], total: int | None = None, *, what: str = "Rows"
) -> None:
    """Print what there is any of."""
    rows: list[tuple[Cell, ...]] = [(key, f"{number:,}") for key, number in counts.items() if number]
    if total is not None:
        rows.append(("total", f"{total:,}"))
    if rows:
        page.write_table((name, what), rows)


def _nonzero(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)


# Findings and requirements.

_NAMED = {Severity.ERROR: "an error", Severity.WARNING: "a warning"}
_GRAVITY = tuple(Severity)  # errors before warnings


def kinds_of(findings: Iterable[Finding]) -> list[tuple[int, Severity, str]]:
    """Return how many findings there are of each severity and code: biggest first, then errors before warnings."""
    counted = Counter((finding.severity, finding.code) for finding in findings)
    kinds = [(number, severity, code) for (severity, code), number in counted.items()]
    return sorted(kinds, key=lambda kind: (-kind[0], _GRAVITY.index(kind[1]), kind[2]))


def print_findings(findings: Sequence[Finding], stream: TextIO, *, workbook: str) -> None:
    """Print how many findings of each kind there are, then the findings; of very many alike only the first."""
    page = printer_on(stream)
    if not findings:
        page.write_line("No problems were found.")
        return
    page.write_table(
        ("Findings", "Severity", "Code", "Title"),
        [(f"{number:,}", severity.value, code, CATALOGUE[code].title) for number, severity, code in kinds_of(findings)],
    )
    page.write_line("")
    shown = [(finding, whole_sentence(finding, more)) for finding, more in without_repeats(findings)]
    page.write_findings(shown, workbook=workbook)


def print_marked(path: Path, stream: TextIO, *, notes: Iterable[str] = (), next_command: str) -> None:
    """Print where the errors are marked, what there is to know of that copy, and what to type once they are fixed."""
    page = printer_on(stream)
    page.write_line("")
    page.write_line(f"Marked in: {path}")
    for note in notes:
        page.write_line(note)
    page.write_line(f"Fix it there, save it, then type: {next_command}")


def print_kind(kind: FindingKind, stream: TextIO, *, ruling: str = "") -> None:
    """Print what one kind of finding means, how to fix it, and what the job file may say of it.

    Args:
        ruling: what the job file does say of it; empty for nothing.
    """
    page = printer_on(stream)
    page.write_line(f"{kind.code}: {kind.title} ({kind.severity.value})")
    page.write_line("")
    page.write_line(kind.problem)
    page.write_line(f"How to fix it: {kind.fix}")
    if "{" in kind.problem + kind.fix:
        page.write_line("The words in braces are filled in for each row.")
    page.write_line("")
    for line in ruling_lines(kind):
        page.write_line(line)
    if ruling:
        page.write_line(f"This job makes it: {ruling}.")


def ruling_lines(kind: FindingKind) -> tuple[str, ...]:
    """Return what the job file may say of the kind, as one writes it there."""
    if not kind.may_be_ruled:
        return (f"It is {_NAMED[kind.severity]}, whatever the job file says.",)
    return (f"The job file may make it {OFF}, a warning or an error:", "    [findings]", f'    {kind.code} = "{OFF}"')


def print_requirements(book: RequirementsBook, stream: TextIO) -> None:
    """Print what each combination requires, and where that is known from."""
    page = printer_on(stream)
    page.write_line(f"Source: {book.source}")
    page.write_line(f"Contract: {book.contract}")
    for required in book.offered.values():
        days = (
            f"; a review takes about {format_count(required.review_days, 'business day')}"
            if required.review_days
            else ""
        )
        page.write_line("")
        page.write_line(f"{required.combination}{days}")
        page.write_table(("What", "Name", "Label", "Must be"), list(_required(required)))


def _required(required: Requirements) -> Iterable[tuple[Cell, ...]]:
    for each in required.fields:
        yield "field", each.name, each.label, _must_be(each)
    for document in required.documents:
        must = ", ".join(document.kinds) if document.needs_file else "no file, its fields alone"
        yield "document", document.type, document.title, must
        for each in document.fields:
            yield "its field", each.name, each.label, _must_be(each)


def _must_be(field: FieldRequirement) -> str:
    least, most = field.min_length or 0, field.max_length
    if field.choices:
        how = f"one of: {', '.join(field.choices)}"
    elif field.field_type == "date":
        how = f"a date, {field.date_format}" if field.date_format else "a date"
    else:
        how = f"{least} to {most} characters" if most else f"at least {least} characters" if least else ""
    return ", ".join(part for part in ("" if field.required else "optional", how) if part)
