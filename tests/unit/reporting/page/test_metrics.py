"""The job in numbers, for Prometheus."""

import re
from datetime import UTC, datetime

from bulk_onboard.model.ledger_state import Usage
from bulk_onboard.model.record import Linkage, Linking, State
from bulk_onboard.reporting.page.metrics import metrics_text
from bulk_onboard.reporting.page.view import Moment, RowName
from tests.unit.reporting.samples import ledger_state, record, run_story, token

LABEL = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"([a-z_]+)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[\d.e+-]+)")


def moment(*records, runs=(), **changes) -> Moment:
    facts = {"job": "migration", "ledger": "l", "ledger_state": ledger_state(*records, runs=runs), "zone": UTC}
    return Moment(**{**facts, "now": datetime(2026, 1, 2, 12, 0, tzinfo=UTC), **changes})


def samples(text: str) -> dict[str, float]:
    """Each sample with its labels; every line is one, or belongs to one."""
    found = {}
    described = None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            described = line.split()[2]
        elif line.startswith("# TYPE "):
            assert [described, "counter" if described.endswith("_total") else "gauge"] == line.split()[2:]
        else:
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            assert described == match[1]
            found[f"{match[1]}{{{match[2]}}}" if match[2] else match[1]] = float(match[3])
    return found


def test_every_line_is_of_the_text_format():
    """Help and type before the samples, which add up to the job; numbers of all runs only ever grow."""
    made = moment(
        record(2), record(3, review="approved"), record(4, State.INVALID), record(5, State.NOT_SENT),
        runs=[run_story(exit_status=3, seq=1)], newest_at="2026-01-02T11:00:00.000Z",
    )  # fmt: skip
    made.ledger_state.usage.append(Usage(made.now, 12, 10, 1))

    told = samples(metrics_text(made))

    assert 4 == sum(number for name, number in told.items() if name.startswith("bulk_onboard_rows{"))
    assert 4 == sum(number for name, number in told.items() if name.startswith("bulk_onboard_rows_by_part{"))
    assert 1 == told['bulk_onboard_reviews{review="approved"}']
    assert 1 == told["bulk_onboard_rows_needing_attention"]
    assert (12, 10, 1) == tuple(told[f"bulk_onboard_{name}_total"] for name in ("requests", "writes", "throttled"))
    assert (3, 0) == (told["bulk_onboard_newest_run_exit_status"], told["bulk_onboard_run_under_way"])
    assert 1767351600 == told["bulk_onboard_ledger_newest_line_timestamp_seconds"]


def test_parts_add_up_where_a_number_is_still_to_be_linked():
    """A row that is approved and not done counts once."""
    unknown = {"911140000000": Linking(Linkage.UNCERTAIN)}

    told = samples(metrics_text(moment(record(2, review="approved", numbers=unknown), record(3, review="approved"))))

    parts = {name: number for name, number in told.items() if name.startswith("bulk_onboard_rows_by_part{")}
    assert {1} == {parts[f'bulk_onboard_rows_by_part{{part="{part}"}}'] for part in ("done", "not_sent")}
    assert 2 == sum(parts.values())


def test_what_is_not_known_is_left_out():
    """No time left without a run, no quota without one."""
    told = samples(metrics_text(moment(is_there=False)))

    assert "bulk_onboard_run_time_left_seconds" not in told
    assert "bulk_onboard_quota_requests" not in told
    assert 0 == told["bulk_onboard_ledger_readable"]


def test_labels_are_escaped():
    """The name of a job is a file's name, which may be anything."""
    told = metrics_text(moment(job='a"b\\c\nd'))

    assert r'job="a\"b\\c\nd"' in told
    assert samples(told)


def test_nothing_of_a_row_is_told():
    """No Key, name, id, alias, token or reason."""
    secret = record(2, State.REFUSED, key="K-SECRET", reason="R-SECRET", code="C-SECRET", alias="A-SECRET")

    told = metrics_text(moment(secret, names={token(2): RowName(2, "N-SECRET")}))

    assert "SECRET" not in told
    assert token(2) not in told
