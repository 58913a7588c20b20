"""The pure half of the report: all its tables, and what its first sheet says.

See docs/handing_over.md, The report.

Where the workbook is gone the report has the records alone, names stay blank, and the first sheet says so
(docs/design/promise.md, Five rules).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from bulk_onboard.model.catalogue import CATALOGUE, Severity
from bulk_onboard.model.command import Commands, names_in
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import UNDER_REVIEW, Review, State, unknown_numbers
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import Aside, notable_in
from bulk_onboard.reporting.figures import Figures, Overview, overview_of
from bulk_onboard.reporting.quota_use import QuotaUse, quota_use
from bulk_onboard.reporting.redacted import redacted
from bulk_onboard.reporting.row_status import JobStatus, Unread, drift_sentences
from bulk_onboard.reporting.sheets import links_between, problems_table, results_table, runs_table, unclaimed_table
from bulk_onboard.reporting.table import TOTAL, Table, Word, business_days_after, day_text, local, local_text
from bulk_onboard.units import format_count, format_list


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What the report says beside rows and records.

    Attributes:
        account: the account's name, where the job has several; else empty.
        commands: what there is to type about the job; None where it is not known what workbook goes with the ledger.
        workbook: what the user calls the workbook.
        made_at: when the report is made; aware.
        zone: of all times in the report; named in it.
        requirements: for the days a review takes; None where not known.
        stopped: why the run stopped before finishing, a sentence; empty where it did not.
        continued: whether the run is to be continued as it was typed.
        redact: whether names are masked, for readers outside.
        narrowed: which rows the report has, a sentence; empty for all.
    """

    commands: Commands | None
    workbook: str
    made_at: datetime
    zone: tzinfo
    requirements: RequirementsBook | None = None
    stopped: str = ""
    continued: bool = False
    redact: bool = False
    narrowed: str = ""
    account: str = ""


