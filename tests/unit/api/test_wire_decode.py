"""What answers say, in either vocabulary and nesting."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.api.wire import MalformedError, Wire
from bulk_onboard.model.application import Application
from bulk_onboard.model.call import (
    Create,
    Delete,
    FetchRequirements,
    Get,
    GetNumber,
    Link,
    LinkAnswer,
    LinkTarget,
    ListNumbers,
    ListPage,
    NumberRecord,
    ServerRecord,
    Update,
)
from bulk_onboard.model.record import Review
from bulk_onboard.model.requirements import Combination, Contract, DocumentRequirement, FieldRequirement, Requirements

ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
OTHER_ID = "767bc62c-2332-4a34-959c-1f6416186254"
LOCAL = Combination("IN", "local", "business")
MOBILE = Combination("IN", "mobile", "business")
APPLICATION = Application(LOCAL, {}, ())

FETCH = FetchRequirements(combination=LOCAL)
CREATE = Create(token="t", alias="a", application=APPLICATION, fingerprint="f")
UPDATE = Update(token="t", compliance_id=ID, alias="a", application=APPLICATION, fingerprint="f")
DELETE = Delete(token="t", compliance_id=ID)
LINK = Link(targets=(LinkTarget("911140221000", ID, "t"),))
GET = Get(compliance_id=ID)
NUMBER = GetNumber(number="911140221000")
CALLS = [FETCH, CREATE, UPDATE, DELETE, LINK, GET, ListPage(), NUMBER, ListNumbers()]

decode = Wire(Contract.BETA).decode

OFFER = {
    "required_documents": [
        {"title": "Identity Proof", "type": "identity_proof", "accepted_formats": ["passport"], "description": "Photo"}
    ],
    "required_fields": [
        {
            "field_name": "address.city",
            "field_label": "City",
            "required": True,
            "field_type": "string",
            "max_length": 100,
            "min_length": 1,
        },
        {"field_name": "email", "required": False},
    ],
    "estimated_review_days": 3,
}
FIELDS = (
    FieldRequirement("address.city", "City", True, 1, 100, "string"),
    FieldRequirement("email", "email", False, None, None, "string"),
)
DOCUMENTS = (DocumentRequirement("identity_proof", "Identity Proof", ("passport",), "Photo"),)


def requirements_tree(number_types):
    """The body that tells these number types' requirements."""
    user_types = [{"user_type": "business", **OFFER}]
    return {
        "api_id": "x",
        "country_iso": "in",
        "number_types": [{"number_type": name, "user_types": user_types} for name in number_types],
    }


def test_requirements_tree_tells_all_combinations():
    """One answer of the document's shape tells what every number type and user type requires."""
    answer = decode(FETCH, requirements_tree(["local", "mobile"]))

    assert (Requirements(LOCAL, FIELDS, DOCUMENTS, 3), Requirements(MOBILE, FIELDS, DOCUMENTS, 3)) == answer.offered
    assert Contract.BETA is answer.contract


def test_flat_requirements_are_one_combination():
    """The flat object of the document names its combination itself."""
    body = {"country_iso": "IN", "number_type": "mobile", "user_type": "business", **OFFER}

    assert (Requirements(MOBILE, FIELDS, DOCUMENTS, 3),) == decode(FETCH, body).offered


def test_flat_requirements_without_names_are_what_was_asked_for():
    """What the answer does not name is the combination of the call."""
    assert (Requirements(LOCAL, FIELDS, DOCUMENTS, 3),) == decode(FETCH, OFFER).offered


RELEASED = {"requirement_id": "r", "country_iso": "IN", "document_types": []}


