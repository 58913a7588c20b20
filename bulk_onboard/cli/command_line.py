"""The command line itself: help by groups and panels, and sentences for what is not understood.

Typer reads the words. What it cannot read becomes a `UsageError` with a sentence of ours here, which says what to type
instead; nothing of a verb has run by then.
"""

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from bulk_onboard.cli.output import print_json, tell
from bulk_onboard.errors import ExitStatus, UsageError
from bulk_onboard.settings import SETTINGS, Panel
from bulk_onboard.units import format_list

PROGRAM = "bulk-onboard"

_BY_FLAG = {setting.flag_name: setting for setting in SETTINGS if setting.flag}


class VerbGroup(TyperGroup):
    """Verbs under the headings of their groups."""

    def main(self, args: Sequence[str] | None = None, *given: Any, **more: Any) -> Any:
        """Read the words and carry out the verb; end the process with its exit status."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            return super().main(words, *given, **{"prog_name": PROGRAM, **more})
        except UsageError as error:
            _refuse(str(error), as_json="--json" in words)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the flags before the verb."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            flag = getattr(error, "option_name", "")
            if ctx.resilient_parsing or flag not in _flags_of(self):
                raise
            raise UsageError(f"{flag} stands before the verb. Write it behind: {PROGRAM} VERB JOB {flag}.") from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the verb that was typed."""
        word = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, word) is None:
            raise UsageError(_no_verb(_typed(ctx), word, self.commands))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs, each group under its heading."""
        shown = {name: verb for name in self.list_commands(ctx) if not (verb := self.commands[name]).hidden}
        width = max(map(len, shown))
        for heading in dict.fromkeys(_heading_of(verb, "Commands") for verb in shown.values()):
            rows = [
                (name.ljust(width), verb.get_short_help_str(limit=120))
                for name, verb in shown.items()
                if _heading_of(verb, "Commands") == heading
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)


class VerbCommand(TyperCommand):
    """A verb, whose flags stand under the headings of what they are about."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind the verb."""
        if ctx.resilient_parsing:  # a shell that completes; without the flag whose value it asks for JOB can be read
            return super().parse_args(ctx, args[:-1] if args and args[-1].startswith("-") else args)
        verb, words = _typed(ctx), list(args)
        ctx.allow_extra_args = True  # they are refused below, with a sentence of ours
        if blank := next(_values_with_a_blank(words), ""):
            raise UsageError(blank)
        try:
            too_many = super().parse_args(ctx, args)
        except typer.TyperException as error:
            raise UsageError(_sentence(verb, error, ctx)) from None
        if too_many:
            raise UsageError(_one_too_many(verb, ctx.params.get("job"), too_many))
        return too_many

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands behind the verb in its usage line."""
        return ["[OPTIONS]", *(_metavar(p) for p in self.get_params(ctx) if p.param_type_name == "argument")]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and flags, each panel under its heading; one that is about nothing else is the verb's own."""
        parameters = self.get_params(ctx)
        if arguments := [
            (_metavar(p), str(getattr(p, "help", ""))) for p in parameters if p.param_type_name == "argument"
        ]:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        records = [(p, p.get_help_record(ctx)) for p in parameters if p.param_type_name == "option"]
        options = [(parameter, record) for parameter, record in records if record]
        headings = {id(parameter): _panel_of(parameter) for parameter, _ in options}
        for heading in sorted(set(headings.values()), key=list(map(str, Panel)).index):
            with formatter.section(heading):
                formatter.write_dl([record for parameter, record in options if headings[id(parameter)] == heading])


def _metavar(argument: Any) -> str:
    return f"{argument.metavar or argument.name.upper()}{'...' if argument.nargs == -1 else ''}"


def _panel_of(parameter: Any) -> str:
    if "--help" in parameter.opts:
        return Panel.OUTPUT.value
    return _heading_of(parameter, Panel.OWN.value)


def _heading_of(part: Any, default: str) -> str:
    """Return the heading that a verb or flag stands under."""
    return str(getattr(part, "rich_help_panel", None) or default)


def _refuse(sentence: str, *, as_json: bool) -> NoReturn:
    """Say why the words were not understood, and end."""
    tell(sentence)
    if as_json:
        print_json({"exit_status": int(ExitStatus.USAGE), "error": sentence})
    sys.exit(int(ExitStatus.USAGE))


