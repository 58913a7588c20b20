"""The report over all accounts: sums that add up, and nothing mixed up that accounts have alike."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bulk_onboard.model.command import Commands
from bulk_onboard.model.record import State
from bulk_onboard.reporting.only import only
from bulk_onboard.reporting.over_all import accounts_table, next_over_all, of_no_account, tables_over_all
from bulk_onboard.reporting.page.render import report_page
from bulk_onboard.reporting.quota_use import Minute, QuotaUse, together
from bulk_onboard.reporting.results_files import write_csv, write_jsonl
from bulk_onboard.reporting.row_status import JobStatus, without_ledger
from bulk_onboard.reporting.summary import AccountPart, Tables, make_tables
from bulk_onboard.reporting.summary_json import summary_data
from bulk_onboard.reporting.table import Link, Table
from bulk_onboard.reporting.target import is_ours
from tests.unit.reporting.samples import decision, facts, finding, ledger_state, record, run_story, status

WHOLE = Commands(job="job.toml")


def part(name: str, joined: JobStatus, *, ended: str = "", **changes: object) -> AccountPart:
    """One account's part in the report."""
    commands = Commands(job="job.toml", flags={"account": (name,)})
    made = make_tables(joined, facts(account=name, commands=commands, stopped=ended, **changes))
    return AccountPart(name=name, tables=made, ended=ended, reports={"xlsx": f"job.{name}.report.xlsx"})


def over_all(parts: Sequence[AccountPart], **changes: object) -> Tables:
    """The report over all accounts."""
    return tables_over_all(parts, facts(commands=WHOLE, **changes))


ROWS = [
    decision(2, key="K-1", findings=[finding(row=2)]),
    decision(3, key="K-2"),
    decision(4, key="K-2", duplicate_of=3),
    decision(5, is_example=True),
    decision(6, key="K-3"),
]


@pytest.fixture
def parts() -> list[AccountPart]:
    """Three accounts with rows, Keys and tokens alike, one of them without a readable ledger, and two rows of nobody.

    None has the same outcome for all.
    """
    acme = status(ROWS, ledger_state(record(3, review="approved"), record(9), runs=[run_story()]))
    bravo = status(
        ROWS,
        ledger_state(record(3, review="rejected"), record(6)),
        [finding("number-refused", row=6, details={"number": "911140000000", "why": "taken"})],
    )
    nobody = of_no_account(
        [finding(row=2), finding(row=7)],
        {2: decision(2, key="K-9", cells={"business_name": "Nobody's Traders"}).judged.row},
    )
    return [
        part("acme", acme),
        part("bravo", bravo, ended="The API refused the credentials."),
        part("charlie", without_ledger(ROWS), ended="The ledger is damaged in line 3."),
        AccountPart(name="", tables=make_tables(nobody, facts())),
    ]


def column(table: Table, name: str) -> list[object]:
    """The cells of one column."""
    place = table.headers.index(name)
    return [row[place] for row in table.rows]


def test_sums_add_up(parts: list[AccountPart]):
    """Figures over all are those of the lines, and each row that a line counts is a line of Results."""
    made = over_all(parts)
    lines, results = made.summary.accounts, column(made.results, "Account")

    for name in ("done", "waiting", "needs_us", "not_sent"):
        assert getattr(made.overview.figures, name) == sum(getattr(line.figures, name) for line in lines)
    assert sum(line.rows for line in lines) == len(results) == made.summary.counts.rows[-1][1] == 14
    assert [(line.name, line.rows) for line in lines] == [("acme", 4), ("bravo", 4), ("charlie", 4), ("no account", 2)]
    assert [line.rows for line in lines] == [results.count(name) for name in ("acme", "bravo", "charlie", None)]
    table = list(accounts_table(lines).rows)
    assert [sum(row[place] for row in table[:-1]) for place in range(1, 7)] == list(table[-1][1:7])


