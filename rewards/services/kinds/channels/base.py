"""What channels share: what they carry, and how they fail."""

from dataclasses import dataclass


class Refused(Exception):
    """The recipient cannot be reached this way."""


class Unreachable(Exception):
    """It did not work now; it may later."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message about one card. `id` stays the same over all tries."""

    id: str
    email: str
    sms: str
    subject: str
    text: str
    html: str
    short: str  # for a text message
    sender: str  # the name that a mail comes from
    reply_to: str
