"""The released contract: how its writes are encoded, and what its requirements and link reports say."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.wire import MalformedError, Wire, state_error
from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.call import (
    Create,
    FetchRequirements,
    Get,
    Link,
    LinkAnswer,
    LinkTarget,
    ListPage,
    Operation,
    Update,
)
from bulk_onboard.model.requirements import Combination, Contract

LOCAL = Combination("IN", "local", "business")
FETCH = FetchRequirements(combination=LOCAL)
REGISTRATION, GST = str(uuid4()), str(uuid4())
ID = str(uuid4())

BUSINESS_NAME = {
    "field_name": "business_name",
    "friendly_name": "Legal Name",
    "field_type": "string",
    "required": True,
    "min_length": 1,
    "max_length": 50,
}
TYPES = [
    {"document_type_id": REGISTRATION, "name": "Registration Certificate", "required_fields": [BUSINESS_NAME]},
    {"document_type_id": GST, "name": "GST certificate", "proof_required": True, "required_fields": []},
]


def told(types, **members):
    """The body that asks for these document types."""
    return {"requirement_id": "r", "country_iso": "IN", "number_type": "local", "document_types": types, **members}


def wire_for(types):
    """A wire that has read such requirements, and what it read."""
    wire = Wire()
    return wire, wire.decode(FETCH, told(types))


def a_type(name="GST certificate", **members):
    """A document type with an id of its own."""
    return {"document_type_id": str(uuid4()), "name": name, **members}


def only_field(**members):
    """What is made of a field with these members."""
    types = [a_type(required_fields=[{"field_name": "x", **members}])]
    return wire_for(types)[1].offered[0].documents[0].fields[0]


def documents(*kinds, fields=None):
    """Documents of these types; their paths must never be seen on the wire."""
    path = Path("/home/somebody/Asha Rao.PDF")
    return tuple(Document(kind, path, 4, "0" * 64, "application/pdf", (fields or {}).get(kind, {})) for kind in kinds)


FIELDS = {
    "business_name": "ACME PRIVATE LIMITED",
    "registration_number": "U72200MH2020PTC123456",
    "email": "kyc@acme.example",
    "address.line1": "123 MG Road",
    "address.line2": "2nd Floor",
    "address.city": "Mumbai",
    "address.state": "Maharashtra",
    "address.postal_code": "400001",
    "address.country": "IN",
}


def application(*sent, combination=LOCAL, fields=FIELDS):
    """A business with these documents."""
    return Application(combination, fields, sent, "https://example.com/hook")


def create(content, *files):
    """A create of such an application."""
    return Create(token="t", alias="acme ~abc", application=content, fingerprint="f", files=files)


def test_create_has_a_flat_end_user_and_documents_by_id():
    """As the vendor's SDKs send it."""
    wire, _ = wire_for(TYPES)
    sent = documents(
        "registration_certificate",
        "gst_certificate",
        fields={"registration_certificate": {"business_name": "ACME PRIVATE LIMITED", "note": ""}},
    )

    request = wire.encode(create(application(*sent), b"%PDF", b"%PDF-2"))

    assert {
        "country_iso": "IN",
        "number_type": "local",
        "alias": "acme ~abc",
        "end_user": {
            "type": "business",
            "name": "ACME PRIVATE LIMITED",
            "registration_number": "U72200MH2020PTC123456",
            "email": "kyc@acme.example",
            "address_line1": "123 MG Road",
            "address_line2": "2nd Floor",
            "city": "Mumbai",
            "state": "Maharashtra",
            "postal_code": "400001",
            "country": "IN",
        },
        "documents": [
            {"document_type_id": REGISTRATION, "data_fields": {"business_name": "ACME PRIVATE LIMITED"}},
            {"document_type_id": GST},
        ],
        "callback_url": "https://example.com/hook",
    } == json.loads(request.parts[0].body)
    assert [
        ("data", ""),
        ("documents[0].file", "registration_certificate.pdf"),
        ("documents[1].file", "gst_certificate.pdf"),
    ] == [(part.name, part.file_name) for part in request.parts]


