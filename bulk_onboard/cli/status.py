"""`status`: where a job stands, from the ledger."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.accounts import OfAccounts, ask_each, in_few_words
from bulk_onboard.cli.cluster import at_work, data_of, places_of_all, why_ended
from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.verb import Invocation, known_keys
from bulk_onboard.errors import BulkOnboardError, ExitStatus, UsageError
from bulk_onboard.settings import Panel
from bulk_onboard.spelling import did_you_mean
from bulk_onboard.units import format_age

if TYPE_CHECKING:
    from bulk_onboard.cluster.tasks import Place
    from bulk_onboard.job import Job
    from bulk_onboard.model.ledger_state import LedgerState
    from bulk_onboard.model.row import Row
    from bulk_onboard.reporting.console_accounts import Standing
    from bulk_onboard.reporting.row_status import RowStatus

_LISTED = 10


def _states(incomplete: str) -> list[str]:
    """Return the states that begin like this, for a shell that completes."""
    from bulk_onboard.model.record import State

    return [word for each in State if (word := _hyphened(each.value)).startswith(incomplete)]


def _reviews(incomplete: str) -> list[str]:
    from bulk_onboard.model.record import Review

    return [word for each in Review if (word := _hyphened(each.value)).startswith(incomplete)]


_NOT_IN_WORKBOOK = Annotated[
    bool, typer.Option("--not-in-workbook", help="Ask the API for records that no row of the sheet has.")
]
_FAILED = Annotated[bool, typer.Option("--failed", help="List what needs attention.", rich_help_panel=Panel.ROWS.value)]
_STATE = Annotated[
    list[str],
    typer.Option(
        "--state",
        metavar="STATE",
        help="List what is in this state, such as held or refused; may be repeated.",
        autocompletion=_states,
        rich_help_panel=Panel.ROWS.value,
    ),
]
_REVIEW = Annotated[
    list[str],
    typer.Option(
        "--review",
        metavar="REVIEW",
        help="List what has this review, such as rejected; may be repeated.",
        autocompletion=_reviews,
        rich_help_panel=Panel.ROWS.value,
    ),
]
_KEYS = Annotated[
    list[str],
    typer.Option(
        "--key",
        metavar="KEY",
        help="List this row; may be repeated.",
        autocompletion=known_keys,
        rich_help_panel=Panel.ROWS.value,
    ),
]
_ALL = Annotated[
    bool, typer.Option("--all", help=f"List all that fit, not {_LISTED} only.", rich_help_panel=Panel.ROWS.value)
]


def status(  # noqa: PLR0917 - typer names them
    invocation: Invocation,
    not_in_workbook: _NOT_IN_WORKBOOK = False,
    failed: _FAILED = False,
    state: _STATE = [],  # noqa: B006 - typer copies it
    review: _REVIEW = [],  # noqa: B006 - typer copies it
    key: _KEYS = [],  # noqa: B006 - typer copies it
    every: _ALL = False,
) -> Output:
    """Show where the job stands, from the ledger.

    It needs neither network nor workbook, and is safe beside a run. With --failed, --state, --review or --key it lists
    records, why they are there and what to do; with the workbook at hand their names, too. What several of these flags
    say must all hold. With --not-in-workbook it asks the API for all records, and lists those that no row has.
    """
    from bulk_onboard.model.record import Review, State

    if not_in_workbook:
        return _of_account(invocation)
    if failed or state or review or key:
        states = _read(state, State, "--state", others={"--review": Review})
        reviews = _read(review, Review, "--review", others={"--state": State})
        choice = _Choice(failed, states, reviews, tuple(key))
        return _list(invocation, choice, most=None if every else _LISTED)
    return _glance(invocation) if len(invocation.jobs) == 1 else _glance_at_all(invocation)


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where one account stands, by its ledger.

    Attributes:
        not_taken_in: rows of the workbook that the newest run left for a later one.
        command: the command to type next; empty where that is not known, or a run goes on.
        goes_on: whether the newest run is still under way.
        place: who works at it; None where ledgers are files.
    """

    ledger_state: "LedgerState"
    counts: dict[str, int]
    reviews: dict[str, int]
    not_taken_in: int
    command: str
    goes_on: bool
    place: "Place | None" = None

    def data(self, job: "Job") -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "counts": self.counts,
            "not_taken_in": self.not_taken_in,
            "reviews": self.reviews,
            "runs": len(self.ledger_state.runs),
            "ledger": job.store.name,
            "next": self.command or None,
            **(data_of(self.place) if self.place else {}),
        }


