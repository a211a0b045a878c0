from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from advocates.models import Advocate
from loyalty.models import Business
from loyalty.services import tokens
from rewards.models import Reward
from rewards.services import rewards


@dataclass
class Visitor:
    """Someone with a token on the page of a business."""

    token: str
    slug: str = "acme"
    client: Client = field(default_factory=Client)

    def get(self, part: str, **query: str) -> Any:
        return self.client.get(f"/w/{self.slug}/{part}", query, headers=self._headers())

    def post(self, part: str) -> Any:
        return self.client.post(f"/w/{self.slug}/{part}", headers=self._headers())

    def redeem(self, reward: Reward, *, key: str = "first") -> Any:
        headers = self._headers() | {"Idempotency-Key": key}
        return self.client.post(f"/w/{self.slug}/rewards/{reward.pk}", headers=headers)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def token_of(advocate: Advocate) -> str:
    return tokens.issue(business=advocate.business, account_id=advocate.pk)


@pytest.fixture
def visitor(acme: Business, ada: Advocate) -> Visitor:
    return Visitor(token_of(ada))


@pytest.fixture
def offer(acme: Business) -> Callable[..., Reward]:
    """Put a reward into Acme's shop window."""

    def create(name: str = "Free coffee", **said: Any) -> Reward:
        return rewards.create(business=acme, name=name, **{"type": "custom", "points_cost": 100, **said})

    return create


@pytest.fixture
def laurel(live_server: Any, settings: Any) -> str:
    """Laurel on an address of its own: `http://localhost:…`, another site than `http://127.0.0.1:…`."""
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)
