"""Rewards of the type `item`: points for a badge, and back."""

import pytest

from loyalty.kernel.errors import Invalid
from loyalty.models import Holding, InventoryItem
from loyalty.selectors import ledger as wallets
from loyalty.services import benefits, inventory, inventory_sets
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import Source
from rewards.models import Redemption, Reward
from rewards.services import redemptions, steps
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

NAMED = {"set": "badges", "item": "rider"}
BADGE = {"name": "Rider badge", "type": "item", "pointsCost": 100, "item": NAMED}


@pytest.fixture
def rider(acme):
    badges = inventory_sets.create_set(business=acme, title="Badges")
    return inventory_sets.create_item(business=acme, set_id=badges.pk, title="Rider", stock=2)


@pytest.fixture
def badge(api, rider):
    return Reward.objects.get(pk=api.post("/rewards", BADGE).json()["reward"]["id"])


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 1_000)
    return ada


def redeem(reward, person, **rest):
    return redemptions.redeem(business=reward.business, reward_id=reward.pk, advocate_id=person.pk, **rest)


def has(person):
    return sum(Holding.objects.filter(account_id=person.pk).values_list("quantity", flat=True))


def points_of(person):
    return wallets.wallets(business=person.business, account_ids=[person.pk])[person.pk].amount


def left(item):
    return InventoryItem.objects.get(pk=item.pk).stock_remaining


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "code", "field", "status"),
        [
            ({"item": None}, "VALIDATION_ERROR", "item", 400),
            ({"item": {"set": "badges"}}, "VALIDATION_ERROR", "item.item", 400),
            ({"item": {"set": "badges", "item": "Rider!"}}, "VALIDATION_ERROR", "item.item", 400),
            ({"item": {"set": "badges", "item": "tea"}}, "NOT_FOUND", "item", 404),
            ({"item": {"set": "stickers", "item": "rider"}}, "NOT_FOUND", "item", 404),
            ({"value": "5.00"}, "VALIDATION_ERROR", "value", 400),
            ({"type": "custom"}, "VALIDATION_ERROR", "item", 400),
        ],
    )
    def test_what_makes_no_sense(self, api, rider, said, code, field, status):
        assert_refused(api.post("/rewards", BADGE | said), code, field, status=status)
        assert not Reward.objects.exists()

    def test_an_item_of_another_business(self, rival_api, rider):
        assert_refused(rival_api.post("/rewards", BADGE), "NOT_FOUND", "item", status=404)

    def test_to_be_given_as_a_reward_in_place_of_the_item(self, acme, badge):
        with pytest.raises(Invalid, match="Give the item itself"):
            benefits.checked([{"kind": "reward", "reward": badge.key}], business=acme, field="benefits")

    @pytest.mark.parametrize("quantity", [1, 2])
    def test_to_sell_twice_what_does_not_stack(self, api, badge, rich_ada, quantity):
        if quantity == 1:
            redeem(badge, rich_ada)
        path, body = f"/rewards/{badge.pk}/redeem", {"advocateId": str(rich_ada.pk), "quantity": quantity}

        assert_refused(api.post(path, body), "LIMIT_REACHED", None)
        assert points_of(rich_ada) == 1_000 - 100 * (quantity == 1)

    @pytest.mark.parametrize(
        ("gone", "code"),
        [({"stock": 0}, "OUT_OF_STOCK"), ({"archived_at": "2026-05-01T12:00:00Z"}, "OUT_OF_STOCK")],
    )
    def test_what_is_gone_and_says_so_in_the_list(self, api, rider, badge, rich_ada, gone, code):
        InventoryItem.objects.filter(pk=rider.pk).update(**gone)

        (shown,) = api.get("/rewards", advocateId=str(rich_ada.pk)).json()["rewards"]
        response = api.post(f"/rewards/{badge.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        assert (shown["eligible"], shown["reason"]) == (False, code)
        assert_refused(response, code, None)
        assert points_of(rich_ada) == 1_000

    def test_what_somebody_took_a_moment_ago(self, rider, badge, rich_ada, monkeypatch):
        """The list said that there is one left, and then there was not: points, stock and news are undone."""
        monkeypatch.setattr(InventoryItem, "has_left", lambda *_: True)
        InventoryItem.objects.filter(pk=rider.pk).update(stock=0)

        with pytest.raises(inventory.OutOfStock):
            redeem(badge, rich_ada)

        assert (points_of(rich_ada), Redemption.objects.count(), has(rich_ada)) == (1_000, 0, 0)


class TestRedeem:
    def test_gives_the_item_and_no_coupon(self, api, rider, badge, rich_ada):
        response = api.post(f"/rewards/{badge.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        redemption = response.json()["redemption"]
        assert (redemption["status"], redemption["couponCode"], redemption["points"]) == ("issued", None, 100)
        assert (has(rich_ada), left(rider), points_of(rich_ada)) == (1, 1, 900)

    def test_gives_several_of_what_stacks(self, acme, api, rider, badge, rich_ada):
        inventory_sets.update_item(business=acme, item_id=rider.pk, stackable=True)

        redeem(badge, rich_ada, quantity=2)

        assert (has(rich_ada), points_of(rich_ada)) == (2, 800)

    def test_reads_the_item_back(self, api, badge):
        assert api.get(f"/rewards/{badge.pk}").json()["reward"]["item"] == NAMED

    def test_of_another_item_from_now_on_gives_back_what_was_sold(self, acme, api, rider, badge, rich_ada):
        bought = redeem(badge, rich_ada)
        other = inventory_sets.create_item(business=acme, set_id=rider.set_id, title="Other", stock=1)
        api.patch(f"/rewards/{badge.pk}", {"item": NAMED | {"item": "other"}})

        redemptions.cancel(business=acme, redemption_id=bought.pk)

        assert (has(rich_ada), left(rider), left(other)) == (0, 2, 1)


class TestCancel:
    def test_takes_the_item_back_and_returns_points_and_stock(self, acme, rider, badge, rich_ada):
        bought = redeem(badge, rich_ada)

        redemptions.cancel(business=acme, redemption_id=bought.pk)

        assert (has(rich_ada), left(rider), points_of(rich_ada)) == (0, 2, 1_000)

    def test_returns_the_points_also_where_the_item_is_lost(self, acme, rider, badge, rich_ada):
        bought = redeem(badge, rich_ada)
        by_hand = Occasion(source=Source("operator", "o1"), action="operator")
        inventory.take(business=acme, account_id=rich_ada.pk, item_id=rider.pk, occasion=by_hand)

        redemptions.cancel(business=acme, redemption_id=bought.pk)

        assert (has(rich_ada), left(rider), points_of(rich_ada)) == (0, 2, 1_000)


class TestSteps:
    def test_an_item_is_theirs_when_it_is_approved(self, acme, api, badge, rich_ada):
        api.patch(f"/rewards/{badge.pk}", {"approval": True})
        bought = redeem(badge, rich_ada)
        assert has(rich_ada) == 0

        steps.approve(business=acme, redemption_id=bought.pk)

        assert has(rich_ada) == 1

    def test_an_item_is_theirs_when_it_is_acknowledged(self, acme, api, badge, rich_ada):
        api.patch(f"/rewards/{badge.pk}", {"acknowledgement": "required"})
        bought = redeem(badge, rich_ada)
        assert has(rich_ada) == 0

        steps.acknowledge(business=acme, redemption_id=bought.pk)

        assert has(rich_ada) == 1

    def test_an_item_that_was_never_theirs_is_not_taken_back(self, acme, api, rider, badge, rich_ada):
        api.patch(f"/rewards/{badge.pk}", {"approval": True})
        bought = redeem(badge, rich_ada)

        steps.reject(business=acme, redemption_id=bought.pk, reason="No")

        assert (has(rich_ada), left(rider), points_of(rich_ada)) == (0, 2, 1_000)
