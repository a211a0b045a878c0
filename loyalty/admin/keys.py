"""API keys: made, rotated and revoked; their text is shown once."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from loyalty.admin import buttons, look, seats
from loyalty.admin.secrets import SecretAdmin, SecretForm
from loyalty.kernel import clock
from loyalty.models import ApiKey
from loyalty.services import keys

OVERLAP_HOURS = int(keys.OVERLAP.total_seconds() // 3600)


class KeyForm(SecretForm):
    scopes = forms.MultipleChoiceField(
        choices=[("read", "Read: look things up"), ("write", "Write: create, award, redeem")],
        initial=["read", "write"],
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        error_messages={"required": "Tick what the key may do, at least reading."},
    )

    class Meta:
        model = ApiKey
        fields = ("name", "kind", "scopes", "expires_at")
        help_texts = {
            "name": "Where it is used, so that you know which one to replace: “Webshop”, “Till in Berlin”.",
            "kind": "Secret keys open the Advocates API. Integration keys open the Integration API, and only "
            "from addresses on the IP allowlist under Settings.",
            "expires_at": "Empty: it works until you revoke it.",
        }

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= clock.wall():
            raise forms.ValidationError("That is over already. Name a time to come, or leave it empty.")
        return expires_at

    def write(self) -> ApiKey:
        given = self.cleaned_data
        key, self.text = keys.create_key(
            business=self.business,
            kind=keys.Kind(given["kind"]),
            name=given["name"],
            scopes=[keys.Scope(scope) for scope in given["scopes"]],
            expires_at=given["expires_at"],
        )
        return key


EXPIRES = look.column("Expires", lambda key: look.moment(key.ends_at))
REVOKED = look.moment_of("revoked_at", "Revoked")


@admin.register(ApiKey)
class ApiKeyAdmin(SecretAdmin):
    secret = "key"
    viewers = editors = seats.OWNERS
    may_change = False
    form = KeyForm

    list_display = (
        look.column("Name", lambda key: key.name, order="name"),
        look.column("Key", lambda key: look.code(f"{key.prefix}…")),
        look.column("For", lambda key: "Integration API" if key.kind == keys.Kind.INTEGRATION else "Advocates API"),
        look.column("May", lambda key: ", ".join(key.scopes)),
        look.column("State", lambda key: state(key)),
        look.moment_of("created_at", "Made"),
    )
    list_filter = ("kind",)
    when_empty = "Your shop's backend needs one to call the API."
    search_fields = ("name", "prefix")
    ordering = ("-created_at",)
    actions_detail = ("rotate", "revoke")

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("name", "kind", "scopes", "expires_at")}),)
        return ((None, {"fields": (*self.list_display, EXPIRES, REVOKED)}),)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return [field for _, options in self.get_fieldsets(request, obj) for field in options["fields"]] if obj else ()

    def offers(self, request: HttpRequest, button: str, key: ApiKey) -> bool:
        return key.is_usable(at=clock.wall())

    @buttons.button("Rotate", icon="autorenew")
    def rotate(self, request: HttpRequest, key: ApiKey) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            successor, text = keys.rotate(key=key)
            self.log_change(request, key, f"Rotated; its successor is {successor.prefix}….")
            self.log_addition(request, successor, f"Made as the successor of {key.prefix}….")
            return self.show(request, successor, text)

        return buttons.ask(
            self,
            request,
            key,
            title=f"Rotate {key.name}",
            text="You get a new key with the same rights, which expires when this one would have, if it would. "
            f"The old one goes on working for {OVERLAP_HOURS} hours, so that you can change over without a gap.",
            submit="Make the new key",
            act=act,
        )

    @buttons.button("Revoke", icon="block", danger=True)
    def revoke(self, request: HttpRequest, key: ApiKey) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            keys.revoke(key=key)
            return f"{key.prefix}… is revoked: within 5 seconds every call with it is refused."

        return buttons.ask(
            self,
            request,
            key,
            title=f"Revoke {key.name}?",
            text="Whatever still uses this key stops working within seconds. This cannot be undone.",
            submit="Revoke it",
            danger=True,
            act=act,
        )


def state(key: ApiKey) -> object:
    if key.revoked_at:
        return look.state("Revoked", "danger")
    if not key.is_usable(at=clock.wall()):
        return look.state("Expired")
    return look.state("Expires soon", "warning") if key.ends_at else look.state("Works", "success")
