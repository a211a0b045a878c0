"""Every topic happens: a deed for each, and what is published of it is as the topic's schema says."""

import inspect
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest

from advocates.services import advocates, ideas, responses, testimonials
from advocates.services.responses import Told
from loyalty.kernel import clock
from loyalty.models import Event, EventBody
from loyalty.services import batches, erasure, ledger, publication, settlement
from loyalty.services.postings import Move
from rewards.services import gift_sending, redemptions, steps
from tests.advocates.voices import conftest as voices
from tests.loyalty import climbers, declared
from tests.loyalty.inventory import conftest as inventory
from tests.loyalty.quests import conftest as quests
from tests.referrals import conftest as referrals
from tests.rewards import conftest as rewards
from tests.rewards import test_gifts as presents
from tests.rewards.gifts import conftest as gifts_of
from tests.rewards.gifts import mailbox as mailboxes
from tests.rewards.gifts import test_cards, test_sending
from tests.webhooks import test_topics
from webhooks.services import endpoints, topics

pytestmark = pytest.mark.django_db

schema = test_topics.schema
praise, survey = voices.praise, voices.survey
board, suggest, oat_milk = voices.board, voices.suggest, voices.oat_milk
badges, item, rider = inventory.badges, inventory.item, inventory.rider
quest, welcome = quests.quest, quests.welcome
adas, buy = referrals.adas, referrals.order
offer, coffee = rewards.offer, rewards.coffee
gifts, account, order, card = gifts_of.gifts, gifts_of.account, gifts_of.order, gifts_of.card
policy, after, remote, books = gifts_of.policy, gifts_of.after, gifts_of.remote, gifts_of.books
mailbox = test_sending.mailbox

Deed = Callable[..., object]
DEEDS: dict[str, Deed] = {}


def tells(*named: str) -> Callable[[Deed], Deed]:
    """The deed behind these topics. Its parameters are fixtures: what they do comes before it."""

    def register(deed: Deed) -> Deed:
        DEEDS.update(dict.fromkeys(named, deed))
        return deed

    return register


@pytest.fixture
def bought(acme, ada, give, coffee):
    give(ada, 500)
    return redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)


def test_none_is_without_a_deed():
    assert DEEDS.keys() == set(topics.TOPICS)


@pytest.mark.parametrize("topic", DEEDS)
def test_is_told_as_its_schema_says(schema, request, topic):
    deed = DEEDS[topic]
    cast = {name: request.getfixturevalue(name) for name in inspect.signature(deed).parameters}
    assert not Event.objects.filter(topic=topic).exists()

    deed(**cast)
    publication.publish(limit=1000)

    bodies = [orjson.loads(bytes(row.body)) for row in EventBody.objects.filter(event__topic=topic)]
    assert bodies
    assert [test_topics.complaints(schema, topic, body) for body in bodies] == [[]] * len(bodies)


@tells("points/earned")
def _(ada, give):
    give(ada, 100)


@tells("points/pending")
def _(ada, give):
    give(ada, 100, pending_until=clock.wall() + timedelta(days=1))


@tells("points/adjusted")
def _(acme, ada, give):
    give(ada, 100)
    batches.move_points(business=acme, moves=[Move(account_id=ada.pk, amount=-5)], author="Olga")


@tells("points/reversed")
def _(acme, ada, give):
    ledger.reverse(business=acme, entry_id=give(ada, 100).id)


@tells("points/expiring", "points/expired")
def _(acme, ada, give):
    declared.points(acme, expiry={"after": "P10D", "warnDays": [7]})
    give(ada, 100)
    for days in (5, 15):
        with clock.moved_to(clock.wall() + timedelta(days=days)):
            settlement.warn_due()
            settlement.settle_due()


@tells("customers/joined")
def _(acme):
    advocates.create(business=acme, email="grace@example.com")


@tells("customers/updated")
def _(acme, ada):
    advocates.update(business=acme, advocate_id=ada.pk, name="Countess Lovelace")


