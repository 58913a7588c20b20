"""What `import bulk_onboard` does for a program, whichever kind of program it is."""

import asyncio
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd
import pytest
import structlog

import bulk_onboard
from bulk_onboard.errors import CredentialsError, ExitStatus, LockedError, UsageError, WorkbookError
from bulk_onboard.library.answers import DECISION_COLUMNS, FINDING_COLUMNS, RESULT_COLUMNS
from bulk_onboard.library.job import JobSettings
from bulk_onboard.settings import BY_NAME
from bulk_onboard.testing import Sandbox, invented_businesses

COMMANDS_ALONE = {
    "accounts",
    "extends",
    "notify",
    "log_format",
}  # what a job file alone can do, and what concerns a terminal


@pytest.fixture
def sandbox():
    """The API, which the tests of this file share with nobody."""
    with Sandbox() as sandbox:
        yield sandbox


def made(folder: Path, sandbox: Sandbox, rows: int = 3, **settings: Any) -> bulk_onboard.Job:
    """A job of a frame with so many sound businesses."""
    frame = invented_businesses(rows, folder / "documents")
    return bulk_onboard.load_job(frame=frame, ledger=folder / "crm.ledger.jsonl", **{**sandbox.settings, **settings})


# Loading


def test_every_setting_is_a_keyword() -> None:
    """A type checker knows them all; what concerns the command line alone is none."""
    assert BY_NAME.keys() - COMMANDS_ALONE == get_type_hints(JobSettings).keys()


def test_settings_may_be_what_programs_have(tmp_path: Path) -> None:
    """Paths, durations, lists and tables, beside the texts of a job file."""
    job = bulk_onboard.load_job(
        frame=pd.DataFrame({"Key": ["a"]}),
        ledger=tmp_path / "crm.ledger.jsonl",
        settle=timedelta(minutes=2),
        against=[tmp_path / "other.ledger.jsonl"],
        columns={"Firm": "Business Name"},
        limit=None,
    )

    assert (120.0, (tmp_path / "other.ledger.jsonl",)) == (job.settings.settle, job.settings.against)
    assert {"Firm": "Business Name"} == job.settings.columns
    assert tmp_path / "crm.report.xlsx" == job.settings.report
    assert "crm" == job.name


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "either a file, or frame"),
        ({"frame": pd.DataFrame()}, "needs to know its ledger"),
        ({"frame": pd.DataFrame(), "ledger": "a.ledger.jsonl", "workbook": "a.xlsx"}, "has no workbook"),
        ({"frame": pd.DataFrame(), "ledger": "a.ledger.jsonl", "qota": "5/s"}, "did you mean 'quota'"),
        ({"frame": pd.DataFrame(), "ledger": "a.ledger.jsonl", "auth_token": "x"}, "looks like a secret"),
        ({"frame": pd.DataFrame(), "ledger": ""}, "ledger: it must be the path of a file"),
        ({"frame": pd.DataFrame(), "ledger": "a.ledger.jsonl", "quota": 60}, "^quota: .* write "),
        ({"frame": pd.DataFrame(), "ledger": "a.ledger.jsonl", "columns": ["a"]}, "^columns: "),
        ({"frame": pd.DataFrame(), "ledger": "a.ledger.jsonl", "wait": timedelta(days=-1)}, "at least 0"),
    ],
    ids=["nothing", "no ledger", "both", "misspelt", "secret", "empty", "quota", "columns", "back in time"],
)
def test_what_makes_no_job_is_refused(given: Any, sentence: str) -> None:
    """In a sentence that says what to do, and names settings as they are written here, not as flags."""
    with pytest.raises(UsageError, match=sentence):
        bulk_onboard.load_job(**given)


def test_what_is_easily_handed_over_in_place_of_something_else_is_refused(tmp_path: Path, sandbox: Sandbox) -> None:
    """Before anything is begun, and in a sentence that says what is wanted."""
    job: Any = made(tmp_path, sandbox)

    async def watch(_: bulk_onboard.Progress) -> None: ...

    for call, sentence in (
        (lambda: bulk_onboard.load_job(job.frame), "as frame=…, with ledger=…"),
        (lambda: bulk_onboard.load_job(7), "takes the path of a file, not a int"),  # type: ignore[arg-type]
        (lambda: bulk_onboard.check(job.frame), "as load_job.. returns it, and not a DataFrame"),
        (lambda: bulk_onboard.run("job.toml"), "and not a str"),  # type: ignore[arg-type]
        (lambda: bulk_onboard.run(job, credentials=("a", "b")), r"Credentials.of\("),  # type: ignore[arg-type]
        (lambda: bulk_onboard.run(job, credentials=sandbox.credentials, on_progress=watch), "without async"),
        (lambda: bulk_onboard.Credentials.of("a", os.environ.get("NOT_THERE")), "no auth_token"),  # type: ignore[arg-type]
    ):
        with pytest.raises(UsageError, match=sentence):
            call()
    assert not job.ledger.exists()


