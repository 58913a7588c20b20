"""A path becomes an open ledger (docs/design/ledger.md, Torn tail)."""

import errno
import os

import pytest

from bulk_onboard.errors import LedgerError, StoppedError
from bulk_onboard.ledger.fold import fold
from bulk_onboard.ledger.opening import WHY_HELD, normalised
from bulk_onboard.model.entry import Admitted
from bulk_onboard.model.record import State
from tests.unit.ledger.samples import ACCOUNT, FailingDisk, admitted, intent, ledger_of, run_started, story, token

HEADER = story()[0]
CONTENT = ledger_of(story())


def files_in(folder) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o377])
def test_new_ledger(path, opened, any_umask, umask):
    """A new ledger holds its header, is private whatever the umask, and nothing else is left beside it."""
    any_umask(umask)

    with opened() as journal:
        assert [] == list(journal.warnings)
        assert ("MAXXXXXXXXXXXXXXXXXX", 1) == (journal.ledger_state.opened.auth_id, journal.ledger_state.seq)

    assert ledger_of([HEADER]) == path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777
    assert {path.name, f"{path.name}.lock"} == files_in(path.parent)


def test_existing_ledger_is_replayed_untouched(path, opened):
    """A sound ledger is read, and not a byte of it changes."""
    path.write_bytes(CONTENT)
    path.chmod(0o600)

    with opened() as journal:
        assert State.REFUSED == journal.ledger_state.record(token(3)).state
        assert () == journal.warnings

    assert CONTENT == path.read_bytes()


async def test_every_truncation_can_be_continued(path, opened):
    """Cut at any byte, the ledger opens, takes the next entry, and is sound."""
    for cut in [*range(0, len(CONTENT), 17), *(CONTENT.index(b"\n", i * 200) + d for i in range(9) for d in (0, 1))]:
        path.write_bytes(CONTENT[:cut])

        with opened() as journal:
            await journal.append(admitted(9))

        folded = fold(path.read_bytes())
        assert (b"", State.NOT_SENT) == (folded.tail, folded.ledger_state.record(token(9)).state)


def test_torn_tail_is_put_aside(path, opened):
    """An unfinished line is kept in a file, cut off, and accounted for in the ledger and in a sentence."""
    path.write_bytes(CONTENT + b'{"alias":"K-00')
    (path.parent / f"{path.name}.broken-1").write_text("an older one")

    with opened() as journal:
        (warning, *_) = journal.warnings

    kept = path.parent / f"{path.name}.broken-2"
    assert b'{"alias":"K-00' == kept.read_bytes()
    assert 0o600 == kept.stat().st_mode & 0o777
    assert path.read_bytes().startswith(CONTENT)
    assert b'"entry":"tail_repaired","kept":"migration.ledger.jsonl.broken-2"' in path.read_bytes()
    assert kept.name in warning
    assert files_in(path.parent) == {path.name, f"{path.name}.lock", f"{path.name}.broken-1", kept.name}


def test_rotten_intent_holds_its_row(path, opened):
    """A damaged last line may have been acted upon: its row is held, and the warning speaks of the disk."""
    path.write_bytes(ledger_of([HEADER, run_started(), admitted(1, 2), intent(1)]).replace(b"5e5e5e", b"5e5eZe"))

    with opened() as journal:
        record = journal.ledger_state.record(token(1))
        (warning, *_) = journal.warnings

    assert (State.HELD, WHY_HELD) == (record.state, record.reason)
    assert State.NOT_SENT == fold(path.read_bytes()).ledger_state.record(token(2)).state
    assert "disk may be failing" in warning


@pytest.mark.parametrize("nth", range(1, 9))
def test_interrupted_mending_loses_no_doubt(path, opened, nth):
    """Whichever step of the repair fails, the next start finds the doubt again or already written down."""
    path.write_bytes(ledger_of([HEADER, run_started(), admitted(1), intent(1)]).replace(b"5e5e5e", b"5e5eZe"))
    disk = FailingDisk(nth)

    try:
        with opened(disk=disk):
            pass
    except StoppedError:
        assert disk.failed

    with opened() as journal:
        assert State.HELD == journal.ledger_state.record(token(1)).state


@pytest.mark.parametrize("nth", range(1, 8))
def test_interrupted_creation_leaves_no_half_ledger(path, opened, nth):
    """Whichever step of making a ledger fails, there is none or a whole one, and the next start goes well."""
    with pytest.raises(StoppedError, match="Nothing was sent"), opened(disk=FailingDisk(nth)):
        pass

    assert not path.exists() or ledger_of([HEADER]) == path.read_bytes()
    with opened() as journal:
        assert 1 == journal.ledger_state.seq
    assert {path.name, f"{path.name}.lock"} == files_in(path.parent)


def test_file_systems_that_sync_no_folder_will_do(path, opened):
    """EINVAL from the folder's fsync is no trouble: there is nothing to sync."""
    with opened(disk=FailingDisk(2, only="fsync", number=errno.EINVAL)) as journal:
        assert 1 == journal.ledger_state.seq


@pytest.mark.parametrize(
    ("change", "word"),
    [({"auth_id": "MAYYYYYYYYYYYYYYYYYY"}, "account"), ({"base_url": "http://127.0.0.1:8765"}, "address")],
)
def test_foreign_ledger_is_refused(path, opened, change, word):
    """A ledger of another account or address is left alone, and the message says whose it is (I14)."""
    path.write_bytes(CONTENT)

    with pytest.raises(LedgerError, match=f"belongs to the {word} .*{next(iter(change.values()))}"), opened(**change):
        pass
    assert CONTENT == path.read_bytes()


