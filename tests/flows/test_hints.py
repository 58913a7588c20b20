"""Hints are worked off: when a record is read, what of it is believed, and how the ledger keeps its one writer."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.errors import StoppedError
from bulk_onboard.job import Job, load_job
from bulk_onboard.ledger.database.store import PostgresStore
from bulk_onboard.maintenance.hints import OF_OTHERS_S, HintWorker
from bulk_onboard.model import entry as entries
from bulk_onboard.model.call import FetchRequirements, Get, ServerRecord
from bulk_onboard.model.entry import Op, Reviewed
from bulk_onboard.model.outcome import Done, Refused, Unavailable
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.requirements import Combination, Contract, Requirements
from bulk_onboard.model.store import OpenJournal
from bulk_onboard.pipeline.hints import AT_A_TIME, LOOK_EACH_S, READ_AGAIN_S
from bulk_onboard.pipeline.reviews import change_in
from tests.support.clocks import FakeClock

CREDENTIALS = Credentials("MAINVENTED0000000001", Secret("an-invented-token"))
TOKENS = [f"abcdefghijklmn{number:02d}" for number in range(2, 8)]


class Api:
    """Shows each record as it is told; `meanwhile` happens while a record is read."""

    def __init__(self) -> None:
        self.shown: dict[str, Any] = {}
        self.read: list[str] = []
        self.asked: list[Combination] = []
        self.meanwhile: Callable[[str], Awaitable[None]] | None = None

    async def send(self, call: Any) -> Any:
        if isinstance(call, FetchRequirements):
            self.asked.append(call.combination)
            return Refused(code="not_found", http_status=404)
        assert isinstance(call, Get)
        assert call.expand == ()
        self.read.append(call.compliance_id)
        if self.meanwhile:
            await self.meanwhile(call.compliance_id)
        shown = self.shown.get(call.compliance_id, Refused(code="not_found", http_status=404))
        if isinstance(shown, Exception):
            raise shown
        return Done(value=shown) if isinstance(shown, ServerRecord) else shown


class Rig:
    """A job with a ledger of submitted records, hints for it, and somebody who works them off.

    Args:
        store: as in a job file.
    """

    def __init__(self, folder: Path, store: str = "file") -> None:
        self.job: Job = load_job(folder / "job.csv", {"store": store})
        self.clock, self.api = FakeClock(), Api()
        self.hints = self.job.store.hints
        self.worker = HintWorker(self.job, credentials=CREDENTIALS, clock=self.clock, gateway=self.api)

    def opened(self) -> AbstractAsyncContextManager[OpenJournal]:
        """The ledger, owned by somebody else: a run, perhaps on another machine."""
        return self.job.store.opened(auth_id=CREDENTIALS.auth_id, clock=self.clock)

    def content(self) -> bytes:
        return b"".join(self.job.store.blocks())

    async def write(self, *told: entries.Entry) -> None:
        async with self.opened() as journal:
            for entry in told:
                await journal.append(entry)

    async def submit(self, token: str, compliance_id: str) -> None:
        alias = f"K ~{token}"
        intent = entries.Intent(token=token, op=Op.CREATE, attempt=1, alias=alias, fingerprint="f")
        await self.write(intent, entries.Done(token=token, op=Op.CREATE, compliance_id=compliance_id))
        self.api.shown[compliance_id] = ServerRecord(
            compliance_id=compliance_id, alias=alias, review_word="approved", review="approved"
        )

    def record(self, token: str = TOKENS[0]) -> Record:
        return self.job.ledger_state().record(token)

    @property
    def waiting(self) -> list[str]:
        return list(self.hints.waiting())


@pytest.fixture(params=["file", pytest.param("database", marks=pytest.mark.cluster)])
async def context(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    """On either store: what is so with a file is so with a database."""
    store = "file"
    if request.param == "database":
        store = request.getfixturevalue("postgres").address
        PostgresStore(store, tmp_path / "job.ledger.jsonl", job="job", base_url="").setup()
    made = Rig(tmp_path, store)
    await made.submit(TOKENS[0], "c1")
    return made


async def test_hint_makes_the_record_be_read_and_its_review_written(context):
    """Then it is forgotten, and there is nothing more to do."""
    context.hints.keep("c1")

    pauses = [await context.worker.work(), await context.worker.work()]

    assert "approved" == context.record().review
    assert (["c1"], []) == (context.api.read, context.waiting)
    assert [0.0, OF_OTHERS_S if context.job.database else None] == pauses  # in a database others may keep some


@pytest.mark.parametrize(("contract", "asked"), [(Contract.BETA, 0), (Contract.RELEASED, 1)])
async def test_requirements_are_asked_for_once_where_reasons_may_quote_ids_of_document_types(context, contract, asked):
    """Before the first record is read, so that people read the types' names."""
    combination = Combination("IN", "local", "business")
    await context.write(
        entries.Required(contract=contract, source="the API", offered=(Requirements(combination, (), ()),))
    )
    for _ in range(2):
        context.hints.keep("c1")
        await context.worker.work()
        context.clock.pass_time(READ_AGAIN_S)

    assert [combination] * asked == context.api.asked
    assert context.api.read


