"""The ways to a password: by a link in a mail. And the page for who has tried too many."""

from smtplib import SMTPException
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import PasswordResetConfirmView
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse, reverse_lazy
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.generic import FormView
from unfold import widgets

from loyalty.api import addresses, limits
from loyalty.kernel.errors import DomainError
from loyalty.models import Business, User

log = structlog.get_logger(__name__)

MAILS_A_DAY = 5


def invite(user: User, *, business: Business) -> bool:
    """Tell someone by mail that they work for a business; with a link to a password, if they have none."""
    link = settings.PUBLIC_URL + reverse("admin:index") if user.has_usable_password() else _password_link(user)
    return _mail(user, f"You work for {business.name} now", "invitation", link=link, business=business)


def mail_password_link(user: User) -> bool:
    """Let someone choose a password, by mail."""
    return _mail(user, "Choose your password", "password", link=_password_link(user))


def name_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose password is being guessed, in the one spelling that users are looked up by: case opens no new count."""
    given = {**request.POST.dict(), **(credentials or {})}
    return str(given.get("username") or given.get(User.USERNAME_FIELD) or "").strip().lower()


def locked_out(request: HttpRequest, *_: object) -> HttpResponse:
    """What stands in place of the sign-in form after too many wrong passwords."""
    minutes = int(float(settings.AXES_COOLOFF_TIME) * 60)
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
        return super().get_context_data(**admin.site.each_context(self.request), title="Forgotten password", **kwargs)

    def form_valid(self, form: ForgottenForm) -> HttpResponse:
        email = form.cleaned_data["email"].strip().lower()
        day = limits.Window(f"forgotten:{email}", limits.DAY, MAILS_A_DAY)
        windows = [*limits.for_address(addresses.client_address(self.request)), day]
        try:
            is_allowed = limits.hit(windows, is_guessable=True).is_allowed
        except DomainError as error:
            form.add_error(None, error.message)
            return self.form_invalid(form)
        user = User.objects.filter(email=email, is_active=True).first()
        if user and is_allowed:
            mail_password_link(user)
        messages.success(self.request, f"If {email} has a user here, a link is on its way.")
        return super().form_valid(form)


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # not generic when it runs
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = widgets.UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})


class ChoosePassword(PasswordResetConfirmView):
    """Where the link in the mail leads."""

    template_name = "admin/choose_password.html"
    form_class = ChoosePasswordForm
    success_url = reverse_lazy("admin:login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is set. Sign in with it.")
        return super().form_valid(form)


def _password_link(user: User) -> str:
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    return settings.PUBLIC_URL + reverse("choose_password", args=[uid, token])


def _mail(user: User, subject: str, template: str, **context: object) -> bool:
    """Whether the mail went out. The caller says so, or not: a stranger does not learn who has a user."""
    text = render_to_string(f"admin/mail/{template}.txt", {"user": user, **context})
    try:
        send_mail(subject, text, None, [user.email])
    except (SMTPException, OSError) as error:
        log.warning("mail_failed", template=template, error=type(error).__name__)
        return False
    return True