class AccountLine(NamedTuple):
    """What the first sheet of the report over all accounts says of one account, or of the rows of no account.

    Attributes:
        name: of the account.
        rows: how many lines of Results are its own.
        figures: what they come to.
        now: what ended the account, else what comes next; a sentence.
        is_ended: whether something ended it, so that `now` says what.
        reports: its own report, by format: where that is, seen from the report over all.
    """

    name: str
    rows: int
    figures: Figures
    now: str
    is_ended: bool = False
    reports: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The first sheet.

    Attributes:
        notices: sentences that nobody should miss, such as why the run stopped.
        accounts: in the report over all accounts a line of each, at last of the rows of no account; else empty.
        usage: of the run under way, else of the newest busy one; None where no requests are known.
        happened, expected, todo: sentences; what happened, when reviews are expected, what to do next.
        counts, reviews: name, rows, meaning; only what has rows; `counts` ends in the total.
        problems: number, severity and title of each kind of finding, errors first.
        command: to type next; empty where names are masked, since nobody outside can type it, or it is not known.
        commands: what it is for and the command, of the others that the rows speak of.
        facts: name and value.
    """

    title: str
    overview: Overview
    notices: tuple[str, ...]
    usage: QuotaUse | None
    happened: tuple[str, ...]
    counts: Table
    reviews: Table
    problems: Table
    expected: tuple[str, ...]
    todo: tuple[str, ...]
    command: str
    commands: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    accounts: tuple[AccountLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything the report says, as plain data.

    Attributes:
        statuses: what it was made from, names masked where the facts say so: one, or one of each account in the order
            of Results.
        facts: what it says beside them.
        accounts: in the report over all accounts what it was put together from; else empty.
    """

    statuses: tuple[JobStatus, ...]
    facts: ReportFacts
    overview: Overview
    summary: Summary
    results: Table
    problems: Table
    not_in_workbook: Table
    runs: Table
    accounts: tuple["AccountPart", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPart:
    """What the report over all has of one account, or of the rows of no account.

    Attributes:
        name: the account's; empty for the rows of no account.
        tables: its own report.
        ended: what ended the account, or kept it from beginning, a sentence; empty for nothing.
        reports: where its own report is, by format, seen from the report over all.
    """

    name: str
    tables: Tables
    ended: str = ""
    reports: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> JobStatus:
        """Its rows joined with its records."""
        return self.tables.statuses[0]


_MEANINGS: Mapping[str, str] = {
    State.INVALID: "errors keep the row out",
    State.NOT_SENT: "due, nothing sent yet",
    State.SENDING: "the call is under way",
    State.DEFERRED: "tried and not sent; the next run tries again",
    State.UNCERTAIN: "sent, and the outcome is not known yet",
    State.REFUSED: "the API refused this content",
    State.HELD: "somebody must look at it",
    State.SUBMITTED: "the API has it",
    State.GONE: "the API had it, and no longer has it",
    State.DELETED: "deleted at the API on purpose",
    State.ABANDONED: "given up on purpose",
    Unread.LEDGER: "the account's ledger cannot be read",
    Aside.DUPLICATE: "the same as an earlier row, not sent again",
    Aside.BLANK: "nothing but defaults or check boxes, no business",
}

_NOUNS: Mapping[str, tuple[str, str]] = {  # of one row and of several, where the state's word would not do
    Aside.DUPLICATE: ("a duplicate", "duplicates"),
    Aside.BLANK: ("blank but for defaults", "blank but for defaults"),
}

_REVIEW_MEANINGS: Mapping[str, str] = {
    Review.DRAFT: "the API has not taken them up yet",
    Review.PENDING: "the reviewers have not decided yet",
    Review.APPROVED: "ready for numbers",
    Review.REJECTED: "the reviewers said no; Results gives the reason",
    Review.MORE_INFO: "the reviewers ask for more; Results gives the reason",
    Review.SUSPENDED: "was approved, and is suspended: complaints are open",
    Review.EXPIRED: "was approved, and has expired; the next run files it anew",
}
_UNKNOWN_REVIEW = "a word of the API's that this version does not know"

_TODO: Mapping[str, str] = {
    State.INVALID: "Fix the {rows}: the sheet Problems says what is wrong and how to fix it. Then run again.",
    State.REFUSED: "Fix the {rows}: the sheet Results says what the API refused. Then run again.",
    State.HELD: "Look at the {rows}, before anything else is done with {them}: the sheet Results says how.",
    State.GONE: "Find out who deleted the {records} of the {rows}, then say what is to be done: "
    "the sheet Results says how.",
    Unread.LEDGER: "Find out what became of the {rows}: the table of the accounts says what is wrong with it.",
    State.UNCERTAIN: "Run again for the {rows}: the outcome is looked up first, and nothing is sent twice.",
    State.DEFERRED: "Run again for the {rows}.",
    State.NOT_SENT: "Run again to send the {rows}.",
}
_TODO_BY_LEDGER = {**_TODO, State.INVALID: "Fix the {rows}: the sheet Results says what is wrong. Then run again."}
_REVIEW_TODO: Mapping[str, str] = {
    Review.REJECTED: "Correct the {rows}: the sheet Results gives the reviewers' own reason. Then run again.",
    Review.MORE_INFO: "Give the reviewers what they ask for in the {rows}: the sheet Results gives the reason. "
    "Then run again.",
    Review.SUSPENDED: "Send the proof of consent for the {rows} that the vendor's console asks for.",
}
_SAID_OF: Mapping[str, str] = {State.NOT_SENT: "not sent yet", Unread.LEDGER: "whose ledger cannot be read"}
_CONTINUED_BY_RUNNING = (State.NOT_SENT, State.DEFERRED, State.UNCERTAIN, State.INVALID, State.REFUSED)
_CORRECTED_BY_RUNNING = (Review.REJECTED, Review.MORE_INFO, Review.EXPIRED)


def make_tables(status: JobStatus, facts: ReportFacts) -> Tables:
    """Return the whole report."""
    if facts.redact:
        status = redacted(status)
    overview, findings = overview_of(status), status.findings()
    links = links_between(status, findings)
    return Tables(
        statuses=(status,),
        facts=facts,
        overview=overview,
        summary=_summary(status, facts, overview, findings),
        results=results_table(status, links, facts.zone, redact=facts.redact),
        problems=problems_table(links),
        not_in_workbook=unclaimed_table(status, facts.zone),
        runs=runs_table(status.ledger_state, facts.zone, redact=facts.redact),
    )


def next_command(status: JobStatus, commands: Commands, *, continued: bool = False, marked: bool = False) -> str:
    """Return what to type next, by the first of these that holds.

    A run that was stopped before its end is continued as it was typed. A row that is held or gone waits for somebody's
    answer; it is named by its token, since notifications have the command, and nothing that is in a row. Where cells
    are marked in a copy of the workbook, or were fixed there, the copy is merged. A run leads on where something is due
    or was fixed, or where none began yet. Else there is nothing to do but look.

    Args:
        continued: whether a run was stopped before its end.
        marked: whether there is a copy of the workbook to be merged once its cells are fixed.
    """
    if continued:
        return commands.again()
    counts, reviews, ledger_state = status.counts(), status.reviews(), status.ledger_state
    waiting = next((r for r in ledger_state.records.values() if r.state in (State.HELD, State.GONE)), None)
    if waiting is not None:
        return commands.resolve(waiting.token)
    if marked:
        return commands.merge_and_run()
    is_due = any(map(counts.get, _CONTINUED_BY_RUNNING)) or any(map(reviews.get, _CORRECTED_BY_RUNNING))
    is_due = is_due or any(map(unknown_numbers, ledger_state.records.values()))
    return commands.run() if is_due or ledger_state.opened is None else commands.status()


def _summary(status: JobStatus, facts: ReportFacts, overview: Overview, findings: Iterable[Finding]) -> Summary:
    counts, commands = status.counts(), None if facts.redact else facts.commands
    return Summary(
        title=f"Report on {facts.workbook}" + (f", account {facts.account}" if facts.account else ""),
        overview=overview,
        notices=tuple(_notices(status, facts)),
        usage=quota_use(status.ledger_state, facts.zone),
        happened=tuple(_happened(status, facts, counts)),
        counts=states_table(counts),
        reviews=reviews_table(status.reviews()),
        problems=kinds_table(findings),
        expected=expected_reviews(expected_days(status, facts.requirements, facts.zone)),
        todo=what_to_do(status),
        command=next_command(status, commands, continued=facts.continued) if commands else "",
        commands=tuple(other_commands(status, commands)) if commands else (),
        facts=_facts(status.ledger_state, facts),
    )


def _notices(status: JobStatus, facts: ReportFacts) -> Iterator[str]:
    if facts.stopped:
        yield facts.stopped
    if not status.has_workbook:
        yield (
            "This report is made from the ledger alone, without the workbook: "
            "each line is a record of the ledger, row numbers and names are blank, and problems are not known."
        )
    yield from general_notices(facts)


def general_notices(facts: ReportFacts) -> Iterator[str]:
    """Yield which rows the report has, and what is masked."""
    if facts.narrowed:
        yield facts.narrowed
    if facts.redact:
        yield "Names, what stands in cells, phone numbers and the words of reviewers are masked in this copy."


def states_table(counts: Mapping[str, int]) -> Table:
    """Return the states that any row has, and the total."""
    return _count_table("State", counts, _MEANINGS, total=counts["rows"])


def reviews_table(reviews: Mapping[str, int]) -> Table:
    """Return the reviews that any submitted row has."""
    return _count_table("Review", reviews, {**dict.fromkeys(reviews, _UNKNOWN_REVIEW), **_REVIEW_MEANINGS})


def kinds_table(findings: Iterable[Finding]) -> Table:
    """Return how many findings of each kind there are."""
    kinds = kinds_of(findings)
    return Table(
        ("Findings", "Severity", "Problem"),
        tuple((number, Word(severity), CATALOGUE[code].title) for number, severity, code in kinds),
    )


def what_to_do(*statuses: JobStatus) -> tuple[str, ...]:
    """Return what is left to do about the rows, a sentence for each kind.

    Args:
        statuses: one of each account.
    """
    has_workbook = any(status.has_workbook for status in statuses)
    todo = (
        *_older_to_do(sum(status.older() for status in statuses)),
        *_to_do(_TODO if has_workbook else _TODO_BY_LEDGER, summed(status.counts() for status in statuses)),
        *_to_do(_REVIEW_TODO, summed(status.reviews() for status in statuses)),
        *numbers_to_do(*statuses),
    )
    return todo or ("Nothing is left to do here.",)


def summed(each: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sum of counts under each name."""
    total: Counter[str] = Counter()
    for counts in each:
        total.update(counts)
    return dict(total)


def _happened(status: JobStatus, facts: ReportFacts, counts: Mapping[str, int]) -> Iterator[str]:
    yield rows_by_state(counts)
    if runs := status.ledger_state.runs:
        started = runs[-1].started
        by = "" if facts.redact else f" by {started.user} on {started.host}"
        who = f"was begun{by} at {local_text(started.at, facts.zone)}"
        if len(runs) == 1:
            yield f"The one run so far {who}; see the sheet Runs."
        else:
            yield f"The newest of {len(runs):,} runs {who}; the sheet Runs has them all."
    else:
        yield "Nothing has been sent yet: no run has begun."
    yield from drift_sentences(status.drift())


def rows_by_state(counts: Mapping[str, int]) -> str:
    """Return how many rows have each state as a sentence, the biggest number first."""
    biggest_first = sorted(counts.items(), key=lambda item: -item[1])
    parts = [
        f"{number:,} {_is(number)} {_NOUNS.get(name, (name, name))[number != 1]}"
        for name, number in biggest_first
        if number and name != "rows"
    ]
    return f"Of {format_count(counts['rows'], 'row')}, {format_list(parts)}." if parts else "There are no rows."


_MOST_COMMANDS = 5  # of one kind
_ANSWERED = (State.HELD, State.GONE, State.UNCERTAIN)


def other_commands(status: JobStatus, commands: Commands) -> Iterator[tuple[str, str]]:
    """Yield the commands that What to do speaks of, each with what it is for."""
    if status.older():
        yield "Take newer content over from an annotated copy", commands.merge()
    names = names_in(status.ledger_state)
    next_one = next_command(status, commands)
    waiting = (each.record for each in notable_in(status.rows) if each.state in _ANSWERED and each.record)
    records = [record for record in waiting if commands.resolve(record.token) != next_one]
    for record in records[:_MOST_COMMANDS]:
        yield f"Choose an answer for {record.key or record.token}", commands.resolve(names[record.token])


def kinds_of(findings: Iterable[Finding]) -> list[tuple[int, Severity, str]]:
    """Return how many findings of each kind there are: errors before warnings, biggest first."""
    counted = Counter((finding.severity, finding.code) for finding in findings)
    kinds = [(count, severity, code) for (severity, code), count in counted.items()]
    return sorted(kinds, key=lambda kind: (kind[1] is not Severity.ERROR, -kind[0], kind[2]))


def _count_table(name: str, counts: Mapping[str, int], meanings: Mapping[str, str], total: int | None = None) -> Table:
    rows = tuple((Word(str(key)), counts[key], meaning) for key, meaning in meanings.items() if counts.get(key))
    last = () if total is None else ((TOTAL, total, ""),)
    return Table((name, "Rows", "Meaning"), (*rows, *last))


def _to_do(lines: Mapping[str, str], counts: Mapping[str, int]) -> Iterable[str]:
    for name, line in lines.items():
        if count := counts.get(name):
            said = _SAID_OF.get(name)
            rows = f"{format_count(count, 'row')} {said}" if said else format_count(count, f"{name} row")
            them, records = ("it", "record") if count == 1 else ("them", "records")
            yield line.format(rows=rows, them=them, records=records)


def _older_to_do(rows: int) -> Iterable[str]:
    if rows:
        yield (
            f"{format_count(rows, 'row')} {_is(rows)} older than what was sent since: the sheet Results says how the "
            "newer content comes into the workbook."
        )


def numbers_to_do(*statuses: JobStatus) -> Iterator[str]:
    """Yield what is left to do about numbers in the whole workbook, or in those of all accounts."""
    rows = [each for status in statuses for each in notable_in(status.rows) if each.decision]
    left = [each.numbers_left for each in rows if not each.is_renumbered]
    for line, name in (
        ("Run again to link the {numbers} not linked yet, in {rows}.", "due"),
        ("Correct the {numbers} that the API refused to link, in {rows}: the column Numbers says why.", "refused"),
        ("Look at the {numbers} held, in {rows}: the column Numbers says why.", "held"),
        ("Run again for the {numbers} of unknown outcome, in {rows}: the outcome is looked up first.", "unknown"),
    ):
        counts = [count for each in left if (count := getattr(each, name))]
        if counts:
            numbers = "1 number" if sum(counts) == 1 else f"{sum(counts):,} numbers"
            yield line.format(numbers=numbers, rows=format_count(len(counts), "approved row"))
    if unnamed := sum(each.unnamed for each in left):
        have = "has" if unnamed == 1 else "have"
        yield (
            f"To link numbers to the {format_count(unnamed, 'approved row')} that {have} none, write them into the "
            "column Numbers and run again."
        )
    codes = [finding.code for each in rows if each.judged for finding in each.judged.findings]
    if renumbered := codes.count("approved-number-changed"):
        have = "number of 1 approved row" if renumbered == 1 else f"numbers of {renumbered:,} approved rows"
        changed = "it has" if renumbered == 1 else "they have"
        yield f"Look at the registration {have}: {changed} changed, so no numbers are linked."


def expected_reviews(expected: Iterable[date]) -> tuple[str, ...]:
    """Return a sentence; none where no review is pending, or nobody said how long one takes."""
    days = list(expected)
    if not days:
        return ()
    first, last = day_text(min(days)), day_text(max(days))
    when = f"on {first}" if first == last else f"between {first} and {last}"
    reviews = f"{format_count(len(days), 'review')} {'is' if len(days) == 1 else 'are'}"
    how = "by the time the API says a review takes; weekends are left out, public holidays are not known."
    return (f"{reviews} expected {when}, {how}",)


def expected_days(status: JobStatus, requirements: RequirementsBook | None, zone: tzinfo) -> Iterator[date]:
    """Yield for each pending review the day on which it is expected, as far as the API said how long one takes."""
    offered = requirements.offered if requirements else {}
    for each in notable_in(status.rows):
        if each.record is None or each.decision is None or each.review not in UNDER_REVIEW:
            continue
        submitted_at = local(each.record.submitted_at, zone)
        required = offered.get(each.decision.judged.row.combination)
        if submitted_at and required and required.review_days is not None:
            yield business_days_after(submitted_at.date(), required.review_days)


def report_facts(facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    """Return when the report was made, in which time zone its times are, and of which workbook it is."""
    return (
        ("Report made", local_text(facts.made_at, facts.zone) or ""),
        ("All times are in", str(facts.zone)),
        ("Workbook", facts.workbook),
    )


def _facts(ledger_state: LedgerState, facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    opened, named = ledger_state.opened, f"{facts.account}, " if facts.account else ""
    return (
        *report_facts(facts),
        *((("Account", f"{named}{opened.auth_id}"), ("API", opened.base_url)) if opened else ()),
        *((("Checked against", facts.requirements.described),) if facts.requirements else ()),
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
