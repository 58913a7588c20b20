"""Intent, then the bytes, then the outcome; and what both say of the row: nothing of its content."""

import asyncio
import threading
from dataclasses import replace

import msgspec
import pytest

from bulk_onboard.errors import StoppedError
from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Document
from bulk_onboard.model.call import Link, LinkAnswer, LinkTarget, Operation
from bulk_onboard.model.entry import Op
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.pipeline.gateways import Journaled, entries_of, intents
from tests.support.calls import ALIAS, CALLS, COMPLIANCE_ID, NUMBER, TOKEN
from tests.support.clocks import FakeClock
from tests.support.gateways import HangingGateway, ScriptedGateway
from tests.support.journals import MemoryJournal
from tests.unit.pipeline import samples
from tests.unit.pipeline.samples import DOCUMENT_TYPES, OUTCOMES, create

WRITES = [Operation.CREATE, Operation.UPDATE, Operation.LINK, Operation.DELETE]
SUBMITTED = (
    entries.Intent(token=TOKEN, op=Op.CREATE, attempt=1, alias=ALIAS, fingerprint="f"),
    entries.Done(token=TOKEN, op=Op.CREATE, compliance_id=COMPLIANCE_ID),
)
ABOUT = {"token": TOKEN, "key": "K-17"}


def read(document):
    """The bytes of a document that nobody changed."""
    return samples.content(document.type)


def journaled(inner, journal, read=read, clock=None):
    """The wrapper that is tested."""
    return Journaled(inner, journal, read, clock=clock or FakeClock())


def ready_for(operation: Operation) -> MemoryJournal:
    """A journal in which such a write of the sample record is a legal step."""
    return MemoryJournal(*(() if operation is Operation.CREATE else SUBMITTED))


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"withheld"}))
@pytest.mark.parametrize("operation", WRITES)
async def test_intent_is_written_before_the_call_and_the_outcome_after_it(operation, outcome):
    """When the inner gateway sees the write its intent is the newest entry; the outcome follows (I3)."""
    journal, seen = ready_for(operation), []
    told = OUTCOMES[outcome]
    if operation is Operation.LINK and outcome == "done":
        told = outcomes.Done(value={NUMBER: LinkAnswer(True)}, api_id="api-1")
    inner = ScriptedGateway(told, on_send=lambda call: seen.append(journal.story(TOKEN)[-1]))

    answered = await journaled(inner, journal).send(CALLS[operation])

    assert told == answered
    assert [f"intent {operation}"] == seen
    assert [f"intent {operation}", f"{outcome} {operation}"] == journal.story(TOKEN)[-2:]


@pytest.mark.parametrize("operation", sorted(set(Operation) - set(WRITES)))
async def test_reads_leave_no_trace(operation):
    """They change nothing, so there is nothing to remember."""
    journal, inner = MemoryJournal(), ScriptedGateway(OUTCOMES["unresolved"])

    await journaled(inner, journal).send(CALLS[operation])

    assert [] == journal.entries
    assert [CALLS[operation]] == inner.calls


class Disk:
    """Reads documents in `takes_s` of a clock, and notes what was read where."""

    def __init__(self, clock, takes_s=0.0):
        self.clock, self.takes_s, self.asked, self.in_the_loop = clock, takes_s, [], []

    def read(self, document):
        self.asked.append(document.type)
        self.in_the_loop.append(threading.current_thread() is threading.main_thread())
        self.clock.pass_time(self.takes_s)
        return document.type.encode()


def of_size(size):
    """A create whose documents are so large together."""
    call = create()
    each = size // len(DOCUMENT_TYPES)
    documents = tuple(msgspec.structs.replace(document, size=each) for document in call.application.documents)
    return replace(call, application=msgspec.structs.replace(call.application, documents=documents))


async def test_documents_are_read_once_in_their_order():
    """What was checked is what is sent, each under its own type."""
    clock, inner = FakeClock(), ScriptedGateway(OUTCOMES["done"])
    disk = Disk(clock)

    await journaled(inner, MemoryJournal(), disk.read, clock).send(create())

    assert list(DOCUMENT_TYPES) == disk.asked
    assert tuple(name.encode() for name in DOCUMENT_TYPES) == inner.calls[0].files


