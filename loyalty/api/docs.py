"""The OpenAPI description and the page that shows it, without anything from elsewhere."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF, "'unsafe-inline'"],  # the page's own bundle styles its elements
    "img-src": [SELF, "data:"],
    "connect-src": [SELF],
}


@method_decorator(cache_page(3600), name="dispatch")  # it is made from the code, which stays
class Schema(SpectacularAPIView):
    """GET /api/schema/"""


@method_decorator(csp_replace(POLICY), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """GET /api/docs/"""

    url = "/api/schema/"
