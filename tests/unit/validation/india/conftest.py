"""Rows judged for what one can know of India; every requirement is met, since there is none."""

import pytest

from bulk_onboard.model.requirements import Combination, Requirements, RequirementsBook
from bulk_onboard.model.row import Row
from bulk_onboard.model.sheet import Columns
from bulk_onboard.validation import judge_rows

LOCAL = Combination("IN", "local", "business")
ABROAD = Combination("US", "local", "business")
BOOK = RequirementsBook.of("a test", live=False, offered=[Requirements(LOCAL, (), ()), Requirements(ABROAD, (), ())])


@pytest.fixture
def judged():
    """Judges one row with a Key and the cells given, underscores for dots; its finding by code."""

    def run(combination=LOCAL, **cells):
        named = {"key": "K-1", **{name.replace("__", "."): text for name, text in cells.items()}}
        (one,) = judge_rows([Row("S", 2, combination, named)], book=BOOK, files={}, columns=Columns({}, {}))
        return {finding.code: finding for finding in one.findings}

    return run


@pytest.fixture
def abroad():
    """A combination of another country."""
    return ABROAD
