"""Trying a draft on what people did: judged by the same engine, and nothing is written."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection

from advocates.services import orders
from loyalty.kernel import clock
from loyalty.models import Simulation
from loyalty.services import actions, earn_rules, programme, quests, simulations
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.quest_rules import Rules, TaskRules
from loyalty.services.reports import Report
from tests.advocates.shop.conftest import rule
from tests.advocates.shop.test_any_order import basket

pytestmark = pytest.mark.django_db
TWO_BEANS = [(2, 1000, 0), (1, 0, 0), (1, 0, 0)]  # quantities, prices and discounts of the lines
State = Simulation.State


def rides(points, **terms):
    return {"key": "ride", "title": "Ride", "trigger": "ride", "earn": {"points": points}, **terms}


def ride(business, who):
    actions.take(Report(account_id=who.pk, name="ride", data={}, origin="server"), business=business)


@pytest.fixture
def tried(acme):
    """Try a document on the last 30 days, to its end."""

    def tried(**document):
        row = simulations.start(business=acme, document=document)
        simulations.work_off()
        row.refresh_from_db()
        assert row.failure == ""
        return row

    return tried


def lines(row):
    found = simulations.report(row).lines
    return {line.key: (line.paid, line.times_paid, line.draft, line.times_draft) for line in found}


@pytest.fixture
def rode(acme, ada, bob):
    """Ada has ridden twice and Bob once, at 10 points each."""
    terms = Terms(trigger="ride", earn=Earn(points=10))
    earn_rules.create(business=acme, title="Ride", key="ride", terms=terms)
    for who in (ada, ada, bob):
        ride(acme, who)


class TestRefuses:
    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({}, 400, "document"),
            ({"document": {"earnRules": [{"key": "x"}]}}, 400, "document.earnRules.0.trigger"),
            ({"document": {"shoes": []}}, 400, "document.shoes"),
            ({"document": {}, "from": "2099-01-01T00:00:00Z"}, 400, "from"),
            ({"document": {}, "from": "2020-01-01T00:00:00Z"}, 400, "from"),
            ({"document": {}, "pointValue": "-1"}, 400, "pointValue"),
        ],
    )
    def test_what_makes_no_sense(self, api, body, code, field):
        answer = api.post("/programme/simulate", body)

        assert (answer.status_code, answer.json()["error"]["field"]) == (code, field)

    def test_a_second_one_while_one_runs(self, acme, rival):
        row = simulations.start(business=acme, document={})
        simulations.start(business=rival, document={})  # theirs is their own

        with pytest.raises(simulations.AlreadyRunning):
            simulations.start(business=acme, document={})
        simulations.cancel(business=acme, simulation_id=row.pk)
        simulations.start(business=acme, document={})

    def test_to_cancel_what_is_over(self, acme, tried):
        row = tried()

        with pytest.raises(simulations.NotRunning):
            simulations.cancel(business=acme, simulation_id=row.pk)


class TestComes:
    def test_to_what_was_paid_if_nothing_is_changed(self, tried, rode):
        row = tried()

        assert lines(row) == {"ride": (30, 3, 30, 3)}
        found = simulations.report(row)
        assert (found.paid, found.draft, found.people["more"], found.people["less"]) == (30, 30, 0, 0)

    def test_to_what_another_amount_would_have_paid(self, tried, rode):
        found = simulations.report(tried(earnRules=[rides(25)]))

        assert (found.paid, found.draft) == (30, 75)
        assert (found.people["paid"], found.people["draft"], found.people["more"]) == (2, 2, 2)

    def test_to_nothing_of_a_rule_that_the_draft_leaves_out(self, tried, rode):
        assert lines(tried(earnRules=[])) == {"ride": (30, 3, 0, 0)}

    def test_to_what_a_new_rule_would_have_paid_for_events_that_nothing_heard(self, acme, ada, tried):
        ride(acme, ada)

        assert lines(tried(earnRules=[rides(25)])) == {"ride": (0, 0, 25, 1)}

    def test_within_limits_that_were_used_before(self, acme, ada, tried):
        terms = Terms(trigger="ride", earn=Earn(points=10), limit=Limit(times=2))
        earn_rules.create(business=acme, title="Ride", key="ride", terms=terms)
        ride(acme, ada)
        with clock.moved_to(clock.wall() + timedelta(days=60)):
            for _ in range(3):
                ride(acme, ada)
        with clock.moved_to(clock.wall() + timedelta(days=61)):
            assert lines(tried(earnRules=[rides(5, limit={"times": 3})])) == {"ride": (10, 1, 10, 2)}

    def test_within_a_budget(self, tried, rode):
        assert lines(tried(earnRules=[rides(25, budget=60)]))["ride"][2:] == (60, 3)

    def test_to_what_orders_would_have_paid(self, acme, ada, tried):
        rule(acme)
        orders.take(business=acme, baskets=[basket(TWO_BEANS, status="paid")])
        seven = {"points": 7, "per": "1.00", "currency": "EUR"}

        found = tried(earnRules=[{"key": "purchase", "title": "P", "trigger": "order_paid", "earn": seven}])

        assert lines(found) == {"purchase": (100, 1, 140, 1)}

    def test_to_points_alone_where_orders_bring_stamps_too(self, acme, ada, tried):
        rule(acme)
        card = {"key": "coffee", "title": "Coffee", "slots": 5}
        programme.apply(business=acme, document=programme.parsed({"stampCards": [card]}))
        orders.take(business=acme, baskets=[basket(TWO_BEANS, status="paid")])

        assert lines(tried(stampCards=[card])) == {"purchase": (100, 1, 100, 1)}

    def test_to_quests_that_would_have_been_completed(self, acme, ada, bob, tried, rode):
        rules = Rules(tasks=[TaskRules(title="Ride", type="event", trigger="ride", target=3)])
        quests.create(business=acme, title="Rider", key="rider", rules=rules)
        task = {"key": "two", "title": "Ride", "type": "event", "trigger": "ride", "target": 2}
        gives = [{"kind": "metric", "metric": "points", "quantity": 50}]

        found = tried(quests=[{"key": "rider", "title": "Rider", "tasks": [task], "benefits": gives}])

        assert lines(found)["rider"] == (0, 0, 50, 1)

    def test_to_the_tiers_on_which_people_would_be(self, acme, ada, tried, rode):
        found = simulations.report(tried(earnRules=[rides(600)]))

        assert found.tiers == [("bronze", 2, 1), ("silver", 0, 1)]
        assert found.people["otherTier"] == 1

    def test_to_what_points_cost(self, api, rode):
        row = api.post("/programme/simulate", {"document": {"earnRules": [rides(25)]}, "pointValue": "0.01"}).json()
        simulations.work_off()

        found = api.get(f"/programme/simulations/{row['simulation']['id']}").json()["simulation"]

        assert found["state"] == "done"
        assert found["report"]["cost"] == {"paid": "0.30", "draft": "0.75", "currency": "EUR"}


def fingerprint():
    """What every table holds, but simulations."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model is not Simulation and not model._meta.proxy:
                table = model._meta.db_table
                cursor.execute(f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"{table}\" t")
                found[table] = cursor.fetchone()
    return found


