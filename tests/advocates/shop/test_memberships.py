"""Memberships: segments that people join for some time, and that bring them something."""

from datetime import datetime, timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Account, Admission, Event, Segment, SegmentMember
from loyalty.selectors.segments import keys_of
from loyalty.services import erasure, memberships, merges, segments
from tests import dashboards
from tests.advocates.shop.conftest import balance, order, rule
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

HELLO = {"kind": "metric", "metric": "points", "quantity": 100}
CLUB = {"key": "club", "title": "Coffee club", "benefits": [HELLO], "perks": ["Free shipping"], "multiplier": [3, 2]}
PATH = "/customers/ada-1/memberships"


def put(api, *items, **sections):
    return api.put("/programme", {"memberships": list(items), **sections})


def join(api, key="club", **body):
    return api.put(f"{PATH}/{key}", body)


def theirs(advocate):
    return list(keys_of(business=advocate.business, account_ids=[advocate.pk])[advocate.pk])


@pytest.fixture
def club(api):
    assert put(api, CLUB).status_code == 200


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "path"),
        [
            ({"lasts": "P0D"}, "lasts"),
            ({"lasts": "for ever"}, "lasts"),
            ({"lasts": "P1201M"}, "lasts"),
            ({"multiplier": [0, 1]}, "multiplier.0"),
            ({"perks": [""]}, "perks.0"),
            ({"benefits": [{"kind": "metric", "metric": "luck", "quantity": 1}]}, "benefits.0.metric"),
            ({"benefits": [{"kind": "membership", "membership": "other"}]}, "benefits.0.membership"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_what_makes_no_membership(self, api, said, path):
        assert_refused(put(api, CLUB | said), "VALIDATION_ERROR", f"memberships.0.{path}")

    def test_a_key_that_is_a_segments(self, api):
        response = put(api, CLUB, segments=[{"key": "club", "title": "Club"}])

        assert_refused(response, "VALIDATION_ERROR", "memberships.0.key")

    @pytest.mark.usefixtures("club")
    def test_what_is_none_and_what_is_over(self, api, rival_api, ada):
        assert_refused(join(api, "choir"), "NOT_FOUND", None, status=404)
        assert_refused(api.delete(f"{PATH}/choir"), "NOT_FOUND", None, status=404)
        assert_refused(rival_api.put(f"{PATH}/club", {}), "NOT_FOUND", None, status=404)
        assert_refused(join(api, endsAt="2020-01-01T00:00:00Z"), "VALIDATION_ERROR", "endsAt")
        Account.objects.filter(pk=ada.pk).update(status="blocked")
        assert_refused(join(api), "CONFLICT", None, status=409)
        assert not SegmentMember.objects.exists()


@pytest.mark.usefixtures("club")
class TestJoining:
    def test_brings_what_it_promises_once_in_a_lifetime(self, api, ada):
        answers = [join(api).json()["membership"] for _ in range(2)]
        api.delete(f"{PATH}/club")
        join(api)

        assert (answers[0]["perks"], answers[0]["endsAt"]) == (["Free shipping"], None)
        assert answers[0] == answers[1]
        assert (balance(ada), Admission.objects.count()) == (100, 1)

    def test_is_a_segment_like_all_others(self, api, ada):
        join(api)

        assert theirs(ada) == ["club"]
        assert api.get("/customers/ada-1").json()["customer"]["segments"] == ["club"]
        assert [each["key"] for each in api.get(PATH).json()["memberships"]] == ["club"]

    def test_is_told_and_so_is_leaving(self, api, ada):
        join(api)
        join(api)
        assert api.delete(f"{PATH}/club").status_code == 204
        assert api.delete(f"{PATH}/club").status_code == 204

        assert Event.objects.filter(topic="customers/updated", facts__fields=["memberships"]).count() == 2
        assert theirs(ada) == []

    def test_goes_through_the_doors_of_segments_too(self, acme, api, ada):
        segments.put(business=acme, account_id=ada.pk, keys=["club"])
        assert (theirs(ada), balance(ada)) == (["club"], 100)
        segments.put(business=acme, account_id=ada.pk, keys=["club"])
        segments.move(business=acme, moves=[segments.Move(ada.pk, frozenset(), frozenset({"club"}))])
        assert theirs(ada) == []
        segments.move(business=acme, moves=[segments.Move(ada.pk, frozenset({"club"}), frozenset())])
        assert theirs(ada) == ["club"]
        segments.put(business=acme, account_id=ada.pk, keys=[])
        assert (theirs(ada), balance(ada)) == ([], 100)

    def test_says_why_where_nothing_can_be_given(self, api, ada):
        cup = {"key": "cup", "name": "A cup", "type": "custom", "pointsCost": 10, "stock": 0, "status": "active"}
        response = put(api, CLUB | {"benefits": [{"kind": "reward", "reward": "cup"}]}, rewards=[cup])
        assert response.status_code == 200, response.json()

        assert join(api).status_code == 200
        assert theirs(ada) == ["club"]


class TestMultiplier:
    @pytest.mark.usefixtures("club")
    def test_is_on_what_rules_pay_that_multiply_by_tier(self, acme, api, ada):
        rule(acme, "plain", points=1)
        rule(acme, "multiplied", points=5, tier_multiplier=True)
        api.post("/orders", order("before"))
        join(api)
        answer = api.post("/orders", order("after")).json()

        assert {said["key"]: said["points"] for said in answer["breakdown"]} == {"plain": 50, "multiplied": 375}

    def test_is_the_highest_of_several_times_the_tiers(self, acme, api, ada):
        put(api, CLUB, CLUB | {"key": "choir", "multiplier": [2, 1]}, CLUB | {"key": "slow", "multiplier": [1, 2]})
        rule(acme, points=1, tier_multiplier=True)
        for key in ("slow", "club", "choir"):
            join(api, key)

        assert api.post("/orders", order()).json()["pointsAwarded"] == 100
        api.delete(f"{PATH}/choir")
        api.delete(f"{PATH}/club")
        assert api.post("/orders", order("2")).json()["pointsAwarded"] == 50  # nobody is worse off for a membership


class TestTime:
    def test_is_over_at_the_end_of_the_last_day(self, acme, api, ada):
        put(api, CLUB | {"lasts": "P1M"})
        with clock.moved_to(datetime.fromisoformat("2099-01-31T12:00:00Z")):
            assert join(api).json()["membership"]["endsAt"] == "2099-03-01T00:00:00Z"
        with clock.moved_to(datetime.fromisoformat("2099-02-28T23:59:59Z")):
            assert theirs(ada) == ["club"]
            assert memberships.end_due() == 0
        with clock.moved_to(datetime.fromisoformat("2099-03-01T00:00:00Z")):
            assert theirs(ada) == []
            assert api.get(PATH).json()["memberships"] == []
            assert [memberships.end_due(), memberships.end_due()] == [1, 0]
        assert Event.objects.filter(topic="customers/updated", facts__fields=["memberships"]).count() == 2

    def test_is_never_shortened_by_joining_again_but_by_a_day_that_is_named(self, api, ada):
        put(api, CLUB | {"lasts": "P10D"})
        later = (clock.wall() + timedelta(days=100)).replace(microsecond=0)
        sooner = later - timedelta(days=95)

        ends = [join(api, endsAt=each.isoformat()).json()["membership"]["endsAt"] for each in (later, sooner)]

        assert [datetime.fromisoformat(each) for each in ends] == [later, sooner]
        renewed = datetime.fromisoformat(join(api).json()["membership"]["endsAt"])
        assert sooner < renewed < later

    def test_begins_anew_for_whoever_comes_back(self, api, ada):
        put(api, CLUB | {"lasts": "P1D"})
        first = join(api).json()["membership"]["joinedAt"]
        with clock.moved_to(clock.wall() + timedelta(days=9)):
            again = join(api).json()["membership"]

        assert again["joinedAt"] > first
        assert balance(ada) == 100


class TestGivenByRules:
    def test_as_a_benefit_that_a_stamp_card_brings(self, api, ada):
        brings = {"slot": 1, "benefits": [{"kind": "membership", "membership": "club"}]}
        card = {"key": "coffee", "title": "Coffee card", "slots": 1, "rewards": [brings]}
        response = put(api, CLUB, stampCards=[card])
        assert response.status_code == 200, response.json()

        api.post("/orders", order())

        assert (theirs(ada), balance(ada)) == (["club"], 100)
        assert SegmentMember.objects.get().source.startswith("stamp_card:")

    @pytest.mark.usefixtures("club")
    def test_keeps_rewards_for_its_members(self, api, ada, give):
        cup = {"key": "cup", "name": "A cup", "type": "custom", "pointsCost": 10, "status": "active"}
        response = api.put("/programme", {"rewards": [cup | {"segments": ["club"]}]})
        assert response.status_code == 200, response.json()
        give(ada, 50)
        (reward,) = api.get("/rewards").json()["rewards"]

        def redeem():
            return api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk)})

        assert_refused(redeem(), "NOT_ELIGIBLE", None)
        ends = clock.wall() + timedelta(days=1)
        join(api, endsAt=ends.isoformat())
        assert redeem().status_code == 200
        with clock.moved_to(ends + timedelta(seconds=1)):
            assert_refused(redeem(), "NOT_ELIGIBLE", None)


