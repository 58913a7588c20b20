"""Rows, records and a ledger state to report on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bulk_onboard.model.command import Commands
from bulk_onboard.model.entry import LedgerOpened, RunEnded, RunStarted
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.ledger_state import LedgerState, RunStory
from bulk_onboard.model.plan import Action, Decision, Identity
from bulk_onboard.model.record import Record, State
from bulk_onboard.model.requirements import Combination, Requirements, RequirementsBook
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.reporting.row_status import JobStatus, RowStatus, join
from bulk_onboard.reporting.summary import ReportFacts, Tables, make_tables

LOCAL = Combination("IN", "local", "business")


def token(number: int) -> str:
    """The token of the row of that number."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:016d}")


def finding(code: str = "field-missing", row: int = 2, **changes: object) -> Finding:
    """A finding; by default the e-mail is missing."""
    details = {"label": "Email"} if code == "field-missing" else {"other": 2, "nearest": ""}
    return Finding(**{"code": code, "sheet": "Sheet1", "row": row, "column": "Email", "details": details, **changes})


def decision(
    number: int = 2,
    *,
    key: str = "",
    cells: Mapping[str, str] | None = None,
    findings: Iterable[Finding] = (),
    duplicate_of: int | None = None,
    is_example: bool = False,
    identified: bool = True,
    fingerprint: str = "f",
) -> Decision:
    """What a plan says of one row; a duplicate has the token of its first row."""
    row = Row("Sheet1", number, LOCAL, {"business_name": f"Business {number}", "key": key, **(cells or {})})
    judged = JudgedRow(row, None, fingerprint, tuple(findings), duplicate_of, is_example)
    name = token(duplicate_of or number)
    identity = Identity(key=name, user_key=key, token=name, alias=f"~{name}") if identified else None
    return Decision(judged, identity, Action.NOTHING, "")


def record(number: int = 2, state: State = State.SUBMITTED, **changes: object) -> Record:
    """The record of the row of that number; a submitted one has what the API gave it."""
    given: dict[str, object] = {"token": token(number), "state": state}
    if state is State.SUBMITTED:
        given |= {
            "compliance_id": f"00000000-0000-4000-8000-{number:012d}",
            "review": "pending",
            "submitted_at": "2026-01-02T10:00:00.000Z",
            "sent_at": "2026-01-02T09:59:59.000Z",
            "fingerprint": "f",
            "attempts": 1,
        }
    return Record(**given | changes)


def ledger_state(*records: Record, runs: Iterable[RunStory] = ()) -> LedgerState:
    """Books that hold these records and runs."""
    opened = LedgerOpened(tool="", job="job", auth_id="MAXXXXXXXXXXXXXXXXXX", base_url="http://127.0.0.1", created="")
    return LedgerState(opened=opened, records={each.token: each for each in records}, runs=list(runs))


def run_story(at: str = "2026-01-02T09:00:00.000Z", *, exit_status: int | None = 0, seq: int = 0) -> RunStory:
    """A run that began then; it told its end unless `exit_status` is None."""
    started = RunStarted(
        at=at, seq=seq, run_id="20260102-090000", user="asha", host="ops-1", version="0.1.0", workbook="a" * 64,
        job="b" * 64, requirements="c" * 64, quota="60/min", settle=90.0,
    )  # fmt: skip
    if exit_status is None:
        return RunStory(started)
    requests = {
        "create done": 4,
        "create refused": 1,
        "create throttled": 2,
        "list throttled": 3,
        "list done": 1,
        "link refused": 2,
    }
    ended = RunEnded(
        at="2026-01-02T11:00:00.000Z", run_id=started.run_id, exit_status=exit_status, counts={}, requests=requests
    )
    return RunStory(started, ended)


def facts(**changes: object) -> ReportFacts:
    """What a report in Indian time says beside its rows; a review takes three business days."""
    requirements = RequirementsBook.of(
        "the bundled example", live=False, offered=[Requirements(LOCAL, (), (), review_days=3)]
    )
    return ReportFacts(
        **{
            "commands": Commands(job="migration.toml"),
            "workbook": "businesses.xlsx",
            "made_at": datetime(2026, 1, 2, 12, 0, tzinfo=UTC),
            "zone": ZoneInfo("Asia/Kolkata"),
            "requirements": requirements,
            **changes,
        }
    )


def status(decisions: Sequence[Decision] | None, ledger: LedgerState, found: Iterable[Finding] = ()) -> JobStatus:
    """The rows joined with the records; `found` is what the judged rows do not have themselves."""
    return join(decisions, ledger, found=found)


def row_status(row: Decision, *records: Record, found: Iterable[Finding] = ()) -> RowStatus:
    """One row joined with these records."""
    return status([row], ledger_state(*records), found).rows[0]


def tables(
    rows: Sequence[Decision] | None, ledger: LedgerState, found: Iterable[Finding] = (), **changes: object
) -> Tables:
    """The report of these rows, its facts changed as said."""
    return make_tables(status(rows, ledger, found), facts(**changes))