def test_job_file_with_accounts_is_several_jobs(tmp_path: Path, sandbox: Sandbox) -> None:
    """Each is run by itself, with the credentials that its name leads to; one of them is loaded by its name."""
    rows = invented_businesses(2, tmp_path / "documents")
    for number, name in enumerate(("acme", "bravo")):
        rows.iloc[number : number + 1].to_csv(tmp_path / f"{name}.csv", index=False)
    accounts = "".join(f'[[accounts]]\nname = "{name}"\nworkbook = "{name}.csv"\n' for name in ("acme", "bravo"))
    (tmp_path / "job.toml").write_text(accounts)

    jobs = bulk_onboard.load_jobs(tmp_path / "job.toml", **sandbox.settings)
    bravo = bulk_onboard.load_job(tmp_path / "job.toml", account="bravo", **sandbox.settings)

    assert ["acme", "bravo"] == [job.account for job in jobs]
    assert ("bravo", "job.bravo", jobs[1].ledger) == (bravo.account, bravo.name, bravo.ledger)
    with pytest.raises(UsageError, match=r"2 accounts, .* acme, bravo. Pick one, such as account=.acme"):
        bulk_onboard.load_job(tmp_path / "job.toml")
    with pytest.raises(UsageError, match="PLIVO_AUTH_ID_BRAVO"):
        bulk_onboard.run(bravo)
    assert bulk_onboard.run(bravo, credentials=sandbox.credentials).ok
    assert "--account bravo" in bulk_onboard.report(bravo).next
    assert not jobs[0].ledger.exists()


def test_nothing_shows_credentials_or_rows(tmp_path: Path, sandbox: Sandbox) -> None:
    """Neither when a job is printed nor when credentials are."""
    credentials = bulk_onboard.Credentials.of("MAINVENTED0000000001", "invented-token")

    assert "invented-token" not in repr(credentials)
    assert "MAINVENTED" not in repr(credentials)
    assert "Traders" not in repr(made(tmp_path, sandbox))


# Answers


def test_an_answer_is_a_line_where_it_is_looked_at(tmp_path: Path, sandbox: Sandbox) -> None:
    """In a notebook the last value of a cell is shown as it is."""
    job = made(tmp_path, sandbox, limit=2)
    check, plan = bulk_onboard.check(job), bulk_onboard.plan(job)
    run = bulk_onboard.run(job, credentials=sandbox.credentials)

    assert "<CheckResult: 3 rows, 3 not sent>" == repr(check)
    assert repr(plan).startswith("<PlanResult: 3 rows, 2 create, 1 nothing, ")
    assert f"<RunResult DONE: {run.overview.sentence}>" == repr(run)
    assert "<JobStatus: Of 2 businesses, 2 wait for their review.>" == repr(bulk_onboard.status(job))


def test_frames_have_their_columns_and_dtypes_with_and_without_rows(tmp_path: Path, sandbox: Sandbox) -> None:
    """So whoever joins or stores them never meets an empty frame of another shape."""
    for rows in (0, 2):
        job = made(tmp_path / str(rows), sandbox, rows)
        planned = bulk_onboard.plan(job, credentials=sandbox.credentials)
        result = bulk_onboard.run(job, credentials=sandbox.credentials)
        for frame, columns in (
            (planned.findings, FINDING_COLUMNS),
            (planned.decisions, DECISION_COLUMNS),
            (result.results, RESULT_COLUMNS),
        ):
            assert columns == {name: str(dtype) for name, dtype in frame.dtypes.items()}
        assert rows == len(planned.decisions) == len(result.results)


def test_findings_name_the_row_of_the_frame(tmp_path: Path, sandbox: Sandbox) -> None:
    """Row 2 is the first one, as in a sheet; the plain objects say the same."""
    job = made(tmp_path, sandbox)
    job.frame.loc[1, "City"] = None

    found = bulk_onboard.check(job, offline=True)

    assert not found.ok
    assert not found.is_live
    errors = found.findings.query("severity == 'error'")
    assert [("K-2", "City")] == list(zip(job.frame.iloc[errors["row"] - 2]["Key"], errors["column"], strict=True))
    assert [finding.fix for finding in found.findings_list] == found.findings["fix"].tolist()


