"""Log lines: all text or all JSON, allow-listed fields only."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from bulk_onboard import log
from tests.support.businesses import business
from tests.support.office import Office, typed


async def test_in_json_each_log_line_is_one_object(office: Office) -> None:
    """What collects logs gets an event for each row; stdout holds the result alone."""
    office.fill([business(1, Key="K-1")])

    told = await office.type("run", "--json", "--log-format", "json")

    events = [json.loads(line) for line in told.err.splitlines()]
    assert [event["event"] for event in events] == ["run started", "create", "run ended"]
    assert events[1] | {"timestamp": ""} == {
        "event": "create", "level": "info", "row": 2, "key": "K-1", "outcome": "done", "timestamp": "",
        "token": events[1]["token"],
    }  # fmt: skip
    assert told.json["exit_status"] == 0


async def test_notes_and_errors_are_events_too(office: Office) -> None:
    """So whoever reads JSON meets nothing else, whether the flag says so or the job file."""
    office.fill(1)
    job = office.folder / "job.toml"
    job.write_text('workbook = "businesses.xlsx"\nlog_format = "json"\ndocuments = "gone"\n')

    told = await typed("check", str(job), "--offline", cwd=office.folder)

    assert 2 == told.status
    assert ["warning"] == [json.loads(line)["level"] for line in told.err.splitlines()]


async def test_in_text_no_row_has_a_line(office: Office) -> None:
    """A mail from cron has notes and warnings, and is no list of what went well."""
    office.fill(3)
    office.sandbox.faults.script("any", "error-500-before", 11, after=6)

    told = await office.type("run", "--concurrency", "4")

    assert 0 == told.status
    said = [line[6:] for line in told.err.splitlines()]
    assert "many calls in a row failed; they are tried again after a pause (outcome unresolved)" in said
    assert not [line for line in said if "create" in line]


async def test_quiet_says_nothing_when_all_is_well(office: Office) -> None:
    """`--quiet`: warnings and errors only."""
    office.fill(1)

    told = await office.type("run", "--quiet")

    assert "" == told.err


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """Undo what a test configured: structlog has one configuration for the whole process."""
    yield
    log.configure()
    log.logger()
    log.forget()
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs_as_before")
def test_a_field_that_is_not_allowed_is_dropped_and_a_line_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A careless call can put neither a name nor an escape sequence into the log."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    log.configure(form=log.JSON)

    log.logger().info("create", business_name="Canarybird", key="K\n\x1b[31m1")

    event = json.loads(stream.getvalue())
    assert "Canarybird" not in stream.getvalue()
    assert event["key"] == "K\\n\\x1b[31m1"
