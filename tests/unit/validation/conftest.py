"""A sheet's worth of rows, requirements and files to judge; everything is good unless a test says otherwise."""

from pathlib import Path

import pytest

from bulk_onboard.model.application import FileFacts
from bulk_onboard.model.finding import NO_RULINGS
from bulk_onboard.model.requirements import (
    Combination,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Columns
from bulk_onboard.validation import judge_rows

LOCAL = Combination("IN", "local", "business")
MOBILE = Combination("IN", "mobile", "business")

REQUIRED = (
    FieldRequirement("business_name", "Business Name", min_length=3, max_length=20),
    FieldRequirement("registration_number", "Registration Number", max_length=50),
    FieldRequirement("address.postal_code", "Postal Code", required=False, max_length=10),
)
DOCUMENTS = (
    DocumentRequirement("identity_proof", "Identity Proof", ("passport", "national_id")),
    DocumentRequirement("address_proof", "Address Proof", ("utility_bill",)),
)
BOOK = RequirementsBook.of(
    "a test",
    live=False,
    offered=[
        Requirements(LOCAL, REQUIRED, DOCUMENTS),
        Requirements(MOBILE, (*REQUIRED, FieldRequirement("tax_id", "Tax Id")), ()),
    ],
)
HEADERS = {
    "key": "Reference",
    "business_name": "Name of Business",
    "registration_number": "CIN",
    "alias": "Alias",
    "address.postal_code": "PIN",
    "address.state": "State",
    "email": "Email",
    "tax_id": "Tax Id",
    "country_iso": "Number Country",
    "number_type": "Number Type",
    "user_type": "User Type",
    "document:identity_proof": "Identity Proof",
    "kind:identity_proof": "Identity Proof Kind",
    "document:address_proof": "Address Proof",
    "numbers": "Numbers",
    "callback_url": "Callback URL",
}
COLUMNS = Columns({name: position for position, name in enumerate(HEADERS)}, HEADERS)
GOOD = {
    "business_name": "Acme Limited",
    "registration_number": "U72200KA2020PTC123456",
    "document:identity_proof": "acme/id.pdf",
    "document:address_proof": "acme/address.png",
}


def facts(path, size=100, sha256="", media_type="application/pdf", findings=()):
    """What a look at a file told; a digest of its own unless given."""
    return FileFacts(Path("/documents", path), size, sha256 or f"digest of {path}", media_type, tuple(findings))


FILES = {"acme/id.pdf": facts("acme/id.pdf"), "acme/address.png": facts("acme/address.png", media_type="image/png")}


@pytest.fixture
def make_row():
    """A factory of rows: a good one with the cells given; None empties a cell; `kept` is what else a row tells."""

    def make(number=2, combination=LOCAL, *, bare=False, kept=None, **cells):
        named = {name.replace("__", "."): text for name, text in cells.items()}
        merged = named if bare else {**GOOD, **named}
        filled = {name: text for name, text in merged.items() if text is not None}
        return Row("Businesses", number, combination, filled, **(kept or {}))

    return make


@pytest.fixture
def judge():
    """Judges rows against the test's requirements; `files` come on top of the good ones."""

    def run(*rows, files=None, book=BOOK, columns=COLUMNS, rulings=NO_RULINGS, **more):
        return judge_rows(rows, book=book, files={**FILES, **(files or {})}, columns=columns, rulings=rulings, **more)

    return run


@pytest.fixture
def judge_one(judge):
    """Judges one row."""

    def run(row, **settings):
        (judged,) = judge(row, **settings)
        return judged

    return run


@pytest.fixture
def make_facts():
    """What a look at a file told."""
    return facts


@pytest.fixture
def codes():
    """The codes of a judged row's findings, in their order."""
    return lambda judged: [finding.code for finding in judged.findings]
