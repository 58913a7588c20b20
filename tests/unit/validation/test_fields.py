"""Fields of documents: words to choose from, dates, Business Name, and what is sent of them."""

import pytest

from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import (
    Combination,
    Contract,
    DocumentRequirement,
    FieldRequirement,
    Requirements,
    RequirementsBook,
)
from bulk_onboard.model.sheet import Columns, Stored

LOCAL = Combination("IN", "local", "business")
MOBILE = Combination("IN", "mobile", "business")
NAME = (FieldRequirement("business_name", "Business Name"),)
SIGNATORY = DocumentRequirement(
    "signatory",
    "Signatory",
    needs_file=False,
    fields=(
        FieldRequirement("role", "Role", field_type="enum", choices=("Director", "Partner")),
        FieldRequirement("since", "Since", required=False, field_type="date", date_format="dd/mm/yyyy"),
        FieldRequirement("until", "Until", required=False, field_type="date"),
        FieldRequirement("remark", "Remark", required=False, min_length=2, max_length=4, field_type="uuid"),
    ),
)
CERTIFICATE = DocumentRequirement(
    "certificate",
    "Certificate",
    fields=(FieldRequirement("business_name", "Legal Name", min_length=3, max_length=20),),
)


def book_of(*documents, **others):
    """A released book that asks for these documents of local numbers, and for others of mobile ones."""
    offered = [Requirements(LOCAL, NAME, documents)]
    offered += [Requirements(MOBILE, NAME, tuple(more)) for more in others.values()]
    return RequirementsBook.of("a test", live=False, contract=Contract.RELEASED, offered=offered)


BOOK = book_of(SIGNATORY, CERTIFICATE)
COLUMNS = Columns(
    {"business_name": 0, "field:signatory.since": 1, "field:certificate.business_name": 2},
    {"business_name": "Firm", "field:signatory.since": "Since", "field:certificate.business_name": "Legal Name"},
)
GOOD = {"field:signatory.role": "Director", "document:certificate": "acme/id.pdf"}


@pytest.fixture
def judged(make_row, judge_one):
    """Judges a good row with these cells; `kept` is what else a row tells."""

    def run(book=BOOK, *, combination=LOCAL, kept=None, files=None, **cells):
        named = {name: text for name, text in {**GOOD, **cells}.items() if text is not None}
        row = make_row(combination=combination, kept=kept, **named)
        return judge_one(row, book=book, columns=COLUMNS, files=files)

    return run


def told(judged):
    """Code and column of each finding."""
    return [(finding.code, finding.column) for finding in judged.findings]


def test_filled_fields_are_sent_with_their_document(judged):
    """By the API's names; blank ones are left out, and a document without a file goes with its fields alone."""
    signatory, certificate = judged(**{"field:signatory.since": "29/02/2024"}).application.documents

    assert ("signatory", None, {"role": "Director", "since": "29/02/2024"}) == (
        signatory.type,
        signatory.path,
        signatory.fields,
    )
    assert ("certificate", {"business_name": "Acme Limited"}) == (certificate.type, certificate.fields)


def test_document_without_a_file_is_sent_even_if_its_fields_are_blank(judged):
    """It is asked for."""
    document = DocumentRequirement(
        "note", "Note", needs_file=False, fields=(FieldRequirement("text", "Text", required=False),)
    )

    (sent,) = judged(book_of(document)).application.documents

    assert ("note", None, {}) == (sent.type, sent.path, sent.fields)


@pytest.mark.parametrize(
    ("text", "nearest"), [("director", ' Did you mean "Director"?'), ("Partnr", ' Did you mean "Partner"?'), ("x", "")]
)
def test_word_that_is_not_on_the_list(judged, text, nearest):
    """The accepted words are named, and the nearest one."""
    (finding,) = judged(**{"field:signatory.role": text}).findings

    assert ("word-not-accepted", f"Signatory: Role may be: Director, Partner.{nearest}") == (
        finding.code,
        finding.problem,
    )


