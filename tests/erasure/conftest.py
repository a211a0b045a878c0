"""Somebody of whom everything is written down."""

import json
from typing import Any
from uuid import UUID

import pytest

from advocates.models import Advocate
from advocates.services import sso
from loyalty.models import Segment
from loyalty.services import segments, tokens
from tests import cast, dashboards
from tests.advocates.test_sso import claim
from tests.erasure.story import MARK, STORY, planted
from tests.webhooks import conftest as hooks
from tests.webhooks.consumer import Says

consumer, deliver, subscribe = hooks.consumer, hooks.deliver, hooks.subscribe


class Told:
    """Somebody of whom everything was said that can be said."""

    def __init__(self, api: Any, business: Any, secret: str) -> None:
        self.api, self.business, self.secret = api, business, secret
        self.ids: dict[str, str] = {}

    def tell(self) -> "Told":
        for number, (call, body) in enumerate(STORY):
            method, path = call.split(" ")
            answer = self._send(method, path, planted(body), key=f"{MARK}-{number}")
            assert answer.status_code < 300, (call, answer.content)
            self._remember(answer.json() if answer.content else {})
        self.api.get("/advocates", search=MARK)
        self.api.get("/advocates", email=f"{MARK}6@example.com")
        return self

    def _send(self, method: str, path: str, body: dict[str, Any], *, key: str) -> Any:
        body = json.loads(json.dumps(body).replace("\\u00abwho\\u00bb", self.ids.get("advocate_id", "")))
        if path == "api/loyalty/action":
            token = tokens.issue(business=self.business, account_id=UUID(self.ids["advocate_id"]))
            app = cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")
            return app.post("/action", body, Idempotency_Key=key)
        parts = path.removeprefix("api/v1").split("/")
        path = "/".join(self.ids[part.partition(":")[2][:-1]] if part.startswith("<") else part for part in parts)
        if path.endswith("recognize"):
            body = claim(self.business, self.secret, customer=body.pop("externalCustomerId"), **body)
        api = cast.integration_client_of(self.business) if path.startswith("/integration") else self.api
        return getattr(api, method.lower())(path, body, Idempotency_Key=key)

    def _remember(self, answer: dict[str, Any]) -> None:
        for noun in ("advocate", "redemption", "testimonial", "idea"):
            if noun in answer:
                self.ids[f"{noun}_id"] = answer[noun]["id"]


@pytest.fixture
def told(acme, ada, api, subscribe, consumer, deliver):
    """Grace, in all tables, in what was published and what receivers answered, in the dashboard's log."""
    consumer.says = lambda heard: Says(body=b"got " + heard.body)
    subscribe()
    told = Told(api, acme, sso.create_secret(business=acme))
    mug = {"name": "Mug", "pointsCost": 5, "type": "custom", "acknowledgement": "required"}
    survey = {"title": "Why?", "questions": [{"key": "q1", "kind": "text", "text": "Why?"}]}
    told.ids["reward_id"] = api.post("/rewards", mug).json()["reward"]["id"]
    told.ids["board_id"] = api.post("/feedback/boards", {"title": "Ideas"}).json()["board"]["id"]
    proof = {"title": "Ride", "tasks": [{"title": "Show your bike", "type": "proof"}]}
    quest = api.post("/quests", proof).json()["quest"]["id"]
    told.ids["mission_id"] = api.get(f"/quests/{quest}").json()["tasks"][0]["id"]
    told.ids["external_id"] = f"{MARK}8"
    told.ids["survey_id"] = api.post("/surveys", survey).json()["survey"]["id"]
    api.post("/referrals", {"advocateId": str(ada.pk), "code": "ADA-1815"})
    told.tell()
    grace = Advocate.objects.get(pk=told.ids["advocate_id"])
    Segment.objects.create(business=acme, key="vips", title="VIPs")
    segments.put(business=acme, account_id=grace.pk, keys=["vips"])
    deliver()
    operate(acme, grace)
    deliver()
    return told


def operate(acme, grace):
    """What an operator writes about her."""
    olga = dashboards.works_for(acme)
    profile = {"name": f"{MARK}17", "email": f"{MARK}18@example.com", "external": f"{MARK}8", "phone": "+4930123456"}
    assert olga.post(dashboards.page(grace), {**profile, "timezone": "", "segments": ["vips"]}).status_code == 302
    move = {"direction": "award", "amount": 5, "metric": "points", "once": "01890a5d-ac96-774b-bcce-b302099a8057"}
    olga.post(dashboards.page(grace, "move_points"), {**move, "description": f"{MARK}19"})
