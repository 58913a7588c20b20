"""Verbs that take JOB: their flags are made from the table of settings.

JOB may be a folder with a `job.toml`, and may be left out in such a folder. Then the first word is a Key where the verb
takes one; which of the two a word is shows in its ending, or in that such a file is there.

Some flags may be given without a value, such as `--wait`. The word that follows one is its value if it can be read as
one or looks like an attempt, and else a word of its own, such as JOB.
"""

import inspect
import os
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

import typer
from typer.models import ArgumentInfo

from bulk_onboard.cli.command_line import PROGRAM, VerbCommand
from bulk_onboard.cli.notifying import notify
from bulk_onboard.cli.output import Output, awaited, finish, tell
from bulk_onboard.errors import BulkOnboardError, UsageError
from bulk_onboard.settings import JUDGES, SETTINGS, Panel, Setting

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
        jobs: one for each account of the job that was picked; one where it has no accounts.
        flags: each setting's flag as it was given; None where it was not.
    """

    jobs: "tuple[Job, ...]"
    offline: bool
    as_json: bool
    quiet: bool
    flags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> "Job":
        """Return the one job; UsageError that names the accounts where there are several."""
        from bulk_onboard.job import the_one

        return the_one(self.jobs)

    def clock(self) -> "Clock":
        """Return the machine's own clock."""
        from bulk_onboard.clock import SystemClock

        return SystemClock()

    def showing(self, *accounts: "Progress") -> "AbstractContextManager[Hidden]":
        """Return a context in which the progress of all accounts is shown, unless nobody wants to see it.

        It gives what hides it while somebody is asked a question.
        """
        from bulk_onboard.cli.progress import shown

        return shown(accounts, sys.stderr, quiet=self.quiet, zone=self.jobs[0].timezone)

    def awaited(self, what: str, work: Coroutine[Any, Any, _T]) -> _T:
        """Return what the work comes to, and say meanwhile what is done."""
        return self.asking(what, lambda _: work)

    def asking(self, what: str, work: "Callable[[Progress], Coroutine[Any, Any, _T]]") -> _T:
        """Return what work comes to that asks the API; say meanwhile what is done, and what it waits for.

        Args:
            work: given the progress, it says there how the calls flow.
        """
        from bulk_onboard.pipeline.progress import Progress

        progress = Progress()
        with self.showing(progress), progress.doing(what):
            return awaited(work(progress))

    def say(self, sentence: str) -> None:
        """Put a sentence on stderr about what is done just now, where no progress line says it and somebody listens."""
        from bulk_onboard.reporting.printer import is_terminal

        if not self.quiet and not is_terminal(sys.stderr):
            tell(sentence)

    def credentials(self) -> "Credentials":
        """Return the credentials of the one job in the environment; UsageError where they are missing."""
        from bulk_onboard.api.credentials import credentials_from

        return credentials_from(os.environ, warn=tell, account=self._account())

    def credentials_at_hand(self) -> "Credentials | None":
        """Return the credentials; None with `--offline`, or where neither the environment nor a file has any."""
        from bulk_onboard.api.credentials import are_at_hand

        return self.credentials() if not self.offline and are_at_hand(os.environ, self._account()) else None

    def _account(self) -> str:
        """Return the name of the one account; where JOB is a ledger, the one whose ledger it is."""
        if self.job.file != self.job.ledger:
            return self.job.account
        from bulk_onboard.pipeline.kept_flags import account_of

        return account_of(self.job.ledger_state())

    def credentials_of_all_at_hand(self) -> "Mapping[str, Credentials | None]":
        """Return the credentials of all accounts; none with `--offline`, or where no account has any.

        Raises:
            UsageError: some accounts have credentials and others have none; it names these.
        """
        from bulk_onboard.api.credentials import are_at_hand

        names = [job.account for job in self.jobs]
        if self.offline or not any(are_at_hand(os.environ, name) for name in names):
            return dict.fromkeys(names)
        return self.credentials_of_all()

    def credentials_of_all(self) -> "dict[str, Credentials]":
        """Return the credentials of all accounts by their names; UsageError that names all that are missing."""
        from bulk_onboard.api.credentials import credentials_of_all

        return credentials_of_all([job.account for job in self.jobs], os.environ, tell)