def test_check_and_plan_write_nothing_unless_asked(tmp_path: Path, sandbox: Sandbox) -> None:
    """But what is known of documents; a marked copy is a plain one, since there is no workbook to mark."""
    job = made(tmp_path, sandbox)
    job.frame.loc[1, "City"] = None
    bulk_onboard.check(job, offline=True)
    bulk_onboard.plan(job, offline=True)
    assert {"documents"} == {path.name for path in tmp_path.iterdir()} - {"crm.facts"}

    found = bulk_onboard.check(job, offline=True, annotate=True)

    assert found.annotated == tmp_path / "crm.annotated.xlsx"


def test_a_run_continues_and_a_report_is_made_again(tmp_path: Path, sandbox: Sandbox) -> None:
    """Every business once, however often it is called; status and report say the same without the network."""
    job = made(tmp_path, sandbox)
    for limit in (1, None):
        bulk_onboard.run(made(tmp_path, sandbox, limit=limit), credentials=sandbox.credentials)
    (tmp_path / "crm.report.xlsx").unlink()

    again = bulk_onboard.report(job)
    where = bulk_onboard.status(job)

    assert (3, 0) == (len(sandbox.records), sandbox.duplicates)
    assert again.files["xlsx"].exists()
    assert ["K-1", "K-2", "K-3"] == again.results["key"].tolist()
    assert (3, 2, False) == (where.counts["submitted"], where.runs, where.is_running)
    assert str(again.results["submitted_at"].dt.tz) == "UTC"
    assert where.results["submitted_at"].tolist() == again.results["submitted_at"].tolist()


@pytest.mark.parametrize(
    ("more", "then"),
    [
        ({"concurrency": 2}, "bulk-onboard run job.toml --concurrency 2 --base-url URL --quota none --settle 0.5"),
        ({"columns": {"Firm": "Business Name"}}, "bulk_onboard.run(job)"),
    ],
    ids=["has a flag", "has none"],
)
def test_next_is_a_command_only_where_a_command_can_do_it(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, more: Any, then: str
) -> None:
    """The mapping of columns has no flag: the command without it would not find the names."""
    monkeypatch.chdir(tmp_path)
    header = "Firm" if "columns" in more else "Business Name"
    frame = invented_businesses(2, "documents").rename(columns={"Business Name": header})
    frame.to_csv("businesses.csv", index=False)
    Path("job.toml").write_text('workbook = "businesses.csv"\n')

    job = bulk_onboard.load_job("job.toml", limit=1, **more, **sandbox.settings)

    assert then.replace("URL", sandbox.base_url) == bulk_onboard.run(job, credentials=sandbox.credentials).next


def test_progress_is_told_in_the_thread_of_the_caller(tmp_path: Path, sandbox: Sandbox) -> None:
    """Each time something has changed; the last word is that all is done."""
    told: list[tuple[str, bulk_onboard.Progress]] = []

    bulk_onboard.run(
        made(tmp_path, sandbox),
        credentials=sandbox.credentials,
        on_progress=lambda progress: told.append((threading.current_thread().name, progress)),
    )

    assert {threading.main_thread().name} == {name for name, _ in told}
    assert bulk_onboard.Progress(3, 3, {"submitted": 3}, "", 0.0) == told[-1][1]


def test_a_sandbox_says_when_it_is_not_listening() -> None:
    """Outside its context it neither hangs nor names an address that nobody listens at; a wrong quota is explained."""
    for ask in (lambda sandbox: sandbox.records, lambda sandbox: sandbox.settings, Sandbox.reset):
        with pytest.raises(UsageError, match=r"with Sandbox\(\) as sandbox"):
            ask(Sandbox())
    with pytest.raises(UsageError, match=r"quota: .*60/min"):
        Sandbox(quota=60)  # type: ignore[arg-type]


def test_accounts_of_a_sandbox_are_apart(tmp_path: Path, sandbox: Sandbox) -> None:
    """Each has credentials and records of its own; as a whole the sandbox asks which one is meant."""
    acme, bravo = sandbox.account("acme-ltd"), sandbox.account("bravo")
    bulk_onboard.run(made(tmp_path, sandbox), credentials=acme.credentials)

    assert (True, 0) == (bool(acme.records), len(bravo.records))
    assert acme.credentials.auth_id == sandbox.environ("acme-ltd")["PLIVO_AUTH_ID_ACME_LTD"]
    with pytest.raises(UsageError, match="2 accounts"):
        _ = sandbox.records
    sandbox.reset()
    assert () == sandbox.records


# Errors and stops


