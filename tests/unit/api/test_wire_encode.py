"""How the contract of the API's document writes each call."""

import json
from pathlib import Path

import pytest

from bulk_onboard.api.wire import Wire
from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.call import (
    Create,
    Delete,
    FetchRequirements,
    Get,
    GetNumber,
    Link,
    LinkTarget,
    ListNumbers,
    ListPage,
    Update,
)
from bulk_onboard.model.requirements import Combination, Contract

ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
LOCAL = Combination("IN", "local", "business")
FIELDS = {
    "business_name": "Plivo India Pvt Ltd",
    "registration_number": "U72200KA2020PTC123456",
    "email": "compliance@plivo.in",
    "address.line1": "123 MG Road",
    "address.line2": "",
    "address.city": "Bangalore",
    "address.state": "Karnataka",
    "address.postal_code": "560001",
    "address.country": "IN",
}


def document(kind: str, media_type: str = "application/pdf") -> Document:
    """A document whose path must never be seen on the wire."""
    return Document(kind, Path(f"/home/somebody/Asha Rao {kind}.PDF"), 4, "0" * 64, media_type)


def application(fields=None, documents=(), callback_url="") -> Application:
    """A business that wants a local number."""
    return Application(LOCAL, FIELDS if fields is None else fields, tuple(documents), callback_url)


def create(files=(), **content) -> Create:
    """A create of such an application."""
    return Create(token="t", alias="acme ~abc", application=application(**content), fingerprint="f", files=files)


def data_of(request):
    """What the part `data` says."""
    return json.loads(request.parts[0].body)


def test_create_is_the_documents_example():
    """The `data` of a create is the example of the API's document, with an alias, and its files in their own parts."""
    documents = [
        document("identity_proof"),
        document("address_proof", "image/png"),
        document("business_registration", "image/jpeg"),
    ]

    request = Wire(Contract.BETA).encode(create(documents=documents, files=(b"%PDF", b"\x89PNG", b"\xff\xd8")))

    assert ("POST", "PhoneNumber/Compliance/", {}, None) == (request.method, request.path, request.query, request.json)
    assert {
        "country_iso": "IN",
        "number_type": "local",
        "alias": "acme ~abc",
        "end_user": {
            "type": "business",
            "name": "Plivo India Pvt Ltd",
            "email": "compliance@plivo.in",
            "address": {
                "line1": "123 MG Road",
                "city": "Bangalore",
                "state": "Karnataka",
                "postal_code": "560001",
                "country": "IN",
            },
            "registration_number": "U72200KA2020PTC123456",
        },
        "documents": [{"type": "identity_proof"}, {"type": "address_proof"}, {"type": "business_registration"}],
    } == data_of(request)
    assert [
        ("data", ""),
        ("documents[0].file", "identity_proof.pdf"),
        ("documents[1].file", "address_proof.png"),
        ("documents[2].file", "business_registration.jpg"),
    ] == [(part.name, part.file_name) for part in request.parts]
    assert [
        ("application/pdf", b"%PDF"),
        ("image/png", b"\x89PNG"),
        ("image/jpeg", b"\xff\xd8"),
    ] == [(part.media_type, part.body) for part in request.parts[1:]]


def test_callback_url_is_sent_when_there_is_one():
    """The callback address goes with the create; its method is left to the API."""
    data = data_of(Wire(Contract.BETA).encode(create(callback_url="https://example.com/hook")))

    assert "https://example.com/hook" == data["callback_url"]
    assert "callback_method" not in data


def test_other_fields_of_the_requirements_stand_in_the_end_user():
    """A field nobody foresaw goes where its dotted name says."""
    data = data_of(Wire(Contract.BETA).encode(create(fields={"contact.phone.mobile": "98", "udyam": "x"})))

    assert {"type": "business", "contact": {"phone": {"mobile": "98"}}, "udyam": "x"} == data["end_user"]


def test_create_without_documents_is_a_form_too():
    """Multipart also when there is no file."""
    request = Wire(Contract.BETA).encode(create())

    assert ["data"] == [part.name for part in request.parts]


