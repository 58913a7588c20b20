"""The one door to Procrastinate: its app on the database of the ledgers, and its schema."""

from bulk_onboard.errors import UsageError

TASK = "run_account"
MISSING = (
    "Accounts on several machines need Procrastinate, which is not installed here. To install it, type: "
    "pip install 'bulk-onboard[cluster]'"
)


def check_installed() -> None:
    """Raise UsageError where Procrastinate is not installed."""
    try:
        import procrastinate  # noqa: F401, PLC0415 - optional
    except ImportError:
        raise UsageError(MISSING) from None