def _glance(invocation: Invocation) -> Output:
    """Answer with the job at a glance."""
    from bulk_onboard.reporting.console import print_status

    job, now = invocation.job, invocation.clock().now()
    place = places_of_all([job]).get(job.account)
    standing = _stands(_as_handed_over(job, place), place, may_lack_ledger=bool(place and place.task))

    def show(stream: TextIO) -> None:
        if words := ", ".join(at_work(place, now, job.timezone)):
            print(f"{words[0].upper()}{words[1:]}.", file=stream)
        print_status(
            standing.ledger_state,
            standing.counts,
            standing.reviews,
            stream,
            now=now,
            not_taken_in=standing.not_taken_in,
            next_command=standing.command,
            goes_on=standing.goes_on,
        )

    return Output(ExitStatus.DONE, standing.data(job), show, tuple(why_ended({"": place} if place else {})))


def _as_handed_over(job: "Job", place: "Place | None") -> "Job":
    """Return a job that was handed over to workers once with commands that do so again."""
    return replace(job, commands=replace(job.commands, in_cluster=True)) if place and place.task else job


def _stands(job: "Job", place: "Place | None", *, may_lack_ledger: bool = False) -> _Standing:
    """Return where the job stands.

    Args:
        place: who works at it; None where ledgers are files.
        may_lack_ledger: whether nothing may have been begun yet; else that is an error.
    """
    from bulk_onboard.model.record import State
    from bulk_onboard.pipeline.kept_flags import commands_of
    from bulk_onboard.reporting.row_status import in_order_of_review, join
    from bulk_onboard.reporting.summary import next_command

    ledger_state = job.ledger_state(is_needed=not may_lack_ledger)
    states = Counter(record.state for record in ledger_state.records.values())
    counts = {"rows": len(ledger_state.records), **{state.value: states[state] for state in State}}
    submitted = (record for record in ledger_state.records.values() if record.state is State.SUBMITTED)
    ended = ledger_state.runs[-1].ended if ledger_state.runs else None
    not_sent = ended.counts.get(State.NOT_SENT.value, 0) if ended else 0
    commands = commands_of(job, ledger_state)
    command = next_command(join(None, ledger_state), commands)
    if command == commands.status():  # this very command
        command = commands.run()
    goes_on = bool(ledger_state.runs) and ended is None and not job.store.is_free()
    is_with_workers = place is not None and place.task is not None and not place.task.is_over
    if (
        goes_on or is_with_workers or commands.job == str(job.ledger)
    ):  # another run would have to wait; or its workbook is not known
        command = ""
    return _Standing(
        ledger_state,
        counts,
        in_order_of_review(Counter(record.review for record in submitted)),
        not_taken_in=max(0, not_sent - states[State.NOT_SENT]),
        command=command,
        goes_on=goes_on,
        place=place,
    )


def _glance_at_all(invocation: Invocation) -> Output:
    """Answer with a line for each account, and what they come to together."""
    from bulk_onboard.job import whole_job
    from bulk_onboard.reporting.console_accounts import print_status_of_all
    from bulk_onboard.reporting.summary import summed

    jobs, now = invocation.jobs, invocation.clock().now()
    places = places_of_all(jobs)
    if not any(place.task for place in places.values()) and not any(job.store.exists() for job in jobs):
        raise UsageError(f"No account of {jobs[0].file} has a ledger yet. To begin, type: {whole_job(jobs).run()}")
    jobs = tuple(_as_handed_over(job, places.get(job.account)) for job in jobs)
    made = ask_each(jobs, lambda job: _stands(job, places.get(job.account), may_lack_ledger=True))
    standings = [made.answers[job.account] for job in jobs if job.account in made.answers]
    counts, reviews = summed(each.counts for each in standings), summed(each.reviews for each in standings)
    not_taken_in = sum(each.not_taken_in for each in standings)
    command = _next_of_all(jobs, made)

    def show(stream: TextIO) -> None:
        lines = [_line_of(job, made, now) for job in jobs]
        print_status_of_all(lines, counts, reviews, stream, not_taken_in=not_taken_in, next_command=command)

    data = {
        "accounts": [
            {"account": name, "exit_status": int(ExitStatus.DONE), **standing.data(job)}
            for name, job, standing in made.of_each()
        ],
        "failed": made.failures(),
        "counts": counts,
        "not_taken_in": not_taken_in,
        "reviews": reviews,
        "next": command or None,
    }
    return Output(made.exit_status(), data, show, (*made.notes(), *why_ended(places)))


