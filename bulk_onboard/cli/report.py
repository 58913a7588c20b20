"""`report`: what came of a job, for people and programs, and the rows that somebody else is to fix."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation, tell_if_report_is_open
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.settings import FORMATS, Panel
from bulk_onboard.units import format_count


def _rows_of_report(incomplete: str) -> list[str]:
    """Return the words for rows that begin like this, for a shell that completes."""
    from bulk_onboard.reporting.only import WORDS

    return [word for each in WORDS if (word := each.replace(" ", "-")).startswith(incomplete)]


_REDACT = Annotated[
    bool, typer.Option("--redact", help="Mask names, cells and reviewers' words, in files of their own.")
]
_ONLY = Annotated[
    list[str],
    typer.Option(
        "--only",
        metavar="WORD",
        help="Only rows in this state or with this review, such as rejected; failed for all that need attention; may "
        "be repeated.",
        autocompletion=_rows_of_report,
        rich_help_panel=Panel.ROWS.value,
    ),
]
_OUTPUT = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="PATH",
        help="Write this file alone, in the format of its ending or of --format; - prints csv, or JSON lines.",
    ),
]
_FAILED_ROWS = Annotated[
    Path | None,
    typer.Option(
        "--failed-rows",
        metavar="PATH",
        help="Write a workbook of the rows alone that need attention, to be fixed by somebody else.",
        rich_help_panel=Panel.ROWS.value,
    ),
]


def report(
    invocation: Invocation,
    redact: _REDACT = False,
    only: _ONLY = [],  # noqa: B006 - typer copies it
    output: _OUTPUT = None,
    failed_rows: _FAILED_ROWS = None,
) -> Output:
    """Write the report again, from workbook and ledger.

    Without the workbook it is made from the ledger alone. It needs no network. With --redact it is for readers outside:
    names are masked. With --only it has these rows alone. Either has files of its own, and the full report stays as it
    is. With --failed-rows it is no report, but a workbook to hand on, which merge takes back once it is fixed.

    Of a job with accounts it writes the report of each, and one over all; --redact, --only and --failed-rows are about
    all together, and with --account about that one.
    """
    from bulk_onboard.reporting.only import read_words

    try:
        words = read_words(only) if only else ()
    except ValueError as error:
        raise UsageError(f"--only: {error}") from None
    if failed_rows is not None:
        if words or redact or output:
            raise UsageError("--failed-rows writes a workbook of its own; leave --only, --redact and --output out.")
        return _write_failed_rows(invocation, failed_rows)
    if output is not None:
        return _write_one(invocation, output, words, redact=redact)
    if len(invocation.jobs) > 1:
        return _write_of_accounts(invocation, words, redact=redact)
    return _write_of_one(invocation, words, redact=redact)


def _write_of_one(invocation: Invocation, words: Sequence[str], *, redact: bool) -> Output:
    """Write the report of a job, or of one account."""
    from bulk_onboard.pipeline.outputs import report_job
    from bulk_onboard.pipeline.progress import WRITING_REPORT

    if not words and not redact:  # else it goes into files of its own
        tell_if_report_is_open(invocation.job.report)
    work = report_job(invocation.job, clock=invocation.clock(), redact=redact, only=words)
    made = invocation.awaited(WRITING_REPORT, work)
    notes = (f"{made.from_ledger_alone} The report was made from the ledger alone.",) if made.from_ledger_alone else ()

    def show(stream: TextIO) -> None:
        for path in made.files.values():
            print(path, file=stream)

    return Output(
        ExitStatus.DONE,
        {
            "counts": made.counts,
            "reviews": made.reviews,
            "ledger": invocation.job.store.name,
            "report": str(made.path),
            "reports": {form: str(path) for form, path in made.files.items()},
            "next": made.next,
        },
        show,
        notes,
    )


def _write_of_accounts(invocation: Invocation, words: Sequence[str], *, redact: bool) -> Output:
    """Write the reports of several accounts, and the one over all of them."""
    from bulk_onboard.job import are_all
    from bulk_onboard.pipeline.progress import WRITING_REPORTS
    from bulk_onboard.pipeline.report_over_all import report_jobs

    jobs = invocation.jobs
    if not words and not redact:
        for path in [*([jobs[0].report_over_all] if are_all(jobs) else []), *(job.report for job in jobs)]:
            tell_if_report_is_open(path)
    work = report_jobs(jobs, clock=invocation.clock(), redact=redact, only=words)
    made = invocation.awaited(WRITING_REPORTS, work)
    notes = [f"Account {each.job.account}: {each.ended}" for each in made.accounts if each.ended]
    if not made.files:  # else the report over all has the rows of every account
        notes += [
            f"Account {each.job.account} has no report, since nothing was begun: there is no ledger "
            f"{each.job.store.name}."
            for each in made.accounts
            if not each.reports and not each.ended
        ]
    own = [path for each in made.accounts for path in each.reports.values()]

    def show(stream: TextIO) -> None:
        for path in made.files.values():
            print(path, file=stream)
        if made.files and len(own) > _LISTED_AT_MOST:
            print(f"{format_count(len(own), 'file')} of single accounts, such as {own[0]}", file=stream)
        else:
            for path in own:
                print(path, file=stream)

    return Output(
        made.exit_status,
        {
            "counts": made.counts(),
            "reviews": made.reviews(),
            "report": str(next(iter(made.files.values()), "")) or None,
            "reports": {form: str(path) for form, path in made.files.items()},
            "accounts": [
                {
                    "account": each.job.account,
                    "counts": each.known.status.counts(),
                    "reviews": each.known.status.reviews(),
                    "ledger": each.job.store.name,
                    "reports": {form: str(path) for form, path in each.reports.items()},
                    **({"error": each.ended} if each.ended else {}),
                }
                for each in made.accounts
            ],
            "next": made.next,
        },
        show,
        tuple(notes),
    )


_LISTED_AT_MOST = 12
_STDOUT = "-"
_PRINTED = ("csv", "jsonl", "json", "html")


def _write_one(invocation: Invocation, output: str, words: Sequence[str], *, redact: bool) -> Output:
    """Write the report into one file, or print it."""
    from bulk_onboard.pipeline.outputs import report_content
    from bulk_onboard.pipeline.report_over_all import report_content_over_all
    from bulk_onboard.reporting import target

    jobs = invocation.jobs
    path = Path(output).expanduser()
    form = _format_of(invocation, output, path)
    if output == _STDOUT and (form not in _PRINTED or invocation.as_json):
        why = "--json prints as well" if invocation.as_json else "a workbook cannot be printed"
        raise UsageError(f"--output - does not fit: {why}. Name a file instead, such as --output results.csv.")
    if form not in FORMATS:
        endings = f".{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}"
        raise UsageError(f"--output {output}: a name ends in {endings}, or --format says the format.")
    if output != _STDOUT and os.path.lexists(path) and not target.is_ours(path, form):
        raise UsageError(f"{path} is there already and is no report, so it is not overwritten. Choose another name.")
    if len(jobs) == 1:
        content = report_content(jobs[0], form, clock=invocation.clock(), redact=redact, only=words)
    else:
        content = report_content_over_all(
            jobs, form, clock=invocation.clock(), redact=redact, only=words, beside=path.parent
        )
    data = {**({"ledger": jobs[0].store.name} if len(jobs) == 1 else {}), "report": output, "reports": {form: output}}
    if output == _STDOUT:
        return Output(ExitStatus.DONE, data, lambda stream: _print_bytes(content, stream))
    try:
        target.replace(path, lambda file, _: _write_bytes(content, file))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}. Choose another place.") from None
    return Output(ExitStatus.DONE, data, lambda stream: print(path, file=stream))


def _format_of(invocation: Invocation, output: str, path: Path) -> str:
    """Return the format: the one that --format names, else that of the file's ending, csv where it is printed."""
    named = invocation.jobs[0].formats if invocation.flags.get("formats") else ()
    if len(named) > 1:
        raise UsageError("--output is one file, so give --format once.")
    if named:
        return named[0]
    return "csv" if output == _STDOUT else path.suffix.lower().removeprefix(".")


