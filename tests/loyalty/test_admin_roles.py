"""Owners do everything; managers everything but keys and people; analysts look; nobody else comes in."""

import pytest
from django.contrib import admin

from loyalty.models import ApiKey, Business, Membership, Metric, Plan, User
from tests import cast, dashboards
from tests.dashboards import Role

OWNERS_ONLY = {"ApiKey", "Membership", "SsoSecret", "FundingRequest", "GiftAccount"}
OPERATORS_ONLY = {"User", "Plan", "RedeliveredTask"}


@pytest.fixture
def filled(acme: Business) -> Business:
    dashboards.fill(acme, "beans")
    return acme


def opened(browser, path: str):
    return browser.get(path).status_code


def lists_open_to(browser) -> set[str]:
    return {model.__name__ for model in admin.site._registry if opened(browser, dashboards.listed(model)) == 200}


def add_pages_open_to(browser) -> set[str]:
    return {
        model.__name__ for model in admin.site._registry if opened(browser, f"{dashboards.listed(model)}add/") == 200
    }


ALL = {model.__name__ for model in admin.site._registry}
LISTS = ALL - OPERATORS_ONLY - {"Business"}  # the settings of one's own business are a page, not a list
MADE_BY_HAND = {
    *(
        "Advocate",
        "Board",
        "CodePool",
        "EarnRule",
        "Endpoint",
        "EventType",
        "HoldProgramme",
        "Import",
        "InventoryItem",
        "InventorySet",
        "Metric",
        "MilestoneSet",
    ),
    *("GiftProduct", "GiftTemplate", "GiftUpload", "ReferralCode", "Reward", "ShippingMethod", "Simulation"),
    *("Quest", "Segment", "StampCard", "Survey", "TapProgramme"),
}


class TestNobody:
    @pytest.mark.parametrize("path", ["", "loyalty/metric/", "loyalty/apikey/add/", "search/?s=metric"])
    def test_comes_in_without_signing_in(self, path, client, db):
        answer = client.get(f"/admin/{path}")

        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/login/")

    def test_sees_anything_without_a_business(self, filled):
        browser = dashboards.browser_of(User.objects.create_user("new@example.com", cast.PASSWORD))

        assert "You do not work for a business yet" in dashboards.text_of(browser.get("/admin/"))
        assert lists_open_to(browser) == set()

    def test_comes_in_once_locked_out_by_an_operator(self, filled):
        browser = dashboards.works_for(filled)
        User.objects.update(is_active=False)

        assert opened(browser, "/admin/") == 302


class TestAnalyst:
    def test_looks_at_everything_but_keys_and_people(self, filled):
        browser = dashboards.works_for(filled, Role.ANALYST)

        assert lists_open_to(browser) == LISTS - OWNERS_ONLY
        assert add_pages_open_to(browser) == set()

    def test_sees_a_row_and_no_way_to_change_it(self, filled):
        browser = dashboards.works_for(filled, Role.ANALYST)
        metric = Metric.objects.for_business(filled).get(key="points")

        answer = browser.get(dashboards.page(metric))

        assert 'name="title"' not in dashboards.text_of(answer)
        assert opened(browser, dashboards.page(metric, "delete")) == 403

    def test_is_refused_when_they_post_anyway(self, filled):
        browser = dashboards.works_for(filled, Role.ANALYST)
        metric = Metric.objects.for_business(filled).get(key="points")

        answer = browser.post(dashboards.page(metric), {"title": "Mine", "minimum": "0"})

        assert answer.status_code == 403
        assert Metric.objects.for_business(filled).get(key="points").title == "Points"


class TestManager:
    def test_does_everything_but_keys_and_people(self, filled):
        browser = dashboards.works_for(filled, Role.MANAGER)

        assert lists_open_to(browser) == LISTS - OWNERS_ONLY
        assert add_pages_open_to(browser) == MADE_BY_HAND

    def test_cannot_make_themselves_an_owner(self, filled):
        browser = dashboards.works_for(filled, Role.MANAGER)
        own = Membership.objects.for_business(filled).get(user__email=f"manager@{filled.slug}.example")

        assert browser.post(dashboards.page(own), {"role": "owner"}).status_code == 403
        assert browser.post(f"{dashboards.listed(ApiKey)}add/", {"name": "Mine"}).status_code == 403


class TestOwner:
    def test_does_everything_of_their_business(self, filled):
        browser = dashboards.works_for(filled)

        assert lists_open_to(browser) == LISTS
        assert add_pages_open_to(browser) == MADE_BY_HAND | OWNERS_ONLY

    def test_changes_neither_plan_nor_status(self, filled):
        browser = dashboards.works_for(filled)
        plan = Plan.objects.create(key="huge", name="Huge", calls_per_minute=1, calls_per_day=1)
        sent = dashboards.SETTINGS | {"name": "Acme", "plan": plan.pk, "status": "suspended"}

        browser.post(dashboards.page(filled), sent)
        filled.refresh_from_db()

        assert (filled.name, filled.plan_id, filled.status) == ("Acme", "enterprise", "active")

    def test_only_looks_while_the_business_is_suspended(self, filled):
        browser = dashboards.works_for(filled)
        Business.objects.filter(pk=filled.pk).update(status=Business.Status.SUSPENDED)

        assert add_pages_open_to(browser) == set()
        assert "Suspended" in dashboards.text_of(browser.get("/admin/"))


class TestOperator:
    def test_sees_every_business_users_and_plans(self, filled, rival):
        browser = dashboards.operator()
        listed = dashboards.text_of(browser.get(dashboards.listed(Business)))

        assert lists_open_to(browser) == ALL
        assert filled.name in listed
        assert rival.name in listed

    def test_opens_a_business_with_its_sandbox(self, filled):
        browser = dashboards.operator()
        sent = {"name": "Third", "slug": "third", "timezone": "UTC", "currency": "EUR", "plan": "starter"}

        browser.post(f"{dashboards.listed(Business)}add/", {**sent, "has_starter_tiers": "on"})

        assert Business.objects.get(slug="third").sandbox.slug == "third-sandbox"
        assert Metric.objects.for_business(Business.objects.get(slug="third")).count() == 1

    def test_is_told_beside_the_field_that_a_slug_is_taken(self, filled):
        browser = dashboards.operator()
        sent = {"name": "Twin", "slug": f"{filled.slug}", "timezone": "UTC", "currency": "EUR", "plan": "starter"}

        answer = browser.post(f"{dashboards.listed(Business)}add/", sent)

        assert "slug" in answer.context["adminform"].form.errors
        assert Business.objects.count() == 2
