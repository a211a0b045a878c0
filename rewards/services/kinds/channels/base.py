"""What channels share: what they carry, and how they fail."""

from dataclasses import dataclass


class Refused(Exception):
    """The recipient cannot be reached this way."""


class Unreachable(Exception):
    """It did not work now; it may later."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message about one card. `id` and `key` stay the same over all tries; notices of the message name the key."""

    id: str
    key: str
    email: str
    sms: str
    subject: str
    text: str
    html: str
    short: str  # for a text message
    sender: str  # the name that a mail comes from
    reply_to: str
