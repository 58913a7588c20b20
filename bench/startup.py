"""How long it takes until something is said: `--help`, `status`, `check` and `report` of ten rows.

Beside a bare Python, one that imports typer, which the command line is made with, and, since typer loads pydantic once
there is something to parse, a typer program of one argument. Ten turns, medians, CPU time: a few milliseconds of wall
time drown in whatever else the machine does.
"""

import sys
from collections.abc import Iterator

from bench.figure import Figure
from bench.grown import grown
from bench.turns import MODULE, in_turns

TIMES, ROWS = 10, 10
BARE, TYPER, ONE_ARGUMENT = "python -c pass", 'python -c "import typer"', "typer, a verb of one argument"
_PROGRAM = "import typer\ndef say(job: str) -> None:\n    print(job)\ntyper.run(say)"


def figures() -> Iterator[Figure]:
    """Each of ours beside each of theirs."""
    job = str(grown(ROWS))
    commands = {
        BARE: [sys.executable, "-c", "pass"],
        TYPER: [sys.executable, "-c", "import typer"],
        ONE_ARGUMENT: [sys.executable, "-c", _PROGRAM, job],
        "--help": [*MODULE, "--help"],
        f"status, {ROWS} records": [*MODULE, "status", job],
        f"check, {ROWS} rows": [*MODULE, "check", job, "--offline"],
        f"report, {ROWS} rows": [*MODULE, "report", job],
    }
    took = in_turns(commands, TIMES)
    check = f"check, {ROWS} rows"
    yield Figure(what=f"start-up: {check}", ours=took[check].cpu_s, unit="s", target="<= 0.9", note="CPU")
    for what in list(commands)[3:]:
        for beside in (BARE, TYPER, ONE_ARGUMENT):
            yield Figure(
                what=f"start-up: {what}",
                ours=took[what].cpu_s * 1000,
                unit="ms",
                beside=beside,
                theirs=took[beside].cpu_s * 1000,
                target="<= 3" if (what, beside) == ("--help", TYPER) else "",
                note=f"CPU, medians of {TIMES}; wall {took[what].wall_s * 1000:.0f} ms",
            )
