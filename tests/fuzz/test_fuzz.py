"""Thousands of odd and broken files: no traceback, nothing that hangs, nothing lost, whatever the dice throw.

`make fuzz` tries COUNT files (5,000); `SEED=… CASE=… make fuzz` tries one of them again.
"""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bulk_onboard.errors import BulkOnboardError, ExitStatus, WorkbookError
from bulk_onboard.model.sheet import KEY, Stored
from bulk_onboard.pipeline.judge import Judgement
from tests.fuzz import contents, mutations
from tests.fuzz.addresses import doubled_cells
from tests.fuzz.bare import BareReader
from tests.fuzz.figures import (
    CASE,
    COUNT,
    FIGURES,
    LONG,
    MOST_MEMORY,
    SEED,
    TIMES,
    WORST_S,
    cases,
    dice_of,
    peak_memory,
)
from tests.fuzz.made import Made
from tests.odd_files.judging import judged, told
from tests.support.businesses import business, write_documents

pytestmark = pytest.mark.slow

AT_A_TIME = 4
TOLD_AT_MOST = 20
KINDS = (
    *(contents.xlsx_by_dice,) * 3,
    contents.csv_by_dice,
    *(mutations.archive_by_dice,) * 5,
    mutations.bytes_by_dice,
)
Bare = Callable[[Path, str], "list[int] | None"]
UNSEEN_BY_CALAMINE = {Stored.ERROR, Stored.UNCALCULATED}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents of all rows, and a folder for the files."""
    folder = tmp_path_factory.mktemp("documents")
    write_documents(folder, [business(number) for number in range(contents.BUSINESSES)])
    return folder


@pytest.fixture(scope="module")
def bare() -> Iterator[Bare]:
    """Bare readings, by one process for each thread."""
    mine, readers = threading.local(), []

    def read(path: Path, sheet: str) -> list[int] | None:
        if not hasattr(mine, "reader"):
            mine.reader = BareReader()
            readers.append(mine.reader)
        return mine.reader.read(path, sheet)

    yield read
    for reader in readers:
        reader.close()


def made_by(case: int) -> Made:
    """The file of a case."""
    dice = dice_of(case)
    return dice.choice(KINDS)(dice)


@pytest.mark.timeout(3600 if LONG else 300)
def test_no_file_is_too_odd(tmp_path: Path, documents: Path, bare: Bare) -> None:
    """Each is read to its last row or refused in a sentence, within 10 s and the memory that a child may have."""

    def complaint(case: int) -> str:
        made = made_by(case)
        path = tmp_path / str(case) / made.name
        path.parent.mkdir()
        path.write_bytes(made.content)
        begun = time.monotonic()
        try:
            outcome = asyncio.run(judged(path, documents, **made.flags))
        except BaseException as error:
            outcome = error
        TIMES[case] = time.monotonic() - begun
        wrong = _wrong(made, path, outcome, TIMES[case], bare)
        if wrong:
            kept = Path(tempfile.mkdtemp(prefix="bulk-onboard-fuzz-")) / made.name
            kept.write_bytes(made.content)
            wrong = f"SEED={SEED} CASE={case} ({kept}): {wrong}"
        path.unlink()
        path.parent.rmdir()
        return wrong

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        complaints = [wrong for wrong in threads.map(complaint, cases()) if wrong]

    told_again = f"{len(complaints)} of {COUNT} files went wrong; one again: SEED={SEED} CASE=… make fuzz"
    assert not complaints, "\n".join([told_again, *complaints[:TOLD_AT_MOST]])
    assert peak_memory() <= MOST_MEMORY, "a child took more than it may have"


def _wrong(made: Made, path: Path, outcome: object, took_s: float, bare: Bare) -> str:
    """What should not have happened; empty where all is well."""
    if took_s > WORST_S:
        return f"took {took_s:.1f} s"
    if isinstance(outcome, Judgement):
        FIGURES["read"] += 1
        return _wrong_with_truth(made, outcome) if made.known else _wrong_with_bare(path, outcome, bare)
    if not isinstance(outcome, WorkbookError):
        return f"{type(outcome).__name__}: {outcome}"
    FIGURES["refused"] += 1
    if made.known and not (made.refused and made.refused in str(outcome)):
        return f"refused: {outcome}"
    return "" if _is_plain(outcome) else f"not a plain sentence: {outcome}"


def _is_plain(error: BulkOnboardError) -> bool:
    return error.exit_status is ExitStatus.USAGE and str(error).endswith((".", "?")) and "Traceback" not in str(error)


def _wrong_with_truth(made: Made, judgement: Judgement) -> str:
    if made.refused:
        return f"read, and should be refused: {made.refused}"
    rows = [(judged.row.number, judged.row.cell(KEY)) for judged in judgement.rows]
    if rows != sorted(made.rows.items()):
        return f"rows {rows}, and should be {sorted(made.rows.items())}"
    missing = made.finds - set(told(judgement))
    return f"without {sorted(missing)}: {told(judgement)}" if missing else ""


def _wrong_with_bare(path: Path, judgement: Judgement, bare: Bare) -> str:
    """Every row that calamine sees, and beyond them only rows of what it cannot see."""
    sheet = judgement.sheet
    ours = [row.number for row in sheet.rows]
    if ours != [judged.row.number for judged in judgement.rows] or ours != sorted(set(ours)):
        return f"rows {ours} of the sheet were judged as {[judged.row.number for judged in judgement.rows]}"
    if path.suffix == ".csv":
        return ""
    seen = bare(path, sheet.name)
    if seen is None:
        return "read, where calamine fails"
    lost = {row for row in seen if row > sheet.header_row} - set(ours)
    unseen = [row.number for row in sheet.rows if not UNSEEN_BY_CALAMINE & set(row.stored.values())]
    more = set(unseen) - set(seen)
    if path.suffix == ".xlsx" and (doubled := doubled_cells(path)):
        return f"read, though two values claim {doubled}"
    return f"lost {sorted(lost)}, invented {sorted(more)}" if lost or more else ""


def test_one_case_is_the_same_each_time() -> None:
    """What a seed made can be made again."""
    case = int(CASE or 7)

    assert made_by(case) == made_by(case)
