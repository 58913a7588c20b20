"""Flags that may stand alone: what stands behind one is its value only where it reads like one."""

import pytest

from bulk_onboard.cli.verb import filled_in


@pytest.mark.parametrize(
    ("typed", "filled"),
    [
        ("run job.toml", "run job.toml"),
        ("run job.toml --wait", "run job.toml --wait=2d"),
        ("run --wait job.toml", "run --wait=2d job.toml"),
        ("run --wait 5h job.toml", "run --wait=5h job.toml"),
        ("run --wait=90s job.toml", "run --wait=90s job.toml"),
        ("run job.toml --retry-refused --wait 1d", "run job.toml --retry-refused=any --wait=1d"),
        ("run --retry-refused invalid_file job.toml", "run --retry-refused=invalid_file job.toml"),
        ("run --retry-refused http-404 --quiet job.toml", "run --retry-refused=http-404 --quiet job.toml"),
        ("run --retry-refused businesses.xlsx", "run --retry-refused=any businesses.xlsx"),
        ("run --retry-refused jobs/job.toml --wait", "run --retry-refused=any jobs/job.toml --wait=2d"),
    ],
)
def test_bare_flag_gets_its_value(typed, filled):
    """JOB is never taken for a duration or a code, wherever it stands."""
    assert filled.split() == filled_in(typed.split())
