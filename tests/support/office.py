"""A desk to run jobs from: a folder with a workbook and its documents, the sandbox for an API, and the command line."""

import asyncio
import contextlib
import io
import itertools
import json
import os
import pty
import random
import resource
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import openpyxl
import structlog

from bulk_onboard import log
from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.cli.app import app
from bulk_onboard.cli.verb import filled_in
from bulk_onboard.clock import Clock, SystemClock
from bulk_onboard.job import Job, load_job
from bulk_onboard.model.account import path_of, variables_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import State
from bulk_onboard.pipeline.finish import RunResult
from bulk_onboard.pipeline.run import run_job
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.account import Account
from bulk_onboard.sandbox.server import Sandbox
from bulk_onboard.settings import BY_NAME
from tests.support.businesses import Cells, write_documents, write_workbook
from tests.support.contracts import BETA, Layout
from tests.support.schemas import troubles, verb_in

AUTH_ID = "MAINVENTED0000000001"
AUTH_TOKEN = "an-invented-token-that-must-never-be-seen"
SETTLE = "0.6s"  # the settle window of tests
CREDENTIALS = Credentials(AUTH_ID, Secret(AUTH_TOKEN))

_ONE_AT_A_TIME = threading.Lock()  # streams, environment and working directory are the process's


@dataclass(slots=True)
class Told:
    """What a process said: its exit status, stdout and stderr; by which words it was started, where that is known."""

    status: int
    out: str
    err: str
    words: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The one object that `--json` printed, which is as the schema of its verb says."""
        told = json.loads(self.out)
        if verb := verb_in(self.words):
            wrong = troubles(told, verb.replace(" ", "-"))
            assert not wrong, "\n".join(wrong)
        return told


def credentials_of(account: str) -> Credentials:
    """Invented credentials for the account of a job that has this name, each with its own."""
    letters = "".join(filter(str.isalnum, account)).upper()[:12]
    return Credentials(f"MA{letters:0<12}{zlib.crc32(account.encode()) % 10**6:06d}", Secret(f"{AUTH_TOKEN}-{account}"))


def environ_of(accounts: Iterable[str]) -> dict[str, str]:
    """The environment in which these accounts have their credentials, and no other has any."""
    environ = dict.fromkeys(variables_of(""), "")
    for account in accounts:
        credentials = credentials_of(account)
        environ |= zip(variables_of(account), (credentials.auth_id, credentials.auth_token.reveal()), strict=True)
    return environ


@dataclass(slots=True)
class Office:
    """The folder, the rows as they stand in the workbook, and the sandbox; a layout for the contract that it speaks.

    Its job is the bare workbook, or after `open_accounts` a job file with accounts.

    Attributes:
        store: the address of the database that has the ledgers; empty where they are files.
    """

    folder: Path
    sandbox: Sandbox
    rows: list[Cells] = field(default_factory=list)
    layout: Layout = BETA
    accounts: tuple[str, ...] = ()
    store: str = ""

    def open_accounts(
        self, *names: str, keys: Mapping[str, Mapping[str, Any]] = MappingProxyType({}), **shared: Any
    ) -> None:
        """Write a job file with these accounts; `fill` then gives them the rows in turn.

        Args:
            names: of the accounts; `credentials_of` has their credentials, and commands have them in the environment.
            keys: of the job file, for single accounts by their names.
            shared: keys of the job file for all of them.
        """
        self.accounts = names
        usual = {"workbook": self.workbook.name, "documents": self.documents.name, **self._settings()}
        tables = [usual | shared, *({"name": name, **keys.get(name, {})} for name in names)]
        texts = [
            "".join(f"{key} = {json.dumps(value, default=str)}\n" for key, value in table.items()) for table in tables
        ]
        self.job_file.write_text("\n[[accounts]]\n".join(texts), encoding="utf-8")

    @property
    def job_file(self) -> Path:
        """What commands are about: the job file with the accounts, where there are some, else the workbook."""
        return self.workbook.with_suffix(".toml") if self.accounts else self.workbook

    def at(self, account: str) -> Account:
        """What the API has of an account: its records, quota, faults and log."""
        return self.sandbox.account(credentials_of(account).auth_id)

    @property
    def workbook(self) -> Path:
        """The workbook's path."""
        return self.folder / "businesses.xlsx"

    @property
    def documents(self) -> Path:
        """The documents folder."""
        return self.folder / "scans"

    @property
    def ledger(self) -> Path:
        """Where the ledger of the bare workbook lies."""
        return self.folder / "businesses.ledger.jsonl"

    def ledger_of(self, account: str) -> Path:
        """Where an account's ledger lies."""
        return path_of(self.ledger, account)

    @property
    def report(self) -> Path:
        """Where the report of the bare workbook lies, or that over all accounts."""
        return self.folder / "businesses.report.xlsx"

    def report_of(self, account: str) -> Path:
        """Where an account's own report lies."""
        return path_of(self.report, account)

    def fill(self, rows: int | Sequence[Cells]) -> None:
        """Write so many good rows, or these, and a document for each document cell; each is some account's."""
        self.rows = [self.layout.row(number) for number in range(rows)] if isinstance(rows, int) else list(rows)
        for cells, account in zip(self.rows, itertools.cycle(self.accounts), strict=False):
            cells.setdefault("Account", account)
        self.documents.mkdir(exist_ok=True)
        write_documents(self.documents, self.rows)
        self.save()

    def save(self) -> None:
        """Write the rows as they are now; they may name numbers and accounts."""
        has_numbers = any("Numbers" in cells for cells in self.rows)
        headers = [header for header in self.layout.headers if header != "Numbers" or has_numbers]
        headers += ["Account"] if any("Account" in cells for cells in self.rows) else []
        write_workbook(self.workbook, self.rows, headers)

    def shuffle(self, seed: int = 1) -> None:
        """Sort the sheet anew."""
        random.Random(seed).shuffle(self.rows)
        self.save()

    def sheet(self, name: str, account: str = "") -> list[dict[str, Any]]:
        """The rows of a sheet of the report, or of an account's own, by their headers."""
        report = self.report_of(account) if account else self.report
        header, *rows = openpyxl.load_workbook(report)[name].iter_rows(values_only=True)
        return [dict(zip(map(str, header), row, strict=True)) for row in rows]

    def commands(self) -> list[str]:
        """The commands on the report's first sheet."""
        cells = (row[0] for row in openpyxl.load_workbook(self.report)["Summary"].iter_rows(values_only=True))
        return [str(cell) for cell in cells if str(cell).startswith("bulk-onboard ")]

    def cities(self) -> list[str]:
        """Where the businesses at the API are, in the order they were created."""
        return [record.end_user["address"]["city"] for record in self.sandbox.state.records]

    def ledger_state(self, account: str = "") -> LedgerState:
        """What the ledger, or that of an account, says now."""
        return self.job(**({"account": account} if account else {})).ledger_state()

    def job(self, **flags: Any) -> Job:
        """The bare workbook as a job against the sandbox, unpaced unless said otherwise; or that of an `account`."""
        return load_job(self.job_file, self._usual_flags() | flags)

    def _usual_flags(self) -> dict[str, str]:
        """What jobs are run with where no job file says it."""
        return {} if self.accounts else self._settings() | {"documents": str(self.documents)}

    def _settings(self) -> dict[str, str]:
        usual = {"base_url": self.sandbox.url, "quota": "none", "settle": SETTLE}
        return usual | ({"store": self.store} if self.store else {})

    async def run(
        self,
        stop: Stop | None = None,
        token: str = AUTH_TOKEN,
        watch: Any = None,
        clock: Clock | None = None,
        frame: Any = None,
        **flags: Any,
    ) -> RunResult:
        """A run of one job in this process; of a frame, where there is one in place of the workbook."""
        job = self.job(**flags)
        return await run_job(
            job,
            frame=frame,
            credentials=credentials_of(job.account) if job.account else Credentials(AUTH_ID, Secret(token)),
            clock=clock or SystemClock(),
            stop=stop or Stop(),
            watch=watch or (lambda running: None),
        )

    async def run_until_unknown(self, **flags: Any) -> RunResult:
        """A run that is stopped as soon as it has a create whose outcome is unknown, before it can look."""
        return await self._run_until(State.UNCERTAIN, 1, **flags)

    async def run_until_filed(self, number: int = 1, **flags: Any) -> RunResult:
        """A run that is stopped as soon as so many records are filed, before it can look at what it did."""
        return await self._run_until(State.SUBMITTED, number, **flags)

    async def _run_until(self, state: State, number: int, **flags: Any) -> RunResult:
        stop = Stop()

        async def watch_for_it(running: Any) -> None:
            while sum(record.state is state for record in running.ledger_state.records.values()) < number:
                await asyncio.sleep(0)
            stop.request("a test")

        watchers: list[asyncio.Task[None]] = []
        result = await self.run(
            stop, watch=lambda running: watchers.append(asyncio.ensure_future(watch_for_it(running))), **flags
        )
        await asyncio.gather(*watchers)
        return result

    async def start(
        self, verb: str, *words: str, job: Path | None = None, files: int | None = None, **environ: str
    ) -> asyncio.subprocess.Process:
        """The real command in a process of its own, against the sandbox and unpaced; it may open so many files."""
        words = self._words(verb, *words, job=job)
        return await start(*words, cwd=self.folder, files=files, **self._environ() | environ)

    async def type(self, verb: str, *words: str, job: Path | None = None, **environ: str) -> Told:
        """Type a command and wait for what it says; it runs in this process."""
        return await typed(*self._words(verb, *words, job=job), cwd=self.folder, **self._environ() | environ)

    def _environ(self) -> dict[str, str]:
        return environ_of(self.accounts) if self.accounts else {}

    def _words(self, verb: str, *words: str, job: Path | None) -> list[str]:
        usual = (
            self._settings() | {"documents": str(self.documents)} if not self.accounts else {}
        )  # else in the job file
        return [*verb.split(), str(job or self.job_file), *words, *flags_of(verb, usual)]


