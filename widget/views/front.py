"""The front page of an installation: what this is, and the doors to everything."""

import json
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from widget.views import guides


class Door(NamedTuple):
    """A card of the front page."""

    address: str
    icon: str
    title: str
    text: str


SHOP = "A small shop with the widget in its corner. Redeem a reward there, and watch the shop hear of it."
DASHBOARD = "People, points, rewards, keys and webhooks of your businesses."
API = "Every path with its shapes, errors and examples."
WIDGET = "The line of HTML, and how your own app does without it."
INSTALLATION = {
    "/api/schema/": "OpenAPI",
    "/.well-known/jwks.json": "Token keys",
    "/healthz": "Alive",
    "/readyz": "Ready",
}


class Landing(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        demo = _demo()
        shop = Door(demo["shopUrl"], "product", "Demo shop", SHOP) if "shopUrl" in demo else None
        dashboard = Door(demo.get("adminUrl", "/admin/"), "home", "Dashboard", DASHBOARD)
        api = Door("/api/docs/", "code", "API", API)
        context = {
            "shop": shop,
            "dashboard": dashboard,
            "doors": [door for door in (shop, dashboard, api, _widget()) if door],
            "guides": guides.titles(),
            "installation": INSTALLATION,
        }
        return render(request, "widget/landing.html", context)


def _widget() -> Door | None:
    """Where the documentation is at hand: a slim image leaves it out."""
    guide = "developers/widget.md"
    return Door(f"/guides/{guide}", "rewards", "Widget", WIDGET) if guide in guides.titles() else None


def _demo() -> dict[str, str]:
    """What a local run says about its demo. It holds keys, too: take addresses out of it, never all of it."""
    try:
        demo: dict[str, str] = json.loads((settings.DATA_DIR / "demo.json").read_text())
    except OSError:
        return {}
    return demo
