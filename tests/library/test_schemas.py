"""What `--json` prints has a schema: in the package, up to date, and strict.

Every test that reads `Told.json` of a typed command holds it against the schema of its verb. Here are the schemas
themselves, and each verb once where it answers and where it fails.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from bulk_onboard.cli.answers import ANSWERS, FILES
from bulk_onboard.cli.app import app
from tests.support.nights import Nights, keyed, numbered
from tests.support.office import Office, typed
from tests.support.schemas import troubles, validator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "bulk_onboard/schemas"
WITHOUT_JSON = {"sandbox", "worker"}


def verbs(group: Any, *path: str) -> set[str]:
    """All verbs, those of a group with two words."""
    found: set[str] = set()
    for name, command in group.commands.items():
        found |= verbs(command, *path, name) if hasattr(command, "commands") else {" ".join((*path, name))}
    return found


def test_every_verb_has_a_schema() -> None:
    """Whoever adds a verb adds its answer."""
    assert verbs(typer.main.get_command(app)) - WITHOUT_JSON == ANSWERS.keys()


def test_schemas_of_the_package_are_those_of_the_types() -> None:
    """As the script writes them now."""
    spec = importlib.util.spec_from_file_location("write_schemas", ROOT / "scripts/write_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert script.texts() == {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}, (
        "bulk_onboard/schemas/ is not what the types say; type: .venv/bin/python scripts/write_schemas.py"
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_schema_allows_no_other_member(path: Path) -> None:
    """A field that appears in an object has to appear in its schema first."""
    validator(path.stem)
    schema = json.loads(path.read_text("utf-8"))

    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())
    assert all(part["description"] for part in schema["$defs"].values())


def test_an_object_that_is_not_as_its_schema_says_is_noticed() -> None:
    """One member too many, one too few, one of another type."""
    sound = {"exit_status": 0, "ledger": "a", "rows": 1, "adopted": 1, "held": 0, "next": "b"}

    assert [] == troubles(sound, "ledger-rebuild")
    assert [] == troubles({"exit_status": 2, "error": "No."}, "ledger-rebuild")
    for wrong in ({**sound, "more": 1}, {**sound, "rows": "1"}, {"exit_status": 2}, {**sound, "rows": -1}):
        assert [] != troubles(wrong, "ledger-rebuild")


SAFE = {"init", "listen", "serve"}  # they take no JOB, or go on until they are stopped


@pytest.mark.parametrize("verb", sorted(ANSWERS.keys() - SAFE))
async def test_a_verb_that_fails_says_why(office: Office, verb: str) -> None:
    """The same two members, whichever verb it is."""
    words = {"resolve": ("K",), "delete": ("K",), "ledger show": ("K",), "undo": ("--run", "x")}.get(verb, ())
    office.workbook.write_bytes(b"no workbook")
    office.ledger.write_text("no ledger\n")

    told = await office.type(verb, *words, "--json", "--no-such-flag")

    assert {"exit_status", "error"} == told.json.keys()


async def test_answers_of_a_job_from_its_beginning_to_its_end(nights: Nights) -> None:
    """Each verb once, with records, findings, reviews, numbers and a held one among the rows."""
    nights.fill([keyed(1, Numbers=numbered(1)), keyed(2), keyed(3, City=""), keyed(4)])

    async def said(verb: str, *words: str) -> Any:
        told = await nights.type(verb, *words, "--json")
        assert "error" not in told.json, told.err
        return told.json

    assert 1 == len([f for f in (await said("check"))["findings"] if f["severity"] == "error"])
    assert "code" in await said("check", "--explain", "date-instead-of-text")
    assert 3 == (await said("plan"))["actions"]["create"]
    assert 3 == (await said("run"))["counts"]["submitted"]
    nights.judge("approved", 0)
    nights.judge("rejected", 1, reason="no")
    await said("refresh")
    await said("resume")
    assert 4 == (await said("status"))["counts"]["rows"]
    await said("status", "--not-in-workbook")
    await said("status", "--failed")
    assert [] == troubles(json.loads((nights.folder / "businesses.summary.json").read_text("utf-8")), "summary")
    assert (await said("report"))["reports"]
    await said("report", "--redact")
    assert [] == troubles(json.loads((nights.folder / "businesses.summary.redacted.json").read_text()), "summary")
    assert 1 == len((await said("ledger show", "K-1"))["records"])
    assert "today" in (await said("ledger show", "K-1", "--server"))["records"][0]
    await said("ledger verify")
    assert "server" in await said("ledger verify", "--server")
    await said("ledger repair")
    await said("doctor")
    await said("convert")
    await said("requirements")
    await said("template", "--output", str(nights.folder / "made.xlsx"))
    nights.sandbox.state.forget_by_others(nights.made(3))
    await said("refresh")
    assert "answers" in (await said("resolve", "K-4"))["records"][0]
    assert "report" in await said("resolve", "K-4", "--absent")
    await said("undo", "--run", nights.ledger_state().runs[0].started.run_id, "--yes")
    await said("delete", "K-2", "--yes")
    nights.ledger.rename(nights.folder / "away.jsonl")
    await said("ledger rebuild")
    await said("purge", "--yes")
    told = await typed("init", "anew", "--json", cwd=nights.folder)
    assert 0 == told.json["exit_status"]


def test_files_have_schemas() -> None:
    """To give one to another file: a line in `FILES`."""
    assert {path.name for path in FOLDER.glob("*.json")} == {
        *FILES,
        *(f"{verb.replace(' ', '-')}.json" for verb in ANSWERS),
    }
