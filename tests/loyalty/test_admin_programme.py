"""Metrics and ladders, made by hand: what would break the programme is said beside its field."""

import json

import pytest

from loyalty.kernel import clock
from loyalty.models import EventType, InventoryItem, InventorySet, Metric, Milestone, MilestoneSet
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import benefits, earn_rules, inventory_sets, ladders, ledger
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.quest_rules import Audience, in_points
from tests import dashboards
from tests.races import at_once

COUNTS = {"basis": "lifetimeEarned", "period_months": "", "period_start": "join", "downgrade": "toEarned"}
METRIC = {"title": "Stars", "key": "stars", "minimum": "0", "maximum": ""}


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


def errors_of(answer) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


def steps(*rows: tuple[str, int]) -> dict[str, object]:
    form: dict[str, object] = {"milestones-TOTAL_FORMS": len(rows), "milestones-INITIAL_FORMS": 0}
    for number, (key, threshold) in enumerate(rows):
        form |= {
            f"milestones-{number}-{name}": value
            for name, value in {"title": key, "key": key, "threshold": threshold}.items()
        }
    return form


class TestMetric:
    @pytest.mark.django_db(transaction=True)
    def test_that_is_saved_twice_at_once_is_there_once(self, olga, acme):
        """Somebody has clicked twice, or two have the same idea."""
        answers = at_once(4, lambda _: olga.post("/admin/loyalty/metric/add/", METRIC).status_code)

        assert sorted(answers) == [200, 200, 200, 302]
        assert Metric.objects.for_business(acme).filter(key="stars").count() == 1

    def test_belongs_to_the_current_business(self, olga, acme):
        olga.post("/admin/loyalty/metric/add/", METRIC)

        assert Metric.objects.for_business(acme).filter(key="stars").exists()

    def test_refuses_a_key_that_is_taken_here(self, olga, rival):
        answer = olga.post("/admin/loyalty/metric/add/", {**METRIC, "key": "points"})

        assert "This key is taken" in str(errors_of(answer))

    def test_refuses_bounds_that_cross(self, olga):
        answer = olga.post("/admin/loyalty/metric/add/", {**METRIC, "minimum": "5", "maximum": "5"})

        assert "above the minimum" in str(errors_of(answer)["maximum"])

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"default_value": "3", "minimum": "5"}, "default_value"),
            ({"default_value": "9", "maximum": "5"}, "default_value"),
            ({"expiry_basis": "lot"}, "expiry_months"),
            ({"expiry_basis": "lot", "expiry_months": "1201"}, "expiry_months"),
            ({"expiry_basis": "lot", "expiry_days": "5", "warn_days": "7, many"}, "warn_days"),
            ({"expiry_basis": "lot", "expiry_days": "5", "warn_days": "1,2,3,4,5,6"}, "warn_days"),
            ({"expiry_basis": "lot", "expiry_days": "5", "warn_days": "0"}, "warn_days"),
            ({"media": "javascript:alert(1)"}, "media"),
        ],
    )
    def test_refuses_what_no_document_could_say(self, olga, given, field):
        answer = olga.post("/admin/loyalty/metric/add/", {**METRIC, **given})

        assert field in errors_of(answer)

    def test_expires_as_the_form_says_and_stops_to(self, olga, acme, api):
        expiry = {"expiry_basis": "inactivity", "expiry_months": "12", "expiry_days": "15", "warn_days": "7,30, 7"}
        olga.post("/admin/loyalty/metric/add/", {**METRIC, "minimum": "2", **expiry})
        stars = Metric.objects.for_business(acme).get(key="stars")
        made = api.get("/programme").json()["metrics"][1]
        assert made["expiry"] == {"after": "P12M15D", "basis": "inactivity", "warnDays": [30, 7], "zone": "programme"}
        assert made["default"] == 2
        assert "12 months and 15 days of silence" in dashboards.text_of(olga.get(dashboards.listed(Metric)))

        olga.post(dashboards.page(stars), {"title": "Stars", "minimum": "2", **expiry, "expiry_basis": ""})

        assert api.get("/programme").json()["metrics"][1]["expiry"] is None

    def test_refuses_numbers_that_do_not_fit(self, olga):
        answer = olga.post("/admin/loyalty/metric/add/", {**METRIC, "maximum": str(2**63)})

        assert "maximum" in errors_of(answer)

    def test_keeps_its_key(self, olga, acme):
        metric = Metric.objects.for_business(acme).get()

        olga.post(dashboards.page(metric), {"title": "Beans", "key": "beans", "minimum": "0"})
        metric.refresh_from_db()

        assert (metric.key, metric.title) == ("points", "Beans")

    def test_is_not_deleted(self, olga, acme):
        assert olga.post(dashboards.page(Metric.objects.for_business(acme).get(), "delete")).status_code == 403


