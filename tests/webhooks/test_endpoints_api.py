"""Registering, changing, rotating and deleting endpoints over the API."""

import pytest

from loyalty.kernel import ids
from loyalty.kernel.errors import Invalid
from tests.races import at_once
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import endpoints
from webhooks.services.topics import TOPICS

pytestmark = pytest.mark.django_db

HOOK = {"url": "https://example.com/hooks", "topics": ["points/redeemed", "customers/*"]}


@pytest.fixture
def hook(api):
    return api.post("/webhooks", HOOK).json()["webhook"]


def error(response):
    return response.status_code, response.json()["error"]["code"], response.json()["error"]["field"]


class TestRegister:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"topics": []}, "topics"),
            ({"topics": ["points/redeemed", "points/stolen"]}, "topics.1"),
            ({"topics": ["point*"]}, "topics.0"),
            ({"topics": ["*/earned"]}, "topics.0"),
            ({"topics": "points/*"}, "topics"),
            ({"url": ""}, "url"),
            ({"url": 5}, "url"),
            ({"url": "https://example.com/" + "a" * 2030}, "url"),
            ({"signatureProfile": "md5"}, "signatureProfile"),
            ({"signatureProfile": "callback-sha512"}, "topics"),
            ({"signatureProfile": "callback-sha512", "topics": ["redemptions/given"]}, "topics"),
            ({"description": "x" * 201}, "description"),
            ({"secret": "whsec_mine"}, "secret"),
        ],
    )
    def test_refuses_what_cannot_be(self, api, change, field):
        assert error(api.post("/webhooks", HOOK | change)) == (400, "VALIDATION_ERROR", field)
        assert not Endpoint.objects.exists()

    def test_refuses_plain_http_in_production(self, api, settings):
        settings.WEBHOOKS_ALLOW_HTTP = False

        assert api.post("/webhooks", HOOK | {"url": "http://example.com/"}).status_code == 400

    def test_refuses_more_than_can_be_served(self, acme, api, monkeypatch):
        monkeypatch.setattr(endpoints, "MOST", 2)
        codes = [api.post("/webhooks", HOOK).status_code for _ in range(3)]

        assert codes == [201, 201, 400]

    @pytest.mark.django_db(transaction=True)
    def test_refuses_more_at_once_than_can_be_served(self, api, monkeypatch):
        monkeypatch.setattr(endpoints, "MOST", 2)
        codes = at_once(6, lambda _: api.post("/webhooks", HOOK).status_code)

        assert sorted(codes) == [201] * 2 + [400] * 4

    @pytest.mark.parametrize("said", [{"topics": []}, {"signature_profile": "md5"}, {"url": "https://10.0.0.1/"}])
    def test_refuses_the_same_from_the_dashboard(self, acme, said):
        good = {"url": "https://example.com/hooks", "topics": ["*"]}

        with pytest.raises(Invalid):
            endpoints.create(business=acme, **{**good, **said})

    def test_answers_the_endpoint_with_its_secret(self, api):
        response = api.post("/webhooks", HOOK | {"description": "shop"})

        hook = response.json()["webhook"]
        assert response.status_code == 201
        assert hook["secret"].startswith("whsec_")
        assert {name: hook[name] for name in ("url", "topics", "signatureProfile", "description", "status")} == {
            **HOOK,
            "signatureProfile": "standard",
            "description": "shop",
            "status": "active",
        }

    @pytest.mark.parametrize("topics", [["*"], ["points/*"], list(TOPICS), ["gift_cards/*", "endpoints/disabled"]])
    def test_accepts_topics_families_and_everything(self, api, topics):
        assert api.post("/webhooks", HOOK | {"topics": topics}).json()["webhook"]["topics"] == topics

    def test_keeps_a_topic_once(self, api):
        hook = api.post("/webhooks", HOOK | {"topics": ["*", "*"]}).json()["webhook"]

        assert hook["topics"] == ["*"]


class TestSecret:
    def test_is_in_no_other_answer(self, api, hook):
        path = f"/webhooks/{hook['id']}"
        answers = [
            api.get("/webhooks"),
            api.get(path),
            api.patch(path, {"description": "x"}),
            api.post(f"{path}/test"),
        ]

        assert all("secret" not in answer.content.decode() for answer in answers)

    def test_is_not_in_a_repeated_answer(self, api):
        first, again = (api.post("/webhooks", HOOK, Idempotency_Key="hook-1") for _ in range(2))

        assert again["Idempotent-Replayed"] == "true"
        assert again.json()["webhook"] == {k: v for k, v in first.json()["webhook"].items() if k != "secret"}
        assert Endpoint.objects.count() == 1

    def test_is_not_stored_in_clear(self, api, hook):
        row = Endpoint.objects.values_list().get()

        assert all(hook["secret"][6:] not in _text(value) for value in row)

    def test_is_new_after_a_rotation(self, api, hook):
        response = api.post(f"/webhooks/{hook['id']}/rotate", Idempotency_Key="turn-1")
        again = api.post(f"/webhooks/{hook['id']}/rotate", Idempotency_Key="turn-1")

        assert response.status_code == 200
        assert response.json()["webhook"]["secret"] not in (hook["secret"], "")
        assert "secret" not in again.json()["webhook"]