def test_what_cannot_begin_is_raised(tmp_path: Path, sandbox: Sandbox) -> None:
    """As the error that says what to do; nothing is sent."""
    job = made(tmp_path, sandbox)
    with pytest.raises(UsageError, match="Credentials are missing"):
        bulk_onboard.run(job)
    with pytest.raises(UsageError, match="stop_after"):
        bulk_onboard.run(job, credentials=sandbox.credentials, stop_after="soon")
    with pytest.raises(UsageError, match="no ledger"):
        bulk_onboard.status(job)
    with pytest.raises(WorkbookError):
        bulk_onboard.check(
            bulk_onboard.load_job(frame=pd.DataFrame({"Key": ["a"]}), ledger=tmp_path / "a.ledger.jsonl")
        )
    with Sandbox(credentials=("MAOTHER0000000000000", "other")) as strict, pytest.raises(CredentialsError):
        bulk_onboard.run(made(tmp_path, strict), credentials=sandbox.credentials)
    assert () == sandbox.records


def test_what_on_progress_raises_stops_the_run(tmp_path: Path, sandbox: Sandbox) -> None:
    """The report is there when it comes out, and the next run continues."""

    def refuse(_: bulk_onboard.Progress) -> None:
        raise ZeroDivisionError

    job = made(tmp_path, sandbox, rows=20, concurrency=1)
    with pytest.raises(ZeroDivisionError):
        bulk_onboard.run(job, credentials=sandbox.credentials, on_progress=refuse)

    assert (tmp_path / "crm.report.xlsx").exists()
    assert not bulk_onboard.status(job).is_running
    assert bulk_onboard.run(job, credentials=sandbox.credentials).ok
    assert (20, 0) == (len(sandbox.records), sandbox.duplicates)


async def test_cancelling_stops_the_run_and_the_next_one_continues(tmp_path: Path, sandbox: Sandbox) -> None:
    """The ledger is closed and the report written when the cancellation comes out."""
    job = made(tmp_path, sandbox, rows=40, concurrency=1, quota="20/s")
    begun = asyncio.Event()

    def look(progress: bulk_onboard.Progress) -> None:
        if progress.done:
            begun.set()

    running = asyncio.create_task(bulk_onboard.run_async(job, credentials=sandbox.credentials, on_progress=look))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert (tmp_path / "crm.report.xlsx").exists()
    assert not (await bulk_onboard.status_async(job)).is_running
    assert 0 < len(sandbox.records) < 40
    result = await bulk_onboard.run_async(made(tmp_path, sandbox, rows=40), credentials=sandbox.credentials)
    assert result.ok
    assert (40, 0) == (len(sandbox.records), sandbox.duplicates)


async def test_the_callers_event_loop_goes_on(tmp_path: Path, sandbox: Sandbox) -> None:
    """Reading, judging and sending are done elsewhere; no tick of the loop is late by more than a moment."""
    job, late = made(tmp_path, sandbox, rows=200), [0.0]

    async def tick() -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(0.01)
            late.append(time.monotonic() - asked - 0.01)

    ticking = asyncio.create_task(tick())
    result = await bulk_onboard.run_async(job, credentials=sandbox.credentials)
    ticking.cancel()

    assert result.ok
    assert max(late) < 0.5


async def test_several_jobs_at_a_time_and_one_run_of_each(tmp_path: Path, sandbox: Sandbox) -> None:
    """Jobs do not wait for each other; a second run of one is refused."""
    jobs = [made(tmp_path / name, sandbox) for name in "ab"]
    for job in jobs:
        job.frame["Key"] = [f"{job.ledger.parent.name}-{number}" for number in range(3)]

    results = await asyncio.gather(*(bulk_onboard.run_async(job, credentials=sandbox.credentials) for job in jobs))
    twice = await asyncio.gather(
        *(bulk_onboard.run_async(jobs[0], credentials=sandbox.credentials) for _ in range(2)), return_exceptions=True
    )

    assert [True, True] == [result.ok for result in results]
    assert 6 == len(sandbox.records)
    assert all(isinstance(each, bulk_onboard.RunResult | LockedError) for each in twice)


# Beside a program of somebody else


