"""Mails to people who use the dashboard."""

from smtplib import SMTPException

import structlog
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from loyalty.models import Business, User

log = structlog.get_logger(__name__)


def invite(user: User, *, business: Business) -> bool:
    """Tell someone that they work for a business, and how to get a password. Whether the mail went out."""
    link = settings.PUBLIC_URL + reverse("admin:index") if user.has_usable_password() else _password_link(user)
    subject = f"You work for {' '.join(business.name.split())} now"
    return _mail(user, subject, "invitation", link=link, business=business)


def send_password_link(user: User) -> bool:
    """Let someone choose a password. Only their mailbox learns the link. Whether it went out."""
    return _mail(user, "Choose your password", "password", link=_password_link(user))


def _password_link(user: User) -> str:
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    return f"{settings.PUBLIC_URL}{reverse('choose_password', args=[uid, token])}"


def _mail(user: User, subject: str, template: str, **context: object) -> bool:
    text = render_to_string(f"admin/mail/{template}.txt", {"user": user, **context})
    try:
        send_mail(subject, text, None, [user.email])
    except (SMTPException, OSError) as error:
        log.warning("mail_failed", template=template, error=type(error).__name__)
        return False
    return True
