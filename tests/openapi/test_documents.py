"""The OpenAPI documents of the sandbox are ones, by the judgement of a validator that knows version 3.1."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from bulk_onboard.sandbox.openapi import document
from bulk_onboard.sandbox.server import Sandbox

# What changes the types of document that are asked for.
SWITCHES = ["new-ids", "two-of-one-name", "fifty-types", "nothing-required"]


@pytest.mark.parametrize("contract", ["beta", "released"])
def test_document_is_valid(contract):
    """Also against the specification's own schema."""
    sandbox = Sandbox(contract=contract)

    assert [] == faults(sandbox)


@pytest.mark.parametrize("switch", SWITCHES)
def test_document_is_valid_whatever_is_asked_for(switch):
    """No types of document, two of one name, and fifty can be described, too."""
    sandbox = Sandbox(contract="released", behaviours=[switch])

    assert [] == faults(sandbox)


def faults(sandbox):
    """What the validator says of the document that a sandbox serves now."""
    served = json.loads(json.dumps(document(sandbox.state, sandbox.state.contract)))
    return [error.message for error in OpenAPIV31SpecValidator(served).iter_errors()]