async def test_small_documents_of_a_quick_disk_are_read_in_the_loop_and_large_ones_never():
    """A thread costs more than reading a few bytes; until the disk is known to be quick nothing waits for it."""
    clock = FakeClock()
    disk = Disk(clock)
    gateway = journaled(ScriptedGateway(*[OUTCOMES["unavailable"]] * 3), MemoryJournal(), disk.read, clock)

    for size in (30_000, 30_000, 6_000_000):
        await gateway.send(of_size(size))

    a_call = len(DOCUMENT_TYPES)
    assert [False] * a_call + [True] * a_call + [False] * a_call == disk.in_the_loop


async def test_slow_disk_holds_up_the_loop_once_at_most():
    """Once a reading took long the next are left to threads, until one of them is quick again."""
    clock = FakeClock()
    disk = Disk(clock)
    gateway = journaled(ScriptedGateway(*[OUTCOMES["unavailable"]] * 5), MemoryJournal(), disk.read, clock)

    for disk.takes_s in (0.0, 0.5, 0.5, 0.0, 0.0):
        await gateway.send(of_size(30_000))

    in_the_loop = disk.in_the_loop[:: len(DOCUMENT_TYPES)]
    assert [False, True, False, False, True] == in_the_loop


@pytest.mark.parametrize("changed", DOCUMENT_TYPES)
async def test_changed_document_withholds_the_call(changed):
    """Nothing is sent and nothing written; the outcome names the document."""
    journal, inner = MemoryJournal(), ScriptedGateway()
    gateway = journaled(inner, journal, lambda d: None if d.type == changed else read(d))

    answered = await gateway.send(create())

    assert outcomes.Withheld(code="document-changed", document_type=changed) == answered
    assert ([], []) == (journal.entries, inner.calls)


async def test_cancelled_in_mid_call_leaves_the_intent_alone():
    """The outcome is unknown, so none is written; the next run finds the record uncertain."""
    journal, inner = MemoryJournal(), HangingGateway()
    sending = asyncio.create_task(journaled(inner, journal).send(create()))
    await inner.begun.wait()

    sending.cancel()
    await asyncio.wait([sending])
    left = journal.story(samples.token(1))
    await journal.append(samples.run_started())

    assert ["intent create"] == left
    assert State.UNCERTAIN is journal.ledger_state.record(samples.token(1)).state


async def test_journal_that_fails_lets_nothing_out():
    """Without an intent on disk no byte leaves."""
    journal, inner = MemoryJournal(), ScriptedGateway()
    journal.room = 0

    with pytest.raises(StoppedError):
        await journaled(inner, journal).send(create())

    assert [] == inner.calls


async def test_outcome_that_cannot_be_written_stops_the_run():
    """The bytes are gone, so the intent stands alone, and the caller learns that nothing more may be sent."""
    journal, inner = MemoryJournal(), ScriptedGateway(OUTCOMES["done"])
    journal.room = 1

    with pytest.raises(StoppedError):
        await journaled(inner, journal).send(create())

    assert ["intent create"] == journal.story(samples.token(1))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (
            Operation.CREATE,
            entries.Intent(
                token=TOKEN,
                op=Op.CREATE,
                attempt=1,
                alias=ALIAS,
                fingerprint="f" * 64,
                documents=(entries.SentDocument(type="identity_proof", sha256="0" * 64, size=8),),
            ),
        ),
        (
            Operation.UPDATE,
            entries.Intent(
                token=TOKEN,
                op=Op.UPDATE,
                attempt=1,
                alias=ALIAS,
                fingerprint="f" * 64,
                documents=(entries.SentDocument(type="identity_proof", sha256="0" * 64, size=8),),
                compliance_id=COMPLIANCE_ID,
            ),
        ),
        (
            Operation.LINK,
            entries.Intent(
                token=TOKEN,
                op=Op.LINK,
                attempt=1,
                alias="",
                fingerprint="",
                compliance_id=COMPLIANCE_ID,
                number=NUMBER,
            ),
        ),
        (
            Operation.DELETE,
            entries.Intent(token=TOKEN, op=Op.DELETE, attempt=1, alias="", fingerprint="", compliance_id=COMPLIANCE_ID),
        ),
    ],
)
def test_intent_of_each_write(operation, expected):
    """It tells what settling needs: the alias, the digests, the id."""
    assert [expected] == intents(CALLS[operation])


