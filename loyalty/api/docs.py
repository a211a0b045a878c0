"""The OpenAPI description and the page that shows it, without anything from elsewhere."""

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import StaticHTMLRenderer, TemplateHTMLRenderer

POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF, "'unsafe-inline'"],  # the page's own bundle styles its elements
    "img-src": [SELF, "data:"],
    "connect-src": [SELF],
}


class Schema(SpectacularAPIView):
    """GET /api/schema/"""


@method_decorator(csp_replace(POLICY), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """GET /api/docs/"""

    url_name = "schema"
    renderer_classes = [TemplateHTMLRenderer, StaticHTMLRenderer]
