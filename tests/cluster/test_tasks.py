"""The table of tasks, and the jobs of Procrastinate that go with it, on a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bulk_onboard.cluster import engine as engines
from bulk_onboard.cluster.engine import Engine, Stalled, opened
from bulk_onboard.cluster.rules import Next, Then
from bulk_onboard.cluster.tasks import TABLE, Order, Status, Task, Tasks
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.ledger.database.store import set_up
from tests.support.postgres import Database

ACME = Order(account="june.acme", job_file="/jobs/june.toml", name="acme", flags={"limit": "5"})
MACHINE = "web1:123"


async def made_ready(database: Database) -> None:
    await asyncio.to_thread(set_up, database.address)
    await engines.set_up(database.address, TABLE)


@pytest.fixture
async def engine(postgres: Database) -> AsyncIterator[Engine]:
    """Procrastinate on a database that is set up."""
    await made_ready(postgres)
    async with opened(postgres.address) as engine:
        yield engine


@pytest.fixture
async def tasks(engine: Engine) -> Tasks:
    return Tasks(engine)


def jobs(database: Database) -> list[tuple[Any, ...]]:
    """Id, status and lock of each job, the oldest first."""
    return database.execute("select id, status::text, lock from bulk_onboard.procrastinate_jobs order by id")


def take(database: Database) -> int:
    """Let a worker that is not known take the next job; return its id."""
    with among(database) as connection:
        (found,) = connection.execute("select id from procrastinate_fetch_job_v2(null, null)").fetchall()
    return int(found[0])


def among(database: Database) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection that finds Procrastinate's tables without their schema."""
    return psycopg.connect(database.address, autocommit=True, options="-c search_path=bulk_onboard")


async def task_of(tasks: Tasks, account: str = ACME.account) -> Task:
    return (await tasks.of([account]))[account]


async def begun(tasks: Tasks, database: Database) -> Task:
    """The task once a worker has begun it."""
    task = await tasks.begin(ACME.account, take(database), MACHINE)
    assert task is not None
    return task


async def end(tasks: Tasks, task: Task, following: Next, exit_status: ExitStatus = ExitStatus.STOPPED) -> bool:
    return await tasks.end(
        task, following, exit_status=exit_status, sentence="", progress="p", pause_s=60.0 * following.pause
    )


async def test_an_account_is_handed_over_once_however_often(tasks: Tasks, postgres: Database):
    handed = await asyncio.gather(*(tasks.hand_over(ACME) for _ in range(5)))
    assert 1 == sum(handed)
    assert [("todo", ACME.account)] == [each[1:] for each in jobs(postgres)]
    await begun(tasks, postgres)
    assert not await tasks.hand_over(ACME)
    assert Status.RUNNING is (await task_of(tasks)).status


