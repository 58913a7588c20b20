"""What the verbs print."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from bulk_onboard.model.books import Books
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import Record
from bulk_onboard.report.drift import Drift, drift_told, renumbered_told
from bulk_onboard.report.page import Page, page_on
from bulk_onboard.report.table import Cell
from bulk_onboard.units import format_duration, format_size


def print_plan(plan: Plan, stream: TextIO) -> None:
    """What a run costs, how many rows each action has, then what would be done for each row and why."""
    page = page_on(stream)
    forecast = plan.forecast
    takes = f", about {format_duration(forecast.duration_s)}" if forecast.duration_s is not None else ""
    page.write_line(f"A run would make {forecast.requests:,} requests with {format_size(forecast.size)}{takes}.")
    _print_counts(page, "Action", plan.counts())
    page.write_line("")
    rows = [
        (d.judged.row.number, d.identity.user_key if d.identity else "", d.action.value, d.reason)
        for d in plan.decisions
    ]
    page.write_list(("Row", "Key", "Action", "Why"), rows)


def print_status(
    books: Books, counts: Mapping[str, int], reviews: Mapping[str, int], stream: TextIO, *, next_command: str = ""
) -> None:
    """The job at a glance: its account and newest run, its records by state and review, what to type next if known."""
    page = page_on(stream)
    if books.opened:
        page.write_line(f"Account {books.opened.auth_id} at {books.opened.base_url}")
    if books.runs:
        started, ended = books.runs[-1].started, books.runs[-1].ended
        how = f"ended {ended.at} with exit status {ended.exit_status}" if ended else "has not recorded its end"
        page.write_line(
            f"Runs: {len(books.runs):,}; the newest, {started.run_id} by {started.user} on {started.host}, "
            f"began {started.at} and {how}."
        )
    _print_standing(page, counts, reviews)
    if next_command:
        page.write_line(f"Next: {next_command}")


def print_run(
    counts: Mapping[str, int],
    reviews: Mapping[str, int],
    stream: TextIO,
    *,
    report: Path | None,
    annotated: Path | None = None,
    workbook: Path | None = None,
    next_command: str,
    needing: int = 0,
    news: int = 0,
    drift: Drift | None = None,
) -> None:
    """What a run came to: rows by state and review, how many need a person, where the files are, what to type next.

    `workbook` is told where the user may not know which was taken.
    """
    page = page_on(stream)
    if workbook is not None:
        page.write_line(f"Workbook: {workbook}")
    _print_standing(page, counts, reviews)
    for sentence in (_needing(needing, news), *(drift_told(drift) if drift else ())):
        if sentence:
            page.write_line(sentence)
    if report is not None:
        page.write_line(f"Report: {report}")
    if annotated is not None:
        page.write_line(f"Marked in: {annotated}")
    page.write_line(f"Next: {next_command}")


def print_summary(
    counts: Mapping[str, int],
    reviews: Mapping[str, int],
    stream: TextIO,
    *,
    needing: int,
    news: int,
    drift: Drift,
) -> None:
    """What a run came to, in one line."""
    reviewed = _listed(reviews)
    states = [
        f"{number:,} {name}{f' ({reviewed})' if name == 'submitted' and reviewed else ''}"
        for name, number in counts.items()
        if number and name != "rows"
    ]
    wanted = " ".join((_needing(needing, news) or "Nothing needs a person.", *renumbered_told(drift)))
    page_on(stream).write_line(f"{counts['rows']:,} rows: {', '.join(states) or 'none'}. {wanted}")


def print_refresh(
    looked: int, changed: int, gone: int, reviews: Mapping[str, int], stream: TextIO, *, report: Path
) -> None:
    """What taking in reviews came to; one line without the reviews."""
    page = page_on(stream)
    no_more = f"; {gone:,} {'is' if gone == 1 else 'are'} gone from the API" if gone else ""
    page.write_line(f"{looked:,} submitted records were looked at; {changed:,} have a new review{no_more}.")
    if reviews:
        _print_counts(page, "Review", reviews)
        page.write_line(f"Report: {report}")


def print_survey(origins: Mapping[str, int], strays: Sequence[Mapping[str, str]], stream: TextIO) -> None:
    """The account's records by where they come from, then those that no row of the sheet stands for."""
    page = page_on(stream)
    _print_counts(page, "Records of the account", origins, sum(origins.values()))
    if strays:
        page.write_line("")
        rows = [(one["compliance_id"], one["alias"], one["review"], one["origin"]) for one in strays]
        page.write_list(("Compliance ID", "Alias", "Review", "From"), rows)


def _needing(needing: int, news: int) -> str:
    """How many rows need a person, a sentence; empty for none."""
    if not needing:
        return ""
    rows = "1 row needs" if needing == 1 else f"{needing:,} rows need"
    new = "" if news == needing else f", {news:,} of them newly so" if news else ", none of them newly so"
    return f"{rows} a person{new}."


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number)


def print_story(record: Record, lines: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """One record: where it stands, then what happened to it, oldest first.

    Args:
        lines: of each entry `at`, `entry`, `op`, `attempt`, `words`, `api_id`, `compliance_id`, the `state` it led
            to, and its `documents`, each with type, sha256 and size.
    """
    page = page_on(stream)
    named = {"Key": record.key, "Alias": record.alias, "Compliance ID": record.compliance_id, "Review": record.review}
    told = "; ".join(f"{name} {value}" for name, value in named.items() if value)
    page.write_line(f"Record {record.token} is {record.state}{': ' if told else ''}{told}")
    rows: list[tuple[Cell, ...]] = []
    for line in lines:
        op = " ".join(part for part in (line["op"], str(line["attempt"] or "")) if part)
        ids = " ".join(filter(None, (line["compliance_id"], line["api_id"])))
        rows.append((line["at"], line["entry"], op, line["words"], ids, line["state"]))
        rows += [("", "document", d["type"], d["sha256"], format_size(d["size"]), "") for d in line["documents"]]
    page.write_table(("At", "Entry", "Write", "Words", "Ids", "State"), rows)


def _print_standing(page: Page, counts: Mapping[str, int], reviews: Mapping[str, int]) -> None:
    _print_counts(page, "State", {name: number for name, number in counts.items() if name != "rows"}, counts["rows"])
    if any(reviews.values()):
        _print_counts(page, "Review", reviews)


def _print_counts(page: Page, name: str, counts: Mapping[str, int], total: int | None = None) -> None:
    """Only what there is any of."""
    rows: list[tuple[Cell, ...]] = [(key, f"{number:,}") for key, number in counts.items() if number]
    if total is not None:
        rows.append(("total", f"{total:,}"))
    if rows:
        page.write_table((name, "Rows"), rows)
