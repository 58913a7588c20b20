"""`convert`: accepted copies of scans that are refused for their form alone."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.output import Output, awaited
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.maintenance.convert import Conversion, Result

_SHOWN_AT_MOST = 10


def convert(invocation: Invocation) -> Output:
    """Make accepted copies of scans that are refused for their form alone.

    JPEG, HEIC, TIFF, WebP, BMP and GIF become PDFs, and what is larger than 5 MiB is made smaller, in grey at 200 dpi.
    The copies get a folder of their own beside the ledger, with a list and a contact sheet to look at; the next run
    sends them. No file of yours is changed. Typed again, it converts only what is new. Exit status 3 where a file could
    not be converted.
    """
    from bulk_onboard.intake.documents.copies import LIST, SHEET
    from bulk_onboard.maintenance.convert import convert_scans, find_scans

    job = invocation.job
    scans = awaited(find_scans(job, credentials=invocation.credentials_at_hand(), clock=invocation.clock()))
    done = convert_scans(job, scans, _counter(quiet=invocation.quiet))
    has_copies = len(done.failed) < len(done.results)
    command = job.commands.check()

    def show(stream: TextIO) -> None:
        from bulk_onboard.reporting.printer import printer_on

        page = printer_on(stream)
        for sentence in _sentences(done):
            page.write_line(sentence)
        if done.results:
            page.write_line(f"What was done to each: {done.folder / LIST}")
        if has_copies:
            page.write_line(f"A person should look at the copies before they are sent: {done.folder / SHEET}")
        page.write_line(f"Next: {command}")

    return Output(
        done.exit_status,
        {
            "requirements": scans.book.source,
            "contract": scans.book.contract,
            "converted": len(done.made),
            "had_copies": len(done.results) - len(done.made) - len(done.failed),
            "not_converted": len(done.failed),
            "removed": done.removed,
            "documents": [_as_data(result) for result in done.results],
            "folder": str(done.folder) if done.results else None,
            "list": str(done.folder / LIST) if done.results else None,
            "contact_sheet": str(done.folder / SHEET) if has_copies else None,
            "next": command,
        },
        show,
    )


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
