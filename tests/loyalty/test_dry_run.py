"""Trying an event: every reason of docs/developers/dry-run.md, asked of the API, which writes nothing."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps

from loyalty.kernel import clock, points
from loyalty.models import EventType, Metric, Segment
from loyalty.services import actions, earn_rules, quests, segments, stamp_cards, stamp_rules
from loyalty.services.earn_terms import Earn, Limit, Span, Terms
from loyalty.services.quest_rules import Audience, Condition, Rules, Sum, TaskRules, Window, in_points
from loyalty.services.reports import Report
from tests.loyalty import climbers
from tests.loyalty.quests.conftest import points_of

PAGE = (Path(__file__).resolve().parents[2] / "docs/developers/dry-run.md").read_text(encoding="utf-8")
FAR = [Condition(field="km", operator=">=", value=9)]
EUROS = {"trigger": "order_paid", "points": 5, "per": "1.00", "currency": "EUR"}


def codes(heading):
    """The codes in the first column of a table of the page."""
    _, _, rest = PAGE.partition(f"| {heading} |")
    return re.findall(r"^\| `([^`]+)` \|", rest.partition("\n\n")[0], re.MULTILINE)


@pytest.fixture
def world(acme, ada):
    Segment.objects.create(business=acme, key="beta", title="Beta")
    return World(acme, ada)


class World:
    """Acme's programme, and Ada."""

    def __init__(self, acme, ada):
        self.acme, self.ada = acme, ada

    def quest(self, *tasks, title="Quest", **rules):
        steps = [TaskRules(**{"title": "Ride", "type": "event", "trigger": "ride", **task}) for task in tasks or [{}]]
        return quests.create(business=self.acme, title=title, rules=Rules(tasks=steps, **rules))

    def rule(self, title="Rule", *, trigger="ride", points=10, per=None, currency=None, **terms):
        of = Terms(trigger=trigger, earn=Earn(points=points, per=per, currency=currency), **terms)
        return earn_rules.create(business=self.acme, title=title, terms=of)

    def told(self, name="ride", **data):
        report = Report(account_id=self.ada.pk, name=name, data=data, origin="server")
        return actions.take(report, business=self.acme)

    def maximum(self, amount):
        Metric.objects.for_business(self.acme).filter(key="points").update(maximum=amount)

    @property
    def tomorrow(self):
        return clock.wall() + timedelta(days=1)


def done_before(world):
    world.quest()
    world.told()


def counted_today(world):
    world.quest({"once_per_day": True, "target": 2})
    world.told()


# What to make, and what else the call says. Each ends in the reason it stands under.
OF_TASKS = {
    "undeclared": (lambda w: w.quest(), {"origin": "client"}),
    "outside_window": (lambda w: w.quest(window=Window(from_=w.tomorrow)), {}),
    "other_tier": (lambda w: w.quest(audience=Audience(tiers=["gold"])), {}),
    "other_segment": (lambda w: w.quest(audience=Audience(segments=["beta"])), {}),
    "condition:<field>": (lambda w: w.quest({"conditions": FAR}), {"data": {"km": 1}}),
    "no_number:<field>": (lambda w: w.quest({"measure": Sum(sum="km")}), {"data": {"km": "far"}}),
    "done_before": (done_before, {}),
    "not_its_turn": (lambda w: w.quest({"trigger": "sing"}, {}, ordered=True), {}),
    "counted_today": (counted_today, {}),
}


def limit_reached(world):
    world.rule(limit=Limit(times=1))
    world.told()


def budget_spent(world):
    made = world.rule(budget=10)
    world.told()
    earn_rules.update(business=world.acme, rule_id=made.pk, status="active")


def at_maximum(world):
    world.rule()
    world.maximum(10)
    world.told()


def outranked(world):
    world.rule("Rule", stacking="rides")
    world.rule("Better", stacking="rides", priority=1)


