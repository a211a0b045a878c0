"""GET, POST and PATCH of /earn-rules."""

import pytest

from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Terms
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

BUYING = {"title": "Purchases", "trigger": "order_paid", "earn": {"points": 5, "per": "1.00", "currency": "EUR"}}
FAR = {"field": "km", "operator": ">", "value": 2.5}


@pytest.fixture
def made(api):
    return api.post("/earn-rules", BUYING | {"excludeProducts": ["card"], "pendingDays": 14}).json()["earnRule"]


class TestRefuses:
    @pytest.mark.parametrize(
        ("change", "code", "field", "status"),
        [
            ({"earn": {"points": 5, "per": "0.00", "currency": "EUR"}}, "VALIDATION_ERROR", "earn.per", 400),
            ({"audience": {"tiers": ["platinum"]}}, "NOT_FOUND", "audience.tiers.0", 404),
            ({"status": "archived"}, "VALIDATION_ERROR", "status", 400),
            ({"colour": "red"}, "VALIDATION_ERROR", "colour", 400),
            ({"conditions": [{**FAR, "value": 1e30}]}, "VALIDATION_ERROR", "conditions.0.value", 400),
        ],
    )
    def test_rules_that_mean_nothing(self, api, change, code, field, status):
        assert_refused(api.post("/earn-rules", BUYING | change), code, field, status=status)

    def test_to_let_a_rule_listen_to_something_else(self, api, made):
        assert_refused(api.patch(f"/earn-rules/{made['id']}", {"trigger": "signup"}), "VALIDATION_ERROR", "trigger")

    def test_a_key_that_is_taken(self, api, made):
        assert_refused(api.post("/earn-rules", BUYING | {"key": made["key"]}), "CONFLICT", "key", status=409)

    def test_a_rule_of_another_business(self, rival_api, made):
        assert_refused(rival_api.get(f"/earn-rules/{made['id']}"), "NOT_FOUND", None, status=404)


class TestRules:
    def test_are_made_and_read_and_listed(self, api, acme, made):
        assert (made["key"], made["status"], made["version"], made["budgetSpent"]) == ("purchases", "active", 1, 0)
        assert (made["terms"]["excludeProducts"], made["terms"]["pendingDays"]) == (["card"], 14)
        assert api.get(f"/earn-rules/{made['id']}").json()["earnRule"] == made
        assert api.get("/earn-rules").json() == {"earnRules": [made], "nextCursor": None}
        assert api.get("/earn-rules", status="paused").json()["earnRules"] == []

    def test_change_by_what_is_named(self, api, made):
        changed = api.patch(f"/earn-rules/{made['id']}", {"multiplier": [2, 1], "status": "paused"}).json()["earnRule"]

        assert (changed["version"], changed["status"]) == (2, "paused")
        assert changed["terms"] == made["terms"] | {"multiplier": [2, 1]}

    @pytest.mark.parametrize("value", [2.5, -0.0, 1e-320, 9007199254740991.0, -9007199254740991])
    def test_are_read_again_with_every_number_that_they_take(self, api, made, value):
        api.patch(f"/earn-rules/{made['id']}", {"conditions": [{**FAR, "value": value}]})

        read = api.get(f"/earn-rules/{made['id']}").json()["earnRule"]
        assert read["version"] == 2
        assert read["terms"]["conditions"][0]["value"] == value

    def test_have_no_new_version_for_a_title(self, api, made):
        changed = api.patch(f"/earn-rules/{made['id']}", {"title": "Orders"}).json()["earnRule"]

        assert (changed["title"], changed["version"]) == ("Orders", 1)

    def test_are_those_of_the_programme(self, api, acme, made):
        earn_rules.create(business=acme, title="Hi", key="hi", terms=Terms(trigger="signup", earn=Earn(points=50)))
        keys = {rule["key"] for rule in api.get("/earn-rules").json()["earnRules"]}

        assert keys == {rule["key"] for rule in api.get("/programme").json()["earnRules"]}
