"""When a notification goes out, and what it says."""

import json
from pathlib import PurePosixPath

import pytest

from bulk_onboard.errors import ExitStatus
from bulk_onboard.notification.message import Message, is_wanted, message_of, name_of, scheme_of, statuses_in

TOLD = {
    "run_id": "R-1",
    "counts": {"rows": 1240, "invalid": 2, "not sent": 0, "refused": 1, "submitted": 1237},
    "reviews": {"pending": 1230, "approved": 3, "rejected": 4},
    "need_attention": 7,
    "new": 2,
    "requests": {"create done": 1237},
    "ledger": "job.ledger.jsonl",
    "report": "job.report.xlsx",
    "annotated": "businesses.annotated.xlsx",
    "next": "bulk-onboard run job.toml",
    "duplicates": [{"token": "canary", "compliance_ids": ["canary", "canary"], "deletable": []}],
    "findings": ["canary"],
}


def message(exit_status: ExitStatus = ExitStatus.ROWS_NEED_ATTENTION, **told: object) -> Message:
    """The notification of a run that came to this."""
    return message_of("migration", exit_status, told, host="server", folder=PurePosixPath("/job"))


def test_text_has_numbers_files_and_command():
    """A line each; states and reviews without rows are left out."""
    assert [
        "1,240 rows: 2 invalid, 1 refused, 1,237 submitted",
        "Reviews: 1,230 pending, 3 approved, 4 rejected",
        "7 rows need attention (2 new)",
        "Twice at the API: 1 business",
        "Report: job.report.xlsx",
        "Marked in: businesses.annotated.xlsx",
        "Next: bulk-onboard run job.toml",
        "On server, in /job",
    ] == message(**TOLD).text.splitlines()


def test_why_it_stopped_comes_first():
    """The sentence of the error, also where there is nothing else to tell."""
    stopped = message(ExitStatus.STOPPED, **TOLD, error="The disk is full. Make room.")
    refused = message(ExitStatus.USAGE, error="There is no job file.")

    assert stopped.text.startswith("The disk is full. Make room.\n1,240 rows:")
    assert "There is no job file.\nOn server, in /job" == refused.text


def test_webhook_gets_the_names_of_run_json_and_nothing_about_rows():
    """The object can be sent as it is, has every name whatever happened, and leaves out what is about single rows."""
    full, empty = message(**TOLD).data, message(ExitStatus.USAGE, error="No.").data

    assert list(full) == list(empty)
    assert {name: full[name] for name in TOLD if name in full} == {
        name: value for name, value in TOLD.items() if name not in ("ledger", "duplicates", "findings")
    }
    assert ("migration", 3, "server", "/job") == tuple(full[n] for n in ("job", "exit_status", "host", "folder"))
    assert "canary" not in json.dumps(full)


@pytest.mark.parametrize(
    ("need_attention", "title"),
    [(1, "1 row needs attention"), (1_200, "1,200 rows need attention"), (0, "something needs attention")],
)
def test_title_counts_the_rows_that_need_attention(need_attention, title):
    """Where it is no row, such as a record that is there twice, no number is made up."""
    assert f"bulk-onboard migration: {title}" == message(need_attention=need_attention, new=0).title


@pytest.mark.parametrize("status", list(ExitStatus))
def test_every_exit_status_has_its_title_and_level(status):
    """A service colours by the level, or wakes somebody."""
    told = message(status, counts={"invalid": 1})
    mild = {ExitStatus.ROWS_NEED_ATTENTION, ExitStatus.HUNGUP, ExitStatus.INTERRUPTED, ExitStatus.TERMINATED}

    assert told.title.startswith("bulk-onboard migration: ")
    assert "{" not in told.title
    assert ("success" if status is ExitStatus.DONE else "warning" if status in mild else "failure") == told.level


@pytest.mark.parametrize("status", list(ExitStatus))
def test_setting_says_when(status):
    """`attention`: all but 0; `end`: all; `never`: none. A run that found another at work is told in no case."""
    wanted = {when: is_wanted(when, status) for when in ("attention", "end", "never")}

    locked = status is ExitStatus.LOCKED
    assert {"attention": not locked and status is not ExitStatus.DONE, "end": not locked, "never": False} == wanted