def test_document_without_a_file_leaves_a_gap_in_the_positions():
    """Its fields are sent all the same, and the next file keeps its place."""
    wire, _ = wire_for([a_type("Signatory", proof_required=False), *TYPES])
    sent = (Document("signatory", fields={"name": "Asha"}), *documents("gst_certificate"))

    request = wire.encode(create(application(*sent), None, b"%PDF"))

    assert ["data", "documents[1].file"] == [part.name for part in request.parts]
    assert {"name": "Asha"} == json.loads(request.parts[0].body)["documents"][0]["data_fields"]


def test_update_has_every_document_and_nothing_that_cannot_change():
    """No type of end user, no country, no number type, no callback address."""
    wire, _ = wire_for(TYPES)
    content = application(*documents("registration_certificate", "gst_certificate"))
    call = Update(
        token="t", compliance_id=ID, alias="a", application=content, fingerprint="f", files=(b"%PDF", b"%PDF")
    )

    request = wire.encode(call)

    data = json.loads(request.parts[0].body)
    assert {"alias", "end_user", "documents"} == data.keys()
    assert "type" not in data["end_user"]
    assert ("PATCH", f"PhoneNumber/Compliance/{ID}/", 3) == (request.method, request.path, len(request.parts))


def test_person_has_a_last_name():
    """Where the end user may be an individual, there is a field for it."""
    wire = Wire()
    person = Combination("IN", "local", "individual")
    answer = wire.decode(FetchRequirements(combination=person), told([], user_type="individual"))

    assert [("business_name", True), ("last_name", False)] == [(f.name, f.required) for f in answer.offered[0].fields]
    content = application(combination=person, fields={"business_name": "Asha", "last_name": "Rao"})
    data = json.loads(wire.encode(create(content)).parts[0].body)
    assert {"type": "individual", "name": "Asha", "last_name": "Rao"} == data["end_user"]


def test_link_names_every_number_with_its_record():
    """In one request, numbers with a plus."""
    wire, _ = wire_for(TYPES)
    other = str(uuid4())

    request = wire.encode(Link(targets=(LinkTarget("911140221000", ID, "t"), LinkTarget("911140221001", other, "t"))))

    assert ("POST", "PhoneNumber/Compliance/Link/", None) == (request.method, request.path, request.parts)
    assert {
        "numbers": [
            {"number": "+911140221000", "compliance_application_id": ID},
            {"number": "+911140221001", "compliance_application_id": other},
        ]
    } == json.loads(request.json)


# Requirements.


def test_people_meet_names_only():
    """A type is known by its name as one word; its id stands nowhere in what is read."""
    _, answer = wire_for([*TYPES, a_type("Proof of  Address – PAN/ID")])

    assert Contract.RELEASED is answer.contract
    assert [
        ("registration_certificate", "Registration Certificate"),
        ("gst_certificate", "GST certificate"),
        ("proof_of_address_pan_id", "Proof of Address – PAN/ID"),
    ] == [(document.type, document.title) for document in answer.offered[0].documents]
    assert REGISTRATION not in repr(answer)


def test_other_ids_of_types_change_nothing_but_the_request():
    """What is asked for is equal, and writes have the new ids."""
    one, first = wire_for(TYPES)
    other, second = wire_for([{**shown, "document_type_id": str(uuid4())} for shown in TYPES])
    call = create(application(*documents("gst_certificate")), b"%PDF")

    assert first == second
    assert one.encode(call) != other.encode(call)


