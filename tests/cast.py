"""The people of every test. Olga owns Acme, Carl works there, Stan is a stranger from Rival; Ada and Bob take part
in Acme's programme, Eve in Rival's."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from loyalty.models import Business, Membership, User
from loyalty.services import businesses, keys

PASSWORD = "correct-horse-battery"


def open_acme(slug: str = "acme", name: str = "Acme Coffee") -> Business:
    """A business on the largest plan, with points, bronze, silver and gold."""
    business = businesses.open_business(
        name=name,
        slug=slug,
        plan="enterprise",
        ip_allowlist=["127.0.0.1/32"],
        contact_email=f"owner@{slug}.example",
    )
    for each in (business, business.sandbox):
        businesses.load_starter_tiers(business=each)
    return business


def sign_up(email: str, business: Business, role: str = Membership.Role.OWNER) -> User:
    user = User.objects.create_user(email, PASSWORD)
    Membership.objects.create(business=business, user=user, role=role)
    return user


@dataclass
class ApiClient:
    """Speaks JSON to the API with one credential."""

    headers: dict[str, str] = field(default_factory=dict)
    base: str = "/api/v1"

    def get(self, path: str, **query: Any) -> Any:
        return self._send("get", path, data=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send_json("post", path, body, headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send_json("patch", path, body, headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._send_json("put", path, body, headers)

    def delete(self, path: str) -> Any:
        return self._send("delete", path)

    def _send_json(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self._send(method, path, data=data, content_type="application/json", headers=named)

    def _send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any) -> HttpResponse:
        address = path if path.startswith("/") and self.base == "" else f"{self.base}{path}"
        response: HttpResponse = getattr(Client(), method)(
            address, headers={**self.headers, **(headers or {})}, **rest
        )
        return response


def client_of(business: Business, **key: Any) -> ApiClient:
    """A client with a fresh secret key of the business."""
    _, text = keys.create_key(business=business, kind=keys.Kind.SECRET, name="test", **key)
    return ApiClient({"Authorization": f"Bearer {text}"})


def integration_client_of(business: Business) -> ApiClient:
    _, text = keys.create_key(business=business, kind=keys.Kind.INTEGRATION, name="test")
    return ApiClient({"X-API-KEY": text})
