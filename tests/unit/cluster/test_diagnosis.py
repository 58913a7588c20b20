"""What `doctor` says of workers and tasks: who must act, and what to type."""

from datetime import UTC, datetime

import pytest

from bulk_onboard.cluster.diagnosis import WorkFacts, of_workers
from bulk_onboard.cluster.tasks import Order, Status, Task
from bulk_onboard.errors import ExitStatus
from bulk_onboard.maintenance.diagnosis import Sign

STORE = "postgresql://db.example.com/onboarding?sslmode=verify-ca"


def task(status: Status, **changes: object) -> Task:
    usual = {
        "order": Order(account="job.acme", job_file="/srv/job.toml", name="acme", flags={}),
        "job_id": 7,
        "status": status,
        "since": 0,
        "handed_over_at": datetime(2026, 1, 5, tzinfo=UTC),
        "again_at": None,
        "begun_s": 0.0,
        "machine": "",
        "tries": 0,
        "in_vain": 0,
        "progress": "",
        "exit_status": None,
        "sentence": "",
        "is_to_stop": False,
    }
    return Task(**usual | changes)


def told(alive: int, its: Task | None, *, is_stalled: bool = False):
    facts = WorkFacts(alive=alive, task=its, is_stalled=is_stalled, store=STORE, status="bulk-onboard status job.toml")
    return {line.about: line for line in of_workers(facts)}


@pytest.mark.parametrize(("alive", "found"), [(0, "No worker is alive."), (1, "1 worker is alive."), (2, "2 workers")])
def test_account_that_was_never_handed_over_needs_no_worker(alive, found):
    """Whoever starts runs in another way has none."""
    lines = told(alive, None)

    assert (["workers"], Sign.OK) == (list(lines), lines["workers"].sign)
    assert lines["workers"].found.startswith(found)


@pytest.mark.parametrize("status", Status)
def test_task_that_is_not_over_and_nobody_who_works_is_a_problem(status):
    """The command that starts a worker is one that a shell takes."""
    lines = told(0, task(status))

    is_open = status in (Status.WAITING, Status.RUNNING, Status.AGAIN)
    assert (Sign.PROBLEM if is_open else Sign.OK) is lines["workers"].sign
    assert is_open == (f"bulk-onboard worker --store '{STORE}'" in lines["workers"].to_do)
    assert Sign.OK is told(1, task(status))["workers"].sign


@pytest.mark.parametrize("status", Status)
def test_task_that_failed_is_a_problem_and_no_other(status):
    """Why it failed is not told here, since such lines are sent to others; the command that tells it is."""
    lines = told(1, task(status, exit_status=ExitStatus.USAGE, sentence="Row 7 says K-1."))

    assert (status is Status.FAILED) == (lines["task"].sign is Sign.PROBLEM)
    assert status.value in lines["task"].found
    if status is Status.FAILED:
        assert "It ended with 2." in lines["task"].found
        assert "bulk-onboard status job.toml" in lines["task"].to_do
    assert "K-1" not in f"{lines['task'].found}{lines['task'].to_do}"


def test_where_it_runs_and_how_it_gets_on_is_told():
    """Its machine, tries in vain, and a worker that is silent."""
    running = told(1, task(Status.RUNNING, machine="host-2:31"))["task"]
    again = told(1, task(Status.AGAIN, machine="host-2:31", in_vain=3))["task"]
    silent = told(1, task(Status.RUNNING, machine="host-2:31"), is_stalled=True)["task"]

    assert "running, on host-2:31." in running.found
    assert "the last 3 got nothing done" in again.found
    assert "no sign of life; another one takes it over" in silent.found