@tells("customers/tier_changed", "customers/tier_entry_reward_earned", "customers/milestone_changed")
def _(acme, ada, give):
    silver = climbers.points(1_000, 100)
    climbers.put(acme, climbers.rungs(bronze=0, silver=silver), key="tiers", is_tier=True)
    climbers.put(acme, climbers.rungs(tourist=500), key="riders", keep=True)
    give(ada, 1_000)


@tells("customers/erased")
def _(acme, ada):
    erasure.erase(business=acme, account_id=ada.pk)


@tells("tasks/completed", "quests/completed")
def _(welcome, ada):
    for number in (0, 1):
        quests.do(welcome, ada, number)


@tells("inventory/received", "inventory/lost")
def _(ada, rider):
    inventory.give(ada, rider)
    inventory.take(ada, rider)


@tells("points/redeemed", "redemptions/created", "redemptions/issued")
def _(acme, ada, give, coffee):
    give(ada, 100)
    redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)


@tells("redemptions/given")
def _(ada, coffee):
    presents.give(ada)


@tells("redemptions/used")
def _(acme, bought):
    steps.use_coupon(business=acme, code=bought.coupon_code)


@tells("redemptions/fulfilled")
def _(acme, bought):
    steps.fulfil(business=acme, redemption_id=bought.pk, reason="Parcel 4711")


@tells("redemptions/expired")
def _(offer, ada, give):
    give(ada, 100)
    fleeting = offer(expires_after_days=1)
    redemptions.redeem(business=fleeting.business, reward_id=fleeting.pk, advocate_id=ada.pk)
    with clock.moved_to(clock.wall() + timedelta(days=3)):
        steps.expire_due()


@tells("redemptions/cancelled")
def _(acme, bought):
    redemptions.cancel(business=acme, redemption_id=bought.pk, reason="Wrong cup")


@tells("referrals/started", "referrals/completed")
def _(adas, buy):
    buy("1001", email="charles@example.com")


@tells("referrals/rejected")
def _(adas, buy):
    buy("1001", email="ada@example.com")  # her own code


@tells("testimonials/submitted")
def _(praise):
    praise()


@tells("testimonials/approved", "testimonials/rejected")
def _(acme, praise):
    for status in ("approved", "rejected"):
        testimonials.decide(business=acme, testimonial_id=praise().pk, status=status, by="Olga")


@tells("ideas/submitted")
def _(suggest):
    suggest()


@tells("ideas/status_changed")
def _(acme, oat_milk):
    ideas.decide(business=acme, idea_id=oat_milk.pk, status="planned", response="From May on.", by="Olga")


@tells("surveys/answered")
def _(acme, ada, survey):
    responses.answer(business=acme, survey_id=survey.pk, advocate_id=ada.pk, answers=[Told("recommend", 9)])


@tells("gift_orders/completed", "gift_cards/delivered")
def _(order):
    order()
    gift_sending.send_due()


@tells("gift_orders/failed")
def _(books, remote, order):
    remote.behaviour = "refuses"
    order(product="BOOKS")
    gifts_of.buy_and_send()


@tells("gift_cards/bounced")
def _(mailbox, order):
    mailbox.refused["ada@example.com"] = mailboxes.UNKNOWN
    order(type="DigitalDelivery", email="ada@example.com")
    gift_sending.send_due()


@tells("gift_cards/viewed")
def _(card):
    gifts_of.open_link(card)


@tells("gift_cards/cancelled")
def _(policy, card, after):
    policy()
    after(days=30)


@tells("gift_cards/guessed")
def _(gifts):
    with clock.moved_to(clock.wall()):  # within one minute
        for _ in range(101):
            test_cards.guess(gifts)


@tells("endpoints/disabled")
def _(acme):
    endpoint, _ = endpoints.create(business=acme, url="https://example.com/hooks", topics=["*"])
    endpoints.update(business=acme, endpoint_id=endpoint.pk, status="disabled")
