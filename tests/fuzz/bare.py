"""What calamine alone makes of a file, in a process that may die of it: the numbers of the rows that hold something."""

import json
import resource
import subprocess
import sys
import threading
from pathlib import Path

_MEMORY = 1 << 30
_WAIT_S = 20.0


class BareReader:
    """One process that reads file after file; a new one where it died. Belongs to one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def read(self, path: Path, sheet: str) -> list[int] | None:
        """The rows of a sheet; None where calamine fails, takes too long, or takes its process with it."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                text=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(_WAIT_S, process.kill)
        timer.start()
        try:
            process.stdin.write(json.dumps([str(path), sheet]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        timer.cancel()
        if not answer:
            self.close()
            return None
        return json.loads(answer)

    def close(self) -> None:
        """Let the process go."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _rows(path: str, sheet: str) -> list[int] | None:
    import python_calamine

    try:
        grid = python_calamine.load_workbook(path).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except BaseException:  # a panic of compiled code is no Exception
        return None
    return [at for at, row in enumerate(grid, 1) if any(cell != "" and not str(cell).isspace() for cell in row)]


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        print(json.dumps(_rows(*json.loads(line))), flush=True)