class TestLadder:
    @pytest.fixture
    def form(self, acme):
        metric = Metric.objects.for_business(acme).get()
        return {"title": "Clubs", "key": "clubs", "metric": metric.pk, **COUNTS}

    def test_is_saved_with_its_steps(self, olga, acme, form):
        olga.post("/admin/loyalty/milestoneset/add/", {**form, **steps(("one", 10), ("two", 20))})

        made = Milestone.objects.for_business(acme).filter(set__key="clubs").order_by("threshold")
        assert list(made.values_list("key", "threshold")) == [("one", 10), ("two", 20)]

    def test_refuses_two_steps_at_one_threshold(self, olga, form):
        answer = olga.post("/admin/loyalty/milestoneset/add/", {**form, **steps(("one", 10), ("two", 10))})

        assert answer.status_code == 200
        assert not MilestoneSet.objects.filter(key="clubs").exists()

    def test_refuses_a_threshold_below_zero(self, olga, form):
        answer = olga.post("/admin/loyalty/milestoneset/add/", {**form, **steps(("one", -1))})

        assert answer.status_code == 200

    def test_refuses_a_second_set_of_tiers(self, olga, form):
        answer = olga.post("/admin/loyalty/milestoneset/add/", {**form, **steps(), "is_tier": "on"})

        assert "tiers already" in str(errors_of(answer)["is_tier"])

    @pytest.mark.parametrize(
        "wrong",
        [
            {"basis": "periodEarned"},
            {"downgrade": "oneStep"},
            {"period_months": "5", "period_start": "calendar"},
            {"period_months": "121"},
            {"period_months": "0"},
        ],
    )
    def test_refuses_periods_that_mean_nothing(self, olga, form, wrong):
        answer = olga.post("/admin/loyalty/milestoneset/add/", {**form, **steps(("one", 10)), **wrong})

        assert "period_months" in errors_of(answer)

    def test_refuses_to_give_what_nobody_rises_to(self, olga, form):
        given = {**steps(("one", 0)), "milestones-0-entry_points": "50"}
        answer = olga.post("/admin/loyalty/milestoneset/add/", {**form, **given})

        assert "nobody rises to it" in dashboards.text_of(answer)

    @pytest.mark.parametrize(
        "more",
        [
            "{}",
            "[5]",
            '[{"kind": "moon"}]',
            '[{"kind": "reward", "reward": "mug"}]',
            '[{"kind": "metric", "metric": "points", "quantity": 5}]',
        ],
    )
    def test_refuses_to_give_what_there_is_not(self, olga, form, more):
        answer = olga.post(
            "/admin/loyalty/milestoneset/add/", {**form, **steps(("one", 10)), "milestones-0-more": more}
        )

        assert "more" in answer.context["inline_admin_formsets"][0].formset.errors[0]
        assert not Milestone.objects.filter(key="one").exists()

    def test_gives_more_than_points(self, olga, acme, form):
        badges = inventory_sets.create_set(business=acme, title="Badges")
        inventory_sets.create_item(business=acme, set_id=badges.pk, title="Rider")
        more = {"kind": "item", "set": "badges", "item": "rider"}
        given = {"milestones-0-entry_points": "50", "milestones-0-more": json.dumps([more])}

        olga.post("/admin/loyalty/milestoneset/add/", {**form, **steps(("one", 10)), **given})

        (item, points) = Milestone.objects.for_business(acme).get(key="one").benefits
        assert (item | more, points) == (item, in_points(50))

    def test_keeps_what_the_programme_gives_beside_points(self, olga, acme, form):
        given = {**steps(("one", 10)), "milestones-0-entry_points": "50", "milestones-0-perks": "Free shipping\nTea"}
        olga.post("/admin/loyalty/milestoneset/add/", {**form, **given})
        one = Milestone.objects.for_business(acme).get(key="one")
        assert (one.benefits, one.perks) == ([in_points(50)], ["Free shipping", "Tea"])
        one.benefits = [{"kind": "reward", "reward": "mug", "quantity": 1}, *one.benefits]
        one.save()

        given = {**given, "milestones-0-id": one.pk, "milestones-INITIAL_FORMS": 1, "milestones-0-entry_points": "60"}
        given["milestones-0-more"] = json.dumps(one.benefits[:1])
        olga.post(dashboards.page(one.set), {**form, **given})
        one.refresh_from_db()
        assert one.benefits == [{"kind": "reward", "reward": "mug", "quantity": 1}, in_points(60)]

    def test_moves_everyone_at_once_and_gives_nothing_for_it(self, olga, acme, ada, give):
        give(ada, 500)
        ladder = MilestoneSet.objects.for_business(acme).get()
        silver = ladder.milestones.get(key="silver")
        form = {"title": "Tiers", "is_tier": "on", **COUNTS, **steps(("silver", 400)), "milestones-INITIAL_FORMS": 1}
        given = {"milestones-0-id": silver.pk, "milestones-0-entry_points": "50"}
        olga.post(dashboards.page(ladder), {**form, **given})

        ada.account.refresh_from_db()
        assert ada.account.tier.key == "silver"
        assert books.wallets(business=acme, account_ids=[ada.pk])[ada.pk].amount == 500

    def test_keeps_a_step_that_somebody_stands_on(self, olga, acme, ada):
        ladder = MilestoneSet.objects.for_business(acme).get()
        bronze = ladder.milestones.get(key="bronze")
        form = {"title": "Tiers", "is_tier": "on", **COUNTS, **steps(("bronze", 0)), "milestones-INITIAL_FORMS": 1}

        olga.post(
            dashboards.page(ladder), {**form, "milestones-0-id": bronze.pk, "milestones-0-DELETE": "on", "_save": "1"}
        )

        assert Milestone.objects.for_business(acme).filter(pk=bronze.pk).exists()


