"""A run without a workbook, which the job allows: what the ledger began is settled, and nothing else is claimed."""

import dataclasses
from typing import Any

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, LedgerError, NoWorkbookError
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office

from bulk_onboard.api.credentials import Credentials, Secret  # isort: skip

CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))


async def run_without(office: Office, **flags: Any) -> RunResult:
    """A run of the office's job that may be without its workbook, which is put away first."""
    office.workbook.unlink(missing_ok=True)
    job = dataclasses.replace(office.job(**flags), missing_workbook="ok")
    return await run_job(job, credentials=CREDENTIALS, clock=SystemClock(), stop=Stop())


async def test_an_unknown_outcome_is_settled(office: Office) -> None:
    """The record is found at the API, and adopted without its row."""
    office.fill(1)
    office.sandbox.faults.script("create", "drop-after")
    unknown = await office.run_until_unknown()

    result = await run_without(office)

    assert (1, 0) == (unknown.counts["uncertain"], result.counts["uncertain"])
    assert (ExitStatus.DONE, 1) == (result.exit_status, result.counts["submitted"])
    assert 1 == len(office.sandbox.state.records)


async def test_what_was_not_sent_waits_for_its_row(office: Office) -> None:
    """A row that was put off is no work of this run; the next one with a workbook sends it."""
    office.fill(2)
    office.sandbox.latency_s = 0.05
    stop = Stop()
    await office.run(stop, concurrency="1", watch=lambda running: stop.request("a test"))
    office.sandbox.latency_s = 0.0

    without = await run_without(office)
    office.save()
    after = await office.run()

    assert (ExitStatus.DONE, {}, None) == (without.exit_status, without.requests, without.error)
    assert (ExitStatus.DONE, 2) == (after.exit_status, after.counts["submitted"])


async def test_a_held_record_still_wants_a_person(office: Office) -> None:
    """Whether or not there is a workbook tonight."""
    office.fill(1)
    office.sandbox.faults.script("create", "drop-after")
    await office.run_until_unknown()
    (record,) = office.sandbox.state.records
    office.sandbox.state.keep(dataclasses.replace(record, compliance_id="another"))

    result = await run_without(office)

    assert (ExitStatus.ROWS_NEED_ATTENTION, 1) == (result.exit_status, result.counts["held"])


async def test_the_account_is_not_taken_for_known(office: Office) -> None:
    """A ledger that was only just begun is still swept by the first run that has rows: nothing is created twice."""
    office.fill(3)
    await office.run()
    office.ledger.unlink()
    async with office.job().store.opened(auth_id=CREDENTIALS.auth_id, clock=SystemClock()):
        pass

    without = await run_without(office)
    swept = read_ledger_state(office.ledger).ledger_state.swept
    office.save()
    after = await office.run()

    assert ({}, False) == (without.requests, swept)
    assert 3 == after.counts["submitted"] == len(office.sandbox.state.records)


async def test_a_ledger_that_is_a_link_to_nothing_does_not_end_as_if_there_were_none(office: Office) -> None:
    """A link to a ledger that has been moved on is no ledger that was never there."""
    office.ledger.symlink_to("elsewhere/businesses.ledger.jsonl")

    with pytest.raises(LedgerError, match="symbolic link"):
        await run_without(office)


async def test_without_the_setting_it_is_an_error(office: Office) -> None:
    """As it always was."""
    with pytest.raises(NoWorkbookError, match="There is no workbook"):
        await office.run()
