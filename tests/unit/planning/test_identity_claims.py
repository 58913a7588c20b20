"""Which row is a record, by its Key, its registration number and the rows beside it."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from bulk_onboard.model.application import Application
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.identity import next_token, registration_token_of, token_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action, Scope
from bulk_onboard.model.record import Linkage, Linking, Record, State
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import JudgedRow, Row
from bulk_onboard.planning.plan import make_plan

ACCOUNT = "MAXXXXXXXXXXXXXXXXXX"


LOCAL = Combination("IN", "local", "business")
SENT = {"state": State.SUBMITTED, "compliance_id": "c", "fingerprint": "before"}
AT_THE_API = [State.SENDING, State.UNCERTAIN, State.HELD, State.SUBMITTED]
ATTEMPTED = [*AT_THE_API, State.DEFERRED, State.REFUSED, State.INVALID]
GONE = [State.DELETED, State.ABANDONED]
WRITES = {Action.CREATE, Action.UPDATE, Action.LINK}


def plan(rows, *records, **settings):
    """What is made of the rows where the ledger has these records."""
    ledger_state = LedgerState(records={record.token: record for record in records})
    return make_plan(rows, ledger_state=ledger_state, auth_id=ACCOUNT, quota=None, **settings).decisions


def line(row, number="", key="", *, fingerprint="now", duplicate_of=None, **cells):
    """A valid row with this registration number and Key."""
    named = {"registration_number": number, "key": key, **cells}
    judged = Row("Businesses", row, LOCAL, {name: text for name, text in named.items() if text})
    return JudgedRow(judged, Application(LOCAL, {}, ()), fingerprint, duplicate_of=duplicate_of)


def known(number, key="", **changes):
    """The record that was made of a row with this number and Key, submitted unless said otherwise."""
    row = line(0, number, key).row
    registration = registration_token_of(ACCOUNT, row)
    return Record(**{"token": token_of(ACCOUNT, row), "key": key, "registration_token": registration, **SENT} | changes)


def told(decision):
    """The codes of a row's findings."""
    return [finding.code for finding in decision.judged.findings]


def assert_nobody(decision, code):
    """Nothing is sent, updated or linked for the row, and it is told why, as an error."""
    assert (None, Action.NOTHING, [code]) == (decision.identity, decision.action, told(decision))
    assert decision.judged.has_errors
    assert decision.judged.application is None


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
    fixed = make_judged(2, registration_number="NEW", bo_key=f"~{token}")

    first, second = plan([fixed, new], submitted(token))

    assert token == first.identity.token
    assert (None, Action.NOTHING) == (second.identity, second.action)
    (finding,) = second.judged.findings
    assert ("record-of-another-row", 3, {"other": 2}) == (finding.code, finding.row, finding.details)
    assert None is second.judged.application


def test_order_of_the_rows_does_not_matter(make_judged):
    """The row that names the token is the record, also below the other."""
    new, token = old_number(make_judged, 2)
    fixed = make_judged(3, registration_number="NEW", bo_key=f"~{token}")

    first, second = plan([new, fixed], submitted(token))

    assert [None, token] == [first.identity, second.identity.token]


def test_key_of_its_own_makes_it_another_business(make_judged):
    """As the finding says."""
    _, token = old_number(make_judged)
    fixed = make_judged(2, registration_number="NEW", bo_key=f"~{token}")
    new = make_judged(3, registration_number="OLD", key="K-2")

    for first in (fixed, make_judged(2, registration_number="NEW", key="K-1")):
        decisions = plan([first, new], submitted(token, key=first.row.cell("key")))

        assert [token, token_of(ACCOUNT, new.row)] == [decision.identity.token for decision in decisions]
        assert Action.CREATE is decisions[1].action


def test_key_that_another_row_had(make_judged):
    """A fixed Key leaves the old one free for nobody; a known Key is more than a number."""
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


@pytest.mark.parametrize("state", ATTEMPTED)
@pytest.mark.parametrize(("key", "now"), [("1", "001"), ("K1", "k-1"), ("K-1", ""), ("", "")])
def test_respelt_or_cleared_key_is_noticed(state, key, now):
    """The number says which record is meant, in whatever state that is; nothing is filed anew."""
    key = key or "K-1"
    (decision,) = plan([line(2, "A", now)], known("A", key, state=state))

    assert_nobody(decision, "business-under-another-key")
    assert "Business under another Key; 1 error" == decision.reason
    (finding,) = decision.judged.findings
    assert f"under the Key {key}" in finding.problem
    assert f"Write the Key {key} back." in finding.fix