def _write_bytes(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def _print_bytes(content: bytes, stream: TextIO) -> None:
    text = content.decode("utf-8-sig")  # the mark at its beginning is for files
    binary = getattr(stream, "buffer", None)
    if binary is None:
        stream.write(text)
    else:
        binary.write(text.encode())


def _write_failed_rows(invocation: Invocation, path: Path) -> Output:
    """Write the workbook of the rows that need attention."""
    from bulk_onboard.pipeline.annotated_copy import write_failed_rows

    path = path.expanduser()
    if path.suffix.lower() != ".xlsx":
        raise UsageError(f"--failed-rows {path}: it is an Excel workbook, so its name ends in .xlsx.")
    work = write_failed_rows(invocation.jobs, path, clock=invocation.clock())
    rows, back = invocation.awaited("writing the rows that need attention", work)

    def show(stream: TextIO) -> None:
        if not rows:
            print("No row needs attention, so nothing was written.", file=stream)
            return
        print(f"{path}: {format_count(rows, 'row')} to be fixed, and nothing of any other.", file=stream)
        print(f"Hand it on. When it is back, type: {back}", file=stream)

    written = str(path) if rows else None
    return Output(ExitStatus.DONE, {"rows": rows, "failed_rows": written, "next": back if rows else None}, show)