class TestLadderThatIsNamed:
    @pytest.fixture
    def ladder(self, acme):
        audience = Audience(tiers=["gold"])
        earn_rules.create(
            business=acme, title="Rides", terms=Terms(trigger="ride", earn=Earn(points=5), audience=audience)
        )
        return MilestoneSet.objects.for_business(acme).get()

    def save(self, olga, ladder, **more):
        rows = list(ladder.milestones.order_by("threshold"))
        form = {"title": "Tiers", "is_tier": "on", **COUNTS, **steps(*((row.key, row.threshold) for row in rows))}
        form |= {f"milestones-{number}-id": row.pk for number, row in enumerate(rows)}
        form |= {"milestones-INITIAL_FORMS": len(rows), **more}
        return olga.post(
            dashboards.page(ladder), {name: value for name, value in form.items() if value != ""}, follow=True
        )

    @pytest.mark.parametrize("change", [{"milestones-2-DELETE": "on"}, {"is_tier": ""}])
    def test_keeps_what_a_rule_names(self, olga, api, ladder, change):
        answer = self.save(olga, ladder, **change)

        (said,) = answer.context["messages"]
        assert "see earnRules.0.audience.tiers.0" in said.message
        assert api.put("/programme", {"segments": []}).json()["changes"] == []

    def test_keeps_the_keys_of_its_steps(self, olga, ladder):
        self.save(olga, ladder, **{"milestones-2-key": "golden", "milestones-2-title": "Golden"})

        assert ladder.milestones.get(title="Golden").key == "gold"

    def test_is_mended_where_it_was_broken_before(self, olga, api, ladder):
        ladder.milestones.filter(key="gold").update(key="golden")

        self.save(olga, ladder, **{"milestones-2-title": "Gold"})

        assert ladder.milestones.get(key="golden").title == "Gold"


