"""Log lines: JSON off a terminal, allow-listed fields only."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from bulk_onboard import log
from tests.support.businesses import business
from tests.support.office import Office


async def test_off_a_terminal_each_log_line_is_one_json_object(office: Office) -> None:
    """stderr of a run from cron can be read by a machine; stdout holds the result alone."""
    office.fill([business(1, Key="K-1")])

    told = await office.type("run", "--json")

    events = [json.loads(line) for line in told.err.splitlines()]
    assert [event["event"] for event in events] == ["run started", "create", "run ended"]
    assert events[1] | {"timestamp": ""} == {
        "event": "create", "level": "info", "row": 2, "key": "K-1", "outcome": "done", "timestamp": "",
        "token": events[1]["token"],
    }  # fmt: skip
    assert told.json["exit_status"] == 0


async def test_quiet_says_nothing_when_all_is_well(office: Office) -> None:
    """`--quiet`: warnings and errors only."""
    office.fill(1)

    told = await office.type("run", "--quiet")

    assert "" == told.err


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """Undo what a test configured: structlog has one configuration for the whole process."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs_as_before")
def test_a_field_that_is_not_allowed_is_dropped_and_a_line_stays_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A careless call can put neither a name nor an escape sequence into the log."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    log.configure()

    log.logger().info("create", business_name="Canarybird", key="K\n\x1b[31m1")

    event = json.loads(stream.getvalue())
    assert "Canarybird" not in stream.getvalue()
    assert event["key"] == "K\\n\\x1b[31m1"