def test_ids_in_what_the_api_says_are_told_as_names():
    """A refusal and a reviewer's reason name the document; other ids stay."""
    wire, _ = wire_for(TYPES)
    other = str(uuid4())
    shown = {"compliance_id": ID, "alias": "a", "status": "rejected", "rejection_reason": f"{GST.upper()}: not legible"}

    assert f"GST certificate of {other}: no file." == wire.with_names(f"{GST} of {other}: no file.")
    assert "GST certificate: not legible" == wire.decode(Get(compliance_id=ID), {"compliance": shown}).reason
    (record,) = wire.decode(ListPage(), {"compliances": [shown]}).records
    assert "GST certificate: not legible" == record.reason


def test_equal_names_are_told_apart_whatever_their_order():
    """By a number that goes with the content."""
    front, back = a_type("Card", description="Front"), a_type("Card", description="Back")

    for types in ([front, back], [back, front]):
        wire, answer = wire_for(types)
        by_description = {document.description: document for document in answer.offered[0].documents}
        assert ("card", "Card") == (by_description["Back"].type, by_description["Back"].title)
        assert ("card_2", "Card (2)") == (by_description["Front"].type, by_description["Front"].title)
        request = wire.encode(create(application(*documents("card_2", "card")), b"1", b"2"))
        ids = [document["document_type_id"] for document in json.loads(request.parts[0].body)["documents"]]
        assert [front["document_type_id"], back["document_type_id"]] == ids


def test_number_that_tells_names_apart_is_no_other_types_name():
    """Each type goes out under its own id, also beside a type that is called like the second of a name."""
    types = [a_type("Card", description="Front"), a_type("Card", description="Back"), a_type("Card 2")]

    wire, answer = wire_for(types)
    request = wire.encode(create(application(*documents("card_3", "card", "card_2")), b"1", b"2", b"3"))

    assert ["Card (3)", "Card", "Card 2"] == [document.title for document in answer.offered[0].documents]
    ids = [document["document_type_id"] for document in json.loads(request.parts[0].body)["documents"]]
    assert [shown["document_type_id"] for shown in types] == ids


def test_equal_names_and_descriptions_are_told_apart_by_everything_else():
    """Another order of the answer does not change which is which."""
    with_file, without = a_type("Card"), a_type("Card", proof_required=False)

    for types in ([with_file, without], [without, with_file]):
        told_of = {document.needs_file: document.type for document in wire_for(types)[1].offered[0].documents}
        assert {False: "card", True: "card_2"} == told_of


@pytest.mark.parametrize("missing", [{"document_type_id": None}, {"document_type_id": ""}])
def test_type_without_an_id_is_told(missing):
    """Nothing could be sent for it."""
    _, answer = wire_for([{**TYPES[1], **missing}])

    assert 'has no id for the document type "GST certificate"' == answer.amiss


@pytest.mark.parametrize(
    ("shown", "needs_file"),
    [
        ({}, True),
        ({"proof_required": None}, True),
        ({"proof_required": True}, True),
        ({"proof_required": False}, False),
    ],
)
def test_file_is_asked_for_unless_the_answer_says_not(shown, needs_file):
    """Missing and null say nothing."""
    _, answer = wire_for([a_type(**shown)])

    assert needs_file is answer.offered[0].documents[0].needs_file


@pytest.mark.parametrize("types", [None, []])
def test_no_document_types_require_nothing_but_the_name(types):
    """An answer in this form without types is an answer."""
    _, answer = wire_for(types)

    assert ((), ["business_name"]) == (answer.offered[0].documents, [field.name for field in answer.offered[0].fields])


@pytest.mark.parametrize("types", [{}, "x", [1], [{"document_type_id": "x", "required_fields": {}}]])
def test_types_that_are_no_list_of_objects_are_malformed(types):
    """They are no answer."""
    with pytest.raises(MalformedError):
        wire_for(types)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"field_type": "enum", "enums": "A, B,,A ,C"}, ("A", "B", "C")),
        ({"field_type": "enum", "enums": ["A", "B "]}, ("A", "B")),
        ({"field_type": "string", "enums": "A,B"}, ()),
    ],
)
def test_choices_are_a_text_with_commas_or_a_list(shown, expected):
    """Each word once, without outer blanks; only an enum has them."""
    assert expected == only_field(**shown).choices