class TestWritesNothing:
    def test_but_what_it_has_found(self, acme, ada, tried, rode):
        rule(acme)
        orders.take(business=acme, baskets=[basket(TWO_BEANS, status="paid")])
        before = fingerprint()

        tried(
            earnRules=[rides(600), rides(5, budget=5) | {"key": "other"}],
            quests=[
                {"key": "q", "title": "Q", "tasks": [{"key": "t", "title": "T", "type": "event", "trigger": "ride"}]}
            ],
            metrics=[{"key": "points", "title": "Coins", "maximum": 5000}],
            policies={"timezone": "Asia/Tokyo"},
        )

        assert fingerprint() == before


class TestProgress:
    def test_is_told_and_goes_on_where_it_was(self, acme, ada, bob, api, rode, monkeypatch):
        monkeypatch.setattr(simulations, "PAGE", 1)
        monkeypatch.setattr(simulations, "ROUNDS", 1)
        asked = {"document": {"earnRules": [rides(25)]}}
        path = f"/programme/simulations/{api.post('/programme/simulate', asked).json()['simulation']['id']}"

        simulations.work_off()
        half = api.get(path).json()["simulation"]
        for _ in range(4):
            simulations.work_off()

        whole = api.get(path).json()["simulation"]
        assert (half["state"], half["progress"]) == ("running", {"done": 1, "total": 2})
        assert (whole["state"], whole["progress"]) == ("done", {"done": 2, "total": 2})
        assert whole["report"]["points"] == {"paid": 30, "draft": 75}

    def test_ends_when_it_is_cancelled(self, acme, api, rode):
        path = f"/programme/simulations/{api.post('/programme/simulate', {'document': {}}).json()['simulation']['id']}"

        assert api.post(f"{path}/cancel").json()["simulation"]["state"] == "cancelled"
        simulations.work_off()
        assert api.get(path).json()["simulation"]["progress"]["done"] == 0

    def test_ends_when_nobody_came_on_with_it(self, acme):
        row = simulations.start(business=acme, document={})
        Simulation.objects.update(moved_at=clock.wall() - timedelta(hours=2))

        simulations.work_off()

        row.refresh_from_db()
        assert (row.state, "an hour" in row.failure) == (State.FAILED, True)

    def test_of_one_business_goes_on_though_another_s_fails(self, acme, rival, ada, monkeypatch):
        broken = simulations.start(business=acme, document={})
        fine = simulations.start(business=rival, document={})
        real = simulations.advance

        def advance(*, business, **rest):
            if business == acme:
                raise RuntimeError("a fault of ours")
            return real(business=business, **rest)

        monkeypatch.setattr(simulations, "advance", advance)
        simulations.work_off()

        broken.refresh_from_db()
        fine.refresh_from_db()
        assert (broken.state, fine.state) == (State.FAILED, State.DONE)
