"""Before signing in: the way to a password, by mail, and the page for who has tried too many."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.generic import FormView
from unfold import widgets

from loyalty.admin import letters
from loyalty.api import addresses, limits
from loyalty.kernel.errors import DomainError
from loyalty.models import User

MAILS_A_DAY = 5


def name_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose password is being guessed, in the one spelling that users are looked up by: case opens no new count."""
    given = {**request.POST.dict(), **(credentials or {})}
    return str(given.get("username") or given.get(User.USERNAME_FIELD) or "").strip().lower()


def locked_out(request: HttpRequest, *_: object) -> HttpResponse:
    """What stands in place of the sign-in form after too many wrong passwords."""
    minutes = int(settings.AXES_COOLOFF_TIME * 60)
    context = {**admin.site.each_context(request), "title": "Sign in", "minutes": minutes}
    return render(request, "admin/locked_out.html", context, status=429)


class ForgottenForm(forms.Form):
    email = forms.EmailField(label="E-mail", widget=widgets.UnfoldAdminEmailInputWidget(attrs={"autofocus": True}))


class Forgotten(FormView[ForgottenForm]):
    """Mails a link to whoever has a user with this address; what it answers does not tell whether."""

    template_name = "admin/forgotten.html"
    form_class = ForgottenForm
    success_url = reverse_lazy("admin:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), "title": "New password", **super().get_context_data(**kwargs)}

    def form_valid(self, form: ForgottenForm) -> HttpResponse:
        email = form.cleaned_data["email"].strip().lower()
        try:
            is_allowed = self._count(email)
        except DomainError as error:
            form.add_error(None, error.message)
            return self.form_invalid(form)
        user = User.objects.filter(email=email, is_active=True).first()
        if user and is_allowed:
            letters.send_password_link(user)
        messages.success(self.request, f"If {email} has a user here, a link is on its way.")
        return super().form_valid(form)

    def _count(self, email: str) -> bool:
        """Whether this address of the network, and this one of the mail, may ask once more."""
        day = limits.Window(f"forgotten:{email}", limits.DAY, MAILS_A_DAY)
        windows = [*limits.for_address(addresses.client_address(self.request)), day]
        return limits.hit(windows, is_guessable=True).is_allowed


class ChoosePassword(PasswordResetConfirmView):
    """Where the link in the mail leads."""

    template_name = "admin/choose_password.html"
    success_url = reverse_lazy("admin:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        for field in form.fields.values():
            field.widget = widgets.UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
        return form

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is set. Sign in with it.")
        return super().form_valid(form)