def test_field_says_what_belongs_there():
    """Label, format and help for people, lengths in characters."""
    field = only_field(
        friendly_name="Valid  until",
        field_type="Date",
        format=" yyyy-mm-dd ",
        help_text="As printed",
        max_length=10,
        required=False,
    )

    assert ("Valid until", "date", "yyyy-mm-dd", "As printed", 10, False, "") == (
        field.label,
        field.field_type,
        field.date_format,
        field.help_text,
        field.max_length,
        field.required,
        field.oddity,
    )


@pytest.mark.parametrize(
    ("shown", "oddity"),
    [
        ({"field_type": "colour"}, 'is of the type "colour", which is not known'),
        ({"field_type": "enum", "enums": " , "}, "offers no words to choose from"),
        ({"min_length": 9, "max_length": 2}, "is to have at least 9 and at most 2 characters"),
    ],
)
def test_odd_requirement_is_told_and_taken_for_a_text(shown, oddity):
    """A row can satisfy it, and people learn why it is not judged."""
    field = only_field(**shown)

    assert oddity == field.oddity
    assert (None, None, ()) == (field.min_length, field.max_length, field.choices)


# Reports of links.

NUMBERS = ("911140221000", "911140221001", "911140221002")
LINK = Link(targets=tuple(LinkTarget(number, ID, "t") for number in NUMBERS))
NOT_YOURS = "Number not found on your account."
LINKED, UNKNOWN, FAILED = LinkAnswer(True), LinkAnswer(None), LinkAnswer(False, "link-failed", NOT_YOURS)
MAYBE_FAILED = FAILED._replace(is_linked=None)


def line(number, status="success", **members):
    """A line of a report."""
    return {"number": number, "status": status, **members}


def failed(number):
    """A line about a number that was not linked."""
    return line(number, "failed", remarks=NOT_YOURS)


ALL = [line(number) for number in NUMBERS]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"report": ALL, "total_count": 3, "updated_count": 3}, [LINKED, LINKED, LINKED]),
        ({"report": ALL}, [LINKED, LINKED, LINKED]),
        ({"report": ALL[::-1]}, [LINKED, LINKED, LINKED]),
        ({"report": [line(f"+{NUMBERS[0]}", "linked"), *ALL[1:]]}, [LINKED, LINKED, LINKED]),
        (
            {"report": [line("+91 11 4022 1000"), line("0091-1140221001", "SUCCESS"), ALL[2]]},
            [LINKED, LINKED, LINKED],
        ),
        (
            {"report": [*ALL[:2], failed(NUMBERS[2])], "total_count": 3, "updated_count": 2},
            [LINKED, LINKED, FAILED],
        ),
        (
            {"report": [*ALL[:2], line(NUMBERS[2], "failed", message=NOT_YOURS)]},
            [LINKED, LINKED, FAILED],
        ),
        ({"report": ALL[:2], "total_count": 3, "updated_count": 2}, [LINKED, LINKED, UNKNOWN]),
        ({"report": ALL[:2], "total_count": 3, "updated_count": 3}, [LINKED, LINKED, UNKNOWN]),
        ({"report": [*ALL, line("912240221000")], "total_count": 4, "updated_count": 4}, [LINKED, LINKED, LINKED]),
        ({"report": [*ALL, ALL[0]]}, [LINKED, LINKED, LINKED]),
        ({"report": [*ALL, failed(NUMBERS[0])]}, [MAYBE_FAILED, LINKED, LINKED]),
        ({"report": [line(NUMBERS[0], "queued"), *ALL[1:]]}, [UNKNOWN, LINKED, LINKED]),
        ({"report": ALL, "total_count": 3, "updated_count": 2}, [UNKNOWN] * 3),
        ({"report": ALL, "total_count": 2, "updated_count": 3}, [UNKNOWN] * 3),
        (
            {"report": [failed(number) for number in NUMBERS], "updated_count": 3},
            [MAYBE_FAILED] * 3,
        ),
        ({"total_count": 3, "updated_count": 3}, [UNKNOWN] * 3),
        ({"report": [], "total_count": 3, "updated_count": 0}, [UNKNOWN] * 3),
        ({"report": "linked"}, [UNKNOWN] * 3),
        ({"report": [None, 7, {}]}, [UNKNOWN] * 3),
        ({"message": "changed"}, [UNKNOWN] * 3),
        ({}, [UNKNOWN] * 3),
    ],
)
def test_each_line_of_a_report_is_read_by_its_number(body, expected):
    """Left out, doubled or contradicted by the counts, a number is unknown; a count alone proves nothing."""
    answers = Wire(Contract.RELEASED).decode(LINK, body)

    assert dict(zip(NUMBERS, expected, strict=True)) == answers


