"""The commands that people are told to type."""

import subprocess

import pytest
import typer

from bulk_onboard.cli.app import app
from bulk_onboard.model.command import _USED, Commands, command_line, init, names_in
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.record import Record
from bulk_onboard.settings import SETTINGS

EVERYTHING = {setting.name: () if setting.switch else ("word",) for setting in SETTINGS if setting.flag}
JOB = Commands(job="j.toml", flags=EVERYTHING)
ODD = [
    "a b",
    "it's",
    '"',
    "$HOME",
    "`id`",
    "~",
    "\\",
    "*",
    "a\nb",
    "a\\\nb'",
    "-x",
    "मुंबई",
    "\u200b",
    "\udcff",
    "#",
    "!",
]


def words_of(command: str) -> list[str]:
    """What bash makes of a command."""
    script = f"bulk-onboard() {{ printf '%s\\0' \"$@\"; }}; {command}"
    done = subprocess.run(["bash", "-c", script.encode("utf-8", "surrogateescape")], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize("word", ODD)
def test_any_word_survives_the_shell(word):
    """Blanks, quotes, line breaks, halves of characters: what is pasted is one line, and means what it says."""
    command = Commands(job=word, flags={"sheet": (word,)}).check()

    flag = [f"--sheet={word}"] if word == "-x" else ["--sheet", word]
    places = ["check", *flag, "--", word] if word == "-x" else ["check", word, *flag]
    assert places == words_of(command)
    assert command.isprintable()


def test_names_that_begin_with_a_dash_stand_last():
    """Behind `--`, where no flag is looked for."""
    assert "bulk-onboard resolve --absent --quota 5/s -- j.toml -K1" == Commands(
        job="j.toml", flags={"quota": ("5/s",)}
    ).resolve("-K1", "--absent")
    assert "bulk-onboard status -- -j.toml" == Commands(job="-j.toml").status()
    assert "bulk-onboard init -- -new" == init("-new")


def test_nothing_meant_for_one_run_is_repeated():
    """A pilot, the waiting and what was tried again are over with their run; one that was stopped goes on."""
    run, again = JOB.run(), JOB.again()

    assert not [flag for flag in ("--limit", "--wait", "--stop-after", "--retry-refused") if flag in run]
    assert [True, True, True, False] == [
        flag in again for flag in ("--limit", "--wait", "--stop-after", "--retry-refused")
    ]


@pytest.mark.parametrize("verb", [None, *_USED])
def test_no_command_has_a_proxy(verb):
    """It may hold a password."""
    assert "--proxy" not in (JOB.again() if verb is None else JOB._line(verb))


def test_flags_are_those_that_the_verb_takes():
    """Only what the verb has a use for, and each by a name that the command line knows."""
    group = typer.main.get_command(app)
    for verb, used in _USED.items():
        if verb == "merge":
            continue
        command = group
        for word in verb.split():
            command = command.commands[word]
        assert used <= {parameter.name for parameter in command.params}

    assert "bulk-onboard status j.toml --account word --ledger word --store word" == JOB.status()
    assert "bulk-onboard ledger show j.toml K --account word --ledger word --store word" == JOB.show("K")
    assert "--base-url" in JOB.verify()


def test_flag_given_several_times_is_repeated_so():
    """Each value behind a flag of its own; a switch has none."""
    flags = {"against": ("a.jsonl", "b c.jsonl"), "trust_host": ()}

    assert (
        "bulk-onboard run j --against a.jsonl --against 'b c.jsonl' --trust-host"
        == Commands(job="j", flags=flags).run()
    )


def test_another_workbook_is_given_by_its_flag():
    """The job stays what it is."""
    assert "bulk-onboard run j.toml --workbook b.xlsx" == Commands(job="j.toml").of_workbook("b.xlsx").run()


def test_fixed_cells_are_merged_before_the_run():
    """One line does both, and the second only where nothing was left to look at."""
    assert "bulk-onboard merge j.toml && bulk-onboard run j.toml" == Commands(job="j.toml").merge_and_run()


def test_record_is_called_by_its_key_where_that_is_its_own():
    """A Key that two records have, that cannot be seen, or that reads like a token, is no name."""
    keys = {"a": "K-1", "b": " k-2", "c": "K-2", "d": "K\n3", "e": "", "f": "x ~abcdefgh23456777"}
    ledger_state = LedgerState(records={token: Record(token=token, key=key) for token, key in keys.items()})

    assert {"a": "K-1", "b": "b", "c": "c", "d": "d", "e": "e", "f": "f"} == names_in(ledger_state)


def test_command_line_of_another_tool():
    """Quoted in the same way."""
    assert "chmod 600 'a b'" == command_line("chmod", "600", "a b")
