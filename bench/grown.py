"""Jobs of any size, with a ledger in which all rows are submitted; built once in `.bench/`.

All rows are good. They share 100 sets of three small PDFs, since hashing hundreds of thousands of files is another
measurement, and the job does not want to hear of that.
"""

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.turns import ROOT
from bulk_onboard.clock import SystemClock
from bulk_onboard.job import load_job
from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.model.entry import Admitted, Done, Entry, Intent, LedgerOpened, Op, RunEnded, RunStarted
from bulk_onboard.model.plan import Decision
from bulk_onboard.pipeline.judge import make_dry_run
from tests.support.businesses import DOCUMENTS, business, write_documents, write_workbook

SETS = 100
ACCOUNT, URL = "MAINVENTED0000000001", "http://127.0.0.1:8765"
BEGAN = datetime(2026, 1, 5, 10, tzinfo=UTC)
RUN = "20260105T100000Z-bench"


def grown(rows: int) -> Path:
    """The job file of so many rows."""
    folder = ROOT / f".bench/grown-{rows}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _build(unfinished, rows)
        unfinished.rename(folder)
    return folder / "businesses.toml"


def _build(folder: Path, rows: int) -> None:
    paths = [{title: f"{at:03d}/{title}.pdf" for title in DOCUMENTS} for at in range(min(rows, SETS))]
    write_documents(folder / "documents", paths)
    numbers = (f"U72900KA2020PTC{at:06d}" for at in range(rows))
    cells = [business(at, Registration_Number=number, **paths[at % SETS]) for at, number in enumerate(numbers)]
    write_workbook(folder / "businesses.xlsx", cells)
    file = folder / "businesses.toml"
    said = f'workbook = "businesses.xlsx"\nbase_url = "{URL}"\n\n[findings]\ndocument-shared = "off"\n'
    file.write_text(said, encoding="utf-8")
    job = load_job(file, {})
    opened = LedgerOpened(tool="bench", job=job.name, auth_id=ACCOUNT, base_url=URL, created="2026-01-05T10:00:00.000Z")
    _write(job.ledger, [opened])
    dry_run = asyncio.run(make_dry_run(job, credentials=None, clock=SystemClock()))
    _write(job.ledger, [opened, *_story(dry_run.plan.decisions)])


def _write(path: Path, entries: Iterable[Entry]) -> None:
    """A ledger, with an entry every hundredth of a second."""
    with path.open("wb") as file:
        for seq, entry in enumerate(entries, start=1):
            file.write(encode(stamp(entry, seq=seq, now=BEGAN + timedelta(milliseconds=10 * seq))))


def _story(decisions: Iterable[Decision]) -> Iterator[Entry]:
    """A run that submitted every row."""
    sent = [(each.identity, each.judged.fingerprint) for each in decisions if each.identity]
    tokens = [identity.token for identity, _ in sent]
    yield RunStarted(
        run_id=RUN, user="asha", host="ops-1", version="0.1.0", workbook="a" * 64, job="b" * 64,
        requirements="c" * 64, quota="60/min", settle=90.0,
    )  # fmt: skip
    for first in range(0, len(tokens), 1_000):
        yield Admitted(tokens=tuple(tokens[first : first + 1_000]))
    for number, (identity, fingerprint) in enumerate(sent):
        token, key, id_there = identity.token, identity.user_key, f"00000000-0000-4000-8000-{number:012d}"
        yield Intent(token=token, key=key, op=Op.CREATE, attempt=1, alias=identity.alias, fingerprint=fingerprint)
        yield Done(token=token, key=key, op=Op.CREATE, compliance_id=id_there)
    yield RunEnded(run_id=RUN, exit_status=0, counts={}, requests={"create done": len(sent)})
