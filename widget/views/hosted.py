"""The hosted page: a shell that is the same for everyone, without cookies, and may stand in the shop's frame."""

from functools import partial

from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.clickjacking import xframe_options_exempt

from loyalty.models import Business
from widget.selectors import origins

SECTIONS = {"home": "Home", "missions": "Missions", "rewards": "Rewards", "coupons": "Coupons", "history": "History"}


@method_decorator(xframe_options_exempt, name="dispatch")
class Page(View):
    """Who the visitor is stands behind the `#` of the address, which no server sees: the script shows it."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponseBase:
        business = get_object_or_404(Business, slug=slug, status=Business.Status.ACTIVE)
        framed_by = csp_replace({"frame-ancestors": [SELF, *origins.origins_of(business)]})
        return framed_by(partial(_shell, name=business.name))(request)


def _shell(request: HttpRequest, *, name: str) -> HttpResponse:
    response = render(request, "widget/page.html", {"business": name, "sections": SECTIONS})
    response["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, public=True, max_age=60)
    return response
