"""The short link `/r/<name>`: counts the visit and goes on to the shop. No cookie is read or set."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.views import View

from loyalty.api import addresses, limits
from referrals.services import links

PER_ADDRESS = 60  # a minute


class Link(View):
    """Everybody may open it as often as a person does: whoever tries names at random is soon told to wait."""

    http_method_names = ["get", "head"]

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: str) -> HttpResponseBase:
        address = addresses.client_address(request)
        # It opens nothing but a shop's public page, so it goes on while Redis is away.
        count = limits.hit([limits.Window(f"link:{address}", limits.MINUTE, PER_ADDRESS)])
        response = super().dispatch(request, *args, **kwargs) if count.is_allowed else _wait(count.retry_after())
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        try:
            page = links.follow(
                name=name,
                to=request.GET.get("to", ""),
                address=addresses.client_address(request),
                agent=request.headers.get("User-Agent", ""),
                is_visit=request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""),
            )
        except links.LeadsNowhere:
            return _page("nowhere", status=404)
        return HttpResponseRedirect(page)


def _wait(seconds: int) -> HttpResponse:
    response = _page("wait", status=429)
    response["Retry-After"] = str(seconds)
    return response


def _page(name: str, *, status: int) -> HttpResponse:
    """Without the request, so that no context processor can look at a cookie."""
    return HttpResponse(render_to_string(f"referrals/{name}.html"), status=status)
