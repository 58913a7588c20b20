"""`convert`: accepted copies of scans that are refused for their form alone."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.accounts import OfAccounts, ask_each, ask_together
from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import first_that_holds
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.maintenance.convert import Conversion, Result, Scans

_SHOWN_AT_MOST = 10


def convert(invocation: Invocation) -> Output:
    """Make accepted copies of scans that are refused for their form alone.

    JPEG, HEIC, TIFF, WebP, BMP and GIF become PDFs, and what is larger than 5 MiB is made smaller, in grey at 200 dpi.
    The copies get a folder of their own beside the ledger, with a list and a contact sheet to look at; the next run
    sends them. No file of yours is changed. Typed again, it converts only what is new. Exit status 3 where a file could
    not be converted.
    """
    return _of_one(invocation) if len(invocation.jobs) == 1 else _of_all(invocation)


def _of_one(invocation: Invocation) -> Output:
    from bulk_onboard.intake.documents.copies import LIST, SHEET
    from bulk_onboard.maintenance.convert import convert_scans, find_scans

    job = invocation.job
    scans = awaited(find_scans(job, credentials=invocation.credentials_at_hand(), clock=invocation.clock()))
    done = convert_scans(job, scans, _counter(quiet=invocation.quiet))
    command = job.commands.check()

    def show(stream: TextIO) -> None:
        from bulk_onboard.reporting.printer import printer_on

        page = printer_on(stream)
        for sentence in _sentences(done):
            page.write_line(sentence)
        if done.results:
            page.write_line(f"What was done to each: {done.folder / LIST}")
        if _has_copies(done):
            page.write_line(f"A person should look at the copies before they are sent: {done.folder / SHEET}")
        page.write_line(f"Next: {command}")

    return Output(done.exit_status, _data(scans, done, command=command), show)


def _has_copies(done: "Conversion") -> bool:
    return len(done.failed) < len(done.results)


def _data(scans: "Scans", done: "Conversion", *, command: str) -> dict[str, Any]:
    """Return the object that `--json` prints."""
    from bulk_onboard.intake.documents.copies import LIST, SHEET

    return {
        "requirements": scans.book.source,
        "contract": scans.book.contract,
        **_counts(done),
        "removed": done.removed,
        "documents": [_as_data(result) for result in done.results],
        "folder": str(done.folder) if done.results else None,
        "list": str(done.folder / LIST) if done.results else None,
        "contact_sheet": str(done.folder / SHEET) if _has_copies(done) else None,
        "next": command,
    }


def _counts(done: "Conversion") -> dict[str, int]:
    return {
        "converted": len(done.made),
        "had_copies": len(done.results) - len(done.made) - len(done.failed),
        "not_converted": len(done.failed),
    }


# Several accounts.


def _of_all(invocation: Invocation) -> Output:
    """Convert what the rows of each account name, one account after another."""
    from bulk_onboard.intake.documents.copies import SHEET
    from bulk_onboard.job import whole_job
    from bulk_onboard.maintenance.convert import convert_scans
    from bulk_onboard.reporting.summary import summed

    found = awaited(_found(invocation))
    watch = _counter(quiet=invocation.quiet)
    done = ask_each(
        [job for _, job, _ in found.of_each()], lambda job: convert_scans(job, found.answers[job.account], watch)
    )
    sums, command = summed(map(_counts, done.answers.values())), whole_job(invocation.jobs).check()

    def show(stream: TextIO) -> None:
        from bulk_onboard.reporting.console_accounts import LISTED_AT_MOST, Line, print_lines
        from bulk_onboard.reporting.printer import printer_on

        lines = [
            Line(account, tuple(_counts(each).values()), need=len(each.failed))
            for account, each in done.answers.items()
        ]
        print_lines(_COLUMNS, lines, stream, at_most=LISTED_AT_MOST, elsewhere="--json")
        page = printer_on(stream)
        for account, each in done.answers.items():
            for result in each.failed[:_SHOWN_AT_MOST]:
                page.write_line(f"{account}, {_place(result)}: {result.why}")
            if (more := len(each.failed) - _SHOWN_AT_MOST) > 0:
                page.write_line(f"{account}: {more:,} more, which are in the list of that account.")
        sheets = [each.folder / SHEET for each in done.answers.values() if _has_copies(each)]
        if sheets:
            others = f", and {len(sheets) - 1:,} more like it" if len(sheets) > 1 else ""
            page.write_line(f"A person should look at the copies before they are sent: {sheets[0]}{others}")
        page.write_line(f"Next: {command}")

    return Output(
        first_that_holds(found.exit_status(), done.exit_status(*(each.exit_status for each in done.answers.values()))),
        {
            "accounts": [
                {
                    "account": account,
                    "exit_status": int(each.exit_status),
                    **_data(found.answers[account], each, command=job.commands.check()),
                }
                for account, job, each in done.of_each()
            ],
            "failed": [*found.failures(), *done.failures()],
            **sums,
            "next": command,
        },
        show,
        (*found.notes(), *done.notes()),
        done.in_use(),
    )


_COLUMNS = ("Converted", "Had copies", "Not converted")


async def _found(invocation: Invocation) -> "OfAccounts[Scans]":
    """Find the documents of all accounts that are not taken; each workbook is read once."""
    from bulk_onboard.maintenance.convert import find_scans
    from bulk_onboard.pipeline.sheets import read_sheets

    credentials, sheets = invocation.credentials_of_all_at_hand(), await read_sheets(invocation.jobs)

    async def ask(job: "Job") -> "Scans":
        own = credentials[job.account]
        return await find_scans(job, credentials=own, clock=invocation.clock(), sheets=sheets)

    return await ask_together(invocation.jobs, ask)


def _sentences(done: "Conversion") -> list[str]:
    """Return what was done, in sentences."""
    if not done.results:
        told = ["No document needs to be converted."]
    else:
        there = len(done.results) - len(done.made) - len(done.failed)
        before = f"; {there:,} had a copy already" if there else ""
        count = format_count(len(done.made), "document") if done.made else "Nothing"
        told = [f"{count} converted{before}."]
    if done.removed:
        told.append(f"Copies removed, since their file was changed or is gone: {len(done.removed):,}.")
    if done.failed:
        told.append(f"{format_count(len(done.failed), 'document')} could not be converted:")
        told += [f"  {_place(result)}: {result.why}" for result in done.failed[:_SHOWN_AT_MOST]]
        if len(done.failed) > _SHOWN_AT_MOST:
            told.append(f"  and {len(done.failed) - _SHOWN_AT_MOST:,} more, which are in the list.")
    return told


def _place(result: "Result") -> str:
    use = result.scan.uses[0]
    return f"row {use.row}, {use.column}"


def _as_data(result: "Result") -> dict[str, Any]:
    copy = result.copy
    return {
        "uses": [{"row": use.row, "key": use.key, "column": use.column} for use in result.scan.uses],
        "document": result.scan.uses[0].text,
        "copy": copy.name if copy else None,
        "pages": copy.pages if copy else None,
        "done": copy.done if copy else None,
        "new": result.is_new,
        "why_not": result.why or None,
    }


def _counter(*, quiet: bool) -> Callable[[int, int], None]:
    """Return what shows on a terminal how many files are done, on a line that is gone at the end."""

    def show(done: int, due: int) -> None:
        line = "" if done == due else f"converting: {done:,} of {format_count(due, 'document')} done"
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    return (lambda done, due: None) if quiet or not sys.stderr.isatty() else show
