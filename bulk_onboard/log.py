"""The one door to structlog: events with allow-listed fields only, on stderr.

See docs/security.md, Personal data.

There are two forms, and what goes to stderr is all in one of them. `text` is for people, at a terminal or in a mail
from cron: warnings and notes, a plain line each, and none for each row. `json` is for what collects logs: one object a
line, for every event, notes and progress among them. A field that is not on the list is dropped before anything is
rendered, so a careless call cannot put names or credentials into a log.

In somebody else's program, where nobody has called `configure`, events go to the logger `bulk_onboard` of Python's own
`logging`, with the same fields, and are seen where that program says so. Nothing of structlog is configured there.

structlog takes longer to import than most verbs take to run, and most verbs log nothing, so it is imported with the
first logger.
"""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "version", "account", "run_id", "exit_status", "row", "token", "key",
        "operation", "outcome", "http_status", "api_id", "error", "errno", "duration_s", "done", "due", "left_s",
        "ends_at", "doing", "accounts", "accounts_done", "accounts_stopped",
    }
)  # fmt: skip
TEXT, JSON = FORMATS = ("text", "json")
NAME = "bulk-onboard"
_IN_WORDS = {
    "breaker open": "many calls in a row failed; they are tried again after a pause",
    "account given away": "a worker gave no sign of life, and its account is given to others",
    "record gone": "a record is gone from the API",
}


@dataclass(slots=True)
class _Choice:
    """How this process logs."""

    form: str = TEXT
    quiet: bool = False
    is_applied: bool = True
    is_made: bool = False


_choice = _Choice()


def configure(*, form: str = TEXT, quiet: bool = False) -> None:
    """Choose how this process logs; it takes effect with the next logger.

    Args:
        form: `text` or `json`.
        quiet: keep warnings and errors only. In text nothing else is logged anyway.
    """
    _choice.form, _choice.quiet, _choice.is_applied, _choice.is_made = form, quiet, False, True


def forget() -> None:
    """Take `configure` back; for tests, whose process has many lives."""
    _choice.form, _choice.quiet, _choice.is_applied, _choice.is_made = TEXT, False, True, False


def is_json() -> bool:
    """Return whether stderr is for JSON objects alone."""
    return _choice.form == JSON


def note(sentence: str) -> None:
    """Put a sentence for people on stderr, as a line or as an event."""
    if is_json():
        logger().warning(sentence)
    else:
        sys.stderr.write(f"{NAME}: {sentence}\n")
        sys.stderr.flush()


@contextmanager
def about(account: str) -> Iterator[None]:
    """Log what the task does meanwhile, and its threads, with the name of an account; empty names none."""
    from structlog.contextvars import bound_contextvars  # noqa: PLC0415 - see above

    with bound_contextvars(**({"account": account} if account else {})):
        yield


def logger() -> Any:
    """Return the logger that all stages share."""
    import structlog  # noqa: PLC0415 - see above

    if not _choice.is_applied:
        _choice.is_applied = True
        _configure(structlog)
    if _choice.is_made:
        return structlog.get_logger()
    return structlog.wrap_logger(
        _PROGRAMS,
        processors=[structlog.contextvars.merge_contextvars, _drop_other_fields, _as_record],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
    )


_PROGRAMS = logging.getLogger("bulk_onboard")
_PROGRAMS.addHandler(logging.NullHandler())


def _as_record(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the arguments of a call of `logging`: the message with its fields, and these once more as `extra`."""
    what = str(event.pop("event"))
    facts = ", ".join(f"{name} {value}" for name, value in event.items())
    return {"msg": f"{what} ({facts})" if facts else what, "extra": {"event": what, **event}}


def _configure(structlog: Any) -> None:
    as_json = is_json()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_other_fields,
            structlog.processors.JSONRenderer() if as_json else _as_sentence,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info" if as_json and not _choice.quiet else "warning"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _drop_other_fields(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _one_line(value) for name, value in event.items() if name in ALLOWED}


def _one_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in value)


def _as_sentence(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> str:
    """Return the event as a line for people: `15:31 a record is gone from the API (token k4h7kyagp2zhpnqp)`."""
    at = datetime.fromisoformat(event.pop("timestamp")).astimezone()
    what = _IN_WORDS.get(what := event.pop("event"), what)
    event.pop("level", None)
    facts = ", ".join(f"{name} {value}" for name, value in event.items())
    return f"{at:%H:%M} {what}{f' ({facts})' if facts else ''}"
