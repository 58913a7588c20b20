"""`check` and `plan` of several accounts: each is judged for itself, and told beside the others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bulk_onboard.cli.accounts import OfAccounts, ask_together
from bulk_onboard.cli.judged import (
    RowSums,
    checked_data,
    checked_exit_status,
    is_known,
    next_command,
    planned_data,
    sums_of,
    waits_s,
)
from bulk_onboard.cli.output import Output, awaited, warn_of_callback_url
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus
from bulk_onboard.units import format_count, format_estimate, format_list

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.model.finding import Finding
    from bulk_onboard.model.plan import Plan
    from bulk_onboard.pipeline.annotated_copy import Annotated
    from bulk_onboard.pipeline.judge import DryRun
    from bulk_onboard.pipeline.progress import Progress
    from bulk_onboard.reporting.console_accounts import Line


@dataclass(frozen=True, slots=True)
class _Judged:
    """All accounts, judged.

    Attributes:
        unassigned: what is wrong with rows that are no account's.
    """

    made: "OfAccounts[DryRun]"
    unassigned: "tuple[Finding, ...]"

    def row_sums(self) -> dict[str, RowSums]:
        """Return what a run would do with the rows of each account."""
        return {
            account: sums_of(dry_run.plan, dry_run.status().counts()["rows"])
            for account, dry_run in self.made.answers.items()
        }

    def described(self) -> "list[tuple[str, str]]":
        """Return against which requirements each account was judged."""
        return [
            (account, f"checked against {each.judgement.book.described}.")
            for account, each in self.made.answers.items()
        ]

    @property
    def is_anything_known(self) -> bool:
        """Return whether there is any row, or any record."""
        return any(is_known(each, each.status().counts()["rows"]) for each in self.made.answers.values())

    @property
    def convertible(self) -> int:
        """Return how many documents are refused for their form alone."""
        return sum(each.judgement.convertible for each in self.made.answers.values())


def _judge_all(invocation: Invocation) -> _Judged:
    """Judge the rows of all accounts, and show what is done meanwhile."""
    from bulk_onboard.pipeline.progress import Progress

    progress = {job.account: Progress() for job in invocation.jobs}
    with invocation.showing(*progress.values()):
        return awaited(_judged(invocation, progress))


async def _judged(invocation: Invocation, progress: "Mapping[str, Progress]") -> _Judged:
    from bulk_onboard.pipeline.judge import check_choice, make_dry_run
    from bulk_onboard.pipeline.others import OtherLedgers
    from bulk_onboard.pipeline.progress import READING_WORKBOOK, all_doing
    from bulk_onboard.pipeline.sheets import read_sheets
    from bulk_onboard.threads import few_at_a_time

    jobs, credentials, others = invocation.jobs, invocation.credentials_of_all_at_hand(), OtherLedgers()

    async def ask(job: "Job") -> "DryRun":
        dry_run = await make_dry_run(
            job,
            credentials=credentials[job.account],
            clock=invocation.clock(),
            progress=progress[job.account],
            sheets=sheets,
            others=others,
        )
        progress[job.account].ended = ExitStatus.DONE
        return dry_run

    with few_at_a_time():
        with all_doing(progress.values(), READING_WORKBOOK):
            sheets = await read_sheets(jobs)
        made = await ask_together(jobs, ask)
    check_choice([(job, each.judgement.sheet, each.judgement.rows) for _, job, each in made.of_each()])
    return _Judged(made, sheets.unassigned)


def check_all(invocation: Invocation) -> Output:
    """Answer `check` with what is wrong in the rows of all accounts, and in rows of none."""
    from bulk_onboard.job import whole_job
    from bulk_onboard.model.account import NO_ACCOUNT
    from bulk_onboard.reporting.console import print_convertible, print_findings, print_marked
    from bulk_onboard.reporting.console_accounts import LISTED_AT_MOST, print_lines
    from bulk_onboard.reporting.over_all import counts_of_no_account
    from bulk_onboard.reporting.printer import print_next
    from bulk_onboard.reporting.summary import summed

    jobs, commands = invocation.jobs, whole_job(invocation.jobs)
    for callback_url in dict.fromkeys(job.callback_url for job in jobs if job.callback_url):
        warn_of_callback_url(callback_url)
    judged = _judge_all(invocation)
    made, sums = judged.made, judged.row_sums()
    findings = {account: each.chosen(each.status().findings()) for account, each in made.answers.items()}
    of_none = counts_of_no_account(judged.unassigned)
    copies = _copies(jobs, judged)
    marked = {account: copy.path for account, copy in copies.items() if copy.path}
    notes = tuple(dict.fromkeys(note for copy in copies.values() for note in copy.notes))
    command = _merge_first(jobs, marked) or next_command(commands, is_anything_known=judged.is_anything_known)
    counts = summed((*(each.status().counts() for each in made.answers.values()), of_none))

    def show(stream: TextIO) -> None:
        whole = RowSums(*map(sum, zip(*sums.values(), _row_sums_of(of_none), strict=True)))
        print(whole.sentence, file=stream)
        for sentence in _checked_against(judged):
            print(sentence, file=stream)
        print_lines(_OF_ROWS, _lines(jobs, sums, of_none), stream, at_most=LISTED_AT_MOST, elsewhere="--json")
        found = [(account, each) for account, some in findings.items() for each in some]
        found += [(NO_ACCOUNT, each) for each in judged.unassigned]
        print_findings(found, stream, elsewhere="the marked copy" if marked else "--json")
        print_convertible(judged.convertible, stream, command=commands.convert())
        for path in dict.fromkeys(marked.values()):
            print_marked(path, stream, notes=notes, next_command=command)
        if not marked:
            print(file=stream)
            print_next(command, stream)

    return Output(
        made.exit_status(
            *map(checked_exit_status, made.answers.values()),
            ExitStatus.ROWS_NEED_ATTENTION if judged.unassigned else ExitStatus.DONE,
        ),
        {
            "accounts": [
                {
                    "account": account,
                    "exit_status": int(checked_exit_status(each)),
                    **checked_data(
                        each,
                        findings[account] if invocation.as_json else (),
                        marked=marked.get(account),
                        command=next_command(job.commands, is_anything_known=judged.is_anything_known),
                    ),
                }
                for account, job, each in made.of_each()
            ],
            "failed": made.failures(),
            "unassigned": [finding.data() for finding in judged.unassigned],
            "counts": counts,
            "convertible": judged.convertible,
            "annotated": [str(path) for path in dict.fromkeys(marked.values())],
            "next": command,
        },
        show,
        (*made.notes(), *(notes if invocation.as_json or not marked else ())),
    )


_OF_ROWS = ("Rows", "To send", "Errors", "Warnings only")


def _row_sums_of(of_none: Mapping[str, int]) -> RowSums:
    """Return what a run would do with the rows of no account: each has an error."""
    return RowSums(of_none["rows"], would=0, errors=of_none["rows"], warned=0)


def _lines(jobs: "Sequence[Job]", sums: Mapping[str, RowSums], of_none: Mapping[str, int]) -> "list[Line]":
    from bulk_onboard.model.account import NO_ACCOUNT
    from bulk_onboard.reporting.console_accounts import Line

    lines = [
        Line(job.account, tuple(sums[job.account]), need=sums[job.account].errors)
        if job.account in sums
        else Line(job.account, (), "not checked", need=1)
        for job in jobs
    ]
    if of_none["rows"]:
        lines.append(Line(NO_ACCOUNT, tuple(_row_sums_of(of_none)), need=of_none["rows"]))
    return lines


def _checked_against(judged: _Judged) -> "Sequence[str]":
    from bulk_onboard.reporting.console_accounts import in_words

    described = judged.described()
    if len({sentence for _, sentence in described}) == 1:
        return (f"{format_count(len(described), 'account')}, {described[0][1]}",)
    return tuple(in_words(described))


def _copies(jobs: "Sequence[Job]", judged: _Judged) -> "dict[str, Annotated]":
    """Write the marked copies, where there are errors; return that of each account."""
    from bulk_onboard.pipeline.annotated_copy import annotate, annotate_shared

    rows = {account: (each.judgement, each.status()) for account, each in judged.made.answers.items()}
    sharing = [job for job in jobs if job.shares_sheet and job.account in rows]
    copies: dict[str, Annotated] = {}
    for copy in annotate_shared(sharing, rows, judged.unassigned):
        copies |= dict.fromkeys(copy.accounts, copy)
    for job in jobs:
        if job.account in rows and not job.shares_sheet and (own := annotate(job, *rows[job.account])):
            copies[job.account] = own
    return copies


def _merge_first(jobs: "Sequence[Job]", marked: Mapping[str, Path]) -> str:
    """Return the command that merges the first marked copy and runs; empty without one."""
    from bulk_onboard.pipeline.kept_flags import about_its_workbook

    job = next((job for job in jobs if job.account in marked), None)
    return about_its_workbook(job, jobs).merge_and_run() if job else ""


def plan_all(invocation: Invocation) -> Output:
    """Answer `plan` with what a run would do for all accounts: requests add up, and the longest counts."""
    from bulk_onboard.job import whole_job
    from bulk_onboard.model.plan import Action
    from bulk_onboard.pipeline.kept_flags import remembered
    from bulk_onboard.reporting.console import cost_sentence, print_convertible
    from bulk_onboard.reporting.console_accounts import LISTED_AT_MOST, print_lines
    from bulk_onboard.reporting.over_all import counts_of_no_account
    from bulk_onboard.reporting.printer import print_next
    from bulk_onboard.reporting.summary import summed

    jobs, commands = invocation.jobs, whole_job(invocation.jobs)
    judged = _judge_all(invocation)
    made = judged.made
    plans = {account: each.plan for account, each in made.answers.items()}
    takes_s = {account: _takes_s(each, remembered(job, each.ledger_state)) for account, job, each in made.of_each()}
    longest_s = max((each for each in takes_s.values() if each is not None), default=None)
    requests, size = (sum(getattr(plan.forecast, name) for plan in plans.values()) for name in ("requests", "size"))
    of_none = counts_of_no_account(judged.unassigned)
    counts = summed((*(each.status().counts() for each in made.answers.values()), of_none))
    actions = Counter(summed(plan.counts() for plan in plans.values()))
    actions[Action.NOTHING] += of_none["rows"]
    command = next_command(commands, is_anything_known=judged.is_anything_known)

    def show(stream: TextIO) -> None:
        for sentence in _checked_against(judged):
            print(sentence, file=stream)
        now = invocation.clock().now().astimezone(jobs[0].timezone)
        print(cost_sentence(requests, size, longest_s, now), file=stream)
        columns = [action for action, count in actions.items() if count]
        print_lines(
            ("Rows", *columns, "Requests"),
            _plan_lines(jobs, plans, columns, takes_s, of_none["rows"]),
            stream,
            at_most=LISTED_AT_MOST,
            elsewhere="--json",
        )
        _print_reasons(plans, of_none["rows"], stream)
        print_convertible(judged.convertible, stream, command=commands.convert())
        print(file=stream)
        print_next(command, stream)

    return Output(
        made.exit_status(),
        {
            "accounts": [
                {
                    "account": account,
                    "exit_status": int(ExitStatus.DONE),
                    **planned_data(
                        job,
                        each,
                        command=next_command(job.commands, is_anything_known=judged.is_anything_known),
                    ),
                }
                for account, job, each in made.of_each()
            ],
            "failed": made.failures(),
            "unassigned": [finding.data() for finding in judged.unassigned],
            "counts": counts,
            "actions": dict(actions),
            "forecast": {
                "requests": requests,
                "bytes": size,
                "duration_s": max(
                    (s for p in plans.values() if (s := p.forecast.duration_s) is not None), default=None
                ),
            },
            "next": command,
        },
        show,
        made.notes(),
    )


def _takes_s(dry_run: "DryRun", next_run: "Job") -> float | None:
    """Return how long a run of an account takes, with the waits for its settle window; None without a quota."""
    duration_s = dry_run.plan.forecast.duration_s
    return None if duration_s is None else duration_s + waits_s(dry_run, next_run)


def _plan_lines(
    jobs: "Sequence[Job]",
    plans: "Mapping[str, Plan]",
    columns: Sequence[str],
    takes_s: Mapping[str, float | None],
    of_none: int,
) -> "list[Line]":
    from bulk_onboard.model.account import NO_ACCOUNT
    from bulk_onboard.model.plan import Action
    from bulk_onboard.reporting.console_accounts import Line

    def line(account: str) -> Line:
        plan, left_s = plans[account], takes_s[account]
        counts = plan.counts()
        numbers = (len(plan.decisions), *(counts[column] for column in columns), plan.forecast.requests)
        takes = f"about {format_estimate(left_s)}" if left_s is not None and left_s >= 1 else ""
        return Line(account, numbers, takes, need=left_s or 0)

    lines = [line(job.account) if job.account in plans else Line(job.account, (), "not checked", 1) for job in jobs]
    nothing = (of_none if column == Action.NOTHING else 0 for column in columns)
    return [*lines, Line(NO_ACCOUNT, (of_none, *nothing, 0), need=of_none)] if of_none else lines


def _print_reasons(plans: "Mapping[str, Plan]", of_none: int, stream: TextIO) -> None:
    """Print what is done for how many rows, and why; rows of all accounts with the same reason together.

    Args:
        of_none: how many rows are no account's.
    """
    from bulk_onboard.model.account import NO_ACCOUNT
    from bulk_onboard.model.plan import Action
    from bulk_onboard.reporting.console import OF_A_KIND
    from bulk_onboard.reporting.console_accounts import NAMED_AT_MOST
    from bulk_onboard.reporting.printer import printer_on

    alike: dict[str, dict[str, Counter[str]]] = {}
    for account, plan in plans.items():
        for decision in plan.decisions:
            alike.setdefault(decision.action.value, {}).setdefault(decision.reason, Counter())[account] += 1
    if of_none:
        reason = 'the cell Account names none of those that take rows of its sheet; "check" says more'
        alike.setdefault(Action.NOTHING.value, {})[reason] = Counter({NO_ACCOUNT: of_none})
    page = printer_on(stream)
    for action, reasons in alike.items():
        biggest = sorted(reasons.items(), key=lambda item: -item[1].total())
        lines = [
            (f"{format_count(rows.total(), 'row')} of {format_list(list(rows), at_most=NAMED_AT_MOST)}", reason)
            for reason, rows in biggest
        ]
        left = sum(rows.total() for _, rows in biggest[OF_A_KIND:])
        after = [f"… and {format_count(left, 'row')} for other reasons; --json has all of them."] if left else []
        rows = sum(rows.total() for rows in reasons.values())
        page.write_group(f"{action}: {format_count(rows, 'row')}", action, lines[:OF_A_KIND], after)
