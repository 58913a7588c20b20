"""The one door to structlog: events with allow-listed fields only.

See docs/security.md, Personal data.

On a terminal it writes console lines, elsewhere one JSON object a line; both on stderr. A field that is not on the list
is dropped before anything is rendered, so a careless call cannot put names or credentials into a log.

structlog takes longer to import than most verbs take to run, and most verbs log nothing, so it is imported with the
first logger.
"""

import sys
from collections.abc import MutableMapping
from typing import Any

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "version", "run_id", "exit_status", "row", "token", "key", "operation",
        "outcome", "http_status", "api_id", "error", "errno", "duration_s",
    }
)  # fmt: skip


def _drop_other_fields(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _one_line(value) for name, value in event.items() if name in ALLOWED}


def _one_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in value)


_not_applied: list[bool] = []  # `quiet` as configured, until structlog is imported


def configure(*, quiet: bool = False) -> None:
    """Choose how much is logged; `quiet` keeps warnings and errors only. It takes effect with the next logger."""
    _not_applied[:] = [quiet]


def logger() -> Any:
    """Return the logger that all stages share."""
    import structlog  # noqa: PLC0415 - see above

    if _not_applied:
        _configure(structlog, quiet=_not_applied.pop())
    return structlog.get_logger()


def _configure(structlog: Any, *, quiet: bool) -> None:
    terminal = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer(colors=terminal) if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_other_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning" if quiet else "info"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
