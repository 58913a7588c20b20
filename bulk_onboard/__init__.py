"""Onboard thousands of businesses for India phone numbers: every row submitted once, within the quota."""

__version__ = "0.1.0"
