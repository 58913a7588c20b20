"""The ledgers of a job's other accounts, that rows are held against."""

from datetime import UTC, datetime

import pytest

from bulk_onboard.clock import SystemClock
from bulk_onboard.job import load_jobs
from bulk_onboard.ledger.codec import encode, stamp
from bulk_onboard.ledger.lock import LedgerLock
from bulk_onboard.model.entry import Admitted, Done, Intent, LedgerOpened, Op, RunStarted, Swept
from bulk_onboard.model.identity import registration_token_of, token_of
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Sheet
from bulk_onboard.pipeline.others import OtherLedgers, read_others

LOCAL = Combination("IN", "local", "business")
AUTH_ID = "MA" + "X" * 18
FIRMS = [Row("Firms", number, LOCAL, {"registration_number": f"U{number}"}) for number in (2, 3)]


def lines_of(*rows: Row) -> list[bytes]:
    """The lines of a ledger in which these rows were filed."""
    entries = [
        LedgerOpened(tool="1", job="job", auth_id=AUTH_ID, base_url="http://127.0.0.1:1", created="2026-11-02"),
        RunStarted(
            run_id="r", user="u", host="h", version="1", workbook="", job="", requirements="", quota="none", settle=0
        ),
        Swept(records=0),
    ]
    for number, row in enumerate(rows):
        token = token_of(AUTH_ID, row)
        entries += [
            Admitted(tokens=(token,)),
            Intent(
                token=token,
                op=Op.CREATE,
                attempt=1,
                alias=f"~{token}",
                fingerprint=f"f{number}",
                registration_token=registration_token_of(AUTH_ID, row),
            ),
            Done(token=token, op=Op.CREATE, compliance_id=f"id-{number}"),
        ]
    now = datetime(2026, 11, 2, tzinfo=UTC)
    return [encode(stamp(entry, seq=seq, now=now)) for seq, entry in enumerate(entries, 1)]


@pytest.fixture
def jobs(tmp_path):
    """Three accounts that share a workbook; beta has filed both firms."""
    accounts = "\n".join(f'[[accounts]]\nname = "{name}"' for name in ("acme", "beta", "gamma"))
    (tmp_path / "job.toml").write_text(f'workbook = "firms.csv"\n{accounts}', encoding="utf-8")
    loaded = load_jobs(tmp_path / "job.toml")
    loaded[1].ledger.write_bytes(b"".join(lines_of(*FIRMS)))
    return loaded


def known_to(others):
    """Which of the firms each account knows."""
    return {account: [row.number for row in FIRMS if known.known_as(row)] for account, known in others.accounts}


def test_an_account_is_held_against_all_others_that_have_a_ledger(jobs):
    """One that has filed nothing has none, which is fine; the own one is apart."""
    acme, beta, _ = jobs

    assert {"beta": [2, 3]} == known_to(read_others(acme))
    assert {} == known_to(read_others(beta))
    assert read_others(beta).own.known_as(FIRMS[0])
    assert not read_others(acme).own


def test_each_ledger_is_read_once_for_all_accounts(jobs):
    """What the first account was held against, the next ones are: also where the file has changed meanwhile."""
    acme, beta, gamma = jobs
    ledgers = OtherLedgers()
    read_others(acme, ledgers)
    beta.ledger.unlink()

    assert {"beta": [2, 3]} == known_to(read_others(gamma, ledgers))
    assert read_others(beta, ledgers).own.known_as(FIRMS[0])


def test_of_a_damaged_ledger_the_sound_part_counts(jobs):
    """A warning says so; the account is not ended by the trouble of another one."""
    acme, beta, _ = jobs
    lines = lines_of(*FIRMS)
    lines[-2] = lines[-2].replace(b'"entry":"intent"', b'"entry":"entint"')
    beta.ledger.write_bytes(b"".join(lines))

    others = read_others(acme)

    assert 2 in known_to(others)["beta"]
    (finding,) = others.findings_at(Sheet(acme.workbook, "Firms", "", 1, ()))
    assert ("account-ledger-damaged", "Firms", 1) == (finding.code, finding.sheet, finding.row)
    assert "account beta: it is damaged, so rows were held against what is left of it." in finding.problem


@pytest.mark.parametrize("content", [b"no ledger at all\n", b"\0" * 5_000])
def test_what_is_no_ledger_any_more_is_told(jobs, content):
    """Nothing is known of what that account has filed."""
    acme, beta, _ = jobs
    beta.ledger.write_bytes(content)

    others = read_others(acme)

    assert {} == known_to(others)
    assert [("beta", True)] == [(account, "not recognised" in why) for account, why in others.unread]


def test_a_folder_in_place_of_a_ledger_is_told(jobs):
    """As anything that cannot be read."""
    acme, beta, _ = jobs
    beta.ledger.unlink()
    beta.ledger.mkdir()

    assert ["beta"] == [account for account, _ in read_others(acme).unread]


@pytest.mark.parametrize(("lines", "why"), [(6, "longer before"), (1, "longer before"), (0, "not there any more")])
def test_a_backup_that_was_put_back_is_told(jobs, lines, why):
    """Its lock knows how long it was: what was filed since is in no ledger, so a row that moved is not recognised."""
    acme, beta, _ = jobs
    whole = lines_of(*FIRMS)
    with LedgerLock(beta.ledger, SystemClock()) as lock:
        lock.remember(len(whole))
    assert () == read_others(acme).unread
    beta.ledger.write_bytes(b"".join(whole[:lines]))
    if not lines:
        beta.ledger.unlink()

    others = read_others(acme)

    assert [("beta", True)] == [(account, why in told) for account, told in others.unread]
    assert ([2] if lines == 6 else None) == known_to(others).get("beta")


def test_a_job_without_accounts_is_held_against_no_ledger(tmp_path):
    """Not even its own."""
    (tmp_path / "firms.csv").touch()
    (job,) = load_jobs(tmp_path / "firms.csv")

    assert ((), ()) == (read_others(job).against, read_others(job).accounts)
