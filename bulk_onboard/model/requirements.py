"""What the API requires for a country, number type and user type.

See the API's document, The Requirements Object.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

_JOINTS = re.compile(r"[\s_-]+")


class Combination(NamedTuple):
    """Country, number type and user type, as in `IN`, `local`, `business`."""

    country_iso: str
    number_type: str
    user_type: str

    def __str__(self) -> str:
        return " / ".join(self)

    @classmethod
    def written(cls, texts: tuple[str, str, str], defaults: "Combination") -> "Combination":
        """Return what a row's cells ask for, the defaults where they are blank.

        `in` is read as IN, `Toll Free` as tollfree.
        """
        country_iso, number_type, user_type = (own or default for own, default in zip(texts, defaults, strict=True))
        return cls(country_iso.upper(), _JOINTS.sub("", number_type).lower(), user_type.lower())


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One field of the end user.

    `name` is dotted where nested (`address.postal_code`); lengths in characters.
    """

    name: str
    label: str
    required: bool = True
    min_length: int | None = None
    max_length: int | None = None
    field_type: str = "string"


@dataclass(frozen=True, slots=True)
class DocumentRequirement:
    """One document to be sent.

    `kinds` may serve as it (passport, utility_bill …); they are no file formats.
    """

    type: str
    title: str
    kinds: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one combination requires; empty tuples mean that nothing is required."""

    combination: Combination
    fields: tuple[FieldRequirement, ...]
    documents: tuple[DocumentRequirement, ...]
    review_days: int | None = None


class Form(StrEnum):
    """Whose form an answer about requirements has."""

    BETA = "beta"
    RELEASED = "released"
    BOTH = "both"
    NEITHER = "neither"


class OtherForm(NamedTuple):
    """An answer about requirements that is not in the beta's form.

    `seen` are names of members that show it.
    """

    form: Form
    seen: tuple[str, ...]


@dataclass(frozen=True)
class RequirementsBook:
    """The requirements of all combinations a job asks for.

    Attributes:
        source: where they come from, for people: `the live requirements at https://…` or `the bundled example (…)`.
        live: whether they come from the API itself, just now.
        offered: what each combination requires; the API does not offer others.
    """

    source: str
    live: bool
    offered: Mapping[Combination, Requirements] = field(default_factory=dict)

    @cached_property
    def fields(self) -> tuple[FieldRequirement, ...]:
        """The fields of all combinations, each name once, in their order."""
        return tuple({f.name: f for r in self.offered.values() for f in r.fields}.values())

    @cached_property
    def documents(self) -> tuple[DocumentRequirement, ...]:
        """The documents of all combinations, each type once, in their order."""
        return tuple({d.type: d for r in self.offered.values() for d in r.documents}.values())

    @classmethod
    def of(cls, source: str, *, live: bool, offered: Iterable[Requirements]) -> "RequirementsBook":
        """Return the book with these requirements, each under its own combination."""
        return cls(source, live, {r.combination: r for r in offered})
