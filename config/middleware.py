"""What holds for the dashboard's pages only."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from loyalty.admin import seats

Respond = Callable[[HttpRequest], HttpResponse]

# The dashboard's scripts (Alpine) evaluate the attributes of its own templates, and set styles. No other page may.
POLICY = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


def dashboard(get_response: Respond) -> Respond:
    """Below `/admin/`: times as the business's clocks show them, and the policy that its scripts need."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/"):
            return get_response(request)
        with timezone.override(_zone(request)):
            response = get_response(request)
        vars(response)["_csp_replace"] = POLICY
        return response

    return respond


def _zone(request: HttpRequest) -> ZoneInfo:
    business = seats.business_of(request)
    try:
        return ZoneInfo(business.timezone if business else "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
