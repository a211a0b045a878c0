"""Which web pages may call the APIs that are meant for browsers (CORS)."""

import re
from typing import Any

from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

from widget.selectors import origins


@receiver(check_request_enabled)
def allow_pages_of_businesses(request: HttpRequest, **_: Any) -> bool:
    """A preflight names no business, so any business's page passes; the call itself proves which one it is."""
    origin = request.META.get("HTTP_ORIGIN")
    return bool(origin and re.match(settings.CORS_URLS_REGEX, request.path_info) and origins.is_known(origin))
