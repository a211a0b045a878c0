"""What this app adds: its section of the programme, and which web pages may call the APIs for browsers (CORS)."""

import re
from typing import Any

from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from loyalty.services import programme
from widget.selectors import origins
from widget.services import section


@receiver(check_request_enabled)
def allow_pages_of_businesses(request: HttpRequest, **_: Any) -> bool:
    """A preflight names no business, so any business's page passes; the call itself proves which one it is."""
    origin = request.META.get("HTTP_ORIGIN")
    return bool(origin and re.match(settings.CORS_URLS_REGEX, request.path_info) and origins.is_known(origin))


programme.register_section(section.SECTION)
