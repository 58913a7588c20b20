"""Whole rows: what is sent of a good one, and all that is said of a bad one."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulk_onboard.model.catalogue import CATALOGUE
from bulk_onboard.model.requirements import Combination, Requirements, RequirementsBook
from bulk_onboard.model.row import EXAMPLE, Aside, Row
from bulk_onboard.model.sheet import Columns, Stored

LOCAL = Combination("IN", "local", "business")
MOBILE = Combination("IN", "mobile", "business")


def test_good_row_becomes_an_application(make_row, judge_one):
    """A row that meets the requirements is ready to send: its fields, its documents in order, where to call back."""
    judged = judge_one(make_row(callback_url="HTTPS://example.in/hook"))

    assert () == judged.findings
    assert LOCAL == judged.application.combination
    assert {"business_name": "Acme Limited", "registration_number": "U72200KA2020PTC123456"} == dict(
        judged.application.fields
    )
    assert ["identity_proof", "address_proof"] == [document.type for document in judged.application.documents]
    assert ["image/png", 200] == [judged.application.documents[1].media_type, judged.application.size]
    assert "HTTPS://example.in/hook" == judged.application.callback_url


def test_job_says_where_to_call_back_for_rows_that_do_not(make_row, judge):
    """It is not their content: its fingerprint is that of a row without an address."""
    rows = make_row(), make_row(number=3, registration_number="U2", callback_url="https://example.in/own")
    address = "https://example.in/job"

    silent, own = judge(*rows, callback_url=address)
    before = judge(*rows)

    assert (address, "https://example.in/own") == (silent.application.callback_url, own.application.callback_url)
    assert "" == before[0].application.callback_url
    assert [one.fingerprint for one in before] == [silent.fingerprint, own.fingerprint]


def test_all_findings_come_at_once_in_the_order_of_the_columns(make_row, judge_one):
    """A row with many troubles tells each, those of the whole row first, then from left to right."""
    row = make_row(
        bare=True,
        business_name="A",
        alias="x ~abcdefgh23456777",
        address__postal_code="56000156000",
        callback_url="http://example.in",
        **{"document:identity_proof": "gone.pdf", "kind:identity_proof": "library card"},
    )

    findings = judge_one(row).findings

    assert [
        ("row-without-identity", ""),
        ("field-too-short", "Name of Business"),
        ("field-missing", "CIN"),
        ("alias-looks-like-token", "Alias"),
        ("field-too-long", "PIN"),
        ("document-not-found", "Identity Proof"),
        ("document-kind-not-accepted", "Identity Proof Kind"),
        ("document-missing", "Address Proof"),
        ("callback-url-unusable", "Callback URL"),
    ] == [(finding.code, finding.column) for finding in findings]
    assert {("Businesses", 2)} == {(finding.sheet, finding.row) for finding in findings}


def test_finding_in_a_column_the_sheet_lacks_comes_last_under_our_name(make_row, judge_one):
    """Where there is no such column, our name of it stands in for its header."""
    columns = Columns({"document:address_proof": 0}, {"document:address_proof": "Address Proof"})
    row = make_row(business_name=None, **{"document:address_proof": "gone.png"})

    findings = judge_one(row, columns=columns).findings

    assert [("document-not-found", "Address Proof"), ("field-missing", "business_name")] == [
        (finding.code, finding.column) for finding in findings
    ]


@pytest.mark.parametrize(
    ("combination", "column", "seen"),
    [
        (Combination("DE", "local", "business"), "Number Country", "seen"),
        (Combination("IN", "tollfree", "business"), "Number Type", "seen"),
        (Combination("IN", "local", "individual"), "User Type", "seen"),
    ],
)
def test_combination_that_is_not_offered_is_a_finding_where_it_goes_astray(
    make_row, judge_one, combination, column, seen
):
    """The API not offering a combination is said once, in the column to blame, and no requirement is made up."""
    row = make_row(combination=combination, business_name="A", country_iso="seen", number_type="seen", user_type="seen")

    judged = judge_one(row)

    assert [("not-offered", column, seen)] == [(f.code, f.column, f.seen) for f in judged.findings]
    assert f"The API offers no {combination} numbers." == judged.findings[0].problem
    assert judged.application is None


def test_combination_with_nothing_required_is_offered(make_row, judge_one):
    """An empty list of requirements asks for nothing; that is not the same as no offer."""
    nothing = Combination("IN", "tollfree", "business")
    book = RequirementsBook.of("a test", live=False, offered=[Requirements(nothing, (), ())])

    judged = judge_one(make_row(combination=nothing, business_name=None), book=book)

    assert () == judged.findings
    assert () == judged.application.documents


def test_without_any_requirements_nothing_is_offered(make_row, judge_one, codes):
    """Requirements that nobody could get let no row through."""
    judged = judge_one(make_row(), book=RequirementsBook("nowhere", live=False))

    assert ["not-offered"] == codes(judged)


def test_missing_number_type_is_told_with_what_else_every_row_must_have(make_row, judge_one, codes):
    """Without a number type the requirements are unknown, so only what holds for every row is checked."""
    row = make_row(bare=True, combination=Combination("IN", "", "business"), business_name="A")

    assert ["row-without-identity", "number-type-missing"] == codes(judge_one(row))


def test_row_with_only_a_key_has_an_identity(make_row, judge_one, codes):
    """A Key is identity enough; the missing registration number is a finding of its own."""
    assert ["field-missing"] == codes(judge_one(make_row(key="K-1", registration_number=None)))


def test_invalid_row_has_a_fingerprint_that_follows_its_content(make_row, judge_one, make_facts):
    """Mending an invalid row changes its fingerprint, a new file under the old name too."""
    short = make_row(business_name="A")

    fingerprints = {
        judge_one(short).fingerprint,
        judge_one(make_row(business_name="B")).fingerprint,
        judge_one(short, files={"acme/id.pdf": make_facts("x", sha256="other")}).fingerprint,
        judge_one(make_row(business_name="A", **{"document:identity_proof": "gone.pdf"})).fingerprint,
        judge_one(make_row(business_name="A", **{"document:identity_proof": "also gone.pdf"})).fingerprint,
    }

    assert 5 == len(fingerprints)


def test_what_is_not_sent_is_not_in_the_fingerprint(make_row, judge_one):
    """Key, alias, numbers and kinds name or follow the record; they say nothing of the business."""
    plain = judge_one(make_row())

    dressed = judge_one(
        make_row(key="K-1", alias="Acme", numbers="911140221000", **{"kind:identity_proof": "passport"})
    )

    assert plain.fingerprint == dressed.fingerprint


def test_same_bytes_under_another_name_are_the_same_content(make_row, judge_one, make_facts):
    """Moving a file changes nothing that the API gets."""
    files = {"moved.pdf": make_facts("moved.pdf", sha256="digest of acme/id.pdf")}

    moved = judge_one(make_row(**{"document:identity_proof": "moved.pdf"}), files=files)

    assert judge_one(make_row()).fingerprint == moved.fingerprint


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("http://example.in/hook?secret=1", "http://example.in/hook"),
        ("ftp://example.in", "ftp://example.in"),
        ("example.in", "example.in"),
        ("https:/example.in", "https:/example.in"),
        ("http://user:word@example.in/hook", "…@…"),
    ],
)
def test_callback_goes_over_https_or_the_row_stays(make_row, judge_one, url, seen):
    """Any other address is an error that shows it without its query and without who logs in."""
    (finding,) = judge_one(make_row(callback_url=url)).findings

    assert ("callback-url-unusable", seen) == (finding.code, finding.seen)


@pytest.mark.parametrize("url", ["https://10.0.0.1/hook", "https://hooks.internal/hook", "https://localhost/hook"])
def test_callback_to_a_machine_that_nobody_reaches_keeps_the_row_out(make_row, judge_one, url):
    """Why the API cannot call there is told."""
    judged = judge_one(make_row(callback_url=url))

    assert ["callback-url-unusable"] == [finding.code for finding in judged.findings]
    assert judged.findings[0].problem.startswith("The API cannot call back there. ")
    assert judged.application is None


def test_doubtful_callback_is_sent(make_row, judge_one):
    """A port that the API may not reach is a warning, which says so."""
    judged = judge_one(make_row(callback_url="https://example.in:8443/hook"))

    assert ["callback-url-doubtful"] == [finding.code for finding in judged.findings]
    assert judged.findings[0].problem.endswith("It has the port 8443; the API may reach 443 only.")
    assert "https://example.in:8443/hook" == judged.application.callback_url


def test_example_row_is_never_sent_and_has_no_findings(make_row, judge_one):
    """The template's example is known again, whatever else became of it."""
    row = make_row(bare=True, key=" example", registration_number=EXAMPLE["registration_number"], email="nobody")

    judged = judge_one(row)

    assert (True, None, ()) == (judged.is_example, judged.application, judged.findings)


