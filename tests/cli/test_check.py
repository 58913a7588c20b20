"""`check`: what is printed, what `--json` holds, and what one kind of finding means."""

import json
from pathlib import Path

import openpyxl
import pytest

from bulk_onboard.cli.output import print_json
from bulk_onboard.model.catalogue import CATALOGUE
from tests.support.businesses import aged, business
from tests.support.office import Office, typed


async def test_errors_are_told_and_marked(office: Office) -> None:
    """Each finding has its line, the marked copy and the command that takes it over are named, and nothing is sent."""
    office.fill([business(1), business(2, City="")])

    told = await office.type("check", "--offline")

    assert 3 == told.status
    lines = told.out.splitlines()
    assert "1 of 2 rows would be sent; 1 has errors." == lines[0]
    assert "Required field missing (1 error: field-missing)" in lines
    assert "  row 3: City is required and the cell is blank." in lines
    assert "  How to fix it: Fill in the cell." in lines
    marked = office.folder / "businesses.annotated.xlsx"
    assert f"Marked in: {marked}" in told.out
    (command,) = [line.partition("type: ")[2] for line in told.out.splitlines() if "type: " in line]
    first, second = command.split(" && ")
    assert first.startswith(f"bulk-onboard merge {office.workbook} ")
    assert second.startswith(f"bulk-onboard run {office.workbook} ")
    assert openpyxl.load_workbook(marked)["Businesses"]
    assert not office.sandbox.state.records


async def test_a_sheet_of_headers_alone_is_no_sheet_without_problems(office: Office) -> None:
    """It says what is missing; to run it would do nothing, so the next command is to check again."""
    office.fill([])

    told = await office.type("check", "--offline")

    lines = told.out.splitlines()
    assert 0 == told.status
    assert "There is no business in the sheet yet. Fill in a row for each, and save it." == lines[0]
    assert "No problems were found." not in lines
    assert lines[-1].startswith(f"Next: bulk-onboard check {office.workbook}")


@pytest.mark.parametrize("by", ["merge", "copy"])
async def test_the_marked_copy_is_mended_and_run(office: Office, by: str) -> None:
    """Merged first, as `check` says, or run by itself: it is the same job, and no row is sent twice."""
    office.fill([business(1), business(2, City="")])
    await office.type("run")
    told = json.loads((await office.type("check", "--json")).out)
    marked = openpyxl.load_workbook(told["annotated"])
    marked["Businesses"].cell(3, [cell.value for cell in marked["Businesses"][1]].index("City") + 1, "Bengaluru")
    marked.save(told["annotated"])
    aged(Path(told["annotated"]))

    if by == "merge":
        ran = [await typed(*command.split()[1:], cwd=office.folder) for command in told["next"].split(" && ")]
    else:
        ran = [await office.type("run", job=Path(told["annotated"]))]

    assert [0] * len(ran) == [each.status for each in ran], [each.err for each in ran]
    assert 2 == len(office.sandbox.state.records)


async def test_run_names_the_marked_copy_as_check_does(office: Office) -> None:
    """The unmarked file would give the same errors again; without a copy there is nothing to merge."""
    office.fill([business(1), business(2, City="")])

    told = await office.type("run", "--annotate")
    unmarked = await office.type("run")

    marked = office.folder / "businesses.annotated.xlsx"
    assert (3, 3) == (told.status, unmarked.status), told.err
    assert any(line.split() == ["Marked", "copy", str(marked)] for line in told.out.splitlines())
    assert f"Next: bulk-onboard merge {office.workbook} " in told.out
    assert f"Next: bulk-onboard run {office.workbook} " in unmarked.out


async def test_what_the_copy_lacks_is_told_beside_it(office: Office) -> None:
    """On stdout, between the copy's name and what to type; with --json on stderr."""
    office.fill([business(1), business(2)])
    book = openpyxl.load_workbook(office.workbook)
    book["Businesses"]["G2"] = "=1+1"
    book.save(office.workbook)

    told = await office.type("check", "--offline")
    whole = await office.type("check", "--offline", "--json")

    lines = told.out.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("Marked in:"))
    assert lines[place + 1].startswith("Some formulas have no result in this copy.")
    assert lines[place + 2].startswith("Fix it there")
    assert "Some formulas" not in told.err
    assert "Some formulas" in whole.err


