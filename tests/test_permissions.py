"""Who may do what: every route, every actor. A route without a row here fails.

Columns: nobody · a key of the wrong kind · another business's key · a key that may only read · the sandbox's key ·
the right key.
"""

import re
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from loyalty.api import surfaces
from loyalty.services import keys
from tests import cast

READ, WRITE, SHARED_READ, SHARED_WRITE = "read", "write", "shared read", "shared write"

# What each actor is answered: "ok" is any success, or the route's own refusal of an empty body (400).
EXPECTED = {
    # One thing of the business, in the path: to others it does not exist.
    READ: {"nobody": 401, "wrong kind": 403, "rival": 404, "reader": "ok", "sandbox": 404, "owner": "ok"},
    WRITE: {"nobody": 401, "wrong kind": 403, "rival": 404, "reader": 403, "sandbox": 404, "owner": "ok"},
    # A list, or a new thing: everybody has their own.
    SHARED_READ: {"nobody": 401, "wrong kind": 403, "rival": "ok", "reader": "ok", "sandbox": "ok", "owner": "ok"},
    SHARED_WRITE: {"nobody": 401, "wrong kind": 403, "rival": "ok", "reader": 403, "sandbox": "ok", "owner": "ok"},
}

PARAMETER = re.compile(r"<\w+:(\w+)>")

