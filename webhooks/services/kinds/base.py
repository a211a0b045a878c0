"""What a signature profile is given, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One try at one delivery. The first secret is the current one; while it rotates, the old one follows."""

    id: str
    timestamp: int  # of this try, in seconds
    body: bytes
    secrets: Sequence[str]


class Profile(Protocol):
    """A module per profile. `TOPICS` bounds what it is subscribed to, or is None; it hears `BESIDE` unasked."""

    @property
    def NAME(self) -> str: ...

    @property
    def TOPICS(self) -> tuple[str, ...] | None: ...

    @property
    def BESIDE(self) -> tuple[str, ...]: ...

    def body_of(self, published: bytes) -> bytes:
        """What is sent for a published body."""

    def sign(self, message: Message) -> Mapping[str, str]:
        """The headers that prove the message."""


def named(header: str, signatures: Sequence[str]) -> dict[str, str]:
    """One signature a header: the old secret's, while it lives, goes beside in `…-Previous`."""
    return dict(zip((header, f"{header}-Previous"), signatures, strict=False))
