"""Read requirements in either shape of the beta; recognise the released API's.

Members have several names. The shapes:

    {"number_types": [{"user_types": [{"required_documents", "required_fields"}]}]}     one answer, all combinations
    {"number_type", "user_type", "required_documents", "required_fields"}               one combination
    {"requirement_id", "number_type", "user_type", "document_types": [...]}             the released API; not read

A list that is there and empty means that nothing is required. One form read as the other would also seem to require
nothing, and every business would then be filed in a shape that is refused. So the form is determined first.
"""

import re
from collections.abc import Iterator
from typing import Any

from bulk_onboard.api.wire.parse import MalformedError, Members, members, text, whole
from bulk_onboard.model.call import FetchRequirements
from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Form,
    OtherForm,
    Requirements,
)

_TREE = "number_types"
_LISTS = ("required_documents", "required_fields")
_RELEASED = ("requirement_id", "document_types")
_NAME = re.compile(r"\w{1,40}", re.ASCII)
_MOST_NAMES = 8


def read_requirements(call: FetchRequirements, body: object) -> tuple[Requirements, ...] | OtherForm:
    """Return the requirements of every combination in the answer.

    Parts it does not name are those asked for.

    An answer that is not in the beta's form is returned as `OtherForm`.

    Raises:
        MalformedError: it is in the beta's form, and something in it is not what it must be.
    """
    form, seen = form_of(body)
    if form is not Form.BETA:
        return OtherForm(form, seen)
    said = members(body)
    country = {"country_iso": said.get("country_iso")}
    return tuple(_requirements(call.combination, {**country, **offer}) for offer in _offers(said))


def form_of(body: object) -> tuple[Form, tuple[str, ...]]:
    """Return the form of an answer, and the names of members that show it.

    A member that is null counts as missing. Where no member shows a form, the names are those of other members.
    """
    said = members(body)
    branches = _dicts(said.get(_TREE))
    offers = [offer for branch in branches for offer in _dicts(branch.get("user_types"))]
    beta = _there((_TREE,), said) + _there(_LISTS, said, *branches, *offers)
    released = _there(_RELEASED, said, *branches, *offers)
    if beta and released:
        return Form.BOTH, beta + released
    if released:
        return Form.RELEASED, released
    bare = [offer for offer in (offers if _TREE in beta else [said]) if not _there(_LISTS, offer)]
    return (Form.NEITHER, _names(bare[0])) if bare else (Form.BETA, beta)


def _there(names: tuple[str, ...], *places: Members) -> tuple[str, ...]:
    return tuple(name for name in names if any(place.get(name) is not None for place in places))


def _dicts(value: object) -> list[Members]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _names(said: Members) -> tuple[str, ...]:
    """Return the first few names of members that are plain words."""
    return tuple(name for name in said if _NAME.fullmatch(name))[:_MOST_NAMES]


def _offers(body: Members) -> Iterator[Members]:
    """Yield each combination as a flat object."""
    if body.get(_TREE) is None:
        yield body
        return
    for number_type in _objects(body, _TREE):
        for user_type in _objects(number_type, "user_types"):
            yield {"number_type": number_type.get("number_type"), **user_type}


def _requirements(asked: Combination, offer: Members) -> Requirements:
    fields = {field.name: field for field in map(_field, _objects(offer, "required_fields"))}
    return Requirements(
        combination=Combination(
            country_iso=(text(offer, "country_iso") or asked.country_iso).upper(),
            number_type=(text(offer, "number_type") or asked.number_type).lower(),
            user_type=(text(offer, "user_type") or asked.user_type).lower(),
        ),
        fields=tuple(fields.values()),
        documents=tuple(map(_document, _objects(offer, "required_documents"))),
        review_days=whole(offer.get("estimated_review_days")),
    )


def _field(shown: Members) -> FieldRequirement:
    name = text(shown, "field_name", "name")
    if not name:
        raise MalformedError("a required field without its name")
    return FieldRequirement(
        name=name,
        label=text(shown, "field_label", "friendly_name") or name,
        required=shown.get("required") is not False,
        min_length=whole(shown.get("min_length")),
        max_length=whole(shown.get("max_length")),
        field_type=text(shown, "field_type") or "string",
    )


def _document(shown: Members) -> DocumentRequirement:
    kind = text(shown, "type", "document_type_id", "document_type")
    if not kind:
        raise MalformedError("a required document without its type")
    return DocumentRequirement(
        type=kind,
        title=text(shown, "title", "name", "document_name", "document_type_name") or kind,
        description=text(shown, "description"),
        kinds=_words(shown.get("accepted_formats")),
    )


def _words(shown: object) -> tuple[str, ...]:
    """Return the words of a list, or of a text with commas.

    See docs/design/wire.md, Requirements.
    """
    words = shown.split(",") if isinstance(shown, str) else shown if isinstance(shown, list) else []
    return tuple(word.strip() for word in words if isinstance(word, str) and word.strip())


def _objects(of: Members, name: str) -> list[Members]:
    """Return the objects of the list under this name.

    Raise MalformedError where something else stands there.
    """
    shown: Any = [] if of.get(name) is None else of[name]
    if not isinstance(shown, list) or not all(isinstance(value, dict) for value in shown):
        raise MalformedError(f"{name} is not a list of objects")
    return shown
