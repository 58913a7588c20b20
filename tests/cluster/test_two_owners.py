"""Two runs on one ledger in a database, one after the other: what the first may still do, and what the second may.

Leases are a tenth of what they are in earnest.
"""

import asyncio
import signal
from asyncio.subprocess import Process
from datetime import datetime
from pathlib import Path

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.units import Quota
from tests.support.asleep import put_to_sleep, wake
from tests.support.cluster import ROWS, Cluster
from tests.support.postgres import Database

pytestmark = pytest.mark.timeout(180)

ACCOUNT = "acme"
UNPACED = Quota(1000, 1.0)
LARGE, MOST = 1_500_000, 300_000  # bytes of each document of some rows, and of a connection that get through at first
WINDOW_S = 60  # longer than all that is waited for here
SOON_S = 60.0  # a process starts, reads its rows and sends its first ones


async def begin(cluster: Cluster, *flags: str) -> Process:
    """Start a run of one account."""
    return await cluster.start("run", str(cluster.office.job_file), "--account", ACCOUNT, "--json", *flags)


async def in_mid_body(cluster: Cluster) -> Process:
    """Start a run, and return when it waits in the middle of a body."""
    cluster.api.hold_after(MOST)
    first = await begin(cluster)
    async with asyncio.timeout(SOON_S):
        while not cluster.api.held:
            assert first.returncode is None, "the run has ended"
            await asyncio.sleep(0.02)
    return first


async def test_who_sleeps_past_its_lease_in_mid_body_sends_not_a_byte_when_it_wakes(
    tmp_path: Path, postgres: Database
) -> None:
    """Another run has settled what it left and sent the rest by then; the first ends with 4, and says why."""
    async with Cluster.made(tmp_path, postgres, quota=UNPACED, large=LARGE, faults={}) as cluster:
        first = await in_mid_body(cluster)
        await put_to_sleep(first.pid)
        asleep = cluster.api.links.copy()
        cluster.api.release()
        second = await cluster.heard(await begin(cluster))
        passed = {link: link.passed for link in asleep}
        wake(first.pid)
        told = await cluster.heard(first)
        passed_since = {link: link.passed for link in asleep}
        state = await cluster.state(ACCOUNT)

    assert (ExitStatus.DONE, ROWS) == (second.status, second.json["counts"]["submitted"]), second.err
    assert passed == passed_since
    assert ExitStatus.STOPPED == told.status, told.err
    assert "lease" in told.json["error"]
    assert (ROWS, []) == (len(state["records"]), state["duplicates"])


async def test_while_its_owner_is_in_the_middle_of_a_call_nobody_else_gets_the_ledger(
    tmp_path: Path, postgres: Database
) -> None:
    """The second is turned away with 5 as soon as the lease is renewed, and the first goes on."""
    async with Cluster.made(tmp_path, postgres, quota=UNPACED, large=LARGE, faults={}) as cluster:
        first = await in_mid_body(cluster)
        second = await cluster.heard(await begin(cluster))
        cluster.api.release()
        told = await cluster.heard(first)
        state = await cluster.state(ACCOUNT)

    assert ExitStatus.LOCKED == second.status, second.err
    assert (ExitStatus.DONE, ROWS) == (told.status, told.json["counts"]["submitted"]), told.err
    assert (ROWS, []) == (len(state["records"]), state["duplicates"])


async def test_new_rows_go_out_at_once_while_what_the_first_left_is_settled(tmp_path: Path, postgres: Database) -> None:
    """A settle window of a minute keeps nobody waiting but the rows that were in flight when the first was killed."""
    async with Cluster.made(tmp_path, postgres, quota=Quota(20, 2.0), faults={}) as cluster:
        first = await begin(cluster)
        async with asyncio.timeout(SOON_S):
            while len((await cluster.state(ACCOUNT))["records"]) < ROWS // 3:
                await asyncio.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        await begin(cluster, "--settle", f"{WINDOW_S}s")
        async with asyncio.timeout(2 * SOON_S):
            while (sent_after_s := first_create_s(cluster)) is None:
                await asyncio.sleep(0.1)

    assert sent_after_s < WINDOW_S


def first_create_s(cluster: Cluster) -> float | None:
    """How long after the second run began its first create was written down; None where that is still to come."""
    lines = cluster.entries(ACCOUNT)
    begun = [number for number, line in enumerate(lines) if line["entry"] == "run_started"][1:]
    for line in lines[begun[0] :] if begun else ():
        if line["entry"] == "intent":
            began_at, sent_at = (datetime.fromisoformat(each["at"]) for each in (lines[begun[0]], line))
            return (sent_at - began_at).total_seconds()
    return None