def test_totals_of_a_narrowed_report_add_up_too(parts: list[AccountPart]):
    """What --only leaves is counted in the lines and over all."""
    narrowed = [part(each.name, only(each.status, ("failed",))) for each in parts]

    made = over_all(narrowed, narrowed="Some.")

    counted = sum(line.rows for line in made.summary.accounts)
    assert counted == len(list(made.results.rows)) == made.overview.figures.needs_us == 1 + 2 + 3 + 2
    assert "Some." in made.summary.notices


def test_account_whose_ledger_cannot_be_read_needs_us(parts: list[AccountPart]):
    """Its rows are not known, whatever the sheet says of them; those that stand aside still do."""
    made = over_all(parts)
    rows = [row for row in made.results.rows if row[0] == "charlie"]
    state, reason = made.results.headers.index("State"), made.results.headers.index("Reason")

    assert ["not known", "not known", "duplicate", "not known"] == [row[state] for row in rows]
    assert "ledger cannot be read" in str(rows[0][reason])
    assert 3 == made.summary.accounts[2].figures.needs_us
    assert "The ledger is damaged in line 3." == made.summary.accounts[2].now
    assert "Accounts bravo and charlie did not finish: the table of the accounts says why." in made.summary.notices


def test_links_lead_to_the_account_s_own_lines(parts: list[AccountPart]):
    """Row numbers repeat from account to account; a problem leads to the row of its account, and back."""
    made = over_all(parts)
    results, problems = list(made.results.rows), list(made.problems.rows)
    row, count = made.results.headers.index("Row"), made.results.headers.index("Problems")

    seen = 0
    for line, problem in enumerate(problems, start=1):
        place = problem[1]
        if isinstance(place, Link):
            there = results[place.line - 1]
            back = there[count]
            assert (problem[0], place.number) == (there[0], there[row])
            assert isinstance(back, Link)
            assert back.line <= line
            seen += 1
    assert 6 == seen == len(problems)


def test_rows_of_no_account_are_invalid(parts: list[AccountPart]):
    """They stand at the end, without an account, and the first sheet says how many there are."""
    made = over_all(parts)
    last = [dict(zip(made.results.headers, row, strict=True)) for row in made.results.rows][-2:]

    assert [(None, "invalid", "K-9"), (None, "invalid", "")] == [
        (row["Account"], row["State"], row["Key"]) for row in last
    ]
    assert "2 rows name no account of the job: see the end of the sheet Problems." in made.summary.notices


def test_every_table_names_the_account(parts: list[AccountPart]):
    """Results, Problems, Not in the workbook and Runs begin with it."""
    made = over_all(parts)

    for table in (made.results, made.problems, made.not_in_workbook, made.runs):
        assert "Account" == table.headers[0]
    assert ["acme"] == column(made.not_in_workbook, "Account")
    assert ["acme"] == column(made.runs, "Account")


def test_csv_and_json_lines_name_the_account_and_are_known_again(parts: list[AccountPart], tmp_path: Path):
    """The account is the first field, and the files count as ours when they are replaced."""
    made, text, lines = over_all(parts), io.BytesIO(), io.BytesIO()

    write_csv(text, made)
    write_jsonl(lines, made)

    read = list(csv.DictReader(io.StringIO(text.getvalue().decode("utf-8-sig"))))
    objects = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert ["acme"] * 4 == [each["account"] for each in read[:4]]
    assert [each["account"] or None for each in read] == [
        None if e == "" else e for e in column(made.results, "Account")
    ]
    assert [each["part"] or None for each in read] == [each["part"] for each in objects]
    assert 3 + 2 == sum(each["part"] == "needs us" for each in objects if each["account"] in ("charlie", None))
    for form, content in (("csv", text), ("jsonl", lines)):
        (tmp_path / form).write_bytes(content.getvalue())
        assert is_ours(tmp_path / form, form)


