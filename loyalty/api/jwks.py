"""The public halves of the keys that sign end users' tokens, for whoever wants to check one (RFC 7517)."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_cache_control
from django.views import View

from loyalty.services import signing


class KeySet(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        response = JsonResponse({"keys": signing.public_keys()})
        # Short beside the overlap of a rotation: a new key is known long before the old one is dead.
        patch_cache_control(response, public=True, max_age=300)
        return response
