"""Mail that a mail server sends back: a report of what became of one of ours (RFC 3464), which names it by Message-ID.

Nobody outside knows the Message-ID but whoever was sent the mail, and those who carried it.
"""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message

from rewards.models import GiftMessage
from rewards.services import gift_letters, gift_messages

Status = GiftMessage.Status
MOST_READ = 1024 * 1024  # bytes of a report; what follows is a copy of our own mail
OF_ACTION = {"failed": Status.BOUNCED, "delivered": Status.DELIVERED}


def hear(mail: bytes) -> bool:
    """Take a report. Whether it told the end of a mail of ours: delays, answers and other mail change nothing."""
    try:
        report = message_from_bytes(mail[:MOST_READ], policy=policy.compat32)
    except RecursionError:  # parts within parts, for nothing but that
        return False
    key = next(filter(None, map(gift_letters.key_in, _message_ids(report))), "")
    told = {OF_ACTION[action]: code for action, code in _outcomes(report) if action in OF_ACTION}
    if not key or not told:
        return False
    status = max(told, key=gift_messages.ORDER.index)
    reason = f"The mail bounced: {told[status] or 'no reason given'}." if status == Status.BOUNCED else ""
    gift_messages.hear(key, channel=GiftMessage.Channel.EMAIL, status=status, reason=reason)
    return True


def _outcomes(report: Message) -> Iterator[tuple[str, str]]:
    """What became of it at each recipient: an action, and a code such as 5.1.1."""
    for block in _inside(report, "message/delivery-status"):
        code = str(block.get("Status", "")).split()[:1]
        yield str(block.get("Action", "")).strip().lower(), "".join(code) if _is_code(code) else ""


def _message_ids(report: Message) -> Iterator[str]:
    """Of the mail that came back, whole or its headers alone."""
    for mail in _inside(report, "message/rfc822"):
        yield str(mail.get("Message-ID", ""))
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            yield str(message_from_bytes(headers).get("Message-ID", "")) if isinstance(headers, bytes) else ""


def _inside(report: Message, kind: str) -> Iterator[Message]:
    for part in report.walk():
        if part.get_content_type() == kind and isinstance(part.get_payload(), list):
            yield from (each for each in part.get_payload() if isinstance(each, Message))


def _is_code(words: list[str]) -> bool:
    return bool(words) and len(words[0]) <= 11 and words[0].replace(".", "").isdecimal()
