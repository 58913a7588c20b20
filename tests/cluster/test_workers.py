"""Accounts that are handed over, worked off and followed: against the sandbox and a real server, in this process."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.cluster import engine as engines
from bulk_onboard.cluster import rules
from bulk_onboard.cluster.engine import opened
from bulk_onboard.cluster.rules import Times
from bulk_onboard.cluster.tasks import TABLE, Place, Status, places_of
from bulk_onboard.cluster.worker import work
from bulk_onboard.errors import DatabaseError
from bulk_onboard.ledger.database import lease
from bulk_onboard.ledger.database.store import set_up
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from tests.support.office import Office, Told, credentials_of, environ_of, heard, start, typed
from tests.support.postgres import Database

ACCOUNTS = ("acme", "bravo")
FAST = Times(
    heartbeat_s=0.2,
    dead_after_s=5.0,
    look_s=0.5,
    fetch_s=0.1,
    stop_s=0.1,
    retry_s=0.3,
    follow_s=0.1,
    patience_s=60.0,
)
SLOWLY = "2/1s"  # a quota that lets nobody finish before somebody stops him


@dataclass(slots=True)
class Cluster:
    """A job with two accounts whose ledgers are in a database, and workers in this process."""

    office: Office
    database: Database
    stops: list[Stop] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    workers: list[asyncio.Task[None]] = field(default_factory=list)

    def begin(self, **settings: Any) -> None:
        """Write the job file, and two rows for each account."""
        self.office.open_accounts(*ACCOUNTS, store=self.database.address, notify="never", **settings)
        self.office.fill(4)

    def start(self, environ: Mapping[str, str] | None = None, *, accounts: int = 5) -> None:
        """Begin a worker."""
        stop = Stop()
        self.stops.append(stop)
        self.workers.append(asyncio.create_task(self._work(stop, environ or environ_of(ACCOUNTS), accounts)))

    async def _work(self, stop: Stop, environ: Mapping[str, str], accounts: int) -> None:
        async with opened(self.database.address, answers_s=2.0) as engine:
            await work(
                engine,
                address=self.database.address,
                places=accounts,
                uploads=8,
                environ=environ,
                clock=SystemClock(),
                stop=stop,
                times=rules.TIMES,
                warn=self.told.append,
            )

    async def end(self, number: int = 0) -> None:
        """Ask a worker to end, as SIGTERM does, and wait until it has."""
        self.stops[number].request(signal.SIGTERM)
        await self.workers[number]

    async def run(self, *words: str) -> Told:
        """Hand over and follow, in this process; no other command can be typed meanwhile."""
        return await self.office.type("run", "--cluster", *words)

    async def follow(self, *words: str) -> asyncio.Task[Told]:
        """Hand over and follow, in a process of its own."""
        return asyncio.create_task(heard(await self.office.start("run", "--cluster", *words)))

    def place(self, account: str = "acme") -> Place:
        name = self.office.ledger_of(account).name.removesuffix(".ledger.jsonl")
        return places_of(self.database.address, [name])[name]

    async def until(self, *statuses: Status, account: str = "acme") -> None:
        """Wait until the task of an account is in one of these."""
        while not (task := (await asyncio.to_thread(self.place, account)).task) or task.status not in statuses:
            await asyncio.sleep(0.05)

    async def until_filed(self, number: int) -> None:
        """Wait until each account has so many records."""
        while any(len(self.office.at(account).state.records) < number for account in ACCOUNTS):
            await asyncio.sleep(0.05)

    def filed(self) -> int:
        return sum(len(self.office.at(account).state.records) for account in ACCOUNTS)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "TIMES", FAST)
    monkeypatch.setattr(lease, "TIMES", lease.Times(lease_s=6.0, renew_s=2.0, margin_s=0.5))


@pytest.fixture
async def cluster(office: Office, postgres: Database) -> AsyncIterator[Cluster]:
    await asyncio.to_thread(set_up, postgres.address)
    await engines.set_up(postgres.address, TABLE)
    cluster = Cluster(office, postgres)
    cluster.begin()
    yield cluster
    for stop in cluster.stops:
        stop.request(signal.SIGTERM)
    await asyncio.gather(*cluster.workers, return_exceptions=True)


async def test_a_job_that_is_handed_over_is_run_and_its_reports_add_up(cluster: Cluster):
    cluster.start()
    told = await cluster.run("--json")
    assert 0 == told.status, told.err
    assert 4 == told.json["counts"]["submitted"] == told.json["sent"]
    assert ["submitted"] * 4 == [row["State"] for row in cluster.office.sheet("Results")]
    assert ["submitted"] * 2 == [row["State"] for row in cluster.office.sheet("Results", "acme")]
    assert Status.DONE is (task := cluster.place().task).status
    assert (1, 0) == (task.tries, task.exit_status)


async def test_a_job_without_accounts_is_handed_over_as_well(cluster: Cluster):
    cluster.office.accounts = ()
    file = cluster.office.folder / "june.toml"
    file.write_text(
        f'workbook = "businesses.xlsx"\ndocuments = "scans"\nbase_url = "{cluster.office.sandbox.url}"\n'
        f'quota = "none"\nsettle = "0.6s"\nstore = "{cluster.database.address}"\n'
    )
    cluster.office.fill(2)
    cluster.start(environ={"PLIVO_AUTH_ID": "MAINVENTED0000000001", "PLIVO_AUTH_TOKEN": "invented"})
    told = await cluster.office.type("run", "--cluster", "--json", job=file)
    assert 0 == told.status, told.err
    assert 2 == told.json["sent"]


async def test_what_is_typed_twice_is_followed_and_not_doubled(cluster: Cluster):
    first = await cluster.follow()
    await cluster.until(Status.WAITING, account="bravo")
    again = await cluster.office.start("run", "--cluster", "--limit", "1")
    assert again.stderr is not None
    assert "only followed: acme and bravo" in (await again.stderr.readline()).decode()
    cluster.start()
    told = await asyncio.gather(first, heard(again))
    assert [0, 0] == [each.status for each in told], told
    assert "with other flags" in told[1].err
    assert 4 == cluster.filed()
    assert 1 == cluster.place().task.tries


async def test_flags_go_along_and_relative_paths_mean_those_of_whoever_typed_them(cluster: Cluster):
    cluster.office.workbook.rename(cluster.office.folder / "other.xlsx")
    cluster.start()
    told = await cluster.run("--workbook", "other.xlsx", "--limit", "1", "--json")
    assert 2 == told.json["sent"], told.err
    assert str(cluster.office.folder / "other.xlsx") == cluster.place().task.order.flags["workbook"]


# What a worker lacks.


async def test_an_account_without_credentials_on_the_worker_fails_and_the_others_go_on(cluster: Cluster):
    cluster.start(environ=environ_of(["bravo"]))
    told = await cluster.run()
    assert 2 == told.status
    assert "Account acme: On " in told.out
    assert "Credentials of account acme are missing" in told.out
    (said,) = [sentence for sentence in cluster.told if "failed" in sentence]
    assert said.startswith("The task businesses.acme failed with exit status 2. On ")
    assert "Credentials of account acme are missing" in said
    assert 2 == cluster.filed()
    assert (Status.FAILED, Status.DONE) == (cluster.place().task.status, cluster.place("bravo").task.status)


async def test_credentials_that_the_api_refuses_are_told_with_the_machine_that_has_them(cluster: Cluster):
    own = {name: credentials_of(name) for name in ACCOUNTS}
    async with Sandbox(credentials={its.auth_id: its.auth_token.reveal() for its in own.values()}) as strict:
        cluster.office.sandbox = strict
        cluster.begin()
        cluster.start(environ=environ_of(ACCOUNTS) | {"PLIVO_AUTH_TOKEN_ACME": "wrong"})
        told = await cluster.run()
    assert 7 == told.status
    assert "Account acme: On " in told.out


async def test_a_job_file_that_is_not_there_on_the_worker_fails_at_once(cluster: Cluster):
    running = await cluster.follow()
    await cluster.until(Status.WAITING)
    await cluster.until(Status.WAITING, account="bravo")
    moved = cluster.office.job_file.rename(cluster.office.folder / "moved.toml")
    cluster.start()
    await cluster.until(Status.FAILED)
    await cluster.until(Status.FAILED, account="bravo")
    moved.rename(cluster.office.job_file)
    told = await running
    assert 2 == told.status
    assert "need the same paths on all machines" in told.err + told.out


class _Faulty(dict[str, str]):
    """An environment that cannot be asked about acme, which no code foresees."""

    def get(self, name: str, default: Any = None) -> Any:
        if name.endswith("_ACME"):
            raise ZeroDivisionError
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        return str(self.get(name, ""))


async def test_a_bug_in_one_account_fails_it_alone(cluster: Cluster):
    cluster.start(environ=_Faulty(environ_of(ACCOUNTS)))
    told = await cluster.run()
    assert 1 == told.status, told
    assert "This is a bug in bulk-onboard: ZeroDivisionError" in told.out
    assert Status.DONE is cluster.place("bravo").task.status
    assert not cluster.workers[0].done()


# What stops a run.


async def test_a_worker_that_is_asked_to_end_hands_its_accounts_back(cluster: Cluster):
    cluster.begin(quota=SLOWLY)
    running = await cluster.follow("--json")
    cluster.start()
    await cluster.until_filed(1)
    await cluster.end()
    assert Status.WAITING is cluster.place().task.status
    assert cluster.place().owner is None
    cluster.start()
    told = await running
    assert 0 == told.status, told.err
    assert 4 == told.json["sent"] == cluster.filed()
    assert (2, 0) == (cluster.place().task.tries, cluster.place().task.in_vain)


async def test_stop_ends_what_runs_and_it_is_not_tried_again(cluster: Cluster):
    cluster.begin(quota=SLOWLY)
    running = await cluster.follow()
    cluster.start()
    await cluster.until_filed(1)
    told = await cluster.office.type("stop", "--account", "acme", "--json")
    assert ["acme"] == told.json["ending"]
    ended = await running
    assert 130 == ended.status, ended
    assert Status.STOPPED is cluster.place().task.status
    assert Status.DONE is cluster.place("bravo").task.status
    assert 0 == (await cluster.run()).status


async def test_stop_takes_back_what_waits(cluster: Cluster):
    running = await cluster.follow()
    await cluster.until(Status.WAITING)
    await cluster.until(Status.WAITING, account="bravo")
    told = await cluster.office.type("stop")
    assert "Taken back before a worker ran it: acme and bravo." in told.out
    ended = await running
    assert 130 == ended.status
    assert "Stopped before a worker began it" in ended.err + ended.out
    assert ["acme", "bravo"] == (await cluster.office.type("stop", "--json")).json["idle"]


async def test_stop_after_counts_over_all_tries(cluster: Cluster):
    cluster.begin(quota=SLOWLY)
    running = await cluster.follow("--stop-after", "3s")
    cluster.start()
    await cluster.until_filed(1)
    await cluster.end()
    await asyncio.sleep(max(0.0, 3.0 - cluster.place().task.begun_s))
    cluster.start()
    told = await running
    assert 4 == told.status
    assert "Stopped after 3s, as stop_after says" in told.err + told.out
    assert Status.STOPPED is cluster.place().task.status


async def test_an_account_that_gets_nothing_done_is_tried_five_times(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "PAUSES", (1, 1, 1, 1))
    cluster.begin(base_url="http://127.0.0.1:1")
    cluster.start()
    told = await cluster.run("--account", "acme")
    assert 4 == told.status
    assert "It was tried 5 times in a row, and nothing was got done" in told.err + told.out
    assert (5, Status.FAILED) == (cluster.place().task.tries, cluster.place().task.status)


# The database.


async def test_an_account_that_its_workers_die_of_fails_after_five_and_goes_on_where_something_was_done(
    cluster: Cluster,
):
    """As where the system ends each for its memory; bravo was got on with meanwhile."""
    following = await cluster.follow()
    await cluster.until(Status.WAITING, account="bravo")
    cluster.database.execute("update bulk_onboard.task set tries = 5, in_vain = 5, sentence = 'The worker died.'")
    cluster.database.execute("update bulk_onboard.task set progress = 'less than now' where name = 'bravo'")
    cluster.start()
    told = await following
    assert 4 == told.status
    assert "The worker died. It was tried 5 times in a row, and nothing was got done." in " ".join(told.out.split())
    assert (Status.FAILED, Status.DONE) == (cluster.place().task.status, cluster.place("bravo").task.status)
    assert 2 == cluster.filed()


async def test_a_worker_whose_database_goes_away_ends_and_the_next_one_goes_on(cluster: Cluster):
    cluster.begin(quota=SLOWLY)
    following = await cluster.office.start("run", "--cluster", "--json")
    assert following.stderr is not None
    cluster.start()
    await cluster.until_filed(1)
    await asyncio.to_thread(cluster.database.server.stop)
    with pytest.raises(DatabaseError):
        await asyncio.wait_for(cluster.workers[0], 60)
    while b"It is waited for; the accounts are with the workers." not in await following.stderr.readline():
        assert following.returncode is None
    await asyncio.to_thread(cluster.database.server.start)
    cluster.start()
    told = await heard(following)
    assert 0 == told.status, told.err
    assert 4 == cluster.filed()
    assert 0 == cluster.place().task.in_vain


# What is refused, and what is told.


async def test_ledgers_in_files_are_refused(office: Office):
    office.open_accounts(*ACCOUNTS)
    office.fill(4)
    for verb in ("run", "stop"):
        told = await office.type(verb, *(["--cluster"] if verb == "run" else []))
        assert 2 == told.status
        assert "needs ledgers that all machines see" in told.err


async def test_a_proxy_is_not_handed_over(cluster: Cluster):
    told = await cluster.run("--proxy", "http://proxy:3128")
    assert 2 == told.status
    assert "--proxy is not handed over" in told.err
    assert cluster.place().task is None


async def test_nothing_secret_is_handed_over(cluster: Cluster):
    running = await cluster.follow()
    await cluster.until(Status.WAITING)
    await cluster.until(Status.WAITING, account="bravo")
    handed = cluster.database.execute("select args::text from bulk_onboard.procrastinate_jobs")
    assert 2 == len(handed)
    cluster.start()
    await running
    handed += cluster.database.execute("select t::text from bulk_onboard.task t")
    told = " ".join(text for (text,) in handed)
    assert not [value for value in environ_of(ACCOUNTS).values() if value and value in told]


async def test_status_says_who_works_at_an_account(cluster: Cluster):
    cluster.begin(quota=SLOWLY)
    running = await cluster.follow()
    await cluster.until(Status.WAITING)
    await cluster.until(Status.WAITING, account="bravo")
    told = await cluster.office.type("status")
    assert "waiting for a worker" in told.out
    assert "Next:" not in told.out
    cluster.start()
    await cluster.until_filed(1)
    told = await cluster.office.type("status")
    assert "running on " in told.out
    assert "lease until " in told.out
    of_acme = (await cluster.office.type("status", "--account", "acme", "--json")).json
    assert "running" == of_acme["task"]["status"]
    assert of_acme["task"]["machine"] == of_acme["lease"]["machine"]
    assert 0 == (await running).status
    told = await cluster.office.type("status", "--json")
    assert ["done", "done"] == [each["task"]["status"] for each in told.json["accounts"]]
    assert [None, None] == [each["lease"] for each in told.json["accounts"]]
    assert told.json["next"].endswith(" --cluster")


async def test_who_follows_may_go_away_and_is_told_how_to_come_back(cluster: Cluster):
    following = await cluster.office.start("run", "--cluster")
    await cluster.until(Status.WAITING, account="bravo")
    following.send_signal(signal.SIGINT)
    told = await heard(following)
    assert 130 == told.status
    told_lines = told.err.splitlines()
    for command in (f"run {cluster.office.job_file} --cluster", f"stop {cluster.office.job_file}"):
        assert any(line.endswith(f"type: bulk-onboard {command}") for line in told_lines), (
            "to be pasted to the line's end"
        )
    assert "No worker is alive" in told.err
    assert Status.WAITING is cluster.place().task.status


async def test_who_hands_over_what_is_being_stopped_is_told_to_do_it_again(cluster: Cluster):
    first = await cluster.follow()
    await cluster.until(Status.WAITING, account="bravo")
    cluster.database.execute("update bulk_onboard.task set is_to_stop = true")  # as while a worker ends them
    second = await cluster.office.start("run", "--cluster", "--limit", "7")
    assert second.stderr is not None
    said = [(await second.stderr.readline()).decode() for _ in range(3)]
    cluster.start()
    assert 130 == (await heard(second)).status == (await first).status
    assert "To be stopped" in said[1]
    assert "No worker is alive" in said[2]


async def test_status_says_nothing_of_an_end_that_is_over(cluster: Cluster):
    """As of the last worker, which handed its accounts back when it was asked to end."""
    cluster.database.execute(
        """insert into bulk_onboard.task
        (account, job_id, status, job_file, name, flags, since, handed_over_at, machine, tries, sentence)
        values ('businesses.acme', 0, 'running', %s, 'acme', '{}', 0, now(), 'web1:7', 2, 'Stopped. Run again.')""",
        str(cluster.office.job_file),
    )
    told = await cluster.office.type("status", "--account", "acme")
    assert "Stopped." not in told.out + told.err
    assert "With web1:7, which gives no sign of life" in told.out
    assert (await cluster.office.type("status", "--account", "acme", "--json")).json["task"]["is_silent"]


async def test_a_worker_that_was_asked_to_end_has_done_what_it_was_asked(cluster: Cluster):
    worker = await start("worker", "--store", cluster.database.address, cwd=cluster.office.folder)
    assert worker.stderr is not None
    assert "Working for up to 50 accounts" in (await worker.stderr.readline()).decode()
    worker.send_signal(signal.SIGTERM)
    assert 0 == (await heard(worker)).status


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "export BULK_ONBOARD_STORE"),
        (("--store", "file"), "needs a database that all machines see"),
        (("--store", "postgresql://u:secret@127.0.0.1/db"), "a password does not belong here"),
        (("--store", "postgresql://127.0.0.1:1/db"), "Nobody answers"),
    ],
)
async def test_a_worker_that_cannot_begin_says_why(tmp_path: Path, words: tuple[str, ...], sentence: str):
    told = await typed("worker", *words, cwd=tmp_path)
    assert (4 if "Nobody" in sentence else 2) == told.status
    assert sentence in told.err
    assert "secret" not in told.err


async def test_a_database_that_is_not_set_up_is_refused_with_the_command_that_does_it(
    postgres: Database, tmp_path: Path
):
    told = await typed("worker", "--store", postgres.address, cwd=tmp_path)
    assert 2 == told.status
    assert f"bulk-onboard store setup {postgres.address}" in told.err
    assert 0 == (await typed("store", "setup", postgres.address, cwd=tmp_path)).status
    async with opened(postgres.address):
        pass
