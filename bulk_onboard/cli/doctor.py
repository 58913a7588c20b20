"""`doctor`: look at everything that a job needs."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from bulk_onboard.cli.output import Output
from bulk_onboard.cli.verb import Invocation
from bulk_onboard.errors import ExitStatus
from bulk_onboard.units import format_count

if TYPE_CHECKING:
    from bulk_onboard.job import Job
    from bulk_onboard.maintenance.diagnosis import Line

_LOOKS = "looking at everything that a job needs"


def doctor(invocation: Invocation) -> Output:
    """Look at everything that a job needs, from Python to the open workbook; change nothing.

    It asks the API for two things at most, for each account. Exit status 0 when all is well, 3 when something needs
    somebody.
    """
    return _of_one(invocation) if len(invocation.jobs) == 1 else _of_all(invocation)


def _of_one(invocation: Invocation) -> Output:
    from bulk_onboard.maintenance.doctor import examine
    from bulk_onboard.reporting.printer import printer_on

    job = invocation.job

    async def ask() -> "tuple[Line, ...]":
        lines = await examine(job, environ=os.environ, clock=invocation.clock(), offline=invocation.offline)
        return (*lines, *(await _about_workers([job], lines)).get(job.account, ()))

    lines = invocation.awaited(_LOOKS, ask())
    problems = _problems(lines)

    def show(stream: TextIO) -> None:
        rows = [(line.sign.value, line.about, f"{line.found} {line.to_do}".strip()) for line in lines]
        printer_on(stream).write_table(("Sign", "About", "What was found, and what to do"), rows)
        print(_sum(problems), file=stream)

    return Output(_exit_status(problems), {"problems": problems, "checks": _as_data(lines)}, show)


def _problems(lines: "Sequence[Line]") -> int:
    from bulk_onboard.maintenance.diagnosis import Sign

    return sum(line.sign is Sign.PROBLEM for line in lines)


def _exit_status(problems: int) -> ExitStatus:
    return ExitStatus.ROWS_NEED_ATTENTION if problems else ExitStatus.DONE


def _sum(problems: int) -> str:
    return f"{format_count(problems, 'problem')}." if problems else "All is well, as far as was looked."


def _as_data(lines: "Sequence[Line]") -> list[dict[str, Any]]:
    return [
        {"about": line.about, "sign": line.sign, "found": line.found, "to_do": line.to_do or None} for line in lines
    ]


# Several accounts.


def _of_all(invocation: Invocation) -> Output:
    """Answer with what is alike in all accounts once, then with what is wrong in each."""
    from bulk_onboard.reporting.printer import printer_on

    lines = invocation.awaited(_LOOKS, _examined(invocation))
    first = next(iter(lines.values()))
    alike = [line for line in first if all(line in others for others in lines.values())]
    own = {account: [line for line in some if line not in alike] for account, some in lines.items()}
    problems = _problems(alike) + sum(map(_problems, own.values()))

    def show(stream: TextIO) -> None:
        rows = [("", line.sign.value, line.about, f"{line.found} {line.to_do}".strip()) for line in alike]
        rows += [row for account, some in own.items() for row in _rows(account, some)]
        printer_on(stream).write_table(("Account", "Sign", "About", "What was found, and what to do"), rows)
        print(_sum(problems), file=stream)

    return Output(
        _exit_status(problems),
        {
            "problems": problems,
            "checks": _as_data(alike),
            "accounts": [
                {"account": account, "problems": _problems(some), "checks": _as_data(some)}
                for account, some in own.items()
            ],
        },
        show,
    )


def _rows(account: str, lines: "Sequence[Line]") -> list[tuple[str, str, str, str]]:
    """Return what is not well in an account, and in one line what is."""
    from bulk_onboard.maintenance.diagnosis import Sign

    amiss = [line for line in lines if line.sign is not Sign.OK]
    rows = [(account, line.sign.value, line.about, f"{line.found} {line.to_do}".strip()) for line in amiss]
    well = ", ".join(line.about for line in lines if line.sign is Sign.OK)
    return [*rows, (account, Sign.OK.value, well, "--account says more.")] if well else rows


async def _examined(invocation: Invocation) -> "Mapping[str, Sequence[Line]]":
    from bulk_onboard.cli.accounts import ask_together
    from bulk_onboard.maintenance.doctor import examine
    from bulk_onboard.pipeline.sheets import sheets_at_hand

    sheets = await sheets_at_hand(invocation.jobs)

    async def ask(job: "Job") -> "Sequence[Line]":
        return await examine(
            job, environ=os.environ, clock=invocation.clock(), offline=invocation.offline, sheets=sheets
        )

    answers = (await ask_together(invocation.jobs, ask)).answers
    workers = await _about_workers(invocation.jobs, next(iter(answers.values())))
    return {account: (*lines, *workers.get(account, ())) for account, lines in answers.items()}


async def _about_workers(jobs: "Sequence[Job]", lines: "Sequence[Line]") -> "Mapping[str, tuple[Line, ...]]":
    """Return what is to be said of workers, by account; nothing where ledgers are files, or the database is unfit."""
    from bulk_onboard.maintenance.diagnosis import Sign

    if not any(line.about == "database" for line in lines) or any(
        line.sign is Sign.PROBLEM for line in lines if line.about.startswith("database")
    ):
        return {}
    from bulk_onboard.cluster.diagnosis import lines_about_workers

    return await lines_about_workers(jobs)
