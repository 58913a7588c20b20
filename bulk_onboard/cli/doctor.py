"""`doctor`: look at everything that a job needs."""

import os
from typing import TextIO

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus
from bulk_onboard.units import format_count


def doctor(invocation: Invocation) -> Output:
    """Look at everything that a job needs, from Python to the open workbook; change nothing.

    It asks the API for two things at most. Exit status 0 when all is well, 3 when something needs somebody.
    """
    from bulk_onboard.maintenance.diagnosis import Sign
    from bulk_onboard.maintenance.doctor import examine
    from bulk_onboard.reporting.printer import printer_on

    lines = invocation.awaited(
        "looking at everything that a job needs",
        examine(invocation.job, environ=os.environ, clock=invocation.clock(), offline=invocation.offline),
    )
    problems = sum(line.sign is Sign.PROBLEM for line in lines)

    def show(stream: TextIO) -> None:
        page = printer_on(stream)
        rows = [(line.sign.value, line.about, f"{line.found} {line.to_do}".strip()) for line in lines]
        page.write_table(("Sign", "About", "What was found, and what to do"), rows)
        page.write_line(f"{format_count(problems, 'problem')}." if problems else "All is well, as far as was looked.")

    return Output(
        ExitStatus.ROWS_NEED_ATTENTION if problems else ExitStatus.DONE,
        {
            "problems": problems,
            "checks": [
                {"about": line.about, "sign": line.sign, "found": line.found, "to_do": line.to_do or None}
                for line in lines
            ],
        },
        show,
    )