class TestChange:
    def test_keeps_what_is_not_said(self, api, hook):
        changed = api.patch(f"/webhooks/{hook['id']}", {"topics": ["*"]}).json()["webhook"]

        assert (changed["topics"], changed["url"]) == (["*"], hook["url"])
        assert changed["updatedAt"] > hook["updatedAt"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"url": "https://127.0.0.1:6379/"}, "url"),
            ({"topics": ["nothing/*"]}, "topics.0"),
            ({"signatureProfile": "callback-sha512"}, "topics"),
            ({"status": "paused"}, "status"),
            ({"businessId": str(ids.new_id())}, "businessId"),
        ],
    )
    def test_refuses_what_registering_refuses(self, api, hook, change, field):
        assert error(api.patch(f"/webhooks/{hook['id']}", change)) == (400, "VALIDATION_ERROR", field)
        assert api.get(f"/webhooks/{hook['id']}").json()["webhook"]["url"] == hook["url"]

    def test_asks_of_a_url_that_stays_no_more_than_when_it_was_saved(self, api, settings):
        """It was saved while plain HTTP was allowed, and whoever wants to be rid of it can be."""
        path = f"/webhooks/{api.post('/webhooks', HOOK | {'url': 'http://example.com/'}).json()['webhook']['id']}"
        settings.WEBHOOKS_ALLOW_HTTP = False

        answers = [api.patch(path, {"status": "disabled"}), api.patch(path, {"url": "http://example.com/other"})]

        assert [answer.status_code for answer in answers] == [200, 400]
        assert api.get(path).json()["webhook"]["status"] == "disabled"

    def test_switches_off_and_on(self, api, hook):
        path = f"/webhooks/{hook['id']}"

        off = api.patch(path, {"status": "disabled"}).json()["webhook"]
        refused = [api.post(f"{path}/test"), api.post(f"{path}/replay", {"from": "2026-01-01T00:00:00Z"})]
        on = api.patch(path, {"status": "active"}).json()["webhook"]

        assert [(each["status"], each["disabledReason"]) for each in (off, on)] == [
            ("disabled", "operator"),
            ("active", None),
        ]
        assert [error(response)[:2] for response in refused] == [(409, "CONFLICT")] * 2


class TestDelete:
    def test_takes_its_deliveries_and_attempts_with_it(self, api, hook):
        delivery = api.post(f"/webhooks/{hook['id']}/test").json()["delivery"]
        row = Delivery.objects.get(pk=delivery["id"])
        Attempt.objects.create(business=row.business, delivery=row, number=1, at=row.created_at, duration_ms=1)

        response = api.delete(f"/webhooks/{hook['id']}")

        assert (response.status_code, response.content) == (204, b"")
        assert api.get(f"/webhooks/{hook['id']}").status_code == 404
        assert [model.objects.count() for model in (Endpoint, Delivery, Attempt)] == [0, 0, 0]


class TestList:
    def test_is_paged_newest_first(self, api):
        made = [api.post("/webhooks", HOOK).json()["webhook"]["id"] for _ in range(3)]

        first = api.get("/webhooks", limit=2).json()
        second = api.get("/webhooks", limit=2, cursor=first["nextCursor"]).json()

        assert [hook["id"] for page in (first, second) for hook in page["webhooks"]] == made[::-1]
        assert second["nextCursor"] is None


class TestOtherBusiness:
    def test_sees_nothing_and_changes_nothing(self, api, rival_api, hook):
        path = f"/webhooks/{hook['id']}"
        delivery = api.post(f"{path}/test").json()["delivery"]
        answers = [
            rival_api.get(path),
            rival_api.patch(path, {"status": "disabled"}),
            rival_api.delete(path),
            rival_api.post(f"{path}/test"),
            rival_api.post(f"{path}/rotate"),
            rival_api.post(f"{path}/replay", {"from": "2026-01-01T00:00:00Z"}),
            rival_api.get(f"{path}/deliveries"),
            rival_api.post(f"/webhooks/deliveries/{delivery['id']}/retry"),
        ]

        unknown = rival_api.get(f"/webhooks/{ids.new_id()}").json()["error"]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert answers[0].json()["error"]["message"] == unknown["message"]
        assert rival_api.get("/webhooks").json()["webhooks"] == []
        assert api.get(path).json()["webhook"]["status"] == "active"


def _text(value):
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