def test_rulings_decide_what_keeps_a_row_out(make_row, judge_one):
    """A warning that the job makes an error keeps the row out, an error that it makes a warning does not."""
    unknown, wrong = make_row(registration_number="911140221000"), make_row(email="nobody")

    assert judge_one(unknown).application is not None
    assert judge_one(unknown, rulings={"registration-number-unknown": "error"}).application is None
    assert judge_one(wrong).application is None
    assert judge_one(wrong, rulings={"email-invalid": "warning"}).application is not None
    assert () == judge_one(wrong, rulings={"email-invalid": "off"}).findings


def test_lost_value_is_told_once(make_row, judge_one, codes):
    """Where Excel has destroyed a value nothing is said of what is left of it, nor that it is missing."""
    stored = {
        "business_name": Stored.UNCALCULATED,
        "registration_number": Stored.ERROR,
        "address.postal_code": Stored.NUMBER,
        "document:identity_proof": Stored.ERROR,
    }
    row = make_row(
        business_name=None,
        registration_number="#REF!",
        address__postal_code="1.2345678901234E+17",
        kept={"stored": stored},
        **{"document:identity_proof": "#N/A"},
    )

    judged = judge_one(row)

    assert ["formula-not-calculated", "cell-error", "digits-lost", "cell-error"] == codes(judged)
    assert judged.application is None