@pytest.mark.parametrize(
    ("body", "contract", "seen"),
    [
        (RELEASED, Contract.RELEASED, ("requirement_id", "document_types")),
        ({"document_types": []}, Contract.RELEASED, ("document_types",)),
        ({"number_types": [], "document_types": None}, Contract.BETA, ("number_types",)),
        (
            {**OFFER, **RELEASED},
            None,
            ("required_documents", "required_fields", "requirement_id", "document_types"),
        ),
        (
            {"number_types": [{"number_type": "local", "user_types": [OFFER, RELEASED]}]},
            None,
            ("number_types", "required_documents", "required_fields", "requirement_id", "document_types"),
        ),
        ({"number_types": [{"number_type": "local", **RELEASED}]}, None, None),
        ({"number_types": [{"number_type": "local", "user_types": [OFFER, {"note": 1}]}]}, None, ("note",)),
        ({"api_id": "x", "a name": 1, "fields": []}, None, ("api_id", "fields")),
        ({}, None, ()),
        ({"number_types": None, "message": "ok"}, None, ("number_types", "message")),
        ({"required_documents": None}, None, ("required_documents",)),
        ([], None, ()),
        ("maintenance", None, ()),
    ],
)
def test_contract_is_told_by_the_members_of_the_answer(body, contract, seen):
    """Members of both contracts, or of neither, show none, and nothing is read as if nothing were required."""
    told = Wire().decode(FETCH, body)

    assert contract is told.contract
    assert seen in (told.seen, None)
    assert bool(told.amiss) is (contract is None)


@pytest.mark.parametrize("missing", [{}, {"document_types": None}])
def test_released_requirements_without_a_list_of_documents_cannot_be_used(missing):
    """Only a list that is there and empty says that nothing is required."""
    told = Wire().decode(FETCH, {"requirement_id": "x", "required_documents": None, **missing})

    assert (Contract.RELEASED, ("requirement_id",)) == (told.contract, told.seen)
    assert "has no list of document types" == told.amiss


def test_explicit_empty_list_requires_nothing():
    """An empty list is an answer."""
    assert (Requirements(LOCAL, (), ()),) == decode(FETCH, {"required_documents": [], "required_fields": []}).offered


def test_no_number_types_offers_nothing():
    """A tree without branches offers no combination at all."""
    assert () == decode(FETCH, requirements_tree([])).offered


def test_kinds_may_be_a_text_with_commas():
    """Some answers write a list as one text."""
    body = {"required_documents": [{"type": "x", "accepted_formats": "passport, national_id,"}]}

    assert ("passport", "national_id") == decode(FETCH, body).offered[0].documents[0].kinds


@pytest.mark.parametrize(
    "body",
    [
        {"required_documents": {"type": "x"}, "required_fields": []},
        {"required_documents": ["x"]},
        {"required_documents": [{"title": "no type"}]},
        {"required_fields": [{"field_label": "no name"}]},
    ],
)
def test_requirements_that_say_nothing_are_malformed(body):
    """Silence is never taken for "no documents needed"."""
    with pytest.raises(MalformedError):
        decode(FETCH, body)


@pytest.mark.parametrize(
    "body",
    [
        {"api_id": "x", "compliance_id": ID, "message": "Created successfully"},
        {"compliance": {"compliance_id": ID}},
        {"compliance_id": ID, "error": None},
        {"compliance_id": ID, "error": ""},
    ],
)
def test_create_answers_its_id(body):
    """The new record's id is what a create is for."""
    assert ID == decode(CREATE, body)


@pytest.mark.parametrize(
    "body",
    [
        {"api_id": "x", "message": "Created successfully"},
        {"compliance_id": None},
        {"compliance_id": ""},
        {"compliance_id": "12345"},
        {"compliance_id": ID + "x"},
        {"compliance_id": [ID]},
        {"compliance_id": ID, "error": "no"},
        {"compliance_id": ID, "errors": ["no"]},
        [ID],
        ID,
        None,
    ],
)
def test_create_without_a_uuid_is_malformed(body):
    """Neither a success nor a failure: the caller must find out."""
    with pytest.raises(MalformedError):
        decode(CREATE, body)


@pytest.mark.parametrize("call", [UPDATE, DELETE])
@pytest.mark.parametrize("body", [{"api_id": "x", "message": "changed"}, {"compliance_id": ID.upper()}])
def test_other_writes_answer_the_id_they_are_about(call, body):
    """What the API adds to its yes does not matter."""
    assert ID == decode(call, body)


