"""What the word of an end user's app is worth: which names it may use, and which event it tells twice."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from loyalty.kernel.errors import Invalid
from loyalty.services.compiled import Programme

# What the house has a name for, and only apps can tell.
OF_APPS = frozenset({"social_visit", "page_visit", "newsletter", "file_uploaded"})
EVENT_ID = re.compile(r"[!-~]{1,64}")


def is_undeclared(name: str, *, origin: str, programme: Programme) -> bool:
    """Whether an app made this name up: then it moves only what was told to take it."""
    return origin == "client" and name not in programme.events and name not in OF_APPS


def is_heard(name: str, *, origin: str, programme: Programme) -> bool:
    """Whether anything listens to this name, said by whom it is said."""
    if is_undeclared(name, origin=origin, programme=programme):
        return any(step.allow_undeclared for step in programme.steps.get(name, ()))
    return programme.hears(name)


def event_id(account_id: UUID, name: str, data: Mapping[str, Any]) -> str:
    """The id of an event that its app names. Each person's are their own, so that nobody takes another one's.

    :raises Invalid: if its data does not name it
    """
    given = data.get("eventId")
    if not isinstance(given, str) or not EVENT_ID.fullmatch(given):
        raise Invalid("Name this event in data.eventId: 1 to 64 visible ASCII characters.", field="data.eventId")
    return f"app:{sha256(f'{account_id} {name} {given}'.encode()).hexdigest()}"
