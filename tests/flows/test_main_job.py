"""The main job from workbook to report, against the sandbox on a real socket."""

from collections import Counter

import openpyxl
import pytest

from bulk_onboard import errors
from bulk_onboard.errors import ExitStatus
from bulk_onboard.model.application import DOCUMENT_LIMIT
from bulk_onboard.sandbox.server import Sandbox
from tests.support.businesses import DOCUMENTS, business, document, sha256
from tests.support.office import AUTH_ID, AUTH_TOKEN, Office

pytestmark = pytest.mark.slow

BROKEN = {
    3: {"Registration Number": ""},
    7: {"Postal Code": "56000112345678"},
    9: {"Identity Proof": "nowhere.pdf"},
    11: {"Business Name": ""},
    13: {"Country": "IND"},
    15: {"Address Proof": "big.png"},
}


def forty_rows_with_six_broken(office: Office) -> None:
    office.fill([business(number) | BROKEN.get(number, {}) for number in range(40)])
    (office.documents / "nowhere.pdf").unlink()
    (office.documents / "big.png").write_bytes(document("big.png", size=DOCUMENT_LIMIT + 10))


async def test_each_good_row_becomes_one_record_and_each_broken_row_is_reported(office: Office) -> None:
    """Forty rows, six of them broken: 34 records, exit status 3, counts that add up to forty."""
    forty_rows_with_six_broken(office)

    result = await office.run()

    assert result.exit_status is ExitStatus.ROWS_NEED_ATTENTION
    assert len(office.sandbox.state.records) == 34
    assert result.counts["submitted"] == 34
    assert result.counts["invalid"] == 6
    assert result.counts["rows"] == sum(n for name, n in result.counts.items() if name != "rows") == 40


async def test_each_record_holds_its_own_documents_byte_for_byte_under_their_types(office: Office) -> None:
    """No document gets to another business, or under another type."""
    office.fill(5)

    await office.run(concurrency="3")

    sent = {
        record.end_user["name"]: {d.type: sha256(d.content) for d in record.documents}
        for record in office.sandbox.state.records
    }
    assert sent == {
        row["Business Name"]: {
            title.lower().replace(" ", "_"): sha256((office.documents / row[title]).read_bytes()) for title in DOCUMENTS
        }
        for row in office.rows
    }


async def test_every_filled_column_the_api_knows_is_sent(office: Office) -> None:
    """E-mail and state go along although the requirements do not ask for them."""
    office.fill([business(1, Key="K-1", Alias="Our first")])

    await office.run()

    (record,) = office.sandbox.state.records
    assert record.end_user["email"] == "desk1@example.com"
    assert record.end_user["address"]["state"] == "Karnataka"
    assert record.alias.startswith("Our first ~")


async def test_the_report_holds_each_row_once_in_the_order_of_the_sheet(office: Office) -> None:
    """Results: one header row, then rows 2 to 41."""
    forty_rows_with_six_broken(office)

    await office.run()

    book = openpyxl.load_workbook(office.report)
    results = list(book["Results"].iter_rows(values_only=True))
    assert [row[0] for row in results] == ["Row", *range(2, 42)]
    assert Counter(row["State"] for row in office.sheet("Results")) == {"submitted": 34, "invalid": 6}
    assert {"Summary", "Results", "Problems", "Runs"} <= set(book.sheetnames)


@pytest.mark.parametrize("shuffled", [False, True])
async def test_a_second_run_creates_nothing_whatever_the_order_of_the_sheet(office: Office, shuffled: bool) -> None:
    """Running again, also after sorting the sheet, makes no call that writes."""
    forty_rows_with_six_broken(office)
    await office.run()
    if shuffled:
        office.shuffle()

    result = await office.run()

    assert len(office.sandbox.state.records) == 34
    assert "create done" not in result.requests
    assert result.counts["submitted"] == 34


