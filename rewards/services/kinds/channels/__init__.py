"""The ways by which a message about a gift card travels: one module per channel, all with the same names.

How to add one: a module with the names of `Channel`, a line in `CHANNELS`, and whose turn it is in
`gift_messages.ways_to`.
"""

from collections.abc import Mapping
from typing import Protocol

from rewards.services.kinds.channels import email, sms
from rewards.services.kinds.channels.base import Letter


class Channel(Protocol):
    def send(self, letter: Letter) -> None:
        """Hand the message over.

        :raises base.Refused: if the recipient cannot be reached this way, ever
        :raises base.Unreachable: if it may work later
        """


CHANNELS: Mapping[str, Channel] = {"email": email, "sms": sms}