ROUTES = [
    ("GET", "me", SHARED_READ),
    ("GET", "test-clock", SHARED_READ),
    ("POST", "test-clock", SHARED_WRITE),
    ("GET", "events", SHARED_READ),
    ("GET", "programme", SHARED_READ),
    ("PUT", "programme", SHARED_WRITE),
    ("GET", "programme/versions", SHARED_READ),
    ("POST", "programme/versions/<int:number>/restore", WRITE),
    ("POST", "programme/simulate", SHARED_WRITE),
    ("GET", "programme/simulations/<uuid:simulation_id>", READ),
    ("POST", "programme/simulations/<uuid:simulation_id>/cancel", WRITE),
    ("POST", "batch/points", SHARED_WRITE),
    ("POST", "batch/advocates", SHARED_WRITE),
    ("POST", "batch/events", SHARED_WRITE),
    ("POST", "batch/<uuid:batch_id>/undo", WRITE),
    ("POST", "events/dry-run", WRITE),
    ("GET", "advocates", SHARED_READ),
    ("POST", "advocates", SHARED_WRITE),
    ("GET", "advocates/<uuid:advocate_id>", READ),
    ("PATCH", "advocates/<uuid:advocate_id>", WRITE),
    ("GET", "advocates/<uuid:advocate_id>/points", READ),
    ("POST", "advocates/<uuid:advocate_id>/points", WRITE),
    ("GET", "advocates/<uuid:advocate_id>/transactions", READ),
    ("GET", "advocates/<uuid:advocate_id>/transactions/<uuid:entry_id>/why", READ),
    ("POST", "advocates/<uuid:advocate_id>/revoke-tokens", WRITE),
    ("DELETE", "advocates/<uuid:advocate_id>", WRITE),
    ("POST", "advocates/<uuid:advocate_id>/merge", WRITE),
    ("GET", "advocates/<uuid:advocate_id>/export", READ),
    ("GET", "customers", SHARED_READ),
    ("PUT", "customers", SHARED_WRITE),
    ("GET", "customers/<str:external_id>", READ),
    ("PUT", "customers/<str:external_id>", SHARED_WRITE),
    ("POST", "customers/<str:external_id>/points", WRITE),
    ("POST", "customers/<str:external_id>/points/deduct", WRITE),
    ("GET", "customers/<str:external_id>/stamp-cards", READ),
    ("GET", "customers/<str:external_id>/memberships", READ),
    ("PUT", "customers/<str:external_id>/memberships/<str:key>", WRITE),
    ("DELETE", "customers/<str:external_id>/memberships/<str:key>", WRITE),
    ("POST", "loyalty-cards/lookup", SHARED_WRITE),
    ("POST", "orders", SHARED_WRITE),
    ("POST", "orders/batch", SHARED_WRITE),
    ("POST", "customers/batch", SHARED_WRITE),
    ("POST", "products/batch", SHARED_WRITE),
    ("GET", "orders/<str:order_id>", READ),
    ("PATCH", "orders/<str:order_id>", WRITE),
    ("GET", "products", SHARED_READ),
    ("GET", "products/<str:product_id>", READ),
    ("PUT", "products/<str:product_id>", SHARED_WRITE),
    ("DELETE", "products/<str:product_id>", WRITE),
    ("GET", "collections/<str:collection_id>", READ),
    ("PUT", "collections/<str:collection_id>", SHARED_WRITE),
    ("DELETE", "collections/<str:collection_id>", WRITE),
    ("GET", "earn-rules", SHARED_READ),
    ("POST", "earn-rules", SHARED_WRITE),
    ("GET", "earn-rules/<uuid:rule_id>", READ),
    ("PATCH", "earn-rules/<uuid:rule_id>", WRITE),
    ("GET", "sso/mappings", SHARED_READ),
    ("POST", "sso/mappings", SHARED_WRITE),
    ("GET", "rewards", SHARED_READ),
    ("POST", "rewards", SHARED_WRITE),
    ("GET", "rewards/<uuid:reward_id>", READ),
    ("PATCH", "rewards/<uuid:reward_id>", WRITE),
    ("POST", "rewards/<uuid:reward_id>/redeem", WRITE),
    ("GET", "redemptions", SHARED_READ),
    ("GET", "redemptions/<uuid:redemption_id>", READ),
    ("POST", "redemptions/<uuid:redemption_id>/cancel", WRITE),
    ("GET", "quests", SHARED_READ),
    ("POST", "quests", SHARED_WRITE),
    ("GET", "quests/<uuid:quest_id>", READ),
    ("PATCH", "quests/<uuid:quest_id>", WRITE),
    ("POST", "quests/<uuid:quest_id>/complete", WRITE),
    ("POST", "redemptions/<uuid:redemption_id>/fulfil", WRITE),
    ("POST", "redemptions/<uuid:redemption_id>/acknowledge", WRITE),
    ("POST", "rewards/<str:coupon_code>/use", WRITE),
    ("GET", "code-pools", SHARED_READ),
    ("POST", "code-pools", SHARED_WRITE),
    ("GET", "code-pools/<uuid:pool_id>", READ),
    ("PATCH", "code-pools/<uuid:pool_id>", WRITE),
    ("POST", "code-pools/<uuid:pool_id>/codes", WRITE),
    ("POST", "code-pools/<uuid:pool_id>/generate", WRITE),
    ("GET", "testimonials", SHARED_READ),
    ("POST", "testimonials", SHARED_WRITE),
    ("PATCH", "testimonials/<uuid:testimonial_id>", WRITE),
    ("GET", "feedback/boards", SHARED_READ),
    ("POST", "feedback/boards", SHARED_WRITE),
    ("GET", "feedback/boards/<uuid:board_id>/ideas", READ),
    ("POST", "feedback/boards/<uuid:board_id>/ideas", WRITE),
    ("PATCH", "feedback/ideas/<uuid:idea_id>", WRITE),
    ("POST", "feedback/ideas/<uuid:idea_id>/vote", WRITE),
    ("DELETE", "feedback/ideas/<uuid:idea_id>/vote", WRITE),
    ("GET", "surveys", SHARED_READ),
    ("POST", "surveys", SHARED_WRITE),
    ("GET", "surveys/<uuid:survey_id>/responses", READ),
    ("POST", "surveys/<uuid:survey_id>/responses", WRITE),
    ("GET", "referrals", SHARED_READ),
    ("POST", "referrals", WRITE),
    ("POST", "referrals/track", WRITE),
    ("POST", "referrals/convert", WRITE),
    ("GET", "referrals/<str:code>/stats", READ),
    ("GET", "webhooks", SHARED_READ),
    ("POST", "webhooks", SHARED_WRITE),
    ("GET", "webhooks/<uuid:endpoint_id>", READ),
    ("PATCH", "webhooks/<uuid:endpoint_id>", WRITE),
    ("DELETE", "webhooks/<uuid:endpoint_id>", WRITE),
    ("POST", "webhooks/<uuid:endpoint_id>/test", WRITE),
    ("POST", "webhooks/<uuid:endpoint_id>/rotate", WRITE),
    ("POST", "webhooks/<uuid:endpoint_id>/replay", WRITE),
    ("GET", "webhooks/<uuid:endpoint_id>/deliveries", READ),
    ("POST", "webhooks/deliveries/<uuid:delivery_id>/retry", WRITE),
]

