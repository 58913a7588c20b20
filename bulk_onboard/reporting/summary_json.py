"""The report as one object for other programs: figures, outcomes, kinds of problems, runs.

No name, Key, address or other cell is in it, nor who ran what. Instants are in UTC. A change that readers must know of
gets another number in `SCHEMA`.
"""

from datetime import UTC, datetime
from typing import Any

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.reporting.summary import Tables, expected_days, kinds_of, next_command

SCHEMA = "bulk-onboard/summary/1"


def summary_data(tables: Tables) -> dict[str, Any]:
    """Return the object of `summary.json`."""
    status, facts, overview = tables.status, tables.facts, tables.overview
    ledger_state = status.ledger_state
    opened, runs = ledger_state.opened, ledger_state.runs
    days = list(expected_days(status, facts.requirements, facts.zone))
    return {
        "schema": SCHEMA,
        "made_at": _utc(facts.made_at),
        "workbook": facts.workbook,
        "has_workbook": status.has_workbook,
        "account": opened.auth_id if opened else None,
        "api": opened.base_url if opened else None,
        "checked_against": facts.requirements.described if facts.requirements else None,
        "figures": {**overview.figures._asdict(), "counted": overview.figures.counted},
        "sentence": overview.sentence,
        "outcomes": [{"name": each.name, "rows": each.rows, "part": each.part} for each in overview.outcomes],
        "attention": [{"what": each.what, "why": each.why, "rows": each.rows} for each in overview.attention],
        "counts": status.counts(),
        "reviews": status.reviews(),
        "problems": [
            {"code": code, "severity": severity, "title": CATALOGUE[code].title, "findings": number}
            for number, severity, code in kinds_of(status.findings())
        ],
        "expected_reviews": {"first": min(days).isoformat(), "last": max(days).isoformat()} if days else None,
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
        "next": next_command(status, facts.commands, continued=facts.continued) if facts.commands else "",
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
