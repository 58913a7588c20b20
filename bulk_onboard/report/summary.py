"""The pure half of the report: all its tables, and what its first sheet says.

See README.md, The report.

The report is the rows of the workbook joined to the ledger's records. Where the workbook is gone (`decisions` is None)
the records alone are told, names stay blank, and the first sheet says so (docs/design/promise.md, Five rules).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bulk_onboard.model.command import Commands
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Review, State
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.row import Aside
from bulk_onboard.report.row_status import (
    Decisions,
    Drift,
    RowStatus,
    counts,
    drift,
    drift_told,
    expected_reviews,
    numbers_to_do,
    older,
    reviews,
    row_status,
)
from bulk_onboard.report.table import Table
from bulk_onboard.report.tables import problems_table, results_table, runs_table, unclaimed_table
from bulk_onboard.report.times import local_text

__all__ = [
    "Decisions",
    "ReportFacts",
    "RowStatus",
    "Summary",
    "Tables",
    "counts",
    "make_tables",
    "next_command",
    "reviews",
    "row_status",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """What the report says beside rows and records.

    Attributes:
        commands: what there is to type about the job.
        workbook: what the user calls the workbook.
        made_at: when the report is made; aware.
        zone: of all times in the report; named in it.
        requirements: for the days a review takes; None where not known.
        stopped: why the run stopped before finishing, a sentence; empty where it did not.
        continued: whether the run is to be continued as it was typed.
    """

    commands: Commands
    workbook: str
    made_at: datetime
    zone: tzinfo
    requirements: RequirementsBook | None = None
    stopped: str = ""
    continued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The first sheet.

    Attributes:
        happened, expected, todo: sentences; what happened, when reviews are expected, what to do next.
        counts, reviews: name, rows, meaning; only what has rows; `counts` ends in the total.
        command: to type next.
        facts: name and value.
    """

    title: str
    happened: tuple[str, ...]
    counts: Table
    reviews: Table
    expected: tuple[str, ...]
    todo: tuple[str, ...]
    command: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything the report says, as plain data."""

    summary: Summary
    results: Table
    problems: Table
    not_in_workbook: Table
    runs: Table


_MEANINGS: Mapping[str, str] = {
    State.INVALID: "errors keep the row out",
    State.NOT_SENT: "due, nothing sent yet",
    State.SENDING: "the call is under way",
    State.DEFERRED: "not sent yet, comes up again",
    State.UNCERTAIN: "sent, and what became of it is not known yet",
    State.REFUSED: "the API said no to this content",
    State.HELD: "a person must look",
    State.SUBMITTED: "the API has it",
    State.GONE: "the API had it, and has it no more",
    State.DELETED: "deleted at the API on purpose",
    State.ABANDONED: "given up on purpose",
    Aside.DUPLICATE: "the same as an earlier row, not sent again",
    Aside.EXAMPLE: "the template's own row, never sent",
    Aside.BLANK: "nothing but defaults or check boxes, no business",
}

_NOUNS: Mapping[str, tuple[str, str]] = {  # what one row is, and what several are, where a state's word would not do
    Aside.DUPLICATE: ("a duplicate", "duplicates"),
    Aside.EXAMPLE: ("the template's example", "examples"),
    Aside.BLANK: ("blank but for defaults", "blank but for defaults"),
}

_REVIEW_MEANINGS: Mapping[str, str] = {
    Review.PENDING: "the reviewers have not decided yet",
    Review.APPROVED: "ready for numbers",
    Review.REJECTED: "the reviewers said no; Results gives the reason",
    Review.MORE_INFO: "the reviewers ask for more; Results gives the reason",
    Review.SUSPENDED: "was approved, and is suspended",
    Review.EXPIRED: "was approved, and has expired",
}
_UNKNOWN_REVIEW = "a word of the API's that this version does not know"

_TODO: Mapping[str, str] = {
    State.INVALID: "Mend the {rows}: the sheet Problems says what is wrong and how to fix it. Run again.",
    State.REFUSED: "Mend the {rows}: the sheet Results says what the API refused. Run again.",
    State.HELD: "Look at the {rows} yourself, before anything else is done with them: Results says how.",
    State.GONE: "Ask who deleted the records of the {rows}, then say what is to become of each: Results says how.",
    State.UNCERTAIN: "Run again for the {rows}: what became of them is looked up, nothing is sent twice.",
    State.DEFERRED: "Run again for the {rows}.",
    State.NOT_SENT: "Run again for the {rows}.",
}
_REVIEW_TODO: Mapping[str, str] = {
    Review.REJECTED: "Correct the {rows}: the Reason in the sheet Results is the reviewers' own. Run again.",
    Review.MORE_INFO: "Give the reviewers what they ask for in the {rows}: Results gives the Reason. Run again.",
    Review.SUSPENDED: "Ask Plivo's support about the {rows}.",
    Review.EXPIRED: "Ask Plivo's support about the {rows}.",
}
_CONTINUED_BY_RUNNING = (State.NOT_SENT, State.DEFERRED, State.UNCERTAIN, State.INVALID, State.REFUSED)
_CORRECTED_BY_RUNNING = (Review.REJECTED, Review.MORE_INFO)


def make_tables(
    decisions: Decisions, ledger_state: LedgerState, facts: ReportFacts, more_findings: Sequence[Finding] = ()
) -> Tables:
    """The whole report; `more_findings` are all that the judged rows do not have themselves."""
    of_rows = [finding for decision in decisions or () for finding in decision.judged.findings]
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for finding in more_findings:
        found[finding.row].append(finding)
    return Tables(
        summary=_summary(decisions, ledger_state, facts, more_findings),
        results=results_table(decisions, ledger_state, facts.commands, facts.zone, found),
        problems=problems_table(sorted([*more_findings, *of_rows], key=lambda finding: finding.row)),
        not_in_workbook=unclaimed_table(decisions, ledger_state, facts.commands, facts.zone),
        runs=runs_table(ledger_state, facts.zone),
    )


def next_command(
    decisions: Decisions,
    ledger_state: LedgerState,
    commands: Commands,
    *,
    continued: bool = False,
    marked: bool = False,
) -> str:
    """What to type next, by the first of these that holds.

    Args:
        continued: a run was stopped before its end, so it is continued as it was typed.
        marked: whether there is a copy of the workbook in which cells are to be fixed, or were: it is merged once they
            are.

    A row that is held or gone waits for a person's answer; it is named by its token, for notifications tell the
    command, and nothing that stands in a row. Then a run leads on where something is due or was mended, or where none
    began yet. Else there is nothing to do but look.
    """
    if continued:
        return commands.again()
    count, by_review = counts(decisions, ledger_state), reviews(decisions, ledger_state)
    waiting = next((r for r in ledger_state.records.values() if r.state in (State.HELD, State.GONE)), None)
    if waiting is not None:
        return commands.resolve(waiting.token)
    if marked:
        return commands.merge_and_run()
    is_due = any(map(count.get, _CONTINUED_BY_RUNNING)) or any(map(by_review.get, _CORRECTED_BY_RUNNING))
    return commands.run() if is_due or ledger_state.opened is None else commands.status()


def _summary(
    decisions: Decisions, ledger_state: LedgerState, facts: ReportFacts, more_findings: Sequence[Finding]
) -> Summary:
    count, by_review = counts(decisions, ledger_state), reviews(decisions, ledger_state)
    meanings = {**dict.fromkeys(by_review, _UNKNOWN_REVIEW), **_REVIEW_MEANINGS}
    todo = (
        *_older_to_do(decisions),
        *_to_do(_TODO, count),
        *_to_do(_REVIEW_TODO, by_review),
        *numbers_to_do(decisions, ledger_state),
    )
    return Summary(
        title=f"Report on {facts.workbook}",
        happened=tuple(_happened(decisions, ledger_state, facts, count, drift(decisions, ledger_state, more_findings))),
        counts=_counted("State", "Rows", count, _MEANINGS, total=count["rows"]),
        reviews=_counted("Review", "Rows", by_review, meanings),
        expected=expected_reviews(decisions, ledger_state, facts.requirements, facts.zone),
        todo=todo or ("Nothing is left to do here.",),
        command=next_command(decisions, ledger_state, facts.commands, continued=facts.continued),
        facts=_facts(ledger_state, facts),
    )


def _happened(
    decisions: Decisions, ledger_state: LedgerState, facts: ReportFacts, count: Mapping[str, int], drifted: Drift
) -> Iterable[str]:
    if decisions is None:
        yield (
            "The workbook could not be read, so this report is made from the ledger alone: "
            "each line is a record of the ledger, row numbers and names are blank, and problems are not known."
        )
    biggest_first = sorted(count.items(), key=lambda item: -item[1])
    parts = [
        f"{number:,} {_is(number)} {_NOUNS.get(name, (name, name))[number != 1]}"
        for name, number in biggest_first
        if number and name != "rows"
    ]
    yield f"Of {count['rows']:,} row{_s(count['rows'])} {_and(parts)}." if parts else "There are no rows."
    if ledger_state.runs:
        started = ledger_state.runs[-1].started
        yield (
            f"The newest of {len(ledger_state.runs):,} run{_s(len(ledger_state.runs))} was begun by {started.user} on "
            f"{started.host} at {local_text(started.at, facts.zone)}; the sheet Runs tells them all."
        )
    else:
        yield "Nothing has been sent yet: no run has begun."
    yield from drift_told(drifted)
    if facts.stopped:
        yield facts.stopped


def _counted(
    name: str, number: str, count: Mapping[str, int], meanings: Mapping[str, str], total: int | None = None
) -> Table:
    rows = tuple((str(key), count[key], meaning) for key, meaning in meanings.items() if count[key])
    last = () if total is None else (("Total", total, ""),)
    return Table((name, number, "Meaning"), (*rows, *last))


def _to_do(lines: Mapping[str, str], count: Mapping[str, int]) -> Iterable[str]:
    return (
        line.format(rows=f"{count[name]:,} {name} row{_s(count[name])}") for name, line in lines.items() if count[name]
    )


def _older_to_do(decisions: Decisions) -> Iterable[str]:
    if rows := older(decisions):
        yield (
            f"{rows:,} row{_s(rows)} {_is(rows)} older than what was sent since: Results says how the newer content "
            "comes into the workbook."
        )


def _facts(ledger_state: LedgerState, facts: ReportFacts) -> tuple[tuple[str, str], ...]:
    opened = ledger_state.opened
    return (
        ("Report made", local_text(facts.made_at, facts.zone) or ""),
        ("All times are in", str(facts.zone)),
        ("Workbook", facts.workbook),
        *((("Account", opened.auth_id), ("API", opened.base_url)) if opened else ()),
        *((("Requirements", facts.requirements.source),) if facts.requirements else ()),
    )


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _and(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)