def test_intent_holds_nothing_of_the_row():
    """No field's value, no document's name, no byte of a document (I13)."""
    call = create(attempt=3, files=tuple(map(samples.content, DOCUMENT_TYPES)))

    line = msgspec.json.encode(intents(call)).decode()

    values = [value for value in call.application.fields.values() if len(value) > 2]
    assert [] == [text for text in (*values, "proof.pdf", "%PDF") if text in line]
    assert '"attempt":3' in line


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            outcomes.Done(value=COMPLIANCE_ID, api_id="api-1"),
            entries.Done(**ABOUT, op=Op.CREATE, compliance_id=COMPLIANCE_ID, api_id="api-1"),
        ),
        (
            outcomes.Refused(code="bad", message="no"),
            entries.Refused(**ABOUT, op=Op.CREATE, code="bad", message="no"),
        ),
        (outcomes.Throttled(), entries.Throttled(**ABOUT, op=Op.CREATE, wait_s=0.0)),
        (
            outcomes.Throttled(quota=outcomes.QuotaHeaders(remaining=0)),
            entries.Throttled(**ABOUT, op=Op.CREATE, wait_s=0.0),
        ),
        (
            outcomes.Throttled(quota=outcomes.QuotaHeaders(retry_after_s=7.0)),
            entries.Throttled(**ABOUT, op=Op.CREATE, wait_s=7.0),
        ),
        (outcomes.Unavailable(why="DNS"), entries.Unavailable(**ABOUT, op=Op.CREATE, why="DNS")),
        (outcomes.Unresolved(seen="HTTP 502"), entries.Unresolved(**ABOUT, op=Op.CREATE, seen="HTTP 502")),
        (outcomes.Denied(http_status=403), entries.Denied(**ABOUT, op=Op.CREATE, http_status=403)),
    ],
)
def test_entry_of_each_outcome(outcome, expected):
    """The ledger's words for it, about the same record and write."""
    assert [expected] == entries_of(create(**ABOUT), outcome)


def test_withheld_call_has_no_entry():
    """It was never sent: whoever wants it written down has a bug."""
    with pytest.raises(AssertionError):
        entries_of(create(), OUTCOMES["withheld"])


def test_refusal_is_masked_with_the_rows_own_values():
    """The API may echo what it was sent; the ledger does not keep it.

    See docs/security.md, Personal data.
    """
    call = create(application=samples.application(1, business_name="Nivara Sample"))
    message = "NIVARA SAMPLE at 1 Sample Road, desk1@example.com: u72200ka2020ptc000001 is known"

    (said,) = (entry.message for entry in entries_of(call, outcomes.Refused(code="bad", message=message)))

    assert "… at …, …: … is known" == said


def test_refusal_is_masked_with_the_fields_of_its_documents():
    """A day of birth or a director's name is as personal there as among the end user's fields."""
    said_of = {"born": "04/03/1987", "director": "Meena Sample"}
    sent = msgspec.structs.replace(samples.application(1), documents=(Document("card", fields=said_of),))
    message = "card: born 04/03/1987, director MEENA SAMPLE"

    (said,) = (
        entry.message for entry in entries_of(create(application=sent), outcomes.Refused(code="bad", message=message))
    )

    assert "card: born …, director …" == said


@pytest.mark.parametrize("operation", [Operation.LINK, Operation.DELETE])
def test_refusal_without_contents_is_masked_all_the_same(operation):
    """What looks like personal data is hidden in every message."""
    message = "number 911140000000 of ravi@example.in"

    (said,) = (entry.message for entry in entries_of(CALLS[operation], outcomes.Refused(code="bad", message=message)))

    assert "911140000000" not in said
    assert "ravi" not in said


# A link of many numbers.

