"""Tell whose form an answer about requirements has, and read it in that form.

Each contract names the members that its form has (`SHOWN_BY`). The beta's may also hold several combinations in a tree;
a released answer is about one.

A list that is there and empty means that nothing is required. One form read as the other would also seem to require
nothing, and every business would then be filed in a shape that is refused. So the form is determined first.
"""

import re

from bulk_onboard.api.wire import beta, released
from bulk_onboard.api.wire.parse import Members, members
from bulk_onboard.model.call import FetchRequirements
from bulk_onboard.model.requirements import Contract, RequirementsAnswer

_NAME = re.compile(r"\w{1,40}", re.ASCII)
_MOST_NAMES = 8


def read_requirements(call: FetchRequirements, body: object) -> RequirementsAnswer:
    """Return what an answer says of the combination that was asked about, and of others.

    Raises:
        MalformedError: it has one contract's form, and something in it is not what it must be.
    """
    contract, seen = form_of(body)
    said = members(body)
    match contract:
        case Contract.BETA:
            offered = tuple(beta.requirements_in(call.combination, offer) for offer in beta.offers_in(said))
            return RequirementsAnswer(contract, seen, offered)
        case Contract.RELEASED:
            offered = (released.requirements_in(call.combination, said),)
            return RequirementsAnswer(contract, seen, offered, released.amiss_in(said))
    whose = "both contracts" if _shows_both(seen) else "neither contract"
    return RequirementsAnswer(None, seen, amiss=f"has {', '.join(seen) or 'no members'}, as in {whose}")


def _shows_both(seen: tuple[str, ...]) -> bool:
    return not {beta.TREE, *beta.SHOWN_BY}.isdisjoint(seen) and not set(released.SHOWN_BY).isdisjoint(seen)


def form_of(body: object) -> tuple[Contract | None, tuple[str, ...]]:
    """Return whose form an answer has, and the names of members that show it.

    A member that is null counts as missing. None is returned where there are members of both, or of neither; then the
    names are those of other members.
    """
    said = members(body)
    branches = _dicts(said.get(beta.TREE))
    offers = [offer for branch in branches for offer in _dicts(branch.get("user_types"))]
    of_beta = _there((beta.TREE,), said) + _there(beta.SHOWN_BY, said, *branches, *offers)
    of_released = _there(released.SHOWN_BY, said, *branches, *offers)
    if of_beta and of_released:
        return None, of_beta + of_released
    if of_released:
        return Contract.RELEASED, of_released
    bare = [offer for offer in (offers if beta.TREE in of_beta else [said]) if not _there(beta.SHOWN_BY, offer)]
    return (None, _names(bare[0])) if bare else (Contract.BETA, of_beta)


def _there(names: tuple[str, ...], *places: Members) -> tuple[str, ...]:
    return tuple(name for name in names if any(place.get(name) is not None for place in places))


def _dicts(value: object) -> list[Members]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _names(said: Members) -> tuple[str, ...]:
    """Return the first few names of members that are plain words."""
    return tuple(name for name in said if _NAME.fullmatch(name))[:_MOST_NAMES]
