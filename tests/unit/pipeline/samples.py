"""Invented rows, the calls and entries they lead to, and one outcome of each kind."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bulk_onboard.model import entry as entries
from bulk_onboard.model import outcome as outcomes
from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.call import Create, ServerRecord
from bulk_onboard.model.entry import Op
from bulk_onboard.model.outcome import Outcome
from bulk_onboard.model.plan import Action, Decision, Forecast, Identity, Plan, Scope
from bulk_onboard.model.record import Record
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.planning.decide import decide
from tests.support.businesses import document, sha256
from tests.support.journals import MemoryJournal

LOCAL = Combination("IN", "local", "business")
NUMBER = "911140000000"
DOCUMENT_TYPES = ("identity_proof", "address_proof", "business_registration")

OUTCOMES: Mapping[str, Outcome[Any]] = {
    "done": outcomes.Done(value="5f0f6c5e-0000-4000-8000-000000000001", api_id="api-1"),
    "refused": outcomes.Refused(code="invalid", message="postal code is not valid", http_status=422),
    "throttled": outcomes.Throttled(quota=outcomes.QuotaHeaders(retry_after_s=7.0)),
    "unavailable": outcomes.Unavailable(why="ClientConnectorError"),
    "unresolved": outcomes.Unresolved(seen="HTTP 502"),
    "denied": outcomes.Denied(http_status=401),
    "withheld": outcomes.Withheld(code="document-changed", document_type="identity_proof"),
}


def token(number: int) -> str:
    """The token of the n-th row."""
    return f"abcdefgh2345{number:04d}".translate(str.maketrans("0189", "wxyz"))


def compliance_id(number: int) -> str:
    return f"5f0f6c5e-0000-4000-8000-{number:012d}"


def alias(number: int) -> str:
    return f"K-{number:04d} ~{token(number)}"


def identity(number: int) -> Identity:
    return Identity(f"key|K-{number:04d}", f"K-{number:04d}", token(number), alias(number))


def content(document_type: str) -> bytes:
    """The bytes of every row's document of a type."""
    return document(f"{document_type}.pdf")


def application(number: int = 1, **fields: str) -> Application:
    """What the API is to be told about the n-th row; `fields` replaces some of it."""
    documents = tuple(
        Document(name, Path(f"{number}/{name}.pdf"), len(content(name)), sha256(content(name)), "application/pdf")
        for name in DOCUMENT_TYPES
    )
    usual = {
        "business_name": f"Invented Traders {number}",
        "registration_number": f"U72200KA2020PTC{number:06d}",
        "email": f"desk{number}@example.com",
        "address.line1": f"{number} Sample Road",
        "address.city": "Bengaluru",
        "address.state": "Karnataka",
        "address.postal_code": "560001",
        "address.country": "IN",
    }
    return Application(LOCAL, usual | fields, documents)


def create(number: int = 1, **changes: Any) -> Create:
    """The first create of the n-th row, as the runner makes it: without the documents' bytes."""
    call = Create(
        token=token(number),
        key=f"K-{number:04d}",
        alias=alias(number),
        application=application(number),
        fingerprint="now",
    )
    return replace(call, **changes)


def server_record(number: int = 1, **changes: Any) -> ServerRecord:
    """What the API shows of the n-th row's record when it is not expanded."""
    usual = {"compliance_id": compliance_id(number), "alias": alias(number), "review": "pending"}
    return ServerRecord(**(usual | changes))


def expanded(number: int = 1, **changes: Any) -> ServerRecord:
    """The same with its contents."""
    fields = application(number).fields
    return server_record(
        number,
        **{
            "name": fields["business_name"],
            "registration_number": fields["registration_number"],
            "documents": len(DOCUMENT_TYPES),
            **changes,
        },
    )


def judged(number: int, fingerprint: str = "now") -> JudgedRow:
    """A valid row."""
    row = Row("Businesses", number + 1, LOCAL, {"key": f"K-{number:04d}"})
    return JudgedRow(row, application(number), fingerprint)


def plan(*numbers: int, journal: MemoryJournal, fingerprint: str = "now") -> Plan:
    """What is due for these rows by what the journal says."""
    decisions = tuple(
        decide(judged(n, fingerprint), identity(n), journal.ledger_state.records.get(token(n)), Scope())
        for n in numbers
    )
    return Plan(decisions, Forecast())


def row_gone(number: int) -> Decision:
    """The decision for another row than the one that was sent, of the same token: it now says something else."""
    return Decision(judged(number, "another"), identity(number), Action.SETTLE, "outcome unknown")


def intent(row: int = 1, op: Op = Op.CREATE, attempt: int = 1, /, **other: str) -> entries.Intent:
    """What a row's write says before it is sent; `other` replaces some of it."""
    usual = {"alias": alias(row), "fingerprint": "now"}
    return entries.Intent(token=token(row), key=f"K-{row:04d}", op=op, attempt=attempt, **(usual | other))


def done(number: int = 1) -> entries.Done:
    return entries.Done(token=token(number), op=Op.CREATE, compliance_id=compliance_id(number))


def unresolved(number: int = 1, op: Op = Op.CREATE, *, of: str = "") -> entries.Unresolved:
    return entries.Unresolved(token=token(number), op=op, number=of, seen="HTTP 502")


def uncertain(number: int = 1) -> tuple[entries.Entry, ...]:
    """The story of a record whose create is unknown."""
    return intent(number), unresolved(number)


def doubted(op: Op, row: int = 1, /, **other: str) -> tuple[entries.Entry, ...]:
    """The story of a submitted record whose next write is unknown; `other` is told by its intent."""
    told = {"alias": "", "fingerprint": "", "compliance_id": compliance_id(row)} | other
    number = told.setdefault("number", NUMBER) if op is Op.LINK else ""
    return intent(row), done(row), intent(row, op, 1, **told), unresolved(row, op, of=number)


def record(*story: entries.Entry, number: int = 1) -> Record:
    """The record of a story; of a create that is unknown without one."""
    return MemoryJournal(*(story or uncertain(number))).ledger_state.record(token(number))


def run_started() -> entries.RunStarted:
    nothing = {"user": "", "host": "", "version": "", "workbook": "", "job": "", "requirements": "", "quota": "none"}
    return entries.RunStarted(run_id="r", settle=0.0, **nothing)
