"""`store setup`: the tables of a database, made for a job or at an address."""

import pytest

from tests.support.office import typed

TABLES = {"account", "entry", "late", "hint"}


def tables(database) -> set[str]:
    """Those of our schema."""
    return {name for (name,) in database.execute("select tablename from pg_tables where schemaname = 'bulk_onboard'")}


async def test_tables_are_made_at_an_address(tmp_path, postgres):
    """And may be again."""
    for _ in range(2):
        told = await typed("store", "setup", postgres.address, cwd=tmp_path)
        assert 0 == told.status, told
    assert TABLES <= tables(postgres)
    assert postgres.name in told.out


async def test_tables_are_made_for_a_job(tmp_path, postgres):
    """Its setting names the database; `--json` prints where."""
    job = tmp_path / "job.toml"
    job.write_text(f'workbook = "none.xlsx"\nstore = "{postgres.address}"\n')

    told = await typed("store", "setup", str(job), "--json", cwd=tmp_path)

    assert (0, 0) == (told.status, told.json["exit_status"])
    assert TABLES <= tables(postgres)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mysql://host/db"], "it must be file, or the address of a PostgreSQL database"),
        (["postgresql://ann:secret@host/db"], "a password does not belong here"),
        (["none.toml"], "none.toml"),
    ],
)
async def test_what_is_no_database_is_2(tmp_path, words, sentence):
    """With a sentence, and no password in it."""
    told = await typed("store", "setup", *words, cwd=tmp_path)
    assert (2, True, False) == (told.status, sentence in told.err, "secret" in told.err), told


async def test_a_job_with_files_needs_no_setup(tmp_path):
    """It says how to name a database."""
    job = tmp_path / "job.toml"
    job.write_text('workbook = "none.xlsx"\n')
    told = await typed("store", "setup", str(job), cwd=tmp_path)
    assert (2, True) == (told.status, "keeps its ledgers in files" in told.err), told


@pytest.mark.parametrize(
    "address",
    [
        "mysql://ann:secret@host/db",
        "POSTGRESQL://ann:secret@host/db",
        "postgresql:/ann:secret@host/db",
        "postgresql://ann:secret@host/db",
        "ann:secret@host/db",
        "file",
    ],
)
async def test_a_worker_takes_the_addresses_that_jobs_take(tmp_path, address):
    """Any other is 2, with a sentence, and no password in it."""
    told = await typed("worker", "--store", address, cwd=tmp_path)
    assert (2, True, False) == (
        told.status,
        "postgresql://" in told.err or "password" in told.err,
        "secret" in told.err,
    )