async def test_review_that_is_the_same_is_not_written_again(context):
    """The ledger stays as it is, byte for byte, and its lock is left alone."""
    await context.write(Reviewed(token=TOKENS[0], review="approved"))
    context.hints.keep("c1")
    before = context.content()

    await context.worker.work()

    assert before == context.content()
    assert [] == context.waiting


async def test_record_is_read_again_only_after_thirty_seconds(context):
    """A second hint waits its turn, and is then heeded."""
    context.hints.keep("c1")
    await context.worker.work()
    context.api.shown["c1"] = replace(context.api.shown["c1"], review="rejected", reason="Blurred.")
    context.hints.keep("c1")

    context.clock.pass_time(READ_AGAIN_S - 1)
    pause_s = await context.worker.work()
    early = context.record().review
    context.clock.pass_time(1)
    await context.worker.work()

    assert (1.0, "approved") == (pause_s, early)
    assert ("rejected", "Blurred.") == (context.record().review, context.record().review_reason)
    assert ["c1", "c1"] == context.api.read


async def test_hint_that_came_while_the_record_was_read_is_heeded(context):
    """What was read may be older than what the hint is about."""

    async def meanwhile(compliance_id: str) -> None:
        context.hints.keep(compliance_id)

    context.api.meanwhile = meanwhile
    context.hints.keep("c1")

    await context.worker.work()

    assert ["c1"] == context.waiting


async def test_nothing_is_read_while_somebody_has_the_ledger(context):
    """A run spends the quota itself, and may be about to write the id; hints wait."""
    context.hints.keep("c1")

    async with context.opened():
        pause_s = await context.worker.work()
    waited = context.waiting
    await context.worker.work()

    assert (LOOK_EACH_S, ["c1"]) == (pause_s, waited)
    assert ["c1"] == context.api.read


async def test_a_listener_never_waits_for_the_ledger(context):
    """Neither when it looks whether it is free nor when it writes: callbacks are to be answered meanwhile."""
    others = AsyncExitStack()

    async def begin_a_run(_: str) -> None:
        await others.enter_async_context(context.opened())

    context.api.meanwhile = begin_a_run
    context.hints.keep("c1")
    slept = len(context.clock.slept)
    async with context.opened():
        await context.worker.work()
    await context.worker.work()
    waited = len(context.clock.slept) - slept
    await others.aclose()

    assert 0 == waited
    assert ("pending", ["c1"]) == (context.record().review, context.waiting)


async def test_run_that_begins_while_a_record_is_read_is_not_disturbed(context):
    """The ledger is free during the reading; what was read then waits until it is free again."""
    run = AsyncExitStack()

    async def meanwhile(_: str) -> None:
        await run.enter_async_context(context.opened())  # it would raise, had the worker the ledger

    context.api.meanwhile = meanwhile
    context.hints.keep("c1")
    await context.worker.work()
    await run.aclose()
    context.api.meanwhile = None

    assert ("pending", ["c1"]) == (context.record().review, context.waiting)
    context.clock.pass_time(READ_AGAIN_S)
    await context.worker.work()
    assert ("approved", []) == (context.record().review, context.waiting)


async def test_what_was_read_is_not_written_over_what_the_ledger_learned_since(context):
    """An older answer never takes a newer one's place; the record is read again."""

    async def meanwhile(_: str) -> None:
        context.api.meanwhile = None
        await context.write(Reviewed(token=TOKENS[0], review="suspended"))

    context.api.meanwhile = meanwhile
    context.hints.keep("c1")
    await context.worker.work()

    assert ("suspended", ["c1"]) == (context.record().review, context.waiting)
    context.clock.pass_time(READ_AGAIN_S)
    await context.worker.work()
    assert "approved" == context.record().review


@pytest.mark.parametrize(
    "shown",
    [
        ServerRecord(compliance_id="c1", alias="K ~abcdefghijklmn77", review_word="approved", review="approved"),
        ServerRecord(compliance_id="c1", alias=f"K ~{TOKENS[0]}", review_word="<b>approved</b>"),
    ],
    ids=["another row's", "a word that is no review"],
)
async def test_what_is_not_believed_is_forgotten(context, shown):
    """The ledger keeps what it has; a run looks at everything anyway."""
    context.api.shown["c1"] = shown
    context.hints.keep("c1")

    await context.worker.work()

    assert ("pending", []) == (context.record().review, context.waiting)


