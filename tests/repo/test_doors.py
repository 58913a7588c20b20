"""Rule 3: one door per library. What is behind a door never leaves it; this table names the doors."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bulk_onboard"

DOORS = {  # library -> the files that import it; a folder stands for the files in it
    "aiohttp": {
        "api/client.py",
        "api/connections.py",
        "callbacks/listener.py",
        "maintenance/serve.py",
        "notification/sending.py",
        "sandbox/callbacks.py",
        "sandbox/connections.py",
        "sandbox/server.py",
    },
    "aiolimiter": {"api/pacer.py"},
    "apprise": {"notification/sending.py"},
    "email_validator": {"validation/cells.py"},
    "jinja2": {"reporting/page/render.py"},
    "msgspec": {
        "api/wire/",
        "cli/",
        "intake/documents/conversion/converter.py",
        "intake/documents/copies.py",
        "intake/documents/known.py",
        "intake/documents/pdf.py",
        "intake/transport.py",
        "ledger/codec.py",
        "model/",
    },
    "openpyxl": {"intake/template.py", "reporting/annotated/"},
    "numpy": {"validation/screen.py"},
    "pandas": {"frames.py", "intake/reader/grid.py", "validation/screen.py"},
    "procrastinate": {"cluster/engine.py"},
    "psycopg": {"cluster/engine.py", "ledger/database/"},
    "PIL": {"intake/documents/conversion/pictures.py"},
    "pillow_heif": {"intake/documents/conversion/heic.py"},
    "pytest": {"testing/fixtures.py"},
    "pypdfium2_raw": {"intake/documents/conversion/rendering.py", "intake/documents/pdfium.py"},
    "python_calamine": {"intake/reader/grid.py"},
    "rich": {"cli/progress.py", "reporting/printer.py"},
    "stdnum": {"validation/india_identifiers.py"},
    "structlog": {"log.py"},
    "typer": {"cli/"},
    "xlsxwriter": {"reporting/annotated/", "reporting/looks.py", "reporting/workbook.py"},
}
FOLDERS = {door for doors in DOORS.values() for door in doors if door.endswith("/")}


def imported_libraries(source: str) -> set[str]:
    """The top-level names a module imports, wherever in it the import stands."""
    libraries = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            libraries |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            libraries.add(node.module.split(".")[0])
    return libraries


def door(path: str) -> str:
    """The name a file has in the table: its folder's where that is a door and it has no line of its own."""
    if any(path in doors for doors in DOORS.values()):
        return path
    return next((folder for folder in FOLDERS if path.startswith(folder)), path)


def doors_of(package: Path) -> dict[str, set[str]]:
    """Which doors really import each library of the table."""
    found: dict[str, set[str]] = {library: set() for library in DOORS}
    for file in package.rglob("*.py"):
        for library in imported_libraries(file.read_text(encoding="utf-8")) & DOORS.keys():
            found[library].add(door(file.relative_to(package).as_posix()))
    return found


def test_each_library_has_its_doors_and_no_other():
    """The files that import a library are exactly those of the table."""
    found = doors_of(PACKAGE)

    assert DOORS == found


def test_a_second_door_is_noticed(tmp_path):
    """An import is seen in every form and place; a relative one and a mere mention are none."""
    (tmp_path / "planning").mkdir()
    (tmp_path / "planning/decide.py").write_text("def decide():\n    from openpyxl.styles import Font\n")
    (tmp_path / "planning/plan.py").write_text("import os, aiohttp.web as web\n")
    (tmp_path / "planning/identity.py").write_text('"""import rich"""\nfrom . import typer\n')

    found = doors_of(tmp_path)

    assert {"openpyxl": {"planning/decide.py"}, "aiohttp": {"planning/plan.py"}} == {
        library: doors for library, doors in found.items() if doors
    }


WORDS = {  # the wire's words of each contract, which only its own module has
    "beta": ("more_info_required", "required_documents"),
    "released": (
        "document_type_id",
        "compliance_application_id",
        "requirement_id",
        "proof_required",
        "data_fields",
    ),
}


def files_with(words: tuple[str, ...]) -> set[str]:
    """The files of the package in which one of these words stands, but for the sandbox's."""
    files = (file for file in PACKAGE.rglob("*") if file.suffix in (".py", ".json"))
    named = {str(file.relative_to(PACKAGE)) for file in files if any(word in file.read_text() for word in words)}
    return {path for path in named if not path.startswith("sandbox/")}


@pytest.mark.parametrize("contract", WORDS)
def test_only_its_own_module_has_the_words_of_a_contract(contract: str) -> None:
    """And the example of its requirements; nobody else can come to depend on one contract."""
    assert {f"api/wire/{contract}.py", f"api/wire/{contract}.json"} == files_with(WORDS[contract])


OPENERS = {  # what opens a ledger -> the files that import it; all others ask `Job.store`
    "FileStore": {"job.py"},
    "LedgerJournal": {"ledger/file_store.py"},
    "PostgresStore": {"job.py", "maintenance/transfer.py"},
}


def importers(package: Path, name: str) -> set[str]:
    """The files that import this name from a module of ours, wherever in them the import stands."""
    return {
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names}
    }


@pytest.mark.parametrize("name", OPENERS)
def test_only_the_store_opens_a_ledger(name: str) -> None:
    """Whoever needs a ledger has it from the job, so nobody else knows whether it is a file."""
    assert OPENERS[name] == importers(PACKAGE, name)
