"""Judged rows × records → plan; pure."""

from bulk_onboard.planning.plan import make_plan

__all__ = ["make_plan"]
