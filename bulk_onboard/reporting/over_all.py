"""The report over all accounts of a job: the reports of the accounts one below the other, and what they come to.

Each account's rows are joined with its own ledger and made into tables first. Row numbers and Keys may repeat from one
account to the next, so nothing here is looked up by them: the tables are put together, and links are moved down to
where their lines are now.

Rule: sums add up. The figures over all are those of the lines of the accounts, the rows of no account included, and
each row that a line counts is a line of Results.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from bulk_onboard.model.account import NO_ACCOUNT
from bulk_onboard.model.command import Commands
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Decision
from bulk_onboard.model.record import State
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.reporting.figures import Figures, overview_of
from bulk_onboard.reporting.quota_use import together
from bulk_onboard.reporting.row_status import (
    Drift,
    JobStatus,
    RowStatus,
    drift_sentences,
    in_order_of_review,
)
from bulk_onboard.reporting.sheets import ATTENTION, PROBLEMS, RESULTS
from bulk_onboard.reporting.summary import (
    AccountLine,
    AccountPart,
    ReportFacts,
    Summary,
    Tables,
    expected_days,
    expected_reviews,
    general_notices,
    kinds_table,
    next_command,
    other_commands,
    report_facts,
    reviews_table,
    rows_by_state,
    states_table,
    summed,
    what_to_do,
)
from bulk_onboard.reporting.table import TOTAL, Cell, FileName, Line, Link, MadeAnew, Table, Word, local_text
from bulk_onboard.units import format_count, format_list

ACCOUNT = "Account"
"""The first column of every table."""

_MOST_COMMANDS = 5
_NAMED_AT_MOST = 5


def counts_of_no_account(unassigned: Iterable[Finding]) -> dict[str, int]:
    """Return the rows of no account by state, as `JobStatus.counts` has them: each is invalid.

    Args:
        unassigned: why, of each row at least one.
    """
    number = len({(finding.sheet, finding.row) for finding in unassigned})
    return {"rows": number, State.INVALID.value: number}


def of_no_account(findings: Iterable[Finding], rows: Mapping[int, Row]) -> JobStatus:
    """Return the rows of one sheet that are no account's; each is invalid.

    Args:
        findings: why, of each at least one.
        rows: the rows by their numbers, as far as they are at hand.
    """
    by_row: dict[int, tuple[Finding, ...]] = {}
    for finding in findings:
        by_row[finding.row] = (*by_row.get(finding.row, ()), finding)

    def status(number: int, found: tuple[Finding, ...]) -> RowStatus:
        row = rows.get(number) or Row(found[0].sheet, number, Combination("", "", ""), {})
        judged = JudgedRow(row, None, "", found)
        return RowStatus(State.INVALID, None, Decision(judged, None, Action.NOTHING, ""))

    statuses = tuple(status(number, by_row[number]) for number in sorted(by_row))
    return JobStatus(LedgerState(), statuses, (), has_workbook=True, others=())


def tables_over_all(parts: Sequence[AccountPart], facts: ReportFacts) -> Tables:
    """Return the report over all accounts.

    Args:
        parts: at least one, in the order in which they are shown.
        facts: of the whole job; its commands are about all accounts.
    """
    before, summary = list(_lines_before(parts)), _summary(parts, facts)
    return Tables(
        statuses=tuple(part.status for part in parts),
        facts=facts,
        overview=summary.overview,
        summary=summary,
        results=_put_together(parts, lambda tables: tables.results, before),
        problems=_put_together(parts, lambda tables: tables.problems, before),
        not_in_workbook=_put_together(parts, lambda tables: tables.not_in_workbook, before),
        runs=_put_together(parts, lambda tables: tables.runs, before),
        accounts=tuple(parts),
    )


def next_over_all(parts: Iterable[AccountPart], commands: Commands, *, continued: bool = False, merge: str = "") -> str:
    """Return what to type next about all accounts, as `next_command` does about one.

    What waits for an answer in any account comes first; then the marked copy, and a run where any account wants one. An
    account whose ledger cannot be read has no part in it: its line says what to do.

    Args:
        commands: about all accounts.
        continued: as for `next_command`.
        merge: the command that takes over a marked copy, where there is one.
    """
    if continued:
        return commands.again()
    known = [(part.status, part.tables.facts.commands) for part in parts if part.name and not part.status.is_unread]
    each = [(next_command(status, own), own) for status, own in known if own]
    answer = next((told for told, own in each if told not in (own.run(), own.status())), "")
    if answer or merge:
        return answer or commands.run_after(merge)
    return commands.run() if any(told == own.run() for told, own in each) else commands.status()


# The tables.


def _lines_before(parts: Iterable[AccountPart]) -> Iterator[Mapping[str, int]]:
    """Yield, of each part, how many lines of Results and Problems are above its own."""
    sizes = [(part.status.counts()["rows"], sum(1 for _ in part.tables.problems.rows)) for part in parts]
    results = problems = 0
    for own_results, own_problems in sizes:
        yield {RESULTS: results, PROBLEMS: problems}
        results, problems = results + own_results, problems + own_problems


def _put_together(
    parts: Sequence[AccountPart], table_of: Callable[[Tables], Table], before: Sequence[Mapping[str, int]]
) -> Table:
    """Return the tables of all parts one below the other, the account before each line."""

    def lines() -> Iterator[Line]:
        for part, above in zip(parts, before, strict=True):
            for row in table_of(part.tables).rows:
                yield (part.name or None, *(_moved(cell, above) for cell in row))

    return Table((ACCOUNT, *table_of(parts[0].tables).headers), MadeAnew(lines))


def _moved(cell: Cell, above: Mapping[str, int]) -> Cell:
    return Link(cell.number, cell.table, cell.line + above[cell.table]) if isinstance(cell, Link) else cell


# The first sheet.


def _summary(parts: Sequence[AccountPart], facts: ReportFacts) -> Summary:
    statuses = [part.status for part in parts]
    counts = summed(status.counts() for status in statuses)
    days = (expected_days(part.status, part.tables.facts.requirements, facts.zone) for part in parts)
    commands = None if facts.redact else facts.commands
    number = format_count(sum(bool(part.name) for part in parts), "account")
    return Summary(
        title=f"Report on {facts.workbook}, {number}",
        overview=overview_of(*statuses),
        notices=tuple(_notices(parts, facts)),
        usage=together(part.tables.summary.usage for part in parts if part.tables.summary.usage),
        happened=tuple(_happened(statuses, facts, counts)),
        counts=states_table(counts),
        reviews=reviews_table(in_order_of_review(summed(status.reviews() for status in statuses))),
        problems=kinds_table(chain.from_iterable(status.findings() for status in statuses)),
        expected=expected_reviews(chain.from_iterable(days)),
        todo=what_to_do(*statuses),
        command=next_over_all(parts, commands, continued=facts.continued) if commands else "",
        commands=tuple(islice(_other_commands(parts), _MOST_COMMANDS)) if commands else (),
        facts=tuple(_facts(parts, facts, number)),
        accounts=tuple(map(_line, parts)),
    )


def accounts_table(lines: Sequence[AccountLine], *forms: str) -> Table:
    """Return a line of each account and a total; columns of zeros that nobody misses are left out.

    Args:
        forms: the formats of an account's own report to which its name leads, the first that was written.
    """
    figures = [line.figures for line in lines]
    columns = {
        "Rows": [line.rows for line in lines],
        "Done": [each.done for each in figures],
        "Waiting": [each.waiting for each in figures],
        "Needs us": [each.needs_us for each in figures],
        "Not sent": [each.not_sent for each in figures],
        "Aside": [line.rows - line.figures.counted for line in lines],
    }
    shown = {name: numbers for name, numbers in columns.items() if any(numbers) or name not in ("Not sent", "Aside")}
    names = [FileName(line.name, next((line.reports[f] for f in forms if f in line.reports), "")) for line in lines]
    now = [Word(line.now, ATTENTION) if line.is_ended else line.now for line in lines]
    rows = tuple(zip(names, *shown.values(), now, strict=True))
    return Table((ACCOUNT, *shown, "What comes next"), (*rows, (TOTAL, *map(sum, shown.values()), "")))


def _line(part: AccountPart) -> AccountLine:
    figures = part.tables.overview.figures
    return AccountLine(
        name=part.name or NO_ACCOUNT,
        rows=part.status.counts()["rows"],
        figures=figures,
        now=part.ended or (_comes_next(figures) if part.name else "Name their account in the column Account."),
        is_ended=bool(part.ended),
        reports={} if part.tables.facts.redact else part.reports,
    )


def _comes_next(figures: Figures) -> str:
    """Return what comes next for an account in a few words."""
    if figures.needs_us:
        return "See what needs us, then run again."
    if figures.not_sent:
        return "Run again."
    return "Wait for the reviews." if figures.waiting else "Nothing."


def _notices(parts: Sequence[AccountPart], facts: ReportFacts) -> Iterator[str]:
    ended = [part.name for part in parts if part.name and part.ended]
    if ended:
        yield f"{_named(ended)} did not finish: the table of the accounts says why."
    if alone := [part.name for part in parts if part.name and not part.status.has_workbook]:
        yield (
            f"Of {_named(alone)} this report has the ledger alone, without the workbook: each line is a record, row "
            "numbers and names are blank, and problems are not known."
        )
    if lost := sum(part.status.counts()["rows"] for part in parts if not part.name):
        name = "names" if lost == 1 else "name"
        yield f"{format_count(lost, 'row')} {name} no account of the job: see the end of the sheet Problems."
    yield from general_notices(facts)


def _named(names: Sequence[str]) -> str:
    """Return the first accounts, and how many more there are."""
    return f"{'Account' if len(names) == 1 else 'Accounts'} {format_list(names, at_most=_NAMED_AT_MOST)}"


def _happened(statuses: Sequence[JobStatus], facts: ReportFacts, counts: Mapping[str, int]) -> Iterator[str]:
    yield rows_by_state(counts)
    runs = [run.started for status in statuses for run in status.ledger_state.runs]
    if runs:
        newest = max(runs, key=lambda started: started.at)
        by = "" if facts.redact else f" by {newest.user} on {newest.host}"
        at = local_text(newest.at, facts.zone)
        yield f"The newest run of an account was begun{by} at {at}; the sheet Runs has those of all accounts."
    else:
        yield "Nothing has been sent yet: no run has begun."
    yield from drift_sentences(Drift(*map(sum, zip(*(status.drift() for status in statuses), strict=True))))


def _other_commands(parts: Iterable[AccountPart]) -> Iterator[tuple[str, str]]:
    """Yield the commands about single records, an account's own."""
    for part in parts:
        own = part.tables.facts.commands
        if own is None or part.status.is_unread:
            continue
        for what, command in other_commands(part.status, own):
            yield f"{what}, account {part.name}", command


def _facts(parts: Sequence[AccountPart], facts: ReportFacts, number: str) -> Iterator[tuple[str, str]]:
    """Yield what is said about the report; what is not alike in all accounts stands in their own."""
    of_accounts = [part.tables.summary.facts for part in parts if part.name]
    shared = [dict(each) for each in of_accounts]
    yield from report_facts(facts)
    yield "Accounts", number
    for name in ("API", "Checked against"):
        said = {each[name] for each in shared if name in each}
        if len(said) == 1:
            yield name, said.pop()
