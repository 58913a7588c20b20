"""`status` and `report`: where a job stands, from the ledger."""

from collections import Counter
from typing import Annotated, TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus

_ACCOUNT = Annotated[bool, typer.Option("--account", help="Ask the API for records that no row of the sheet has.")]


def status(invocation: Invocation, account: _ACCOUNT = False) -> Output:
    """Show where the job stands, from the ledger.

    It needs neither network nor workbook, and is safe beside a run. With --account it asks the API for the account's
    records, and lists those that no row of the sheet has.
    """
    from bulk_onboard.ledger.journal import read_ledger_state
    from bulk_onboard.model.record import State
    from bulk_onboard.pipeline.kept_flags import commands_of
    from bulk_onboard.reporting.console import print_status
    from bulk_onboard.reporting.row_status import in_order_of_review, join
    from bulk_onboard.reporting.summary import next_command

    if account:
        return _of_account(invocation)
    job = invocation.job
    ledger_state = read_ledger_state(job.ledger).ledger_state
    states = Counter(record.state for record in ledger_state.records.values())
    counts = {"rows": len(ledger_state.records), **{state.value: states[state] for state in State}}
    submitted = (record for record in ledger_state.records.values() if record.state is State.SUBMITTED)
    reviews = in_order_of_review(Counter(record.review for record in submitted))
    commands = commands_of(job, ledger_state)
    command = next_command(join(None, ledger_state), commands)
    if command == commands.status():  # this very command
        command = commands.run()
    if commands.job == str(job.ledger):  # its workbook is not known
        command = ""

    def show(stream: TextIO) -> None:
        print_status(ledger_state, counts, reviews, stream, next_command=command)

    return Output(
        ExitStatus.DONE,
        {
            "counts": counts,
            "reviews": reviews,
            "runs": len(ledger_state.runs),
            "ledger": str(job.ledger),
            "next": command or None,
        },
        show,
    )


def _of_account(invocation: Invocation) -> Output:
    """List the account's records that no row of the sheet has; change nothing."""
    from bulk_onboard.maintenance.account import Origin, take_inventory
    from bulk_onboard.reporting.console import print_inventory

    inventory = invocation.awaited(
        "reading the account's records",
        take_inventory(invocation.job, credentials=invocation.credentials(), clock=invocation.clock()),
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


_REDACT = Annotated[
    bool, typer.Option("--redact", help="Mask names, cells and reviewers' words, in files of their own.")
]


def report(invocation: Invocation, redact: _REDACT = False) -> Output:
    """Write the report again, from workbook and ledger.

    Without the workbook it is made from the ledger alone. It needs no network. With --redact it is for readers outside:
    names are masked, and the full report stays as it is.
    """
    from bulk_onboard.pipeline.outputs import report_job

    made = invocation.awaited("writing the report", report_job(invocation.job, clock=invocation.clock(), redact=redact))
    notes = (f"{made.from_ledger_alone} The report was made from the ledger alone.",) if made.from_ledger_alone else ()

    def show(stream: TextIO) -> None:
        for path in made.files.values():
            print(path, file=stream)

    return Output(
        ExitStatus.DONE,
        {
            "counts": made.counts,
            "reviews": made.reviews,
            "ledger": str(invocation.job.ledger),
            "report": str(made.path),
            "reports": {form: str(path) for form, path in made.files.items()},
            "next": made.next,
        },
        show,
        notes,
    )
