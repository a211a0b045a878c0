"""The script that a shop puts on its pages, at an address that never changes, unlike other static files."""

from functools import cache
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import condition

FILE = settings.BASE_DIR / "static" / "widget" / "loader.js"


@cache
def _script() -> bytes:
    return FILE.read_bytes()


def _etag(request: HttpRequest) -> str:
    return f'"{sha256(_script()).hexdigest()[:32]}"'


class Loader(View):
    @method_decorator(condition(etag_func=_etag))
    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        patch_cache_control(response, public=True, max_age=300)
        return response
