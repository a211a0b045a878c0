"""People in the dashboard."""

from advocates.admin import advocates, sso

__all__ = ["advocates", "sso"]