async def test_record_of_another_row_is_told(office: Office) -> None:
    """What only shows once the ledger is known is a finding like any other."""
    office.fill([business(1)])
    await office.type("run")
    book = openpyxl.load_workbook(office.workbook)
    sheet = book["Businesses"]
    (record,) = office.sandbox.state.records
    sheet.append([cell.value for cell in sheet[2]])
    sheet.cell(1, sheet.max_column + 1, "bo_key")
    sheet.cell(2, sheet.max_column, record.alias)
    sheet["D2"] = business(2)["Registration Number"]
    book.save(office.workbook)

    told = await office.type("check")
    whole = json.loads((await office.type("check", "--json")).out)

    assert 3 == told.status == whole["exit_status"]
    assert "record-of-another-row" in told.out
    assert ("record-of-another-row", 3) in [(finding["code"], finding["row"]) for finding in whole["findings"]]


def test_json_takes_whatever_a_file_may_be_called(capsys: pytest.CaptureFixture[str]) -> None:
    """A path is its text; a name that is no UTF-8 is escaped, and breaks nothing."""
    usual, odd = {"report": Path("/tmp/नाम.xlsx")}, {"report": Path("/tmp/\udcff.xlsx")}

    for data in (usual, odd):
        print_json(data)

        assert {"report": str(data["report"])} == json.loads(capsys.readouterr().out)


async def test_warnings_alone_are_no_error(office: Office) -> None:
    """They are told, nothing is marked, and the exit status is 0."""
    office.fill([business(1, State="Nowhere")])

    told = await office.type("check", "--offline")

    assert 0 == told.status
    assert "(1 warning: state-unknown)" in told.out
    assert "Marked in" not in told.out


@pytest.mark.parametrize("verb", ["check", "plan"])
async def test_sheet_without_a_business_is_not_called_sound(office: Office, verb: str) -> None:
    """It says that there is nothing yet, and the next command is no run."""
    office.fill([])

    told = await office.type(verb)

    assert 0 == told.status
    assert told.out.startswith("There is no business in the sheet yet.")
    assert "No problems" not in told.out
    assert "Next: bulk-onboard check " in told.out


async def test_json_holds_every_finding_whole(office: Office) -> None:
    """Also where the text would tell very many alike once."""
    office.fill([business(number, City="") for number in range(150)])

    told = json.loads((await office.type("check", "--offline", "--json")).out)

    missing = [finding for finding in told["findings"] if finding["code"] == "field-missing"]
    assert list(range(2, 152)) == [finding["row"] for finding in missing]
    assert {
        "code": "field-missing",
        "title": "Required field missing",
        "severity": "error",
        "sheet": "Businesses",
        "row": 2,
        "column": "City",
        "seen": "",
        "problem": "City is required and the cell is blank.",
        "fix": "Fill in the cell.",
    } == missing[0]


async def test_a_kind_is_explained_without_a_job(tmp_path) -> None:
    """Title, severity, sentence, mend, and the line that rules it."""
    told = await typed("check", "--explain", "state-unknown", cwd=tmp_path)
    data = json.loads((await typed("check", "--explain", "state-unknown", "--json", cwd=tmp_path)).out)

    assert 0 == told.status
    assert told.out.startswith("state-unknown: Unknown state (warning)\n")
    assert '    [findings]\n    state-unknown = "off"\n' in told.out
    kind = CATALOGUE["state-unknown"]
    assert (kind.problem, kind.fix, True, None) == tuple(
        data[name] for name in ("problem", "fix", "may_be_ruled", "ruling")
    )


async def test_a_job_says_what_it_rules(tmp_path) -> None:
    """With JOB the explanation has the job's own word too; its workbook need not be there."""
    (tmp_path / "job.toml").write_text('workbook = "gone.xlsx"\n[findings]\nstate-unknown = "error"\n')

    told = await typed("check", "job.toml", "--explain", "state-unknown", cwd=tmp_path)

    assert told.out.endswith("This job makes it: error.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--explain", "state-unknwon"], "There is no finding 'state-unknwon'. Did you mean state-unknown?"),
        (["--explain", "zzz"], "There is no finding 'zzz'. docs/findings.md lists them all."),
        ([], "JOB is missing, and this folder has no job.toml."),
    ],
)
async def test_what_cannot_be_done_is_a_usage_error(tmp_path, words, sentence) -> None:
    """A stranger among the codes is shown with its neighbour; a missing JOB is named."""
    told = await typed("check", *words, cwd=tmp_path)

    assert 2 == told.status
    assert sentence in told.err