# Routes with another kind of credential; their own tests hold their tables.
APP = "tests/loyalty/test_loyalty_api.py"
GIFTS = "tests/rewards/gifts/test_gift_permissions.py"
ELSEWHERE = {
    ("POST", "v1/Tokens"): GIFTS,
    ("GET", "v1/Products"): GIFTS,
    ("GET", "v1/Products/<str:product_key>"): GIFTS,
    ("GET", "v1/ShippingMethods"): GIFTS,
    ("GET", "v1/Balance"): GIFTS,
    ("GET", "v1/Orders"): GIFTS,
    ("POST", "v1/Orders"): GIFTS,
    ("GET", "v1/Orders/<uuid:order_id>"): GIFTS,
    ("POST", "v1/Orders/<uuid:order_id>/Cancel"): GIFTS,
    ("POST", "v1/Orders/<uuid:order_id>/Cards/<uuid:card_id>/Resend"): GIFTS,
    ("POST", "v1/Cards/Balance"): GIFTS,
    ("POST", "v1/Cards/Redeem"): GIFTS,
    ("GET", "loyalty/config"): APP,
    ("GET", "loyalty/profile"): APP,
    ("GET", "loyalty/notifications"): APP,
    ("GET", "loyalty/history"): APP,
    ("GET", "loyalty/coupons/<uuid:coupon_id>"): APP,
    ("POST", "loyalty/action"): APP,
    ("GET", "loyalty/taps"): APP,
    ("POST", "loyalty/taps"): APP,
    ("POST", "sso/recognize"): "tests/advocates/test_sso.py",
}

BODIES = {
    "events/dry-run": {"advocateId": "{advocate_id}", "event": "ride"},
    "advocates/<uuid:advocate_id>/points": {"amount": 5},
    "advocates/<uuid:advocate_id>/merge": {"intoAdvocateId": "{other_id}"},
    "rewards/<uuid:reward_id>/redeem": {"advocateId": "{advocate_id}"},
    "quests/<uuid:quest_id>/complete": {"advocateId": "{advocate_id}", "taskId": "{task_id}"},
    "customers/<str:external_id>/points": {"points": 5},
    "customers/<str:external_id>/points/deduct": {"points": 5},
    "orders/<str:order_id>": {"financialStatus": "paid"},
    "code-pools/<uuid:pool_id>/codes": {"codes": ["CINEMA-1"]},
    "code-pools/<uuid:pool_id>/generate": {"count": 2},
    "feedback/ideas/<uuid:idea_id>": {"status": "planned"},
    "feedback/ideas/<uuid:idea_id>/vote": {"advocateId": "{voter_id}"},
    "feedback/boards/<uuid:board_id>/ideas": {"advocateId": "{advocate_id}", "title": "Oat milk"},
    "testimonials/<uuid:testimonial_id>": {"status": "approved"},
    "surveys/<uuid:survey_id>/responses": {
        "advocateId": "{advocate_id}",
        "answers": [{"question": "q1", "answer": 9}],
    },
    "referrals": {"advocateId": "{advocate_id}"},
    "referrals/track": {"code": "{code}", "visitorId": "v-1"},
    "referrals/convert": {"code": "{code}", "orderId": "1001", "orderValue": "42.00"},
    "webhooks/<uuid:endpoint_id>/replay": {"from": "2026-01-01T00:00:00Z"},
}

QUERIES = {("DELETE", "feedback/ideas/<uuid:idea_id>/vote"): "?advocateId={advocate_id}"}


def is_of_integration(path: str) -> bool:
    """Whether an integration key opens it: `test_integration_contract.py` has the rows."""
    return surfaces.surface_of(address_of(path)) is surfaces.INTEGRATION


def address_of(path: str) -> str:
    """The address of a row's path."""
    if path.startswith("v1/"):
        return f"/{path}"
    return f"/api/{path}" if path.startswith(("loyalty/", "v2/")) else f"/api/v1/{path}"


