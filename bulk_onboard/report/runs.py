"""The Runs table: who ran what when, and what came of it (README.md, The report).

How many records a run created is not asked of its last entry, which a killed run never wrote, but counted from the
records: those whose creating call is in the ledger after the run's beginning and before the next one's.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import tzinfo

from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.books import Books, RunStory
from bulk_onboard.model.entry import RunEnded
from bulk_onboard.report.table import Line, Table
from bulk_onboard.report.times import local_text

_SHORT = 12

_ENDED_HOW: Mapping[int, str] = {
    ExitStatus.DONE: "all done",
    ExitStatus.BUG: "a bug",
    ExitStatus.USAGE: "could not begin",
    ExitStatus.ROWS_NEED_A_PERSON: "finished; some rows need a person",
    ExitStatus.STOPPED: "stopped before finishing",
    ExitStatus.LEDGER: "the ledger is damaged",
    ExitStatus.CREDENTIALS: "credentials refused",
    ExitStatus.REPORT: "finished; the report could not be written",
    ExitStatus.HUNGUP: "stopped when its terminal was closed",
    ExitStatus.INTERRUPTED: "stopped by Ctrl-C",
    ExitStatus.TERMINATED: "stopped by a signal",
}


def runs_table(books: Books, zone: tzinfo) -> Table:
    """One row for each run, oldest first; digests shortened."""
    headers = (
        f"Began ({zone})",
        f"Ended ({zone})",
        "Run",
        "Who",
        "Host",
        "Version",
        "Requests",
        "Created",
        "Refused",
        "Throttled",
        "Exit status",
        "Ended how",
        "Quota",
        "Workbook digest",
        "Job digest",
        "Requirements digest",
    )
    creators = map(books.creator, books.records.values())
    created = Counter(run.started.seq for run in creators if run)
    return Table(headers, tuple(_row(run, created[run.started.seq], zone) for run in books.runs))


def _row(run: RunStory, created: int, zone: tzinfo) -> Line:
    started, ended = run.started, run.ended
    return (
        local_text(started.at, zone),
        local_text(ended.at, zone) if ended else "not recorded",
        started.run_id,
        started.user,
        started.host,
        started.version,
        _requests(ended),
        created,
        _requests(ended, "refused"),
        _requests(ended, "throttled"),
        ended.exit_status if ended else None,
        _ENDED_HOW.get(ended.exit_status, "") if ended else "killed, or still under way",
        started.quota,
        started.workbook[:_SHORT],
        started.job[:_SHORT],
        started.requirements[:_SHORT],
    )


def _requests(ended: RunEnded | None, outcome: str = "") -> int | None:
    """How many requests went out, or how many had that outcome; their names end in it (`create refused`)."""
    if ended is None:
        return None
    words = {name: name.rsplit(maxsplit=1)[-1] for name in ended.requests}
    return sum(ended.requests[name] for name, word in words.items() if word == outcome or not outcome)
