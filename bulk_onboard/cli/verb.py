"""Verbs that take JOB: their flags are made from the table of settings.

Some flags may be given without a value, such as `--wait`. The word that follows one is its value if it can be read as
one, and else a word of its own, such as JOB.
"""

import inspect
import os
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bulk_onboard.cli.notifying import notify
from bulk_onboard.cli.output import Output, awaited, finish, tell
from bulk_onboard.errors import UsageError
from bulk_onboard.settings import SETTINGS, Setting

if TYPE_CHECKING:
    from bulk_onboard.api.credentials import Credentials
    from bulk_onboard.cli.progress import Hidden
    from bulk_onboard.clock import Clock
    from bulk_onboard.job import Job
    from bulk_onboard.pipeline.progress import Progress

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Invocation:
    """What was typed: the job with all flags applied, and how to answer.

    Attributes:
        flags: each setting's flag as it was given; None where it was not.
    """

    job: "Job"
    offline: bool
    as_json: bool
    quiet: bool
    flags: Mapping[str, Any] = field(default_factory=dict)

    def clock(self) -> "Clock":
        """Return the machine's own clock."""
        from bulk_onboard.clock import SystemClock

        return SystemClock()

    def showing(self, progress: "Progress") -> "AbstractContextManager[Hidden]":
        """Return a context in which the progress is shown, unless nobody wants to see it.

        It gives what hides it while somebody is asked a question.
        """
        from bulk_onboard.cli.progress import shown

        return shown(progress, sys.stderr, quiet=self.quiet, zone=self.job.timezone)

    def awaited(self, what: str, work: Coroutine[Any, Any, _T]) -> _T:
        """Return what the work comes to, and say meanwhile what is done."""
        from bulk_onboard.pipeline.progress import Progress

        progress = Progress()
        with self.showing(progress), progress.doing(what):
            return awaited(work)

    def say(self, sentence: str) -> None:
        """Put a sentence on stderr about what is done just now, where no progress line says it and somebody listens."""
        from bulk_onboard.reporting.printer import is_terminal

        if not self.quiet and not is_terminal(sys.stderr):
            tell(sentence)

    def credentials(self) -> "Credentials":
        """Return the credentials in the environment; UsageError where they are missing."""
        from bulk_onboard.api.credentials import credentials_from

        return credentials_from(os.environ, warn=tell)

    def credentials_at_hand(self) -> "Credentials | None":
        """Return the credentials; None with `--offline`, or where neither the environment nor a file has any."""
        from bulk_onboard.api.credentials import are_at_hand

        return self.credentials() if not self.offline and are_at_hand(os.environ) else None


def register_job_verb(
    app: typer.Typer,
    name: str,
    verb: Callable[..., Output],
    *,
    or_ledger: bool = False,
    job_optional: bool = False,
    job_unless: str = "",
    notifies: bool = False,
    writes: bool = True,
) -> None:
    """Add a verb to the command line.

    Args:
        verb: takes an `Invocation`, and by name whatever parameters of its own it declares.
        or_ledger: JOB may be the ledger itself.
        job_optional: without JOB the settings alone are the job.
        job_unless: the name of a parameter of the verb that may be given in place of JOB.
        notifies: how it ends, even with an error, is sent to the addresses in the environment.
        writes: it may write the job's files, so it is checked first that none of these is somebody else's.
    """
    own = list(inspect.signature(verb).parameters.values())[1:]
    job = _keyword("job", _JOB, None if job_optional or job_unless else inspect.Parameter.empty)
    parameters = [job, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *_FLAGS, *_SWITCHES]

    def command(**given: Any) -> None:
        from bulk_onboard import log

        flags = {parameter.name: given.pop(parameter.name) for parameter in _FLAGS}
        offline, as_json, quiet = (given.pop(parameter.name) for parameter in _SWITCHES)
        file = given.pop("job")
        log.configure(form=flags.get("log_format") or log.TEXT, quiet=quiet)

        def answer() -> Output:
            if file is None and job_unless and given[job_unless] is None:
                raise UsageError(f"JOB is missing. Name a job file (.toml) or a workbook, or give --{job_unless}.")
            job = _loaded(file, flags, or_ledger=or_ledger)
            log.configure(form=job.log_format, quiet=quiet)
            if file is not None and writes:
                from bulk_onboard.pipeline.preflight import check_places

                check_places(job)
            return verb(Invocation(job, offline, as_json, quiet, flags), **given)

        finish(answer, as_json=as_json, quiet=quiet, then=partial(notify, file=file, flags=flags) if notifies else None)

    _describe(command, verb, parameters)
    app.command(name)(command)


def _describe(command: Callable[..., None], verb: Callable[..., Output], parameters: list[inspect.Parameter]) -> None:
    """Give the command what typer reads: the verb's help and all parameters."""
    command.__doc__ = verb.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


def _loaded(file: Path | None, flags: Mapping[str, Any], *, or_ledger: bool) -> "Job":
    from bulk_onboard import job

    if file is None:
        return job.job_from_flags(flags)
    return job.load_job_or_ledger(file, flags) if or_ledger else job.load_job(file, flags)


def _option(setting: Setting) -> inspect.Parameter:
    shown = setting.shown or str(setting.default)
    text = f"{setting.help} [default: {shown}]" if not setting.switch else setting.help
    metavar = "PATH" if setting.path else None
    option = typer.Option(setting.flag_name, help=text, show_default=False, metavar=metavar)
    value = bool if setting.switch else list[str] if setting.several else str
    return _keyword(setting.name, Annotated[value | None, option], None)


def _switch(name: str, text: str) -> inspect.Parameter:
    return _keyword(name, Annotated[bool, typer.Option(f"--{name.removeprefix('as_')}", help=text)], False)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


_FLAGS = [_option(setting) for setting in SETTINGS if setting.flag]
_SWITCHES = [
    _switch("offline", "Do not ask the API; use the bundled example of the requirements."),
    _switch("as_json", "Print one JSON object instead of text."),
    _switch("quiet", "Show no progress; warnings and errors only."),
]
_JOB = Annotated[Path, typer.Argument(metavar="JOB", help="A job file (.toml) or a workbook.", show_default=False)]
_BARE = {setting.flag_name: setting for setting in SETTINGS if setting.bare}


def filled_in(words: Sequence[str]) -> list[str]:
    """Return the words of a command line, with a value for each flag that was given without one: `--wait=2d`."""
    return list(_filled_in(deque(words)))


def _filled_in(words: deque[str]) -> Iterator[str]:
    while words:
        word = words.popleft()
        if word == "--":  # what follows is JOB and a Key, whatever it looks like
            yield from (word, *words)
            return
        setting = _BARE.get(word)
        if setting is None:
            yield word
        elif words and _reads(setting, words[0]):
            yield f"{word}={words.popleft()}"
        else:
            yield f"{word}={setting.bare}"


def _reads(setting: Setting, word: str) -> bool:
    try:
        setting.read(word)
    except ValueError:
        return False
    return True