def test_failure_for_the_records_state_has_its_code():
    """So that the record is read again."""
    remarks = "Compliance application must be in 'accepted' status. Current status: 'submitted'."
    body = {"report": [line(NUMBERS[0], "failed", remarks=remarks), *ALL[1:]]}

    assert "compliance_not_approved" == Wire(Contract.RELEASED).decode(LINK, body)[NUMBERS[0]].code


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "report": st.lists(
                st.fixed_dictionaries(
                    {"number": st.sampled_from((*NUMBERS, "912240221000"))},
                    optional={"status": st.sampled_from(["success", "failed", "linked", "queued", None])},
                ),
                max_size=6,
            ),
            "total_count": st.integers(0, 5),
            "updated_count": st.integers(0, 5),
        },
    )
)
def test_number_is_linked_only_where_a_line_says_so(body):
    """And no line says otherwise."""
    answers = Wire(Contract.RELEASED).decode(LINK, body)

    for number, answer in answers.items():
        statuses = {row.get("status") for row in body.get("report", []) if row["number"] == number}
        if answer.is_linked:
            assert statuses
            assert statuses <= {"success", "linked"}
        elif answer.is_linked is False:
            assert {"failed"} == statuses


@pytest.mark.parametrize(
    ("operation", "sentence", "code"),
    [
        (Operation.UPDATE, "Compliance application must be in 'rejected' status.", "compliance_not_editable"),
        (Operation.UPDATE, "Application is under review and cannot be changed", "compliance_not_editable"),
        (Operation.UPDATE, "Only rejected applications can be updated.", "compliance_not_editable"),
        (Operation.UPDATE, "Applications can be updated only when rejected", "compliance_not_editable"),
        (Operation.UPDATE, "Cannot update an application in submitted state.", "compliance_not_editable"),
        (Operation.UPDATE, "Application cannot be updated while it is submitted.", "compliance_not_editable"),
        (Operation.UPDATE, "Application is not in 'rejected' status", "compliance_not_editable"),
        (Operation.UPDATE, "Application can't be modified in its current state", "compliance_not_editable"),
        (Operation.LINK, "Compliance application must be in 'accepted' status.", "compliance_not_approved"),
        (Operation.LINK, "Compliance application is not in accepted state.", "compliance_not_approved"),
        (Operation.CREATE, "Compliance application must be in 'rejected' status.", ""),
        (Operation.UPDATE, "Field 'business_name' is required for document type 'x'.", ""),
        (Operation.UPDATE, "end_user.state must be a state of India", ""),
        (Operation.UPDATE, "end_user.type cannot be updated", ""),
        (Operation.UPDATE, "Document rejected: only PDF, PNG and JPEG are taken", ""),
    ],
)
def test_sentence_hints_at_a_refusal_for_the_records_state(operation, sentence, code):
    """This contract has no codes."""
    assert code == state_error(operation, sentence)