@pytest.mark.parametrize("trouble", [Unavailable(why="ClientConnectorError"), StoppedError("Stopping.")], ids=repr)
async def test_what_could_not_be_read_waits(context, trouble):
    """Half a minute later it is tried again."""
    context.api.shown["c1"] = trouble
    context.hints.keep("c1")

    await context.worker.work()

    assert ("pending", ["c1"]) == (context.record().review, context.waiting)
    assert READ_AGAIN_S == await context.worker.work()


@pytest.mark.parametrize("context", ["file"], indirect=True)
@pytest.mark.parametrize(("age_s", "state"), [(89.0, State.SUBMITTED), (90.0, State.GONE)])
async def test_hint_for_a_record_that_the_api_has_no_more_says_that_it_is_gone(context, age_s, state):
    """Unless it is so young that the API may just be late to know it: then the hint waits. One that is back is back."""
    shown = context.api.shown.pop("c1")
    await context.clock.sleep(age_s)
    context.hints.keep("c1")

    await context.worker.work()
    found, waiting = context.record().state, context.waiting
    context.api.shown["c1"] = shown
    await context.clock.sleep(READ_AGAIN_S)
    context.hints.keep("c1")
    await context.worker.work()

    assert (state, ["c1"] if state is State.SUBMITTED else []) == (found, waiting)
    assert (State.SUBMITTED, []) == (context.record().state, context.waiting)


@pytest.mark.parametrize("context", [pytest.param("database", marks=pytest.mark.cluster)], indirect=True)
async def test_how_old_a_record_is_is_told_by_the_clock_that_stamped_it(context):
    """The database's: a listener whose own clock is a year ahead takes no young record for gone; its hint waits."""
    del context.api.shown["c1"]
    context.clock.pass_time(2 * 366 * 24 * 3600.0)
    context.hints.keep("c1")

    await context.worker.work()

    assert (State.SUBMITTED, ["c1"]) == (context.record().state, context.waiting)


async def test_hint_for_a_record_that_is_unknown_or_gone_costs_no_request(context):
    """It is counted and forgotten."""
    await context.submit(TOKENS[1], "c2")
    deleted = entries.Intent(token=TOKENS[1], op=Op.DELETE, attempt=1, alias="", fingerprint="", compliance_id="c2")
    await context.write(deleted, entries.Done(token=TOKENS[1], op=Op.DELETE, compliance_id="c2"))
    context.hints.keep("c2")
    context.hints.keep("nobody")

    await context.worker.work()

    assert State.DELETED is context.record(TOKENS[1]).state
    assert ([], []) == (context.api.read, context.waiting)
    assert 2 == context.worker.counts["unknown"]


async def test_hint_for_a_record_with_an_unknown_write_waits_until_that_is_settled(context):
    """No review can be written meanwhile, and settling does not read it."""
    update = entries.Intent(token=TOKENS[0], op=Op.UPDATE, attempt=1, alias="", fingerprint="g", compliance_id="c1")
    await context.write(update, entries.Unresolved(token=TOKENS[0], op=Op.UPDATE, seen="lost"))
    context.hints.keep("c1")

    await context.worker.work()

    assert ([], ["c1"]) == (context.api.read, context.waiting)


async def test_many_hints_are_worked_off_in_batches(context):
    """Reviews are written as they come, not only after the last."""
    for number in range(AT_A_TIME + 1):
        context.hints.keep(f"nobody-{number}")

    await context.worker.work()

    assert 1 == len(context.waiting)


async def test_without_a_ledger_nobody_is_known_and_none_is_made(tmp_path):
    """Not its lock either, which would tell the first run that somebody was here before it."""
    context = Rig(tmp_path)
    context.hints.keep("c1")

    await context.worker.work()

    assert [] == context.waiting
    assert ["job.hints"] == [path.name for path in tmp_path.iterdir()]


def test_reason_is_masked():
    """What the API's people wrote may hold personal data."""
    before = Record(token=TOKENS[0], state=State.SUBMITTED, compliance_id="c1", review="pending", key="K")
    found = ServerRecord(
        compliance_id="c1", alias=f"K ~{TOKENS[0]}", review="rejected", reason="PAN ABCDE1234F of a@b.example"
    )

    change = change_in(before, found)

    assert Reviewed(token=TOKENS[0], key="K", review="rejected", reason="PAN XXXXX0000X of …@…") == change
