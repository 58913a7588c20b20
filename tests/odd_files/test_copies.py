"""Any workbook: what is wrong with it is wrong with its annotated copy too, until somebody mends it."""

from collections.abc import Set
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.job import load_job
from bulk_onboard.maintenance.merge import merge_job
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.sheet import WorkbookType, type_by_name
from bulk_onboard.pipeline import annotated_copy as annotation
from bulk_onboard.pipeline.annotated_copy import annotate
from bulk_onboard.pipeline.judge import Judgement, make_dry_run
from tests.odd_files.cells import CELLS
from tests.odd_files.containers import CONTAINERS
from tests.odd_files.delimited import DELIMITED
from tests.odd_files.odd import Odd

pytestmark = pytest.mark.slow

READ = [odd for odd in (*CONTAINERS, *CELLS, *DELIMITED) if not odd.refused and odd.finds]
KEPT = [odd for odd in READ if type_by_name(Path(odd.name)) is WorkbookType.XLSX]
_OF_THE_FILE = {"encoding", "sheet"}


def errors_in(judgement: Judgement) -> Set[tuple[str, int, str]]:
    """Code, row and column of each."""
    found = (finding for finding in judgement.findings if finding.severity is Severity.ERROR)
    return {(finding.code, finding.row, finding.column) for finding in found}


async def errors_before_and_after(workbook: Path, documents: Path, **flags: object) -> list[Set[tuple[str, int, str]]]:
    """The errors of the workbook, and those of its annotated copy; none where there is nothing to annotate."""
    job = load_job(workbook, {"documents": str(documents), **flags})
    dry_run = await make_dry_run(job, credentials=None, clock=SystemClock())
    done = annotate(job, dry_run.judgement, dry_run.status())
    if done is None:
        return [set(), set()]
    flags = {name: value for name, value in flags.items() if name not in _OF_THE_FILE}
    copy = load_job(workbook, {"documents": str(documents), "workbook": str(done.path), **flags})
    again = await make_dry_run(copy, credentials=None, clock=SystemClock())
    return [errors_in(dry_run.judgement), errors_in(again.judgement)]


@pytest.mark.parametrize("odd", READ, ids=lambda odd: odd.name)
async def test_plain_copy_has_every_error(
    odd: Odd, tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the container: nothing that nobody mended becomes valid by being copied as text."""
    monkeypatch.setattr(annotation, "ROWS_AT_MOST", 0)
    workbook = tmp_path / odd.name
    workbook.write_bytes(odd.make())

    before, after = await errors_before_and_after(workbook, documents, **odd.flags)

    assert before <= after, odd.how


@pytest.mark.parametrize("odd", KEPT, ids=lambda odd: odd.name)
async def test_users_own_file_has_every_error_when_marked(odd: Odd, tmp_path: Path, documents: Path) -> None:
    """The same for the copy that keeps styles and formulas."""
    workbook = tmp_path / odd.name
    workbook.write_bytes(odd.make())

    before, after = await errors_before_and_after(workbook, documents, **odd.flags)

    assert before <= after, odd.how


@pytest.mark.parametrize("odd", READ, ids=lambda odd: odd.name)
async def test_copy_that_nobody_fixed_has_nothing_to_merge(odd: Odd, tmp_path: Path, documents: Path) -> None:
    """No cell of the workbook is taken for another one because of the way through the copy."""
    workbook = tmp_path / odd.name
    workbook.write_bytes(odd.make())
    job = load_job(workbook, {"documents": str(documents), **odd.flags})
    dry_run = await make_dry_run(job, credentials=None, clock=SystemClock())
    made = annotate(job, dry_run.judgement, dry_run.status())
    if made is None or made.path is None:
        return

    merged = await merge_job(job, copy=made.path, clock=SystemClock())

    assert (0, (), odd.make()) == (merged.cells, merged.left, workbook.read_bytes()), odd.how


def test_every_container_is_among_them() -> None:
    """One that is missing here would be copied unwatched."""
    assert set(WorkbookType) == {type_by_name(Path(odd.name)) for odd in READ}
