"""The run to type next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bulk_onboard.cli.verb import Invocation


def next_run(invocation: Invocation, marked: Path | None) -> str:
    """A run of JOB with the flags that were given; after a merge, where cells are to be mended in a marked copy."""
    from bulk_onboard.job import name_of

    flags = dict(invocation.flags)
    if marked and flags.get("workbook") and name_of(Path(flags["workbook"])) != Path(flags["workbook"]).stem:
        flags["workbook"] = None  # an earlier copy: what was mended in both goes into the job's own workbook
    job = [str(invocation.job.file), *_as_typed(flags)]
    run = shlex.join(["bulk-onboard", "run", *job])
    return f"{shlex.join(['bulk-onboard', 'merge', *job])} && {run}" if marked else run


def merge_command(invocation: Invocation) -> str:
    """A merge of JOB with the flags that were given."""
    return shlex.join(["bulk-onboard", "merge", str(invocation.job.file), *_as_typed(invocation.flags)])


def run_of(invocation: Invocation, workbook: Path) -> str:
    """A run of JOB with the flags that were given, with another workbook."""
    flags = {**invocation.flags, "workbook": str(workbook)}
    return shlex.join(["bulk-onboard", "run", str(invocation.job.file), *_as_typed(flags)])


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
