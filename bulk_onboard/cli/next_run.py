"""The run to type next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bulk_onboard.cli.verb import Invocation


def next_run(invocation: Invocation, marked: Path | None) -> str:
    """A run with the flags that were given: of the marked copy, once that is mended, else of JOB."""
    job, flags = invocation.job.file, dict(invocation.flags)
    if marked and (job.suffix.lower() == ".toml" or flags.get("workbook")):
        flags["workbook"] = str(marked)
    elif marked:
        job = marked  # the copy of a bare workbook is the same job again
    return shlex.join(["bulk-onboard", "run", str(job), *_as_typed(flags)])


def _as_typed(flags: Mapping[str, Any]) -> list[str]:
    """The flags that were given, as one types them."""
    typed: list[str] = []
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list) else [value]:
            if each is True:
                typed.append(option)
            elif each is not None:
                typed += [option, str(each)]
    return typed