OF_RULES = {
    "undeclared": (lambda w: w.rule(), {"origin": "client"}),
    "outside_window": (lambda w: w.rule(window=Span(from_=w.tomorrow)), {}),
    "other_tier": (lambda w: w.rule(audience=Audience(tiers=["gold"])), {}),
    "other_segment": (lambda w: w.rule(audience=Audience(segments=["beta"])), {}),
    "condition:<field>": (lambda w: w.rule(conditions=FAR), {"data": {"km": 1}}),
    "no_order": (lambda w: w.rule(**EUROS), {"event": "order_paid"}),
    "too_little": (lambda w: w.rule(points=1, multiplier=[1, 2]), {}),
    "limit_reached": (limit_reached, {}),
    "budget_spent": (budget_spent, {}),
    "outranked:<key>": (outranked, {}),
    "at_maximum": (at_maximum, {}),
}
OF_ORDERS = {
    "other_currency": {"currency": "USD", "lines": [{"amount": "20.00"}]},
    "below_min_spend": {"currency": "EUR", "lines": [{"amount": "4.99"}]},
}
CAPS = {
    "largest_award": lambda w: w.rule(points=points.MAX_MOVE, multiplier=[2, 1]),
    "budget": lambda w: w.rule(budget=4),
    "maximum": lambda w: (w.rule(), w.maximum(4)),
}


def spelled(code):
    return {"condition:<field>": "condition:km", "no_number:<field>": "no_number:km"}.get(
        code, code.replace("<key>", "better")
    )


def everything():
    """How many rows there are of everything that an event may write."""
    return {model: model._default_manager.count() for model in apps.get_app_config("loyalty").get_models()}


@pytest.fixture
def tries(api, acme, ada):
    def tries(**said):
        before = everything()
        answer = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride", **said})
        acme.refresh_from_db()
        assert (answer.status_code, everything()) == (200, before)
        return answer.json()

    return tries


class TestThePage:
    def test_names_every_reason_and_cap(self):
        assert codes("reason of a task") == list(OF_TASKS)
        assert sorted(codes("reason of a rule")) == sorted([*OF_RULES, *OF_ORDERS])
        assert codes("cap of a rule that pays") == list(CAPS)
        assert codes("`outcome`") == list(actions.Outcome)


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "status", "field"),
        [
            ({"event": "audit", "origin": "client"}, 403, "action"),
            ({"event": "order_paid", "origin": "client"}, 403, "action"),
            ({"data": {"km": "far"}}, 400, "data.km"),
            ({"data": {"km": {"far": 1}}}, 400, "data"),
            ({"data": {"tags": ["far"]}, "origin": "client"}, 400, "data.tags"),
            ({"data": {"lines": [{"price": "1.00"}]}}, 400, "data.0.price"),
            ({"data": {"lines": [{"amount": 1.5}]}}, 400, "data.0.amount"),
            ({"data": {"lines": [["far"]]}}, 400, "data.0"),
            ({"origin": "nobody"}, 400, "origin"),
            ({"advocateId": "01890a5d-ac96-774b-bcce-b302099a8057"}, 404, None),
        ],
    )
    def test_what_would_be_refused(self, api, acme, ada, said, status, field):
        EventType.objects.create(business=acme, name="audit", title="Audit", origin="server")
        EventType.objects.create(business=acme, name="ride", title="Ride", carries={"km": "number"})

        answer = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride", **said})

        assert (answer.status_code, (answer.json()["error"]["field"] or "").split(".<")[0] or None) == (status, field)

    def test_another_business(self, rival_api, ada):
        assert rival_api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride"}).status_code == 404


