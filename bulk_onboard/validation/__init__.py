"""Rows × requirements → applications and findings; pure."""

from bulk_onboard.validation.rows import judge_rows

__all__ = ["judge_rows"]
