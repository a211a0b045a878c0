"""GET and PUT /programme: the whole set-up as one document."""

import pytest

from loyalty.models import Business, Metric, Milestone, MilestoneSet, Segment
from loyalty.services import accounts, ledger, programme, segments
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

BETA = {"key": "beta", "title": "Beta testers"}
VIPS = {"key": "vips", "title": "Regulars"}
POINTS = {"key": "points", "title": "Points", "minimum": 0, "maximum": None}


def ladder(*steps, **rest):
    milestones = [{"key": key, "title": key.title(), "threshold": threshold} for key, threshold in steps]
    return {"key": "tiers", "title": "Tiers", "metric": "points", "isTier": True, "milestones": milestones, **rest}


def document_of(api):
    return {name: part for name, part in api.get("/programme").json().items() if name != "version"}


def tier_of(api, advocate):
    return api.get(f"/advocates/{advocate.pk}").json()["advocate"]["tier"]


class TestRefuses:
    @pytest.mark.parametrize(
        ("document", "path"),
        [
            ({"segmints": []}, "segmints"),
            ({"segments": {}}, "segments"),
            ({"segments": [{"key": "beta"}]}, "segments.0.title"),
            ({"segments": [BETA, {"key": "Not a key", "title": "x"}]}, "segments.1.key"),
            ({"segments": [BETA, VIPS, BETA]}, "segments.2.key"),
            ({"metrics": []}, "metrics"),
            ({"metrics": [{**POINTS, "minimum": 5, "maximum": 5}]}, "metrics.0.maximum"),
            ({"metrics": [{**POINTS, "expiry": {"after": "12 months"}}]}, "metrics.0.expiry.after"),
            ({"metrics": [{**POINTS, "expiry": {"after": "P0D"}}]}, "metrics.0.expiry.after"),
            ({"metrics": [{**POINTS, "expiry": {"after": "P101Y"}}]}, "metrics.0.expiry.after"),
            ({"metrics": [{**POINTS, "expiry": {"after": "P1M", "basis": "moon"}}]}, "metrics.0.expiry.basis"),
            ({"metrics": [{**POINTS, "expiry": {"after": "P1M", "warnDays": [0]}}]}, "metrics.0.expiry.warnDays.0"),
            ({"metrics": [{**POINTS, "minimum": 5, "default": 4}]}, "metrics.0.default"),
            ({"metrics": [{**POINTS, "maximum": 5, "default": 6}]}, "metrics.0.default"),
            ({"metrics": [{**POINTS, "media": "javascript:alert(1)"}]}, "metrics.0.media"),
            ({"milestoneSets": [ladder(metric="xp")]}, "milestoneSets.0.metric"),
            ({"milestoneSets": [ladder(), ladder(key="more")]}, "milestoneSets.1.isTier"),
            ({"milestoneSets": [ladder(("a", 5), ("b", 5))]}, "milestoneSets.0.milestones.0.threshold"),
            ({"milestoneSets": [ladder(("a", 5), ("a", 6))]}, "milestoneSets.0.milestones.1.key"),
            ({"policies": {"timezone": "Europe/Nowhere"}}, "policies.timezone"),
            ({"policies": {"currency": "euro"}}, "policies.currency"),
            ({"widget": {"allowedOrigins": ["https://a.example", "http://b.example"]}}, "widget.allowedOrigins.1"),
        ],
    )
    def test_what_makes_no_sense_and_changes_nothing(self, api, document, path):
        before = document_of(api)

        response = api.put("/programme", {"segments": [VIPS], **document})

        assert_refused(response, "VALIDATION_ERROR", path)
        assert document_of(api) == before

    def test_tasks_without_keys_of_their_own_in_words(self, api):
        steps = [{"title": "Wave", "type": "manual"}, {"title": "Ride", "type": "manual"}]

        response = api.put("/programme", {"quests": [{"key": "hello", "title": "Hello", "tasks": steps}]})

        assert_refused(response, "VALIDATION_ERROR", "quests.0.tasks.1.key")
        assert "Give it a key of its own." in response.json()["error"]["message"]

    def test_a_reference_that_the_rest_of_the_programme_leaves_dangling(self, api):
        api.put("/programme", {"metrics": [POINTS, {"key": "xp", "title": "XP"}]})
        api.put("/programme", {"milestoneSets": [ladder(), ladder(key="levels", metric="xp", isTier=False)]})

        assert_refused(api.put("/programme", {"metrics": [POINTS]}), "VALIDATION_ERROR", "milestoneSets.0.metric")

    def test_more_than_five_megabytes(self, api):
        assert_refused(api.put("/programme", b" " * 5_000_001), "PAYLOAD_TOO_LARGE", None, status=413)

    def test_versions_of_another_business(self, api, rival_api):
        rival_api.put("/programme", {"segments": [BETA]})

        responses = [api.post(f"/programme/versions/{number}/restore") for number in (2, 999)]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)


