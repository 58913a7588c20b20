"""A whole sheet is judged: what the job rules, where its documents are, and what other jobs have sent."""

from dataclasses import replace
from pathlib import Path

import pytest

from bulk_onboard import errors
from bulk_onboard.api.bundled import bundled_requirements
from bulk_onboard.job import load_job
from bulk_onboard.model.catalogue import Severity
from bulk_onboard.model.finding import Finding
from bulk_onboard.model.requirements import Combination
from bulk_onboard.model.sheet import Sheet, SheetRow
from bulk_onboard.pipeline.judge import judge, read_others
from tests.support.businesses import DOCUMENTS, HEADERS, business, document, write_documents
from tests.support.office import Office

FINDING = Finding("hidden-rows", details={"rows": "3 to 5"})


@pytest.fixture
def job(tmp_path):
    """The bare workbook as a job."""
    return load_job(tmp_path / "june.xlsx")


def sheet_of(rows, *, headers=HEADERS, findings=()):
    """A sheet as the reader gives it, without a file."""
    texts = [SheetRow(n, tuple(cells.get(h, "") for h in headers)) for n, cells in enumerate(rows, start=2)]
    return Sheet(Path("june.xlsx"), "June", "", 1, tuple(headers), findings=tuple(findings)).with_rows(texts)


async def judged(job, sheet, asked=None):
    """The judgement against the bundled requirements; what was asked for lands in `asked`."""

    async def ask(combinations):
        (asked if asked is not None else []).extend(combinations)
        return bundled_requirements()

    return await judge(job, sheet, ask)


async def test_what_the_reader_noticed_is_a_finding(job):
    """It stands with those of the columns, at the row of the headers."""
    judgement = await judged(job, sheet_of([business(1)], findings=[FINDING]))

    (finding,) = judgement.sheet_findings
    assert ("hidden-rows", "June", 1, Severity.WARNING) == (finding.code, finding.sheet, finding.row, finding.severity)
    assert "(3 to 5)" in finding.problem


async def test_the_job_switches_findings_off(job):
    """Of the sheet as well as of its rows."""
    ruled = replace(job, findings={"hidden-rows": "off", "state-unknown": "off"})
    sheet = sheet_of([business(1, State="Nowhere")], findings=[FINDING])

    before, after = await judged(job, sheet), await judged(ruled, sheet)

    assert {"hidden-rows", "state-unknown"} <= {finding.code for finding in before.findings}
    assert not {"hidden-rows", "state-unknown"} & {finding.code for finding in after.findings}


async def test_an_error_of_the_sheet_keeps_all_of_it_out(job):
    """What the job calls an error of the sheet stops the work like a column that is missing: nothing is sent."""
    ruled = replace(job, findings={"hidden-rows": "error"})

    with pytest.raises(errors.WorkbookError, match=r'"June" .* hidden-rows: The sheet hides rows \(3 to 5\)'):
        await judged(ruled, sheet_of([business(1)], findings=[FINDING]))


async def test_each_combination_is_asked_about_once(job):
    """Whatever the other cells hold, and however the cells write it."""
    asked = []
    kinds = ["local", "mobile", "local", "Mobile", ""]

    await judged(job, sheet_of([business(n, Number_Type=kind) for n, kind in enumerate(kinds)]), asked)

    assert [Combination("IN", kind, "business") for kind in ("", "local", "mobile")] == asked


async def test_documents_are_found_by_the_pattern(job, tmp_path):
    """Without columns for them; the one that is not there is told with the name it should have."""
    rows = [business(1), business(2)]
    for cells in rows:
        folder = tmp_path / cells["Registration Number"]
        folder.mkdir()
        for name in ("identity_proof.pdf", "address_proof.png", "business_registration.pdf"):
            (folder / name).write_bytes(document(f"{folder.name}/{name}"))
    (tmp_path / rows[1]["Registration Number"] / "identity_proof.pdf").unlink()
    headers = [header for header in HEADERS if header not in DOCUMENTS]

    judgement = await judged(
        replace(job, documents_pattern="{registration_number}/{type}.*"), sheet_of(rows, headers=headers)
    )

    first, second = judgement.rows
    assert 3 == len(first.application.documents)
    assert second.application is None
    (missing,) = (finding for finding in second.findings if finding.severity is Severity.ERROR)
    assert "document-not-found" == missing.code
    assert f"{rows[1]['Registration Number']}/identity_proof.*" == missing.seen


async def test_one_scan_for_all_is_told(job, tmp_path):
    """The very same file in several rows is a finding on each of them."""
    rows = [business(n, Identity_Proof="scan.pdf") for n in range(3)]
    write_documents(tmp_path, rows)

    judgement = await judged(job, sheet_of(rows))

    shared = [finding for finding in judgement.findings if finding.code == "document-shared"]
    assert [(2, 3, "scan.pdf"), (3, 3, "scan.pdf"), (4, 3, "scan.pdf")] == [
        (finding.row, finding.details["count"], finding.seen) for finding in shared
    ]


async def test_nothing_personal_is_in_its_repr(job):
    """Whatever asks for it gets neither cells nor applications, and loses no time over a long sheet."""
    judgement = await judged(job, sheet_of([business(1)]))

    assert "Invented Traders" not in repr(judgement)


async def test_a_business_of_another_job_is_not_sent_again(office: Office) -> None:
    """`--against` names the other job's ledger: what that has sent is told, whatever its Key here; the rest is sent."""
    office.fill([business(1), business(2)])
    await office.run()
    other = office.ledger.rename(office.folder / "june.ledger.jsonl")
    office.fill([business(number, Key=f"K-{number}") for number in (1, 2, 3)])

    result = await office.run(against=[str(other)])

    assert 3 == len(office.sandbox.state.records)
    assert (3, 2, 1) == (result.exit_status, result.counts["invalid"], result.counts["submitted"])


@pytest.mark.parametrize("content", [None, b"no ledger\n"])
def test_a_ledger_that_cannot_be_read_is_named(job, tmp_path, content):
    """One that is not there, and one that is none, stop the work before anything is asked or sent."""
    path = tmp_path / "other.ledger.jsonl"
    if content:
        path.write_bytes(content)

    with pytest.raises((errors.UsageError, errors.LedgerError), match=r"other\.ledger\.jsonl"):
        read_others(replace(job, against=(path,)))


def test_a_jobs_own_ledger_is_no_other_jobs(job, tmp_path):
    """However it is written: what it has sent is never sent twice anyway."""
    job.ledger.write_bytes(b"")
    (tmp_path / "link.jsonl").symlink_to(job.ledger)

    for path in (job.ledger, tmp_path / "x" / ".." / job.ledger.name, tmp_path / "link.jsonl"):
        with pytest.raises(errors.UsageError, match="is this job's own"):
            read_others(replace(job, against=(path,)))


@pytest.mark.parametrize("name", ["may.xlsx", "may.annotated.xlsx", "MAY.CSV"])
def test_workbook_is_no_ledger(job, tmp_path, name):
    """Whoever names another job's workbook is told where its ledger is, not that the ledger is damaged."""
    workbook = tmp_path / name
    workbook.write_bytes(b"PK")

    with pytest.raises(errors.UsageError) as caught:
        read_others(replace(job, against=(workbook,)))

    ledger = tmp_path / f"{name[:3]}.ledger.jsonl"
    assert f"{workbook} is a workbook. Name its ledger after --against: {ledger}." == str(caught.value)
