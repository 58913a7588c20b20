"""The accounts of a job run together: each for itself, with one gate, one beginning and one end."""

from collections.abc import Sequence
from typing import Any

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import load_jobs
from bulk_onboard.pipeline.accounts import AllResults, run_jobs
from bulk_onboard.pipeline.stop import Stop
from tests.support.office import Office, credentials_of

TWELVE = tuple(f"{name}-{number}" for name in ("acme", "bravo", "carol") for number in range(1, 5))


async def run(office: Office, stop: Stop | None = None, picked: Sequence[str] = (), **more: Any) -> AllResults:
    """All accounts of the office, or those that were picked."""
    jobs = load_jobs(office.job_file, {"account": tuple(picked)} if picked else {})
    return await run_jobs(
        jobs,
        credentials={job.account: credentials_of(job.account) for job in jobs},
        clock=SystemClock(),
        stop=stop or Stop(),
        **more,
    )


async def test_twelve_accounts(office: Office) -> None:
    """Each has its rows at the API, in its ledger and in its report, and nothing of another's."""
    office.open_accounts(*TWELVE)
    office.fill(36)

    results = await run(office)

    assert ExitStatus.DONE == results.exit_status
    assert list(TWELVE) == [result.account for result in results.results]
    for account in TWELVE:
        assert 3 == len(office.at(account).state.records)
        assert 3 == len(office.ledger_state(account).records)
        assert 3 == len(office.sheet("Results", account))