def test_bytes_of_every_document_are_demanded():
    """A create whose documents were not read is never encoded with some of them missing."""
    with pytest.raises(ValueError, match="zip"):
        Wire(Contract.BETA).encode(
            create(documents=[document("identity_proof"), document("address_proof")], files=(b"%PDF",))
        )


@pytest.mark.parametrize(
    ("kind", "media_type", "expected"),
    [
        ("gst_certificate_2", "image/jpeg", "gst_certificate_2.jpg"),
        ('../"पहचान"\r\n', "image/png", "_" * 4 + "_" * 5 + "___.png"),
        ("x" * 200, "application/pdf", "x" * 95 + ".pdf"),
        ("identity_proof", "", "identity_proof"),
    ],
)
def test_file_names_are_plain(kind, media_type, expected):
    """Whatever a document's type is called, its file name is ASCII, short, and holds nothing of the user's own."""
    request = Wire(Contract.BETA).encode(create(documents=[document(kind, media_type)], files=(b"%PDF",)))

    assert expected == request.parts[1].file_name


def test_update_carries_everything():
    """An update sends alias, end user and the whole document set, and nothing that cannot be changed."""
    content = application(documents=[document("identity_proof")], callback_url="https://example.com/hook")
    call = Update(
        token="t", compliance_id=ID, alias="acme ~abc", application=content, fingerprint="f", files=(b"%PDF",)
    )

    request = Wire(Contract.BETA).encode(call)

    assert ("PATCH", f"PhoneNumber/Compliance/{ID}/") == (request.method, request.path)
    assert {"alias", "end_user", "documents"} == data_of(request).keys()
    assert ["data", "documents[0].file"] == [part.name for part in request.parts]


@pytest.mark.parametrize(
    ("call", "method", "path", "query"),
    [
        (
            FetchRequirements(combination=LOCAL),
            "GET",
            "PhoneNumber/Compliance/Requirements/",
            {"country_iso": "IN", "number_type": "local", "user_type": "business"},
        ),
        (Get(compliance_id=ID), "GET", f"PhoneNumber/Compliance/{ID}/", {}),
        (
            Get(compliance_id=ID, expand=("end_user", "documents")),
            "GET",
            f"PhoneNumber/Compliance/{ID}/",
            {"expand": "end_user,documents"},
        ),
        (Get(compliance_id="../x?y"), "GET", "PhoneNumber/Compliance/..%2Fx%3Fy/", {}),
        (ListPage(), "GET", "PhoneNumber/Compliance/", {"limit": "100"}),
        (ListPage(query={"cursor": "c"}), "GET", "PhoneNumber/Compliance/", {"cursor": "c"}),
        (Delete(token="t", compliance_id=ID), "DELETE", f"PhoneNumber/Compliance/{ID}/", {}),
        (GetNumber(number="911140221000"), "GET", "Number/911140221000/", {}),
        (ListNumbers(offset=40), "GET", "Number/", {"limit": "20", "offset": "40"}),
    ],
)
@pytest.mark.parametrize("contract", [None, *Contract])
def test_calls_without_a_body(contract, call, method, path, query):
    """Each has its method, its path with a trailing slash, and its query, whatever the contract."""
    request = Wire(contract).encode(call)

    assert (method, path, query) == (request.method, request.path, request.query)
    assert (None, None) == (request.json, request.parts)


def test_link_sends_the_compliance_id_as_json():
    """Linking updates the number, as the document's example does."""
    request = Wire(Contract.BETA).encode(Link(targets=(LinkTarget("911140221000", ID, "t"),)))

    assert ("POST", "Number/911140221000/") == (request.method, request.path)
    assert {"compliance_id": ID} == json.loads(request.json)
    assert request.parts is None


def test_contents_are_not_in_a_repr():
    """A request that is printed by accident shows no document and no end user."""
    request = Wire(Contract.BETA).encode(create(documents=[document("identity_proof")], files=(b"SECRET",)))

    assert "Plivo" not in repr(request)
    assert "SECRET" not in repr(request)