@pytest.mark.usefixtures("club")
class TestPeople:
    def test_merged_are_in_it_together_and_admitted_once(self, acme, api, ada, bob):
        join(api)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        assert theirs(bob) == ["club"]
        memberships.leave(business=acme, account_id=bob.pk, key="club")
        memberships.join(business=acme, account_id=bob.pk, key="club")
        assert balance(bob) == 100

    def test_erased_are_in_nothing(self, acme, api, ada):
        join(api)
        assert [each["segmentKey"] for each in _held(acme, ada)["memberships"]] == ["club"]
        erasure.erase(business=acme, account_id=ada.pk)

        assert not SegmentMember.objects.exists()


def _held(business, advocate):
    exported = erasure.export(business=business, account_id=advocate.pk)["held"]["memberships"]
    return {"memberships": [{"segmentKey": next(v for k, v in each.items() if "ey" in k)} for each in exported]}


class TestTheDocument:
    def test_says_all_of_it_again_and_keeps_members_of_what_becomes_one(self, acme, api, ada):
        api.put("/programme", {"segments": [{"key": "club", "title": "Club"}]})
        segments.put(business=acme, account_id=ada.pk, keys=["club"])

        put(api, CLUB | {"lasts": "P1Y"}, segments=[])

        said = api.get("/programme").json()
        assert (said["memberships"], said["segments"]) == ([CLUB | {"lasts": "P12M"}], [])
        assert put(api, *said["memberships"]).json()["changes"] == []
        assert theirs(ada) == ["club"]
        put(api)
        assert (theirs(ada), Segment.objects.get().is_membership) == ([], True)

    def test_lets_audiences_name_it(self, api):
        terms = {"key": "r", "title": "R", "trigger": "ride", "earn": {"points": 5}}
        rules = [terms | {"audience": {"segments": ["club"]}}]
        response = api.put("/programme", {"earnRules": rules})

        assert_refused(response, "VALIDATION_ERROR", "earnRules.0.audience.segments.0")
        assert put(api, CLUB, earnRules=rules).status_code == 200