def register_job_verb(
    app: typer.Typer,
    name: str,
    verb: Callable[..., Output],
    *,
    group: str | None = None,
    or_ledger: bool = False,
    job_optional: bool = False,
    job_unless: str = "",
    several: bool = False,
    notifies: bool = False,
    writes: bool = True,
) -> None:
    """Add a verb to the command line.

    Args:
        verb: takes an `Invocation`, and by name whatever parameters of its own it declares.
        group: the heading under which the help has it.
        or_ledger: JOB may be the ledger itself.
        job_optional: without JOB, and without a job.toml in the working folder, the settings alone are the job.
        job_unless: the name of a parameter of the verb that may be given in place of JOB.
        several: it takes all accounts of a job, or those that were picked; else it is about exactly one.
        notifies: how it ends, even with an error, is sent to the addresses in the environment.
        writes: it may write the job's files, so it is checked first that none of these is somebody else's.
    """
    full_name = name if app.info.name == PROGRAM else f"{app.info.name} {name}"
    own = list(inspect.signature(verb).parameters.values())[1:]
    names = next((p for p in own if _is_argument(p)), None)  # what stands behind JOB, such as KEY
    flags = [flag for setting, flag in _FLAGS if full_name in setting.verbs]
    switches = [_SWITCHES[switch] for switch in _SWITCHES if switch != "offline" or full_name in _OFFLINE]
    defaults = {p.name: None if p is names else p.default for p in own}
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, default=defaults[p.name]) for p in own]
    parameters = [_keyword("job", _JOB if names is None else _JOB_OR_KEY, None), *own, *flags, *switches]

    def command(**given: Any) -> None:
        from bulk_onboard import log
        from bulk_onboard.job import the_one

        typed = {parameter.name: given.pop(parameter.name) for parameter in flags}
        offline, as_json, quiet = (given.pop(switch, False) for switch in ("offline", "as_json", "quiet"))
        word = given.pop("job")
        if names is not None:
            word, given[names.name] = _job_and_names(word, given[names.name])
        log.configure(form=typed.get("log_format") or log.TEXT, quiet=quiet)

        def answer() -> Output:
            if names is not None:
                given[names.name] = _one_or_all(names, given[names.name], full_name)
            needs_job = not job_optional and not (job_unless and given[job_unless] is not None)
            jobs = _loaded(
                word, typed, or_ledger=or_ledger, needs_job=needs_job, looks_for_it=not job_unless or needs_job
            )
            invocation = Invocation(jobs if several else (the_one(jobs),), offline, as_json, quiet, typed)
            log.configure(form=jobs[0].log_format, quiet=quiet)
            if writes and str(jobs[0].file) != NO_JOB:
                from bulk_onboard.pipeline.places import check_places_of_all

                check_places_of_all(invocation.jobs)
            if full_name in JUDGES:
                for workbook in dict.fromkeys(job.workbook for job in invocation.jobs):
                    _tell_if_open(workbook, "What was saved last is read.")
            return verb(invocation, **given)

        told = partial(notify, word=word, flags=typed) if notifies else None
        finish(answer, as_json=as_json, quiet=quiet, then=told)

    _describe(command, verb, parameters)
    app.command(name, cls=VerbCommand, rich_help_panel=group)(command)


def _tell_if_open(file: Path, what: str) -> None:
    """Say that somebody seems to have a workbook or report open, and what that means."""
    from bulk_onboard.reporting.target import opened_in

    if program := opened_in(file):
        tell(f"{file} seems to be open in {program}. {what}")


def tell_if_report_is_open(report: Path) -> None:
    """Say that somebody seems to have the report open, so that the new one cannot take its place."""
    _tell_if_open(report, "Close it there, or the new report gets another name.")


def _describe(command: Callable[..., None], verb: Callable[..., Output], parameters: list[inspect.Parameter]) -> None:
    """Give the command what typer reads: the verb's help and all parameters."""
    command.__doc__ = verb.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}


NO_JOB = "JOB"
"""What the file of a job is called that has none."""


def _loaded(
    word: str | None, flags: Mapping[str, Any], *, or_ledger: bool, needs_job: bool, looks_for_it: bool
) -> "tuple[Job, ...]":
    from bulk_onboard.job import job_from_flags, load_jobs, load_jobs_or_ledger
    from bulk_onboard.job_file import find_job_file

    file = find_job_file(word, is_needed=needs_job) if word is not None or looks_for_it else None
    if file is None:
        return (job_from_flags(flags),)
    return load_jobs_or_ledger(file, flags) if or_ledger else load_jobs(file, flags)


def _is_argument(parameter: inspect.Parameter) -> bool:
    """Return whether a verb's own parameter stands behind JOB, without a flag."""
    return any(isinstance(info, ArgumentInfo) for info in get_args(parameter.annotation)[1:])


def _job_and_names(word: str | None, names: str | list[str] | None) -> tuple[str | None, list[str]]:
    """Return JOB, None where it was left out, and the Keys behind it."""
    rest = [names] if isinstance(names, str) else list(names or ())
    if word is None or _looks_like_a_job(word):
        return word, rest
    return (None, [word, *rest]) if not rest or not _looks_like_a_job(rest[0]) else (word, rest)