def test_it_says_nothing_and_leaves_the_process_as_it_is(
    tmp_path: Path, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """No output, no signal handlers, no configuration of structlog or logging."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    structlog.reset_defaults()
    before = logging.getLogger().handlers[:]
    sandbox.fail("create", "error-500-before")

    bulk_onboard.run(made(tmp_path, sandbox), credentials=sandbox.credentials)

    assert ("", "") == tuple(capfd.readouterr())
    assert handlers == {number: signal.getsignal(number) for number in handlers}
    assert not structlog.is_configured()
    assert before == logging.getLogger().handlers


def test_events_go_to_logging_without_personal_data(
    tmp_path: Path, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever wants them sets a level; the fields are there to be filtered by."""
    caplog.set_level("INFO", logger="bulk_onboard")

    result = bulk_onboard.run(made(tmp_path, sandbox), credentials=sandbox.credentials)

    started = next(record for record in caplog.records if record.event == "run started")
    assert result.run_id == started.run_id
    assert "Traders" not in caplog.text


PROGRAM = """
import bulk_onboard, pandas as pd, sys
frame = pd.read_csv(sys.argv[1], dtype=str)
job = bulk_onboard.load_job(frame=frame, ledger="crm.ledger.jsonl", documents="documents",
                            base_url=sys.argv[2], quota="none", settle=0.2)
print("{}")
print(bulk_onboard.run(job).counts["submitted"])
"""


def environment() -> dict[str, str]:
    """That of a program, with credentials."""
    return os.environ | {"PLIVO_AUTH_ID": "MASANDBOX00000000000", "PLIVO_AUTH_TOKEN": "invented"}


@pytest.mark.parametrize("how", ["-c", "-"])
def test_a_program_without_a_file_of_its_own(tmp_path: Path, sandbox: Sandbox, how: str) -> None:
    """`python -c` and `python -`: the child that reads documents starts all the same."""
    invented_businesses(2, tmp_path / "documents").to_csv(tmp_path / "crm.csv", index=False)
    program = PROGRAM.format("ready")
    words = [sys.executable, how, *((program,) if how == "-c" else ()), "crm.csv", sandbox.base_url]

    ended = subprocess.run(
        words, input=program, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )

    assert (0, "ready\n2\n", "") == (ended.returncode, ended.stdout, ended.stderr)


def test_ctrl_c_stops_a_program_well(tmp_path: Path, sandbox: Sandbox) -> None:
    """The report is written, KeyboardInterrupt comes out, and the next run sends the rest."""
    invented_businesses(60, tmp_path / "documents").to_csv(tmp_path / "crm.csv", index=False)
    program = PROGRAM.format("ready").replace('quota="none"', 'quota="20/s"')
    # Whoever runs the tests may ignore SIGINT, as a shell does for what it starts in the background.
    program = program.replace(
        'print("ready")', "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "crm.csv", sandbox.base_url],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not sandbox.records:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()

    assert "KeyboardInterrupt" in said
    assert (tmp_path / "crm.report.xlsx").exists()
    assert 0 < len(sandbox.records) < 60
    job = bulk_onboard.load_job(
        frame=pd.read_csv(tmp_path / "crm.csv", dtype=str), ledger=tmp_path / "crm.ledger.jsonl", **sandbox.settings
    )
    assert not bulk_onboard.status(job).is_running
    assert ExitStatus.DONE == bulk_onboard.run(job, credentials=sandbox.credentials).exit_status
    assert (60, 0) == (len(sandbox.records), sandbox.duplicates)


def sent_in_another_process(folder: Path, base_url: str) -> int:
    """How many records a run has made."""
    frame = pd.read_csv(folder / "crm.csv", dtype=str)
    job = bulk_onboard.load_job(
        frame=frame, ledger=folder / "crm.ledger.jsonl", base_url=base_url, quota="none", settle=0.2
    )
    return bulk_onboard.run(job, credentials=bulk_onboard.Credentials.of("MAINVENTED0000000001", "x")).counts[
        "submitted"
    ]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing(tmp_path: Path, sandbox: Sandbox, method: str) -> None:
    """As Airflow and others start them."""
    invented_businesses(2, tmp_path / "documents").to_csv(tmp_path / "crm.csv", index=False)

    with multiprocessing.get_context(method).Pool(1) as pool:
        assert 2 == pool.apply(sent_in_another_process, (tmp_path, sandbox.base_url))


def test_importing_it_imports_nothing_else() -> None:
    """The command line and each of its child processes import the package first."""
    program = "import sys, typing; before = set(sys.modules); import bulk_onboard; print(*set(sys.modules) - before)"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "bulk_onboard\n" == ended.stdout


def test_every_name_is_there() -> None:
    """For programs, for `dir`, and with a docstring that says what it is."""
    assert set(bulk_onboard.__all__) <= set(dir(bulk_onboard))
    assert [] == [name for name in bulk_onboard.__all__ if not getattr(bulk_onboard, name).__doc__]
    with pytest.raises(AttributeError):
        bulk_onboard.no_such_name  # noqa: B018