class TestInTheDashboard:
    @pytest.fixture
    def olga(self, acme):
        return dashboards.works_for(acme)

    @pytest.mark.usefixtures("club")
    def test_is_given_until_a_day_and_taken(self, olga, ada):
        path = dashboards.page(ada, "change_membership")
        last = (clock.wall() + timedelta(days=30)).date()
        olga.post(path, {"direction": "give", "membership": "club", "ends_on": last.isoformat()})

        assert "Coffee club" in dashboards.text_of(olga.get(dashboards.page(ada)))
        assert SegmentMember.objects.get().ends_at.date() == last + timedelta(days=1)
        olga.post(path, {"direction": "take", "membership": "club"})
        assert not SegmentMember.objects.exists()

    @pytest.mark.usefixtures("club")
    def test_is_shown_with_its_members(self, olga, api, ada):
        join(api)

        assert "Coffee club" in dashboards.text_of(olga.get(dashboards.listed(Segment)))
        text = dashboards.text_of(olga.get(dashboards.page(Segment.objects.get())))
        for said in ("Free shipping", "Ada Lovelace", "× 3/2"):
            assert said in text


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_join_once(api, ada):
    put(api, CLUB)

    results = at_once(8, lambda _: join(api))

    assert errors(results) == []
    assert {result.status_code for result in results} == {200}
    assert (balance(ada), SegmentMember.objects.count()) == (100, 1)
