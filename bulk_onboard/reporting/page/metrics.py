"""The job in numbers, in the text format of Prometheus.

No label has a Key, a name, an id of a record, or anything else that is in a row: labels are states, reviews, parts and
the job's name.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bulk_onboard import __version__
from bulk_onboard.model.record import Review, State
from bulk_onboard.reporting.figures import overview_of
from bulk_onboard.reporting.page.view import Moment
from bulk_onboard.reporting.row_status import join
from bulk_onboard.units import parse_quota

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_Labels = Mapping[str, str]
_PARTS = ("done", "waiting", "needs_us", "not_sent")
_COUNTED = {"requests": "Requests", "writes": "Requests that write", "throttled": "Throttled requests"}
_ESCAPES = {"\\": r"\\", "\n": r"\n", '"': r"\""}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without prefix, its type, what it says, and its samples."""

    name: str
    kind: str
    help: str
    samples: tuple[tuple[_Labels, float], ...]


def metrics_text(moment: Moment) -> str:
    """Return all metrics of the job; one without a sample is left out."""
    return "".join(_exposed(each) for each in _metrics(moment) if each.samples)


def _metrics(moment: Moment) -> Iterator[Metric]:
    state = moment.ledger_state
    status = join(None, state)
    figures, counts = overview_of(status).figures, Counter(each.state.value for each in status.rows)
    reviews = Counter(each.review for each in status.rows if each.review)
    newest = state.runs[-1] if state.runs else None
    quota = parse_quota(newest.started.quota) if newest else None
    usage = state.usage
    yield _one("info", "gauge", "What is watched; always 1.", 1, job=moment.job, version=__version__)
    readable = moment.is_there and not moment.trouble
    yield _one("ledger_readable", "gauge", "Whether the ledger is there and could be read to its end.", readable)
    yield _one("ledger_lines", "gauge", "Lines of the ledger that were read.", state.seq)
    yield _at("ledger_newest_line_timestamp_seconds", "When the newest line was written.", moment.newest_at)
    yield Metric("rows", "gauge", "Rows that the ledger knows, by state.", _by("state", State, counts))
    yield Metric("reviews", "gauge", "Submitted rows, by review.", _by("review", Review, reviews))
    parts = tuple(({"part": name}, float(getattr(figures, name))) for name in _PARTS)
    yield Metric("rows_by_part", "gauge", "Rows that count, by who has to do something; they add up.", parts)
    attention = status.need_attention()
    yield _one("rows_needing_attention", "gauge", "Rows that somebody must look at.", attention)
    yield _one("runs_total", "counter", "Runs that were begun.", len(state.runs))
    yield _one("run_under_way", "gauge", "Whether a run goes on.", moment.is_under_way)
    left_s = None if moment.left_s is None else round(moment.left_s, 1)
    yield _maybe("run_time_left_seconds", "How long the run under way should still take.", left_s)
    began = newest.started.at if newest else ""
    yield _at("newest_run_began_timestamp_seconds", "When the newest run began.", began)
    ended = newest.ended if newest else None
    yield _at("newest_run_ended_timestamp_seconds", "When the newest run ended.", ended.at if ended else "")
    exit_status = float(ended.exit_status) if ended else None
    yield _maybe("newest_run_exit_status", "Exit status of the newest run, if it has ended.", exit_status)
    for name, what in _COUNTED.items():
        number = sum(getattr(each, name) for each in usage)
        yield _one(f"{name}_total", "counter", f"{what} of all runs, counted once a minute.", number)
    limit, window_s = (float(quota.limit), quota.window_s) if quota else (None, None)
    yield _maybe("quota_requests", "Requests that the newest run may make in a window.", limit)
    yield _maybe("quota_window_seconds", "Length of that window.", window_s)


def _one(name: str, kind: str, text: str, value: float, **labels: str) -> Metric:
    return Metric(name, kind, text, ((labels, float(value)),))


def _maybe(name: str, text: str, value: float | None) -> Metric:
    return Metric(name, "gauge", text, () if value is None else (({}, value),))


def _at(name: str, text: str, at: str) -> Metric:
    return _maybe(name, text, datetime.fromisoformat(at).timestamp() if at else None)


def _by(label: str, known: Iterable[str], counts: Mapping[str, int]) -> tuple[tuple[_Labels, float], ...]:
    """Return a sample for each word that is known, zeros included, and for others that are there."""
    names = dict.fromkeys([*map(str, known), *sorted(counts)])
    return tuple(({label: name}, float(counts.get(name, 0))) for name in names)


def _exposed(metric: Metric) -> str:
    name = f"bulk_onboard_{metric.name}"
    lines = [f"# HELP {name} {_escaped(metric.help, quotes=False)}", f"# TYPE {name} {metric.kind}"]
    lines += [f"{name}{_labels(labels)} {_number(value)}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: _Labels) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str, *, quotes: bool = True) -> str:
    return re.sub(r'[\\\n"]' if quotes else r"[\\\n]", lambda found: _ESCAPES[found[0]], text)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
