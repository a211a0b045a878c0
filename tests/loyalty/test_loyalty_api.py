"""The Loyalty API: what a person's own app asks and tells, with the person's own token."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Account, Action, Business, EventType, Segment
from loyalty.selectors import journal
from loyalty.services import accounts, earn_rules, ledger, merges, postings, quests, tokens
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.ledger import Source
from loyalty.services.postings import Taking
from loyalty.services.quest_rules import Audience, Condition, Notification, Rules, TaskRules, Window, in_points
from tests import cast

RIDE = TaskRules(title="Ride", type="event", trigger="ride")


def app_of(advocate):
    token = tokens.issue(business=advocate.business, account_id=advocate.pk)
    return cast.ApiClient({"Authorization": f"Bearer {token}"}, base="/api/loyalty")


@pytest.fixture
def app(ada):
    return app_of(ada)


@pytest.fixture
def stranger_app(eve):
    return app_of(eve)


@pytest.fixture
def commuter(acme):
    EventType.objects.create(business=acme, name="ride", title="Ride")
    step = TaskRules(title="Ride", type="event", trigger="ride", target=2)
    told = Notification(display="toast", title="Well done", message="You are a commuter")
    rules = Rules(tasks=[step], benefits=[in_points(50)], notification=told)
    return quests.create(business=acme, title="Commuter", rules=rules)


def ride(app, times=1, **data):
    for _ in range(times):
        assert app.post("/action", {"action": "ride", "data": data}).status_code == 200


class TestEveryPath:
    @pytest.mark.parametrize("path", ["/profile", "/notifications", "/history", "/taps"])
    def test_needs_a_users_token(self, api, path, acme):
        secret = api.headers["Authorization"]
        for headers in ({}, {"Authorization": "Bearer forged"}, {"Authorization": secret}):
            response = cast.ApiClient(headers, base="/api/loyalty").get(path)

            assert response.status_code == 401
            assert response.json()["error"]["code"] == "UNAUTHENTICATED"
            assert response.json()["message"]


class TestAction:
    def test_answers_nothing_and_counts(self, app, commuter):
        response = app.post("/action", {"action": "ride", "data": {"km": 12, "city": "Ulm", "night": False}})

        assert (response.status_code, response.content) == (200, b"")
        assert Action.objects.get().data == {"km": 12, "city": "Ulm", "night": False}

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "action"),
            ({"action": ""}, "action"),
            ({"action": 3}, "action"),
            ({"action": "a" * 65}, "action"),
            ({"action": "ride", "data": []}, "data"),
            ({"action": "ride", "data": {"where": {"city": "Ulm"}}}, "data"),
            ({"action": "ride", "data": {"cities": ["Ulm"]}}, "data"),
            ({"action": "ride", "data": {"city": None}}, "data"),
            ({"action": "ride", "data": {"city": "U" * 1025}}, "data"),
            ({"action": "ride", "data": {f"k{n}": n for n in range(51)}}, "data"),
            ({"action": "ride", "other": 1}, "other"),
        ],
    )
    def test_refuses_what_is_out_of_bounds(self, app, body, field):
        response = app.post("/action", body)

        assert response.status_code == 400
        assert response.json()["error"]["field"].startswith(field)
        assert not Action.objects.exists()

    def test_refuses_numbers_that_are_none(self, app):
        assert app.post("/action", b'{"action": "ride", "data": {"km": NaN}}').status_code == 400

    def test_takes_the_longest_that_is_allowed(self, app):
        data = {f"k{n}": "U" * 1024 for n in range(50)}

        assert app.post("/action", {"action": "ride", "data": data}).status_code == 200

    def test_refuses_what_only_a_backend_may_tell(self, app, acme):
        EventType.objects.create(business=acme, name="audit", title="Audit", origin="server")

        assert app.post("/action", {"action": "audit"}).status_code == 403
        assert app.post("/action", {"action": "order_paid"}).status_code == 403

    def test_counts_once_for_one_key(self, app, commuter):
        for _ in range(3):
            response = app.post("/action", {"action": "ride"}, Idempotency_Key="k1")

        assert response["Idempotent-Replayed"] == "true"
        assert Action.objects.count() == 1


class TestConfig:
    def test_shows_what_runs_in_its_shape(self, app, commuter):
        data = app.get("/config").json()["data"]

        (challenge,) = data["challenges"]
        assert challenge["id"] == str(commuter.pk)
        assert challenge["notification"] == {"display": "toast", "title": "Well done", "message": "You are a commuter"}
        assert challenge["time"] == {"showInUI": True, "from": None, "to": None}
        assert challenge["rewards"][0]["metricQuantity"] == 50
        assert [mission["title"] for mission in challenge["missions"]] == ["Ride"]
        assert {"id": "points", "defaultValue": 0, "minimumValue": 0}.items() <= data["metrics"][0].items()
        assert [step["id"] for step in data["milestones"][0]["milestones"]] == ["bronze", "silver", "gold"]

    def test_hides_what_is_for_others(self, app, acme, anonymous_api):
        Segment.objects.create(business=acme, key="beta", title="Beta")
        for title, audience in (("Gold", Audience(tiers=["gold"])), ("Beta", Audience(segments=["beta"]))):
            step = TaskRules(title="Ride", type="event", trigger="ride")
            quests.create(business=acme, title=title, rules=Rules(tasks=[step], audience=audience))

        assert app.get("/config").json()["data"]["challenges"] == []

    def test_needs_no_token_where_the_business_is_named(self, acme, commuter):
        anyone = cast.ApiClient(base="/api/loyalty")

        assert len(anyone.get("/config", business=str(acme.pk)).json()["data"]["challenges"]) == 1
        assert anyone.get("/config").status_code == 404

    @pytest.mark.parametrize("host", ["acme.example.com", "Loyalty.Acme.Coffee:8443"])
    def test_needs_no_token_at_the_host_of_the_business_which_goes_first(self, acme, rival, commuter, settings, host):
        settings.ALLOWED_HOSTS, settings.PUBLIC_URL = (
            ["acme.example.com", "loyalty.acme.coffee"],
            "https://example.com",
        )
        Business.objects.filter(pk=acme.pk).update(domain="loyalty.acme.coffee")
        there = cast.ApiClient({"Host": host}, base="/api/loyalty")

        assert len(there.get("/config").json()["data"]["challenges"]) == 1
        assert len(there.get("/config", business=str(rival.pk)).json()["data"]["challenges"]) == 1

    def test_takes_the_host_of_the_service_for_nobodys(self, acme, rival, commuter, settings):
        settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["acme.example.com"], "https://acme.example.com"
        there = cast.ApiClient({"Host": "acme.example.com"}, base="/api/loyalty")

        assert there.get("/config").status_code == 404
        assert there.get("/config", business=str(rival.pk)).json()["data"]["challenges"] == []

    def test_leaves_out_what_is_over(self, app, acme, commuter):
        hour = timedelta(hours=1)
        for title, opens, closes in (("Over", None, -hour), ("Soon", hour, None), ("Now", -hour, hour)):
            window = Window(
                from_=clock.now(acme) + opens if opens else None, to=clock.now(acme) + closes if closes else None
            )
            quests.create(business=acme, title=title, rules=Rules(tasks=[RIDE], window=window))

        shown = [challenge["title"] for challenge in app.get("/config").json()["data"]["challenges"]]

        assert shown == ["Commuter", "Soon", "Now"]

    @pytest.mark.parametrize("known", ["{}-old", "W/{}-old", '"{}', '"old", W/"older"', ""])
    def test_is_sent_again_where_another_one_is_known(self, app, commuter, known):
        tag = app.get("/config")["ETag"]
        again = cast.ApiClient(app.headers | {"If-None-Match": known.format(tag[:-1])}, base="/api/loyalty")

        assert again.get("/config").status_code == 200

    @pytest.mark.parametrize("known", ["{}", "W/{}", '"old", {}', '"old",W/{}', "*"])
    def test_is_not_sent_twice(self, app, commuter, known):
        tag = app.get("/config")["ETag"]
        again = cast.ApiClient(app.headers | {"If-None-Match": known.format(tag)}, base="/api/loyalty").get("/config")

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)

    def test_costs_the_same_for_many_quests(self, app, acme, commuter, django_assert_num_queries):
        for number in range(10):
            step = TaskRules(title="Ride", type="event", trigger="ride")
            quests.create(business=acme, title=f"Quest {number}", rules=Rules(tasks=[step]))

        app.get("/config")
        with django_assert_num_queries(6):  # the quests themselves are remembered until the programme's stamp moves
            app.get("/config")


class TestProfile:
    def test_of_a_newcomer_is_empty(self, app, commuter):
        data = app.get("/profile").json()["data"]
        (task_id,) = data["progress"]

        assert data["metrics"] == {"points": 0}
        assert data["challenges"] == {str(commuter.pk): {"isCompleted": False, "missionsCompleted": []}}
        assert data["milestones"] == {"tiers": "bronze"}
        assert data["progress"][task_id] == {"value": 0.0, "target": 2}

    def test_follows_at_once(self, app, commuter):
        ride(app)
        assert [p["value"] for p in app.get("/profile").json()["data"]["progress"].values()] == [1.0]
        ride(app)

        data = app.get("/profile").json()["data"]
        assert data["metrics"] == {"points": 50}
        assert data["challenges"][str(commuter.pk)]["isCompleted"]

    def test_shows_nothing_of_another_business(self, app, stranger_app, commuter):
        ride(app, 2)

        assert stranger_app.get("/profile").json()["data"]["challenges"] == {}


class TestNotifications:
    def test_tell_once_what_was_declared(self, app, commuter):
        ride(app, 2)

        first = app.get("/notifications")
        (told,) = first.json()["data"]

        assert {"type": "challengeCompleted", "display": "toast", "title": "Well done"}.items() <= told.items()
        assert told["payload"]["challengeId"] == str(commuter.pk)
        assert told["payload"]["inventoryChanges"] == {"received": [], "lost": []}
        assert first["Retry-After"] == "15"
        assert app.get("/notifications").json() == {"message": "OK", "data": []}

    def test_tell_what_is_behind_very_many_silent_events(self, app, ada, commuter, give):
        for _ in range(120):
            give(ada, 1)
        ride(app, 2)

        assert [item["type"] for item in app.get("/notifications").json()["data"]] == ["challengeCompleted"]

    def test_go_on_behind_what_nobody_is_told(self, app, acme, ada, monkeypatch):
        """Steps without words of their own, more of them than are looked at in one call."""
        monkeypatch.setattr(journal, "MOST_PAGES", 1)
        monkeypatch.setattr(journal.unread, "__kwdefaults__", {"most": 3})
        steps = [TaskRules(title=f"Ride {number}", type="event", trigger="hike") for number in range(5)]
        EventType.objects.create(business=acme, name="hike", title="Hike")
        quests.create(business=acme, title="Quiet", rules=Rules(tasks=steps))
        assert app.post("/action", {"action": "hike"}).status_code == 200
        accounts.set_tier(business=acme, account_id=ada.pk, tier_key="gold")

        answers = [app.get("/notifications").json()["data"] for _ in range(5)]

        assert [item["type"] for answer in answers for item in answer] == ["milestoneReached"]

    def test_stay_unread_when_peeked_at(self, app, commuter):
        ride(app, 2)

        assert len(app.get("/notifications", peek=1).json()["data"]) == 1
        assert len(app.get("/notifications", peek=1).json()["data"]) == 1

    def test_are_not_sent_twice(self, app, commuter):
        ride(app, 2)
        tag = app.get("/notifications", peek=1)["ETag"]
        again = cast.ApiClient(app.headers | {"If-None-Match": tag}, base="/api/loyalty")

        assert again.get("/notifications", peek=1).status_code == 304
        assert again.get("/notifications").status_code == 304  # they are read by it all the same
        assert again.get("/notifications").json()["data"] == []

    def test_tell_of_a_new_tier(self, app, acme, ada):
        accounts.set_tier(business=acme, account_id=ada.pk, tier_key="gold")

        (told,) = app.get("/notifications").json()["data"]

        assert told["type"] == "milestoneReached"
        assert told["payload"]["milestoneChanges"] == {"tiers": {"oldValue": "bronze", "newValue": "gold"}}


class TestHistory:
    def test_tells_everything_in_order(self, app, commuter, ada, give):
        give(ada, 10)
        ride(app, 2)

        items = app.get("/history").json()["data"]

        assert [item["type"] for item in items] == [
            "metricChanged",
            "missionCompleted",
            "challengeCompleted",
            "metricChanged",
        ]
        assert items[-1]["payload"]["metricChanges"] == {"points": {"oldValue": 10, "newValue": 60}}

    def test_says_nothing_of_pending_points_that_come_and_go(self, app, acme, ada, give):
        for_later = {"pending_until": clock.now(acme) + timedelta(days=14)}
        ledger.reverse(business=acme, entry_id=give(ada, 100, **for_later).id)
        taking = Taking(entry_id=give(ada, 100, **for_later).id, amount=40, source=Source("test", "1"))
        postings.take_back([taking], business=acme)

        assert app.get("/history").json()["data"] == []

    def test_tells_of_a_merge_what_it_did_to_the_balance(self, app, acme, ada, bob, give):
        give(bob, 70)
        give(bob, 30, pending_until=clock.now(acme) + timedelta(days=14))
        merge = merges.merge(business=acme, source_id=bob.pk, target_id=ada.pk)
        merges.undo(business=acme, merge_id=merge.pk)

        told = [item["payload"]["metricChanges"]["points"] for item in app.get("/history").json()["data"]]

        assert told == [{"oldValue": 0, "newValue": 70}, {"oldValue": 70, "newValue": 0}]

    def test_goes_on_by_cursor_and_stays_inside_its_dates(self, app, ada, give):
        for _ in range(3):
            give(ada, 5)

        first = app.get("/history", limit=2).json()
        second = app.get("/history", limit=2, cursor=first["nextCursor"]).json()

        assert (len(first["data"]), len(second["data"]), second["nextCursor"]) == (2, 1, None)
        assert app.get("/history", to=1).json()["data"] == []
        assert len(app.get("/history", **{"from": 1}).json()["data"]) == 3

    @pytest.mark.parametrize("query", [{"from": "yesterday"}, {"to": "-1"}, {"limit": "0"}, {"cursor": "x"}])
    def test_refuses_what_means_nothing(self, app, query):
        assert app.get("/history", **query).status_code == 400


class TestCoupons:
    def test_are_the_persons_own(self, api, app, stranger_app, bob, ada, give):
        give(ada, 10)
        reward = api.post("/rewards", {"name": "Mug", "pointsCost": 5, "type": "custom"}).json()["reward"]
        bought = api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk)}).json()["redemption"]

        coupon = app.get(f"/coupons/{bought['id']}").json()["data"]

        assert (coupon["id"], coupon["coupon_id"], coupon["title"]) == (bought["id"], bought["id"], "Mug")
        assert (coupon["coupon_type"], coupon["coupon_code"]) == ("custom", bought["couponCode"])
        assert coupon["showOnNotification"] is True
        for other in (app_of(bob), stranger_app):
            assert other.get(f"/coupons/{bought['id']}").status_code == 404


class TestDryRun:
    def test_tells_all_and_writes_nothing(self, api, app, ada, commuter):
        ride(app)

        trial = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride", "data": {}}).json()

        assert (trial["outcome"], trial["pointsAwarded"]) == ("matched", 50)
        assert trial["questsCompleted"] == [str(commuter.pk)]
        assert (trial["tasks"][0]["before"], trial["tasks"][0]["after"]) == (1.0, 2.0)
        assert Action.objects.count() == 1
        assert app.get("/profile").json()["data"]["metrics"] == {"points": 0}

    def test_says_why_a_task_does_not_move(self, api, app, ada, commuter):
        ride(app, 2)

        (task,) = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride"}).json()["tasks"]

        assert (task["matched"], task["reason"]) == (False, "done_before")

    def test_tells_of_every_rule_what_it_would_pay_or_why_not(self, api, acme, ada):
        for title, terms in {
            "Each": Terms(trigger="ride", earn=Earn(points=10), budget=7),
            "Far": Terms(
                trigger="ride",
                earn=Earn(points=99),
                conditions=[Condition(field="km", operator=">", value=9)],
            ),
        }.items():
            earn_rules.create(business=acme, title=title, terms=terms)

        trial = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride", "data": {"km": 1}}).json()

        told = [(rule["key"], rule["matched"], rule["reason"], rule["points"]) for rule in trial["rules"]]
        assert told == [("each", True, None, 7), ("far", False, "condition:km", 0)]
        assert (trial["pointsAwarded"], trial["rules"][0]["caps"]) == (7, ["budget"])
        assert not Action.objects.exists()

    def test_knows_no_person_of_another_business(self, rival_api, ada):
        assert rival_api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride"}).status_code == 404


class TestSignUp:
    def test_moves_what_listens_to_it(self, acme, api):
        step = TaskRules(title="Join", type="event", trigger="signup")
        quests.create(business=acme, title="Welcome", rules=Rules(tasks=[step], benefits=[in_points(20)]))

        api.post("/advocates", {"email": "new@example.com"})

        (newcomer,) = Account.objects.filter(business=acme)
        assert app_of(newcomer).get("/profile").json()["data"]["metrics"] == {"points": 20}
