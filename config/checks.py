"""Unsafe settings, with an id and what to do. What development alone may have is asked with `--deploy`."""

from base64 import b64decode
from binascii import Error as NotBase64
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.checks import Error, register

from rewards.api import notices
from rewards.services.kinds.channels import sms

Errors = list[Error]
SHORTEST_SECRET = 24  # characters


@register
def encryption_keys(**_: Any) -> Errors:
    if not settings.ENCRYPTION_KEYS:
        return [_error("E001", "ENCRYPTION_KEYS is empty.", "Give one key: openssl rand -base64 32")]
    for number, text in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            length = len(b64decode(text, validate=True))
        except NotBase64:
            length = 0
        if length != 32:
            hint = "Make one with: openssl rand -base64 32"
            return [_error("E002", f"Key {number} of ENCRYPTION_KEYS is not base64 of 32 bytes.", hint)]
    return []


@register
def engine(**_: Any) -> Errors:
    if settings.DATABASES["default"]["ENGINE"] != "loyalty.kernel.database":
        return [_error("E003", "Laurel needs PostgreSQL.", "Give DATABASE_URL=postgres://…")]
    return []


@register
def proxies(**_: Any) -> Errors:
    if not 0 <= settings.TRUSTED_PROXY_COUNT <= 5:
        return [_error("E004", "TRUSTED_PROXY_COUNT is out of range.", "Count the proxies before this server.")]
    return []


@register
def networks(**_: Any) -> Errors:
    """The lists of networks among the settings."""
    for number, name in (("E005", "WEBHOOKS_ALLOWED_PRIVATE_NETWORKS"), ("E009", "TRUSTED_PROXY_NETWORKS")):
        for text in getattr(settings, name):
            try:
                ip_network(text)
            except ValueError:
                hint = "Use CIDR ranges, such as 10.1.0.0/16."
                return [_error(number, f"{text!r} in {name} is no network.", hint)]
    return []


@register
def mail_service(**_: Any) -> Errors:
    if settings.EMAIL_SERVICE and settings.EMAIL_SERVICE not in notices.SERVICES:
        hint = f"Use one of: {', '.join(sorted(notices.SERVICES))}."
        return [_error("E010", f"There is no EMAIL_SERVICE {settings.EMAIL_SERVICE!r}.", hint)]
    secret = settings.ANYMAIL["WEBHOOK_SECRET"]
    if secret and (":" not in secret or len(secret) < SHORTEST_SECRET):
        hint = "Give user:password, with a password that nobody guesses."
        return [_error("E011", "EMAIL_NOTICES_SECRET is no user:password, or a short one.", hint)]
    return []


@register
def text_messages(**_: Any) -> Errors:
    """Whoever reads a text message has the gift: on a server that people reach they go out, and by https."""
    if not settings.REQUIRE_HTTPS:
        return []
    if settings.SMS_DIR or settings.SMS_URL == sms.CONSOLE:
        hint = "Unset SMS_DIR, and give SMS_URL the address of a gateway, or nothing."
        return [_error("E013", "Text messages would be written down instead of sent.", hint)]
    if settings.SMS_URL and not settings.SMS_URL.startswith("https://"):
        return [
            _error(
                "E014", "SMS_URL is not an https address: links would cross the network in the clear.", "Use https."
            )
        ]
    return []


@register
def metrics(**_: Any) -> Errors:
    if 0 < len(settings.METRICS_TOKEN) < SHORTEST_SECRET:
        return [_error("E012", "METRICS_TOKEN is short enough to be guessed.", "Give 24 characters or more.")]
    return []


@register(deploy=True)
def https(**_: Any) -> Errors:
    if not settings.REQUIRE_HTTPS:
        return [_error("E006", "REQUIRE_HTTPS is off: keys would cross the network in the clear.", "Unset it.")]
    if not settings.PUBLIC_URL.startswith("https://"):
        return [_error("E007", "PUBLIC_URL is not an https address.", "Give the address that people open.")]
    return []


@register(deploy=True)
def webhooks(**_: Any) -> Errors:
    if settings.WEBHOOKS_ALLOW_HTTP or settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS:
        hint = "Unset WEBHOOKS_ALLOW_HTTP and WEBHOOKS_ALLOWED_PRIVATE_NETWORKS."
        return [_error("E008", "Webhooks may reach plain HTTP or private networks.", hint)]
    return []


def _error(number: str, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"laurel.{number}")
