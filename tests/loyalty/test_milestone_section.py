"""The section `milestoneSets` of a programme's document: refused whole, written whole, read back as it was."""

import pytest

from loyalty.models import MilestoneSet
from loyalty.selectors import ledger as books
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

TIERS = {
    "key": "tiers",
    "title": "Tiers",
    "metric": "points",
    "basis": "lifetimeEarned",
    "isTier": True,
    "period": {"length": "P12M", "start": "join"},
    "downgrade": "oneStep",
    "milestones": [
        {"key": "bronze", "title": "Bronze", "threshold": 0, "multiplier": [1, 1], "benefits": [], "perks": []},
        {
            "key": "silver",
            "title": "Silver",
            "threshold": 1000,
            "multiplier": [5, 4],
            "benefits": [{"kind": "metric", "metric": "points", "quantity": 100}],
            "perks": ["Free shipping"],
        },
    ],
}
MUG = {"key": "mug", "name": "Mug", "type": "custom", "pointsCost": 500, "status": "active"}


def giving(*benefits, step=1):
    steps = [dict(one) for one in TIERS["milestones"]]
    steps[step]["benefits"] = list(benefits)
    return {**TIERS, "milestones": steps}


class TestRefuses:
    @pytest.mark.parametrize(
        ("ladder", "path"),
        [
            ({**TIERS, "basis": "karma"}, "basis"),
            ({**TIERS, "downgrade": "twoSteps"}, "downgrade"),
            ({**TIERS, "period": None}, "period"),
            ({**TIERS, "period": None, "downgrade": "never", "basis": "periodEarned"}, "period"),
            ({**TIERS, "period": {"length": "P1Y"}}, "period.length"),
            ({**TIERS, "period": {"length": "P0M"}}, "period.length"),
            ({**TIERS, "period": {"length": "P121M"}}, "period.length"),
            ({**TIERS, "period": {"length": "P5M", "start": "calendar"}}, "period.length"),
            ({**TIERS, "period": {"length": "P24M", "start": "calendar"}}, "period.length"),
            ({**TIERS, "period": {"length": "P12M", "start": "upgrade"}}, "period.start"),
            (giving({"kind": "metric", "quantity": 5}, step=0), "milestones.0.benefits"),
            (giving({"kind": "metric", "metric": "xp", "quantity": 5}), "milestones.1.benefits.0.metric"),
            (giving({"kind": "metric", "quantity": 0}), "milestones.1.benefits.0"),
            (giving({"kind": "kiss"}), "milestones.1.benefits.0.kind"),
            (giving({"kind": "reward", "reward": "mug"}), "milestones.1.benefits.0.reward"),
        ],
    )
    def test_what_makes_no_sense_and_changes_nothing(self, api, ladder, path):
        before = api.get("/programme").json()

        response = api.put("/programme", {"milestoneSets": [ladder]})

        assert_refused(response, "VALIDATION_ERROR", f"milestoneSets.0.{path}")
        assert api.get("/programme").json() == before

    def test_a_metric_that_goes_away_while_a_step_gives_it(self, api):
        metrics = [{"key": key, "title": key} for key in ("points", "xp")]
        giver = giving({"kind": "metric", "metric": "xp", "quantity": 5})
        assert api.put("/programme", {"metrics": metrics, "milestoneSets": [giver]}).status_code == 200

        response = api.put("/programme", {"metrics": metrics[:1]})

        assert_refused(response, "VALIDATION_ERROR", "milestoneSets.0.milestones.1.benefits.0.metric")


class TestTheSection:
    def test_is_read_back_as_it_was_written(self, api):
        assert api.put("/programme", {"milestoneSets": [TIERS]}).status_code == 200

        assert api.get("/programme").json()["milestoneSets"] == [TIERS]
        assert api.put("/programme", {"milestoneSets": [TIERS]}).json()["changes"] == []

    def test_fills_in_what_is_left_out(self, api, acme):
        plain = {"key": "riders", "title": "Riders", "milestones": [{"key": "tourist", "title": "T", "threshold": 5}]}
        api.put("/programme", {"milestoneSets": [plain]})

        ladder = MilestoneSet.objects.for_business(acme).get(archived_at=None)
        assert (ladder.basis, ladder.downgrade, ladder.period_months) == ("lifetimeEarned", "toEarned", None)

    def test_may_give_what_another_section_of_the_document_brings(self, api, ada, give):
        document = {"milestoneSets": [giving({"kind": "reward", "reward": "mug"})], "rewards": [MUG]}
        assert api.put("/programme", document).status_code == 200
        give(ada, 1_000)

        (redemption,) = api.get("/redemptions", advocateId=str(ada.pk)).json()["redemptions"]
        assert (redemption["points"], redemption["status"]) == (0, "issued")

    def test_pays_nobody_for_being_applied(self, api, acme, ada, give):
        give(ada, 1_000)
        api.put("/programme", {"milestoneSets": [TIERS]})

        assert books.wallets(business=acme, account_ids=[ada.pk])[ada.pk].amount == 1_000
