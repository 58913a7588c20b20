"""Which record a row is, given what the ledger knows."""

from bulk_onboard.model.books import Books
from bulk_onboard.model.identity import token_of
from bulk_onboard.model.record import Record, State
from bulk_onboard.planning.identity import Identities

ACCOUNT = "MAXXXXXXXXXXXXXXXXXX"
OLD = "abcdefgh23456777"


def books_with(*records):
    """Books that know these records."""
    return Books(records={record.token: record for record in records})


def identify(judged, *records):
    """Who the row is."""
    return Identities(books_with(*records), auth_id=ACCOUNT, rows=[judged.row]).identify(judged)


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


def test_known_key_keeps_its_token_when_the_registration_number_is_mended(make_judged):
    """A row is the record its Key says, though another token would be computed now; case and blanks do not matter."""
    known = Record(token=OLD, key="K  17", state=State.INVALID)

    identity = identify(make_judged(key="k 17", registration_number="mended"), known)

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