class TestSaysWhy:
    @pytest.mark.parametrize("code", OF_TASKS)
    @pytest.mark.usefixtures("at_one_moment")
    def test_a_task_does_not_move(self, world, tries, code):
        make, said = OF_TASKS[code]
        make(world)

        tasks = tries(**said)["tasks"]

        assert (tasks[-1]["matched"], tasks[-1]["reason"]) == (False, spelled(code))

    @pytest.mark.parametrize("code", OF_RULES)
    def test_a_rule_does_not_pay(self, world, tries, code):
        make, said = OF_RULES[code]
        make(world)

        rule = tries(**said)["rules"][-1]

        assert (rule["matched"], rule["reason"], rule["points"]) == (False, spelled(code), 0)

    @pytest.mark.parametrize("code", OF_ORDERS)
    def test_a_rule_does_not_pay_for_an_order(self, world, tries, code):
        world.rule(**EUROS, min_spend="5.00")

        assert tries(event="order_paid", data=OF_ORDERS[code])["rules"][0]["reason"] == code

    @pytest.mark.parametrize("cap", CAPS)
    def test_a_rule_pays_less(self, world, tries, cap):
        CAPS[cap](world)

        rule = tries()["rules"][0]

        assert (rule["matched"], rule["caps"]) == (True, [cap])

    def test_a_tier_is_left_out(self, world, tries):
        world.rule(audience=Audience(exclude_tiers=["bronze"]))

        assert tries()["rules"][0]["reason"] == "other_tier"

    def test_a_segment_is_left_out(self, world, tries):
        world.rule(audience=Audience(exclude_segments=["beta"]))
        segments.put(business=world.acme, account_id=world.ada.pk, keys=["beta"])

        assert tries()["rules"][0]["reason"] == "other_segment"

    @pytest.mark.usefixtures("at_one_moment")
    def test_nothing_is_asked_beyond_what_counts_in_a_day(self, world, tries):
        EventType.objects.create(business=world.acme, name="ride", title="Ride", per_day=1)
        world.quest({"target": 9})
        world.told()

        trial = tries()

        assert (trial["outcome"], trial["tasks"]) == ("capped", [])


class TestSaysWhat:
    def test_would_be_paid_and_completed(self, world, tries):
        made = world.quest({"benefits": [{"kind": "metric", "metric": "points", "quantity": 5}]})
        world.rule()

        trial = tries()

        assert (trial["outcome"], trial["pointsAwarded"]) == ("matched", 15)
        assert trial["questsCompleted"] == [str(made.pk)]

    def test_would_follow_from_that(self, world, acme, tries):
        world.quest(benefits=[in_points(50)])
        world.rule("Well done", trigger="quest_completed", points=500)
        world.rule("Welcome", trigger="tier_reached", points=7)
        climbers.put(acme, climbers.rungs(bronze=0, silver=climbers.points(550, 100)), key="tiers", is_tier=True)

        paid = [tries()["pointsAwarded"], world.told().points]

        assert paid == [657, 657]
        assert points_of(world.ada) == 657

    def test_an_order_would_be_paid(self, world, tries):
        world.rule(**EUROS, exclude_collections=["gift-cards"])
        beans = {"amount": "20.00", "quantity": 2, "productId": "beans", "collections": ["coffee"]}
        card = {"amount": "50.00", "collections": ["gift-cards"]}

        trial = tries(event="order_paid", data={"currency": "EUR", "total": 70, "items": 3, "lines": [beans, card]})

        assert (trial["pointsAwarded"], trial["rules"][0]["points"]) == (100, 100)

    def test_an_event_with_tags_would_be_paid(self, world, tries):
        world.rule(conditions=[Condition(field="eventTags", operator="contains", value="bike")])

        assert tries(data={"eventTags": ["car", "bike"]})["pointsAwarded"] == 10
        assert tries(data={"eventTags": ["car"]})["rules"][0]["reason"] == "condition:eventTags"

    def test_would_come_with_a_stamp(self, world, acme):
        gift = stamp_rules.SlotReward(slot=1, benefits=[in_points(30)])
        stamp_cards.create(
            business=acme, rules=stamp_rules.CardRules(key="card", title="Card", slots=5, rewards=[gift])
        )
        order = {"currency": "EUR", "lines": [{"amount": "20.00"}]}
        report = Report(account_id=world.ada.pk, name="order_paid", data=order, origin="server")

        assert actions.dry_run(report, business=acme).points == 30

    def test_leaves_a_budget_and_the_rule_as_they_are(self, world, acme, tries):
        world.rule(budget=4)
        stamp = type(acme).objects.get(pk=acme.pk).engine_stamp

        assert [tries()["pointsAwarded"] for _ in range(2)] == [4, 4]
        assert type(acme).objects.get(pk=acme.pk).engine_stamp == stamp
