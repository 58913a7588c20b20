"""`bulk-onboard`, with leases and heartbeats that are shorter than in earnest; it ends with its stdin.

python -m tests.support.hurried SHARE WORDS     SHARE is that of each duration; 1 leaves them as they are
"""

import importlib
import os
import signal
import sys
import threading
from dataclasses import asdict, replace

TABLES = ("bulk_onboard.cluster.rules", "bulk_onboard.ledger.database.lease")
"""The modules whose table `TIMES` has the durations; nothing may have been imported that took them from there."""


def hurry(share: float) -> None:
    """Let everything take this share of its time."""
    for name in TABLES:
        module = importlib.import_module(name)
        shorter = {field: seconds * share for field, seconds in asdict(module.TIMES).items()}
        module.TIMES = replace(module.TIMES, **shorter)  # type: ignore[attr-defined]


def end_with_stdin() -> None:
    """Kill this process when nobody is there any more who could end it."""

    def wait() -> None:
        while os.read(0, 1 << 10):
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    end_with_stdin()
    if "MUTANT" in os.environ:  # a test of the tests (tests/crash/test_mutants.py)
        importlib.import_module("tests.crash.mutation").put_in()
    hurry(float(sys.argv.pop(1)))
    from bulk_onboard.__main__ import main

    main()
