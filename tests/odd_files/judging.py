"""The real way from a file to its findings, as `check --offline` takes it."""

from pathlib import Path

from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.job import load_job
from bulk_onboard.pipeline.judge import Judgement, judge
from bulk_onboard.pipeline.sheets import read_job_sheet


async def judged(workbook: Path, documents: Path, **flags: object) -> Judgement:
    """What the job makes of a workbook; BulkOnboardError where it makes nothing of it."""
    job = load_job(workbook, {"documents": str(documents), **flags})

    async def ask(_: object) -> object:
        return bundled_requirements()

    return await judge(job, await read_job_sheet(job), ask)


def told(judgement: Judgement) -> list[str]:
    """Its findings as the tables write them."""
    return sorted(f"{finding.code} {finding.row} {finding.column}".strip() for finding in judgement.findings)
