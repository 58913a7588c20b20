"""The documents name what there is, and nothing that is not there."""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from bulk_onboard.cli.app import app
from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.entry import AnyEntry
from scripts import list_commands
from tests.support.tables import table

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "jobs/README.md",
    ROOT / "sample_data/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
EVERYTHING = "\n".join(TEXTS.values())
STAMPED = {"v", "seq", "at"}  # what every line has


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each verb with its flags; a verb of a group has two words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), {flag for parameter in command.params for flag in parameter.opts if flag[:2] == "--"}


PROGRAM = typer.main.get_command(app)
VERBS = dict(commands(PROGRAM))


def command_lines(text: str) -> list[str]:
    """The lines of a document's code blocks that begin with the tool's name."""
    indented = re.findall(r"^ {4}(?:\$ )?(bulk-onboard .*)$", text, re.MULTILINE)
    fenced = [
        line
        for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    return indented + [line for line in fenced if line.startswith("bulk-onboard ")]


def strangers(line: str) -> list[str]:
    """The verb or the flags of a command line that do not exist."""
    words = [word for word in shlex.split(line, comments=True) if word != "&"][1:]
    if words[0].startswith("-"):
        return [word for word in words if word not in {flag for each in PROGRAM.params for flag in each.opts}]
    verb = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in VERBS), None)
    if verb is None:
        return words[:1]
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    return [flag for flag in flags if flag not in VERBS[verb]]


def headings(text: str) -> set[str]:
    """The anchors of a document's headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_is_told(verb):
    """Whoever looks for a verb finds it in a document."""
    assert re.search(rf"(`|bulk-onboard ){' '.join(verb)}\b", EVERYTHING)


@pytest.mark.parametrize("flag", sorted(set().union(*VERBS.values())))
def test_every_flag_is_told(flag):
    """Whoever looks for a flag, of the settings or of one verb alone, finds it in a document."""
    assert re.search(rf"{flag}\b(?!-)", EVERYTHING)


@pytest.mark.parametrize("document", TEXTS)
def test_command_lines_can_be_typed(document):
    """Each command in a code block has a verb that exists, and flags which that verb takes."""
    assert [] == [(line, strangers(line)) for line in command_lines(TEXTS[document]) if strangers(line)]


def test_command_lines_are_found_and_judged():
    """Indented, fenced, after a prompt; a stranger among verbs or flags is named."""
    indented = "    $ bulk-onboard run a.xlsx --limit 5   # --no flag\n"
    text = f"{indented}\n```sh\nbulk-onboard ledger show a K\n```\nbulk-onboard in prose\n"

    found = command_lines(text)

    assert ["bulk-onboard run a.xlsx --limit 5   # --no flag", "bulk-onboard ledger show a K"] == found
    assert [[], []] == [strangers(line) for line in found]
    assert ["unmake"] == strangers("bulk-onboard unmake a.xlsx")
    assert ["--fault"] == strangers("bulk-onboard run a.xlsx --fault=drop-after=1")


@pytest.mark.parametrize("document", TEXTS)
def test_links_lead_somewhere(document):
    """A relative link leads to a file that is there, and to one of its headings where it names one."""
    folder = (ROOT / document).parent
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", TEXTS[document]) if "://" not in link]

    astray = []
    for link in links:
        path, _, heading = link.partition("#")
        target = folder / path if path else ROOT / document
        known = headings(target.read_text(encoding="utf-8")) if heading and target.is_file() else {heading}
        if not target.exists() or heading not in known:
            astray.append(link)

    assert [] == astray


def test_ledger_page_has_every_entry_and_field():
    """The names of entries and fields are the ledger's own, in its order."""
    known = {
        entry.name(): [name for name in entry.__struct_fields__ if name not in STAMPED] for entry in get_args(AnyEntry)
    }

    assert known == {
        name.strip("`"): re.findall(r"`(\w+)`", fields)
        for name, fields, _ in table(TEXTS["docs/design/ledger.md"], "Entry")
    }


def test_findings_page_is_the_catalogue():
    """The page of findings is what the script writes from the catalogue now."""
    spec = importlib.util.spec_from_file_location("list_findings", ROOT / "scripts/list_findings.py")
    assert spec is not None
    assert spec.loader is not None
    list_findings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(list_findings)

    assert list(CATALOGUE.values()) == [kind for kinds in list_findings.SECTIONS.values() for kind in kinds]
    assert list_findings.page() == TEXTS["docs/findings.md"], (
        "docs/findings.md is not the catalogue; type: .venv/bin/python scripts/list_findings.py"
    )


def test_page_of_commands_is_the_command_line():
    """The page of commands is what the script writes from the verbs, their helps and their flags now."""
    assert set(map(" ".join, VERBS)) == {verb.words for verbs in list_commands.groups().values() for verb in verbs}
    assert list_commands.page() == TEXTS["docs/commands.md"], (
        "docs/commands.md is not the command line; type: .venv/bin/python scripts/list_commands.py"
    )


def test_every_dependency_has_its_reason():
    """Each library that a run needs or may need is in the table, with a reason and the files that import it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    libraries = table(TEXTS["docs/architecture.md"], "Library")

    extras = (line for extra in ("cluster", "heic", "notify") for line in project["optional-dependencies"][extra])
    needed = sorted(re.split(r"[\[<>=]", line)[0] for line in (*project["dependencies"], *extras))
    assert needed == [name.strip("`") for name, _, _ in libraries]
    assert [] == [name for name, why, _ in libraries if not why]
    doors = [door for _, _, cell in libraries for door in re.findall(r"`([^`]+)`", cell)]
    assert [] == [door for door in doors if not (ROOT / "bulk_onboard" / door).exists()]


def test_every_folder_has_its_line():
    """The map of the package has a line for each folder."""
    folders = {path.parent.name for path in (ROOT / "bulk_onboard").glob("*/__init__.py")}

    assert set() == folders - {
        name.strip("`/") for row in table(TEXTS["docs/architecture.md"], "Where") for name in row[:1]
    }


@pytest.mark.parametrize("document", TEXTS)
def test_no_path_of_anybodys_machine(document):
    """A document names no home folder and no place where somebody happened to work."""
    assert [] == re.findall(r"(?:/home/|/Users/|/root/|/tmp/|/work/)\S*", TEXTS[document])
