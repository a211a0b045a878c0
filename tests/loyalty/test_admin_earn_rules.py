"""Earn rules in the dashboard: whoever may starts and stops them; their terms are looked at, and not touched."""

import pytest

from loyalty.models import EarnRule, EarnRuleVersion
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Limit, Terms
from tests import dashboards
from tests.dashboards import Role


@pytest.fixture
def rule(acme):
    terms = Terms(trigger="ride", earn=Earn(points=1500), limit=Limit(times=2, period="daily"), budget=9000)
    return earn_rules.create(business=acme, title="Rides", terms=terms)


def act(browser, action, *rules):
    chosen = {"action": action, "_selected_action": [str(rule.pk) for rule in rules]}
    return browser.post(dashboards.listed(EarnRule), chosen)


def status_of(rule):
    rule.refresh_from_db()
    return rule.status


class TestRefuses:
    def test_another_business(self, rule, rival):
        stan = dashboards.works_for(rival)

        act(stan, "pause", rule)

        assert stan.get(dashboards.page(rule)).status_code == 302
        assert "Rides" not in dashboards.text_of(stan.get(dashboards.listed(EarnRule)))
        assert status_of(rule) == "active"

    def test_analysts_that_want_to_change_something(self, rule, acme):
        ann = dashboards.works_for(acme, Role.ANALYST)

        act(ann, "pause", rule)

        assert ann.get(dashboards.page(rule)).status_code == 200
        assert ann.post(dashboards.page(rule), {"title": "Mine", "status": "paused"}).status_code == 403
        assert status_of(rule) == "active"

    def test_new_terms(self, rule, acme):
        olga = dashboards.works_for(acme)

        olga.post(dashboards.page(rule), {"title": "Long rides", "status": "active", "terms": "{}"})

        rule.refresh_from_db()
        assert (rule.title, rule.current.number) == ("Long rides", 1)
        assert olga.get("/admin/loyalty/earnrule/add/").status_code == 403


class TestActions:
    def test_start_pause_and_archive(self, rule, acme):
        olga = dashboards.works_for(acme)

        for action, status in (("pause", "paused"), ("activate", "active"), ("archive", "archived")):
            act(olga, action, rule)
            assert status_of(rule) == status


class TestPage:
    def test_says_what_a_rule_pays_and_how_often(self, rule, acme):
        text = dashboards.text_of(dashboards.works_for(acme).get(dashboards.listed(EarnRule)))

        for said in ("1,500 points", "2 a day", "9,000", ">ride<"):
            assert said in text

    def test_shows_every_version(self, rule, acme):
        earn_rules.update(business=acme, rule_id=rule.pk, terms=Terms(trigger="ride", earn=Earn(points=1700)))

        text = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(rule)))

        assert EarnRuleVersion.objects.for_business(acme).count() == 2
        assert "1,500 points" in text
        assert "1,700 points" in text