@pytest.mark.parametrize("call", [UPDATE, DELETE])
def test_answer_about_another_record_is_malformed(call):
    """Somebody else's answer is no answer."""
    with pytest.raises(MalformedError):
        decode(call, {"compliance": {"compliance_id": OTHER_ID}})


@pytest.mark.parametrize("body", [{"api_id": "x", "message": "changed"}, {"error": None}, {}, None])
def test_yes_to_a_link_says_that_the_number_is_linked(body):
    """In the beta a link is about one number, and its answer says no more."""
    assert {"911140221000": LinkAnswer(True)} == decode(LINK, body)


@pytest.mark.parametrize("body", [{"message": "changed", "error": "no"}, ["changed"]])
def test_yes_to_a_link_that_speaks_of_an_error_is_malformed(body):
    """It is no success."""
    with pytest.raises(MalformedError):
        decode(LINK, body)


def test_delete_needs_no_body():
    """A 204 is a yes to a delete, and to nothing else."""
    assert ID == decode(DELETE, None)
    with pytest.raises(MalformedError):
        decode(UPDATE, None)


SHOWN = {
    "compliance_id": ID,
    "alias": "acme ~abc",
    "status": "approved",
    "country_iso": "in",
    "number_type": "Local",
    "end_user": {"name": "Plivo India", "last_name": None, "registration_number": "U72200KA2020PTC123456"},
    "documents": [{"id": "1"}, {"id": "2"}],
    "linked_numbers": [{"number": "+91 11 4022 1000"}, "912248885512", 912248885513, None],
    "rejection_reason": None,
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-18 14:00:00",
    "submitted_at": "2024-01-15T10:30:00.123456+00:00",
}


@pytest.mark.parametrize("body", [SHOWN, {"api_id": "x", "compliance": SHOWN}])
def test_record_is_read_wrapped_or_flat(body):
    """Everything the record shows, whichever envelope it comes in."""
    assert ServerRecord(
        compliance_id=ID,
        alias="acme ~abc",
        review_word="approved",
        review="approved",
        country_iso="IN",
        number_type="local",
        name="Plivo India",
        registration_number="U72200KA2020PTC123456",
        documents=2,
        linked_numbers=("911140221000", "912248885512", "912248885513"),
        created_at="2024-01-15T10:30:00Z",
        updated_at="2024-01-18 14:00:00",
        submitted_at="2024-01-15T10:30:00.123456+00:00",
    ) == decode(GET, body)


def test_record_without_expansion_knows_nothing_of_it():
    """What was not expanded is None, never empty."""
    record = decode(GET, {"status": "submitted", "rejection_reason": "why", "end_user": None})

    assert ServerRecord(compliance_id=ID, alias="", review_word="submitted", review="pending", reason="why") == record


def test_first_and_last_name_are_one_name():
    """A person's name comes in two members."""
    body = {"status": "draft", "end_user": {"name": "Asha", "last_name": "Rao"}}

    assert "Asha Rao" == decode(GET, body).name


@pytest.mark.parametrize("body", [{**SHOWN, "status": word} for word in ("", " ", None, {}, True)])
def test_record_without_a_status_is_malformed(body):
    """A missing word is never taken for "pending"."""
    with pytest.raises(MalformedError):
        decode(GET, body)


@pytest.mark.parametrize("name", ["compliance_id", "compliance_application_id"])
def test_another_record_than_asked_for_is_malformed(name):
    """An answer that belongs to another question is not believed."""
    with pytest.raises(MalformedError):
        decode(GET, {"status": "approved", name: OTHER_ID})


