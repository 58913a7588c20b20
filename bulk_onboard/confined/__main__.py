"""The child: `python -P -m bulk_onboard.confined MODULE MEMORY CPU_S SOURCE`.

Out comes an answer, or one line that says what went wrong: our own sentence, that memory ran out, or of an error that
nobody foresaw its type and place; never the data, never a traceback.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from types import TracebackType

from bulk_onboard.confined.limits import SOURCE, put_on
from bulk_onboard.errors import BulkOnboardError


def main(module: str, memory: int, cpu_s: int, source: int) -> int:
    """Do the work; return the process's exit status."""
    put_on(memory=memory, cpu_s=cpu_s)
    if source != SOURCE:
        os.dup2(source, SOURCE, inheritable=False)
    try:
        with sys.stdin.buffer as asked, open(SOURCE, "rb", closefd=False) as file:
            request = asked.read()
            for piece in importlib.import_module(module).answer(request, file):
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()  # somebody may wait for this very piece
    except BaseException as error:  # a panic of compiled code is no Exception
        sys.stderr.write(json.dumps(_last_words(error)) + "\n")
        sys.stderr.flush()
        return 1
    return 0


def _last_words(error: BaseException) -> dict[str, str]:
    if isinstance(error, BulkOnboardError):
        return {"refused": str(error)}
    if isinstance(error, MemoryError):
        return {"memory": ""}
    return {"unforeseen": f"{type(error).__name__} at {_place(error.__traceback__)}"}


def _place(traceback: TracebackType | None) -> str:
    """Return the last line of our own package that the error passed through."""
    place = "the start"
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "bulk_onboard" in code.co_filename:
            place = f"{Path(code.co_filename).name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


if __name__ == "__main__":
    status = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    os._exit(status)  # nothing to tidy up, and taking a large heap apart takes long
