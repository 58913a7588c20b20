"""What is printed of several accounts: a line for each, the sums, and who of very many is listed."""

import io

from bulk_onboard.model.account import NO_ACCOUNT
from bulk_onboard.reporting.console_accounts import Line, Standing, in_words, print_lines, print_standings
from bulk_onboard.reporting.figures import Figures


def printed(lines: list[Line], **how: object) -> list[str]:
    """The lines that a file gets."""
    stream = io.StringIO()
    print_lines(("Rows", "Errors"), lines, stream, elsewhere="The report", **how)  # type: ignore[arg-type]
    return stream.getvalue().splitlines()


def test_each_account_has_a_line_and_the_last_one_has_the_sums():
    """Numbers stand to the right; what is not known of an account is left blank, and is not added up."""
    assert [
        "Account   Rows  Errors",
        "acme     1,200       3",
        "bravo                   ledger in use",
        "all      1,200       3",
    ] == printed([Line("acme", (1_200, 3)), Line("bravo", (), "ledger in use")])


def test_of_many_accounts_those_are_listed_that_need_something_most():
    """It says how many are not listed, and how many of these need something; their sums have a line."""
    lines = printed([Line(f"a{number}", (10, number % 4), need=number % 4) for number in range(12)], at_most=3)

    assert ["a3", "a7", "a11"] == [line.split()[0] for line in lines[1:4]]
    assert ["…", "9", "more", "90", "9"] == lines[4].split()
    assert ["all", "120", "18"] == lines[5].split()
    assert "Not listed: 9 accounts, of which 6 need something. The report has all of them." == lines[6]


def test_rows_of_no_account_have_a_line_among_however_many_accounts():
    """They are no account, so they do not count as one that is not listed."""
    accounts = [Line(f"a{number}", (10, 2), need=2) for number in range(3)]

    lines = printed([*accounts, Line(NO_ACCOUNT, (1, 1), need=1)], at_most=2)

    assert ["a0", "a1", "…", "no", "all"] == [line.split()[0] for line in lines[1:6]]
    assert ["…", "1", "more", "10", "2"] == lines[3].split()
    assert ["all", "31", "7"] == lines[5].split()
    assert lines[6].startswith("Not listed: 1 account, of which 1 needs something.")


def test_what_was_ended_comes_before_what_needs_attention():
    """Somebody must see to it first."""
    stream = io.StringIO()
    busy = [Standing(f"a{number}", 10, Figures(needs_us=9)) for number in range(4)]

    print_standings(
        [*busy, Standing("charlie", 10, Figures(not_sent=10), how="credentials refused", is_ended=True)],
        stream,
        at_most=1,
    )

    assert "charlie" == stream.getvalue().splitlines()[1].split()[0]


def test_what_is_told_of_several_accounts_is_told_once():
    """With their names, the first few of very many."""
    told = [("acme", "The disk is full."), ("bravo", "Bad key."), *((f"c{n}", "The disk is full.") for n in range(5))]

    assert [
        "Accounts acme, c0, c1 and 3 more: The disk is full.",
        "Account bravo: Bad key.",
    ] == list(in_words(told))
