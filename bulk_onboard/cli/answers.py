"""What each verb prints with `--json`, as types; the JSON Schemas of `bulk_onboard/schemas/` are made of them.

`scripts/write_schemas.py` writes these files. A verb itself makes a plain dict, and tests hold every object that a verb
prints against its schema, which allows no member but those here.

Paths are texts. What is None in an object is null; a member with `UNSET` as its default may be missing.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

Counts: TypeAlias = dict[str, Annotated[int, Meta(ge=0)]]
Count: TypeAlias = Annotated[int, Meta(ge=0)]
ExitStatus: TypeAlias = Annotated[int, Meta(description="What it returned: docs/when_a_run_stops.md, Exit statuses.")]
Name: TypeAlias = Annotated[str, Meta(description="The account's name in the job file.")]
Next: TypeAlias = Annotated[str, Meta(description="The command to type next.")]
Error: TypeAlias = Annotated[str, Meta(description="What stopped it, for people.")]
Requirements: TypeAlias = Annotated[str, Meta(description="Where the requirements come from, in words.")]
ByState: TypeAlias = Annotated[Counts, Meta(description="Rows by state, zeros included; all but `rows` add up to it.")]
ReportOverAll: TypeAlias = Annotated[
    str | None, Meta(description="The report over all accounts; null where some were picked.")
]
ByReview: TypeAlias = Annotated[Counts, Meta(description="Submitted rows by review, zeros included.")]


class Answer(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What all answers have."""

    exit_status: ExitStatus


