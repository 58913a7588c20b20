"""The one door to structlog: events with allow-listed fields only.

See docs/security.md, Personal data.

Console lines on a terminal, one JSON object a line elsewhere; both on stderr. A field that is not on the list is
dropped before anything is rendered, so neither names nor credentials can slip into a log by a careless call.

structlog takes longer to import than most verbs take, and most verbs log nothing: it waits for the first logger.
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


def _drop_what_is_not_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _one_line(value) for name, value in event.items() if name in ALLOWED}


def _one_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in value)


_untold: list[bool] = []  # `quiet`, as chosen, until structlog is told


def configure(*, quiet: bool = False) -> None:
    """Choose where log lines go and how they look; `quiet` keeps warnings and worse."""
    _untold[:] = [quiet]


def logger() -> Any:
    """The logger all stages share."""
    import structlog  # noqa: PLC0415 - see above

    if _untold:
        _tell(structlog, quiet=_untold.pop())
    return structlog.get_logger()


def _tell(structlog: Any, *, quiet: bool) -> None:
    terminal = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer(colors=terminal) if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_what_is_not_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning" if quiet else "info"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
