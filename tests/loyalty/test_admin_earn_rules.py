"""Earn rules in the dashboard: whoever may writes, starts and stops them; each change of terms is a version."""

import html
import json

import pytest

from loyalty.models import Action, EarnRule, EarnRuleVersion
from loyalty.services import actions, earn_rules
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.quest_rules import Audience
from loyalty.services.reports import Report
from tests import dashboards
from tests.dashboards import Role

ADD = "/admin/loyalty/earnrule/add/"
FORM = {"title": "Purchases", "status": "active", "trigger": "order_paid", "points": "5"}


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

    def test_analysts_that_want_to_add_one(self, acme):
        assert dashboards.works_for(acme, Role.ANALYST).get(ADD).status_code == 403

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"points": "0"}, "points"),
            ({"points": "many"}, "points"),
            ({"per": "0"}, "points"),
            ({"period": "daily"}, "times"),
            ({"trigger": "levitation"}, "trigger"),
            ({"title": ""}, "title"),
            ({"more": "{"}, "more"),
            ({"more": r'{"conditions": [{"field": "city", "operator": "equals", "value": "\u0000"}]}'}, "more"),
            ({"more": "[]"}, "more"),
            ({"more": '{"budget": 5}'}, "more"),
            ({"more": '{"earn": 5}'}, "more"),
            ({"more": '{"earn": {"points": 5}}'}, "more"),
            ({"more": "[" * 100_000}, "more"),
            ({"more": '{"colour": "red"}'}, "more"),
            ({"more": '{"audience": {"tiers": ["iron"]}}'}, "more"),
        ],
    )
    def test_what_makes_no_sense_beside_its_field(self, acme, said, field):
        answer = dashboards.works_for(acme).post(ADD, {**FORM, **said})

        assert list(answer.context["adminform"].form.errors) == [field]
        assert not EarnRule.objects.exists()


class TestWrites:
    def test_a_rule(self, acme):
        said = {**FORM, "per": "1.00", "times": "2", "period": "daily", "budget": "9000", "pending_days": "14"}
        audience = {"tiers": ["bronze"], "segments": [], "excludeTiers": [], "excludeSegments": []}
        more = {"audience": audience, "stacking": "best"}

        dashboards.works_for(acme).post(ADD, {**said, "tier_multiplier": "on", "more": json.dumps(more)})

        rule = EarnRule.objects.for_business(acme).select_related("current").get()
        assert (rule.title, rule.key, rule.status) == ("Purchases", "purchases", "active")
        terms = earn_rules.terms_of(rule.current)
        assert terms.earn == Earn(points=5, per="1.00", currency="EUR")
        assert (terms.limit, terms.budget, terms.pending_days) == (Limit(times=2, period="daily"), 9000, 14)
        assert (terms.tier_multiplier, terms.audience.tiers, terms.stacking) == (True, ["bronze"], "best")

    def test_nothing_new_where_the_form_is_sent_as_it_is_shown(self, acme):
        terms = Terms(
            trigger="order_paid",
            earn=Earn(points=5, per="1.00", currency="EUR"),
            audience=Audience(exclude_tiers=["bronze"]),
            multiplier=[3, 2],
            min_spend="10.00",
            exclude_products=["card"],
        )
        rule = earn_rules.create(business=acme, title="Purchases", terms=terms)
        olga = dashboards.works_for(acme)

        olga.post(dashboards.page(rule), dashboards.shown(olga, rule))

        assert EarnRuleVersion.objects.for_business(acme).count() == 1

    def test_a_new_version_of_other_terms(self, acme, rule):
        olga = dashboards.works_for(acme)

        olga.post(dashboards.page(rule), {**dashboards.shown(olga, rule), "title": "Long rides", "points": "1700"})

        rule.refresh_from_db()
        terms = earn_rules.terms_of(rule.current)
        assert (rule.title, rule.current.number, rule.current.trigger) == ("Long rides", 2, "ride")
        assert (terms.earn.points, terms.limit, terms.budget) == (1700, Limit(times=2, period="daily"), 9000)


class TestAnEvent:
    def test_says_which_rules_did_not_pay_and_why(self, acme, ada, rule):
        browser = dashboards.works_for(acme)
        for _ in range(3):
            report = Report(account_id=ada.pk, name="ride", data={"km": 5}, origin="server")
            taken = actions.take(report, business=acme)

        page = browser.get(dashboards.page(Action.objects.get(pk=taken.action_id)))

        assert f'"{rule.key}": "limit_reached"' in html.unescape(page.content.decode())


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