@pytest.mark.parametrize(
    ("word", "review"),
    [
        ("draft", Review.DRAFT),
        ("pending_review", Review.PENDING),
        ("Pending Review", Review.PENDING),
        ("submitted", Review.PENDING),
        ("APPROVED", Review.APPROVED),
        (" accepted ", Review.APPROVED),
        ("rejected", Review.REJECTED),
        ("more_info_required", Review.MORE_INFO),
        ("more-info required", Review.MORE_INFO),
        ("suspended", Review.SUSPENDED),
        ("expired", Review.EXPIRED),
        ("active", ""),
        ("not approved", ""),
    ],
)
def test_review_words_of_both_vocabularies(word, review):
    """Case and blanks do not matter; an unknown word is kept and is no review, least of all an approval."""
    record = decode(GET, {"status": word})

    assert (word.strip(), review) == (record.review_word, record.review)


def listed(count, **members):
    """A page of so many records."""
    return {"compliances": [{**SHOWN, "compliance_id": f"id-{n}"} for n in range(count)], **members}


@pytest.mark.parametrize(
    ("call", "null", "name"), [(ListPage(), "compliances", "objects"), (ListNumbers(), "objects", "numbers")]
)
def test_list_that_is_null_under_its_first_name_is_read_under_the_second(call, null, name):
    """A member that is null counts as missing."""
    body = {null: None, name: []}

    assert decode(call, body) == decode(call, {name: []})


@pytest.mark.parametrize("name", ["compliances", "objects"])
def test_list_is_read_under_either_name(name):
    """The records, and how many there are altogether."""
    page = decode(ListPage(), {"meta": {"total_count": 1, "next": None}, name: [SHOWN]})

    assert ([ID], 1, None) == ([record.compliance_id for record in page.records], page.total, page.next_query)


@pytest.mark.parametrize("body", [{}, {"meta": {}}, {"compliances": None}, {"compliances": {}}])
def test_list_without_records_is_malformed(body):
    """An answer that is no list proves nothing, least of all that something is absent."""
    with pytest.raises(MalformedError):
        decode(ListPage(), body)


@pytest.mark.parametrize("row", ["x", None, [], {}, {"compliance_id": ""}, {"alias": "K-1"}])
def test_row_that_is_no_record_is_counted_and_hides_none_of_its_neighbours(row):
    """A stranger's record that cannot be read is skipped."""
    page = decode(ListPage(), {"meta": {"total_count": 3}, "compliances": [SHOWN, row, SHOWN]})

    assert ([ID, ID], 1, 3) == ([record.compliance_id for record in page.records], page.unreadable, page.size)
    assert page.next_query is None


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/v1/Account/MA/PhoneNumber/Compliance/?limit=20&offset=20", {"limit": "20", "offset": "20"}),
        ("https://evil.example/?limit=20&offset=20&alias=a%20~b", {"limit": "20", "offset": "20", "alias": "a ~b"}),
        ("?cursor=abc%3D&offset=20&limit=20", {"cursor": "abc=", "limit": "20"}),
        (None, None),
        ("", None),
    ],
)
def test_next_page_is_followed_by_its_query(link, expected):
    """Only the query of the link counts, and a cursor makes the offset moot."""
    page = decode(ListPage(), listed(2, meta={"total_count": 99, "next": link}))

    assert expected == page.next_query


@pytest.mark.parametrize("link", ["/v1/Account/MA/", "http://[", 7, ["?offset=20"]])
def test_next_page_that_cannot_be_followed_is_malformed(link):
    """A list that goes on somewhere is never taken for a complete one."""
    with pytest.raises(MalformedError):
        decode(ListPage(), listed(2, meta={"next": link}))


