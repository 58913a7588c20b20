"""Tells at the end what was crashed how often, and by which seed it can be done again."""

import pytest

from tests.crash.figures import FIGURES, POINTS, line_of_figures


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line of figures."""
    if FIGURES or POINTS:
        terminalreporter.write_line(line_of_figures())
