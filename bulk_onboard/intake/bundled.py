"""The bundled requirements: the example of the API's documentation ("The Requirements Object").

They serve where the live ones cannot be had. The file has the answer's own form; only the request's id is left out.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)

SOURCE = "the bundled example of the API's documentation (private beta, read 2026-11)"

_FILE = Path(__file__).with_name("requirements.json")


def bundled_requirements() -> RequirementsBook:
    """Return what the documentation's example requires: India, local and mobile numbers, businesses."""
    tree = json.loads(_FILE.read_text(encoding="utf-8"))
    return RequirementsBook.of(SOURCE, live=False, offered=_offered(tree))


def _offered(tree: Mapping[str, Any]) -> Iterator[Requirements]:
    for number_type in tree["number_types"]:
        for user_type in number_type["user_types"]:
            yield Requirements(
                Combination(tree["country_iso"], number_type["number_type"], user_type["user_type"]),
                fields=tuple(map(_field, user_type["required_fields"])),
                documents=tuple(map(_document, user_type["required_documents"])),
                review_days=user_type["estimated_review_days"],
            )


def _field(field: Mapping[str, Any]) -> FieldRequirement:
    return FieldRequirement(
        name=field["field_name"],
        label=field["field_label"],
        required=field["required"],
        min_length=field["min_length"],
        max_length=field["max_length"],
        field_type=field["field_type"],
    )


def _document(document: Mapping[str, Any]) -> DocumentRequirement:
    return DocumentRequirement(
        type=document["type"],
        title=document["title"],
        kinds=tuple(document["accepted_formats"]),
        description=document["description"],
    )
