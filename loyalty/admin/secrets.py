"""Rows with a secret that is shown once: in the answer to the form that made it, and nowhere else."""

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm


class SecretForm(ServiceForm):
    """A form whose `write` also leaves the new secret in `text`."""

    text = ""


class SecretAdmin(ServiceAdmin):
    secret: ClassVar[str] = "secret"  # what it is called on the page

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        vars(request)["_secret"] = form.text

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.show(request, obj, vars(request)["_secret"])

    def show(self, request: HttpRequest, row: Any, text: str) -> HttpResponse:
        return buttons.show_once(self, request, row, title=f"Copy the {self.secret} now", secret=text)