def _next_of_all(jobs: "Sequence[Job]", made: "OfAccounts[_Standing]") -> str:
    """Return what to type next: first what a single account waits for, else a run of all; empty while one goes on."""
    from bulk_onboard.job import whole_job

    answered = [(job, standing.command) for _, job, standing in made.of_each()]
    own = next((command for job, command in answered if command and command != _run_of(job, made)), "")
    return own or ("" if any(not command for _, command in answered) else whole_job(jobs).run())


def _run_of(job: "Job", made: "OfAccounts[_Standing]") -> str:
    from bulk_onboard.pipeline.kept_flags import commands_of

    return commands_of(job, made.answers[job.account].ledger_state).run()


def _line_of(job: "Job", made: "OfAccounts[_Standing]", now: datetime) -> "Standing":
    """Return an account's line: its figures, and when its newest run ended."""
    from bulk_onboard.reporting.console_accounts import Standing
    from bulk_onboard.reporting.figures import overview_of
    from bulk_onboard.reporting.row_status import join

    if (error := made.failed.get(job.account)) is not None:
        return Standing(job.account, 0, None, how=in_few_words(error.exit_status), is_ended=True)
    standing = made.answers[job.account]
    figures = overview_of(join(None, standing.ledger_state)).figures
    how = ", ".join(at_work(standing.place, now, job.timezone)) or _newest_run(standing, now)
    task = standing.place.task if standing.place else None
    is_ended = task is not None and task.status.value == "failed"
    return Standing(job.account, standing.counts["rows"], figures, how=how, is_ended=is_ended)