@pytest.mark.parametrize("state", GONE)
def test_business_that_is_gone_comes_back_under_another_key_only(state):
    """A deleted business is filed anew under a Key that no row had; a cleared Key is not another one."""
    gone = known("A", "K-1", state=state)

    (again,) = plan([line(2, "A", "K-2")], gone)
    (cleared,) = plan([line(2, "A")], gone)

    assert (Action.CREATE, []) == (again.action, told(again))
    assert_nobody(cleared, "business-under-another-key")
    assert "deleted or given up on purpose" in cleared.judged.findings[0].problem


@pytest.mark.parametrize("state", ATTEMPTED)
@pytest.mark.parametrize("review", ["pending", "approved", "rejected", "more info", "suspended", "expired", ""])
def test_shifted_keys_are_noticed(state, review):
    """One column was sorted, the others were not: each Key stands beside another business's number."""
    records = [known(number, f"K-{number}", state=state, review=review) for number in "ABC"]

    decisions = plan([line(2, "A", "K-B"), line(3, "B", "K-C"), line(4, "C", "K-A")], *records)

    for decision in decisions:
        assert_nobody(decision, "key-of-another-business")
    assert "Write the Key K-A back." in decisions[0].judged.findings[0].fix


@pytest.mark.parametrize("review", ["pending", "approved", "rejected"])
def test_keys_swapped_with_a_row_that_was_never_sent(review):
    """The ledger has no number of that one; the record's own number, in another row, speaks against it."""
    invalid = Record(token=token_of(ACCOUNT, line(0, "B", "K-B").row), key="K-B", state=State.INVALID)

    first, second = plan([line(2, "A", "K-B"), line(3, "B", "K-A")], known("A", "K-A", review=review), invalid)

    assert_nobody(first, "key-of-another-business")
    assert_nobody(second, "key-of-another-business")
    assert "row 2 has that record's number" in second.judged.findings[0].problem


@pytest.mark.parametrize("state", GONE)
def test_key_of_a_record_that_is_gone_is_no_other_business(state):
    """A Key that a deleted business had, beside another number, files nothing and says so."""
    (decision,) = plan([line(2, "B", "K-1")], known("A", "K-1", state=state))

    assert_nobody(decision, "key-of-another-business")


@pytest.mark.parametrize("review", ["pending", "approved", "rejected", "more info", "suspended", ""])
@pytest.mark.parametrize("bo_key", [False, True])
def test_changed_number_is_told_whatever_the_review(review, bo_key):
    """A number that nobody else has is a fix of the same record; a correction goes out, nothing else does."""
    record = known("A", "K-1", review=review)
    cells = {"bo_key": f"~{record.token}"} if bo_key else {}

    (decision,) = plan([line(2, "NEW", "K-1", numbers="+91 11 4000 0000", **cells)], record)

    assert record.token == decision.token
    assert ["approved-number-changed" if review == "approved" else "registration-number-changed"] == told(decision)
    assert (Action.UPDATE if review in ("rejected", "more info") else Action.NOTHING) is decision.action
    assert decision.reason.endswith("its registration number is another than was sent")


@pytest.mark.parametrize("cells", [{}, {"bo_key": "first"}, {"bo_key": "second"}])
@pytest.mark.parametrize("reversed_", [False, True])
def test_row_that_was_filed_anew_is_its_newest_record(cells, reversed_):
    """By Key, and by either token in `bo_key`; the expired record is nobody's, and contradicts nothing."""
    first = known("A", "K-1", review="expired")
    second = structs.replace(
        known("A", "K-1"), token=next_token(first.token, 2), follows=first.token, generation=2, compliance_id="other"
    )
    tokens = {"first": first.token, "second": second.token}
    cells = {name: f"~{tokens[which]}" for name, which in cells.items()}
    records = [second, first] if reversed_ else [first, second]

    (decision,) = plan([line(2, "A", "K-1", **cells)], *records)

    assert (second.token, Action.NOTHING, []) == (decision.token, decision.action, told(decision))