def test_of_a_long_list_the_first_words_are_named(judged):
    """Fifty words would hide what is wrong."""
    words = tuple(f"W{number}" for number in range(50))
    document = DocumentRequirement(
        "note", "Note", needs_file=False, fields=(FieldRequirement("text", "Text", field_type="enum", choices=words),)
    )

    (finding,) = judged(book_of(document), **{"field:note.text": "none"}).findings

    assert finding.problem.startswith("Note: Text may be: W0, W1, ")
    assert finding.problem.endswith(", W11 and 38 more.")


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("since", "31/02/2026", "date-impossible"),
        ("since", "2026-03-31", "date-otherwise"),
        ("since", "31/03/2026", None),
        ("until", "31/03/2026", None),
        ("until", "05/06/2026", "date-otherwise"),
        ("until", "30 Feb 2026", "date-impossible"),
        ("until", "31 March 2026", None),
    ],
)
def test_date_must_be_in_the_format_and_in_the_calendar(judged, column, text, code):
    """Without a format any date is taken that can be read in one way only."""
    judgement = judged(**{f"field:signatory.{column}": text})

    assert ([code] if code else []) == [finding.code for finding in judgement.findings]


def test_date_in_another_format_is_told_which(judged):
    """Format and an example; of the date itself no more than of any value of a person."""
    (finding,) = judged(**{"field:signatory.since": "2026-03-05"}).findings

    assert "Signatory: Since is a date and has to be written as dd/mm/yyyy; this is written in another way." == (
        finding.problem
    )
    assert ("Write it as in 31/03/2026.", "…") == (finding.fix, finding.seen)


@pytest.mark.parametrize(
    ("column", "text", "sent"),
    [
        ("since", "2026-03-05", "05/03/2026"),
        ("since", "2026-03-05 00:00:00", "05/03/2026"),
        ("until", "2026-03-05 00:00:00", "2026-03-05"),
    ],
)
def test_date_of_excel_is_sent_as_the_api_asks_for_it(judged, column, text, sent):
    """It is no error where a date is due; and typing the same as text changes nothing."""
    name = f"field:signatory.{column}"

    converted = judged(kept={"stored": {name: Stored.DATE}}, **{name: text})

    assert () == converted.findings
    assert sent == converted.application.documents[0].fields[column]
    assert sent in converted.row.personal()
    assert converted.fingerprint == judged(**{name: sent}).fingerprint


@pytest.mark.parametrize("name", ["business_name", "field:signatory.remark"])
def test_date_of_excel_elsewhere_is_an_error(judged, name):
    """What was written there is lost."""
    assert ["date-instead-of-text"] == [
        finding.code for finding in judged(kept={"stored": {name: Stored.DATE}}, **{name: "2026-03-05"}).findings
    ]


def test_time_of_day_is_no_date(judged):
    """Excel keeps it as one."""
    judgement = judged(kept={"stored": {"field:signatory.since": Stored.DATE}}, **{"field:signatory.since": "13:00:00"})

    assert [("date-instead-of-text", "Since")] == told(judgement)


def test_date_of_another_combination_is_let_be(judged):
    """A column that only other rows need says nothing of this one."""
    book = book_of(CERTIFICATE, mobile=[SIGNATORY])

    judgement = judged(book, kept={"stored": {"field:signatory.since": Stored.DATE}}, **{"field:signatory.since": "x"})

    assert ["date-instead-of-text"] == [finding.code for finding in judgement.findings]
    fine = judged(
        book, kept={"stored": {"field:signatory.since": Stored.DATE}}, **{"field:signatory.since": "2026-03-05"}
    )
    assert () == fine.findings


@pytest.mark.parametrize(("text", "code"), [("a", "field-too-short"), ("five!", "field-too-long"), ("four", None)])
def test_unknown_type_is_a_text_with_its_lengths(judged, text, code):
    """Any text of these lengths will do."""
    judgement = judged(**{"field:signatory.remark": text})

    assert ([code] if code else []) == [finding.code for finding in judgement.findings]


def test_required_field_that_is_blank(judged):
    """It is named with its document."""
    (finding,) = judged(**{"field:signatory.role": None}).findings

    assert ("field-missing", "Signatory: Role is required and the cell is blank.") == (finding.code, finding.problem)


@pytest.mark.parametrize(
    ("name", "legal", "problem"),
    [
        ("Acme Pvt Ltd", "Acme Pvt. Ltd", 'character 9: "." here, a blank in Business Name.'),
        ("Acme Limited", "Acme limited", 'character 6: "l" here, "L" in Business Name.'),
        ("Acme Limited", "Acme", 'character 5: nothing more here, a blank in Business Name.'),
        ("Acme Limited", "Acme Limited.", 'character 13: "." here, nothing more in Business Name.'),
        ("Acme Limited", "Acme\u00a0Limited", "character 5: U+00A0 NO-BREAK SPACE here, a blank in Business Name."),
    ],
)  # fmt: skip
def test_name_that_differs_by_one_character_is_an_error(judged, name, legal, problem):
    """The first difference is pointed out, and no more of the name is shown than of any value."""
    found = judged(**{"business_name": name, "field:certificate.business_name": legal}).findings
    (finding,) = [each for each in found if each.code == "business-name-differs"]

    assert finding.problem.endswith(problem)
    assert ("Legal Name", "Acm") == (finding.column, finding.seen[:3])
    assert len(finding.seen) <= 4


