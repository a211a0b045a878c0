"""What the shop asks Laurel, over HTTP, with the keys that Laurel gave it."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

TIMEOUT = 10


class Unavailable(Exception):
    """Laurel did not do it; the sentence says why."""


@dataclass(frozen=True)
class Laurel:
    """Laurel's address and our keys."""

    url: str
    secret_key: str
    integration_key: str
    _opener: OpenerDirector = field(default_factory=lambda: build_opener(ProxyHandler({})), repr=False)

    def widget_url(self, customer: str) -> str:
        """An address that shows the customer their points, for a frame of our page."""
        path = f"/api/v1/integration/user/{quote(customer, safe='')}/widget"
        return str(self._ask("GET", path, {"X-API-KEY": self.integration_key})["url"])

    def award(self, *, customer: str, points: int, order: str) -> int:
        """Give points for an order, once however often it is asked. Answers the new balance."""
        path = f"/api/v1/advocates/{self._advocate(customer)['id']}/points"
        body = {"amount": points, "description": f"Order {order}"}
        return int(self._ask("POST", path, self._bearer | {"Idempotency-Key": f"order-{order}"}, body)["newBalance"])

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret_key}"}

    def _advocate(self, customer: str) -> Any:
        found = self._ask("GET", f"/api/v1/advocates?{urlencode({'search': customer})}", self._bearer)
        for advocate in found["advocates"]:
            if advocate["externalId"] == customer:
                return advocate
        raise Unavailable(f"Laurel does not know {customer}.")

    def _ask(self, method: str, path: str, headers: dict[str, str], body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, {**headers, "Content-Type": "application/json"}, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                return json.load(response)
        except HTTPError as refusal:
            raise Unavailable(
                f"Laurel answered {refusal.code}: {refusal.read(2_000).decode(errors='replace')}"
            ) from refusal
        except (OSError, ValueError) as error:
            raise Unavailable(f"Laurel gave no answer: {error}") from error
