"""The clock that answers show may be wrong, and durations stay true."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.sandbox.state import ClockStep
from bulk_onboard.units import Quota


async def test_clock_that_is_hours_off(client: Any, clock: Any) -> None:
    """`created_at`, `Date` and the quota's reset are two hours ahead; a list lag lasts as long as ever."""
    async with Sandbox(
        clock=clock, clock_steps=[ClockStep(7200)], list_lag_s=30, quota=Quota(60, 60), seed=1
    ) as sandbox:
        created = await client.create(sandbox)
        record = await client.get(sandbox, created.json["compliance_id"])
        clock.at += 30
        page = await client.listed(sandbox)

    ahead = clock.now() - timedelta(seconds=30) + timedelta(hours=2)
    assert ahead == datetime.fromisoformat(record["created_at"])
    assert ahead == parsedate_to_datetime(created.headers["Date"])
    assert (ahead + timedelta(seconds=60)).timestamp() == float(created.headers["X-RateLimit-Reset"])
    assert 1 == page["meta"]["total_count"]


async def test_clock_set_back_makes_a_later_record_the_older_one(client: Any, clock: Any) -> None:
    """Records keep the time they were given; later ones show an earlier time; a reset sets the clock right again."""
    async with Sandbox(clock=clock, clock_steps=[ClockStep(-3600, after_s=60)]) as sandbox:
        ids = [await client.created(sandbox, alias="first")]
        clock.at += 61
        ids.append(await client.created(sandbox, alias="second"))
        clock.at += 1
        await client.control(sandbox, "POST", "clock", by_s=-3600)
        ids.append(await client.created(sandbox, alias="third"))

        first, second, third = [datetime.fromisoformat((await client.get(sandbox, each))["created_at"]) for each in ids]
        sandbox.reset()
        afresh = await client.get(sandbox, await client.created(sandbox))

    assert (first + timedelta(seconds=61 - 3600), second + timedelta(seconds=1 - 3600)) == (second, third)
    assert clock.now() == datetime.fromisoformat(afresh["created_at"])
