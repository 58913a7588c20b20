"""What the verbs print."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from bulk_onboard.model.catalogue import CATALOGUE, FindingKind, Severity
from bulk_onboard.model.finding import OFF, Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import Record
from bulk_onboard.model.requirements import FieldRequirement, Requirements, RequirementsBook
from bulk_onboard.reporting.figures import Attention, Overview
from bulk_onboard.reporting.printer import Fact, Printer, printer_on
from bulk_onboard.reporting.row_status import (
    Totals,
    attention_sentence,
    drift_sentences,
    renumbered_sentence,
)
from bulk_onboard.reporting.table import Cell
from bulk_onboard.units import format_age, format_clock, format_count, format_estimate, format_size

# Runs, and what they lead to.


def print_plan(plan: Plan, stream: TextIO, *, waits_s: float = 0.0, now: datetime | None = None) -> None:
    """Print what a run costs, then what it would do and why, rows with the same action and reason together.

    Args:
        waits_s: how long it would wait beside the quota.
        now: for the hour at which it would end, in the zone in which that is told.
    """
    page, forecast = printer_on(stream), plan.forecast
    takes_s = None if forecast.duration_s is None else forecast.duration_s + waits_s
    page.write_line(cost_sentence(forecast.requests, forecast.size, takes_s, now))
    alike: dict[tuple[str, str], list[int]] = {}
    for decision in plan.decisions:
        alike.setdefault((decision.action.value, decision.reason), []).append(decision.judged.row.number)
    reasons: dict[str, list[tuple[str, list[int]]]] = {}
    for (action, reason), numbers in sorted(alike.items(), key=lambda item: -len(item[1])):
        reasons.setdefault(action, []).append((reason, numbers))
    for action, count in plan.counts().items():
        some = reasons.get(action, [])
        lines = [(rows_in_words(numbers), reason) for reason, numbers in some[:OF_A_KIND]]
        left = sum(len(numbers) for _, numbers in some[OF_A_KIND:])
        after = [f"… and {format_count(left, 'row')} for other reasons; --json has all of them."] if left else []
        if count:
            page.write_group(f"{action}: {format_count(count, 'row')}", action, lines, after)


def cost_sentence(number: int, size: int, takes_s: float | None, now: datetime | None) -> str:
    """Return how many requests a run makes, with how many bytes of documents, how long it takes, and when it ends."""
    takes = ""
    if takes_s is not None and takes_s >= 1:
        takes = f", about {format_estimate(takes_s)}"
        takes += f"; begun now it would end at {format_clock(now + timedelta(seconds=takes_s), now)}" if now else ""
    requests = format_count(number, "request") if number else "no requests"
    documents = f" with {format_size(size)}" if size else ""
    return f"A run would make {requests}{documents}{takes}."


def convertible_sentence(count: int, command: str) -> str:
    """Say that documents are refused for their form alone, and what makes accepted copies of them."""
    refused = "document is refused for its" if count == 1 else "documents are refused for their"
    return f"{count:,} {refused} form alone, and can be converted: {command}"


def print_convertible(count: int, stream: TextIO, *, command: str) -> None:
    """Print that documents can be converted, where any can, below an empty line."""
    if count:
        page = printer_on(stream)
        page.write_line("")
        page.write_line(convertible_sentence(count, command))


def print_contact_sheet(findings: Iterable[Finding], sheet: Path, stream: TextIO) -> None:
    """Print where converted copies can be looked at, where any would be sent."""
    if any(finding.code == "document-converted" for finding in findings):
        page = printer_on(stream)
        page.write_line("")
        page.write_line(f"Look at the converted copies before they are sent: {sheet}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What a run came to, for the box at its end.

    Attributes:
        title: how it ended.
        sent, adopted, updated: what this run did.
        duplicates: how many rows have several records at the API; None where that is not known. `audit` says why.
        files: what was written, each with its path.
    """

    title: str
    overview: Overview
    sent: int
    adopted: int
    updated: int
    duplicates: int | None
    audit: str
    files: tuple[tuple[str, Path], ...] = ()


KINDS_AT_MOST, KINDS_AT_LEAST = 8, 3  # in the box, as many as fit the screen with what is below


def print_run(closing: Closing, totals: Totals, stream: TextIO, *, next_command: str) -> None:
    """Print what a run came to in a box, where workbook and API differ, and what to type next."""
    page = printer_on(stream)
    after = [*drift_sentences(totals.drift), f"Next: {next_command}"]
    kinds = KINDS_AT_MOST
    while not page.fits(facts := list(facts_of(closing, totals, kinds)), after) and kinds > KINDS_AT_LEAST:
        kinds -= 1
    page.write_box(closing.title, facts)
    for line in after:
        page.write_line(line)


