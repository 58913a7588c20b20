"""What the verbs print as JSON, held against the schemas that the package has."""

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from bulk_onboard.cli.answers import ANSWERS


@lru_cache
def validator(name: str) -> Draft202012Validator:
    """What judges by a schema of the package, such as `run`."""
    schema = json.loads(resources.files("bulk_onboard").joinpath("schemas", f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def verb_in(words: Sequence[str]) -> str:
    """The verb of a command line, such as `ledger verify`; empty without one."""
    return next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in ANSWERS), "")


def troubles(told: Any, name: str) -> list[str]:
    """Where an object is not as its schema says."""
    deepest = [cause for error in validator(name).iter_errors(told) for cause in (error, *(error.context or ()))]
    return [f"{error.json_path}: {error.message[:300]}" for error in deepest]
