"""The queue of redemptions that wait for an operator, and the buttons of their pages."""

import pytest

from loyalty.selectors import ledger as books
from rewards.models import Redemption, Reward
from rewards.services import redemptions, rewards
from tests import dashboards

pytestmark = pytest.mark.django_db

REWARD = {
    "name": "Money off", "type": "amount_discount", "status": "active", "points_cost": "100", "value": "1.00",
    "currency": "EUR", "code_prefix": "OFF", "acknowledgement": "none",
}  # fmt: skip


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def buy(ada, give, offer):
    give(ada, 500)

    def redeem(**said):
        return redemptions.redeem(business=ada.business, reward_id=offer(**said).pk, advocate_id=ada.pk)

    return redeem


def status_of(redemption):
    redemption.refresh_from_db()
    return redemption.status


def press(browser, redemption, button, **said):
    return browser.post(dashboards.page(redemption, button), said)


class TestQueue:
    def test_lists_what_waits(self, olga, buy):
        waiting = buy(approval=True)
        buy()

        listed = olga.get(dashboards.listed(Redemption, status__exact="pending_approval")).context["cl"].result_list

        assert [row.pk for row in listed] == [waiting.pk]

    def test_approves_the_chosen_ones_that_wait(self, olga, buy):
        waiting, issued = buy(approval=True), buy()

        chosen = [str(waiting.pk), str(issued.pk)]
        olga.post(dashboards.listed(Redemption), {"action": "approve_all", "_selected_action": chosen})

        assert (status_of(waiting), status_of(issued)) == ("issued", "issued")

    def test_is_not_for_analysts(self, acme, buy):
        ann, waiting = dashboards.works_for(acme, dashboards.Role.ANALYST), buy(approval=True)

        ann.post(dashboards.listed(Redemption), {"action": "approve_all", "_selected_action": [str(waiting.pk)]})
        assert press(ann, waiting, "approve").status_code == 403

        assert status_of(waiting) == "pending_approval"


class TestButtons:
    def test_approve(self, olga, buy):
        waiting = buy(approval=True)

        press(olga, waiting, "approve")

        assert status_of(waiting) == "issued"
        assert press(olga, waiting, "reject", reason="Too late").status_code == 403

    def test_reject_with_a_reason(self, olga, buy, ada):
        waiting = buy(approval=True)
        press(olga, waiting, "reject")
        assert status_of(waiting) == "pending_approval"

        press(olga, waiting, "reject", reason="Not this time")

        assert (status_of(waiting), waiting.reason) == ("cancelled", "Not this time")
        assert books.wallets(business=ada.business, account_ids=[ada.pk])[ada.pk].amount == 500

    @pytest.mark.parametrize(
        ("button", "said", "status"),
        [("use", {}, "used"), ("fulfil", {"reason": "Parcel"}, "fulfilled"), ("fulfil", {}, "fulfilled")],
    )
    def test_end_what_is_issued(self, olga, buy, button, said, status):
        issued = buy()

        press(olga, issued, button, **said)

        assert status_of(issued) == status

    def test_acknowledge_by_hand(self, olga, buy):
        unconfirmed = buy(acknowledgement="required")

        press(olga, unconfirmed, "acknowledge")

        assert status_of(unconfirmed) == "issued"

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ({"approval": True}, {"approve", "reject"}),
            ({"acknowledgement": "required"}, {"acknowledge", "cancel"}),
            ({}, {"fulfil", "use", "cancel"}),
            ({"type": "donation", "value": 5}, {"fulfil", "cancel"}),
        ],
    )
    def test_are_those_that_make_sense(self, olga, buy, said, shown):
        redemption = buy(**said)
        page = dashboards.text_of(olga.get(dashboards.page(redemption)))

        buttons = ("approve", "reject", "acknowledge", "fulfil", "use", "cancel")
        assert {name for name in buttons if f'{dashboards.page(redemption, name)}"' in page} == shown


class TestRewardForm:
    def test_makes_a_reward_with_increments_and_steps(self, olga, acme):
        increments = {"increment_min": "500", "increment_max": "900", "increment_step": "100"}
        waits = {"approval": "on", "acknowledgement": "required", "acknowledge_within_hours": "48"}

        olga.post("/admin/rewards/reward/add/", {**REWARD, **increments, **waits})

        reward = Reward.objects.for_business(acme).get()
        assert rewards.increments_of(reward) == (500, 900, 100)
        assert (reward.approval, reward.acknowledgement, reward.acknowledge_within_hours) == (True, "required", 48)
        page = olga.get(dashboards.page(reward))
        assert page.context["adminform"].form["increment_step"].value() == 100
        assert "500 to 900 points" in dashboards.text_of(olga.get(dashboards.listed(Reward)))

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"increment_min": "500"}, "increment_min"),
            ({"increment_min": "900", "increment_max": "500", "increment_step": "100"}, "increment_min"),
            ({"type": "promo_code"}, "code_pool_key"),
            ({"segment_keys": "theirs"}, "segment_keys"),
            ({"code_pool_key": "theirs"}, "code_pool_key"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(self, olga, said, field):
        answer = olga.post("/admin/rewards/reward/add/", {**REWARD, **said})

        assert field in answer.context["adminform"].form.errors
        assert not Reward.objects.exists()
