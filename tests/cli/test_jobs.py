"""The jobs that the project ships run as they are against the sandbox."""

from pathlib import Path

import pytest

from bulk_onboard.sandbox.server import Sandbox
from tests.support.office import typed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("job", "status", "submitted"), [("one_off_migration", 3, 70), ("nightly", 0, 8)])
async def test_a_shipped_job_runs_as_it_is(tmp_path: Path, job: str, status: int, submitted: int) -> None:
    """Only the address is given; ledger and report are put elsewhere to keep the checkout clean."""
    async with Sandbox() as sandbox:
        told = await run_job_file(job, sandbox, tmp_path)

        assert (told.status, told.json["counts"]["submitted"]) == (status, submitted)
        assert len(sandbox.state.records) == submitted


async def test_resume_continues_the_migration(tmp_path: Path) -> None:
    """`resume.toml` extends the migration, so it finishes on the same ledger."""
    async with Sandbox() as sandbox:
        await run_job_file("one_off_migration", sandbox, tmp_path, "--limit", "5")

        told = await run_job_file("resume", sandbox, tmp_path)

        assert (told.status, told.json["counts"]["submitted"]) == (3, 5)


async def run_job_file(job: str, sandbox: Sandbox, folder: Path, *words: str):
    """Run a shipped job against the sandbox, unpaced."""
    return await typed(
        "run", str(ROOT / "jobs" / f"{job}.toml"), "--json", "--base-url", sandbox.url,
        "--quota", "none", "--settle", "0.6s",
        "--ledger", str(folder / "ledger.jsonl"), "--report", str(folder / "report.xlsx"), *words, cwd=folder,
    )  # fmt: skip


async def test_template_of_a_job_is_checked_as_the_jobs(tmp_path: Path) -> None:
    """The printed command keeps the job's address and contract, and works as it stands."""
    async with Sandbox(contract="released") as sandbox:
        (tmp_path / "job.toml").write_text(f'base_url = "{sandbox.url}"\nworkbook = "old.xlsx"\n', encoding="utf-8")

        made = await typed("template", "job.toml", "--output", "new.xlsx", cwd=tmp_path)
        checked = await typed("check", "job.toml", "--workbook", "new.xlsx", cwd=tmp_path)

    assert made.out.rstrip().endswith("bulk-onboard check job.toml --workbook new.xlsx")
    assert 0 == checked.status
    assert sandbox.url in checked.out


async def test_template_and_requirements_show_what_the_api_asks_for(tmp_path: Path) -> None:
    """Without JOB: live with credentials, and written as a workbook that is read back without a finding."""
    async with Sandbox() as sandbox:
        told = await typed("requirements", "--json", "--base-url", sandbox.url, cwd=tmp_path)
        made = await typed("template", "--output", "new.xlsx", "--base-url", sandbox.url, cwd=tmp_path)
        again = await typed("template", "--output", "new.xlsx", "--base-url", sandbox.url, cwd=tmp_path)

        assert [offered["number_type"] for offered in told.json["offered"]] == ["local", "mobile"]
        assert (made.status, again.status) == (0, 2)
        assert "new.xlsx" in again.err