class Part(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of an answer."""


class Failure(Answer):
    """What kept a verb from answering; of any verb."""

    error: Error


class FailedAccount(Answer):
    """An account that could not be told of, where there are several."""

    account: Name
    error: Error


class Finding(Part):
    """One thing that is wrong, or worth a warning."""

    code: str
    title: str
    severity: str
    sheet: str
    row: Annotated[int, Meta(description="The number that Excel shows.")]
    column: str
    seen: Annotated[str, Meta(description="The cell's text, masked where it is sensitive.")]
    problem: str
    fix: str


Unassigned: TypeAlias = Annotated[list[Finding], Meta(description="What is wrong with the rows that are no account's.")]


class Check(Answer):
    """`check`."""

    requirements: Requirements
    contract: str
    counts: ByState
    findings: list[Finding]
    convertible: Annotated[int, Meta(description="Documents that `convert` could make acceptable.")]
    annotated: Annotated[str | None, Meta(description="The copy of the workbook with the errors marked.")]
    next: Next


class CheckOfAccount(Check, kw_only=True):
    """`check`, of one of several accounts."""

    account: Name


class CheckOfAll(Answer):
    """`check` of several accounts; the counts are sums over all of them, and rows that are no account's."""

    accounts: list[CheckOfAccount]
    failed: list[FailedAccount]
    unassigned: Unassigned
    counts: ByState
    convertible: Count
    annotated: Annotated[list[str], Meta(description="The copies of the workbooks with the errors marked.")]
    next: Next


class Explained(Answer):
    """`check --explain CODE`."""

    code: str
    title: str
    severity: str
    may_be_ruled: bool
    ruling: Annotated[str | None, Meta(description="What the job file says of it.")]
    problem: str
    fix: str


class Forecast(Part):
    """What a run would cost."""

    requests: Count
    bytes: Count
    duration_s: Annotated[float | None, Meta(description="At least, at the quota; null without a quota.")]


class Decision(Part):
    """What a run would do for one row."""

    row: int
    key: str
    action: str
    reason: str
    numbers: list[str]


class Plan(Answer):
    """`plan`."""

    requirements: Requirements
    contract: str
    workbook: str
    counts: ByState
    actions: Counts
    forecast: Forecast
    decisions: list[Decision]
    next: Next


class PlanOfAccount(Plan, kw_only=True):
    """`plan`, of one of several accounts."""

    account: Name


class PlanOfAll(Answer):
    """`plan` of several accounts: requests add up, the account that takes longest counts, and so do rows of none."""

    accounts: list[PlanOfAccount]
    failed: list[FailedAccount]
    unassigned: Unassigned
    counts: ByState
    actions: Counts
    forecast: Forecast
    next: Next


class Attention(Part):
    """How many rows need attention for one kind of reason."""

    what: str
    why: str
    rows: Count


class Duplicate(Part):
    """A business that is at the API more than once."""

    token: str
    compliance_ids: list[str]
    deletable: list[str]


class Run(Answer):
    """`run` and `resume`."""

    run_id: Annotated[str, Meta(description="Empty where there was nothing to do.")]
    counts: ByState
    reviews: ByReview
    need_attention: Count
    new: Annotated[int, Meta(description="How many of these nobody was told of before.")]
    older: Annotated[int, Meta(description="Rows that are older than what was sent since.")]
    drift: Annotated[Counts, Meta(description="Where workbook and API say different things.")]
    requests: Annotated[Counts, Meta(description="By operation and outcome.")]
    workbook: str
    ledger: str
    figures: Annotated[Counts, Meta(description="Done, waiting, needs us and the like: they add up.")]
    attention: list[Attention]
    report: str | None
    reports: Annotated[dict[str, str], Meta(description="The files of the report, by format.")]
    annotated: str | None
    next: Next
    sent: Annotated[int, Meta(description="Records that this run created.")]
    adopted: Annotated[int, Meta(description="Records that it found at the API.")]
    audited: Annotated[bool, Meta(description="Whether all that was sent was looked through for duplicates.")]
    duplicates: list[Duplicate]
    error: Error | UnsetType = UNSET


class RunOfAccount(Run, kw_only=True):
    """`run` and `resume`, of one of several accounts."""

    account: Name


class RunOfAll(Answer):
    """`run` and `resume` of several accounts; the counts are sums over all of them."""

    accounts: list[RunOfAccount]
    counts: ByState
    reviews: ByReview
    need_attention: Count
    new: Count
    older: Count
    drift: Counts
    requests: Counts
    figures: Counts
    attention: list[Attention]
    unassigned: Unassigned
    annotated: Annotated[list[str], Meta(description="The marked copies of workbooks that accounts share.")]
    report: ReportOverAll
    reports: dict[str, str]
    next: Next
    sent: Count
    adopted: Count
    audited: Annotated[bool, Meta(description="Whether every account was looked through for duplicates.")]
    duplicates: list[Duplicate]
    error: Error | UnsetType = UNSET


class _Refreshed(Answer):
    """What `refresh` says of one account, and of all together."""

    records: Count
    changed: Count
    not_shown: Count
    gone: Count
    reviews: ByReview
    need_attention: Count
    requests: Counts


class Refresh(_Refreshed):
    """`refresh`."""

    ledger: str
    report: str


class RefreshOfAccount(_Refreshed):
    """`refresh`, of one of several accounts."""

    account: Name
    ledger: str
    report: str | None


class RefreshOfAll(_Refreshed):
    """`refresh` of several accounts; those without a ledger are left out."""

    accounts: list[RefreshOfAccount]
    failed: list[FailedAccount]
    report: ReportOverAll


class Task(Part):
    """An account that was handed over to workers."""

    status: Annotated[str, Meta(description="waiting, running, to be tried again, done, failed or stopped.")]
    machine: Annotated[str, Meta(description="Host and process of the worker that runs it, or did last; else empty.")]
    is_silent: Annotated[bool, Meta(description="Whether it runs, and that worker gives no sign of life.")]
    tries: Count
    in_vain: Annotated[int, Meta(ge=0, description="How many tries in a row got nothing done.")]
    again_at: Annotated[str | None, Meta(description="When it is tried again at the earliest.")]
    last_exit_status: Annotated[int | None, Meta(description="How the last try ended; null before that.")]
    why: Annotated[str, Meta(description="What ended that before its end; else empty.")]


class Lease(Part):
    """Who has a ledger open."""

    machine: str
    until: Annotated[str, Meta(description="When the lease is over, unless it is prolonged.")]


class Status(Answer):
    """`status`."""

    counts: ByState
    not_taken_in: Annotated[int, Meta(ge=0, description="Rows that the newest run left for a later one.")]
    reviews: Counts
    runs: Count
    ledger: str
    next: str | None
    task: Annotated[Task | UnsetType | None, Meta(description="Of ledgers in a database; null: not handed over.")] = (
        UNSET
    )
    lease: Annotated[Lease | UnsetType | None, Meta(description="Of ledgers in a database; null: nobody's.")] = UNSET


class StatusOfAccount(Status, kw_only=True):
    """`status`, of one of several accounts."""

    account: Name


class StatusOfAll(Answer):
    """`status` of several accounts; the counts are sums over all of them."""

    accounts: list[StatusOfAccount]
    failed: list[FailedAccount]
    counts: ByState
    not_taken_in: Count
    reviews: Counts
    next: str | None


class Stop(Answer):
    """`stop`: what became of each account, by name; a job without accounts has one without a name."""

    taken_back: Annotated[list[str], Meta(description="No worker had begun it, or it waited for another try.")]
    ending: Annotated[list[str], Meta(description="A worker runs it, and lets calls in flight finish.")]
    idle: Annotated[list[str], Meta(description="It was not with workers.")]


class Listed(Part):
    """A record, with what is to be done."""

    row: Annotated[int | None, Meta(description="Null where the workbook is not at hand.")]
    key: Annotated[str, Meta(description="The row's Key; without one ~ and the token.")]
    name: str
    state: str
    review: str
    why: str
    to_do: str


class StatusOfSome(Answer):
    """`status --failed` and the like: the records that fit."""

    records: list[Listed]
    fit: Annotated[int, Meta(ge=0, description="How many records fit; `records` may have fewer.")]
    of: Count
    ledger: str


class ListedOfAccount(Listed, kw_only=True):
    """A record of one of several accounts."""

    account: Name


class StatusOfSomeOfAll(Answer):
    """`status --failed` and the like, of several accounts."""

    records: list[ListedOfAccount]
    fit: Count
    of: Count
    failed: list[FailedAccount]


class Stray(Part):
    """A record of the account that no row has."""

    compliance_id: str
    alias: str
    review: str
    origin: str


class Account(Answer):
    """`status --not-in-workbook`."""

    records: Count
    origins: Counts
    not_in_sheet: list[Stray]


class Report(Answer):
    """`report`."""

    counts: ByState
    reviews: ByReview
    ledger: str
    report: str
    reports: dict[str, str]
    next: Next


class ReportOfAccount(Part):
    """What `report` wrote about one account."""

    account: str
    counts: ByState
    reviews: ByReview
    ledger: str
    reports: Annotated[dict[str, str], Meta(description="Its own report, by format; empty where it has none.")]
    error: Annotated[str, Meta(description="What is missing of it, and why.")] | UnsetType = UNSET


class ReportOfAll(Answer):
    """`report` of several accounts."""

    counts: ByState
    reviews: ByReview
    report: ReportOverAll
    reports: Annotated[dict[str, str], Meta(description="The report over all accounts, by format.")]
    accounts: list[ReportOfAccount]
    next: Next


class ReportFile(Answer):
    """`report --output`."""

    report: str
    reports: Annotated[dict[str, str], Meta(description="The one file, by its format.")]
    ledger: Annotated[str, Meta(description="Missing where the report is over several accounts.")] | UnsetType = UNSET


class FailedRows(Answer):
    """`report --failed-rows`."""

    rows: Annotated[int, Meta(ge=0, description="How many rows need attention.")]
    failed_rows: Annotated[str | None, Meta(description="The workbook; null where no row needs attention.")]
    next: Annotated[str | None, Meta(description="The command to type once the workbook is back.")]


class Merge(Answer):
    """`merge`, and `run` where somebody let it merge first."""

    copy: str
    workbook: str
    kept: Annotated[str | None, Meta(description="Where the old workbook is.")]
    rows: Count
    cells: Count
    left: list[str]
    notes: list[str]
    job_file_line: str
    next: Next


class Use(Part):
    """A cell that names a document."""

    row: int
    key: str
    column: str


class Document(Part):
    """A document that was to be converted."""

    uses: list[Use]
    document: str
    copy: str | None
    pages: int | None
    done: str | None
    new: bool
    why_not: str | None


class Convert(Answer):
    """`convert`."""

    requirements: Requirements
    contract: str
    converted: Count
    had_copies: Count
    not_converted: Count
    removed: Any
    documents: list[Document]
    folder: str | None
    list: str | None
    contact_sheet: str | None
    next: Next


class ConvertOfAccount(Convert, kw_only=True):
    """`convert`, of one of several accounts."""

    account: Name


class ConvertOfAll(Answer):
    """`convert` of several accounts."""

    accounts: list[ConvertOfAccount]
    failed: list[FailedAccount]
    converted: Count
    had_copies: Count
    not_converted: Count
    next: Next


class LeftAsItIs(Part):
    """A record that cannot be settled so, and why."""

    name: Annotated[str, Meta(description="As it was typed.")]
    why: str


class Settled(Part):
    """A record as it is now."""

    token: str
    key: str
    state: str


class Resolved(Answer):
    """`resolve` with an answer."""

    records: list[Settled]
    left: list[LeftAsItIs]
    report: str
    next: Next


class Question(Part):
    """What the API has of a record, and what can be said."""

    token: str
    key: str
    state: str
    reason: str
    found: list[str]
    answers: Annotated[list[str], Meta(description="Each as the command to type.")]


class Questions(Answer):
    """`resolve` without an answer."""

    records: list[Question]
    left: list[LeftAsItIs]


class Deleted(Part):
    """A record that was to be deleted."""

    token: str
    key: str
    compliance_id: str
    review: str
    deleted: bool
    why_not: str


class Delete(Answer):
    """`undo` and `delete`."""

    done: bool
    deleted: Count
    records: list[Deleted]
    error: Error | UnsetType = UNSET


class Look(Part):
    """One thing that the doctor looked at."""

    about: str
    sign: str
    found: str
    to_do: str | None


class Doctor(Answer):
    """`doctor`."""

    problems: Count
    checks: list[Look]


class DoctorOfAccount(Part):
    """What is not alike in all accounts, of one of them."""

    account: Name
    problems: Count
    checks: list[Look]


class DoctorOfAll(Answer):
    """`doctor` of several accounts; `checks` is what is alike in all of them."""

    problems: Count
    checks: list[Look]
    accounts: list[DoctorOfAccount]


class Missing(Part):
    """A record that the API does not show."""

    token: str
    compliance_id: str


class Renamed(Part):
    """A record that has another alias at the API."""

    token: str
    compliance_id: str
    alias: str


class Extra(Part):
    """A record of the account that the ledger does not have."""

    compliance_id: str
    alias: str


class Compared(Part):
    """The account beside the ledger."""

    missing: list[Missing]
    renamed: list[Renamed]
    duplicates: list[Duplicate]
    extra: list[Extra]


class Verify(Answer):
    """`ledger verify`."""

    ledger: str
    verdict: str
    lines: Count
    counts: Counts
    problems: list[str]
    server: Compared | UnsetType = UNSET


class SentFile(Part):
    """A document as it was sent."""

    type: str
    sha256: str
    size: Count


class Line(Part):
    """One thing that happened to a record."""

    at: str
    entry: str
    op: str
    attempt: Count
    words: str
    api_id: str
    compliance_id: str
    state: str
    documents: list[SentFile]


class TodaysFile(Part):
    """A document as it was sent, and as it is today; digests are SHA-256."""

    type: str
    sent: str
    today: str
    same: bool


class Today(Part):
    """A record beside the API and today's files."""

    found: bool
    alias: str
    review: str
    differences: list[str]
    files: list[TodaysFile]
    no_files: str


class Story(Part):
    """What happened to one record."""

    token: str
    key: str
    state: str
    review: str
    compliance_id: str
    alias: str
    entries: list[Line]
    today: Today | UnsetType = UNSET


class Show(Answer):
    """`ledger show`."""

    records: list[Story]


class Lines(Part):
    """How many lines of the ledger were kept, and the numbers of the others."""

    kept: Count
    lost: list[int]
    illegal: list[int]


class Repair(Answer):
    """`ledger repair`."""

    ledger: str
    kept_as: str | None
    lines: Lines
    all_in_doubt: bool
    doubted: Annotated[dict[str, list[str]], Meta(description="Keys or tokens of rows in doubt, by state.")]


class Rebuild(Answer):
    """`ledger rebuild`."""

    ledger: str
    rows: Count
    adopted: Count
    held: Count
    next: Next


class Exported(Answer):
    """`ledger export`."""

    ledger: str
    file: str
    lines: Count


class Imported(Answer):
    """`ledger import`."""

    ledger: str
    file: Annotated[str, Meta(description="What it was read from; where that was put aside, its new name.")]
    lines: Count
    kept_as: Annotated[str | None, Meta(description="The damaged ledger that gave way to it, by its new name.")]
    next: Next


class File(Part):
    """A file of the job."""

    file: str
    kind: str
    holds: str
    personal_data: bool


class Purge(Answer):
    """`purge`."""

    done: bool
    files: list[File]
    kept: list[File]


class Listen(Answer):
    """`listen`, once it has ended."""

    received: Count
    refused: Count
    unknown: Count
    read: Count
    changed: Count
    waiting: Count
    error: Error | UnsetType = UNSET


class ListenOfAccount(Part):
    """`listen`, of one of several accounts."""

    account: Name
    received: Count
    refused: Count
    unknown: Count
    read: Count
    changed: Count
    waiting: Count
    error: Error | UnsetType = UNSET


class ListenOfAll(Answer):
    """`listen` of several accounts; what came to no account's path counts as received and refused."""

    accounts: list[ListenOfAccount]
    received: Count
    refused: Count
    unknown: Count
    read: Count
    changed: Count
    waiting: Count


class Serve(Answer):
    """`serve`, once it has ended."""

    ledger: str


class Field(Part):
    """A field that the API asks for."""

    name: str
    label: str
    required: bool
    min_length: int | None
    max_length: int | None
    type: str
    format: str
    choices: list[str]


class RequiredDocument(Part):
    """A document that the API asks for."""

    type: str
    title: str
    kinds: list[str]
    needs_file: bool
    fields: list[Field]


class Offered(Part):
    """What the API asks for of one country, number type and user type."""

    country_iso: str
    number_type: str
    user_type: str
    review_days: Any
    fields: list[Field]
    documents: list[RequiredDocument]


class Required(Answer):
    """`requirements`."""

    requirements: Requirements
    contract: str
    offered: list[Offered]


class Template(Answer):
    """`template`."""

    requirements: Requirements
    contract: str
    template: str
    next: Next


class Init(Answer):
    """`init`."""

    contract: str
    job: str
    workbook: str
    documents: str
    next: Next


class StoreSetUp(Answer):
    """`store setup`."""

    store: str


class Expected(Part):
    """Between which days the reviews are expected."""

    first: str
    last: str


class Outcome(Part):
    """How many rows have come to the same end so far."""

    name: str
    rows: Count
    part: str


class Problem(Part):
    """How many findings there are of one kind."""

    code: str
    severity: str
    title: str
    findings: Count


class RunOfSummary(Part):
    """One run; what it has not written down is null."""

    run_id: str
    began_at: str
    ended_at: str | None
    exit_status: int | None
    requests: Counts | None


class Used(Part):
    """Requests of a minute, or less."""

    at: str
    requests: Count
    writes: Count
    throttled: Count


class Sums(Part):
    """What rows come to."""

    figures: Counts
    sentence: str
    outcomes: list[Outcome]
    attention: list[Attention]
    counts: ByState
    reviews: ByReview
    problems: list[Problem]


class _OfOne(Sums):
    """What a summary has of one job, or of one account."""

    made_at: str
    workbook: str
    has_workbook: bool
    account: Annotated[str | None, Meta(description="Its auth_id.")]
    api: str | None
    checked_against: str | None
    expected_reviews: Expected | None
    runs: list[RunOfSummary]
    quota: str | None
    requests: list[Used]
    next: str


class Summary(_OfOne):
    """`summary.json` of a report."""

    schema: str


class SummaryOfAccount(_OfOne):
    """What the `summary.json` over all accounts has of one of them."""

    name: Annotated[str, Meta(description="As the job file has it.")]
    ended: Annotated[str | None, Meta(description="What ended it or kept it from beginning, or is missing of it.")]
    ledger_readable: Annotated[bool, Meta(description="Whether it is known what was sent; else each row needs us.")]
    reports: Annotated[dict[str, str], Meta(description="Its own report, by format, as seen from this file's folder.")]


class SummaryOverAll(Sums):
    """`summary.json` of the report over all accounts: sums of `accounts` and of `no_account`."""

    schema: str
    made_at: str
    workbook: str
    has_workbook: bool
    expected_reviews: Expected | None
    accounts: list[SummaryOfAccount]
    no_account: Annotated[Sums | None, Meta(description="The rows of no account; null where there are none.")]
    next: str


ANSWERS: Mapping[str, tuple[type[Answer], ...]] = {
    "init": (Init,),
    "template": (Template,),
    "requirements": (Required,),
    "check": (Check, CheckOfAll, Explained),
    "plan": (Plan, PlanOfAll),
    "run": (Run, RunOfAll, Merge),
    "status": (Status, StatusOfAll, StatusOfSome, StatusOfSomeOfAll, Account),
    "stop": (Stop,),
    "report": (Report, ReportOfAll, ReportFile, FailedRows),
    "merge": (Merge,),
    "convert": (Convert, ConvertOfAll),
    "resolve": (Resolved, Questions),
    "resume": (Run, RunOfAll, Merge),
    "undo": (Delete,),
    "delete": (Delete,),
    "doctor": (Doctor, DoctorOfAll),
    "refresh": (Refresh, RefreshOfAll),
    "ledger show": (Show,),
    "ledger verify": (Verify,),
    "ledger repair": (Repair,),
    "ledger rebuild": (Rebuild,),
    "ledger export": (Exported,),
    "ledger import": (Imported,),
    "purge": (Purge,),
    "store setup": (StoreSetUp,),
    "serve": (Serve,),
    "listen": (Listen, ListenOfAll),
}
"""The forms of each verb's object; `Failure` is one of every verb."""

FILES: Mapping[str, tuple[type[Part], ...]] = {"summary.json": (Summary, SummaryOverAll)}
"""Files of JSON that runs write."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schemas by the names of their files."""
    made = {f"{verb.replace(' ', '-')}.json": _schema((*forms, Failure), verb) for verb, forms in ANSWERS.items()}
    return made | {name: _schema(forms, name) for name, forms in FILES.items()}


def _schema(forms: tuple[type[msgspec.Struct], ...], title: str) -> dict[str, Any]:
    references, parts = msgspec.json.schema_components(forms, ref_template="#/$defs/{name}")
    one = references[0] if len(references) == 1 else {"anyOf": list(references)}
    return {"$schema": _DIALECT, "title": title, **one, "$defs": parts}