@pytest.mark.parametrize("state", ATTEMPTED)
def test_changed_number_is_told_in_every_state(state):
    """Where nothing is at the API the row goes out as the same record, with its new number."""
    record = known("A", "K-1", state=state)

    (decision,) = plan([line(2, "NEW", "K-1")], record)

    assert (record.token, ["registration-number-changed"]) == (decision.token, told(decision))
    assert (decision.action in WRITES) is (state in {State.DEFERRED, State.REFUSED, State.INVALID})


def test_approved_record_with_a_changed_number_gets_no_numbers():
    """Until the number that was approved is back; what is linked already is no matter."""
    number, linked = "911140000000", {"911140000000": Linking(Linkage.LINKED)}
    record = known("A", "K-1", review="approved")

    (withheld,) = plan([line(2, "NEW", "K-1", numbers=number)], record)
    (back,) = plan([line(2, "A", "K-1", numbers=number)], record)
    (nothing_due,) = plan([line(2, "NEW", "K-1", numbers=number)], known("A", "K-1", review="approved", numbers=linked))

    assert ((), True) == (withheld.numbers, withheld.judged.has_errors)
    assert ((number,), []) == (back.numbers, told(back))
    assert ["registration-number-changed"] == told(nothing_due)


def test_another_type_of_number_is_no_other_registration_number():
    """The same business asks for something else: its number did not change, whatever else that means."""
    mobile = line(2, "A", "K-1")
    mobile = JudgedRow(Row("Businesses", 2, Combination("IN", "mobile", "business"), mobile.row.cells), None, "now")

    (decision,) = plan([mobile], known("A", "K-1", review="rejected"))

    assert (known("A", "K-1").token, []) == (decision.token, told(decision))


def test_number_of_another_row_is_no_fix():
    """A known Key with the number of a new row: one of the two is filed, the other is told."""
    changed, new = plan([line(2, "B", "K-1"), line(3, "B", "K-2")], known("A", "K-1", review="rejected"))

    assert_nobody(changed, "key-of-another-business")
    assert "row 3 has this number, too" in changed.judged.findings[0].problem
    assert (Action.CREATE, []) == (new.action, told(new))


def test_key_and_number_changed_beside_a_token():
    """Only bo_key is left of the record: a copied row that describes another business."""
    record = known("A", "K-1", review="rejected")

    (decision,) = plan([line(2, "NEW", "K-9", bo_key=f"~{record.token}")], record)

    assert_nobody(decision, "key-of-another-business")
    assert "it was K-1" in decision.judged.findings[0].problem


def test_token_beside_another_business():
    """The bo_key column was sorted and the others were not."""
    records = [known("A"), known("B")]
    one, other = (f"~{record.token}" for record in records)

    for decision in plan([line(2, "A", bo_key=other), line(3, "B", bo_key=one)], *records):
        assert_nobody(decision, "key-of-another-business")


def test_token_outlives_a_changed_key():
    """Number and bo_key agree: the row is its record, whatever became of the Key column."""
    records = [known("A", "K-1"), known("B", "K-2")]
    rows = [line(2, "A", "K-2", bo_key=f"~{records[0].token}"), line(3, "B", "", bo_key=f"~{records[1].token}")]

    decisions = plan(rows, *records)

    assert [(record.token, []) for record in records] == [(each.token, told(each)) for each in decisions]


def test_record_that_was_corrected_is_known_by_its_new_number():
    """A row without Key and bo_key is found by the number that the API has now, and so is one that got a Key."""
    record = known("A", registration_token=registration_token_of(ACCOUNT, line(0, "NEW").row))

    for row in (line(2, "NEW"), line(2, "NEW", "K-1")):
        (decision,) = plan([row], record)

        assert (record.token, Action.NOTHING, []) == (decision.token, decision.action, told(decision))
    first, second = plan([line(2, "NEW"), line(3, "A")], record)
    assert record.token == first.token
    assert_nobody(second, "record-of-another-row")
    (own_key,) = plan([line(3, "A", "K-2")], record)
    assert (Action.CREATE, []) == (own_key.action, told(own_key))


