"""A form that was opened for one business is not sent to another, when a second browser tab has switched."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from loyalty.admin import seats

FIELD = "acting_for"


def moved_on(request: HttpRequest) -> HttpResponse | None:
    """The answer to such a form; None for any other request."""
    meant = request.POST.get(FIELD) if request.method == "POST" else None
    business = seats.business_of(request)
    if not meant or business is None or meant == str(business.pk):
        return None
    messages.error(request, f"Nothing was saved: you have switched to {business} since you opened that page.")
    return HttpResponseRedirect(request.get_full_path())
