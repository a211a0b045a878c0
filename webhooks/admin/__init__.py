"""Webhooks in the dashboard."""

from webhooks.admin import deliveries, endpoints

__all__ = ["deliveries", "endpoints"]