@pytest.mark.parametrize(
    ("address", "scheme"),
    [
        ("https://canary.example/canary", "https"),
        ("HTTPS://canary.example", "https"),
        ("mailtos://canary:canary@example.com", "mailtos"),
        ("canary", ""),
        ("canary:canary", ""),
        ("1234:canary", ""),
        ("//canary", ""),
        ("", ""),
    ],
)
def test_only_number_and_scheme_are_told(address, scheme):
    """A token that stands there without a scheme shows no part of itself, be there a colon in it."""
    assert scheme == scheme_of(address)
    assert f"address 2 of BULK_ONBOARD_NOTIFY ({scheme or 'no scheme'})" == name_of(2, address)


def of_account(name: str, status: ExitStatus, need_attention: int = 0, new: int = 0) -> dict[str, object]:
    """What `run --json` prints of one of several accounts."""
    told = {"account": name, "exit_status": int(status), "need_attention": need_attention, "new": new}
    return told | {"error": "canary", "counts": {"rows": 30}}


def test_the_accounts_that_need_somebody_are_named():
    """With what they need, in a few words; why an account could not begin may quote cells, so it stays out."""
    accounts = [
        of_account("acme", ExitStatus.ROWS_NEED_ATTENTION, 12, 3),
        of_account("bravo", ExitStatus.DONE),
        of_account("charlie", ExitStatus.CREDENTIALS),
        of_account("delta", ExitStatus.USAGE),
    ]

    told = message(ExitStatus.USAGE, accounts=accounts, counts={"rows": 90}, need_attention=12, new=3)

    assert "bulk-onboard migration: 3 of 4 accounts need somebody" == told.title
    assert [
        "90 rows",
        "12 rows need attention (3 new)",
        "acme: 12 rows need attention (3 new)",
        "charlie: the API refused the credentials",
        "delta: it could not begin",
    ] == told.text.splitlines()[:-1]
    assert {"account": "charlie", "exit_status": 7, "need_attention": 0, "new": 0} in told.data["accounts"]
    assert "canary" not in json.dumps(told.data)


def test_of_very_many_accounts_ten_are_named():
    """A message is for reading; the report has the others."""
    accounts = [of_account(f"a{number}", ExitStatus.CREDENTIALS) for number in range(40)]

    lines = message(ExitStatus.CREDENTIALS, accounts=accounts).text.splitlines()

    assert ["a9: the API refused the credentials", "and 30 more accounts"] == lines[9:11]


def test_a_signal_stops_all_accounts_and_none_needs_somebody():
    """The title says what stopped them."""
    accounts = [of_account(name, ExitStatus.TERMINATED) for name in ("acme", "bravo")]

    told = message(ExitStatus.TERMINATED, accounts=accounts)

    assert told.title.endswith(": stopped by SIGTERM")
    assert "acme" not in told.text


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        ([ExitStatus.LOCKED, ExitStatus.ROWS_NEED_ATTENTION], True),
        ([ExitStatus.LOCKED, ExitStatus.LOCKED], False),
        ([ExitStatus.LOCKED, ExitStatus.DONE], False),
    ],
)
def test_an_account_that_another_run_holds_keeps_no_other_from_being_told(statuses, wanted):
    """Only where no other account has anything to tell is nothing sent."""
    assert wanted is is_wanted("attention", *statuses)


@pytest.mark.parametrize(
    ("account", "of_all", "unassigned"),
    [
        (ExitStatus.DONE, ExitStatus.ROWS_NEED_ATTENTION, ["a row of no account"]),
        (ExitStatus.LOCKED, ExitStatus.LOCKED, ["a row of no account"]),
        (ExitStatus.DONE, ExitStatus.REPORT, []),
    ],
)
def test_what_is_no_accounts_is_told_too(account, of_all, unassigned):
    """Rows of no account need somebody, and so does a report over all that could not be written."""
    data = {"accounts": [of_account("acme", account)], "unassigned": unassigned}

    assert is_wanted("attention", *statuses_in(data, of_all))


def test_nothing_is_told_of_accounts_that_others_hold():
    """The exit status of all says no more than theirs."""
    data = {"accounts": [of_account(name, ExitStatus.LOCKED) for name in ("acme", "bravo")], "unassigned": []}

    assert not is_wanted("end", *statuses_in(data, ExitStatus.LOCKED))
