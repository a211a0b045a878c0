"""Referrals in the dashboard."""

from referrals.admin import codes, conversions, programmes

__all__ = ["codes", "conversions", "programmes"]
