"""Names are the design's words, and whatever is public says what it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bulk_onboard"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}

NOT_OUR_WORDS = {"utils", "helpers", "manager", "common"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def words(name: str) -> set[str]:
    """The words of a path, a snake_case or a CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def definitions(tree: ast.AST) -> Iterator[Definition]:
    """Every class and function of a module, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Definition))


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """The public classes and functions of a module, and the public methods of those classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{node.name}.")


def promised(trees: list[ast.Module]) -> set[str]:
    """The names of the methods that the package's protocols declare, and document."""
    protocols = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
    ]
    return {
        method.name
        for protocol in protocols
        for method in protocol.body
        if isinstance(method, Definition) and ast.get_docstring(method)
    }


def undocumented(tree: ast.Module, already_said: set[str]) -> list[str]:
    """What is public and has no docstring; a method that keeps a protocol's promise is described there."""
    return [
        name
        for name, node in public(tree.body)
        if not ast.get_docstring(node) and not ("." in name and node.name in already_said)
    ]


@pytest.mark.parametrize("path", TREES)
def test_names_are_our_words(path):
    """No module, class or function is called utils, helpers, manager or common."""
    names = [path.removesuffix(".py"), *(node.name for node in definitions(TREES[path]))]

    assert [] == [name for name in names if words(name) & NOT_OUR_WORDS]


@pytest.mark.parametrize("path", TREES)
def test_public_things_have_docstrings(path):
    """Every public class, function and method tells what it is, itself or in the protocol it implements."""
    already_said = promised(list(TREES.values()))

    assert [] == undocumented(TREES[path], already_said)


def test_words_are_found_in_every_kind_of_name():
    """Paths, snake_case and CamelCase fall into their words."""
    assert {"api", "retry", "utils"} == words("api/retry_utils")
    assert {"http", "run", "manager"} == words("HTTPRunManager")


def test_missing_docstrings_are_noticed():
    """A bare public method is named; private ones, dunder methods and a protocol's own are not."""
    tree = ast.parse(
        "class Clock(Protocol):\n    def now(self):\n        '''The instant.'''\n"
        "class Machine:\n    '''It.'''\n    def __init__(self): ...\n    def now(self): ...\n    def stop(self): ...\n"
        "def _start(): ...\n"
    )

    assert ["Clock", "Machine.stop"] == undocumented(tree, promised([tree]))