class TestArchiving:
    @pytest.fixture
    def rows(self, acme, api):
        """One of everything that a document declares beside segments, whose pages have tests of their own."""
        item = {"key": "rider", "title": "Rider"}
        document = {
            "metrics": [{"key": "points", "title": "Points"}, {"key": "stars", "title": "Stars"}],
            "events": [{"name": "ride", "title": "Ride"}],
            "inventorySets": [{"key": "badges", "title": "Badges", "items": [item]}],
        }
        assert api.put("/programme", document).status_code == 200
        return {
            "metrics": Metric.objects.for_business(acme).get(key="stars"),
            "events": EventType.objects.for_business(acme).get(),
            "inventorySets": InventorySet.objects.for_business(acme).get(),
            "items": InventoryItem.objects.for_business(acme).get(),
            "milestoneSets": MilestoneSet.objects.for_business(acme).get(),
        }

    def press(self, browser, row, button):
        return browser.post(dashboards.page(row, button))

    @pytest.mark.parametrize("what", ["metrics", "events", "inventorySets", "items", "milestoneSets"])
    def test_takes_it_out_of_the_programme_and_back(self, olga, api, rows, what):
        before = api.get("/programme").json()

        assert self.press(olga, rows[what], "archive").status_code == 302
        assert api.get("/programme").json() != before
        assert self.press(olga, rows[what], "archive").status_code == 403
        assert self.press(olga, rows[what], "restore").status_code == 302

        assert api.get("/programme").json() == before

    def test_is_refused_for_what_is_named(self, olga, api, rows):
        gives = [
            {"kind": "item", "set": "badges", "item": "rider"},
            {"kind": "metric", "metric": "stars", "quantity": 1},
        ]
        task = {"title": "Wave", "type": "manual"}
        assert api.post("/quests", {"title": "Hello", "tasks": [task], "benefits": gives}).status_code == 201

        for what, place in (("inventorySets", 0), ("items", 0), ("metrics", 1)):
            answer = self.press(olga, rows[what], "archive")
            rows[what].refresh_from_db()
            assert f"see quests.0.benefits.{place}" in answer.content.decode()
            assert rows[what].archived_at is None

    def test_asks_for_nothing_that_was_wrong_before(self, olga, acme, api, rows):
        """Wherever that stands in its list, now that one of the others is gone."""
        silver = {"key": "silver", "title": "Silver", "threshold": 5}
        gives = [{"kind": "metric", "metric": "stars", "quantity": 1}]
        ladder = {"title": "A", "metric": "points", "milestones": [silver]}
        last = {**ladder, "key": "z", "milestones": [{**silver, "benefits": gives}]}
        assert api.put("/programme", {"milestoneSets": [{**ladder, "key": "a"}, last]}).status_code == 200
        Metric.objects.filter(pk=rows["metrics"].pk).update(archived_at=clock.wall())

        first = MilestoneSet.objects.for_business(acme).get(key="a")

        assert self.press(olga, first, "archive").status_code == 302
        assert "milestoneSets.0" in str(api.put("/programme", {"segments": []}).json()["warnings"])
        assert self.press(olga, first, "restore").status_code == 302

    def test_leaves_points_and_what_a_stamp_card_counts(self, olga, acme, api):
        card = {"key": "card", "title": "Card", "slots": 4}
        assert api.put("/programme", {"stampCards": [card]}).status_code == 200
        points, stamps = (Metric.objects.for_business(acme).get(key=key) for key in ("points", "card"))

        assert "see metrics" in self.press(olga, points, "archive").content.decode()
        assert self.press(olga, stamps, "archive").status_code == 403

    def test_moves_everybody_and_fetches_no_second_tiers(self, olga, acme, ada, give, rows):
        give(ada, 1_000)
        tiers = rows["milestoneSets"]
        self.press(olga, tiers, "archive")
        ada.account.refresh_from_db()
        assert ada.account.tier is None

        other = MilestoneSet.objects.create(business=acme, key="new", title="New", metric=tiers.metric, is_tier=True)
        assert "Another set" in self.press(olga, tiers, "restore").content.decode()
        other.delete()
        step = Milestone.objects.create(business=acme, set=tiers, key="new", title="New", threshold=5_000)
        assert "Remove it first" in self.press(olga, tiers, "restore").content.decode()
        step.delete()
        self.press(olga, tiers, "restore")

        ada.account.refresh_from_db()
        assert ada.account.tier.key == "silver"

    def test_twice_at_once_is_done_once(self, acme, rows):
        tiers = rows["milestoneSets"]

        for archived in (True, True, False, False):
            ladders.set_archived(business=acme, set_id=tiers.pk, archived=archived)

        assert not tiers.milestones.exclude(archived_at=None).exists()


