"""Write docs/commands.md from the command line, and the table of docs/job_file.md from `bulk_onboard/settings.py`.

.venv/bin/python scripts/list_commands.py
"""

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from bulk_onboard.cli.app import app
from bulk_onboard.settings import SETTINGS, Setting
from bulk_onboard.units import Quota

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/commands.md"
JOB_FILE = ROOT / "docs/job_file.md"
PROGRAM = "bulk-onboard"
SEVERAL = 3  # a flag of so many verbs, with one meaning, is listed once
HEAD = f"""\
# Commands

Every verb, its help and its flags, in the order of `{PROGRAM} --help`. This page is written by
`scripts/list_commands.py` from the command line itself; `{PROGRAM} VERB --help` says the same.

- JOB is a job file, a workbook, or a folder with a `job.toml`. It may be left out where the folder you are in has one.
- Of a job with [several accounts](job_file.md#several-accounts) a command is about all of them, or those that
  `--account` names; what is about one record or one ledger needs exactly one.
- Results go to stdout, progress and logs to stderr. `--json` prints one object instead of text, `--quiet` leaves out
  the progress. Questions are asked on a terminal only; `--yes` answers them.
- `check`, `plan`, `template` and `requirements` ask the API when credentials are in the environment. Without them, with
  `--offline`, or where no row says what its number is for, they use the bundled example of the API's document, and say
  so.
- Every command that is printed works as it stands when it is pasted in the same folder: with the flags that were given,
  as far as they matter, and names quoted as bash reads them. `status` and `report` have the flags of the newest run
  from the ledger. Left out are `--proxy`, which may hold a password, and what was meant for one run alone, such as a
  pilot's `--limit`; a run that was stopped goes on with its own.
- [Exit statuses](when_a_run_stops.md#exit-statuses) say how a command ended. A flag that stands for a key of the
  [job file](job_file.md) holds for one command.
"""
SHARED = "What is listed at several verbs by its name alone, under the headings of their help."


class Verb:
    """One verb of the command line, with its flags as its help shows them."""

    def __init__(self, words: str, command: Any) -> None:
        self.words = words
        self.help = command.help or ""
        with command.context_class(command, info_name=words) as context:
            pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
            records = [(option.rich_help_panel, option.get_help_record(context)) for option in _options(command)]
        self.usage = " ".join((PROGRAM, words, *pieces))
        self.flags = [(panel or "Options", *record) for panel, record in records if record]


def _options(command: Any) -> Iterator[Any]:
    return (each for each in command.params if each.param_type_name == "option" and "--help" not in each.opts)


def groups() -> dict[str, list[Verb]]:
    """Return the verbs under the headings of the help."""
    found: dict[str, list[Verb]] = {}
    for name, command in typer.main.get_command(app).commands.items():
        verbs = found.setdefault(command.rich_help_panel or "Verbs", [])
        inner = getattr(command, "commands", {})
        verbs.extend(Verb(f"{name} {each}", command) for each, command in inner.items())
        if not inner:
            verbs.append(Verb(name, command))
    return found


def page() -> str:
    """The whole page of commands."""
    by_group = groups()
    verbs = [verb for several in by_group.values() for verb in several]
    times = Counter(flag for verb in verbs for flag in verb.flags)
    shared = [flag for flag, count in times.items() if count >= SEVERAL]
    sections = [
        "\n".join([f"## {group}\n", *(passage(verb, shared) for verb in several)])
        for group, several in by_group.items()
    ]
    return "\n".join([HEAD, *sections, shared_flags(verbs, shared)])


def passage(verb: Verb, shared: Iterable[tuple[str, str, str]]) -> str:
    """What the page says of one verb."""
    own = [(flag, meaning) for panel, flag, meaning in verb.flags if (panel, flag, meaning) not in shared]
    common = [f"`{flag.split()[0]}`" for panel, flag, meaning in verb.flags if (panel, flag, meaning) in shared]
    parts = [f"### {verb.words}\n", f"    {verb.usage}\n", *map(_filled, verb.help.split("\n\n"))]
    if own:
        parts.append(_table("Flag", "Meaning", rows=[(f"`{flag}`", meaning) for flag, meaning in own]))
    if common:
        parts.append(_filled(f"{'Also' if own else 'Takes'} {', '.join(common)}."))
    return "\n".join(parts)


def shared_flags(verbs: Sequence[Verb], shared: Iterable[tuple[str, str, str]]) -> str:
    """What the page says of the flags of several verbs, under the headings of the help."""
    most = max(verbs, key=lambda verb: len(verb.flags))  # it has them all, in the order of the help
    by_panel: dict[str, list[tuple[str, str]]] = {panel: [] for panel, _, _ in most.flags}
    for panel, flag, meaning in shared:
        by_panel.setdefault(panel, []).append((f"`{flag}`", meaning))
    tables = [f"### {panel}\n\n{_table('Flag', 'Meaning', rows=rows)}" for panel, rows in by_panel.items() if rows]
    return "\n".join(["## Flags of several commands\n", f"{SHARED}\n", *tables])


def _table(*header: str, rows: Iterable[Iterable[str]]) -> str:
    lines = (f"| {' | '.join(map(cell, row))} |\n" for row in rows)
    return f"| {' | '.join(header)} |\n|{'---|' * len(header)}\n{''.join(lines)}"


def cell(text: str) -> str:
    """Return a text as a cell of a table, without what Markdown would take for a tag or for the cell's end."""
    return (text if text.startswith("`") else text.replace("<", r"\<")).replace("|", r"\|")


def _filled(paragraph: str) -> str:
    return textwrap.fill(" ".join(paragraph.split()), 120, break_on_hyphens=False) + "\n"


# The table of the job file.


def setting_cells(setting: Setting) -> list[str]:
    """What the table has to say about a key: name, default, flag and meaning."""
    default = cell(setting.shown) if setting.shown else f"`{_as_toml(setting.default)}`"
    flag = f"`{setting.flag_name}`" if setting.flag else ""
    key = f"`{setting.name}`" if setting.in_file else "none, a flag alone"
    return [key, default, flag, cell(setting.help)]


def _as_toml(value: Any) -> str:
    """A default as one writes it into a job file."""
    return json.dumps(str(value) if isinstance(value, Quota) else value)


def job_file(text: str) -> str:
    """Return the page of the job file with the table of today's settings."""
    before, header, rest = text.partition("| Key | Default | Flag | Meaning |\n|---|---|---|---|\n")
    after = rest.partition("\n\n")[2]
    rows = "".join(f"| {' | '.join(setting_cells(setting))} |\n".replace("|  |", "| |") for setting in SETTINGS)
    return f"{before}{header}{rows}\n{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    JOB_FILE.write_text(job_file(JOB_FILE.read_text(encoding="utf-8")), encoding="utf-8")
