"""The report as one object for other programs: figures, outcomes, kinds of problems, runs.

No name of a business, Key, address or other cell is in it, nor who ran what. Instants are in UTC. A change that readers
must know of gets another number in `SCHEMA`.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.reporting.figures import Overview, overview_of
from bulk_onboard.reporting.over_all import next_over_all
from bulk_onboard.reporting.row_status import JobStatus, in_order_of_review
from bulk_onboard.reporting.summary import AccountPart, Tables, expected_days, kinds_of, next_command, summed

SCHEMA = "bulk-onboard/summary/1"


def summary_data(tables: Tables) -> dict[str, Any]:
    """Return the object of `summary.json`; over all accounts it has `accounts` in place of what each has of its own."""
    return {"schema": SCHEMA, **(_over_all(tables) if tables.accounts else _of_one(tables))}


def _of_one(tables: Tables) -> dict[str, Any]:
    (status,), facts = tables.statuses, tables.facts
    commands = None if facts.redact else facts.commands
    ledger_state = status.ledger_state
    opened, runs = ledger_state.opened, ledger_state.runs
    return {
        "made_at": _utc(facts.made_at),
        "workbook": facts.workbook,
        "has_workbook": status.has_workbook,
        "account": opened.auth_id if opened else None,
        "api": opened.base_url if opened else None,
        "checked_against": facts.requirements.described if facts.requirements else None,
        **_sums(tables.overview, tables.statuses),
        "expected_reviews": _expected(expected_days(status, facts.requirements, facts.zone)),
        "runs": [
            {
                "run_id": run.started.run_id,
                "began_at": run.started.at,
                "ended_at": run.ended.at if run.ended else None,
                "exit_status": run.ended.exit_status if run.ended else None,
                "requests": run.ended.requests if run.ended else None,
            }
            for run in runs
        ],
        "quota": runs[-1].started.quota if runs else None,
        "requests": [
            {"at": _utc(each.at), "requests": each.requests, "writes": each.writes, "throttled": each.throttled}
            for each in ledger_state.usage
        ],
        "next": next_command(status, commands, continued=facts.continued) if commands else "",
    }


def _over_all(tables: Tables) -> dict[str, Any]:
    facts, parts = tables.facts, tables.accounts
    commands = None if facts.redact else facts.commands
    nobodys = [part.status for part in parts if not part.name]
    days = (expected_days(part.status, part.tables.facts.requirements, facts.zone) for part in parts)
    return {
        "made_at": _utc(facts.made_at),
        "workbook": facts.workbook,
        "has_workbook": all(part.status.has_workbook for part in parts),
        **_sums(tables.overview, tables.statuses),
        "expected_reviews": _expected(chain.from_iterable(days)),
        "accounts": [_of_account(part) for part in parts if part.name],
        "no_account": _sums(overview_of(*nobodys), nobodys) if nobodys else None,
        "next": next_over_all(parts, commands, continued=facts.continued) if commands else "",
    }


def _of_account(part: AccountPart) -> dict[str, Any]:
    """Return what is known of one account: what its own summary has, what ended it, and where its report is."""
    return {
        "name": part.name,
        "ended": part.ended or None,
        "ledger_readable": not part.status.is_unread,
        "reports": {} if part.tables.facts.redact else dict(part.reports),
        **_of_one(part.tables),
    }


def _sums(overview: Overview, statuses: Sequence[JobStatus]) -> dict[str, Any]:
    """Return what the rows come to."""
    return {
        "figures": {**overview.figures._asdict(), "counted": overview.figures.counted},
        "sentence": overview.sentence,
        "outcomes": [{"name": each.name, "rows": each.rows, "part": each.part} for each in overview.outcomes],
        "attention": [{"what": each.what, "why": each.why, "rows": each.rows} for each in overview.attention],
        "counts": summed(status.counts() for status in statuses),
        "reviews": _with_zeros([status.reviews() for status in statuses]),
        "problems": [
            {"code": code, "severity": severity, "title": CATALOGUE[code].title, "findings": number}
            for number, severity, code in kinds_of(chain.from_iterable(status.findings() for status in statuses))
        ],
    }


def _with_zeros(reviews: list[dict[str, int]]) -> dict[str, int]:
    """Return the sum of these counts; the reviews that are known come first, zeros included."""
    return dict.fromkeys(reviews[0], 0) | in_order_of_review(summed(reviews))


def _expected(days: Iterable[date]) -> dict[str, str] | None:
    expected = sorted(days)
    return {"first": expected[0].isoformat(), "last": expected[-1].isoformat()} if expected else None


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