async def test_a_task_that_is_over_may_be_handed_over_again_and_begins_anew(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    await end(tasks, await begun(tasks, postgres), Next(Then.FAILED, in_vain=5))
    assert await tasks.hand_over(ACME)
    task = await task_of(tasks)
    assert (Status.WAITING, 0, 0, None) == (task.status, task.tries, task.in_vain, task.exit_status)


async def test_an_account_that_was_purged_while_its_task_waited_may_be_handed_over_again(
    tasks: Tasks, postgres: Database
):
    """Its job is still there, and no worker has looked at it."""
    await tasks.hand_over(ACME)
    postgres.execute("delete from bulk_onboard.task")
    assert await tasks.hand_over(ACME)
    assert [((await task_of(tasks)).job_id, "todo", ACME.account)] == jobs(postgres)


async def test_another_job_with_a_ledger_of_that_name_is_refused(tasks: Tasks):
    await tasks.hand_over(ACME)
    with pytest.raises(UsageError, match="another ledger"):
        await tasks.hand_over(Order(account=ACME.account, job_file="/other/june.toml", name="acme", flags={}))


async def test_a_job_whose_path_leads_through_a_link_is_the_same_job(tasks: Tasks, tmp_path: Path):
    (tmp_path / "now").symlink_to(tmp_path)
    await tasks.hand_over(replace(ACME, job_file=str(tmp_path / "june.toml")))
    through_link = replace(ACME, job_file=str(tmp_path / "now" / "june.toml"))
    await tasks.check([through_link])
    assert not await tasks.hand_over(through_link)


async def test_where_one_account_is_at_work_for_another_job_none_is_handed_over(tasks: Tasks):
    await tasks.hand_over(replace(ACME, job_file="/other/june.toml"))
    with pytest.raises(UsageError, match="another ledger"):
        await tasks.check([replace(ACME, account="june.bravo", name="bravo"), ACME])


async def test_what_is_tried_again_later_has_one_job_that_waits(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    first = await begun(tasks, postgres)
    assert await end(tasks, first, Next(Then.AGAIN, in_vain=2, pause=5))
    task = await task_of(tasks)
    assert (Status.AGAIN, 2, ExitStatus.STOPPED) == (task.status, task.in_vain, task.exit_status)
    assert first.job_id != task.job_id
    ((wait_s,),) = postgres.execute(
        "select extract(epoch from scheduled_at - clock_timestamp()) from bulk_onboard.procrastinate_jobs"
        f" where id = {task.job_id}"
    )
    assert 200 < wait_s <= 300


async def test_whoever_works_at_a_job_that_counts_no_more_changes_nothing(tasks: Tasks, postgres: Database):
    """As a worker that was asleep while its account was given to another."""
    await tasks.hand_over(ACME)
    asleep = await begun(tasks, postgres)
    assert await tasks.give_anew(Stalled(asleep.job_id, ACME.account))
    before = replace(await task_of(tasks), begun_s=0.0)
    assert not await end(tasks, asleep, Next(Then.DONE), ExitStatus.DONE)
    assert await tasks.begin(ACME.account, asleep.job_id, MACHINE) is None
    assert before == replace(await task_of(tasks), begun_s=0.0)
    assert [(asleep.job_id, "failed"), (before.job_id, "todo")] == [each[:2] for each in jobs(postgres)]


async def test_the_account_of_a_dead_worker_is_given_anew_once(tasks: Tasks, engine: Engine, postgres: Database):
    await tasks.hand_over(ACME)
    await begun(tasks, postgres)
    stalled = await engine.stalled(30.0)
    assert [ACME.account] == [each.account for each in stalled]
    assert 1 == sum(await asyncio.gather(*(tasks.give_anew(stalled[0]) for _ in range(3))))
    assert [] == await engine.stalled(30.0)
    assert ["failed", "todo"] == [each[1] for each in jobs(postgres)]


async def test_workers_that_die_one_after_the_other_are_counted_and_tried_again_later(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    statuses = []
    for number in range(1, 6):
        task = await begun(tasks, postgres)
        assert task.has_died is (number > 1)
        await tasks.give_anew(Stalled(task.job_id, ACME.account), retry_s=60.0)
        found = await task_of(tasks)
        assert number == found.in_vain
        assert MACHINE in found.sentence
        statuses.append(found.status)
        postgres.execute("update bulk_onboard.procrastinate_jobs set scheduled_at = null")  # as when the pause is over
    assert [Status.WAITING, *[Status.AGAIN] * 3, Status.WAITING] == statuses


async def test_a_try_whose_worker_died_was_not_in_vain_where_it_got_something_done(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    task = await begun(tasks, postgres)
    await tasks.give_anew(Stalled(task.job_id, ACME.account), retry_s=60.0)
    task = await begun(tasks, postgres)
    await tasks.note_progress(task, "more")
    found = await task_of(tasks)
    assert (0, "more") == (found.in_vain, found.progress)
    assert not found.has_died


async def test_an_end_that_could_not_be_written_down_is_no_death(tasks: Tasks, engine: Engine, postgres: Database):
    await tasks.hand_over(ACME)
    first = await begun(tasks, postgres)
    await end(tasks, first, Next(Then.AT_ONCE, in_vain=4))
    await engine.give_up(Stalled(first.job_id, ACME.account))  # as the worker does when all is written down
    task = await begun(tasks, postgres)
    await tasks.give_anew(Stalled(task.job_id, ACME.account))
    assert (Status.WAITING, 4) == ((await task_of(tasks)).status, (await task_of(tasks)).in_vain)


async def test_a_task_whose_job_ended_without_a_word_is_found(tasks: Tasks, engine: Engine, postgres: Database):
    """As where the database went away before a worker could write down how a run ended."""
    await tasks.hand_over(ACME)
    task = await begun(tasks, postgres)
    assert [] == await tasks.orphans()
    await engine.give_up(Stalled(task.job_id, ACME.account))
    assert [Stalled(task.job_id, ACME.account)] == await tasks.orphans()
    assert await tasks.give_anew(Stalled(task.job_id, ACME.account))
    assert [] == await tasks.orphans()
    assert Status.WAITING is (await task_of(tasks)).status


# To stop.


async def test_a_task_that_waits_is_taken_back(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    stopped = await tasks.stop([ACME.account, "june.never-handed-over"])
    assert [(ACME.account, Status.STOPPED)] == [(name, task.status) for name, task in stopped.items()]
    assert ["cancelled"] == [each[1] for each in jobs(postgres)]
    assert {} == await tasks.stop([ACME.account])


async def test_a_task_that_waits_for_another_try_is_taken_back(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    await end(tasks, await begun(tasks, postgres), Next(Then.AGAIN, in_vain=1, pause=1))
    await tasks.stop([ACME.account])
    task = await task_of(tasks)
    assert (Status.STOPPED, None, ExitStatus.STOPPED) == (task.status, task.again_at, task.exit_status)


async def test_a_task_that_runs_is_asked_to_end(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    await begun(tasks, postgres)
    assert set() == await tasks.to_be_stopped([ACME.account])
    assert Status.RUNNING is (await tasks.stop([ACME.account]))[ACME.account].status
    assert {ACME.account} == await tasks.to_be_stopped([ACME.account])


async def test_a_task_that_a_worker_took_just_before_it_was_stopped_is_not_begun(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    job_id = take(postgres)
    await tasks.stop([ACME.account])
    task = await tasks.begin(ACME.account, job_id, MACHINE)
    assert task is not None
    assert task.is_over
    assert Status.STOPPED is (await task_of(tasks)).status


async def test_a_task_that_is_to_stop_and_whose_worker_died_is_stopped(tasks: Tasks, postgres: Database):
    await tasks.hand_over(ACME)
    task = await begun(tasks, postgres)
    await tasks.stop([ACME.account])
    await tasks.give_anew(Stalled(task.job_id, ACME.account))
    assert Status.STOPPED is (await task_of(tasks)).status
    assert ["failed"] == [each[1] for each in jobs(postgres)]


# The schema.


async def test_the_tables_may_be_made_again_and_keep_what_is_in_them(postgres: Database):
    await made_ready(postgres)
    async with opened(postgres.address) as engine:
        await Tasks(engine).hand_over(ACME)
    await made_ready(postgres)
    async with opened(postgres.address) as engine:
        assert Status.WAITING is (await task_of(Tasks(engine))).status


async def test_tables_of_an_older_procrastinate_are_refused_and_brought_up_to_date(postgres: Database):
    await asyncio.to_thread(set_up, postgres.address)
    migrations = sorted(engines._migrations().items())
    older = [script for name, script in migrations if name[:8] <= "03.03.00"]
    with among(postgres) as connection:
        for script in older:
            connection.execute(script.encode())
        connection.execute("comment on table procrastinate_jobs is 'procrastinate 03.03.00'")
    with pytest.raises(UsageError, match=r"older Procrastinate .* bulk-onboard store setup"):
        await opened(postgres.address).__aenter__()
    await made_ready(postgres)
    async with opened(postgres.address) as engine:
        assert await Tasks(engine).hand_over(ACME)
        await begun(Tasks(engine), postgres)


async def test_tables_of_a_newer_procrastinate_are_refused(postgres: Database):
    await made_ready(postgres)
    postgres.execute("comment on table bulk_onboard.procrastinate_jobs is 'procrastinate 99.00.00'")
    for work in (opened(postgres.address).__aenter__, lambda: engines.set_up(postgres.address, TABLE)):
        with pytest.raises(UsageError, match="newer Procrastinate"):
            await work()


async def test_without_the_tables_of_the_workers_the_command_that_makes_them_is_told(postgres: Database):
    await asyncio.to_thread(set_up, postgres.address)
    with pytest.raises(UsageError, match=f"To make the tables, type: bulk-onboard store setup {postgres.address}"):
        await opened(postgres.address).__aenter__()


async def test_the_rights_that_another_role_is_told_to_lack_are_all_that_it_needs(postgres: Database):
    """Also where only those on the ledgers were given."""
    await made_ready(postgres)
    name = f"worker-{postgres.name}"
    role = f'"{name}"'
    postgres.execute(f"create role {role} login")
    postgres.execute(f"grant usage on schema bulk_onboard to {role}")
    for table in ("account", "entry", "late", "hint"):
        postgres.execute(f"grant all on bulk_onboard.{table} to {role}")
    address = postgres.address.replace("//postgres@", f"//{name}@")
    try:
        with pytest.raises(UsageError, match=r"lacks .*procrastinate") as refused:
            await opened(address).__aenter__()
        postgres.execute(str(refused.value).partition("type: ")[2])
        async with opened(address) as engine:
            tasks = Tasks(engine)
            assert await tasks.hand_over(ACME)
            task = await begun(tasks, postgres)
            assert await end(tasks, task, Next(Then.AGAIN, 1, pause=1))
    finally:
        postgres.execute(f"drop owned by {role}")
        postgres.execute(f"drop role {role}")
