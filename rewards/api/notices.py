"""What those who carry our messages tell of them: delivered, or bounced. Each signs in as its own service does."""

import base64
import hmac
import re
from collections.abc import Mapping
from typing import Any

from anymail import urls as anymail
from anymail.signals import AnymailTrackingEvent, EventType
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from rewards.models import GiftMessage
from rewards.services import gift_messages
from rewards.services.kinds.channels.email import KEY

Status, Channel = GiftMessage.Status, GiftMessage.Channel
SERVICES = {
    str(pattern.name).removesuffix("_tracking_webhook"): pattern.callback
    for pattern in anymail.urlpatterns
    if str(pattern.name).endswith("_tracking_webhook")
}
OF_MAIL = {
    EventType.DELIVERED: Status.DELIVERED,
    **dict.fromkeys((EventType.BOUNCED, EventType.REJECTED, EventType.FAILED), Status.BOUNCED),
}
OF_TEXTS = {"delivered": Status.DELIVERED, "undelivered": Status.BOUNCED, "failed": Status.BOUNCED}
WORD = re.compile(r"[\w.-]{1,40}")


@csrf_exempt  # whoever calls has the service's password, or signs
def mail(request: HttpRequest, service: str) -> HttpResponseBase:
    """Notices of the one service that is set up; it is shown who calls by its own rules, and by our password."""
    if service != settings.EMAIL_SERVICE or not settings.ANYMAIL["WEBHOOK_SECRET"]:
        raise Http404
    response: HttpResponseBase = SERVICES[service](request)
    return response


def hear(event: AnymailTrackingEvent, **_: Any) -> None:
    """Take what anymail made of a notice. The message is named by what we gave it along, or by its Message-ID."""
    status = OF_MAIL.get(event.event_type)
    if status is not None:
        key = (event.metadata or {}).get(KEY) or str(event.message_id or "").strip("<>").partition("@")[0]
        reason = f"The mail bounced: {_word(event.reject_reason)}." if status == Status.BOUNCED else ""
        gift_messages.hear(str(key), channel=Channel.EMAIL, status=status, reason=reason)


@csrf_exempt  # the gateway signs
@require_POST
def text(request: HttpRequest, key: str) -> HttpResponse:
    """The status of a text message, as Twilio posts it to the `StatusCallback` that we named."""
    said = {name: str(value) for name, value in request.POST.items()}
    url = f"{settings.PUBLIC_URL}{request.get_full_path()}"
    if not settings.SMS_PASSWORD or not _is_signed(request.headers.get("X-Twilio-Signature", ""), url, said):
        return HttpResponse(status=403)
    status = OF_TEXTS.get(said.get("MessageStatus", ""))
    if status is not None:
        reason = f"The text message bounced: {_word(said.get('ErrorCode'))}." if status == Status.BOUNCED else ""
        gift_messages.hear(key, channel=Channel.SMS, status=status, reason=reason)
    return HttpResponse(status=204)


def _is_signed(signature: str, url: str, said: Mapping[str, str]) -> bool:
    """Whether it is the HMAC-SHA1 of the address, and of names and values in the order of the names."""
    text = url + "".join(name + said[name] for name in sorted(said))
    wanted = base64.b64encode(hmac.digest(settings.SMS_PASSWORD.encode(), text.encode(), "sha1"))
    return hmac.compare_digest(wanted, signature.encode())


def _word(code: object) -> str:
    """A code of theirs; sentences may hold addresses, and are not kept."""
    return str(code) if code and WORD.fullmatch(str(code)) else "no reason given"