def test_foreign_ledger_is_refused_before_it_is_mended(path, opened):
    """Not even the torn tail of somebody else's ledger is touched."""
    path.write_bytes(CONTENT + b"{")

    with pytest.raises(LedgerError, match="account"), opened(auth_id="MAYYYYYYYYYYYYYYYYYY"):
        pass
    assert CONTENT + b"{" == path.read_bytes()


@pytest.mark.parametrize(
    "same", ["https://api.plivo.com/", "HTTPS://API.Plivo.com", "https://api.plivo.com:443", " https://api.plivo.com "]
)
def test_same_address_in_other_words(path, opened, same):
    """Case, the usual port and a slash at the end make no other address."""
    path.write_bytes(CONTENT)

    with opened(base_url=same) as journal:
        assert len(story()) == journal.ledger_state.seq


def test_other_port_is_another_address():
    """Two sandboxes on one machine are two addresses."""
    assert normalised("http://127.0.0.1:8765") != normalised("http://127.0.0.1:8766")


def test_damaged_ledger_is_refused_untouched(path, opened):
    """Damage in the middle stops the run; the message names file, line, byte and what to do."""
    damaged = CONTENT.replace(b"run-1", b"run-7", 1)
    path.write_bytes(damaged)

    with pytest.raises(LedgerError, match=f"{path}: line 2 at byte .* backup"), opened():
        pass
    assert damaged == path.read_bytes()


@pytest.mark.parametrize("content", [b"Dear diary", b"\x89PNG\r\n", b"PK\x03\x04"])
def test_other_files_are_never_overwritten(path, opened, content):
    """Whoever mistypes the ledger's path keeps the file that is there."""
    path.write_bytes(content)

    with pytest.raises(LedgerError, match="is no ledger"), opened():
        pass
    assert content == path.read_bytes()


def test_symbolic_link_is_refused(path, opened, tmp_path):
    """The ledger is the file itself: a link could be turned elsewhere."""
    (tmp_path / "real").write_bytes(CONTENT)
    path.symlink_to(tmp_path / "real")

    with pytest.raises(LedgerError, match="symbolic link"), opened():
        pass


def test_hard_links_are_refused(path, opened, tmp_path):
    """A second name could be another job's ledger."""
    path.write_bytes(CONTENT)
    os.link(path, tmp_path / "other")

    with pytest.raises(LedgerError, match="2 hard links"), opened():
        pass


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused(path, opened, make):
    """A pipe does not block, a folder does not crash."""
    make(path)

    with pytest.raises((LedgerError, StoppedError)), opened():
        pass


def test_missing_folder_stops_the_run(path, opened):
    """A path that cannot be made is told in a sentence."""
    with pytest.raises(StoppedError, match="No such file or directory"), opened(path=path.parent / "no" / "l.jsonl"):
        pass


def test_others_who_can_read_it_are_warned_of(path, opened):
    """An old ledger that is open to others is used, and a sentence says how to close it."""
    path.write_bytes(CONTENT)
    path.chmod(0o644)

    with opened() as journal:
        assert [f"chmod 600 {path}"] == [warning[-len(f"chmod 600 {path}") :] for warning in journal.warnings]


def test_repairing_the_tail_keeps_the_mode(path, opened):
    """A ledger that a group shares is shared after its tail was repaired."""
    path.write_bytes(CONTENT + b"{")
    path.chmod(0o660)

    with opened():
        pass

    assert 0o660 == path.stat().st_mode & 0o777


def test_left_over_of_a_dead_run_is_removed(path, opened):
    """A process that died between making the new file and naming it is no trouble for the next."""
    path.write_bytes(CONTENT)
    os.link(path, path.with_name(f".{path.name}.new"))

    with opened() as journal:
        assert len(story()) == journal.ledger_state.seq
    assert {path.name, f"{path.name}.lock"} == files_in(path.parent)


async def test_relative_path_survives_a_change_of_folder(path, opened, monkeypatch):
    """A run that changes its folder goes on writing to the ledger it opened."""
    monkeypatch.chdir(path.parent)

    with opened(path=path.relative_to(path.parent)) as journal:
        monkeypatch.chdir("/")
        await journal.append(Admitted(tokens=(token(1),)))

    assert 2 == fold(path.read_bytes()).ledger_state.seq


def test_account_is_stored_as_given(path, opened):
    """The header tells tool, job, account, address and when it was made."""
    with opened() as journal:
        header = journal.ledger_state.opened

    assert (ACCOUNT["job"], ACCOUNT["base_url"], "2026-01-05T10:00:00Z") == (
        header.job,
        header.base_url,
        header.created,
    )


def test_shared_ledger(path, opened, any_umask):
    """With `share = "group"` ledger, lock and what was put aside are open to the group, whatever the umask."""
    any_umask(0o077)
    path.write_bytes(CONTENT + b"{")
    path.chmod(0o600)

    with opened(share="group") as journal:
        assert not any("chmod" in warning for warning in journal.warnings)

    assert {0o660} == {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert {path.name, f"{path.name}.lock", f"{path.name}.broken-1"} == files_in(path.parent)


def test_new_ledger_can_be_shared(path, opened, any_umask):
    """A job that is shared from its first run on."""
    any_umask(0o077)

    with opened(share="group"):
        pass

    assert 0o660 == path.stat().st_mode & 0o777


def test_shared_ledger_is_closed_to_others(path, opened):
    """The group is meant, others are not: our own file is given the mode that was asked for."""
    path.write_bytes(CONTENT)
    path.chmod(0o664)

    with opened(share="group") as journal:
        assert () == journal.warnings
    assert 0o660 == path.stat().st_mode & 0o777
