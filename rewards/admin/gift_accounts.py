"""Who may order gift cards by API: accounts with an access token that is shown once."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from loyalty.admin import buttons, look, seats
from loyalty.admin.secrets import SecretAdmin, SecretForm
from rewards.models import GiftAccount
from rewards.services import gift_accounts


class AccountForm(SecretForm):
    class Meta:
        model = GiftAccount
        fields = ("email",)
        help_texts = {"email": "With the access token it gets tokens: POST /v1/Tokens. No mail is sent to it."}

    def write(self) -> GiftAccount:
        account, self.text = gift_accounts.open_account(business=self.business, email=self.cleaned_data["email"])
        return account


EMAIL = look.column("E-mail", lambda account: account.email, order="email")
TOKEN = look.column("Access token", lambda account: look.code(f"{account.prefix}…"))
STATE = look.column("State", lambda account: state(account))
MADE = look.moment_of("created_at", "Made")


@admin.register(GiftAccount)
class GiftAccountAdmin(SecretAdmin):
    secret = "access token"
    viewers = editors = seats.OWNERS
    may_change = False
    form = AccountForm
    list_display = (EMAIL, TOKEN, STATE, MADE)
    when_empty = "A system that sends gift cards needs one to call the Gift Card API."
    search_fields = ("email",)
    ordering = ("-created_at",)
    actions_detail = ("renew", "disable", "enable")

    def get_fieldsets(self, request: HttpRequest, obj: GiftAccount | None = None) -> Any:
        return ((None, {"fields": self.list_display if obj else ("email",)}),)

    def get_readonly_fields(self, request: HttpRequest, obj: GiftAccount | None = None) -> Any:
        return self.list_display if obj else ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business")

    def offers(self, request: HttpRequest, button: str, account: GiftAccount) -> bool:
        return button == "enable" if account.disabled_at else button != "enable"

    @buttons.button("New access token", icon="autorenew")
    def renew(self, request: HttpRequest, account: GiftAccount) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            text = gift_accounts.renew(account=account)
            self.log_change(request, account, f"Got the access token {account.prefix}….")
            return self.show(request, account, text)

        text = "The present one, and every token that was made with it, ends within seconds."
        title = f"Another access token for {account.email}?"
        return buttons.ask(self, request, account, title=title, text=text, submit="Make it", act=act)

    @buttons.button("Disable", icon="block", danger=True)
    def disable(self, request: HttpRequest, account: GiftAccount) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_accounts.disable(account=account)
            return "Disabled: within 5 seconds every call is refused. What it ordered goes on its way."

        title = f"Disable {account.email}?"
        return buttons.ask(self, request, account, title=title, submit="Disable it", act=act, danger=True)

    @buttons.button("Enable", icon="lock_open")
    def enable(self, request: HttpRequest, account: GiftAccount) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_accounts.enable(account=account)
            return "It can get tokens again."

        return buttons.ask(self, request, account, title=f"Enable {account.email}?", submit="Enable it", act=act)


def state(account: GiftAccount) -> object:
    return look.state("Disabled", "danger") if account.disabled_at else look.state("Works", "success")