def facts_of(closing: Closing, totals: Totals, kinds_at_most: int = KINDS_AT_MOST) -> Iterator[Fact]:
    """Yield the lines of the box: what this run did, where all rows stand, what needs somebody, and where it stands."""
    yield Fact("Sent", closing.sent)
    if closing.adopted:
        yield Fact("Found at the API", closing.adopted)
    if closing.updated:
        yield Fact("Corrected", closing.updated)
    yield Fact("Duplicates", closing.duplicates, closing.audit, "red" if closing.duplicates else "")
    figures = closing.overview.figures
    yield Fact("Done", figures.done, style="green" if figures.done else "")
    yield Fact("Waiting for review", figures.waiting, style="yellow" if figures.waiting else "")
    if figures.not_sent:
        yield Fact("Not sent yet", figures.not_sent, style="cyan")
    new, count = totals.new, totals.need_attention
    how_new = "" if new == count else f"{new:,} new" if new else "none new"
    yield Fact("Need attention", count, how_new, "red" if count else "")
    yield from _kinds(closing.overview.attention, kinds_at_most)
    yield from (Fact(name, words=str(path)) for name, path in closing.files)


def _kinds(attention: Sequence[Attention], most: int) -> Iterator[Fact]:
    """Yield what rows need attention for, biggest first, as far as there is room."""
    at_most = most if len(attention) <= most else most - 1
    for each in attention[:at_most]:
        yield Fact("", words=each.text, style="red")
    if rest := attention[at_most:]:
        rows = format_count(sum(each.rows for each in rest), "row")
        yield Fact("", words=f"{rows} of {format_count(len(rest), 'other kind')}", style="red")


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
    looked: int, changed: int, gone: int, reviews: Mapping[str, int], stream: TextIO, *, report: Path | None
) -> None:
    """Print what taking in reviews came to; one line where `reviews` is empty."""
    page = printer_on(stream)
    no_more = f"; {gone:,} {'is' if gone == 1 else 'are'} gone from the API" if gone else ""
    records = f"{format_count(looked, 'submitted record')} {'was' if looked == 1 else 'were'} looked at"
    page.write_line(f"{records}; {changed:,} {'has' if changed == 1 else 'have'} a new review{no_more}.")
    if reviews:
        _print_counts(page, "Review", reviews)
    if reviews and report:
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
    goes_on: bool = False,
) -> None:
    """Print the job at a glance: account, newest run, records by state and review, what to type next if known.

    Args:
        not_taken_in: rows of the workbook that the newest run left for a later one.
        goes_on: whether the newest run is still under way.
    """
    page = printer_on(stream)
    if ledger_state.opened:
        page.write_line(f"Account {ledger_state.opened.auth_id} at {ledger_state.opened.base_url}")
    if ledger_state.runs:
        started, ended = ledger_state.runs[-1].started, ledger_state.runs[-1].ended
        began = format_age(datetime.fromisoformat(started.at), now)
        how = "goes on" if goes_on else "has not recorded its end"
        if ended:
            how = f"ended {format_age(datetime.fromisoformat(ended.at), now)} with exit status {ended.exit_status}"
        page.write_line(
            f"Runs: {len(ledger_state.runs):,}; the newest, {started.run_id} by {started.user} on {started.host}, "
            f"began {began} and {how}."
        )
    print_states(page, counts, reviews)
    if not_taken_in:
        page.write_line(f"Not taken in yet: {format_count(not_taken_in, 'row')} of the workbook, when that run ended.")
    if next_command:
        page.write_line(f"Next: {next_command}")


_OF_RECORDS = {
    "account": "Account",
    "row": "Row",
    "key": "Key",
    "name": "Business Name",
    "state": "State",
    "review": "Review",
    "why": "Why",
    "to_do": "What to do",
}


