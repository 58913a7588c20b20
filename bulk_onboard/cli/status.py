"""`status`: where a job stands, from the ledger."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.verb import Invocation, known_keys
from bulk_onboard.errors import BulkOnboardError, ExitStatus, UsageError
from bulk_onboard.settings import Panel
from bulk_onboard.spelling import did_you_mean

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.model.ledger_state import LedgerState
    from bulk_onboard.model.row import Row
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
    return _glance(invocation)


def _glance(invocation: Invocation) -> Output:
    """Answer with the job at a glance."""
    from bulk_onboard.ledger.journal import read_ledger_state
    from bulk_onboard.ledger.lock import is_in_use
    from bulk_onboard.model.record import State
    from bulk_onboard.pipeline.kept_flags import commands_of
    from bulk_onboard.reporting.console import print_status
    from bulk_onboard.reporting.row_status import in_order_of_review, join
    from bulk_onboard.reporting.summary import next_command

    job = invocation.job
    ledger_state = read_ledger_state(job.ledger).ledger_state
    states = Counter(record.state for record in ledger_state.records.values())
    counts = {"rows": len(ledger_state.records), **{state.value: states[state] for state in State}}
    submitted = (record for record in ledger_state.records.values() if record.state is State.SUBMITTED)
    reviews = in_order_of_review(Counter(record.review for record in submitted))
    ended = ledger_state.runs[-1].ended if ledger_state.runs else None
    not_sent = ended.counts.get(State.NOT_SENT.value, 0) if ended else 0
    not_taken_in = max(0, not_sent - states[State.NOT_SENT])
    commands = commands_of(job, ledger_state)
    command = next_command(join(None, ledger_state), commands)
    if command == commands.status():  # this very command
        command = commands.run()
    goes_on = bool(ledger_state.runs) and ended is None and is_in_use(job.ledger)
    if goes_on or commands.job == str(job.ledger):  # another run would have to wait; or its workbook is not known
        command = ""

    def show(stream: TextIO) -> None:
        print_status(
            ledger_state,
            counts,
            reviews,
            stream,
            now=invocation.clock().now(),
            not_taken_in=not_taken_in,
            next_command=command,
            goes_on=goes_on,
        )

    return Output(
        ExitStatus.DONE,
        {
            "counts": counts,
            "not_taken_in": not_taken_in,
            "reviews": reviews,
            "runs": len(ledger_state.runs),
            "ledger": str(job.ledger),
            "next": command or None,
        },
        show,
    )


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


def _list(invocation: Invocation, choice: _Choice, *, most: int | None) -> Output:
    """Answer with the records that fit, each with what is to be done."""
    from bulk_onboard.ledger.journal import read_ledger_state
    from bulk_onboard.ledger.story import records_called
    from bulk_onboard.model.command import names_in
    from bulk_onboard.model.sheet import BUSINESS_NAME
    from bulk_onboard.reporting.advice import advise
    from bulk_onboard.reporting.console import print_records
    from bulk_onboard.reporting.row_status import join

    job = invocation.job
    ledger_state = read_ledger_state(job.ledger).ledger_state
    called: set[str] = set()
    for key in choice.keys:
        found = records_called(ledger_state, key)
        if not found:
            meant = did_you_mean(key, (record.key for record in ledger_state.records.values() if record.key))
            raise UsageError(f"The ledger knows no record {key!r}.{meant}")
        called |= {record.token for record in found}
    fitting = [
        each
        for each in join(None, ledger_state).rows
        if each.record and (not choice.keys or each.record.token in called) and choice.fits(each)
    ]
    shown, names = fitting[:most], names_in(ledger_state)
    rows, notes = _rows_at_hand(job, ledger_state) if shown else ({}, ())
    listed: list[dict[str, Any]] = []
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

    def show(stream: TextIO) -> None:
        lines = [tuple(each.values()) for each in listed]
        print_records(
            lines, stream, of=len(ledger_state.records), left_out=len(fitting) - len(shown), has_names=bool(rows)
        )

    data = {"records": listed, "fit": len(fitting), "of": len(ledger_state.records), "ledger": str(job.ledger)}
    return Output(ExitStatus.DONE, data, show, notes)


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
