"""The secrets that the shop's backend signs its customers in with: made, shown once, retired."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from advocates.models import SsoMapping, SsoSecret
from advocates.services import sso
from loyalty.admin import buttons, look, people, seats
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.secrets import SecretAdmin, SecretForm


class SsoSecretForm(SecretForm):
    class Meta:
        model = SsoSecret
        fields = ()

    def write(self) -> SsoSecret:
        self.text = sso.create_secret(business=self.business)
        return SsoSecret.objects.for_business(self.business).live().latest("created_at")


MADE = look.moment_of("created_at", "Made")
RETIRED = look.moment_of("retired_at", "Retired")
STATE = look.column("State", lambda secret: state(secret))


@admin.register(SsoSecret)
class SsoSecretAdmin(SecretAdmin):
    viewers = editors = seats.OWNERS
    may_change = False
    form = SsoSecretForm
    list_display = (MADE, STATE, RETIRED)
    ordering = ("-created_at",)
    actions_detail = ("retire",)

    def get_fieldsets(self, request: HttpRequest, obj: SsoSecret | None = None) -> Any:
        explanation = (
            "Your backend signs each customer that it sends to the widget with this secret. Two can be live at a "
            "time, so that you can change over: make the second, use it everywhere, retire the first."
        )
        return ((None, {"fields": self.get_readonly_fields(request, obj), "description": explanation}),)

    def get_readonly_fields(self, request: HttpRequest, obj: SsoSecret | None = None) -> Any:
        return (MADE, STATE, RETIRED) if obj else ()

    def offers(self, request: HttpRequest, button: str, secret: SsoSecret) -> bool:
        return secret.retired_at is None

    @buttons.button("Retire", icon="block", danger=True)
    def retire(self, request: HttpRequest, secret: SsoSecret) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            sso.retire_secret(secret=secret)
            return "Retired: no signature made with it is accepted any more."

        text = "Sign-ins that your backend still signs with it are refused at once. This cannot be undone."
        return buttons.ask(
            self, request, secret, title="Retire this secret?", text=text, submit="Retire it", danger=True, act=act
        )


WHOSE = look.column("Advocate", lambda mapping: look.person(mapping.person))
MAPPED = (
    look.column("External id", lambda mapping: mapping.external_customer_id),
    WHOSE,
    look.column("E-mail there", lambda mapping: mapping.external_email or look.NOTHING),
    look.column("Name there", lambda mapping: mapping.external_name or look.NOTHING),
    look.moment_of("created_at", "Mapped"),
)


@admin.register(SsoMapping)
class SsoMappingAdmin(ReadOnlyAdmin):
    list_display = MAPPED
    search_fields = ("external_customer_id",)
    search_help_text = "The whole id"
    ordering = ("-created_at",)
    sortable_by = ()
    when_empty = "More ids by which your systems know an advocate, as the API maps them."
    shown = ((None, MAPPED),)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        return (queryset.filter(external_customer_id=term) if term else queryset), False

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        found = people.of(request, {mapping.advocate_id for mapping in rows})
        for mapping in rows:
            mapping.person = found.get(mapping.advocate_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        mapping = super().get_object(request, object_id, from_field)
        if mapping is not None:
            self.prepare([mapping], request)
        return mapping


def state(secret: SsoSecret) -> object:
    return look.state("Retired") if secret.retired_at else look.state("Works", "success")
