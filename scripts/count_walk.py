"""Count how much of the code one row passes in a `run` before its create leaves: files, functions, changes of file.

PYTHONPATH=. .venv/bin/python scripts/count_walk.py [--list]

Two jobs of one row each are run in this process, by the command line's own `app`, against a sandbox in another. The
first run only imports what is imported on the way. During the second every thread is profiled. Counting begins when the
verb's command function is called, so that reading the flags counts and typer does not; it ends with the first call of
`Client.exchange` for a POST, which is counted. Only calls of this package's functions count, without its sandbox, and
comprehensions and generators count as functions. A file is changed when a function is called that stands in another
file than the one called before; a coroutine that goes on is called again. `--list` names every file and its functions.
"""

import contextlib
import io
import itertools
import os
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from unittest import mock

from demo import ROOT, environment, start_sandbox

from bulk_onboard.cli.app import app
from tests.support.businesses import business, write_documents, write_workbook

PACKAGE = str(ROOT / "bulk_onboard") + os.sep
SANDBOX = str(ROOT / "bulk_onboard" / "sandbox") + os.sep
TARGETS = {"files": 60, "functions": 350, "changes of file": 450}


class Walk:
    """The calls of this package's functions from the verb's command to the first create, in their order."""

    def __init__(self) -> None:
        self.calls: list[CodeType] = []
        self.is_over = False
        self._has_begun = False

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """Take a profiler's event."""
        code = frame.f_code
        name = code.co_filename
        if self.is_over or event != "call" or not name.startswith(PACKAGE) or name.startswith(SANDBOX):
            return
        self._has_begun = self._has_begun or code.co_qualname == "register_job_verb.<locals>.command"
        if not self._has_begun or code.co_name == "<module>":
            return
        self.calls.append(code)
        self.is_over = code.co_qualname == "Client.exchange" and frame.f_locals["request"].method == "POST"

    @property
    def figures(self) -> dict[str, int]:
        """How many files and functions were passed, and how often the file changed."""
        files = [code.co_filename for code in self.calls]
        changes = sum(one != other for one, other in itertools.pairwise(files))
        return {"files": len(set(files)), "functions": len(set(self.calls)), "changes of file": changes}

    def by_file(self) -> Iterator[str]:
        """Each file with its functions, and how often each was called."""
        called = Counter(self.calls)
        for file in sorted({code.co_filename for code in called}):
            its = sorted((code for code in called if code.co_filename == file), key=lambda code: code.co_firstlineno)
            yield f"{file.removeprefix(PACKAGE)}: " + ", ".join(f"{code.co_qualname} {called[code]}" for code in its)


@contextlib.contextmanager
def profiled(walk: Walk) -> Iterator[None]:
    """Hand the calls of all threads to a walk."""
    threading.setprofile(walk.note)
    sys.setprofile(walk.note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def run_one_row(folder: Path, base_url: str, number: int) -> None:
    """Run a fresh job of one row, with nothing printed; ends this process where the row was not sent."""
    folder.mkdir()
    rows = [business(number)]
    write_documents(folder / "documents", rows)
    workbook = write_workbook(folder / "businesses.xlsx", rows)
    words = ["run", str(workbook), "--base-url", base_url, "--settle", "1s", "--quota", "none", "--quiet"]
    words += ["--documents", str(folder / "documents")]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        status = app(args=words, standalone_mode=False)
    if status:
        sys.exit(f"The run ended with {status}: {said.getvalue()}")


def main() -> None:
    """Print the figures, each beside what it may be at most."""
    walk = Walk()
    process, url = start_sandbox()
    try:
        with mock.patch.dict(os.environ, environment(), clear=True), tempfile.TemporaryDirectory() as folder:
            run_one_row(Path(folder, "first"), url, 1)
            with profiled(walk):
                run_one_row(Path(folder, "second"), url, 2)
    finally:
        process.terminate()
        process.wait()
    if "--list" in sys.argv:
        print(*walk.by_file(), sep="\n")
    if not walk.is_over:
        sys.exit("No create was sent.")
    for name, number in walk.figures.items():
        print(f"{name}: {number} (at most {TARGETS[name]})")


if __name__ == "__main__":
    main()