async def test_a_lost_ledger_adopts_what_the_account_has_instead_of_creating_it_again(office: Office) -> None:
    """Deleting the ledger and running again creates nothing, and knows every record's id again."""
    forty_rows_with_six_broken(office)
    await office.run()
    office.ledger.unlink()

    result = await office.run()

    assert len(office.sandbox.state.records) == 34
    assert "create done" not in result.requests
    assert result.counts["submitted"] == 34


async def test_a_clean_run_ends_with_0_and_a_run_with_nothing_to_do_asks_for_requirements_and_reviews_only(
    office: Office,
) -> None:
    """Nothing due is success, and costs a request and one for each hundred records."""
    office.fill(3)

    first, second = await office.run(), await office.run()

    assert (first.exit_status, second.exit_status) == (ExitStatus.DONE, ExitStatus.DONE)
    assert second.requests == {"list done": 1, "requirements done": 1}


async def test_a_wrong_token_sends_no_document_and_does_not_bind_the_ledger(office: Office) -> None:
    """Bad credentials show themselves at the first read, before a ledger is made for them."""
    office.fill(2)
    async with Sandbox(credentials=(AUTH_ID, AUTH_TOKEN)) as strict:
        office.sandbox = strict

        with pytest.raises(errors.CredentialsError):
            await office.run(token="wrong")

        assert {request.operation for request in strict.log} == {"requirements"}
        assert not office.ledger.exists()
        assert (await office.run()).exit_status is ExitStatus.DONE


async def test_the_second_of_two_equal_rows_is_a_duplicate_and_two_differing_ones_are_both_kept_out(
    office: Office,
) -> None:
    """Same key and content: one record, the other row named a duplicate; same key, other content: neither is sent."""
    one, other = business(1, Key="A"), business(2, Key="B")
    office.fill([one, dict(one), other, other | {"City": "Mysuru"}])

    result = await office.run()

    assert len(office.sandbox.state.records) == 1
    assert (result.counts["submitted"], result.counts["duplicate"], result.counts["invalid"]) == (1, 1, 2)
    second = office.sheet("Results")[1]
    assert second["State"] == "duplicate"
    assert "Row 2 has the same key and content" in second["Reason"]


async def test_a_combination_the_api_does_not_offer_is_a_finding_on_its_row(office: Office) -> None:
    """Tollfree numbers are not offered: that row is kept out, its neighbour is sent."""
    office.fill([business(1), business(2, Number_Type="tollfree")])

    result = await office.run()

    assert (result.counts["submitted"], result.counts["invalid"]) == (1, 1)


async def test_unoffered_rows_are_findings_beside_others(office: Office) -> None:
    """404 for one combination says nothing of the rest."""
    office.fill([business(0), business(1, Number_Type="tollfree")])

    result = await office.run()

    assert (result.exit_status, result.counts["invalid"]) == (ExitStatus.ROWS_NEED_ATTENTION, 1)


async def test_a_pilot_sends_only_so_many_rows_and_the_next_run_the_rest(office: Office) -> None:
    """`--limit 2`, then a run without it."""
    office.fill(5)

    pilot = await office.run(limit="2")
    after_pilot = len(office.sandbox.state.records)
    await office.run()

    assert (pilot.exit_status, after_pilot) == (ExitStatus.DONE, 2)
    assert len(office.sandbox.state.records) == 5


async def test_the_sheet_may_be_csv(office: Office, tmp_path) -> None:
    """The same rows as csv make the same records: the ledger of the one knows the other's."""
    from tests.support.businesses import write_workbook

    office.fill(3)
    await office.run()
    office.workbook.rename(tmp_path / "kept.xlsx")
    sheet = write_workbook(tmp_path / "businesses.csv", office.rows)

    told = await office.type("run", "--json", job=sheet)

    assert told.status == 0
    assert told.json["counts"]["submitted"] == 3
    assert len(office.sandbox.state.records) == 3
