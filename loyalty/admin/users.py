"""For operators of the installation only: its users and its plans."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold import widgets

from loyalty.admin import buttons, letters, links, look
from loyalty.admin.base import PlainAdmin, is_operator
from loyalty.models import Plan, User

admin.site.unregister(Group)  # memberships say who may do what


class OperatorsOnly(PlainAdmin):
    """Rows of the installation itself, which belong to no business."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class UserForm(forms.ModelForm[User]):
    email = forms.EmailField(label="E-mail", widget=widgets.UnfoldAdminEmailInputWidget)

    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_superuser")
        labels = {"is_active": "May sign in", "is_superuser": "Runs the installation"}
        help_texts = {
            "is_active": "Untick it to lock someone out of every business.",
            "is_superuser": "Sees and changes every business, all users and plans.",
        }

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(OperatorsOnly):
    form = UserForm
    list_display = (
        "email",
        "name",
        look.column("Password", lambda user: "Set" if user.has_usable_password() else "Not chosen yet"),
        look.column("May sign in", lambda user: yes_or_no(user.is_active)),
        look.column("Runs the installation", lambda user: yes_or_no(user.is_superuser)),
        look.moment_of("last_login", "Signed in last"),
    )
    list_filter = ("is_superuser", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    actions_detail = ("mail_link",)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        transaction.on_commit(lambda: self._mail_link(request, obj))
        return HttpResponseRedirect(links.list_url(User))

    @buttons.button("Mail a password link", icon="mail")
    def mail_link(self, request: HttpRequest, user: User) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            self._mail_link(request, user)
            return HttpResponseRedirect(links.url_of(user))

        title = f"Mail {user.email} a link to choose a password?"
        return buttons.ask(self, request, user, title=title, submit="Send it", act=act)

    def _mail_link(self, request: HttpRequest, user: User) -> None:
        if letters.send_password_link(user):
            messages.success(request, f"{user.email} has a link in the mail.")
        else:
            messages.error(request, "The mail could not be sent. Try again from the user's page.")


@admin.register(Plan)
class PlanAdmin(OperatorsOnly):
    list_display = (
        "name",
        "key",
        look.column("Calls a minute", lambda plan: look.points(plan.calls_per_minute), order="calls_per_minute"),
        look.column("Calls a day", lambda plan: look.points(plan.calls_per_day), order="calls_per_day"),
    )
    ordering = ("calls_per_minute",)

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()


def yes_or_no(answer: bool) -> object:
    return look.state("Yes", "success") if answer else look.state("No")
