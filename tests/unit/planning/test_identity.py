"""Which record a row is, given what the ledger knows."""

from bulk_onboard.model.identity import token_of
from bulk_onboard.model.ledger_state import LedgerState
from bulk_onboard.model.plan import Action
from bulk_onboard.model.record import Record, State
from bulk_onboard.planning.identity import Identities
from bulk_onboard.planning.plan import make_plan

ACCOUNT = "MAXXXXXXXXXXXXXXXXXX"
OLD = "abcdefgh23456777"


def ledger_with(*records):
    """A ledger state with these records."""
    return LedgerState(records={record.token: record for record in records})


def identify(judged, *records):
    """Who the row is."""
    return Identities(ledger_with(*records), auth_id=ACCOUNT, rows=[judged.row]).identify(judged)


def test_new_row_gets_its_computed_token_and_its_own_alias(make_judged):
    """Where the ledger knows nothing, token and alias come from the row."""
    judged = make_judged(key="k-17", registration_number="REG", alias="Acme")

    identity = identify(judged)

    token = token_of(ACCOUNT, judged.row)
    assert ("key|K-17", "k-17", token, f"Acme ~{token}") == (
        identity.key,
        identity.user_key,
        identity.token,
        identity.alias,
    )


def test_friendly_part_is_alias_then_key_then_nothing(make_judged):
    """Never the business name: without Alias and Key the alias is the token alone."""
    keyed = identify(make_judged(key="K-17", business_name="Secret Limited"))
    bare = identify(make_judged(registration_number="REG", business_name="Secret Limited"))

    assert f"K-17 ~{keyed.token}" == keyed.alias
    assert f"~{bare.token}" == bare.alias


def test_known_key_keeps_its_token_when_the_registration_number_is_fixed(make_judged):
    """A row is the record its Key says, though another token would be computed now; case and blanks do not matter."""
    known = Record(token=OLD, key="K  17", state=State.INVALID)

    identity = identify(make_judged(key="k 17", registration_number="fixed"), known)

    assert (OLD, f"k 17 ~{OLD}") == (identity.token, identity.alias)


def test_record_that_was_sent_keeps_its_alias(make_judged):
    """What went to the API under an alias is looked for under that alias, whatever the Alias cell says now."""
    keyed = Record(token=OLD, key="K-17", alias=f"K-17 ~{OLD}", state=State.UNCERTAIN)
    judged = make_judged(registration_number="REG", alias="New name")
    token = token_of(ACCOUNT, judged.row)
    keyless = Record(token=token, alias=f"Old name ~{token}", state=State.DEFERRED)

    assert f"K-17 ~{OLD}" == identify(make_judged(key="K-17", alias="New name"), keyed).alias
    assert f"Old name ~{token}" == identify(judged, keyless).alias


def test_key_is_not_mistaken_for_a_registration_number(make_judged):
    """A record known by the Key REG is not the one of a row whose registration number is REG."""
    known = Record(token=OLD, key="REG")

    assert OLD != identify(make_judged(registration_number="REG"), known).token


def test_oldest_record_of_a_key_is_the_one(make_judged):
    """Should two records carry one Key, the row is always the same of them."""
    older, newer = Record(token=OLD, key="K-17"), Record(token="b" * 16, key="K-17")

    assert OLD == identify(make_judged(key="K-17"), older, newer).token


def test_row_with_neither_key_nor_registration_number_is_nobody(make_judged):
    """There is nothing to compute a token from."""
    assert identify(make_judged(business_name="Acme")) is None


def identify_all(rows, *records):
    """The tokens of these rows, in their order."""
    identities = Identities(ledger_with(*records), auth_id=ACCOUNT, rows=[judged.row for judged in rows])
    return [identity.token if (identity := identities.identify(judged)) else None for judged in rows]


def test_annotated_row_is_its_record_whatever_was_fixed(make_judged):
    """Number and Key of a row with a known token may change: it is that record, under the alias it was sent by."""
    known = Record(token=OLD, alias=f"Old name ~{OLD}", state=State.UNCERTAIN)

    identity = identify(make_judged(registration_number="fixed", key="new", bo_key=f"~{OLD}"), known)

    assert (OLD, f"Old name ~{OLD}", "new") == (identity.token, identity.alias, identity.user_key)


def test_annotated_row_keeps_its_record_without_number_and_key(make_judged):
    """A cell that was emptied by mistake does not part the row from its record."""
    assert OLD == identify(make_judged(business_name="Acme", bo_key=f"~{OLD}"), Record(token=OLD)).token


def test_unknown_token_counts_for_nothing(make_judged):
    """A bo_key of another account or ledger: the row is who it says it is itself."""
    judged = make_judged(registration_number="REG", bo_key="~zzzzzzzz77777777")

    assert token_of(ACCOUNT, judged.row) == identify(judged, Record(token=OLD)).token
    assert identify(make_judged(business_name="Acme", bo_key="~zzzzzzzz77777777")) is None


def test_copy_of_an_annotated_row_without_its_token_is_the_same_record(make_judged):
    """The fixed row pasted anew is no second business, whichever of the two comes first."""
    annotated = make_judged(registration_number="fixed", bo_key=f"~{OLD}")
    pasted = make_judged(registration_number="fixed")

    assert [OLD, OLD] == identify_all([annotated, pasted], Record(token=OLD))
    assert [OLD, OLD] == identify_all([pasted, annotated], Record(token=OLD))


def test_record_of_its_own_is_not_given_up_for_an_annotated_row(make_judged):
    """A row that the ledger knows by its number stays that record, though another was fixed to the same number."""
    own = make_judged(registration_number="REG")
    token = token_of(ACCOUNT, own.row)

    tokens = identify_all(
        [make_judged(registration_number="REG", bo_key=f"~{OLD}"), own], Record(token=OLD), Record(token=token)
    )

    assert [OLD, token] == tokens


def test_token_that_an_annotated_row_has_is_not_taken_by_one_that_got_a_key(make_judged):
    """A new row with a Key and the number that the annotated one had before is another record."""
    before = make_judged(registration_number="REG")
    token = token_of(ACCOUNT, before.row)
    annotated = make_judged(registration_number="fixed", bo_key=f"~{token}")
    new = make_judged(registration_number="REG", key="K-2")

    assert [token, token_of(ACCOUNT, new.row)] == identify_all([annotated, new], Record(token=token))


def test_token_that_a_known_key_has_is_not_taken_by_one_that_got_a_key(make_judged):
    """A new row with a Key and the number that the known one had before is another record."""
    token = token_of(ACCOUNT, make_judged(registration_number="REG").row)
    known = make_judged(registration_number="fixed", key="K-1")
    new = make_judged(registration_number="REG", key="K-2")
    record, keyless = Record(token=token, key="K-1"), Record(token=OLD)

    assert [token, token_of(ACCOUNT, new.row)] == identify_all([known, new], record, keyless)


def test_rows_with_one_token_are_due_once_and_both_accounted_for(make_judged):
    """With and without bo_key in one sheet: one is sent, the other says that it stands with it."""
    rows = [
        make_judged(2, registration_number="REG", bo_key=f"~{OLD}", fingerprint="new"),
        make_judged(3, registration_number="REG", fingerprint="other"),
    ]

    known = ledger_with(Record(token=OLD, state=State.INVALID))
    plan = make_plan(rows, ledger_state=known, auth_id=ACCOUNT, quota=None)

    assert [Action.CREATE, Action.NOTHING] == [decision.action for decision in plan.decisions]
    assert [OLD, OLD] == [decision.identity.token for decision in plan.decisions]