NUMBERS = [f"91114000000{place}" for place in range(4)]
MANY = Link(targets=tuple(LinkTarget(number, COMPLIANCE_ID, TOKEN, "K-17") for number in NUMBERS))
ANSWERS = {
    NUMBERS[0]: LinkAnswer(True),
    NUMBERS[1]: LinkAnswer(False, "link-failed", "Number 911140000001 is not on your account."),
    NUMBERS[2]: LinkAnswer(None),
    NUMBERS[3]: LinkAnswer(None, "link-failed", "Number 911140000003 is not on your account."),
}


class CountedWrites(MemoryJournal):
    """A ledger that notes what is written together."""

    def __init__(self, *story):
        self.together = []
        super().__init__(*story)

    async def append_all(self, entries):
        self.together.append([entry.name() for entry in entries])
        await super().append_all(entries)


async def test_each_number_has_its_intent_and_all_of_them_are_in_one_write():
    """Before the bytes leave; so has each its outcome afterwards."""
    journal, seen = CountedWrites(*SUBMITTED), []
    inner = ScriptedGateway(outcomes.Done(value=ANSWERS), on_send=lambda call: seen.extend(journal.together))

    await journaled(inner, journal).send(MANY)

    assert [["intent"] * 4] == seen
    assert ["done", "refused", "unresolved", "unresolved"] == journal.together[-1]
    assert NUMBERS == [entry.number for entry in journal.entries[2:6]] == [e.number for e in journal.entries[6:]]
    linkages = [linking.linkage for linking in journal.ledger_state.record(TOKEN).numbers.values()]
    assert [Linkage.LINKED, Linkage.REFUSED, Linkage.UNCERTAIN, Linkage.UNCERTAIN] == linkages


async def test_what_the_report_says_is_masked_in_the_ledger_and_in_what_may_be_written_later():
    """A refusal that has to wait for settling is written down by somebody else."""
    journal = MemoryJournal(*SUBMITTED)

    answered = await journaled(ScriptedGateway(outcomes.Done(value=ANSWERS)), journal).send(MANY)

    refused = journal.ledger_state.record(TOKEN).numbers[NUMBERS[1]]
    assert Linking(Linkage.REFUSED, "Number XXXX-XXXX-0001 is not on your account.", "link-failed") == refused
    assert "Number XXXX-XXXX-0003 is not on your account." == answered.value[NUMBERS[3]].message


async def test_call_that_is_refused_as_a_whole_judges_none_of_its_numbers():
    """None of them is linked, and each is due again; a single number that is refused is refused."""
    no = outcomes.Refused(code="http-400", message="compliance_application_id is not valid", http_status=400)
    journal = MemoryJournal(*SUBMITTED)

    await journaled(ScriptedGateway(no, no), journal).send(MANY)
    due_again = dict(journal.ledger_state.record(TOKEN).numbers)
    await journaled(ScriptedGateway(no, no), journal).send(replace(MANY, targets=MANY.targets[:1]))

    assert {} == due_again
    assert {"http-400: the whole call was refused"} == {e.seen for e in journal.entries[6:10]}
    assert ["link http-400"] == [f"{e.op} {e.code}" for e in journal.entries if isinstance(e, entries.Refused)]


@pytest.mark.parametrize("outcome", ["throttled", "unavailable", "denied", "unresolved"])
async def test_call_without_an_answer_says_the_same_of_each_number(outcome):
    """Not sent: due again; unknown: to be settled, each by itself."""
    journal = MemoryJournal(*SUBMITTED)

    await journaled(ScriptedGateway(OUTCOMES[outcome]), journal).send(MANY)

    left = {linking.linkage for linking in journal.ledger_state.record(TOKEN).numbers.values()}
    assert ({Linkage.UNCERTAIN} if outcome == "unresolved" else set()) == left


async def test_killed_in_mid_call_leaves_all_its_numbers_unknown():
    """The next run settles them before it links any again."""
    journal, inner = MemoryJournal(*SUBMITTED), HangingGateway()
    sending = asyncio.create_task(journaled(inner, journal).send(MANY))
    await inner.begun.wait()

    sending.cancel()
    await asyncio.wait([sending])
    await journal.append(samples.run_started())

    numbers = journal.ledger_state.record(TOKEN).numbers
    assert [Linkage.UNCERTAIN] * 4 == [numbers[number].linkage for number in NUMBERS]
