"""Judged rows × records → plan, and how long that takes; pure."""

from bulk_onboard.planning.plan import make_plan
from bulk_onboard.planning.time_left import Budget, Step, time_left, time_left_by_ledger

__all__ = ["Budget", "Step", "make_plan", "time_left", "time_left_by_ledger"]