def _looks_like_a_job(word: str) -> bool:
    from bulk_onboard.model.sheet import type_by_name

    path = Path(word)
    return path.suffix.lower() in (".toml", ".jsonl") or type_by_name(path) is not None or os.path.lexists(path)


def _one_or_all(parameter: inspect.Parameter, names: Sequence[str], verb: str) -> Any:
    """Return the Keys as the verb takes them: all, or the one that it wants."""
    from bulk_onboard.model.command import help_of

    if get_origin(get_args(parameter.annotation)[0]) is list:
        return list(names)
    metavar = str(get_args(parameter.annotation)[1].metavar)
    if len(names) != 1:
        given = f"was given {', '.join(names)}" if names else "was given none"
        raise UsageError(f"{verb} takes one {metavar} behind JOB, and {given}. To see how, type: {help_of(verb)}")
    return names[0]


def _option(setting: Setting) -> inspect.Parameter:
    completing = _COMPLETED.get(setting.name) or words_of(setting.read.choices or ())
    option = typer.Option(
        setting.flag_name,
        help=setting.described,
        show_default=False,
        metavar=setting.read.metavar or None,
        rich_help_panel=setting.panel.value,
        autocompletion=completing,
    )
    value = bool if setting.switch else list[str] if setting.several else str
    return _keyword(setting.name, Annotated[value | None, option], None)


def words_of(choices: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what completes one of these words, for `autocompletion`."""

    def complete(incomplete: str) -> list[str]:
        return [str(choice) for choice in choices if choice.startswith(incomplete)]

    return complete


def known_keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the Keys in the job's ledger that begin like this, for `autocompletion`; none where it cannot be read."""
    from bulk_onboard.model.command import names_in

    names = dict[str, None]()  # in their order; accounts may have the same ones
    for job in _jobs_to_complete(ctx):
        with suppress(BulkOnboardError):
            names |= dict.fromkeys(names_in(job.ledger_state()).values())
    return [name for name in names if name.startswith(incomplete)]


def known_accounts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the job's accounts whose names begin like this, for `autocompletion`."""
    return [job.account for job in _jobs_to_complete(ctx) if job.account and job.account.startswith(incomplete)]


def _jobs_to_complete(ctx: typer.Context) -> "Sequence[Job]":
    """Return the jobs of the accounts that were typed so far, else of all; none where they cannot be loaded."""
    from bulk_onboard.job import load_jobs_or_ledger
    from bulk_onboard.job_file import find_job_file

    try:
        file = find_job_file(ctx.params.get("job"))
        return load_jobs_or_ledger(file, {"account": ctx.params.get("account") or None}) if file else ()
    except BulkOnboardError:
        return ()


_COMPLETED = {"key": known_keys, "account": known_accounts}


def _switch(name: str, text: str) -> inspect.Parameter:
    flag = f"--{name.removeprefix('as_')}"
    panel = Panel.API if name == "offline" else Panel.OUTPUT
    return _keyword(name, Annotated[bool, typer.Option(flag, help=text, rich_help_panel=panel.value)], False)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


_FLAGS = [(setting, _option(setting)) for setting in SETTINGS if setting.flag]
_OFFLINE = frozenset({"check", "plan", "template", "requirements", "doctor"})
_SWITCHES = {
    "offline": _switch("offline", "Do not ask the API; use the bundled example of the requirements."),
    "as_json": _switch("as_json", "Print one JSON object instead of text."),
    "quiet": _switch("quiet", "Show no progress; warnings and errors only."),
}
_JOB_HELP = "A job file (.toml), a workbook, or a folder with a job.toml; left out, the job.toml of this folder."
_JOB = Annotated[str | None, typer.Argument(metavar="[JOB]", help=_JOB_HELP, show_default=False)]
_JOB_OR_KEY = Annotated[
    str | None, typer.Argument(metavar="[JOB]", help=_JOB_HELP, show_default=False, autocompletion=known_keys)
]
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
        elif words and _is_meant(setting, words[0]):
            yield f"{word}={words.popleft()}"
        else:
            yield f"{word}={setting.bare}"


def _is_meant(setting: Setting, word: str) -> bool:
    """Return whether the word behind a flag is meant as its value; one that cannot be read is refused later."""
    try:
        setting.read(word)
    except ValueError:
        looks_like_a_duration = setting.read.metavar == "DURATION" and word[:1].isdigit()
        return looks_like_a_duration and not _looks_like_a_job(word)
    return True
