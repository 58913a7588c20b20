"""Which of several rows is a record."""

from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import token_of
from bulk_onboard.model.plan import Action
from bulk_onboard.model.record import Record, State
from bulk_onboard.planning.plan import make_plan

ACCOUNT = "MAXXXXXXXXXXXXXXXXXX"


def plan(rows, *records):
    """What is made of the rows where the books know these records."""
    books = Books(records={record.token: record for record in records})
    return make_plan(rows, books=books, auth_id=ACCOUNT, quota=None).decisions


def submitted(token, key=""):
    """A record at the API."""
    return Record(token=token, key=key, state=State.SUBMITTED, compliance_id="c", fingerprint="before")


def old_number(make_judged, number=2):
    """The row as it was when its record was made, and that record's token."""
    row = make_judged(number, registration_number="OLD")
    return row, token_of(ACCOUNT, row.row)


def test_row_with_the_number_that_another_had_is_an_error(make_judged):
    """It is not told to be submitted, and nothing is sent of it until a person has said who it is."""
    new, token = old_number(make_judged, 3)
    mended = make_judged(2, registration_number="NEW", bo_key=f"~{token}")

    first, second = plan([mended, new], submitted(token))

    assert token == first.identity.token
    assert (None, Action.NOTHING) == (second.identity, second.action)
    (finding,) = second.judged.findings
    assert ("record-of-another-row", 3, {"other": 2}) == (finding.code, finding.row, finding.details)
    assert None is second.judged.application


def test_order_of_the_rows_does_not_matter(make_judged):
    """The row that names the token is the record, also below the other."""
    new, token = old_number(make_judged, 2)
    mended = make_judged(3, registration_number="NEW", bo_key=f"~{token}")

    first, second = plan([new, mended], submitted(token))

    assert [None, token] == [first.identity, second.identity.token]


def test_key_of_its_own_makes_it_another_business(make_judged):
    """As the finding says."""
    _, token = old_number(make_judged)
    mended = make_judged(2, registration_number="NEW", bo_key=f"~{token}")
    new = make_judged(3, registration_number="OLD", key="K-2")

    for first in (mended, make_judged(2, registration_number="NEW", key="K-1")):
        decisions = plan([first, new], submitted(token, key=first.row.cell("key")))

        assert [token, token_of(ACCOUNT, new.row)] == [decision.identity.token for decision in decisions]
        assert Action.CREATE is decisions[1].action


def test_key_that_another_row_had(make_judged):
    """A mended Key leaves the old one free for nobody; a known Key is more than a number."""
    before, token = old_number(make_judged)
    rekeyed = make_judged(2, registration_number="REG", key="NEW", bo_key=f"~{token}")
    same_key = make_judged(3, registration_number="REG-3", key="K-1")
    known = make_judged(4, registration_number="NEW", key="K-1")

    assert [True, False] == [d.identity is not None for d in plan([rekeyed, same_key], submitted(token, key="K-1"))]
    assert [False, True] == [d.identity is not None for d in plan([before, known], submitted(token, key="K-1"))]


def test_rows_that_mean_one_business_are_not_told_twice(make_judged):
    """Duplicates and rows in conflict have been told so; they stay who they are."""
    one, token = old_number(make_judged, 2)
    other = make_judged(3, registration_number="OLD", fingerprint="another", errors=1)
    duplicate = make_judged(4, registration_number="OLD", duplicate_of=2)

    decisions = plan([one, other, duplicate], submitted(token))

    assert [token] * 3 == [decision.identity.token for decision in decisions]
    assert [0, 1, 0] == [len(decision.judged.findings) for decision in decisions]
