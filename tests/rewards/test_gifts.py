"""The benefit `reward`: a redemption for no points, once per occasion, taken back by cancelling it."""

from collections import Counter

import pytest

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Event
from loyalty.selectors import ledger as wallets
from loyalty.services import accounts, benefits, ledger
from loyalty.services.kinds.benefits.base import Occasion
from rewards.models import Redemption
from rewards.services import codes, pools, redemptions, rewards, steps
from tests.races import at_once

pytestmark = pytest.mark.django_db

OCCASION = Occasion(source=ledger.Source("quest", "q1"), action="quest")
COFFEE = [{"kind": "reward", "reward": "free-coffee"}]


def give(person, benefit=COFFEE, occasion=OCCASION):
    return benefits.give(benefit, business=person.business, account_id=person.pk, occasion=occasion)


def take_back(person, benefit=COFFEE):
    return benefits.take_back(benefit, business=person.business, account_id=person.pk, occasion=OCCASION)


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "error", "field"),
        [
            ({}, Invalid, "benefits.0"),
            ({"reward": "tea"}, NotFound, "benefits.0.reward"),
            ({"reward": "free-coffee", "quantity": 0}, Invalid, "benefits.0"),
            ({"reward": "shipping", "quantity": 2}, Invalid, "benefits.0.quantity"),
            ({"reward": "gone"}, NotFound, "benefits.0.reward"),
            ({"reward": "theirs"}, NotFound, "benefits.0.reward"),
        ],
    )
    def test_what_means_nothing(self, acme, rival, offer, coffee, said, error, field):
        offer(name="Shipping", type="free_shipping")
        offer(name="Gone", status="archived")
        offer(business=rival, name="Theirs")

        with pytest.raises(error) as refused:
            benefits.checked([{"kind": "reward", **said}], business=acme, field="benefits")

        assert refused.value.field == field

    def test_to_give_twice_for_one_occasion(self, coffee, ada):
        give(ada)

        with pytest.raises(ledger.AlreadyPosted):
            give(ada)

    def test_blocked_people(self, acme, coffee, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            give(ada)

    def test_people_of_another_business(self, acme, coffee, eve):
        with pytest.raises(NotFound):
            benefits.give(COFFEE, business=acme, account_id=eve.pk, occasion=OCCASION)

    def test_what_is_sold_out(self, offer, ada):
        offer(stock=0)

        with pytest.raises(redemptions.OutOfStock):
            give(ada)

    def test_to_take_back_what_was_never_given_or_is_back_already(self, coffee, ada):
        with pytest.raises(NotFound):
            take_back(ada)
        give(ada)
        take_back(ada)

        with pytest.raises(ledger.AlreadyReversed):
            take_back(ada)

    def test_to_take_back_what_is_used(self, acme, coffee, ada):
        give(ada)
        steps.use(business=acme, redemption_id=Redemption.objects.get().pk)

        with pytest.raises(redemptions.WrongState):
            take_back(ada)


class TestGives:
    def test_a_coupon_for_no_points(self, api, offer, ada):
        reward = offer(stock=3, tier_keys=["gold"], status="draft")

        given = give(ada, [{"kind": "reward", "reward": reward.key, "quantity": 2}])

        (redemption,) = api.get("/redemptions").json()["redemptions"]
        assert (given, redemption["points"], redemption["quantity"], redemption["status"]) == (0, 0, 2, "issued")
        assert redemption["couponCode"].startswith("REWARD-")
        assert api.get(f"/rewards/{reward.pk}").json()["reward"]["stockRemaining"] == 1
        assert wallets.wallets(business=ada.business, account_ids=[ada.pk])[ada.pk].amount == 0
        topics = Event.objects.for_business(ada.business).filter(account_id=ada.pk).order_by("sequence")
        assert list(topics.values_list("topic", flat=True))[-3:] == [
            "redemptions/created",
            "redemptions/given",
            "redemptions/issued",
        ]

    def test_a_promo_code(self, acme, offer, ada):
        pool = pools.create(business=acme, title="Cinema", key="cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["FILM-1"])
        offer(name="Film", type="promo_code", code_pool_key="cinema")

        give(ada, [{"kind": "reward", "reward": "film"}])

        assert Redemption.objects.get().coupon_code == "FILM-1"

    def test_the_least_of_what_is_sold_by_increments(self, offer, ada):
        offer(name="Off", type="amount_discount", value=1, increments=rewards.Increments(500, 900, 100))

        give(ada, [{"kind": "reward", "reward": "off"}])

        assert Redemption.objects.get().terms["value"] == "5.00"

    def test_several_for_one_occasion_and_takes_all_back(self, api, offer, ada):
        reward = offer(stock=5)

        give(ada, COFFEE * 2)
        take_back(ada, COFFEE * 2)

        assert Counter(Redemption.objects.values_list("status", flat=True)) == {"cancelled": 2}
        assert api.get(f"/rewards/{reward.pk}").json()["reward"]["stockRemaining"] == 5

    @pytest.mark.django_db(transaction=True)
    def test_once_when_many_give_at_once(self, coffee, ada):
        results = at_once(20, lambda _: give(ada))

        assert Counter(type(result).__name__ for result in results) == {"int": 1, "AlreadyPosted": 19}
        assert Redemption.objects.count() == 1
