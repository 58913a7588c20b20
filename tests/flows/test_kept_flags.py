"""What was typed is in the ledger, and a later process tells it."""

from pathlib import Path
from typing import Any

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import UsageError
from bulk_onboard.job import Job, load_job, load_job_or_ledger
from bulk_onboard.ledger.journal import read_ledger_state
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.pipeline.kept_flags import account_of, commands_of, remembered
from bulk_onboard.pipeline.outputs import report_job
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from tests.support.office import SETTLE, Office, credentials_of

pytestmark = pytest.mark.slow


@pytest.fixture
def typed(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Two rows, and the office's folder as the place where one types."""
    office.fill(2)
    monkeypatch.chdir(office.folder)
    office.folder = Path()
    return office


async def ran(office: Office, **flags: Any) -> dict[str, tuple[str, ...]]:
    """The flags in the ledger after a run of the bare workbook."""
    await office.run(**flags)
    return {name: tuple(words) for name, *words in read_ledger_state(office.ledger).ledger_state.runs[-1].started.flags}


def commands_now(job: Job) -> dict[str, tuple[str, ...]]:
    """The flags that a later process tells."""
    return dict(commands_of(job, read_ledger_state(job.ledger).ledger_state).flags)


async def test_ledger_keeps_what_later_commands_need(typed: Office) -> None:
    """Paths as seen from its folder; nothing of how a run goes about it, and no proxy."""
    other = typed.sandbox.url
    flags = await ran(typed, documents="scans", limit="1", concurrency="2", proxy=other, sheet="Businesses", wait="0s")

    assert {"documents": ("scans",), "sheet": ("Businesses",), "quota": ("none",), "settle": (SETTLE,)} == flags


async def test_marked_copy_is_not_kept(typed: Office) -> None:
    """It was mended for one run; another workbook is what the job is about."""
    for name in ("businesses.annotated.xlsx", "other.xlsx"):
        (typed.folder / name).write_bytes(typed.workbook.read_bytes())

    assert "workbook" not in await ran(typed, documents="scans", workbook="businesses.annotated.xlsx")
    assert ("other.xlsx",) == (await ran(typed, documents="scans", workbook="other.xlsx"))["workbook"]


async def test_flags_are_told_again(typed: Office) -> None:
    """With the address, which the ledger is bound to; what is given now goes before."""
    await ran(typed, documents="scans")
    address = {"base_url": (typed.sandbox.url,)}
    kept = {"documents": ("scans",), "quota": ("none",), "settle": (SETTLE,)}

    assert kept | address == commands_now(load_job(Path("businesses.xlsx")))
    assert kept | address | {"quota": ("5/s",)} == commands_now(load_job(Path("businesses.xlsx"), {"quota": "5/s"}))
    assert kept | address == commands_now(load_job_or_ledger(Path("businesses.ledger.jsonl"), {}))


async def test_flags_are_not_told_where_the_job_says_the_same(typed: Office) -> None:
    """A job file that was written since says it all."""
    await ran(typed, documents="scans")
    said = f'workbook = "businesses.xlsx"\nledger = "businesses.ledger.jsonl"\nsettle = "{SETTLE}"\n'
    job = Path("businesses.toml")
    job.write_text(f'{said}documents = "scans"\nbase_url = "{typed.sandbox.url}"\nquota = "none"\n')

    assert {} == commands_now(load_job(job))


async def test_folder_that_is_gone_is_not_told(typed: Office) -> None:
    """Whoever moved the documents to where they are looked for anyway need not name them any more."""
    await ran(typed, documents="scans")
    typed.documents.rename(typed.folder / "documents")

    assert "documents" not in commands_now(load_job(Path("businesses.xlsx")))


async def test_report_is_of_the_job_as_it_was_run(typed: Office) -> None:
    """It does not call documents missing that lie where the run was told to look, nor names a wrong command."""
    await ran(typed, documents="scans")

    made = await report_job(load_job(Path("businesses.xlsx")), clock=SystemClock())

    assert (2, 0) == (made.counts["submitted"], made.counts["invalid"])
    assert made.next == "bulk-onboard status businesses.xlsx"
    assert not made.from_ledger_alone
    assert (
        typed.documents.resolve()
        == remembered(load_job(Path("businesses.xlsx")), typed_books(typed)).documents.resolve()
    )


def typed_books(office: Office) -> Any:
    """The ledger state."""
    return read_ledger_state(office.ledger).ledger_state


async def test_report_of_a_ledger_alone(typed: Office) -> None:
    """The job that goes with it is known from where it was run; a ledger that was moved away has none."""
    await ran(typed, documents="scans")
    (typed.folder / "away").mkdir()
    away = typed.folder / "away" / "x.ledger.jsonl"
    away.write_bytes(typed.ledger.read_bytes())

    made = await report_job(load_job_or_ledger(Path("businesses.ledger.jsonl"), {}), clock=SystemClock())

    assert Path("businesses.report.xlsx") == made.path
    with pytest.raises(UsageError, match="not known what workbook"):
        await report_job(load_job_or_ledger(away, {}), clock=SystemClock())


async def test_account_of_a_run_is_kept(typed: Office) -> None:
    """So its ledger alone knows the command about it; a report that was named for all is the account's own again."""
    typed.open_accounts("acme", "bravo")
    typed.fill(4)
    job = load_job(typed.job_file, {"account": "bravo", "report": "all.report.xlsx"})
    await run_job(job, credentials=credentials_of("bravo"), clock=SystemClock(), stop=Stop())
    ledger = Path("businesses.bravo.ledger.jsonl")
    state = read_ledger_state(ledger).ledger_state

    behind = remembered(load_job_or_ledger(ledger, {}), state)
    again = remembered(load_job(typed.job_file, {"account": "bravo"}), state)

    assert "bravo" == account_of(state)
    for known in (behind, again):
        assert ("bravo", Path("all.bravo.report.xlsx")) == (known.account, known.report)
        assert "bulk-onboard report businesses.toml --account bravo --report all.report.xlsx" == known.commands.report()
    assert {"account": ("bravo",)} == commands_of(load_job(typed.job_file, {"account": "bravo"}), LedgerState()).flags


async def test_ledger_of_an_account_that_the_job_file_has_no_more(typed: Office) -> None:
    """It is a ledger that nobody knows the workbook of."""
    typed.open_accounts("acme", "bravo")
    typed.fill(2)
    job = load_job(typed.job_file, {"account": "bravo"})
    await run_job(job, credentials=credentials_of("bravo"), clock=SystemClock(), stop=Stop())
    typed.open_accounts("acme")
    ledger = Path("businesses.bravo.ledger.jsonl")

    behind = remembered(load_job_or_ledger(ledger, {}), read_ledger_state(ledger).ledger_state)

    assert (ledger, "") == (behind.file, behind.account)
