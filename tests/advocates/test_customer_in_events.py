"""`customer` in what is published: who an event is about, with the balance right after it."""

from datetime import date

import pytest

from advocates.selectors import customers
from advocates.services import advocates
from loyalty import events
from loyalty.models import Event, Metric
from loyalty.services import accounts, ledger

pytestmark = pytest.mark.django_db


def described(business):
    """The data that every describer together gives each event, oldest first."""
    page = list(Event.objects.for_business(business).order_by("created_at", "sequence"))
    data = {event.pk: {"topic": event.topic} for event in page}
    for topic in {event.topic for event in page}:
        of_topic = [event for event in page if event.topic == topic]
        for describer in events.describers_of(topic):
            for event_id, more in describer(business, of_topic).items():
                data[event_id] |= more
    return [data[event.pk] for event in page]


def test_the_customer_is_whole(acme):
    advocate = advocates.create(
        business=acme, email="ada@example.com", name="Ada", external_id="1", birthday=date(1990, 12, 10)
    )

    (joined,) = described(acme)

    assert joined["customer"] == {
        "id": advocate.pk,
        "externalId": "1",
        "email": "ada@example.com",
        "name": "Ada",
        "birthdayMonth": 12,
        "birthdayDay": 10,
        "referralUrl": None,
        "pointBalance": 0,
        "currentLoyaltyTier": {"id": advocate.account.tier_id, "title": "Bronze"},
        "createdAt": advocate.created_at,
        "updatedAt": advocate.updated_at,
    }


def test_each_event_has_the_balance_right_after_it(acme, ada, bob, give):
    give(ada, 100)
    give(bob, 5)
    ledger.spend(business=acme, account_id=ada.pk, amount=30)
    advocates.update(business=acme, advocate_id=ada.pk, name="Ada King")
    give(ada, 7)

    balances = [
        (data["topic"], data["customer"]["pointBalance"])
        for data in described(acme)
        if data["customer"]["id"] == ada.pk
    ]

    assert balances == [
        ("customers/joined", 0),
        ("points/earned", 100),
        ("points/redeemed", 70),
        ("customers/updated", 70),
        ("points/earned", 77),
    ]


def test_other_metrics_are_no_points(acme, ada, give):
    Metric.objects.create(business=acme, key="miles", title="Miles")
    give(ada, 100)
    give(ada, 7, metric="miles")

    assert [data["customer"]["pointBalance"] for data in described(acme)] == [0, 100, 100]


def test_a_tier_change_names_both_tiers(acme, ada, give):
    accounts.set_tier(business=acme, account_id=ada.pk, tier_key="gold")

    change = described(acme)[-1]

    assert (change["oldTier"]["title"], change["newTier"]["title"]) == ("Bronze", "Gold")
    assert change["customer"]["currentLoyaltyTier"] == change["newTier"]


def test_an_event_of_nobody_has_no_customer(acme):
    event = Event.objects.create(business=acme, topic="nobody/moved", created_at=acme.created_at)

    assert described(acme) == [{"topic": "nobody/moved"}]
    assert event.account_id is None


def test_people_of_another_business_are_not_named(acme, rival, eve):
    page = list(Event.objects.for_business(rival))

    assert customers.describe_customers(acme, page) == {event.pk: {"customer": None} for event in page}


def test_a_long_page_asks_no_more_than_a_short_one(acme, ada, bob, give, django_assert_num_queries):
    for advocate in (ada, bob) * 10:
        give(advocate, 1)
    page = list(Event.objects.for_business(acme).order_by("created_at", "sequence"))  # who joined comes first

    for part in (page[:1], page):
        with django_assert_num_queries(3):
            assert len(customers.describe_customers(acme, part)) == len(part)