def test_row_that_lost_its_registration_number_is_not_called_without_identity(make_row, judge_one, codes):
    """The cell is to be mended, which gives the row its identity back."""
    row = make_row(registration_number=None, kept={"stored": {"registration_number": Stored.UNCALCULATED}})

    assert ["formula-not-calculated"] == codes(judge_one(row))


def test_no_guess_at_a_value_that_must_be_mended_anyway(make_row, judge_one, codes):
    """One cause is one finding: an invisible character spoils address and number, and is told alone."""
    row = make_row(email="a\u200bb@example.in", registration_number="U72200KA2020\u200bPTC123456")

    assert ["invisible-character", "invisible-character"] == codes(judge_one(row))


def test_headers_in_the_middle_of_the_sheet_are_no_business(make_row, judge_one, codes):
    """A row that repeats most of the headers has that one finding."""
    row = make_row(
        bare=True, key="Reference", business_name="NAME OF BUSINESS", registration_number="cin", address__state="x"
    )

    judged = judge_one(row)

    assert ["headers-again"] == codes(judged)
    assert judged.application is None


def test_second_row_of_headers_with_the_apis_own_names_is_no_business(make_row, judge_one, codes):
    """Names as the API has them are headers too."""
    row = make_row(
        bare=True,
        business_name="business_name",
        registration_number="Registration Number",
        **{"document:identity_proof": "identity_proof"},
    )

    assert ["headers-again"] == codes(judge_one(row))


def test_business_called_like_a_header_is_one(make_row, judge_one):
    """A word or two that are also headers make no row of headers."""
    assert () == judge_one(make_row(key="CIN", alias="Alias", business_name="Name of Business")).findings


def test_country_of_the_number_written_out_is_offered_as_its_code(make_row, judge_one):
    """India where IN is due is told with the code, not as a country without an offer."""
    (finding,) = judge_one(
        make_row(combination=Combination("INDIA", "local", "business"), country_iso="India")
    ).findings

    assert ("country-written-out", "Number Country", "India") == (finding.code, finding.column, finding.seen)
    assert "Write IN." == finding.fix