class TestWhatNoDocumentCouldSay:
    """Is not taken by the dashboard either: what is read can always be applied again."""

    @pytest.fixture(autouse=True)
    def _what_is_read_can_be_applied(self, olga, api):
        yield
        answer = api.put("/programme", api.get("/programme").json())
        assert (answer.status_code, answer.json().get("changes")) == (200, [])

    @pytest.fixture
    def pages(self, acme):
        """What each page is sent, with a key where it stands there."""
        points = Metric.objects.for_business(acme).get(key="points").pk
        ladder = {"title": "Club", "metric": points, **COUNTS}
        return {
            "metric": lambda key: {**METRIC, "key": key},
            "eventtype": lambda key: {"title": "Ride", "name": key, "origin": "client"},
            "milestoneset": lambda key: {**ladder, "key": key, **steps(("step", 0))},
            "milestoneset ": lambda key: {**ladder, "key": "club", **steps((key, 0))},
        }

    @pytest.mark.parametrize("page", ["metric", "eventtype", "milestoneset", "milestoneset "])
    @pytest.mark.parametrize("key", ["Stars", "_stars"])
    def test_keys(self, olga, pages, page, key):
        answer = olga.post(f"/admin/loyalty/{page.strip()}/add/", pages[page](key))

        assert "small letters" in answer.content.decode()

    def test_more_of_something_than_it_takes(self, olga, pages):
        perks = {"milestones-0-perks": "\n".join(f"Perk {number}" for number in range(51))}
        fields = {"carries": "\n".join(f"f{number}: number" for number in range(51))}

        for page, more in (("milestoneset", perks), ("eventtype", fields)):
            answer = olga.post(f"/admin/loyalty/{page}/add/", {**pages[page]("fine"), **more})
            assert "at most 50" in answer.content.decode(), page


class TestLedger:
    def test_is_found_by_whole_ids(self, olga, acme, ada, bob, give):
        give(bob, 1)
        entry = LedgerEntry.objects.get(pk=give(ada, 5, description="For the first program").id)

        for term in (str(entry.pk), str(ada.pk), "ada-1"):
            seen = olga.get(dashboards.listed(LedgerEntry, q=term)).context["cl"].result_list
            assert [row.pk for row in seen] == [entry.pk], term

    def test_says_why(self, olga, ada, give):
        give(ada, 100, description="Welcome", reason={"because": "signup"})
        spent = LedgerEntry.objects.get(pk=give(ada, 20).id)

        text = dashboards.text_of(olga.get(dashboards.page(spent)))

        assert "Ada Lovelace" in text
        assert "What it gave" in text

    def test_cannot_be_written(self, olga, ada, give):
        entry = LedgerEntry.objects.get(pk=give(ada, 100).id)

        assert olga.get("/admin/loyalty/ledgerentry/add/").status_code == 403
        assert olga.post(dashboards.page(entry), {"amount": "1"}).status_code == 403
        assert olga.post(dashboards.page(entry, "delete"), {"post": "yes"}).status_code == 403

    def test_shows_what_somebody_was_promised_and_not_given(self, olga, acme, ada, give):
        Metric.objects.for_business(acme).update(maximum=60)
        give(ada, 60)
        occasion = Occasion(source=ledger.Source("quest", "q1"), action="quest")
        fifty = [{"kind": "metric", "quantity": 50}]
        benefits.give(fifty, business=acme, account_id=ada.pk, occasion=occasion)

        text = dashboards.text_of(olga.get(dashboards.page(ada)))

        assert "Promised, not given" in text
        assert "The balance was at its maximum" in text