class TestApplies:
    def test_what_was_read_changes_nothing(self, api):
        read = api.get("/programme").json()

        answer = api.put("/programme", read).json()

        assert answer == {"version": read["version"], "changes": [], "warnings": []}

    def test_a_section_and_leaves_the_others(self, api, acme):
        before = document_of(api)

        answer = api.put("/programme", {"segments": [BETA]}).json()

        assert answer["changes"] == [{"path": "segments.beta", "action": "added", "before": None, "after": BETA}]
        assert answer["version"] == 2
        assert document_of(api) == before | {"segments": [BETA]}
        assert Business.objects.get(pk=acme.pk).programme_stamp == 2

    def test_what_disappears_is_archived_with_what_names_it(self, api, acme, ada):
        api.put("/programme", {"segments": [BETA, VIPS]})
        segments.put(business=acme, account_id=ada.pk, keys=["beta"])

        answer = api.put("/programme", {"segments": [VIPS]}).json()
        gone = Segment.objects.for_business(acme).get(key="beta")
        api.put("/programme", {"segments": [BETA, VIPS]})

        assert [(each["path"], each["action"]) for each in answer["changes"]] == [("segments.beta", "removed")]
        assert gone.archived_at
        assert Segment.objects.for_business(acme).get(key="beta").pk == gone.pk

    def test_a_field_by_its_path(self, api):
        api.put("/programme", {"segments": [BETA, VIPS]})

        changes = api.put("/programme", {"segments": [BETA, VIPS | {"title": "VIPs"}]}).json()["changes"]

        assert changes == [{"path": "segments.vips.title", "action": "changed", "before": "Regulars", "after": "VIPs"}]

    def test_steps_that_change_places(self, api):
        api.put("/programme", {"milestoneSets": [ladder(("bronze", 0), ("silver", 1000))]})

        answer = api.put("/programme", {"milestoneSets": [ladder(("silver", 0), ("bronze", 1000))]})

        assert [each["path"] for each in answer.json()["changes"]] == [
            "milestoneSets.tiers.milestones.bronze.threshold",
            "milestoneSets.tiers.milestones.silver.threshold",
            "milestoneSets.tiers.milestones",
        ]

    def test_the_tiers_can_move_to_another_set(self, api, acme):
        answer = api.put("/programme", {"milestoneSets": [ladder(("basic", 0), key="clubs")]})

        assert answer.status_code == 200
        assert MilestoneSet.objects.for_business(acme).filter(is_tier=True, archived_at=None).get().key == "clubs"

    def test_policies_and_widget(self, api, acme):
        policies = {"timezone": "Asia/Tokyo", "currency": "JPY", "usersOnFirstEvent": False}
        assert api.put("/programme", {"policies": policies}).status_code == 200
        api.put("/programme", {"widget": {"allowedOrigins": ["https://shop.example"]}})
        acme.refresh_from_db()

        assert (acme.timezone, acme.currency, acme.allowed_origins) == ("Asia/Tokyo", "JPY", ["https://shop.example"])
        assert not acme.users_on_first_event
        assert policies.items() <= api.get("/programme").json()["policies"].items()


