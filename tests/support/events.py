"""What is logged, as somebody's program gets it from Python's own `logging`."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from bulk_onboard.log import ALLOWED


@contextlib.contextmanager
def captured() -> Iterator[list[dict[str, Any]]]:
    """The events that are logged meanwhile, each with its level and fields."""
    events: list[dict[str, Any]] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            fields = {name: value for name, value in vars(record).items() if name in ALLOWED}
            events.append({"level": record.levelname.lower(), **fields})

    logger, handler = logging.getLogger("bulk_onboard"), Keeping()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield events
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
