"""A PostgreSQL server of the tests' own, with a new database for each test.

It lies in a folder in memory, listens on 127.0.0.1, and syncs as one in earnest does. It ends with
the process that started it, even if that is killed: a child waits for the end of a pipe, then ends the server.
"""

import itertools
import os
import random
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PACKAGES = Path("/usr/lib/postgresql")
USER = "postgres"
MISSING = "There is no PostgreSQL here; type: make setup-cluster"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "dynamic_shared_memory_type": "mmap",  # in the folder, and gone with it
    "timezone": "UTC",
}
_MEMORY = Path("/dev/shm")
_RUNUSER = next(filter(os.path.exists, ("/usr/sbin/runuser", "/sbin/runuser")), "runuser")  # not on every PATH
_PORTS = range(20_000, 30_000)  # below those that systems give to clients, so that a restart finds its own free
_TRIES = 20
_LONGEST_S = 60


def programs() -> Path | None:
    """Return the folder with the server's programs, the newest there is; None where it is not installed."""
    packaged = sorted(PACKAGES.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*packaged, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


class Server:
    """A server in a folder of its own; it refuses root, so where that is who we are it runs as the user postgres."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.port = 0
        self._binaries = binaries

    @classmethod
    @contextmanager
    def opened(cls, binaries: Path, *, in_memory: bool = True) -> Iterator["Server"]:
        """Make a server and start it; with the context, or this process, it ends and its folder goes."""
        below = _MEMORY if in_memory and os.access(_MEMORY, os.W_OK) else None
        folder = Path(tempfile.mkdtemp(prefix="bulk-onboard-pg-", dir=below))
        if not os.geteuid():
            shutil.chown(folder, USER)
        server = cls(folder, binaries)
        with server._outlived():
            server._run("initdb", "-A", "trust", "-U", USER, "-N", "-E", "UTF8", "--locale=C", "-D", server.data)
            server._start_somewhere()
            yield server

    @property
    def data(self) -> Path:
        """Where its data are."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "log"

    def address(self, database: str = "postgres", *, port: int = 0) -> str:
        """Return a database's address, as in the setting `store`; at another port where something stands between."""
        return f"postgresql://{USER}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        """Start it where it was before, and wait until it answers."""
        options = [f"-p {self.port}", f"-k {shlex.quote(str(self.folder))}"]
        options += [f"-c {name}={value}" for name, value in SETTINGS.items()]
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.log, "-o", " ".join(options), "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` throws its clients out, `immediate` is a crash."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def restart(self, mode: str = "fast") -> None:
        """End it and start it again; what was committed is there."""
        self.stop(mode)
        self.start()

    def pause(self) -> None:
        """Stop all its processes where they are: connections stay open, and nobody answers."""
        for pid in self._pids():
            with suppress(ProcessLookupError):  # a child that ended meanwhile
                os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let its processes go on."""
        for pid in reversed(self._pids()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def see_to_it(self) -> None:
        """Start it or let it go on, where a test has left it otherwise."""
        if self._pids():
            self.resume()
        else:
            self.start()

    def execute(self, query: str, *values: Any, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Do one statement, outside a transaction, and return its rows."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(query, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def _pids(self) -> list[int]:
        """The postmaster and its children; none where it does not run."""
        file = self.data / "postmaster.pid"
        if not file.exists():
            return []
        main = int(file.read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children")
        return [main, *map(int, children.read_text().split())] if children.exists() else []

    def _start_somewhere(self) -> None:
        """Start it at a free port: one that is taken meanwhile is as good as one that was."""
        for tried in itertools.count(1):
            self.port = random.SystemRandom().choice(_PORTS)
            try:
                self.start()
                return
            except subprocess.CalledProcessError:
                if tried == _TRIES or "could not create any TCP/IP sockets" not in self.log.read_text():
                    raise

    def _run(self, program: str, *words: str | Path) -> None:
        command = self._command(program, *words)
        # No pipe: the server would inherit it, and hold it open.
        with tempfile.TemporaryFile() as told:
            try:
                subprocess.run(
                    command, check=True, stdin=subprocess.DEVNULL, stdout=told, stderr=told, cwd="/", timeout=_LONGEST_S
                )
            except subprocess.CalledProcessError as failed:
                told.seek(0)
                failed.add_note(told.read().decode(errors="replace"))
                if self.log.exists():
                    failed.add_note(self.log.read_text()[-2000:])
                raise

    def _command(self, program: str, *words: str | Path) -> list[str]:
        as_whom = [] if os.geteuid() else [_RUNUSER, "-u", USER, "--"]
        return [*as_whom, str(self._binaries / program), *map(str, words)]

    @contextmanager
    def _outlived(self) -> Iterator[None]:
        """End the server when the context is left, or this process is gone."""
        ending = shlex.join(self._command("pg_ctl", "-D", self.data, "-w", "-t", "10", "-m", "immediate", "stop"))
        # A server that is stopped (SIGSTOP) does not end before it goes on.
        awake = f'pid=$(head -n 1 {self.data}/postmaster.pid) && kill -CONT "$pid" $(cat /proc/$pid/task/$pid/children)'
        script = f"read _; {{ {awake}; {ending}; rm -rf {shlex.quote(str(self.folder))}; }} >/dev/null 2>&1"
        child = subprocess.Popen(
            ["sh", "-c", script], stdin=subprocess.PIPE, cwd="/", start_new_session=True, stdout=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            child.communicate(timeout=_LONGEST_S)  # which closes its stdin


@dataclass(frozen=True, slots=True)
class Database:
    """An empty database of one test."""

    server: Server
    name: str

    @classmethod
    @contextmanager
    def made(cls, server: Server) -> Iterator["Database"]:
        """Make a new one, which goes with the context."""
        name = f"test_{random.SystemRandom().getrandbits(48):012x}"
        server.see_to_it()
        server.execute(f"create database {name} template template0")
        try:
            yield cls(server, name)
        finally:
            server.see_to_it()
            server.execute(f"drop database {name} with (force)")

    @property
    def address(self) -> str:
        """Its address, as in the setting `store`."""
        return self.server.address(self.name)

    def execute(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Do one statement and return its rows."""
        return self.server.execute(query, *values, database=self.name)
