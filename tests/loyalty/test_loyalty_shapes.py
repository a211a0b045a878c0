"""The answers of the Loyalty API have the fields that integrators were promised, in their places, of their types.

A small programme in which everything can happen, and Ada, to whom all of it does.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from types import NoneType
from typing import Any

import pytest

from loyalty.kernel import ids
from tests.loyalty.test_loyalty_api import app_of
from tests.refusals import assert_same_refusal
from tests.rewards.gifts.conftest import open_gifts

pytestmark = pytest.mark.django_db

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/loyalty-api.md").read_text(encoding="utf-8")
ENTRIES = {
    (type, *sorted(re.findall(r"`((?:challenge|mission|coupon)Id|\w+Changes)`", says)))
    for type, says in re.findall(r"^\| `([a-z]+[A-Z]\w+)` \| [^|]* \| (`.*) \|$", PAGE, re.MULTILINE)
}

TEXT, NUMBER, FRACTION, FLAG = "text", 1, 1.0, True
ANY = "*"  # whatever id it is
TOLD = {"display": TEXT, "title": TEXT, "message": TEXT}
PIECE = {"setId": TEXT, "itemId": TEXT}
CHANGES = {
    "metricChanges": {ANY: {"oldValue": NUMBER, "newValue": NUMBER}},
    "inventoryChanges": {"received": [PIECE], "lost": [PIECE]},
    "milestoneChanges": {ANY: {"oldValue": TEXT, "newValue": TEXT}},
}
HAPPENED = {
    **{"id": TEXT, "timestamp": NUMBER, "type": TEXT},
    "payload": {"challengeId": TEXT, "missionId": TEXT, "couponId": TEXT, **CHANGES},
}
CHALLENGE: dict[str, Any] = {
    **{"id": TEXT, "title": TEXT, "subtitle": TEXT, "notification": TOLD, "showInProfile": FLAG, "showInRail": FLAG},
    "time": {"showInUI": FLAG, "from": NUMBER, "to": NUMBER},
    "missions": [{"id": TEXT, "title": TEXT, "type": TEXT, "notification": TOLD}],
    "rewards": [
        {
            **{"type": TEXT, "metricId": TEXT, "metricQuantity": NUMBER},
            **{"inventorySetId": TEXT, "inventoryItemId": TEXT},
        }
    ],
}
PICTURED = {"id": TEXT, "title": TEXT, "media": TEXT}
PROMISED: dict[str, Any] = {
    "config": {
        "metrics": [PICTURED | {"defaultValue": NUMBER, "minimumValue": NUMBER, "maximumValue": NUMBER}],
        "inventory": [{"id": TEXT, "title": TEXT, "items": [PICTURED]}],
        "challenges": [CHALLENGE],
        "milestones": [{"id": TEXT}],
    },
    "profile": {
        "metrics": {ANY: NUMBER},
        "inventory": {ANY: [TEXT]},
        "challenges": {ANY: {"isCompleted": FLAG, "missionsCompleted": [TEXT]}},
        "milestones": {ANY: TEXT},
        "progress": {ANY: {"value": FRACTION, "target": NUMBER}},
    },
    "history": [HAPPENED],
    "notifications": [HAPPENED | TOLD],
    "coupons": [
        {
            **{"id": TEXT, "title": TEXT, "link": TEXT, "showOnNotification": FLAG},
            **{"coupon_id": TEXT, "coupon_type": TEXT, "coupon_code": TEXT},
        }
    ],
}
IDS = {"[].payload.challengeId", "[].payload.missionId", "[].payload.couponId"}
# Null wherever it means nothing, besides being what it should be wherever it means something.
NULL = {
    "config": {f".challenges[].rewards[].{name}" for name in CHALLENGE["rewards"][0] if name != "type"},
    "history": IDS,
    "notifications": IDS,
    "coupons": {"[].link", "[].coupon_code"},
}
# Nobody is told of these, so no notification has them.
UNTOLD = ("[].payload.metricChanges", "[].payload.inventoryChanges.lost")
MORE = {
    "config": {
        *(".challenges[].key", ".challenges[].missions[].key", ".challenges[].rewards[].inventoryQuantity"),
        *(f".milestones[].{name}" for name in ("title", "metricId", "basis", "milestones")),
    },
    "profile": {".quantities"},
    "history": {f"[].payload.inventoryChanges.{way}[].quantity" for way in ("received", "lost")},
    "notifications": {"[].payload.inventoryChanges.received[].quantity"},
}

WELL_DONE = {"display": "modal", "title": "Well done", "message": "Keep going"}
PICTURE = "https://cdn.example/picture.png"
POINTS, MILES = ({"kind": "metric", "metric": metric, "quantity": 2_000} for metric in ("points", "miles"))
TASKS = [
    {
        "key": "one",
        "title": "Ride",
        "type": "event",
        "trigger": "ride",
        "benefits": [MILES],
        "notification": WELL_DONE,
    },
    {"key": "two", "title": "Ride twice", "type": "event", "trigger": "ride", "target": 2},
]
PROGRAMME = {
    "metrics": [{"key": key, "title": key.title(), "media": PICTURE, "maximum": 9_000} for key in ("points", "miles")],
    "inventorySets": [
        {
            **{"key": "badges", "title": "Badges"},
            "items": [{"key": key, "title": key.title(), "media": PICTURE} for key in ("rider", "founder")],
        }
    ],
    "events": [{"name": "ride", "title": "Ride"}],
    "quests": [
        {
            **{"key": "commuter", "title": "Commuter", "subtitle": "Two rides", "tasks": TASKS},
            "window": {"from": "2026-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"},
            "notification": WELL_DONE,
            "benefits": [POINTS, {"kind": "item", "set": "badges", "item": "rider"}],
        }
    ],
}
REWARDS = {
    "coffee": {"type": "custom"},
    "card": {"type": "gift_card", "giftProductKey": "STORE-CARD", "value": "20.00"},
    "badge": {"type": "item", "item": {"set": "badges", "item": "founder"}},
}


@pytest.fixture
def app(acme, api, ada):
    """Ada's, after she rode twice, redeemed one of each, and was taken the badge again."""
    open_gifts(acme)
    assert api.put("/programme", PROGRAMME).status_code == 200
    app = app_of(ada)
    for _ in range(2):
        answer = app.post("/action", {"action": "ride", "data": {"km": 12}})
        assert (answer.status_code, answer.content) == (200, b"")
    for name, said in REWARDS.items():
        reward = api.post("/rewards", {"name": name, "pointsCost": 100, **said}).json()["reward"]
        bought = api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk)}).json()["redemption"]
    assert api.post(f"/redemptions/{bought['id']}/cancel").status_code == 200
    return app


