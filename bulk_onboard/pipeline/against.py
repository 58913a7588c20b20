"""The ledgers of other jobs, whose businesses are not to be sent again (`--against`)."""

from bulk_onboard.errors import UsageError
from bulk_onboard.job import Job, name_of
from bulk_onboard.ledger.journal import read_books
from bulk_onboard.model.books import Books
from bulk_onboard.model.workbook_type import type_by_name


def read_others(job: Job) -> tuple[tuple[str, Books], ...]:
    """What each of these ledgers says, with the name of its file.

    Raises:
        UsageError: there is none, it cannot be read, it is a workbook, or it is the job's own.
        LedgerError: it is damaged, or newer than this tool.
    """
    own = job.ledger.resolve()
    for path in job.against:
        if type_by_name(path) is not None:
            ledger = path.with_name(f"{name_of(path)}.ledger.jsonl")
            raise UsageError(f"{path} is a workbook. Name its ledger after --against: {ledger}.")
        if path.resolve() == own:
            raise UsageError(
                f"The ledger {path} is this job's own: what it has sent is never sent twice anyway. "
                "Leave it out of --against."
            )
    return tuple((path.name, read_books(path).books) for path in job.against)
