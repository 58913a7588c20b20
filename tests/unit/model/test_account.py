"""An account of a job: what it may be called, and what is named after it."""

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk_onboard.model.account import objection_to_name, objections_to_names, path_of, variables_of

NAMES = st.from_regex(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", fullmatch=True).filter(lambda name: not objection_to_name(name))


@pytest.mark.parametrize("name", ["acme", "Acme-Ltd", "7", "a--b", "a" * 64])
def test_letters_digits_and_dashes_are_a_name(name):
    """Dashes stand between them."""
    assert "" == objection_to_name(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (None, 'it has no name; write name = "…"'),
        (7, 'write it in quotation marks: "7"'),
        ("", "cannot be its name"),
        ("acme ltd", "cannot be its name"),
        ("acme_ltd", "cannot be its name"),
        ("-acme", "cannot be its name"),
        ("acme-", "cannot be its name"),
        ("../acme", "cannot be its name"),
        ("café", "cannot be its name"),
        ("acme\n", "cannot be its name"),
        ("a" * 65, "at most 64"),
        ("File", "PLIVO_AUTH_ID_FILE already means something else"),
    ],
)
def test_other_names_are_refused_with_what_is_wanted(name, told):
    """Each becomes a part of file names and of variables."""
    assert told in objection_to_name(name)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["acme", "bravo", "acme"], "two accounts are called 'acme'"),
        (["acme", "Acme"], "two accounts are called 'acme' and 'Acme'"),
        (["acme-file", "ACME"], "would share the variable PLIVO_AUTH_ID_ACME_FILE"),
    ],
)
def test_alike_names_are_refused(names, told):
    """Whatever the case, since that is lost in variables."""
    (objection,) = objections_to_names(names)

    assert told in objection


@given(st.lists(NAMES, max_size=6))
def test_names_without_objection_share_no_variable(names):
    """Nor one that names a file in place of a credential."""
    if list(objections_to_names(names)):
        return
    known = [{*variables_of(name), *(f"{each}_FILE" for each in variables_of(name))} for name in ["", *names]]

    assert all(one.isdisjoint(other) for one, other in combinations(known, 2))


def test_variables_have_the_name_behind():
    """In capitals, with underscores; without accounts they are as ever."""
    assert ("PLIVO_AUTH_ID_ACME_LTD", "PLIVO_AUTH_TOKEN_ACME_LTD") == variables_of("Acme-Ltd")
    assert ("PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN") == variables_of("")


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("out/x.report.xlsx", "out/x.acme.report.xlsx"),
        ("x.ledger.jsonl", "x.acme.ledger.jsonl"),
        ("x.XLSX", "x.acme.XLSX"),
        ("a.b/ledger", "a.b/ledger.acme"),
        (".report.xlsx", "acme.report.xlsx"),
    ],
)
def test_own_file_has_the_name_before_the_ending(path, own):
    """So that what belongs together lies together in a listing."""
    assert Path(own) == path_of(Path(path), "acme")
    assert Path(path) == path_of(Path(path), "")