@pytest.fixture
def history(app):
    return app.get("/history").json()["data"]


def data_of(app, surface):
    if surface != "coupons":
        return app.get(f"/{surface}").json()["data"]
    told = coupons_in(app.get("/history").json()["data"])
    return [app.get(f"/coupons/{coupon_id}").json()["data"] for coupon_id in told]


def filled(payload):
    return [name for name, said in payload.items() if said and said != {"received": [], "lost": []}]


def coupons_in(history, *types):
    """The ids, each once, in their order."""
    types = types or ("couponReceived", "rewardRedeemed")
    return list(dict.fromkeys(item["payload"]["couponId"] for item in history if item["type"] in types))


def stands(promised: Any, found: Any, place: str = "") -> Iterator[tuple[str, type]]:
    """What stands at every promised place: its type. That of nothing at all is the type of `...`."""
    if isinstance(promised, dict | list) and type(found) is type(promised):
        for step, kind, one in beside(promised, found):
            yield from stands(kind, one, place + step)
    else:
        yield place, type(found)


def added(promised: Any, found: Any, place: str = "") -> Iterator[str]:
    """The places of what was not promised."""
    if isinstance(promised, dict | list) and type(found) is type(promised):
        if isinstance(promised, dict) and ANY not in promised:
            yield from (f"{place}.{name}" for name in found if name not in promised)
        for step, kind, one in beside(promised, found):
            yield from added(kind, one, place + step)


