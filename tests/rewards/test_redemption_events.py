"""What webhooks and the feed say of redemptions."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.models import Event
from loyalty.services import ledger
from rewards.selectors import described
from rewards.services import redemptions, rewards

pytestmark = pytest.mark.django_db


@pytest.fixture
def redeemed(acme, offer, ada, give):
    give(ada, 500)
    reward = offer(type="amount_discount", value=Decimal(10))
    return redemptions.redeem(business=acme, reward_id=reward.pk, advocate_id=ada.pk)


def topics(advocate):
    rows = Event.objects.for_business(advocate.business).filter(account_id=advocate.pk).order_by("sequence")
    return list(rows.values_list("topic", flat=True))


def told(describe, business, topic):
    page = list(Event.objects.for_business(business).filter(topic__startswith=topic).order_by("sequence"))
    facts = describe(business, page)
    return [dict(facts[event.pk]) for event in page if event.pk in facts]


class TestTopics:
    def test_of_a_redeem(self, ada, redeemed):
        assert topics(ada)[-3:] == ["points/redeemed", "redemptions/created", "redemptions/issued"]

    def test_of_a_cancellation(self, acme, ada, redeemed):
        redemptions.cancel(business=acme, redemption_id=redeemed.pk)

        assert topics(ada)[-2:] == ["points/reversed", "redemptions/cancelled"]

    def test_hold_no_text_and_no_coupon(self, acme, redeemed):
        redemptions.cancel(business=acme, redemption_id=redeemed.pk, reason="Ada asked for it")

        facts = str(list(Event.objects.for_business(acme).values_list("facts", flat=True)))
        assert "Ada" not in facts
        assert redeemed.coupon_code not in facts


class TestPointsRedeemed:
    def test_names_the_coupon_and_its_worth(self, acme, redeemed):
        assert told(described.describe_redeemed_points, acme, "points/redeemed") == [
            {
                "couponCode": redeemed.coupon_code,
                "rewardType": "amount_discount",
                "rewardId": redeemed.reward_id,
                "redemptionId": redeemed.pk,
                "value": "10.00",
                "currency": "EUR",
            }
        ]

    def test_says_what_was_sold_whatever_became_of_the_reward(self, acme, redeemed):
        rewards.update(business=acme, reward_id=redeemed.reward_id, value=Decimal(99), currency="USD")

        (body,) = told(described.describe_redeemed_points, acme, "points/redeemed")
        assert (body["value"], body["currency"]) == ("10.00", "EUR")

    def test_of_a_plain_deduction_says_nothing(self, acme, ada, give):
        give(ada, 10)
        ledger.spend(business=acme, account_id=ada.pk, amount=5)

        assert told(described.describe_redeemed_points, acme, "points/redeemed") == []


class TestRedemptionEvents:
    def test_show_the_redemption_as_it_was(self, acme, redeemed):
        redemptions.cancel(business=acme, redemption_id=redeemed.pk, reason="Wrong cup")

        _, issued, cancelled = told(described.describe_redemptions, acme, "redemptions/")
        assert (issued["status"], issued["reason"]) == ("issued", None)
        assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "Wrong cup")
        assert issued | {"rewardName": "Free coffee", "points": 100, "id": redeemed.pk} == issued
        assert issued["updatedAt"] < cancelled["updatedAt"]

    def test_are_told_in_one_query_a_page(self, acme, ada, redeemed):
        for _ in range(3):
            redemptions.redeem(business=acme, reward_id=redeemed.reward_id, advocate_id=ada.pk)
        page = list(Event.objects.for_business(acme).filter(topic__startswith="redemptions/"))

        with CaptureQueriesContext(connection) as queries:
            assert len(described.describe_redemptions(acme, page)) == 8
        assert len(queries) == 1

    def test_of_another_business_are_not_told(self, acme, rival, redeemed):
        page = list(Event.objects.for_business(acme))

        assert described.describe_redemptions(rival, page) == {}