CELLS = st.sampled_from(
    [
        "key",
        "bo_key",
        "alias",
        "business_name",
        "registration_number",
        "address.postal_code",
        "address.state",
        "address.country",
        "email",
        "number_type",
        "country_iso",
        "document:identity_proof",
        "kind:identity_proof",
        "callback_url",
        "numbers",
    ]
)
COMBINATIONS = st.one_of(
    st.sampled_from([LOCAL, MOBILE]),
    st.builds(Combination, st.text(max_size=3), st.text(max_size=8), st.just("business")),
)
TEXTS = st.one_of(
    st.text(min_size=1),
    st.text("\u200b\u200d\u00a0🏴\ufe0f\ufffdक्aАä1９.E+#@ \n", min_size=1),
    st.sampled_from(["#N/A", "1.23E+11", "560001.0", "234123412346", "_x000D_", "27AAPFU0939F1ZV", "UDYAM-KR"]),
)
ROWS = st.lists(
    st.builds(
        Row,
        st.text(),
        st.integers(2, 10**6),
        COMBINATIONS,
        st.dictionaries(CELLS, TEXTS),
        st.dictionaries(CELLS, st.sampled_from(Stored)),
        st.dictionaries(CELLS, st.just("A1:B2")),
        st.dictionaries(CELLS, st.just("\u00a0")),
    ),
    max_size=8,
)


@given(ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_in_a_cell_can_stop_the_judging(judge, rows):
    """Any text in any cell gives each row its findings, in words, or an application, and the rows stay in order."""
    judged = judge(*rows)

    assert rows == [one.row for one in judged]
    for one in judged:
        assert (one.application is None) is (one.has_errors or one.aside is not None)
        assert all(finding.code in CATALOGUE and finding.problem and finding.fix for finding in one.findings)
        assert 64 == len(one.fingerprint)


@given(ROWS, st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sorting_the_sheet_changes_no_fingerprint_and_no_verdict(judge, rows, dice: random.Random):
    """Rows in another order have the same fingerprints, and as many of them as before can be sent."""
    shuffled = dice.sample(rows, len(rows))

    assert sorted(_essence(judge(*rows))) == sorted(_essence(judge(*shuffled)))


def _essence(judged):
    return [(one.fingerprint, one.application is not None, one.duplicate_of is not None) for one in judged]


BOOL, NUMBER = Stored.BOOLEAN, Stored.NUMBER


@pytest.mark.parametrize(
    ("cells", "stored"),
    [
        ({}, {}),
        ({"country_iso": "IN", "number_type": "local", "user_type": "business", "address.country": "IN"}, {}),
        ({"number_type": "local", "callback_url": "https://hooks.example.com/x"}, {}),
        ({"kind:identity_proof": "passport", "number_type": "local"}, {}),
        ({"kind:identity_proof": "FALSE", "number_type": "local"}, {"kind:identity_proof": BOOL}),
        ({"alias": "false", "numbers": "TRUE"}, {}),
        ({"key": "0", "business_name": "0", "number_type": "local"}, {"key": NUMBER, "business_name": NUMBER}),
        ({"number_type": "0"}, {"number_type": Stored.ERROR}),
    ],
)
def test_row_of_what_is_filled_down_is_no_business(make_row, judge_one, cells, stored):
    """Defaults, check boxes and the zeros of formulas that look at blank cells: nothing is asked of such a row."""
    judged = judge_one(make_row(bare=True, kept={"stored": stored}, **cells))

    assert (Aside.BLANK, None, ()) == (judged.aside, judged.application, judged.findings)


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        ({"address.city": "Pune", "number_type": "local"}, {}),
        ({"number_type": "local"}, {"stored": {"key": Stored.ERROR}}),
        ({"number_type": "local"}, {"stored": {"business_name": Stored.UNCALCULATED}}),
        ({"number_type": "local"}, {"merged": {"key": "A2:A3"}}),
        ({"key": "0", "business_name": "0"}, {}),
        ({"bo_key": "~abcdefghijklmn27"}, {}),
    ],
)
def test_row_with_anything_of_a_business_is_one(make_row, judge_one, cells, kept):
    """A town, an error in place of a Key, a cell that belongs to the one above: somebody meant something."""
    judged = judge_one(make_row(bare=True, kept=kept, **cells))

    assert judged.aside is None
    assert judged.has_errors
