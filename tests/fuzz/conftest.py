"""Tells at the end how many files came to what, and by which seed they can be made again."""

import pytest

from tests.fuzz.figures import TIMES, line_of_figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line of figures."""
    if TIMES:
        terminalreporter.write_line(line_of_figures())