class TestTiers:
    def test_follow_the_ladder_at_once(self, api, ada, bob, give):
        give(ada, 600)

        api.put("/programme", {"milestoneSets": [ladder(("basic", 0), ("plus", 500))]})

        assert (tier_of(api, ada), tier_of(api, bob)) == ("plus", "basic")

    def test_that_are_archived_hold_nobody_not_even_by_hand(self, api, acme, ada, bob, give):
        accounts.set_tier(business=acme, account_id=ada.pk, tier_key="gold")
        accounts.set_tier(business=acme, account_id=bob.pk, tier_key="silver")

        api.put("/programme", {"milestoneSets": [ladder(("bronze", 0), ("silver", 1000))]})
        give(ada, 10)

        assert (tier_of(api, ada), tier_of(api, bob)) == ("bronze", "silver")
        assert Milestone.objects.for_business(acme).get(key="gold").archived_at

    def test_can_go_altogether(self, api, ada):
        api.put("/programme", {"milestoneSets": []})

        assert tier_of(api, ada) is None

    def test_that_are_archived_do_not_stand_in_for_live_ones_of_their_name(self, api, acme, ada, give):
        give(ada, 5_000)
        earn = {"points": 10}
        rule = {"key": "ride", "title": "Ride", "trigger": "ride", "earn": earn, "audience": {"tiers": ["gold"]}}
        for key in ("riders", "tiers"):  # there and back
            sets = [ladder(("bronze", 0), ("gold", 5_000), key=key)]
            assert api.put("/programme", {"milestoneSets": sets, "earnRules": [rule]}).status_code == 200
        Milestone.objects.for_business(acme).exclude(archived_at=None).update(title="Gone")  # read last, if at all

        paid = api.post("/events/dry-run", {"advocateId": str(ada.pk), "event": "ride"}).json()["pointsAwarded"]

        assert paid == 10
        assert [each["id"] for each in api.get("/advocates", tier="gold").json()["advocates"]] == [str(ada.pk)]


class TestArchivedMetric:
    @pytest.fixture(autouse=True)
    def _archived(self, api, acme, ada):
        api.put("/programme", {"metrics": [POINTS, {"key": "xp", "title": "XP"}]})
        ledger.award(business=acme, account_id=ada.pk, amount=5, metric="xp")
        api.put("/programme", {"metrics": [POINTS]})

    def test_moves_no_more_and_is_not_shown(self, api, ada):
        response = api.post(f"/advocates/{ada.pk}/points", {"amount": 5, "metric": "xp"})

        assert_refused(response, "NOT_FOUND", "metric", status=404)
        assert api.get(f"/advocates/{ada.pk}/points").json()["metrics"] == {"points": 0}

    def test_comes_back_with_what_people_had(self, api, ada):
        api.put("/programme", {"metrics": [POINTS, {"key": "xp", "title": "XP"}]})

        assert api.get(f"/advocates/{ada.pk}/points").json()["metrics"] == {"points": 0, "xp": 5}


class TestDryRun:
    def test_says_what_would_change_and_changes_nothing(self, api, acme):
        before = document_of(api)

        answer = api.put("/programme?dryRun=1", {"segments": [BETA]}).json()

        assert [each["path"] for each in answer["changes"]] == ["segments.beta"]
        assert (document_of(api), api.get("/programme/versions").json()["versions"]) == (before, [])


class TestWarnings:
    def test_name_what_no_document_made(self, api, acme):
        api.put("/programme", {"segments": [BETA]})
        Segment.objects.create(business=acme, key="vips", title="VIPs")

        warnings = api.put("/programme?dryRun=1", {"segments": []}).json()["warnings"]

        assert len(warnings) == 1
        assert "segments.vips" in warnings[0]


