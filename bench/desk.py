"""Jobs of good rows to measure runs with, built once in `.bench/`; what runs leave beside them is removed each time."""

import shutil
from pathlib import Path
from typing import Any

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.job import Job, load_job
from tests.support.businesses import document, write_workbook
from tests.support.contracts import BETA, Layout

BENCH = Path(__file__).parents[1] / ".bench"
CREDENTIALS = Credentials("MAINVENTED0000000001", Secret("invented"))


def built(rows: int, *, size: int = 0, tag: str = "", layout: Layout = BETA) -> Path:
    """The folder of a job of so many rows with their documents, filled up to `size` bytes; one for each `tag`."""
    folder = BENCH / f"desk-{layout.contract}-{rows}-{size}{tag}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        cells = [layout.row(number) for number in range(rows)]
        for name in (row[title] for row in cells for title in layout.documents):
            path = unfinished / "documents" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(document(name, size=size))
        write_workbook(unfinished / "businesses.xlsx", cells, layout.headers)
        unfinished.rename(folder)
    return folder


def job(folder: Path, url: str, **flags: Any) -> Job:
    """The folder's job against an API on this machine, as if it had never run; unpaced unless said otherwise."""
    for left in (*folder.glob("*.ledger.jsonl*"), *folder.glob("*.report*.xlsx")):
        left.unlink()
    return load_job(folder / "businesses.xlsx", {"base_url": url, "quota": "none"} | flags)