def beside(promised: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(promised, list):
        yield from (("[]", promised[0], one) for one in found)
    elif ANY in promised:
        yield from ((f".{ANY}", promised[ANY], one) for one in found.values())
    else:
        yield from ((f".{name}", kind, found.get(name, ...)) for name, kind in promised.items())


def owed(surface):
    """All promised places with their types, and null where that is one."""
    typed = set(stands(PROMISED[surface], PROMISED[surface]))
    if surface == "notifications":
        typed = {(place, type) for place, type in typed if not place.startswith(UNTOLD)}
    return typed | {(place, NoneType) for place in NULL.get(surface, ())}


class TestEveryAnswer:
    @pytest.mark.parametrize("surface", PROMISED)
    def test_has_what_was_promised_in_its_place(self, app, surface):
        assert set(stands(PROMISED[surface], data_of(app, surface))) == owed(surface)

    @pytest.mark.parametrize("surface", PROMISED)
    def test_adds_what_the_page_names_and_nothing_else(self, app, surface):
        names = {place.rpartition(".")[2] for place in MORE.get(surface, ())}

        assert set(added(PROMISED[surface], data_of(app, surface))) == MORE.get(surface, set())
        assert [name for name in names if not re.search(rf"[`\"]{name}[`\"]", PAGE)] == []

    @pytest.mark.parametrize("surface", [one for one in PROMISED if one != "coupons"])
    def test_comes_in_an_envelope(self, app, surface):
        body = app.get(f"/{surface}").json()

        assert body.pop("message") == "OK"
        assert list(body) == ["data", *(["nextCursor"] if surface == "history" else [])]

    def test_would_be_caught_without_a_field_or_with_one_of_another_type(self, app):
        """The control."""
        config = data_of(app, "config")
        missing, other = deepcopy(config), deepcopy(config)
        del missing["challenges"][0]["time"]["from"]
        other["metrics"][1]["maximumValue"] = "9000"

        assert dict(set(stands(PROMISED["config"], missing)) - owed("config")) == {
            ".challenges[].time.from": type(...)
        }
        assert dict(set(stands(PROMISED["config"], other)) - owed("config")) == {".metrics[].maximumValue": str}


class TestHistory:
    def test_tells_of_every_type(self, history):
        assert {item["type"] for item in history} == {
            *("challengeCompleted", "missionCompleted", "metricChanged", "inventoryChanged", "milestoneReached"),
            *("rewardRedeemed", "couponReceived"),
        }

    def test_says_of_each_type_what_the_page_says(self, history):
        """Everything else in it is null or empty."""
        assert {(item["type"], *sorted(filled(item["payload"]))) for item in history} == ENTRIES

    def test_is_ascending(self, history):
        moments = [item["timestamp"] for item in history]

        assert moments == sorted(moments)


class TestCoupons:
    def test_are_nobody_elses(self, history, bob, eve):
        """Who asks learns nothing: not even that there is one."""
        for coupon_id in coupons_in(history):
            of_nobody = app_of(bob).get(f"/coupons/{ids.new_id()}")
            for stranger in (bob, eve):
                answer = app_of(stranger).get(f"/coupons/{coupon_id}")
                assert_same_refusal(answer, of_nobody, "NOT_FOUND", status=404)

    @pytest.mark.parametrize("type", ["couponReceived", "rewardRedeemed"])
    def test_are_read_by_the_id_that_was_told(self, app, history, type):
        told = coupons_in(history, type)

        coupons = [app.get(f"/coupons/{coupon_id}").json()["data"] for coupon_id in told]

        assert [(coupon["id"], coupon["coupon_id"]) for coupon in coupons] == [(each, each) for each in told]
        assert [coupon["title"] for coupon in coupons] == list(REWARDS)

    def test_show_a_code_or_a_link_where_they_have_one(self, app):
        shown = [(bool(one["coupon_code"]), bool(one["link"])) for one in data_of(app, "coupons")]

        assert shown == [(True, False), (False, True), (False, False)]
