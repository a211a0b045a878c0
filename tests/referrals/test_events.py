"""What webhooks and the feed say of referrals."""

import msgspec
import pytest

from loyalty.models import Event
from loyalty.services import publication
from referrals.selectors import described
from referrals.services import decisions
from webhooks.services.topics import EXAMPLES

pytestmark = pytest.mark.django_db


def published(api, topic):
    publication.publish(limit=1000)
    return [event["data"] for event in api.get("/events", topic=topic).json()["events"]]


class TestBodies:
    def test_of_a_friend_who_came(self, api, ada, adas):
        friend = api.post("/advocates", {"email": "charles@example.com", "referralCode": "ADA-1815"}).json()[
            "advocate"
        ]

        (data,) = published(api, "referrals/started")

        assert (data["customer"]["id"], data["customer"]["referralUrl"]) == (
            str(ada.pk),
            "http://testserver/r/ADA-1815",
        )
        assert (data["friendCustomer"]["id"], data["friendEmail"]) == (friend["id"], "charles@example.com")
        assert (data["customerReward"], data["friendReward"], data["reason"]) == (None, None, None)

    def test_of_an_order_that_was_paid(self, api, ada, adas, order):
        conversion = order("1001", email="charles@example.com").conversion

        (data,) = published(api, "referrals/completed")

        assert data["id"] == str(conversion.pk)
        assert (data["customer"]["pointBalance"], data["friendCustomer"]["pointBalance"]) == (200, 100)
        assert (data["customerReward"], data["friendReward"]) == ("200 points", "100 points")
        assert (data["code"], data["orderId"], data["friendEmail"]) == ("ADA-1815", "1001", "charles@example.com")

    def test_of_an_order_that_was_rejected(self, api, ada, adas, order):
        order("1001", email="ada@example.com")

        (data,) = published(api, "referrals/rejected")

        assert (data["reason"], data["customerReward"], data["friendReward"]) == ("self_referral", None, None)
        assert data["friendCustomer"]["id"] == str(ada.pk)

    def test_say_what_was_so_then(self, api, acme, adas, order):
        rejected = order("1001", email="ada@example.com").conversion
        decisions.approve(business=acme, conversion_id=rejected.pk)

        (data,) = published(api, "referrals/rejected")

        assert (data["reason"], data["customerReward"]) == ("self_referral", None)

    @pytest.mark.parametrize("topic", ["referrals/started", "referrals/completed", "referrals/rejected"])
    def test_have_the_fields_of_their_example(self, api, adas, order, topic):
        order("1", email="charles@example.com")
        order("2", email="ada@example.com")

        (data,) = published(api, topic)

        assert set(data) == set(EXAMPLES[topic])


class TestFacts:
    def test_name_nobody(self, acme, adas, order):
        order("1", email="charles@example.com")
        order("2", email="ada@example.com")

        facts = msgspec.json.encode(list(Event.objects.for_business(acme).values_list("facts", flat=True))).decode()
        assert "example.com" not in facts
        assert "ADA-1815" not in facts

    def test_of_another_business_are_not_told(self, acme, rival, adas, order):
        order("1", email="charles@example.com")
        page = list(Event.objects.for_business(acme).filter(topic="referrals/completed"))

        assert len(described.describe_decided(acme, page)) == 1
        assert described.describe_decided(rival, page) == {}


def test_a_long_page_asks_no_more_than_a_short_one(acme, adas, order, django_assert_num_queries):
    for number in range(5):
        order(str(number), email=f"friend{number}@example.com")

    for topic, describe in (
        ("referrals/started", described.describe_started),
        ("referrals/completed", described.describe_decided),
    ):
        page = list(Event.objects.for_business(acme).filter(topic=topic))
        for part in (page[:1], page):
            with django_assert_num_queries(4):  # the rows, the friends, their points, their links
                assert len(describe(acme, part)) == len(part)