@pytest.mark.parametrize(
    ("call", "count", "meta", "expected"),
    [
        (
            ListPage(query={"limit": "100", "alias": "a"}),
            20,
            {"total_count": 21},
            {"limit": "100", "alias": "a", "offset": "20"},
        ),
        (ListPage(query={"limit": "20", "offset": "20"}), 20, {"total_count": 41}, {"limit": "20", "offset": "40"}),
        (ListPage(), 21, {"total_count": 21}, None),
        (ListPage(), 20, {}, {"limit": "100", "offset": "20"}),
        (ListPage(), 19, {}, {"limit": "100", "offset": "19"}),
        (ListPage(query={"limit": "5"}), 5, {}, {"limit": "5", "offset": "5"}),
        (ListPage(query={"cursor": "c"}), 50, {"total_count": 90}, None),
        (ListPage(query={"offset": "x", "limit": "y"}), 20, {}, {"offset": "20", "limit": "y"}),
        (ListPage(), 0, {"total_count": 5}, None),
        (ListPage(), 0, {"next": "?offset=20"}, None),
    ],
)
def test_without_a_link_pages_are_counted(call, count, meta, expected):
    """By offset, up to the total, else while pages are full; an empty page is the end."""
    assert expected == decode(call, listed(count, meta=meta)).next_query


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"number": "911140221000", "country_iso": "IN", "number_type": "local", "compliance_id": ID},
            NumberRecord(number="911140221000", country_iso="IN", number_type="local", compliance_id=ID),
        ),
        (
            {"number": "+911140221000", "country": "in", "type": "Local", "compliance_application_id": ID},
            NumberRecord(number="911140221000", country_iso="IN", number_type="local", compliance_id=ID),
        ),
        (
            {"number": 911140221000, "country": "India", "compliance_application_id": None},
            NumberRecord(number="911140221000"),
        ),
        ({"number": "01140221000"}, NumberRecord(number="911140221000")),
        ({"message": "ok"}, NumberRecord(number="911140221000")),
    ],
)
def test_number_is_read_in_either_vocabulary(body, expected):
    """What the number is, and the record it is linked to; a country's name is no code, nor need the number be told."""
    assert expected == decode(NUMBER, body)


@pytest.mark.parametrize("body", [{"number": "911140221001"}, {"number": "9911140221000"}])
def test_another_number_is_malformed(body):
    """An answer about another number says nothing of this one."""
    with pytest.raises(MalformedError):
        decode(NUMBER, body)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_success_that_speaks_of_an_error_is_malformed(call):
    """A 2xx with an error inside is believed by nobody."""
    body = {"error": {"message": "no"}, "compliance_id": ID, "status": "approved", "compliances": [], **OFFER}

    with pytest.raises(MalformedError):
        decode(call, body)


MEMBERS = (
    "compliance_id status compliance compliances objects meta next total_count end_user documents linked_numbers number"
    " country number_types user_types required_documents required_fields document_types field_name type name error"
)
NAMES = st.sampled_from(MEMBERS.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
BODIES = st.recursive(
    SCALARS | st.sampled_from([ID, "?offset=1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(call=st.sampled_from(CALLS), body=BODIES)
def test_any_json_is_read_or_malformed(call, body):
    """Whatever JSON comes, it is either understood or malformed, never a crash."""
    with contextlib.suppress(MalformedError):
        decode(call, body)


def test_page_of_numbers_shows_each_with_its_record():
    """In digits; what cannot be read hides none of its neighbours."""
    rows = [{"number": "+91 11 4022 1000", "compliance_application_id": ID}, None, {"number": 911140221001}]

    page = decode(ListNumbers(), {"meta": {"total_count": 7}, "objects": rows})

    assert (NumberRecord(number="911140221000", compliance_id=ID), NumberRecord(number="911140221001")) == page.numbers
    assert (3, 7, False) == (page.size, page.total, page.goes_on)


@pytest.mark.parametrize(("link", "goes_on"), [("/v1/Account/MA/Number/?limit=20&offset=20", True), (None, False)])
def test_page_of_numbers_tells_whether_there_is_a_next_one(link, goes_on):
    """Whatever its total says."""
    assert goes_on is decode(ListNumbers(), {"meta": {"total_count": 0, "next": link}, "objects": []}).goes_on


@pytest.mark.parametrize("body", [{}, {"objects": None}, {"meta": {"total_count": 3}}])
def test_page_without_numbers_is_malformed(body):
    """An answer that is no list shows nothing of any number."""
    with pytest.raises(MalformedError):
        decode(ListNumbers(), body)
