"""A run's first entries: that it began, and which rows findings keep out."""

import asyncio
import hashlib
import socket
from collections.abc import Iterable
from itertools import islice

import bulk_onboard
from bulk_onboard import log
from bulk_onboard.ledger.lock import user_name
from bulk_onboard.model import entry as entries
from bulk_onboard.model.books import Books
from bulk_onboard.model.catalogue import OLDER_CONTENT, Severity
from bulk_onboard.model.entry import Op
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.record import EDITABLE, Record, State
from bulk_onboard.model.requirements import RequirementsBook
from bulk_onboard.model.sparse import told_of
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.typed import to_keep
from bulk_onboard.submission.reviews import ENTRIES_AT_A_TIME
from bulk_onboard.submission.sweep import UNSENT

_OLDER = "the row is older than what was sent since"


async def begin(run: Run) -> None:
    """Write down that a run begins, and which rows findings keep out."""
    run.news_since = run.journal.books.told_until
    typed, flags = to_keep(run.job)
    await run.journal.append(
        entries.RunStarted(
            run_id=run.run_id,
            user=user_name(),
            host=socket.gethostname(),
            version=bulk_onboard.__version__,
            workbook=run.judgement.sheet.sha256,
            job=run.job.sha256,
            requirements=digest_of(run.judgement.book),
            quota=str(run.job.quota or "none"),
            settle=run.job.settle,
            typed=typed,
            flags=flags,
        )
    )
    run.began = run.journal.books.seq
    log.logger().info("run started", run_id=run.run_id, version=bulk_onboard.__version__)
    kept_out = iter(invalid_rows(run.plan(), run.journal.books))
    while some := tuple(islice(kept_out, ENTRIES_AT_A_TIME)):
        await asyncio.gather(*map(run.journal.append, some))


def invalid_rows(plan: Plan, books: Books) -> Iterable[entries.RowInvalid | entries.Refused]:
    """Entries for the rows that findings keep out, where the ledger does not say so already.

    Of a record that its reviewers sent back they keep out the correction.
    """
    told: set[str] = set()
    for decision in told_of(plan.decisions):
        judged, identity = decision.judged, decision.identity
        if identity is None or not judged.has_errors or identity.token in told:
            continue
        told.add(identity.token)
        codes = tuple(dict.fromkeys(f.code for f in judged.findings if f.severity is Severity.ERROR))
        record = books.record(identity.token)
        if record.state in UNSENT and (record.state is not State.INVALID or record.code != ", ".join(codes)):
            yield entries.RowInvalid(token=identity.token, key=identity.user_key, codes=codes)
        elif _is_bad_correction(record, judged.fingerprint) and record.code != ", ".join(codes):
            yield entries.Refused(
                token=identity.token,
                key=identity.user_key,
                op=Op.UPDATE,
                code=", ".join(codes),
                message=_OLDER if OLDER_CONTENT in codes else "the corrected row has errors",
            )


def _is_bad_correction(record: Record, fingerprint: str) -> bool:
    """Whether a row with errors says something else than the record that its reviewers sent back."""
    return record.state is State.SUBMITTED and record.review in EDITABLE and fingerprint != record.fingerprint


def digest_of(book: RequirementsBook) -> str:
    """SHA-256 of what was required, so that a change of the requirements between runs shows."""
    return hashlib.sha256(repr(sorted(book.offered.items())).encode()).hexdigest()
