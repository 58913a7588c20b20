"""What an address of a database may be, and what libpq is told; nothing is asked of any host for that."""

from pathlib import Path

import pytest

from bulk_onboard.errors import UsageError
from bulk_onboard.ledger.database.address import is_here, parameters, shown

ELSEWHERE = "postgresql://db.example.com/onboarding"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (ELSEWHERE, ELSEWHERE),
        ("postgresql://ann@db.example.com:5433/o?sslmode=verify-ca", "postgresql://db.example.com:5433/o"),
        ("postgresql:///o?host=/var/run/postgresql&keepalives=1", "postgresql:///o?host=/var/run/postgresql"),
        ("postgresql:///?service=onboarding", "postgresql:///?service=onboarding"),
    ],
)
def test_messages_name_where_it_is_and_nothing_else(address, name):
    """No user, and no parameter that is about something else."""
    assert name == shown(address)


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1", "127.9.9.9", "::1", "/var/run/postgresql", "@abstract"])
def test_this_machine_needs_no_tls(host):
    """A unix socket, or a loopback address."""
    assert is_here(host)
    told = parameters(f"postgresql:///o?host={host}" if host else "postgresql:///o")
    assert not {"sslmode", "sslrootcert"} & told.keys()


@pytest.mark.parametrize("host", ["db.example.com", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com"])
def test_another_machine_must_prove_who_it_is(host):
    """Its certificate is checked, by the authorities that this machine trusts; nothing is asked by Kerberos."""
    told = parameters(f"postgresql://{host}/o")

    assert ("verify-full", "disable") == (told["sslmode"], told["gssencmode"])
    assert Path(told["sslrootcert"]).is_file()


def test_one_of_several_hosts_that_is_elsewhere_is_enough():
    """Whichever of them answers."""
    assert "verify-full" == parameters("postgresql://localhost,db.example.com/o")["sslmode"]


def test_an_authority_of_ones_own_is_taken():
    """A name that does not fit may be passed over (verify-ca), where only one's own authority counts."""
    told = parameters(f"{ELSEWHERE}?sslmode=verify-ca&sslrootcert=/ca.pem")
    assert ("verify-ca", "/ca.pem") == (told["sslmode"], told["sslrootcert"])


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "nonsense"])
def test_a_weaker_mode_is_refused(mode):
    """In the address and by the environment."""
    with pytest.raises(UsageError, match=f"sslmode={mode} nobody would know who answers"):
        parameters(f"{ELSEWHERE}?sslmode={mode}")


@pytest.mark.parametrize("mode", ["disable", "require"])
def test_the_environment_weakens_nothing(monkeypatch, mode):
    """What libpq reads there counts as if it were in the address."""
    monkeypatch.setenv("PGSSLMODE", mode)
    with pytest.raises(UsageError, match=f"sslmode={mode}"):
        parameters(ELSEWHERE)


def test_a_host_of_the_environment_is_elsewhere_too(monkeypatch):
    """An address may leave the host out."""
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert "verify-full" == parameters("postgresql:///o")["sslmode"]


def test_a_service_is_looked_into(monkeypatch, tmp_path):
    """Its host, and what it says of TLS."""
    file = tmp_path / "services"
    file.write_text(
        "[weak]\nhost=db.example.com\nsslmode=require\n[good]\nhost=db.example.com\nsslmode=verify-ca\n"
        "sslrootcert=/ca.pem\n[here]\nhost=/tmp\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))

    with pytest.raises(UsageError, match="service=weak is on another machine"):
        parameters("postgresql:///?service=weak")
    told = parameters("postgresql:///?service=good")
    assert ("verify-ca", None) == (told["sslmode"], told.get("sslrootcert"))
    assert "sslmode" not in parameters("postgresql:///?service=here")
    with pytest.raises(UsageError, match='definition of service "none" not found'):
        parameters("postgresql:///?service=none")


@pytest.mark.parametrize("address", ["postgresql://a:secret@h/o", "postgresql://h/o?password=secret"])
def test_a_password_does_not_belong_there(address):
    """The sentence says where it does, and does not repeat it."""
    with pytest.raises(UsageError, match="PGPASSFILE") as refused:
        parameters(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["postgresql://h/o?nonsense=1", "mysql://h/o", "postgresql://[::1/o"])
def test_what_is_no_address_is_refused(address):
    """With what libpq says about it."""
    with pytest.raises(UsageError, match="no address of a database"):
        parameters(address)
