"""What there is to see of a job at one instant, made of its ledger alone; names come from the workbook if it is there.

A view is plain data in the words that people read. Templates put it on the page and decide nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from bulk_onboard.model.command import Commands
from bulk_onboard.model.identity import normal_user_key
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Linkage, Record, State
from bulk_onboard.reporting.advice import advise
from bulk_onboard.reporting.figures import Attention, Overview, overview_of
from bulk_onboard.reporting.page.charts import OutcomeBar, RequestsChart, outcome_bars, requests_chart
from bulk_onboard.reporting.quota_use import quota_use
from bulk_onboard.reporting.record_findings import sentence
from bulk_onboard.reporting.row_status import JobStatus, RowStatus, join, number_text
from bulk_onboard.reporting.sheets import runs_table
from bulk_onboard.reporting.summary import next_command
from bulk_onboard.reporting.table import Table, local
from bulk_onboard.units import format_count, format_duration, format_size, parse_quota

ROWS_SHOWN = 50
MATCHES_SHOWN = 20
RUNS_SHOWN = 20
DIGITS_SHOWN = 12  # of a document's digest; `ledger show` has them all
NUMBERS_SHOWN = 3  # of a row in a list


class RowName(NamedTuple):
    """What the workbook says of a record's row: its number, and the business's name."""

    row: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is known of a job at one instant.

    Attributes:
        job: the job's name.
        ledger: what the ledger is called.
        ledger_state: as far as the ledger could be read; nobody changes it meanwhile.
        is_there: whether there is a ledger now.
        trouble: what keeps the ledger from being read, else empty.
        restarted: why it was read from its beginning again, else empty.
        newest_at: instant of its newest line, as in the ledger.
        in_use: whether a process holds the ledger, as a run does.
        now: aware, UTC.
        zone: of the readers.
        left_s: seconds until the run under way is done; None where that cannot be told.
        names: of the rows by token; empty where the workbook is not at hand.
        no_names: why there are none, a sentence; empty where there are, or none were looked for yet.
        commands: what there is to type; None where it is not known what workbook goes with the ledger.
    """

    job: str
    ledger: str
    ledger_state: LedgerState
    now: datetime
    zone: tzinfo
    is_there: bool = True
    trouble: str = ""
    restarted: str = ""
    newest_at: str = ""
    in_use: bool = False
    left_s: float | None = None
    names: Mapping[str, RowName] = field(default_factory=dict)
    no_names: str = ""
    commands: Commands | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether the newest run goes on."""
        runs = self.ledger_state.runs
        return bool(runs) and runs[-1].ended is None and self.in_use


class Headline(NamedTuple):
    """What the job is doing: a tone (`going`, `ended` or `none`), a few words, and sentences."""

    tone: str
    words: str
    sentences: tuple[str, ...]


class ProgressBar(NamedTuple):
    """How many of the rows have left, and that in words."""

    done: int
    total: int
    words: str

    @property
    def percent(self) -> int:
        """Whole percent; 100 only when nothing is left."""
        return 100 * self.done // self.total if self.total else 0


_NOBODY = RowName(0, "")


class AttentionRow(NamedTuple):
    """A row, or a record whose row is not at hand, that somebody must look at."""

    token: str
    key: str
    row: int | None
    name: str
    state: str
    reason: str
    todo: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """The page, from top to bottom.

    Attributes:
        title: for the tab of the browser.
        notices: what is wrong with the ledger, or what one should know of it.
        command: to type next; empty while a run is under way, and where it is not known.
        attention_rows: the first of them; `more` says how many there are besides.
        earlier_runs: how many runs are not in `runs`, which has the newest first.
    """

    job: str
    title: str
    headline: Headline
    notices: tuple[str, ...]
    progress: ProgressBar
    overview: Overview
    outcomes: tuple[OutcomeBar, ...]
    requests: RequestsChart | None
    attention: tuple[Attention, ...]
    attention_rows: tuple[AttentionRow, ...]
    more: int
    runs: Table
    earlier_runs: int
    command: str
    names_known: bool
    no_names: str
    zone: str
    ledger: str
    newest: str


def page_view(moment: Moment) -> PageView:
    """Return what the page shows of this moment."""
    ledger_state = moment.ledger_state
    status = join(None, ledger_state)
    overview = overview_of(status)
    runs = runs_table(ledger_state, moment.zone)
    progress = progress_of(overview)
    headline = headline_of(moment, _ended_how(runs), progress)
    needing = [each for each in status.rows if each.needs_attention]
    percent = f"{progress.percent} % · " if moment.is_under_way and progress.total else ""
    return PageView(
        job=moment.job,
        title=f"{percent}{headline.words} · {moment.job}",
        headline=headline,
        notices=tuple(filter(None, (moment.trouble, moment.restarted))),
        progress=progress,
        overview=overview,
        outcomes=outcome_bars(overview.outcomes),
        requests=requests_chart(quota_use(ledger_state, moment.zone)),
        attention=overview.attention,
        attention_rows=attention_rows(needing[:ROWS_SHOWN], moment),
        more=max(0, len(needing) - ROWS_SHOWN),
        runs=_runs(runs, is_under_way=moment.is_under_way),
        earlier_runs=max(0, len(ledger_state.runs) - RUNS_SHOWN),
        command=_next(status, moment),
        names_known=bool(moment.names),
        no_names=moment.no_names,
        zone=str(moment.zone),
        ledger=moment.ledger,
        newest=_ago(moment.newest_at, moment.now, moment.zone),
    )


def headline_of(moment: Moment, how: str, progress: ProgressBar) -> Headline:
    """Return what the job is doing, by the newest run.

    Args:
        moment: what is known.
        how: how the newest run ended, in words.
        progress: of the whole job.
    """
    runs = moment.ledger_state.runs
    if not moment.is_there and not runs:
        return Headline("none", "There is no ledger yet", ("The first run makes it, and this page looks for it.",))
    if not runs:
        return Headline("none", "No run has begun", ("The ledger is there, and nothing was sent yet.",))
    started, ended = runs[-1].started, runs[-1].ended
    who = f"by {started.user} on {started.host}"
    if ended is not None:
        at = f"{_when(ended.at, moment.now, moment.zone)}{_how_long_ago(ended.at, moment.now)}"
        return Headline("ended", "No run is under way", (f"The newest run, {who}, ended {at}: {how}.",))
    begun = f"It was begun {_when(started.at, moment.now, moment.zone)} {who}."
    if moment.in_use:
        return Headline("going", "A run is under way", (_finish(moment, progress), begun))
    at = _when(started.at, moment.now, moment.zone)
    lost = (
        f"The newest run was begun {at} {who}, and has not recorded its end: it was killed, or goes on elsewhere and "
        "this is a copy of its ledger. Running again continues it."
    )
    return Headline("ended", "No run is under way", (lost,))


def _finish(moment: Moment, progress: ProgressBar) -> str:
    """Return when the run under way should be done."""
    left_s = moment.left_s
    if progress.total and progress.done == progress.total:
        return "Nothing is left to send: it looks for duplicates, links numbers, or waits for reviews."
    if moment.ledger_state.planned is None:
        return "It looks at the workbook and the account before it sends; how long it takes is not known yet."
    if left_s is None:
        return "How long it still takes cannot be told."
    started = moment.ledger_state.runs[-1].started
    quota, silent_s = parse_quota(started.quota), _seconds_since(moment.newest_at, moment.now)
    if silent_s > _SILENT_S + max(started.settle, quota.window_s if quota else 0.0):
        silence = format_duration(silent_s)
        return f"It has recorded nothing for {silence}, so it waits for the API; its terminal or log says more."
    hour = (moment.now + timedelta(seconds=left_s)).isoformat()
    return f"About {format_duration(left_s)} left, until about {_hour(hour, moment.now, moment.zone)}."


def progress_of(overview: Overview) -> ProgressBar:
    """Return how many of the rows that count a run has nothing more to do for."""
    figures = overview.figures
    total, left = figures.counted, figures.not_sent
    done = total - left
    if not total:
        return ProgressBar(0, 0, "No rows are known yet.")
    if not left:
        return ProgressBar(done, total, f"Nothing is left to send of {format_count(total, 'row')}.")
    return ProgressBar(done, total, f"{done:,} of {format_count(total, 'row')}; {left:,} still to send or look up.")


def attention_rows(rows: Iterable[RowStatus], moment: Moment) -> tuple[AttentionRow, ...]:
    """Return these rows with why they need attention and what is to be done."""
    return tuple(_attention_row(each, moment) for each in rows)


def _attention_row(status: RowStatus, moment: Moment) -> AttentionRow:
    record = status.record or status.named or Record(token="")
    advice = advise(status)
    row, name = moment.names.get(record.token, (None, ""))
    return AttentionRow(
        token=record.token,
        key=record.key or f"~{record.token}",
        row=row,
        name=name,
        state=status.review or status.state.value,
        reason="\n".join((advice.reason, *_wrong_numbers(record))),
        todo=_todo(status, advice.todo),
        command=moment.commands.resolve(record.token) if moment.commands and status.state in _ANSWERED else "",
    )


def _todo(status: RowStatus, todo: str) -> str:
    """Return what is to be done as one says it beside a page, where there are no sheets."""
    if status.state is State.INVALID:
        return "Fix the row as the report says, then run again."
    for of_sheets in (", which is on the sheet Summary", ": the column Numbers says why"):
        todo = todo.replace(of_sheets, "")
    return todo


def _wrong_numbers(record: Record) -> Iterator[str]:
    """Yield the first numbers that the API refused to link, or that are held, with the reason of each."""
    wrong = [each for each in record.numbers.items() if each[1].linkage in (Linkage.REFUSED, Linkage.HELD)]
    for number, linking in wrong[:NUMBERS_SHOWN]:
        yield sentence(number_text(number, linking), keep_case=True)
    if more := len(wrong) - len(wrong[:NUMBERS_SHOWN]):
        yield f"And {more:,} more."


_ANSWERED = frozenset({State.HELD, State.GONE, State.UNCERTAIN})


def _next(status: JobStatus, moment: Moment) -> str:
    """Return what to type next, as `status` prints it."""
    commands = moment.commands
    if commands is None or moment.is_under_way or not moment.is_there:
        return ""
    command = next_command(status, commands)
    return commands.run() if command == commands.status() else command


def _runs(table: Table, *, is_under_way: bool) -> Table:
    """Return the columns of the newest runs that tell most, the newest run first."""
    places = [place for place, header in enumerate(table.headers) if header.startswith(_RUN_COLUMNS)]
    headers = tuple(table.headers[place] for place in places)
    rows = [tuple(row[place] for place in places) for row in table.rows][: -RUNS_SHOWN - 1 : -1]
    if is_under_way:
        rows[0] = tuple(
            ("under way" if header == "Ended how" else None) if header.startswith("Ended") else cell
            for header, cell in zip(headers, rows[0], strict=True)
        )
    return Table(headers, tuple(rows))


def _ended_how(table: Table) -> str:
    """Return how the newest run ended; empty where none began."""
    *_, newest = ((), *table.rows)
    return next((str(cell) for name, cell in zip(table.headers, newest, strict=False) if name == "Ended how"), "")


_RUN_COLUMNS = ("Began", "Ended", "Requests", "Created", "Refused", "Throttled", "Who", "Host")


# One business.


class Match(NamedTuple):
    """A business that was looked for, in one line."""

    token: str
    key: str
    row: int | None
    name: str
    state: str
    review: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLineView:
    """One thing that happened to a record, in words."""

    at: str
    entry: str
    write: str
    words: str
    ids: str
    state: str
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessView:
    """What is known of one business, and what happened to its record, oldest first."""

    match: Match
    facts: tuple[tuple[str, str], ...]
    reason: str
    todo: str
    command: str
    lines: tuple[StoryLineView, ...]


def find(name: str, moment: Moment) -> list[Match]:
    """Return the businesses of this Key, token, alias, compliance id or row number, else those that have it in them.

    Names are searched, too, where the workbook is at hand. One more than is shown is enough.
    """
    wanted, key = name.strip().casefold(), normal_user_key(name)
    if not wanted:
        return []
    records = moment.ledger_state.newest_generations()

    def of_row(record: Record) -> RowName:
        return moment.names.get(record.token, _NOBODY)

    looks: tuple[Callable[[Record], bool], ...] = (
        lambda record: _is_called(record, name.strip(), key),
        lambda record: name.strip() == str(of_row(record).row),
        lambda record: wanted in record.key.casefold() or wanted in of_row(record).name.casefold(),
    )
    found = next(filter(None, ([each for each in records if fits(each)] for fits in looks)), [])
    return [match_of(each, moment) for each in found[: MATCHES_SHOWN + 1]]


def match_of(record: Record, moment: Moment) -> Match:
    """Return the line of a record."""
    row, name = moment.names.get(record.token, (None, ""))
    state = RowStatus.of(record).state.value
    return Match(record.token, record.key or f"~{record.token}", row, name, state, record.review)


def business_view(record: Record, story: Iterable[Mapping[str, Any]], moment: Moment) -> BusinessView:
    """Return what is known of a record, and its story.

    Args:
        record: as it is now.
        story: what happened to it, oldest first: of each entry what `ledger.story.StoryLine` has.
        moment: for names, commands and the time zone.
    """
    (row,) = attention_rows([RowStatus.of(record)], moment)
    facts = (
        ("State", record.state.value),
        ("Review", record.review),
        ("Compliance ID", record.compliance_id),
        ("Alias at the API", record.alias),
        ("Token", record.token),
        ("Submitted", _stamp(record.submitted_at, moment.zone)),
        ("Attempts", str(record.attempts or "")),
        ("Numbers", RowStatus.of(record).numbers_text),
    )
    lines = tuple(
        StoryLineView(
            at=_stamp(line["at"], moment.zone, seconds=True),
            entry=line["entry"].replace("_", " "),
            write=" ".join(filter(None, (line["op"], str(line["attempt"] or "")))),
            words=line["words"],
            ids="\n".join(filter(None, (line["compliance_id"], line["api_id"]))),
            state=str(line["state"]),
            documents=tuple(
                f"{each.type}, {format_size(each.size)}, {each.sha256[:DIGITS_SHOWN]}…" for each in line["documents"]
            ),
        )
        for line in story
    )
    return BusinessView(
        match=match_of(record, moment),
        facts=tuple((name, value) for name, value in facts if value),
        reason=row.reason,
        todo=row.todo,
        command=row.command,
        lines=lines,
    )


def _is_called(record: Record, name: str, key: str) -> bool:
    return name in (record.token, record.compliance_id, record.alias) or (
        bool(key) and key == normal_user_key(record.key)
    )


# Times in words.

_RECENT_S = 90
_SILENT_S = 120  # longer than a run goes without a line in its ledger, but for waits that are foreseen


def _when(at: str, now: datetime, zone: tzinfo) -> str:
    """Return an instant as `at 15:31`, on another day as `on Mon 5 Jan at 15:31`; empty for none."""
    day, _, clock = _hour(at, now, zone).rpartition(", ")
    return f"on {day} at {clock}" if day else f"at {clock}" if clock else ""


def _hour(at: str, now: datetime, zone: tzinfo) -> str:
    """Return an instant as `15:31`, on another day as `Mon 5 Jan, 15:31`; empty for none."""
    instant = local(at, zone)
    if instant is None:
        return ""
    is_today = instant.date() == now.astimezone(zone).date()
    return f"{instant:%H:%M}" if is_today else f"{instant:%a} {instant.day} {instant:%b}, {instant:%H:%M}"


def _how_long_ago(at: str, now: datetime) -> str:
    """Return `, 12 min ago`, for what is past and not just now; a day later it says no more than the date."""
    seconds = _seconds_since(at, now)
    return f", {format_duration(seconds)} ago" if _RECENT_S <= seconds < 86_400 else ""


def _seconds_since(at: str, now: datetime) -> float:
    """Return how long ago an instant was; 0 for none."""
    return (now - datetime.fromisoformat(at)).total_seconds() if at else 0.0


def _ago(at: str, now: datetime, zone: tzinfo) -> str:
    """Return when the newest line was written; empty where there is none."""
    return f"{_hour(at, now, zone)}{_how_long_ago(at, now)}" if at else ""


def _stamp(at: str, zone: tzinfo, *, seconds: bool = False) -> str:
    """Return an instant as `5 Jan 2026 15:31`; empty for none."""
    instant = local(at, zone)
    if instant is None:
        return ""
    return f"{instant.day} {instant:%b %Y %H:%M:%S}" if seconds else f"{instant.day} {instant:%b %Y %H:%M}"
