"""Who works for the current business: owners decide."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold import widgets

from loyalty.admin import buttons, letters, links, look, seats
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.models import Membership
from loyalty.services import members

Role = Membership.Role
ROLES = [
    (Role.OWNER, "Owner: everything, also keys and people"),
    (Role.MANAGER, "Manager: everything but keys and people"),
    (Role.ANALYST, "Analyst: looks, changes nothing"),
]


class RoleForm(ServiceForm):
    role = forms.ChoiceField(choices=ROLES, initial=Role.MANAGER, widget=widgets.UnfoldAdminRadioSelectWidget)

    class Meta:
        model = Membership
        fields = ("role",)

    def write(self) -> Membership:
        membership = Membership.objects.for_business(self.business).get(pk=self.instance.pk)
        return members.change_role(membership=membership, role=Role(self.cleaned_data["role"]))


class InvitationForm(RoleForm):
    email = forms.EmailField(
        label="E-mail",
        widget=widgets.UnfoldAdminEmailInputWidget,
        help_text="They get a mail with a link. Who is new here chooses a password there.",
    )

    def write(self) -> Membership:
        return members.add(
            business=self.business, email=self.cleaned_data["email"], role=Role(self.cleaned_data["role"])
        )


@admin.register(Membership)
class MembershipAdmin(ServiceAdmin):
    viewers = editors = seats.OWNERS
    list_display = (
        look.column("E-mail", lambda row: row.user.email, order="user__email"),
        look.column("Name", lambda row: row.user.name or look.NOTHING),
        look.column("Role", lambda row: row.get_role_display(), order="role"),
        look.column("State", lambda row: state(row)),
    )
    list_select_related = ("user",)
    list_filter = ("role",)
    search_fields = ("user__email", "user__name")
    ordering = ("user__email",)
    actions_detail = ("invite_again", "remove")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user", "business")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=RoleForm if obj else InvitationForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        return ((None, {"fields": (*self.list_display[:2], "role") if obj else ("email", "role")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        return self.list_display[:2] if obj else ()

    def response_add(
        self, request: HttpRequest, obj: Membership, post_url_continue: str | None = None
    ) -> HttpResponse:
        transaction.on_commit(lambda: self._invite(request, obj))
        return HttpResponseRedirect(links.list_url(Membership))

    def _invite(self, request: HttpRequest, membership: Membership) -> None:
        if letters.invite(membership.user, business=membership.business):
            messages.success(request, f"{membership.user.email} has been told by mail.")
        else:
            messages.error(request, "The mail could not be sent. Send the invitation again later, from their page.")

    def offers(self, request: HttpRequest, button: str, membership: Membership) -> bool:
        return button == "remove" or not membership.user.has_usable_password()

    @buttons.button("Send the invitation again", icon="mail")
    def invite_again(self, request: HttpRequest, membership: Membership) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            self._invite(request, membership)
            return HttpResponseRedirect(links.url_of(membership))

        title = f"Send the invitation to {membership.user.email} again?"
        return buttons.ask(self, request, membership, title=title, submit="Send it", act=act)

    @buttons.button("Remove", icon="person_remove", danger=True)
    def remove(self, request: HttpRequest, membership: Membership) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            self.log_change(request, membership, "Removed.")
            members.remove(membership=membership)
            messages.success(request, f"{membership.user.email} does not work here any more.")
            return HttpResponseRedirect(links.list_url(Membership))

        return buttons.ask(
            self,
            request,
            membership,
            title=f"Remove {membership.user.email}?",
            text="They lose these pages at once. What they did stays in the history.",
            submit="Remove",
            danger=True,
            act=act,
        )


def state(membership: Membership) -> object:
    if membership.user.has_usable_password():
        return look.state("Active", "success")
    return look.state("Invited", "warning")
