"""A job whose sheet is screened comes to what it comes to when each row is judged: findings, plan, costs, records."""

import random
import shutil
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.job import Job, load_job
from bulk_onboard.model.plan import Action
from bulk_onboard.model.row import usual_count
from bulk_onboard.pipeline import judge as judging
from bulk_onboard.pipeline.judge import DryRun, make_dry_run
from bulk_onboard.reporting.row_status import join
from tests.support.businesses import business
from tests.support.nights import Nights, keyed

SAMPLES = Path(__file__).parents[2] / "sample_data"
ALWAYS, NEVER = 0, 1_000_000

SPOILERS = (
    {"City": ""},
    {"Email": "nobody"},
    {"Key": "K-3"},
    {"Key": "", "Registration Number": "U72003KA2020PTC100003"},
    {"Postal Code": "400001"},
    {"Number Type": "mobile"},
    {"Identity Proof": "0005/identity_proof.pdf"},
    {"Address Proof": "gone.png"},
    {"Business Name": "Аcme"},
)


async def both_ways(job: Job, monkeypatch: pytest.MonkeyPatch) -> list[DryRun]:
    """What is found with the screen, and without it."""
    outlooks = []
    for rows in (ALWAYS, NEVER):
        monkeypatch.setattr(judging, "SCREENED_FROM", rows)
        outlooks.append(await make_dry_run(job, credentials=None, clock=SystemClock()))
    return outlooks


def are_alike(screened: DryRun, judged: DryRun) -> bool:
    """Whether both come to the same, asked for in the order in which nothing was made by an earlier question."""
    assert join(judged.plan.decisions, judged.ledger_state).counts() == (
        join(screened.plan.decisions, screened.ledger_state).counts()
    )
    assert judged.plan.findings == screened.plan.findings
    assert judged.plan.counts() == screened.plan.counts()
    assert judged.plan.has_due(Action.CREATE) == screened.plan.has_due(Action.CREATE)
    assert judged.plan.forecast == screened.plan.forecast
    assert judged.plan.has_errors == screened.plan.has_errors
    assert list(judged.judgement.rows) == list(screened.judgement.rows)
    return list(judged.plan.decisions) == list(screened.plan.decisions)


@pytest.mark.parametrize("name", ["businesses.xlsx", "businesses_clean.xlsx", "nightly.csv"])
async def test_samples_are_told_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every kind of finding there is."""
    shutil.copytree(SAMPLES, tmp_path / "samples")
    job = load_job(tmp_path / "samples" / name, {"documents": str(tmp_path / "samples/documents")})

    screened, judged = await both_ways(job, monkeypatch)

    assert are_alike(screened, judged)


@pytest.mark.parametrize("seed", range(6))
async def test_sheets_with_some_bad_rows_are_told_the_same(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Most rows are good; the rest are bad by themselves, or beside another."""
    dice = random.Random(seed)
    rows = [keyed(at) | (dice.choice(SPOILERS) if dice.random() < 0.2 else {}) for at in range(40)]
    nights.fill(rows)
    nights.documents.joinpath("gone.png").unlink(missing_ok=True)

    screened, judged = await both_ways(nights.job(), monkeypatch)

    assert are_alike(screened, judged)


async def test_screened_sheet_is_run_and_run_again(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each good row is filed once; a limit holds; a mended row goes out when it is mended."""
    monkeypatch.setattr(judging, "SCREENED_FROM", ALWAYS)
    nights.fill([keyed(at) | ({"City": ""} if at == 3 else {}) for at in range(8)])

    pilot = await nights.night(limit="2")
    most = await nights.night()
    nights.rows[3]["City"] = "Pune"
    nights.save()
    rest = await nights.night()

    assert [2, 7, 8] == [result.counts["submitted"] for result in (pilot, most, rest)]
    assert [3, 3, 0] == [result.exit_status for result in (pilot, most, rest)]
    assert 8 == nights.asked()["create"]


async def test_businesses_of_another_ledger_are_told_the_same(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under their Key, under another, or without any; what nobody has sent is not told."""
    await nights.filed(*(keyed(at) for at in range(3)))
    theirs = nights.ledger.rename(nights.folder / "theirs.ledger.jsonl")
    named = {"Key": "another name"}
    nights.fill([keyed(0), keyed(1) | named, business(2), *(keyed(at) for at in range(5, 9))])

    screened, judged = await both_ways(nights.job(against=str(theirs)), monkeypatch)

    assert ["in-other-ledger"] * 3 == [finding.code for finding in screened.plan.findings]
    assert 4 == usual_count(screened.plan.decisions)
    assert are_alike(screened, judged)