def test_summary_for_programs_adds_up(parts: list[AccountPart]):
    """Figures and counts over all are those of the accounts and of the rows of none; each account has an object."""
    data = summary_data(over_all(parts))

    each = [*data["accounts"], data["no_account"]]
    for name, number in data["figures"].items():
        assert number == sum(one["figures"][name] for one in each)
    for name, number in data["counts"].items():
        assert number == sum(one["counts"].get(name, 0) for one in each)
    assert ["acme", "bravo", "charlie"] == [one["name"] for one in data["accounts"]]
    assert [None, "The API refused the credentials.", "The ledger is damaged in line 3."] == [
        one["ended"] for one in data["accounts"]
    ]
    assert [True, True, False] == [one["ledger_readable"] for one in data["accounts"]]
    assert {"xlsx": "job.acme.report.xlsx"} == data["accounts"][0]["reports"]
    assert "bulk-onboard/summary/1" == data["schema"]


def test_page_has_the_accounts_and_leads_to_their_reports(parts: list[AccountPart]):
    """A line for each, with a link to its own report, and the total."""
    page = report_page(over_all(parts)).decode()

    assert 'href="job.acme.report.xlsx"' in page
    assert "The ledger is damaged in line 3." in page
    assert page.index('id="accounts"') < page.index('id="attention"') < page.index('id="results"')
    assert "account by account" in page


def test_report_of_one_account_has_no_column_of_accounts(parts: list[AccountPart]):
    """It is as that of a job without accounts, and its title names the account."""
    made = parts[0].tables

    assert "Account" not in made.results.headers
    assert "Report on businesses.xlsx, account acme" == made.summary.title
    assert 'id="accounts"' not in report_page(made).decode()
    assert () == made.summary.accounts


def test_masked_report_leads_to_no_report_with_names(parts: list[AccountPart]):
    """The accounts' own reports have every name, so a masked one does not lead there."""
    masked = [
        AccountPart(name=each.name, tables=make_tables(each.status, facts(redact=True)), reports=each.reports)
        for each in parts
    ]

    made = over_all(masked, redact=True)

    assert [{}] * 4 == [dict(line.reports) for line in made.summary.accounts]
    assert "Nobody's Traders" not in json.dumps(summary_data(made)) + report_page(made).decode()


def test_next_command_over_all(parts: list[AccountPart]):
    """What waits for an answer in one account comes first, then the marked copy, then a run; else the status."""
    acme = status([decision(3)], ledger_state(record(3)))
    held = status([decision(3)], ledger_state(record(3, State.HELD)))
    done, waits = part("acme", acme), part("bravo", held)

    assert "bulk-onboard status job.toml" == next_over_all([done], WHOLE)
    assert "bulk-onboard run job.toml" == next_over_all(parts, WHOLE)
    assert WHOLE.merge_and_run() == next_over_all(parts, WHOLE, merge=WHOLE.merge())
    assert next_over_all([done, waits], WHOLE, merge=WHOLE.merge()).startswith("bulk-onboard resolve job.toml ")
    assert "bulk-onboard run job.toml" == next_over_all([waits], WHOLE, continued=True)
    assert "bulk-onboard status job.toml" == next_over_all([done, parts[2]], WHOLE)


def use(first: int, requests: Sequence[int], allowed: float | None = 60.0) -> QuotaUse:
    """Requests of minutes one after the other, from this minute of an hour on."""
    minutes = (Minute(datetime(2026, 1, 2, 9, first + n, tzinfo=UTC), each) for n, each in enumerate(requests))
    return QuotaUse(tuple(minutes), allowed)


def test_requests_of_runs_at_one_time_are_added_up():
    """So are their quotas; an account whose run was over before has no part in either."""
    made = together([use(0, [9, 9]), use(10, [50, 40]), use(11, [60, 60, 5])])

    assert made is not None
    assert [50, 100, 60, 5] == [each.requests for each in made.minutes]
    assert (120.0, 2, " of 2 accounts") == (made.allowed, made.accounts, made.of_whom)


def test_no_limit_of_one_account_is_none_for_all():
    """Where an account has no quota, the sum says nothing; and where no requests are known there is no chart."""
    made = together([use(0, [1], None), use(0, [2])])

    assert made is not None
    assert made.allowed is None
    assert together([]) is None


def test_two_findings_of_a_row_of_no_account_are_one_row():
    """A row counts once, however much is wrong with it."""
    found = [finding(row=4), finding(row=4, column="State")]

    (row,) = of_no_account(found, {}).rows

    assert 2 == len(row.findings)