def _newest_run(standing: _Standing, now: datetime) -> str:
    runs = standing.ledger_state.runs
    if not runs:
        return "not begun"
    if standing.goes_on:
        return "goes on"
    ended = runs[-1].ended
    return f"run ended {format_age(datetime.fromisoformat(ended.at), now)}" if ended else "run has not recorded its end"


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which records are listed; of what is empty nothing is asked."""

    failed: bool
    states: frozenset[str]
    reviews: frozenset[str]
    keys: tuple[str, ...]

    def fits(self, status: "RowStatus") -> bool:
        """Return whether all that is asked holds."""
        from bulk_onboard.model.record import State

        return (
            (not self.failed or status.needs_attention or status.state is State.INVALID)
            and (not self.states or status.state.value in self.states)
            and (not self.reviews or status.review in self.reviews)
        )


def _read(
    words: Sequence[str], known: type[StrEnum], flag: str, *, others: Mapping[str, type[StrEnum]]
) -> frozenset[str]:
    """Return the states or reviews of these words, which may have a hyphen for the blank, and commas between them.

    Args:
        others: the words of other flags, which people write behind this one.
    """
    wanted = [word.strip() for text in words for word in text.split(",")]
    values = [each.value for each in known]
    for word in wanted:
        spelt = _spelt(word)
        if spelt in values:
            continue
        other = next((name for name, its in others.items() if spelt in list(its)), "")
        meant = did_you_mean(spelt, values) or f" There is {', '.join(_hyphened(value) for value in values)}."
        raise UsageError(f"{flag} {word}: there is no such word.{f' Type {other} {word}.' if other else meant}")
    return frozenset(map(_spelt, wanted))


def _spelt(word: str) -> str:
    return word.replace("-", " ").casefold()


def _hyphened(word: str) -> str:
    """Return a state or review as one word, as it is typed."""
    return word.replace(" ", "-")


@dataclass(frozen=True, slots=True)
class _Fitting:
    """The records of one account that fit."""

    ledger_state: "LedgerState"
    rows: "Sequence[RowStatus]"


def _list(invocation: Invocation, choice: _Choice, *, most: int | None) -> Output:
    """Answer with the records that fit, each with what is to be done; of several accounts with those of all."""
    from bulk_onboard.reporting.console import print_records

    jobs, are_several = invocation.jobs, len(invocation.jobs) > 1
    may_lack_ledger = are_several and any(job.store.exists() for job in jobs)
    read = ask_each(jobs, lambda job: job.ledger_state(is_needed=not may_lack_ledger))
    called = _called(choice.keys, read.answers)
    made = {account: _fitting(account, ledger_state, choice, called) for account, ledger_state in read.answers.items()}
    listed, notes, left = list[dict[str, Any]](), list(read.notes()) if are_several else [], most
    for account, fitting in made.items():
        some = fitting.rows[:left]
        left = None if left is None else left - len(some)
        lines, why = _lines(read.jobs[account], fitting.ledger_state, some)
        listed += [{"account": account, **line} for line in lines] if are_several else lines
        notes += [f"Account {account}: {each}" for each in why] if are_several else why
    fit = sum(len(each.rows) for each in made.values())
    of = sum(len(each.ledger_state.records) for each in made.values())

    def show(stream: TextIO) -> None:
        print_records(listed, stream, of=of, left_out=fit - len(listed))

    data: dict[str, Any] = {"records": listed, "fit": fit, "of": of}
    data |= {"failed": read.failures()} if are_several else {"ledger": invocation.job.store.name}
    return Output(read.exit_status(), data, show, tuple(notes))


def _called(keys: Sequence[str], ledgers: "Mapping[str, LedgerState]") -> set[tuple[str, str]]:
    """Return account and token of each record that has one of these names.

    Raises:
        UsageError: no record has one of the names.
    """
    from bulk_onboard.ledger.story import records_called

    called: set[tuple[str, str]] = set()
    for key in keys:
        found = {
            (account, record.token)
            for account, ledger_state in ledgers.items()
            for record in records_called(ledger_state, key)
        }
        if not found:
            known = (record.key for each in ledgers.values() for record in each.records.values() if record.key)
            raise UsageError(f"The ledger knows no record {key!r}.{did_you_mean(key, known)}")
        called |= found
    return called


def _fitting(account: str, ledger_state: "LedgerState", choice: _Choice, called: set[tuple[str, str]]) -> _Fitting:
    from bulk_onboard.reporting.row_status import join

    rows = [
        each
        for each in join(None, ledger_state).rows
        if each.record and (not choice.keys or (account, each.record.token) in called) and choice.fits(each)
    ]
    return _Fitting(ledger_state, rows)


def _lines(
    job: "Job", ledger_state: "LedgerState", shown: "Sequence[RowStatus]"
) -> tuple[list[dict[str, Any]], Sequence[str]]:
    """Return of each record what is listed, and sentences about what is left out."""
    from bulk_onboard.model.command import names_in
    from bulk_onboard.model.sheet import BUSINESS_NAME
    from bulk_onboard.reporting.advice import advise

    rows, notes = _rows_at_hand(job, ledger_state) if shown else ({}, ())
    names, listed = names_in(ledger_state), list[dict[str, Any]]()
    for each in shown:
        record = each.record or each.named
        if record is None:
            continue
        row, advice = rows.get(record.token), advise(each, name=names[record.token])
        listed.append(
            {
                "row": row.number if row else None,
                "key": record.key or f"~{record.token}",
                "name": row.cell(BUSINESS_NAME) if row else "",
                "state": each.state.value,
                "review": each.review,
                "why": advice.reason,
                "to_do": advice.todo,
            }
        )
    return listed, notes


def _rows_at_hand(job: "Job", ledger_state: "LedgerState") -> "tuple[Mapping[str, Row], tuple[str, ...]]":
    """Return the rows of the workbook by token, none where it cannot be read, and a sentence about that."""
    from bulk_onboard.pipeline.judge import identified_rows
    from bulk_onboard.pipeline.kept_flags import remembered

    if ledger_state.opened is None:
        return {}, ()
    try:
        known = remembered(job, ledger_state)
        if known.file == known.ledger:  # its workbook is not known
            return {}, ()
        rows = awaited(identified_rows(known, ledger_state, auth_id=ledger_state.opened.auth_id))
    except BulkOnboardError as error:
        return {}, (f"Names and row numbers are left out. {error}",)
    return {identity.token: row for row, identity in rows}, ()


def _of_account(invocation: Invocation) -> Output:
    """List the account's records that no row of the sheet has; change nothing."""
    from bulk_onboard.maintenance.account import Origin, take_inventory
    from bulk_onboard.reporting.console import print_inventory

    credentials = invocation.credentials()
    inventory = invocation.asking(
        "reading the account's records",
        lambda progress: take_inventory(
            invocation.job, credentials=credentials, clock=invocation.clock(), progress=progress
        ),
    )
    origins = Counter(origin for _, origin in inventory.records)
    counts = {origin.value: origins[origin] for origin in Origin}
    strays = [
        {"compliance_id": r.compliance_id, "alias": r.alias, "review": r.review or r.review_word, "origin": origin}
        for r, origin in inventory.records
        if origin is not Origin.ROW
    ]
    return Output(
        ExitStatus.DONE,
        {"records": len(inventory.records), "origins": counts, "not_in_sheet": strays},
        lambda stream: print_inventory(counts, strays, stream),
        (f"{inventory.no_sheet} Every record in the ledger counts as one that a row has.",)
        if inventory.no_sheet
        else (),
    )