def _help_of(verb: str) -> str:
    from bulk_onboard.model.command import help_of  # brings the ledger's types, which no help needs

    return help_of(verb)


def _typed(ctx: Any) -> str:
    """Return the verb as it is typed, such as `ledger show`; empty for the program itself."""
    return str(ctx.command_path).removeprefix(str(ctx.find_root().info_name)).strip()


def _no_verb(group: str, word: str, verbs: Iterable[str]) -> str:
    """Say that there is no such verb, and which one is meant."""
    from bulk_onboard.model.command import Commands

    if near := difflib.get_close_matches(word, verbs, n=1):
        meant = f"Did you mean {near[0]}?"
    elif os.path.lexists(word):
        meant = f"JOB comes behind a verb, such as: {Commands(job=word).status()}"
    else:
        meant = f"To see them all, type: {_help_of(group)}"
    return f"There is no command {f'{group} {word}'.strip()!r}. {meant}"


def _sentence(verb: str, error: typer.TyperException, ctx: Any) -> str:
    """Say what was wrong with the words behind a verb, and what to type."""
    flag, parameter = getattr(error, "option_name", ""), getattr(error, "param", None)
    if hasattr(error, "possibilities"):
        return _no_flag(verb, flag, ctx)
    if flag and "requires" in error.message:
        described = _BY_FLAG[flag].described if flag in _BY_FLAG else ""
        return f"{flag} needs a value behind it. {described}".strip()
    if flag:
        return f"{flag} takes no value. Leave out what stands behind the sign =."
    if parameter is None:
        return error.format_message()
    name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.display_name_raw
    if not getattr(error, "message", ""):  # it is missing
        what = f"{name} {parameter.metavar}" if parameter.metavar and name.startswith("-") else name
        return f"{verb} needs {what}: {parameter.help or 'see its help.'} To see how, type: {_help_of(verb)}"
    why = error.message.removeprefix("Value error, ").replace("Input should be", "it must be").partition(", unable")[0]
    return f"{name}: {why.replace('a valid integer', 'a whole number').rstrip('.')}."


def _no_flag(verb: str, flag: str, ctx: Any) -> str:
    """Say that a verb has no such flag: which verbs have it, or what flag is meant."""
    setting = _BY_FLAG.get(flag)
    having = sorted(name for name, flags in _flags_by_verb(ctx.find_root().command) if flag in flags)
    own = [opt for parameter in ctx.command.params for opt in parameter.opts if opt.startswith("--")]
    if having:
        also = " In the job file it may stand for all of them." if setting and setting.in_file else ""
        return f"{verb} has no {flag}; {format_list(having)} {'has' if len(having) == 1 else 'have'} it.{also}"
    if near := difflib.get_close_matches(flag, own, n=1):
        return f"{verb} has no {flag}. Did you mean {near[0]}?"
    return f"{verb} has no {flag}. To see its flags, type: {_help_of(verb)}"


def _flags_by_verb(group: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, verb in group.commands.items():
        if hasattr(verb, "commands"):
            yield from _flags_by_verb(verb, f"{name} ")
        else:
            yield path + name, {opt for parameter in verb.params for opt in parameter.opts}


def _flags_of(group: Any) -> set[str]:
    return {flag for _, flags in _flags_by_verb(group) for flag in flags}


def _values_with_a_blank(words: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each duration or quota that was typed in two words: `--settle 90 s`."""
    for flag, value, rest in zip(words, words[1:], words[2:], strict=False):
        setting = _BY_FLAG.get(flag)
        if (
            setting
            and setting.read.metavar in ("DURATION", "QUOTA")
            and value[:1].isdigit()
            and not os.path.lexists(rest)
        ):
            try:
                setting.read(value + rest)
            except ValueError:
                continue
            yield f"{flag} takes one word, and {value} {rest} are two. Leave out the blank: {flag} {value}{rest}"


def _one_too_many(verb: str, job: object, rest: Sequence[str]) -> str:
    if job:
        given = [str(job), *rest]
        return f"{verb} takes one JOB, and here are {len(given)}: {format_list(given)}. Name one of them."
    return f"{verb} knows no use for {format_list(rest)}. To see what it takes, type: {_help_of(verb)}"
