"""Before a job files its first records somebody may be asked: nothing is written until the answer was yes."""

import asyncio
import os
import pty
import sys
from pathlib import Path

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus, SignalledError
from bulk_onboard.pipeline.meeting import FirstFiling
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from tests.support.businesses import business
from tests.support.office import CREDENTIALS, Office

ROOT = Path(__file__).parents[2]


class Asked:
    """Somebody who answers, and remembers the questions."""

    def __init__(self, *, answer: bool) -> None:
        self.questions: list[FirstFiling] = []
        self._answer = answer

    def __call__(self, filing: FirstFiling) -> bool:
        self.questions.append(filing)
        return self._answer


async def run(office: Office, asked: Asked, **flags: str) -> ExitStatus:
    """A run that asks; its exit status."""
    result = await run_job(
        office.job(**flags), credentials=CREDENTIALS, clock=SystemClock(), stop=Stop(), confirm=asked
    )
    return result.exit_status


async def test_no_writes_nothing(office: Office) -> None:
    """Not even a ledger, which would be bound to the account for ever."""
    office.fill(3)
    before = sorted(office.folder.iterdir())

    with pytest.raises(SignalledError) as stopped:
        await run(office, Asked(answer=False))

    assert ExitStatus.INTERRUPTED == stopped.value.exit_status
    assert "before anything was sent" in str(stopped.value)
    assert (before, 0) == (sorted(office.folder.iterdir()), len(office.sandbox.state.records))


async def test_yes_files_them_and_nobody_is_asked_again(office: Office) -> None:
    """The question has how many rows, what they weigh, where they go and about how long it takes."""
    office.fill([business(1), business(2), business(3, City="")])
    asked = Asked(answer=True)

    first = await run(office, asked, quota="60/min")
    office.fill(5)
    second = await run(office, asked)

    assert (ExitStatus.ROWS_NEED_ATTENTION, ExitStatus.DONE) == (first, second)
    (filing,) = asked.questions
    assert (2, office.sandbox.url, (CREDENTIALS.auth_id,)) == (filing.rows, filing.base_url, filing.auth_ids)
    assert filing.size > 0
    assert filing.takes_s == 2 * 0.6


async def test_nobody_is_asked_where_nothing_is_due(office: Office) -> None:
    """All rows have errors."""
    office.fill([business(1, City="")])
    asked = Asked(answer=False)

    assert (ExitStatus.ROWS_NEED_ATTENTION, []) == (await run(office, asked), asked.questions)


ASK = """
from bulk_onboard.cli.run import _is_confirmed
from bulk_onboard.pipeline.meeting import FirstFiling
filing = FirstFiling(200, 44_040_192, 384.0, "https://api.plivo.com", ("MAXXXXXXXXXXXXXXXXXY",))
print(_is_confirmed(filing), flush=True)
"""


@pytest.mark.parametrize(
    ("answer", "said"), [(b"y\n", "True"), (b"n\n", "False"), (b"\n", "False"), (b"\x03", "False")]
)
async def test_the_question_on_a_terminal(answer: bytes, said: str) -> None:
    """The account is masked; only a yes goes on, and Ctrl-C is a no."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *("setsid", "--ctty", sys.executable, "-c", ASK), cwd=ROOT, stdin=theirs, stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    question = b""
    while b"[y/N]" not in question:
        question += await asyncio.to_thread(os.read, ours, 1000)
    answering = asyncio.ensure_future(process.communicate())
    while not answering.done():
        os.write(ours, answer)  # a Ctrl-C just before the terminal is read is not heard, so people press it again
        await asyncio.wait([answering], timeout=2)
    out, _ = await answering
    os.close(ours)

    told = " ".join(question.decode().split())
    assert "This files 200 businesses at api.plivo.com as account MA…XY, with 42.0 MiB of documents" in told
    assert "about 6 min 20 s. Go on? [y/N]" in told
    assert said == out.decode().strip()
