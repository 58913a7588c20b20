"""The commands that are printed are spelt in one place."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import typer

from bulk_onboard.cli.app import app

PACKAGE = Path(__file__).parents[2] / "bulk_onboard"
PLACE = PACKAGE / "model/command.py"
VERBS = "|".join(typer.main.get_command(app).commands)


def texts(source: str) -> Iterator[str]:
    """The texts of a module, those within f-strings too, without what documents it."""
    tree = ast.parse(source)
    documenting = {
        id(node.value)
        for body in ast.walk(tree)
        if isinstance(body, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for node in body.body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documenting:
            yield node.value


def spelt(source: str) -> list[str]:
    """The texts that spell a command."""
    return [text for text in texts(source) if re.search(rf"bulk-onboard (?:{VERBS})\b", text)]


def test_no_sentence_spells_a_command():
    """It would lack the flags that were given, and quote no name."""
    found = {str(path): spelt(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py") if path != PLACE}

    assert {} == {path: texts for path, texts in found.items() if texts}


def test_command_in_a_text_is_seen():
    """In a plain text and in an f-string; not in what documents the code, nor where the tool is only named."""
    assert ["type: bulk-onboard run "] == spelt(
        'def f(x):\n    """`bulk-onboard run`."""\n    return f"type: bulk-onboard run {x}"'
    )
    assert ["bulk-onboard ledger repair"] == spelt('A = "bulk-onboard ledger repair"')
    assert [] == spelt('A = "this version of bulk-onboard does not know"')
