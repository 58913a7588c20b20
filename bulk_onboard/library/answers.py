"""What the verbs return: numbers at once, and rows, each as a DataFrame and as plain objects, when asked for.

A frame has the same columns and dtypes whatever there is, its rows in the order of the sheet. Texts are empty where
there is nothing to say, numbers and instants are missing (`<NA>`, `NaT`), instants are aware, in UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bulk_onboard.frames import Frame, typed_frame
from bulk_onboard.model.command import names_in
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.plan import Plan
from bulk_onboard.model.sheet import BUSINESS_NAME, KEY
from bulk_onboard.pipeline import finish, outputs
from bulk_onboard.pipeline.report_over_all import AccountEnd
from bulk_onboard.reporting.advice import advise
from bulk_onboard.reporting.figures import Overview, overview_of
from bulk_onboard.reporting.row_status import JobStatus as Joined
from bulk_onboard.reporting.row_status import RowStatus
from bulk_onboard.reporting.summary import next_command

FINDING_COLUMNS: Mapping[str, str] = {
    "row": "int64",
    "column": "str",
    "code": "str",
    "severity": "str",
    "title": "str",
    "seen": "str",
    "problem": "str",
    "fix": "str",
    "sheet": "str",
}
DECISION_COLUMNS: Mapping[str, str] = {
    "row": "int64",
    "key": "str",
    "action": "str",
    "reason": "str",
    "numbers": "str",
}
RESULT_COLUMNS: Mapping[str, str] = {
    "row": "Int64",
    "key": "str",
    "business_name": "str",
    "number_type": "str",
    "state": "str",
    "review": "str",
    "compliance_id": "str",
    "needs_attention": "bool",
    "reason": "str",
    "todo": "str",
    "submitted_at": "datetime64[us, UTC]",
    "attempts": "Int64",
    "numbers": "str",
}


class PlannedRow(NamedTuple):
    """What a run would do for one row.

    Attributes:
        row: its number as Excel shows it.
        key: the user's Key; empty where the row has none.
        action: `create`, `update`, `link`, `settle` or `nothing`.
        reason: why, a few words.
        numbers: the phone numbers that would be linked, in digits, with `, ` between them.
    """

    row: int
    key: str
    action: str
    reason: str
    numbers: str


class ResultRow(NamedTuple):
    """What has become of one row.

    Attributes:
        row: its number as Excel shows it; None where only its record is known.
        key: the user's Key.
        business_name: as the row has it; empty where only its record is known. Personal data.
        number_type: `local`, `mobile` or `tollfree`.
        state: of its record, or why the row stands aside (docs/design/ledger.md, A record's life).
        review: of a submitted record, such as `approved`; else empty.
        compliance_id: the API's id of the record.
        needs_attention: whether somebody must look at it.
        reason: why it is where it is, a sentence.
        todo: what to do about it, a sentence.
        submitted_at: when the API took it, aware, UTC.
        attempts: how many times it was sent, where the outcome could have been a record.
        numbers: each phone number with what became of it.
    """

    row: int | None
    key: str
    business_name: str
    number_type: str
    state: str
    review: str
    compliance_id: str
    needs_attention: bool
    reason: str
    todo: str
    submitted_at: datetime | None
    attempts: int | None
    numbers: str


def _result_rows(joined: Joined | None) -> Iterator[ResultRow]:
    if joined is None:
        return
    names = names_in(joined.ledger_state)
    for each in joined.rows:
        yield _result_row(each, names)


def _result_row(each: RowStatus, names: Mapping[str, str]) -> ResultRow:
    record, judged = each.record, each.judged
    name = names.get(record.token, "") if record else ""
    advice = advise(each, name=name)
    own_key = record.key if record and not judged else ""
    return ResultRow(
        row=judged.row.number if judged else None,
        key=judged.row.cell(KEY) if judged else own_key,
        business_name=judged.row.cell(BUSINESS_NAME) if judged else "",
        number_type=judged.row.combination.number_type if judged else "",
        state=each.state.value,
        review=str(each.review),
        compliance_id=(record.compliance_id or "") if record else "",
        needs_attention=each.needs_attention,
        reason=advice.reason,
        todo=advice.todo,
        submitted_at=datetime.fromisoformat(record.submitted_at).astimezone(UTC)
        if record and record.submitted_at
        else None,
        attempts=record.attempts if record else None,
        numbers=each.numbers_text,
    )


def _shown(numbers: Mapping[str, int]) -> str:
    """Return the numbers for people who look at an answer in a notebook: all but the zeros."""
    return ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number) or "nothing"


class _WithResults:
    """Rows with what became of them, of something that has them joined under `_joined`."""

    _joined: Joined | None

    @cached_property
    def results_list(self) -> tuple[ResultRow, ...]:
        """Every row of the sheet once, in its order; without the workbook every record."""
        return tuple(_result_rows(self._joined))

    @cached_property
    def results(self) -> Frame:
        """`results_list` as a DataFrame: the attributes of `ResultRow` are its columns, in their order."""
        return typed_frame(self.results_list, RESULT_COLUMNS)


class _WithFindings:
    """Findings, of something that has the rows joined under `_joined`."""

    _joined: Joined | None

    @cached_property
    def findings_list(self) -> tuple[Finding, ...]:
        """What is wrong, or worth a warning, in the order of the rows."""
        return tuple(self._joined.findings()) if self._joined else ()

    @cached_property
    def findings(self) -> Frame:
        """`findings_list` as a DataFrame: row, column, code, severity, title, seen (masked), problem, fix, sheet."""
        return typed_frame(self.findings_list, FINDING_COLUMNS)


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckResult(_WithFindings):
    """What a check found.

    Attributes:
        ok: whether nothing keeps a row out; warnings may be there all the same.
        rows: how many rows there are.
        counts: rows by state, zeros included; `rows` is their sum.
        requirements: by what the rows were judged, in words.
        is_live: whether these were the live requirements of the API, not the bundled example.
        contract: the form in which the API speaks, `beta` or `released`.
        annotated: the copy of the workbook with the errors marked; None where none was written.
        warnings: sentences about how it was checked.
    """

    ok: bool
    rows: int
    counts: dict[str, int]
    requirements: str
    is_live: bool
    contract: str
    annotated: Path | None = None
    warnings: tuple[str, ...] = ()
    _joined: Joined | None = None

    def __repr__(self) -> str:
        return f"<CheckResult: {_shown(self.counts)}>"


@dataclass(frozen=True, kw_only=True, repr=False)
class PlanResult(_WithFindings):
    """What a run would do.

    Attributes:
        rows: how many rows there are.
        actions: how many rows have each action, zeros included.
        requests: how many requests a run would make.
        bytes: how many bytes of documents it would send.
        duration_s: seconds that it takes at the quota at least; None without a quota.
        requirements, is_live, contract, warnings: as in `CheckResult`.
    """

    rows: int
    actions: dict[str, int]
    requests: int
    bytes: int
    duration_s: float | None
    requirements: str
    is_live: bool
    contract: str
    warnings: tuple[str, ...] = ()
    _joined: Joined | None = None
    _plan: Plan

    def __repr__(self) -> str:
        return f"<PlanResult: {_shown({'rows': self.rows, **self.actions, 'requests': self.requests})}>"

    @cached_property
    def decisions_list(self) -> tuple[PlannedRow, ...]:
        """What a run would do for each row, in their order."""
        return tuple(
            PlannedRow(
                each.judged.row.number,
                each.identity.user_key if each.identity else "",
                each.action.value,
                each.reason,
                ", ".join(each.numbers),
            )
            for each in self._plan.decisions
        )

    @cached_property
    def decisions(self) -> Frame:
        """`decisions_list` as a DataFrame: row, key, action, reason, numbers."""
        return typed_frame(self.decisions_list, DECISION_COLUMNS)


class RunResult(finish.RunResult, _WithResults, _WithFindings):
    """What a run came to, with the rows.

    Attributes:
        exit_status: what the command would end with.
        error: what stopped it before its end, an exception that is not raised; None where it finished.
        overview: done, waiting, needs us; a sentence; what needs attention by kind.
        counts: rows by state, zeros included; `rows` is their sum.
        reviews: submitted rows by review, zeros included.
        need_attention: how many rows, and records without a row, somebody must look at; `new` of them are not told yet.
        sent, adopted: how many records this run created, and how many it found at the API.
        duplicates: records that the API has more than once; `audited` and `audit` say whether that was looked for.
        reports, annotated: what was written, and where.
        ledger: the file that says what was done; `run_id` names this run in it.
        requests: how many requests there were, by operation and outcome.
        next: the command, or the call, that goes on.
        warnings: sentences that somebody should see.
    """

    @classmethod
    def of(cls, result: finish.RunResult, *, warnings: tuple[str, ...] = ()) -> "RunResult":
        """Return the result with its rows, and with these warnings, too."""
        values = {each.name: getattr(result, each.name) for each in fields(result)}
        return cls(**(values | {"warnings": (*warnings, *result.warnings)}))

    @property
    def _joined(self) -> Joined | None:  # type: ignore[override]  # it is never set
        return self.status

    @property
    def ok(self) -> bool:
        """Whether all that was due is done and no row needs anybody: exit status 0."""
        return not self.exit_status

    def __repr__(self) -> str:
        return f"<RunResult {self.exit_status.name}: {self.overview.sentence}>"


@dataclass(frozen=True, kw_only=True)
class ReportResult(_WithResults, _WithFindings):
    """A report that was written again.

    Attributes:
        files: where it is, by format.
        counts: rows by state, zeros included; `rows` is their sum.
        reviews: submitted rows by review, zeros included.
        from_ledger_alone: why the rows are missing from it; empty when they are there.
        next: the command, or the call, that goes on.
    """

    files: dict[str, Path]
    counts: dict[str, int]
    reviews: dict[str, int]
    from_ledger_alone: str
    next: str
    _joined: Joined | None = field(default=None, repr=False)

    @classmethod
    def of_account(cls, end: AccountEnd) -> "ReportResult":
        """Return the answer for one of several accounts; it has no files where it has no report of its own."""
        status = end.known.status
        return cls(
            files=dict(end.reports),
            counts=status.counts(),
            reviews=status.reviews(),
            from_ledger_alone=end.known.why,
            next=next_command(status, end.job.commands),
            _joined=status,
        )

    @classmethod
    def of(cls, made: outputs.ReportResult) -> "ReportResult":
        """Return the answer for a report."""
        return cls(
            files=made.files,
            counts=made.counts,
            reviews=made.reviews,
            from_ledger_alone=made.from_ledger_alone,
            next=made.next,
            _joined=made.status,
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class JobStatus(_WithResults):
    """Where a job stands by its ledger; `results` has its records, without the names that only the workbook has.

    Attributes:
        counts: records by state, zeros included; `rows` is their sum.
        reviews: submitted records by review, zeros included.
        runs: how many runs there were.
        is_running: whether the newest run has not ended; it may have been killed.
        overview: done, waiting, needs us; a sentence; what needs attention by kind.
    """

    counts: dict[str, int]
    reviews: dict[str, int]
    runs: int
    is_running: bool
    overview: Overview
    _joined: Joined | None = None

    def __repr__(self) -> str:
        return f"<JobStatus: {self.overview.sentence}>"

    @classmethod
    def of(cls, joined: Joined) -> "JobStatus":
        """Return where a job stands."""
        runs = joined.ledger_state.runs
        return cls(
            counts=joined.counts(),
            reviews=joined.reviews(),
            runs=len(runs),
            is_running=bool(runs) and runs[-1].ended is None,
            overview=overview_of(joined),
            _joined=joined,
        )
