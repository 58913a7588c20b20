"""Put a mutant into the package: find its place by syntax, and let the import system load what stands there then.

As a plugin of pytest (`-p tests.crash.mutation`) it does so with the one that the variable `MUTANT` names, before
anything of the package is imported. No file is changed.
"""

import ast
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

from tests.crash.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
ANYTHING = "_"
VARIABLE = "MUTANT"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    put_in()


def put_in() -> None:
    """Put it in; it is an error where the package has been imported already."""
    for mutant in MUTANTS:
        if mutant.name == os.environ.get(VARIABLE):
            assert not [name for name in sys.modules if name.partition(".")[0] == "bulk_onboard"]
            sys.meta_path.insert(0, _Finder(mutant))


def place_of(mutant: Mutant) -> Path:
    """The one file where the mutant's shape stands in its place; AssertionError where there is none, or several."""
    last = mutant.place.rpartition(".")[2]
    found = [
        file
        for file, text in _sources().items()
        if last in text
        for place in _named(ast.parse(text), mutant.place)
        for _ in range(_put(mutant, place))
    ]
    assert 1 == len(found), f"{mutant.shape!r} stands in {mutant.place} {len(found)} times, not once: {found}"
    return found[0]


@cache
def _sources() -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in ROOT.joinpath("bulk_onboard").rglob("*.py")}


def mutated(mutant: Mutant, source: str) -> ast.Module:
    """A module with the bug in it."""
    tree = ast.parse(source)
    for place in _named(tree, mutant.place):
        _put(mutant, place)
    return ast.fix_missing_locations(tree)


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        path = place_of(mutant).relative_to(ROOT).with_suffix("")
        self._module = ".".join(path.parts).removesuffix(".__init__")

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = PathFinder.find_spec(fullname, path)  # type: ignore[arg-type]
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(self._mutant, fullname, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, mutant: Mutant, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        tree = mutated(self._mutant, self.get_data(self.path).decode())
        return compile(tree, self.path, "exec", dont_inherit=True)


def _named(node: ast.AST, place: str) -> Iterator[ast.AST]:
    """Functions, classes and assignments of this qualified name."""
    name, _, rest = place.partition(".")
    for child in getattr(node, "body", ()):
        if name in _names(child):
            yield from _named(child, rest) if rest else (child,)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _put(mutant: Mutant, place: ast.AST) -> int:
    """Put the bug wherever its shape stands; how often that is."""
    shape, instead = _parts(mutant.shape), _parts(mutant.instead)
    size, times = len(shape), 0
    for node in list(ast.walk(place)):
        if isinstance(shape[0], ast.Constant) and isinstance(shape[0].value, str):
            times += _put_text(node, shape[0], instead[0])
            continue
        if isinstance(node, ast.Dict) and isinstance(shape[0], ast.Dict):
            times += _put_entry(node, shape[0], instead[0])
            continue
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                for at in range(len(value) - size, -1, -1):
                    if _matches(value[at : at + size], shape):
                        value[at : at + size] = instead
                        times += 1
            elif _matches([value], shape):
                setattr(node, name, instead[0])
                times += 1
    return times


def _put_text(node: ast.AST, shape: ast.Constant, instead: ast.AST) -> int:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return 0
    assert isinstance(instead, ast.Constant)
    times = node.value.count(shape.value)
    node.value = node.value.replace(shape.value, instead.value)
    return times


def _put_entry(node: ast.Dict, shape: ast.Dict, instead: ast.AST) -> int:
    entry = shape.keys[0], shape.values[0]
    found = [at for at, each in enumerate(zip(node.keys, node.values, strict=True)) if _matches(each, entry)]
    assert isinstance(instead, ast.Dict)
    for at in found:
        node.values[at] = instead.values[0]
    return len(found)


def _parts(text: str) -> Sequence[ast.AST]:
    """An expression, or statements."""
    first, *more = body = ast.parse(text).body
    return [first.value] if isinstance(first, ast.Expr) and not more else body


def _matches(node: object, shape: object) -> bool:
    """Whether two pieces of syntax are alike, wherever they stand and however they are laid out."""
    if isinstance(shape, ast.Name) and shape.id == ANYTHING:
        return isinstance(node, ast.expr)
    if isinstance(shape, list | tuple):
        is_alike = isinstance(node, list | tuple) and len(node) == len(shape)
        return is_alike and all(map(_matches, node, shape))  # type: ignore[call-overload]
    if isinstance(shape, ast.AST):
        return type(node) is type(shape) and all(
            _matches(getattr(node, name, None), part) for name, part in ast.iter_fields(shape) if name != "ctx"
        )
    return node == shape