def test_name_that_is_filled_in_alike_is_fine_and_changes_nothing(judged):
    """Both cells or one: the content sent is one."""
    both = judged(**{"field:certificate.business_name": "Acme Limited"})

    assert () == both.findings
    assert judged().fingerprint == both.fingerprint


def test_business_name_must_do_for_the_field_that_takes_it(judged):
    """The finding stands at the cell that must be changed, and names the field."""
    (finding,) = judged(business_name="Acme Trading and Shipping").findings

    assert ("field-too-long", "Firm") == (finding.code, finding.column)
    assert finding.problem.startswith("Certificate: Legal Name is too long: 25 characters")


def test_lost_business_name_is_told_once(judged):
    """What it differs from is not known."""
    kept = {"stored": {"business_name": Stored.ERROR}}

    judgement = judged(kept=kept, **{"business_name": "#N/A", "field:certificate.business_name": "Acme Limited"})

    assert [("cell-error", "Firm")] == told(judgement)


def test_rows_without_documents_need_a_name_alone(judged):
    """`document_types` may be an empty list."""
    judgement = judged(book_of(), **dict.fromkeys(GOOD))

    assert ((), ()) == (judgement.findings, judgement.application.documents)


def test_combinations_have_their_own_documents_and_fields(judged):
    """What one number type asks for is not asked of the other, nor sent with it."""
    book = book_of(SIGNATORY, mobile=[CERTIFICATE])

    local, mobile = judged(book), judged(book, combination=MOBILE)

    assert (["signatory"], ["certificate"]) == tuple(
        [document.type for document in each.application.documents] for each in (local, mobile)
    )


def test_last_name_is_sent_for_individuals_alone(judged):
    """Both may stand in one sheet; a business has none."""
    person = LOCAL._replace(user_type="individual")
    last = FieldRequirement("last_name", "Last Name", required=False)
    offered = [Requirements(LOCAL, NAME, ()), Requirements(person, (*NAME, last), ())]
    book = RequirementsBook.of("a test", live=False, contract=Contract.RELEASED, offered=offered)

    business, individual = (judged(book, combination=each, last_name="Rao") for each in (LOCAL, person))

    assert "last_name" not in business.application.fields
    assert "Rao" == individual.application.fields["last_name"]


def test_order_in_which_the_api_lists_documents_and_fields_changes_no_fingerprint(judged):
    """It is one content, and nothing is sent anew."""
    turned = DocumentRequirement(
        SIGNATORY.type, SIGNATORY.title, needs_file=False, fields=tuple(reversed(SIGNATORY.fields))
    )
    cells = {"field:signatory.since": "05/03/2026"}

    assert judged(**cells).fingerprint == judged(book_of(CERTIFICATE, turned), **cells).fingerprint


def test_number_that_the_api_itself_asks_for_is_no_stray_aadhaar(judged):
    """A field for a number of twelve digits holds one; elsewhere it is an error."""
    fields = (FieldRequirement("document_number", "Number"), FieldRequirement("remark", "Remark", required=False))
    book = book_of(DocumentRequirement("identity", "Identity", needs_file=False, fields=fields))

    asked = judged(book, **{"field:identity.document_number": "234123412346"})
    stray = judged(book, **{"field:identity.document_number": "7", "field:identity.remark": "234123412346"})

    assert ([], ["aadhaar-number"]) == tuple([each.code for each in one.findings] for one in (asked, stray))


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (Contract.BETA, ["document-truncated", "document-wrong-type"]),
        (Contract.RELEASED, ["document-truncated"]),
    ],
)
def test_photo_is_taken_where_the_contract_has_it(judged, make_facts, contract, expected):
    """Elsewhere its type is wrong, too; that its end is missing is told, since no copy of it can be made."""
    photo = make_facts(
        "x", media_type="image/jpeg", findings=[Finding("document-truncated", details={"why": "the end is missing"})]
    )
    book = RequirementsBook.of("a test", live=False, contract=contract, offered=BOOK.offered.values())

    assert expected == [finding.code for finding in judged(book, files={"acme/id.pdf": photo}).findings]