def test_number_of_an_unknown_correction_is_the_records():
    """Until it is settled the record may have either number."""
    new = registration_token_of(ACCOUNT, line(0, "NEW").row)
    record = known("A", "K-1", state=State.UNCERTAIN, intended_registration=new)

    for number in ("A", "NEW"):
        assert_nobody(plan([line(2, number, "K-2")], record)[0], "business-under-another-key")


@pytest.mark.parametrize("sent", [(), ("K-1",), ("K-1", "K-2")])
def test_branches_of_one_number_in_one_sheet(sent):
    """Both were there from the start: each is a record of its own, also where a run ended between the two."""
    records = [known("A", key) for key in sent]
    taken_in = [Record(token=token_of(ACCOUNT, line(0, "A", key).row)) for key in {"K-1", "K-2"} - set(sent) if sent]

    decisions = plan([line(2, "A", "K-1"), line(3, "A", "K-2")], *records, *taken_in)

    due = [Action.NOTHING if key in sent else Action.CREATE for key in ("K-1", "K-2")]
    assert [(each, []) for each in due] == [(decision.action, told(decision)) for decision in decisions]


def test_number_of_one_branch_may_be_fixed():
    """The other branch has the old number by right, which makes the first no other business."""
    branches = [known("A", "K-1", review="rejected"), known("A", "K-2")]

    fixed, other = plan([line(2, "NEW", "K-1"), line(3, "A", "K-2")], *branches)

    assert (Action.UPDATE, ["registration-number-changed"]) == (fixed.action, told(fixed))
    assert (branches[1].token, []) == (other.token, told(other))


def test_same_business_added_again_under_a_new_key():
    """Its record's own row is there; a branch that comes later is for the job to rule."""
    rows, record = [line(2, "A", "K-1"), line(3, "A", "K-9")], known("A", "K-1")

    first, again = plan(rows, record)
    _, ruled = plan(rows, record, rulings={"business-again": "warning"})

    assert (record.token, []) == (first.token, told(first))
    assert_nobody(again, "business-again")
    assert (Action.CREATE, ["business-again"]) == (ruled.action, told(ruled))


def test_a_ruling_about_branches_lets_no_respelt_key_through():
    """Where the record's own row is not in the sheet, the row can only be that."""
    (decision,) = plan([line(2, "A", "001")], known("A", "1"), rulings={"business-again": "off"})

    assert_nobody(decision, "business-under-another-key")


def test_record_known_without_a_key_stays_where_two_rows_have_its_number():
    """Which of them is meant nobody can tell, so neither is filed anew."""
    for decision in plan([line(2, "A", "K-1"), line(3, "A", "K-2")], known("A")):
        assert_nobody(decision, "business-under-another-key")
        assert "Clear the Key" in decision.judged.findings[0].fix


def test_resume_and_duplicates_are_told_alike():
    """A scope changes nothing; a second row of the same key and content stands aside as before."""
    rows = [line(2, "A", "001"), line(3, "A", "001", duplicate_of=2)]

    first, second = plan(rows, known("A", "1"), scope=Scope(admit_new_rows=False))

    assert_nobody(first, "business-under-another-key")
    assert (Action.NOTHING, "duplicate of row 2") == (second.action, second.reason)


NUMBERS = ("A", "B", "C", "D")
KEYS = ("", "1", "001", "2", "3", "4")
SHEET = st.lists(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(KEYS)), max_size=5)
LEDGERS = st.lists(
    st.tuples(
        st.sampled_from(KEYS[:5]),
        st.sampled_from(State),
        st.sampled_from(["pending", "approved", "rejected"]),
    ),
    min_size=1,
    max_size=4,
)
BO_KEYS = st.dictionaries(st.integers(2, 6), st.integers(0, 3), max_size=3)


def records_of(drawn):
    """One record for each number, in their order, with these Keys, each once, states and reviews."""
    made, keys = [], set()
    for number, (drawn_key, state, review) in zip(NUMBERS, drawn, strict=False):
        key = "" if drawn_key in keys else drawn_key
        keys.add(key)
        record = known(number, key, state=state, review=review)
        made.append(Record(token=record.token) if state is State.NOT_SENT else record)
    return made


