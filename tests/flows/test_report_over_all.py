"""The report over all accounts, and the marked copy of the workbook that they share, after real runs."""

import csv
import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from bulk_onboard.api.credentials import Credentials, Secret
from bulk_onboard.clock import SystemClock
from bulk_onboard.errors import ExitStatus
from bulk_onboard.job import load_jobs
from bulk_onboard.pipeline.accounts import AllResults, run_jobs
from bulk_onboard.pipeline.stop import Stop
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import aged, business, data_sheet
from tests.support.office import Office, credentials_of, environ_of, typed

THREE = ("acme", "bravo", "carol")
FIVE = ("acme", "bravo", "carol", "dora", "emil")


async def run(office: Office, *, credentials: dict[str, Credentials] | None = None, **flags: Any) -> AllResults:
    """A run of all accounts, or of those in `account`."""
    jobs = load_jobs(office.job_file, flags)
    right = {job.account: credentials_of(job.account) for job in jobs}
    return await run_jobs(jobs, credentials=right | (credentials or {}), clock=SystemClock(), stop=Stop())


def summary(office: Office) -> dict[str, Any]:
    """What `summary.json` over all accounts has."""
    found = json.loads((office.folder / "businesses.summary.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def accounts_table(office: Office) -> dict[str, dict[str, Any]]:
    """The lines of the table of accounts on the sheet Summary, by account."""
    rows = openpyxl.load_workbook(office.report)["Summary"].iter_rows(values_only=True)
    lines = [[cell for cell in row if cell is not None] for row in rows]
    start = next(place for place, line in enumerate(lines) if line[:2] == ["Account", "Rows"])
    end = next(place for place, line in enumerate(lines) if place > start and line[:1] == ["Total"])
    return {str(line[0]): dict(zip(lines[start], line, strict=False)) for line in lines[start + 1 : end + 1]}


def damage(ledger: Path) -> None:
    """Spoil a line in the middle of a ledger."""
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join((*lines[:2], b"damaged\n", *lines[3:])))


def adds_up(office: Office) -> None:
    """Figures over all are the sum of the lines, and each counted row is a line of Results."""
    said, lines, results = summary(office), accounts_table(office), office.sheet("Results")
    total = lines.pop("Total")
    for name in ("Rows", "Done", "Waiting", "Needs us"):
        assert total[name] == sum(line[name] for line in lines.values())
    each = [*said["accounts"], *filter(None, [said["no_account"]])]
    for group in ("figures", "counts"):
        for name, number in said[group].items():
            assert number == sum(one[group].get(name, 0) for one in each), name
    assert total["Rows"] == said["counts"]["rows"] == len(results)
    by_account = Counter(row["Account"] or "no account" for row in results)
    assert by_account == {name: line["Rows"] for name, line in lines.items() if line["Rows"]}


async def test_twelve_accounts(office: Office) -> None:
    """Every row of every account is in Results once, under its account and the row number of the shared sheet."""
    names = tuple(f"customer-{number}" for number in range(12))
    office.open_accounts(*names)
    office.fill(36)

    results = await run(office)

    assert {"xlsx": office.report, "html": office.report.with_suffix(".html")}.items() <= results.reports.items()
    rows = office.sheet("Results")
    assert [(names[number % 12], number + 2) for number in range(36)] == sorted(
        ((row["Account"], row["Row"]) for row in rows), key=lambda each: each[1]
    )
    assert {"submitted"} == {row["State"] for row in rows}
    assert list(names) == list(dict.fromkeys(row["Account"] for row in office.sheet("Runs")))
    assert "bulk-onboard status" in results.next
    adds_up(office)


async def test_keys_and_numbers_of_rows_repeat_over_workbooks(office: Office) -> None:
    """Accounts with workbooks of their own have the same row numbers and Keys; problems lead to their own rows."""
    office.open_accounts("acme", "bravo", keys={"bravo": {"workbook": "other.xlsx"}})
    office.fill([business(1, Key="K-1", Account="acme"), business(2, Key="K-2", Account="acme", Email="nobody")])
    shared = list(office.rows)
    office.fill([business(11, Key="K-1", Email="none"), business(12, Key="K-2")])
    office.workbook.rename(office.folder / "other.xlsx")
    office.fill(shared)

    await run(office)

    found = {(row["Account"], row["Row"], row["Key"]): row["State"] for row in office.sheet("Results")}
    assert {
        ("acme", 2, "K-1"): "submitted",
        ("acme", 3, "K-2"): "invalid",
        ("bravo", 2, "K-1"): "invalid",
        ("bravo", 3, "K-2"): "submitted",
    } == found
    book = openpyxl.load_workbook(office.report)
    linked = [row for row in book["Problems"].iter_rows(min_row=2) if row[1].hyperlink]
    assert {("acme", 3), ("bravo", 2)} <= {(row[0].value, row[1].value) for row in linked}
    for problem in linked:
        line = int(problem[1].hyperlink.location.rpartition("!A")[2])
        there = [cell.value for cell in book["Results"][line]]
        assert [problem[0].value, problem[1].value] == there[:2]
    adds_up(office)


async def test_accounts_that_could_not_begin(office: Office) -> None:
    """Of five accounts one is refused, one held, one damaged: each says why, its rows count, and sums add up."""
    tokens = {credentials_of(name).auth_id: credentials_of(name).auth_token.reveal() for name in FIVE}
    async with Sandbox(credentials=tokens) as strict:
        office.sandbox = strict
        office.open_accounts(*FIVE)
        office.fill(10)
        await run(office, account=("bravo", "carol", "dora"))
        office.fill([*office.rows, business(98, Account=""), business(99, Account="nobody")])
        damage(office.ledger_of("carol"))
        wrong = {"dora": Credentials(credentials_of("dora").auth_id, Secret("wrong"))}
        (held,) = load_jobs(office.job_file, {"account": ("bravo",)})

        async with held.store.opened(auth_id=credentials_of("bravo").auth_id, clock=SystemClock()):
            results = await run(office, credentials=wrong)

    assert ExitStatus.LEDGER == results.exit_status
    table = accounts_table(office)
    assert [line["Rows"] for line in list(table.values())[:5]] == [each.counts["rows"] for each in results.results]
    assert {"carol": 2} == {each.account: n for each in results.results if (n := each.counts.get("not known"))}
    now = {name: line["What comes next"] for name, line in table.items() if "What comes next" in line}
    assert "damaged" in now["carol"]
    assert now["bravo"].startswith("Another run ")
    assert "refused the credentials" in now["dora"]
    assert {"acme": 0, "bravo": 0, "carol": 2, "dora": 0, "emil": 0, "no account": 2} == {
        name: line["Needs us"] for name, line in table.items() if name != "Total"
    }
    assert {"not known"} == {row["State"] for row in office.sheet("Results") if row["Account"] == "carol"}
    assert ["invalid", "invalid"] == [row["State"] for row in office.sheet("Results") if row["Account"] is None]
    assert {"account-missing", "account-unknown"} == {
        row["Code"] for row in office.sheet("Problems") if row["Account"] is None
    }
    adds_up(office)


async def test_where_nothing_was_begun_there_is_no_report(office: Office) -> None:
    """As for one job: all accounts were refused, so there is nothing to tell but why."""
    async with Sandbox(credentials={credentials_of("acme").auth_id: "another"}) as strict:
        office.sandbox = strict
        office.open_accounts(*THREE)
        office.fill(3)

        results = await run(office)

    assert (ExitStatus.CREDENTIALS, {}) == (results.exit_status, results.reports)
    assert not office.report.exists()
    assert results.next.startswith("bulk-onboard run ")


async def test_report_writes_each_account_s_and_the_one_over_all(office: Office) -> None:
    """Again from workbook and ledgers; an account whose ledger is damaged has none of its own, and says why."""
    office.open_accounts(*THREE)
    office.fill([*(business(number) for number in range(6)), business(6, Account="nobody's")])
    await run(office)
    for path in office.folder.glob("*.report.*"):
        path.unlink()
    damage(office.ledger_of("bravo"))

    told = await office.type("report", "--json")

    assert (6, str(office.report)) == (told.status, told.json["report"])
    assert office.report_of("acme").exists()
    assert not office.report_of("bravo").exists()
    assert [False, True, False] == ["error" in each for each in told.json["accounts"]]
    assert "Account bravo: " in told.err
    assert {"rows": 7, "not known": 2, "invalid": 1}.items() <= told.json["counts"].items()
    assert summary(office)["counts"] == told.json["counts"]
    adds_up(office)


async def test_report_of_one_account_is_its_own_alone(office: Office) -> None:
    """With --account nothing is written over all, and the title names the account."""
    office.open_accounts(*THREE)
    office.fill(6)
    await run(office)
    office.report.unlink()

    told = await office.type("report", "--account", "bravo")

    assert 0 == told.status
    assert not office.report.exists()
    title = openpyxl.load_workbook(office.report_of("bravo"))["Summary"]["A1"].value
    assert "Report on businesses.xlsx, account bravo" == title


async def test_picked_account_without_a_ledger_says_why_it_has_no_report(office: Office) -> None:
    """The others' are written; many files are counted as files, since an account has one in each format."""
    office.open_accounts(*FIVE)
    office.fill(5)
    await run(office, account=("acme",))

    picked = await office.type("report", "--account", "acme", "--account", "bravo")
    await run(office)
    whole = await office.type("report")

    assert 0 == picked.status
    assert [office.report_of("acme").name] == [Path(path).name for path in picked.out.split() if path.endswith("xlsx")]
    assert f"Account bravo has no report, since nothing was begun: there is no ledger {office.ledger_of('bravo')}." in (
        picked.err
    )
    assert f"15 files of single accounts, such as {office.report_of('acme')}" in whole.out
    assert "" == whole.err


async def test_output_and_only_work_over_all(office: Office) -> None:
    """One file, with the accounts' rows in it; the accounts' own reports and the full one stay as they are."""
    office.open_accounts(*THREE)
    office.fill([*(business(number) for number in range(3)), business(3, Account="bravo", Email="none")])
    await run(office)
    before = {path: path.read_bytes() for path in office.folder.glob("*.report.*")}

    whole = await office.type("report", "--output", "all.csv")
    some = await office.type("report", "--only", "failed", "--format", "csv")
    printed = await office.type("report", "--output", "-", "--format", "jsonl", "--account", "carol")

    assert (0, 0, 0) == (whole.status, some.status, printed.status)
    rows = list(csv.DictReader((office.folder / "all.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert ["acme", "bravo", "bravo", "carol"] == [row["account"] for row in rows]
    (failed,) = csv.DictReader(Path(some.out.strip()).read_text(encoding="utf-8-sig").splitlines())
    assert ("bravo", "5") == (failed["account"], failed["row"])
    assert "account" not in json.loads(printed.out)
    assert before == {path: path.read_bytes() for path in before}


async def test_nothing_can_be_reported_before_any_run(office: Office) -> None:
    """No account has a ledger: a usage error, and nothing is written."""
    office.open_accounts(*THREE)
    office.fill(3)

    told = await office.type("report")

    assert 2 == told.status
    assert "There is no ledger" in told.err
    assert not list(office.folder.glob("*.report.*"))


def fixed(path: Path, cells: dict[str, Any]) -> None:
    """Write cells as somebody does in a spreadsheet program, and save."""
    book = openpyxl.load_workbook(path)
    for place, value in cells.items():
        data_sheet(book)[place] = value
    book.save(path)
    aged(path)


def cells(path: Path, column: str) -> list[Any]:
    """The cells of a column, without its header."""
    header, *rows = data_sheet(openpyxl.load_workbook(path)).iter_rows(values_only=True)
    return [row[header.index(column)] for row in rows]


def place_of(path: Path, column: str, row: int) -> str:
    """What Excel calls the cell."""
    sheet = data_sheet(openpyxl.load_workbook(path))
    position = next(cell.column for cell in sheet[1] if cell.value == column)
    return str(sheet.cell(row, position).coordinate)


async def test_one_marked_copy_of_the_shared_workbook(office: Office) -> None:
    """It has what was found in the rows of all accounts and of none, each row under its own state."""
    office.open_accounts(*THREE)
    rows = [business(number) for number in range(6)]
    rows[0]["Email"], rows[4]["Email"] = "none", "nothing"  # acme's first and bravo's second
    office.fill([*rows, business(6, Account="dora")])

    results = await run(office, annotate=True)

    copy = office.folder / "businesses.annotated.xlsx"
    assert (copy,) == results.annotated
    assert [None] * 3 == [result.annotated for result in results.results]
    assert [copy] == list(office.folder.glob("*.annotated*"))
    assert ["invalid", "pending", "pending", "pending", "invalid", "pending", "invalid"] == cells(copy, "bo_state")
    marked = {
        cell.coordinate
        for row in data_sheet(openpyxl.load_workbook(copy)).iter_rows(min_row=2)
        for cell in row
        if cell.comment
    }
    assert {place_of(copy, "Email", 2), place_of(copy, "Email", 6), place_of(copy, "Account", 8)} <= marked
    assert results.next.startswith("bulk-onboard merge ")


async def test_marked_copy_finds_its_way_back_for_every_account(office: Office) -> None:
    """What was fixed for two accounts and for a row of none is taken, filed once, and nothing else changes."""
    office.open_accounts(*THREE)
    rows = [business(number) for number in range(6)]
    rows[0]["Email"], rows[4]["Email"] = "none", "nothing"
    office.fill([*rows, business(6, Account="dora")])
    await run(office, annotate=True)
    copy = office.folder / "businesses.annotated.xlsx"
    fixed(
        copy,
        {
            place_of(copy, "Email", 2): "one@example.com",
            place_of(copy, "Email", 6): "two@example.com",
            place_of(copy, "Account", 8): "carol",
        },
    )

    told = await office.type("merge", "--json")
    after = await run(office)

    assert (0, 3, []) == (told.status, told.json["cells"], told.json["left"])
    assert ExitStatus.DONE == after.exit_status
    assert {"acme": 2, "bravo": 2, "carol": 3} == {name: len(office.at(name).state.records) for name in THREE}
    assert ["one@example.com", "two@example.com"] == [cells(office.workbook, "Email")[place] for place in (0, 4)]


async def test_a_filed_row_stays_its_account_s_record_when_its_number_is_fixed(office: Office) -> None:
    """`bo_key` is a token of the row's own account, so the merged row is still that record."""
    office.open_accounts(*THREE)
    office.fill(3)
    await run(office)
    record = office.at("bravo").state.records[0]
    office.at("bravo").state.review(record, "rejected", "Wrong number.")
    await run(office, annotate=True)
    copy = office.folder / "businesses.annotated.xlsx"
    token = next(iter(office.ledger_state("bravo").records))
    assert f"~{token}" == cells(copy, "bo_key")[1]
    fixed(copy, {place_of(copy, "Registration Number", 3): "U72999KA2020PTC199999"})

    told = await office.type("merge", "--account", "acme", "--json")
    await run(office)

    assert (0, 2) == (told.status, told.json["cells"])
    assert f"~{token}" == cells(office.workbook, "bo_key")[1]
    assert {"acme": 1, "bravo": 1, "carol": 1} == {name: len(office.at(name).state.records) for name in THREE}


async def test_marked_copy_of_a_picked_account_keeps_the_keys_of_the_others(office: Office) -> None:
    """Where the copy itself is run, the rows of accounts that are not picked keep their `bo_key`."""
    office.open_accounts(*THREE)
    rows = [business(number) for number in range(6)]
    rows[3]["Email"] = "none"
    office.fill(rows)
    await run(office, annotate=True)
    first = office.folder / "businesses.annotated.xlsx"
    before = cells(first, "bo_key")
    fixed(first, {})

    await run(office, account=("bravo",), workbook=str(first), annotate=True)
    fixed(first, {place_of(first, "Email", 6): "none"})
    await office.run(account=("bravo",), workbook=str(first), annotate=True)

    second = office.folder / "businesses.annotated-2.xlsx"
    assert second.exists()
    assert before == cells(second, "bo_key")


async def test_failed_rows_of_all_accounts_are_one_workbook(office: Office) -> None:
    """To hand on, with the rows that need somebody in any account, and of no account; merge takes it back."""
    office.open_accounts(*THREE)
    rows = [business(number) for number in range(6)]
    rows[0]["Email"], rows[4]["Email"] = "none", "nothing"
    office.fill([*rows, business(6, Account="dora")])
    await run(office)

    told = await office.type("report", "--failed-rows", "to_fix.xlsx")

    assert 0 == told.status
    handed = office.folder / "to_fix.xlsx"
    assert ["acme", "bravo", "dora"] == [name for name in cells(handed, "Account") if name]
    fixed(handed, {place_of(handed, "Email", 2): "one@example.com"})
    back = await office.type("merge", "--copy", "to_fix.xlsx", "--json")
    assert (0, 1) == (back.status, back.json["cells"])


async def test_merge_leaves_rows_of_an_account_whose_ledger_cannot_be_read(office: Office) -> None:
    """Nobody knows whether they are filed; the others' are taken."""
    office.open_accounts(*THREE)
    rows = [business(number) for number in range(6)]
    rows[0]["Email"], rows[4]["Email"] = "none", "nothing"
    office.fill(rows)
    await run(office, annotate=True)
    copy = office.folder / "businesses.annotated.xlsx"
    fixed(copy, {place_of(copy, "Email", 2): "one@example.com", place_of(copy, "Email", 6): "two@example.com"})
    damage(office.ledger_of("acme"))

    told = await office.type("merge", "--account", "bravo", "--json")

    assert (3, 1) == (told.status, told.json["cells"])
    assert "Row 2 is left as it is. The ledger of account acme cannot be read" in told.json["left"][0]


async def test_merge_of_all_accounts_where_the_first_has_a_damaged_ledger(office: Office) -> None:
    """The rows of the others are taken all the same, whether accounts were named or not."""
    office.open_accounts(*THREE)
    rows = [business(number) for number in range(6)]
    rows[0]["Email"], rows[4]["Email"] = "none", "nothing"
    office.fill(rows)
    await run(office, annotate=True)
    copy = office.folder / "businesses.annotated.xlsx"
    fixed(copy, {place_of(copy, "Email", 2): "one@example.com", place_of(copy, "Email", 6): "two@example.com"})
    damage(office.ledger_of("acme"))

    told = await office.type("merge", "--json")

    assert (3, 1) == (told.status, told.json["cells"])
    assert "Row 2 is left as it is. The ledger of account acme cannot be read" in told.json["left"][0]


async def test_sheets_that_accounts_share_have_marked_copies_of_their_own(office: Office) -> None:
    """Where accounts take their rows from different sheets of the job's workbook, the next command is about one."""
    names = ("acme", "bravo")
    office.open_accounts(*names, keys={name: {"sheet": name} for name in names}, annotate=True)
    office.fill([business(2)])
    office.fill([business(1, Email="none")])
    book = openpyxl.load_workbook(office.workbook)
    first = data_sheet(book)
    first.title = "acme"
    book.copy_worksheet(first).title = "bravo"
    for header, cell in zip(first[1], book["bravo"][2], strict=True):
        cell.value = (business(2, Email="nothing") | {"Account": "bravo"}).get(str(header.value))
    book.save(office.workbook)

    checked = await office.type("check", "--offline", "--json")
    results = await run(office)

    copies = [office.folder / f"businesses.{name}.annotated.xlsx" for name in names]
    assert list(map(str, copies)) == checked.json["annotated"]
    assert copies == list(results.annotated)
    for told in (checked.json["next"], results.next):
        assert "merge" in told.partition(" && ")[0]
        assert "--account acme" in told.partition(" && ")[0]


async def test_sheets_of_one_file_have_marked_copies_of_their_own(office: Office) -> None:
    """Neither takes the other's place; each is merged for its account, and both files' cells are in the workbook."""
    own = {name: {"workbook": "two.xlsx", "sheet": name} for name in ("acme", "bravo")}
    office.open_accounts("acme", "bravo", keys=own, annotate=True)
    office.fill([business(1, Email="none")])
    office.workbook.rename(office.folder / "two.xlsx")
    book = openpyxl.load_workbook(office.folder / "two.xlsx")
    first = data_sheet(book)
    first.title = "acme"
    book.copy_worksheet(first).title = "bravo"
    for header, cell in zip(first[1], book["bravo"][2], strict=True):
        cell.value = business(2, Email="nothing").get(str(header.value))
    book.save(office.folder / "two.xlsx")
    office.fill([business(2)])

    checked = await office.type("check", "--offline", "--json")
    results = await run(office)

    copies = [office.folder / f"two.{name}.annotated.xlsx" for name in ("acme", "bravo")]
    assert list(map(str, copies)) == checked.json["annotated"]
    assert copies == [result.annotated for result in results.results]
    told = []
    for copy, name in zip(copies, own, strict=True):
        marked = openpyxl.load_workbook(copy)
        place = next(cell for row in marked[name].iter_rows(min_row=2) for cell in row if cell.comment)
        place.value = f"{name}@example.com"
        marked.save(copy)
        aged(copy)
        told.append(await office.type("merge", "--account", name, "--json"))
    assert [(0, 1), (0, 1)] == [(each.status, each.json["cells"]) for each in told]
    assert list(map(str, copies)) == [each.json["copy"] for each in told]
    after = openpyxl.load_workbook(office.folder / "two.xlsx")
    emails = [
        sheet.cell(2, [cell.value for cell in sheet[1]].index("Email") + 1).value
        for sheet in map(after.__getitem__, own)
    ]
    assert ["acme@example.com", "bravo@example.com"] == emails


async def test_next_command_where_only_some_share_the_workbook(office: Office) -> None:
    """It names an account, since nobody else could tell whose copy is meant; and works when it is pasted."""
    office.open_accounts("acme", "bravo", "carol", keys={"carol": {"workbook": "other.xlsx"}})
    office.fill([business(11, Account="carol")])
    office.workbook.rename(office.folder / "other.xlsx")
    office.fill([business(1, Account="acme", Email="none"), business(2, Account="bravo")])

    results = await run(office, annotate=True)

    merge, _, after = results.next.partition(" && ")
    assert "--account acme" in merge
    assert "--account" not in after
    copy = office.folder / "businesses.annotated.xlsx"
    fixed(copy, {place_of(copy, "Email", 2): "one@example.com"})
    told = await typed(*shlex.split(merge)[1:], cwd=office.folder, **environ_of(office.accounts))
    assert (0, "one@example.com") == (told.status, cells(office.workbook, "Email")[0])


async def test_rows_of_a_frame_that_are_nobody_s(office: Office) -> None:
    """They count, too; a workbook that lies there says nothing of them."""
    office.open_accounts(*THREE)
    office.fill(6)
    rows = pd.DataFrame([*office.rows, business(7, Account="dora")])
    jobs = load_jobs(office.job_file)
    right = {job.account: credentials_of(job.account) for job in jobs}

    results = await run_jobs(jobs, credentials=right, clock=SystemClock(), stop=Stop(), frame=rows)

    assert 1 == len(results.unassigned)
    assert [(None, 8, None)] == [
        (row["Account"], row["Row"], row["Key"]) for row in office.sheet("Results") if row["State"] == "invalid"
    ]
    adds_up(office)
