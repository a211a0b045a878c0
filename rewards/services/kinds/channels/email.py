"""By mail, through Django's backends: text with an HTML part beside it."""

from email.utils import formataddr, parseaddr
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from rewards.services.kinds.channels.base import Letter, Refused, Unreachable

KEY = "gift_message"  # under which a mail service keeps a letter's key, and tells it in its notices


def send(letter: Letter) -> None:
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        formataddr((letter.sender, address)),
        [letter.email],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers={"Message-ID": letter.id, "Auto-Submitted": "auto-generated"},
    )
    vars(mail)["metadata"] = {KEY: letter.key}  # for anymail's backends; others do not look
    mail.attach_alternative(letter.html, "text/html")
    try:
        mail.send()
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _failure(max(codes, default=500)) from error
    except SMTPResponseException as error:
        raise _failure(error.smtp_code) from error
    except AnymailRecipientsRefused as error:
        raise Refused("The mail service refused it.") from error
    except (SMTPException, AnymailError, OSError) as error:
        raise Unreachable(type(error).__name__) from error


def _failure(code: int) -> Exception:
    """What a server says with 5xx is final."""
    return Refused(f"The mail server refused it: {code}.") if 500 <= code < 600 else Unreachable(f"SMTP {code}")