def print_records(records: Sequence[Mapping[str, Cell]], stream: TextIO, *, of: int, left_out: int) -> None:
    """Print the records that were asked for, a line each, and how many they are of all.

    Args:
        records: what there is to say of each, as `--json` has it; row numbers and names are left out where the workbook
            is not at hand.
        of: how many records there are.
        left_out: how many more fit, and are not shown.
    """
    page = printer_on(stream)
    found = len(records) + left_out
    page.write_line(f"{found:,} of {format_count(of, 'record')} {'fits' if found == 1 else 'fit'}.")
    if records:
        has_names = any(each["row"] is not None for each in records)
        columns = [name for name in records[0] if has_names or name not in ("row", "name")]
        page.write_table(
            tuple(_OF_RECORDS[name] for name in columns), [tuple(each[name] for name in columns) for each in records]
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


def print_states(page: Printer, counts: Mapping[str, int], reviews: Mapping[str, int]) -> None:
    """Print how many rows are in each state, and how many submitted ones have each review."""
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
OF_A_KIND = 10
"""How many alike are listed before it is said how many more there are."""


OfAccount = tuple[str, Finding]
"""A finding and the account whose row has it; empty where the job has no accounts."""


class Alike(NamedTuple):
    """Findings that say the same thing in the same words, in these rows of an account."""

    rows: tuple[int, ...]
    account: str
    column: str
    problem: str
    fix: str

    @property
    def place(self) -> str:
        """Where that is; without the column where the sentence begins with it."""
        column = "" if self.problem.startswith(self.column) else f" › {self.column}"
        return f"{self.account}{', ' if self.account else ''}{rows_in_words(self.rows)}{column}"


class Kind(NamedTuple):
    """All findings of one code and severity.

    Attributes:
        number: how many there are.
        alike: as many of them as are shown, those that say the same together.
        more: how many are not shown.
    """

    severity: Severity
    code: str
    number: int
    alike: tuple[Alike, ...]
    more: int


def kinds_of(findings: Iterable[OfAccount]) -> list[Kind]:
    """Return the findings by kind: errors before warnings, then the biggest kind first."""
    kinds: dict[tuple[Severity, str], list[OfAccount]] = {}
    for account, finding in findings:
        kinds.setdefault((finding.severity, finding.code), []).append((account, finding))
    made = [_kind(severity, code, some) for (severity, code), some in kinds.items()]
    return sorted(made, key=lambda kind: (_GRAVITY.index(kind.severity), -kind.number, kind.code))


def _kind(severity: Severity, code: str, findings: Sequence[OfAccount]) -> Kind:
    told: dict[tuple[str, str, str, str], list[int]] = {}
    for account, finding in findings:
        saying = (account, finding.column, _with_seen(finding), finding.fix)
        if saying in told or len(told) < OF_A_KIND:
            told.setdefault(saying, []).append(finding.row)
    alike = tuple(Alike(tuple(rows), *saying) for saying, rows in told.items())
    return Kind(severity, code, len(findings), alike, len(findings) - sum(len(each.rows) for each in alike))


def _with_seen(finding: Finding) -> str:
    return f"{finding.problem.removesuffix('.')} (seen: {finding.seen})." if finding.seen else finding.problem


def rows_in_words(rows: Sequence[int]) -> str:
    """Return row numbers as people read them: `row 3`, `rows 3-7, 9`, and of very many the first ones."""
    numbers = sorted(set(rows))
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:OF_A_KIND]]
    left = sum(last - first + 1 for first, last in spans[OF_A_KIND:])
    more = f" and {left:,} more" if left else ""
    return f"row{'' if len(numbers) == 1 else 's'} {', '.join(shown)}{more}"


def print_findings(findings: Sequence[OfAccount], stream: TextIO, *, elsewhere: str) -> None:
    """Print the findings by kind: what is wrong in which rows, and how to fix it; ten of a kind, and how many more.

    Args:
        elsewhere: what has all of them, such as "the marked copy".
    """
    page = printer_on(stream)
    if not findings:
        page.write_line("No problems were found.")
    kinds = kinds_of(findings)
    for severity in _GRAVITY:
        some = [kind for kind in kinds if kind.severity is severity]
        once = [kind for kind in some if kind.number == 1]
        for kind in some if len(once) < _ENOUGH_TO_JOIN else some[: -len(once)]:
            _print_kind(page, kind, elsewhere)
        if len(once) >= _ENOUGH_TO_JOIN:
            lines = [(each.place, f"{each.problem} {each.fix} [{kind.code}]") for kind in once for each in kind.alike]
            page.write_group(f"{severity.value.capitalize()}s that occur once ({len(once):,})", severity, lines, ())


_ENOUGH_TO_JOIN = 3  # kinds with a single finding: a heading for each would be most of what is printed


def _print_kind(page: Printer, kind: Kind, elsewhere: str) -> None:
    title, fixes = CATALOGUE[kind.code].title, {each.fix for each in kind.alike}
    lines = [
        (each.place, each.problem if len(fixes) == 1 else f"{each.problem} {each.fix}".strip()) for each in kind.alike
    ]
    after = [f"… and {kind.more:,} more; {elsewhere} has all of them."] if kind.more else []
    after += [f"How to fix it: {fix}" for fix in fixes if fix and len(fixes) == 1]
    heading = f"{title} ({format_count(kind.number, kind.severity.value)}: {kind.code})"
    page.write_group(heading, kind.severity.value, lines, after)


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