def declared_routes() -> Iterator[tuple[str, str]]:
    """(method, path below /api/v1/, or `loyalty/…`, `v2/…`, `v1/…`) of everything that answers there."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            else:
                yield here, pattern

    for path, pattern in walk(get_resolver().url_patterns, ""):
        view = getattr(pattern.callback, "view_class", None)
        if path.startswith(("api/v1/", "api/v2/", "api/loyalty/", "v1/")) and view:
            for method in ("get", "post", "put", "patch", "delete"):
                if hasattr(getattr(view, method, None), "operation"):
                    yield method.upper(), path.removeprefix("api/v1/").removeprefix("api/")


@pytest.fixture
def ids(acme, api, ada, bob, give):
    """One of everything that a path can name."""
    entry = give(ada, 500)
    reward = api.post("/rewards", {"name": "Mug", "pointsCost": 5, "type": "custom"}).json()["reward"]
    redemption = api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk)}).json()["redemption"]
    step = {"title": "Say hello", "type": "manual", "points": 5}
    quest = api.post("/quests", {"title": "Welcome", "tasks": [step]}).json()["quest"]
    (task,) = api.get(f"/quests/{quest['id']}").json()["tasks"]
    waiting = api.post(
        "/rewards", {"name": "Pin", "pointsCost": 5, "type": "custom", "acknowledgement": "required"}
    ).json()["reward"]
    pending = api.post(f"/rewards/{waiting['id']}/redeem", {"advocateId": str(ada.pk)}).json()["redemption"]
    pool = api.post("/code-pools", {"title": "Cinema"}).json()["codePool"]
    hook = api.post("/webhooks", {"url": "http://127.0.0.1:9/hook", "topics": ["*"]}).json()["webhook"]
    code = api.post("/referrals", {"advocateId": str(ada.pk)}).json()["referral"]["code"]
    delivery = api.post(f"/webhooks/{hook['id']}/test").json()["delivery"]
    said = {"advocateId": str(ada.pk), "rating": 5, "body": "Good", "consent": True}
    board = api.post("/feedback/boards", {"title": "Ideas"}).json()["board"]
    idea = {"advocateId": str(ada.pk), "title": "Oat milk"}
    groups = {
        "segments": [{"key": "beta", "title": "Beta testers"}],
        "memberships": [{"key": "club", "title": "Coffee club"}],
        "stampCards": [{"key": "coffee", "title": "Coffee card", "slots": 8}],
    }
    version = api.put("/programme", groups).json()["version"]
    api.put("/customers/ada-1/memberships/club", {})
    survey = {"title": "Survey", "questions": [{"kind": "nps", "text": "Would you recommend us?"}]}
    sold = {"id": "900", "customer": {"externalId": "ada-1"}, "total": "5.00", "financialStatus": "pending"}
    rule = {"title": "A ride", "trigger": "ride", "earn": {"points": 5}}
    api.put("/products/mug", {"title": "Mug"})
    api.put("/collections/gear", {"title": "Gear"})
    return {
        "external_id": "ada-1",
        "key": "club",
        "card": api.get("/customers/ada-1").json()["customer"]["loyaltyCard"],
        "order_id": api.post("/orders", sold).json()["order"]["id"],
        "rule_id": api.post("/earn-rules", rule).json()["earnRule"]["id"],
        "product_id": "mug",
        "collection_id": "gear",
        "testimonial_id": api.post("/testimonials", said).json()["testimonial"]["id"],
        "board_id": board["id"],
        "idea_id": api.post(f"/feedback/boards/{board['id']}/ideas", idea).json()["idea"]["id"],
        "survey_id": api.post("/surveys", survey).json()["survey"]["id"],
        "voter_id": str(bob.pk),
        "number": str(version),
        "advocate_id": str(ada.pk),
        "other_id": str(bob.pk),
        "entry_id": str(entry.id),
        "batch_id": api.post("/batch/points", {"items": [{"externalId": "ada-1", "amount": 5}]}).json()["batchId"],
        "reward_id": reward["id"],
        "redemption_id": redemption["id"],
        "quest_id": quest["id"],
        "task_id": task["id"],
        "redemptions/<uuid:redemption_id>/acknowledge": pending["id"],
        "coupon_code": redemption["couponCode"],
        "pool_id": pool["id"],
        "endpoint_id": hook["id"],
        "delivery_id": delivery["id"],
        "code": code,
        "simulation_id": api.post("/programme/simulate", {"document": {}}).json()["simulation"]["id"],
    }


@pytest.fixture
def actors(acme, rival, api, rival_api, readonly_api, sandbox_api, anonymous_api):
    _, text = keys.create_key(business=acme, kind=keys.Kind.INTEGRATION, name="k")
    return {
        "nobody": anonymous_api,
        "wrong kind": cast.ApiClient({"X-API-KEY": text}),
        "rival": rival_api,
        "reader": readonly_api,
        "sandbox": sandbox_api,
        "owner": api,
    }


class TestPermissionTable:
    def test_has_a_row_for_every_route(self):
        here = {(method, path) for method, path, _ in ROUTES} | set(ELSEWHERE)
        assert {row for row in declared_routes() if not is_of_integration(row[1])} == here

    @pytest.mark.parametrize(("method", "route", "rule"), ROUTES, ids=[f"{m} {r}" for m, r, _ in ROUTES])
    def test_holds(self, ids, actors, method, route, rule):
        path = "/" + PARAMETER.sub(lambda found: ids.get(route) or ids[found[1]], route)
        path += QUERIES.get((method, route), "").format(**ids)
        body = {
            name: value.format(**ids) if isinstance(value, str) else value
            for name, value in BODIES.get(route, {}).items()
        }

        answers = {}
        for actor in EXPECTED[rule]:
            send = getattr(actors[actor], method.lower())
            response = send(path) if method in ("GET", "DELETE") else send(path, body)
            answers[actor] = "ok" if response.status_code in (200, 201, 202, 204, 400) else response.status_code

        assert answers == EXPECTED[rule]