def judged_rows(cells, tokens):
    """The rows of a sheet; `tokens` by row number are those that have a bo_key."""
    return [
        line(n, number, key, fingerprint=f"{number}{key}", **({"bo_key": f"~{tokens[n]}"} if n in tokens else {}))
        for n, (number, key) in enumerate(cells, start=2)
    ]


@given(SHEET, LEDGERS, BO_KEYS, st.permutations(range(5)))
@example([("A", "1")] * 3, [("", State.INVALID, "pending")] * 2, {2: 0, 3: 1}, [1, 0, 2, 3, 4])  # one key, two records
def test_order_of_rows_decides_nothing(cells, drawn, annotated, order):
    """Whatever stands in the sheet: sorted anew, each row is the same record, or nobody, for the same reason."""
    records = records_of(drawn)
    tokens = {row: records[at].token for row, at in annotated.items() if at < len(records)}
    rows = judged_rows(cells, tokens)

    def said(decisions):
        return sorted((d.judged.row.number, d.token, d.judged.application is None, *told(d)) for d in decisions)

    sorted_anew = [rows[place] for place in order if place < len(rows)]
    assert said(plan(rows, *records)) == said(plan(sorted_anew, *records))


@given(SHEET, LEDGERS)
def test_no_business_is_filed_or_touched_under_another_record(cells, drawn):
    """By Key and number: what is created is new by both or its own record; a write never meets another's number."""
    records = records_of(drawn)
    owners = {r.registration_token: r for r in records if r.registration_token and r.state not in GONE}

    for decision in plan(judged_rows(cells, {}), *records):
        registration = registration_token_of(ACCOUNT, decision.judged.row)
        if decision.action in WRITES and (owner := owners.get(registration)):
            assert owner.token == decision.token


@given(LEDGERS, st.lists(st.sampled_from(KEYS), min_size=4, max_size=4))
def test_editing_keys_makes_no_row_another_record(drawn, keys):
    """Whatever is done to the Key column alone, a row is the record of its number, or nobody."""
    records = [r for r in records_of(drawn) if r.registration_token and r.state not in GONE]
    owners = {r.registration_token: r.token for r in records}
    at_the_api = {r.token for r in records if r.state in AT_THE_API}
    rows = judged_rows(list(zip(NUMBERS, keys, strict=True)), {})

    for decision in plan(rows, *records):
        registration = registration_token_of(ACCOUNT, decision.judged.row)
        if registration in owners and decision.action in WRITES:
            assert owners[registration] == decision.token
        if decision.token in at_the_api and 1 == len([key for key in keys if key == decision.judged.row.cell("key")]):
            assert owners.get(registration) == decision.token


@pytest.mark.parametrize("number", ["the same", "{n}"])
@pytest.mark.parametrize("key", ["{n}", "again {n}", ""])
def test_a_hundred_thousand_rows_are_a_look_up_each(number, key):
    """Rows by records would take hours; so would all of them under one number."""
    several = 10_000
    records = [known(number.format(n=n), str(n)) for n in range(several)]
    rows = [line(n + 2, number.format(n=n), key.format(n=n)) for n in range(several)]
    before = time.process_time()

    decisions = plan(rows, *records)

    assert time.process_time() - before < 5
    assert several == len(decisions)


def test_finding_says_nothing_of_a_number():
    """Registration numbers stay out of findings that stand in logs and reports."""
    (decision,) = plan([line(2, "SECRET-NUMBER", "001")], known("SECRET-NUMBER", "1"))

    (finding,) = decision.judged.findings
    assert isinstance(finding, Finding)
    assert "SECRET" not in finding.problem + finding.fix


@pytest.mark.parametrize("state", [State.INVALID, State.NOT_SENT, State.DEFERRED, State.REFUSED])
def test_row_that_was_not_sent_is_not_filed_beside_its_own_business(state):
    """Taken in under a Key, filed without it, and the Key put back; or the wrong one of two rows deleted."""
    unsent = Record(token=token_of(ACCOUNT, line(0, "A", "K-1").row)) if state is State.NOT_SENT else None
    records = [known("A"), unsent or known("A", "K-1", state=state)]

    (alone,) = plan([line(2, "A", "K-1")], *records)
    _, beside = plan([line(3, "A"), line(2, "A", "K-1")], *records)

    assert_nobody(alone, "business-under-another-key")
    assert (Action.CREATE, []) == (beside.action, told(beside))
