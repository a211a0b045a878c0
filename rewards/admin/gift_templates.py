"""What the message about a gift card says, in each language, with an example of how it reads."""

from typing import Any

from csp.decorators import csp
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from unfold import widgets

from loyalty.admin import buttons, links, look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from rewards.models import GiftTemplate
from rewards.services import gift_templates

PLACES = ", ".join(f"{{{{ {name} }}}}" for name in gift_templates.EXAMPLE)
# A merchant's HTML is shown as a mailbox would: no script runs, and nothing of the dashboard is within its reach.
AS_IN_A_MAILBOX = {
    "sandbox": True,
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["https:", "data:"],
    "frame-ancestors": ["'self'"],
}


class TemplateForm(ServiceForm):
    class Meta:
        model = GiftTemplate
        fields = ("language", "is_default", "subject", "text", "html")
        labels = {"is_default": "Default", "html": "HTML"}
        help_texts = {
            "language": "As in en or pt-BR. A template in de serves de-AT, too.",
            "is_default": "For recipients whose language is not said, or has no template.",
            "text": f"For mail programs that show no HTML. There are places for: {PLACES}; "
            "{% if to %} … {% else %} … {% endif %} asks whether something is said.",
            "html": "What is said is escaped. Put styles on the elements themselves: mail programs drop the rest.",
        }
        widgets = {
            "is_default": widgets.UnfoldBooleanSwitchWidget,
            "text": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 14}),
            "html": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 24}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:  # ours, to begin with
            self.initial = {**gift_templates.ours()._asdict(), "language": "", **self.initial}

    def write(self) -> GiftTemplate:
        return gift_templates.put(self.instance)


@admin.register(GiftTemplate)
class GiftTemplateAdmin(ServiceAdmin):
    form = TemplateForm
    may_delete = True
    list_display = (
        look.column("Language", lambda row: row.language, order="language"),
        look.column("Subject", lambda row: look.code(row.subject)),
        look.column("", lambda row: look.state("Default", "success") if row.is_default else ""),
    )
    view_fields = ("language", "is_default", "subject", "text")
    when_empty = (
        "Without one, the message about a gift card goes out in our words, in the recipient's language if we can."
    )
    ordering = ("language",)
    fields = ("language", "is_default", "subject", "text", "html")
    actions_detail = ("preview",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business")

    def get_urls(self) -> list[Any]:
        framed = self.admin_site.admin_view(self.html_view)
        return [path("<uuid:pk>/html/", framed, name="rewards_gifttemplate_html"), *super().get_urls()]

    @buttons.button("Preview", icon="visibility")
    def preview(self, request: HttpRequest, row: GiftTemplate) -> HttpResponse:
        """The subject, the text and the HTML of an example."""
        context = {
            **self.admin_site.each_context(request),
            "title": "How it reads",
            "opts": self.opts,
            "original": row,
            "back_url": links.url_of(row),
            "letter": gift_templates.example(row),
            "html_url": reverse("admin:rewards_gifttemplate_html", args=[row.pk]),
        }
        response = TemplateResponse(request, "admin/letter.html", context)
        vars(response)["_csp_update"] = {"frame-src": ["'self'"]}  # as its decorator would on a plain view
        return response

    @method_decorator(xframe_options_sameorigin)
    @method_decorator(csp(AS_IN_A_MAILBOX))
    def html_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        row = self.get_object(request, str(pk))
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return HttpResponse(gift_templates.example(row).html)
