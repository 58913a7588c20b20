"""Tells at the end how much of what schemathesis meant to be valid the sandbox accepted."""

import pytest

Shares = dict[str, tuple[int, int]]  # by operation: accepted, and sent
SHARES: dict[str, Shares] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each contract."""
    for contract, shares in SHARES.items():
        told = ", ".join(f"{operation} {done} of {sent}" for operation, (done, sent) in sorted(shares.items()))
        terminalreporter.write_line(f"{contract}: accepted of the valid ones: {told}")


@pytest.fixture
def tell_shares() -> dict[str, Shares]:
    """Where a test puts the shares of a contract."""
    return SHARES