def flags_of(verb: str, usual: Mapping[str, str]) -> list[str]:
    """Those of the usual flags that the verb takes, as they are typed."""
    name_of_verb = " ".join(itertools.takewhile(lambda word: not word.startswith("-"), verb.split()))
    taken = {name: value for name, value in usual.items() if name_of_verb in BY_NAME[name].verbs}
    return [f"{BY_NAME[name].flag_name}={value}" for name, value in taken.items()]


async def typed(*words: str, cwd: Path, **environ: str) -> Told:
    """Type `bulk-onboard WORDS` and wait for what it says; it runs in this process, in a thread.

    Where signals, kills, limits, terminals, or closed streams matter, `start` a process instead.
    """
    return await asyncio.to_thread(_typed, words, cwd, environ)


def _typed(words: tuple[str, ...], cwd: Path, environ: Mapping[str, str]) -> Told:
    with _ONE_AT_A_TIME, _as_a_process(cwd, environ) as (out, err):
        status = 0
        try:
            app(args=filled_in(words))
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
        return Told(status, *(os.fsdecode(stream.buffer.getvalue()) for stream in (out, err)), words)


@contextlib.contextmanager
def _as_a_process(cwd: Path, environ: Mapping[str, str]) -> Iterator[tuple[Any, Any]]:
    """What a process has to itself: environment, working directory, streams, and how it logs."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", write_through=True) for _ in range(2))
    with (
        mock.patch.dict(os.environ, _environment(environ), clear=True),
        contextlib.chdir(cwd),
        Path(os.devnull).open(encoding="utf-8") as nobody,
        mock.patch.object(sys, "stdin", nobody),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(asyncio.SelectorEventLoop, "add_signal_handler"),  # the main thread's alone
    ):
        try:
            yield out, err
        finally:
            log.forget()
            structlog.reset_defaults()


async def start(*words: str, cwd: Path, files: int | None = None, **environ: str) -> asyncio.subprocess.Process:
    """`bulk-onboard WORDS` in a process of its own, with credentials; an empty text takes a variable away."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bulk_onboard",
        *words,
        cwd=cwd,
        env=_environment(environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None,
    )


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    env = os.environ | {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": AUTH_TOKEN} | changes
    return {name: value for name, value in env.items() if value}


async def heard(process: asyncio.subprocess.Process) -> Told:
    """What a process said once it has ended."""
    out, err = await process.communicate()
    assert process.returncode is not None
    return Told(process.returncode, os.fsdecode(out), os.fsdecode(err))  # names of files may be any bytes


async def in_terminal(office: Office, *words: str, answer: bytes) -> tuple[int, str]:
    """Type a command on a terminal, and an answer; exit status and what it said on stdout.

    Nobody reads its stderr, so it must not say much there.
    """
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bulk_onboard", *words, str(office.workbook),
        cwd=office.folder, stdin=theirs, stderr=theirs, stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": AUTH_TOKEN},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, answer)
    out, _ = await process.communicate()
    os.close(ours)
    assert process.returncode is not None
    return process.returncode, out.decode()
