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


class Contract(StrEnum):
    """The forms in which the API speaks (docs/design/wire.md, Two contracts)."""

    BETA = "beta"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One field of the end user, or of a document.

    Attributes:
        name: the API's; dotted where nested (`address.postal_code`).
        min_length, max_length: in characters.
        field_type: `string`, `date` or `enum`; any other is taken for a text.
        date_format: of a date, in the API's writing (`yyyy-mm-dd`); empty where it asks for none.
        choices: of an enum, to the letter; empty for a text.
        help_text: what belongs there, for people; may be empty.
        oddity: what is odd about the requirement itself, as the end of "this column …"; empty for nothing.
    """

    name: str
    label: str
    required: bool = True
    min_length: int | None = None
    max_length: int | None = None
    field_type: str = "string"
    date_format: str = ""
    choices: tuple[str, ...] = ()
    help_text: str = ""
    oddity: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRequirement:
    """One document to be sent.

    Attributes:
        type: what this tool calls it everywhere: the beta's word for it, or the released name as one word. It is never
            the API's id of a type, which only the requests have.
        title: what people read.
        kinds: what may serve as it (passport, utility_bill …); they are no file formats.
        needs_file: whether a file is asked for; else its fields alone.
        fields: what is asked for beside the file.
    """

    type: str
    title: str
    kinds: tuple[str, ...] = ()
    description: str = ""
    needs_file: bool = True
    fields: tuple[FieldRequirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one combination requires; empty tuples mean that nothing is required."""

    combination: Combination
    fields: tuple[FieldRequirement, ...]
    documents: tuple[DocumentRequirement, ...]
    review_days: int | None = None


class RequirementsAnswer(NamedTuple):
    """What an answer about requirements says.

    Attributes:
        contract: whose form it has; None where it has members of both, or of neither.
        seen: names of members that show it.
        offered: what it says of each combination; one answer may hold more than were asked for.
        amiss: why it cannot be used, as the end of "its answer …"; empty where it can.
    """

    contract: Contract | None
    seen: tuple[str, ...]
    offered: tuple[Requirements, ...] = ()
    amiss: str = ""


@dataclass(frozen=True)
class RequirementsBook:
    """The requirements of all combinations a job asks for.

    Attributes:
        source: where they come from, for people: `the live requirements at https://…` or `the bundled example (…)`.
        live: whether they come from the API itself, just now.
        contract: in which the API speaks, or is taken to speak where it was not asked.
        offered: what each combination requires; the API does not offer others.
    """

    source: str
    live: bool
    contract: Contract = Contract.BETA
    offered: Mapping[Combination, Requirements] = field(default_factory=dict)

    @cached_property
    def fields(self) -> tuple[FieldRequirement, ...]:
        """The end user's fields of all combinations, each name once, in their order."""
        return tuple({f.name: f for r in self.offered.values() for f in r.fields}.values())

    @cached_property
    def documents(self) -> tuple[DocumentRequirement, ...]:
        """The documents of all combinations, each type once, in their order."""
        return tuple({d.type: d for r in self.offered.values() for d in r.documents}.values())

    @cached_property
    def files(self) -> tuple[DocumentRequirement, ...]:
        """The documents that need a file, of all combinations, each type once, in their order."""
        return tuple({d.type: d for r in self.offered.values() for d in r.documents if d.needs_file}.values())

    @cached_property
    def document_fields(self) -> tuple[tuple[DocumentRequirement, FieldRequirement], ...]:
        """The fields of the documents of all combinations, each once, in their order."""
        found = {(d.type, f.name): (d, f) for r in self.offered.values() for d in r.documents for f in d.fields}
        return tuple(found.values())

    @property
    def described(self) -> str:
        """Where they come from and the contract, for people: `the live requirements at …, in the beta contract`."""
        return f"{self.source}, in the {self.contract} contract"

    @classmethod
    def of(
        cls, source: str, *, live: bool, offered: Iterable[Requirements], contract: Contract = Contract.BETA
    ) -> "RequirementsBook":
        """Return the book with these requirements, each under its own combination."""
        return cls(source, live, contract, {r.combination: r for r in offered})
