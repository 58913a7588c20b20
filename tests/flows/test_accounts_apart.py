"""Accounts of one job at the sandbox: each run of one files its own rows with its own credentials."""

from tests.support.office import Office


async def test_each_account_files_its_own_rows(office: Office) -> None:
    """In turn: records, ledgers and reports are apart."""
    office.open_accounts("acme", "bravo-ltd", keys={"bravo-ltd": {"quota": "900/min"}})
    office.fill(5)

    for account in office.accounts:
        assert 0 == (await office.run(account=[account])).exit_status

    names = {
        each: [cells["Business Name"] for cells in office.rows if cells["Account"] == each] for each in office.accounts
    }
    assert names == {each: [record.end_user["name"] for record in office.at(each).state.records] for each in names}
    assert [3, 2] == [len(office.ledger_state(account).records) for account in office.accounts]
    assert [3, 2] == [len(office.sheet("Results", account)) for account in office.accounts]
    assert [None, 900] == [job.quota and job.quota.limit for job in office.jobs()]
