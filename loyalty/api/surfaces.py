"""The public surfaces: which paths belong to which, and how each spells an error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loyalty.kernel.errors import DomainError

Fields = dict[str, Any]


def _advocates(error: DomainError, request_id: str) -> Fields:
    return {"error": _camel(error, request_id)}


def _integration(error: DomainError, request_id: str) -> Fields:
    return {
        "message": error.message,
        "property": error.field,
        "code": error.code.value,
        "requestId": request_id,
    }


def _loyalty(error: DomainError, request_id: str) -> Fields:
    return {"message": error.message, "error": _camel(error, request_id)}


def _gift_cards(error: DomainError, request_id: str) -> Fields:
    return {
        "Code": error.code.value,
        "Message": error.message,
        "Field": error.field,
        "RequestId": request_id,
        **error.facts,
    }


def _camel(error: DomainError, request_id: str) -> Fields:
    return {
        "code": error.code.value,
        "message": error.message,
        "field": error.field,
        "requestId": request_id,
    }


@dataclass(frozen=True, slots=True)
class Surface:
    """One way in. `prefixes` match whole path segments."""

    name: str
    prefixes: tuple[str, ...]
    render: Callable[[DomainError, str], Fields]

    def has(self, path: str) -> bool:
        return any(path == prefix or path.startswith(f"{prefix}/") for prefix in self.prefixes)


ADVOCATES = Surface("advocates", ("/api",), _advocates)
INTEGRATION = Surface(
    "integration",
    (
        "/api/v1/integration",
        "/api/v2/integration",
        "/api/v1/event",
        "/api/v1/revenue",
        "/api/v1/segment",
    ),
    _integration,
)
LOYALTY = Surface("loyalty", ("/api/loyalty",), _loyalty)
GIFT_CARDS = Surface("gift cards", ("/v1",), _gift_cards)

PAGES = ("/api/docs", "/api/schema")  # for readers, not for programs


def surface_of(path: str) -> Surface | None:
    """The surface whose rules hold for a path; None for pages."""
    if not path.startswith(("/api", "/v1")) or path.startswith(PAGES):
        return None
    return next((s for s in (INTEGRATION, LOYALTY, ADVOCATES, GIFT_CARDS) if s.has(path)), None)