class TestWhatWasBrokenBefore:
    """By another call: a quest gives a reward that was archived since."""

    PLACE = "quests.0.benefits.0.reward"

    @pytest.fixture(autouse=True)
    def _a_quest_gives_what_is_gone(self, api):
        mug = api.post("/rewards", {"name": "Mug", "key": "mug", "type": "product", "pointsCost": 10}).json()["reward"]
        gift = {"kind": "reward", "reward": "mug"}
        api.post("/quests", {"title": "Hello", "tasks": [{"title": "Wave", "type": "manual"}], "benefits": [gift]})
        api.patch(f"/rewards/{mug['id']}", {"status": "archived"})

    def test_keeps_no_other_section_from_being_applied_and_is_said(self, api):
        answer = api.put("/programme", {"segments": [BETA]}).json()

        assert [change["path"] for change in answer["changes"]] == ["segments.beta"]
        assert [warning.split(":")[0] for warning in answer["warnings"]] == [self.PLACE]

    def test_is_refused_where_the_document_says_it_again(self, api):
        (quest,) = document_of(api)["quests"]

        response = api.put("/programme", {"quests": [quest | {"title": "Hallo"}]})

        assert_refused(response, "VALIDATION_ERROR", self.PLACE)

    def test_does_not_excuse_what_else_is_wrong(self, api):
        response = api.put("/programme", {"milestoneSets": [ladder(metric="xp")]})

        assert_refused(response, "VALIDATION_ERROR", "milestoneSets.0.metric")


class TestIfMatch:
    def test_refuses_a_programme_that_has_changed(self, api, acme):
        etag = api.get("/programme")["ETag"]

        assert api.put("/programme", {"segments": [BETA]}, If_Match=etag).status_code == 200
        response = api.put("/programme", {"segments": []}, If_Match=etag)

        assert_refused(response, "PRECONDITION_FAILED", None, status=412)

    def test_notices_other_doors(self, api, acme):
        etag = api.get("/programme")["ETag"]
        Metric.objects.for_business(acme).update(title="Beans")

        assert api.put("/programme", {"segments": [BETA]}, If_Match=etag).status_code == 412

    @pytest.mark.parametrize("tag", ['"1"', "1", "*", 'W/"1"', '"7", "1"'])
    def test_takes_the_plain_version(self, api, tag):
        assert api.put("/programme", {"segments": [BETA]}, If_Match=tag).status_code == 200

    def test_takes_what_the_last_change_answered(self, api):
        etag = api.put("/programme", {"segments": [BETA]})["ETag"]

        assert etag == api.get("/programme")["ETag"]
        assert api.put("/programme", {"segments": []}, If_Match=etag).status_code == 200


class TestVersions:
    def test_tell_who_and_when_newest_first(self, api):
        api.put("/programme", {"segments": [BETA]})

        versions = api.get("/programme/versions").json()["versions"]

        assert [(each["number"], each["origin"], each["author"]) for each in versions] == [
            (2, "document", "test"),
            (1, "elsewhere", ""),
        ]

    def test_keep_what_was_done_by_other_doors(self, api, acme):
        api.put("/programme", {"segments": [BETA]})
        Segment.objects.create(business=acme, key="vips", title="VIPs")
        api.put("/programme", {"segments": []})

        api.post("/programme/versions/3/restore")

        assert [each["key"] for each in document_of(api)["segments"]] == ["beta", "vips"]

    def test_come_back_as_the_next_one(self, api):
        before = document_of(api)
        api.put("/programme", {"segments": [BETA], "milestoneSets": [], "policies": {"timezone": "Asia/Tokyo"}})

        answer = api.post("/programme/versions/1/restore").json()

        assert answer["version"] == 3
        assert document_of(api) == before

    def test_are_paged(self, api):
        for title in "abc":
            api.put("/programme", {"segments": [{"key": "beta", "title": title}]})

        first = api.get("/programme/versions", limit=3).json()
        rest = api.get("/programme/versions", limit=3, cursor=first["nextCursor"]).json()

        numbers = [each["number"] for page in (first, rest) for each in page["versions"]]
        assert (numbers, rest["nextCursor"]) == ([4, 3, 2, 1], None)


class TestSections:
    def test_are_applied_behind_those_that_they_name(self):
        order = [section.key for section in programme._in_order()]

        assert order.index("metrics") < order.index("milestoneSets")

    def test_speak_of_their_own_path_when_a_noun_refuses(self, api, monkeypatch):
        def refuse(**_):
            raise ledger.NotFound("thing", field="0.thing")

        monkeypatch.setattr("loyalty.services.ladders.settle", refuse)

        response = api.put("/programme", {"milestoneSets": []})

        assert_refused(response, "VALIDATION_ERROR", "milestoneSets.0.thing")
