"""The words behind the bar."""

from bulk_onboard.report.progress import told


def test_rate_states_and_note():
    """The rate is by the minute; states without rows are left out."""
    counts = {"rows": 90, "submitted": 81, "refused": 5, "held": 0}

    assert "58/min · 81 submitted, 5 refused · waiting" == told(counts, "waiting", 0.97)


def test_nothing_known_yet():
    """In the first moments there is nothing to say."""
    assert "" == told({"rows": 90}, "", None)
