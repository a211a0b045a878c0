"""The benefit `gift_card`, and rewards of that type given for nothing: ordered at once, or owed until they can be."""

from collections import Counter
from decimal import Decimal

import pytest
from django.core import mail

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Account
from loyalty.services import accounts, actions, benefits, erasure, ledger, merges, quests
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.quest_rules import Rules, TaskRules
from loyalty.services.reports import Report
from rewards.models import GiftCard, GiftOrder, GiftPromise, Redemption
from rewards.services import (
    codes,
    gift_claims,
    gift_letters,
    gift_orders,
    gift_products,
    gift_promises,
    gift_sending,
    gift_shortages,
    redemptions,
)
from tests.races import at_once
from tests.rewards.gifts.conftest import available, fund

pytestmark = pytest.mark.django_db

OCCASION = Occasion(source=ledger.Source("quest", "q1"), action="quest")
CARD = {"kind": "gift_card", "product": "STORE-CARD", "value": "20.00"}


@pytest.fixture(autouse=True)
def products(acme):
    """The products of a new business, and nothing in its deposit."""
    gift_products.load_starters(business=acme)


def give(person, *said, source="q1"):
    occasion = Occasion(source=ledger.Source("quest", source), action="quest")
    return benefits.give(said or [CARD], business=person.business, account_id=person.pk, occasion=occasion)


def take_back(person):
    return benefits.take_back([CARD], business=person.business, account_id=person.pk, occasion=OCCASION)


def owed():
    return list(GiftPromise.objects.order_by("created_at").values_list("source_id", "reason"))


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "error", "field"),
        [
            ({"product": "TEA"}, NotFound, "benefits.0.product"),
            ({"product": ""}, Invalid, "benefits.0"),
            ({"product": "STORE-CARD-POST"}, Invalid, "benefits.0.product"),
            ({"value": "500.01"}, Invalid, "benefits.0.value"),
            ({"value": "20.001"}, Invalid, "benefits.0.value"),
            ({"value": "much"}, Invalid, "benefits.0"),
        ],
    )
    def test_what_means_nothing(self, acme, said, error, field):
        with pytest.raises(error) as refused:
            benefits.checked([CARD | said], business=acme, field="benefits")

        assert refused.value.field == field

    def test_a_product_of_another_business(self, rival):
        with pytest.raises(NotFound):
            benefits.checked([CARD], business=rival, field="benefits")

    def test_blocked_people(self, acme, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        with pytest.raises(ledger.AccountNotActive):
            give(ada)

    @pytest.mark.parametrize("deposit", [0, 100_00])
    def test_to_give_twice_for_one_occasion(self, acme, ada, deposit):
        if deposit:
            fund(acme, deposit)
        give(ada)

        with pytest.raises(ledger.AlreadyPosted):
            give(ada)

    def test_to_take_back_twice_or_what_was_never_given(self, acme, ada):
        with pytest.raises(NotFound):
            take_back(ada)
        fund(acme, 100_00)
        give(ada)
        take_back(ada)

        with pytest.raises(ledger.AlreadyReversed):
            take_back(ada)

    def test_to_take_back_a_card_whose_code_they_have_and_recovers_what_it_can(self, acme, ada):
        fund(acme, 100_00)
        give(ada)
        gift_claims.reveal(gift_letters.claim_link(GiftCard.objects.get()).rpartition("/")[2])

        with pytest.raises(gift_orders.CodeShown):
            take_back(ada)
        benefits.recover([CARD], business=acme, account_id=ada.pk, occasion=OCCASION)
        assert available(acme) == 80_00


class TestGives:
    def test_a_card_by_mail(self, acme, ada):
        fund(acme, 100_00)

        points = give(ada)
        gift_sending.send_due()

        assert (points, available(acme), [letter.to for letter in mail.outbox]) == (0, 80_00, [[ada.email]])
        assert owed() == []

    @pytest.mark.parametrize(
        ("locale", "subject"),
        [
            ("de_AT", "ein Geschenk von Acme Coffee"),
            ("fr", "un cadeau de Acme Coffee"),
            ("", "a gift from Acme Coffee"),
            ("xx", "a gift from Acme Coffee"),  # it looks like a language
        ],
    )
    def test_a_card_in_the_persons_language(self, acme, ada, locale, subject):
        fund(acme, 100_00)
        Advocate.objects.for_business(acme).filter(pk=ada.pk).update(locale=locale)

        give(ada)
        gift_sending.send_due()

        assert subject in mail.outbox[0].subject

    def test_several_for_one_occasion(self, acme, ada):
        fund(acme, 100_00)

        give(ada, CARD, CARD | {"value": "5.00"})

        assert (GiftOrder.objects.count(), available(acme)) == (2, 75_00)

    def test_and_takes_it_back(self, acme, ada):
        fund(acme, 100_00)
        give(ada)

        take_back(ada)

        assert (GiftOrder.objects.get().status, available(acme)) == ("Cancelled", 100_00)

    @pytest.mark.parametrize("deposit", [0, 100_00])
    @pytest.mark.django_db(transaction=True)
    def test_once_when_many_give_at_once(self, acme, ada, deposit):
        if deposit:
            fund(acme, deposit)

        results = at_once(10, lambda _: give(ada))

        assert Counter(type(result).__name__ for result in results) == {"int": 1, "AlreadyPosted": 9}
        assert GiftOrder.objects.count() + GiftPromise.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_the_control_meets_the_database_without_the_lock(self, acme, ada, monkeypatch):
        """The account's lock is what says it nicely: without it, the constraint refuses with a crash."""
        rows = Account.objects.for_business(acme)
        monkeypatch.setattr(redemptions, "locked_account", lambda _, id: rows.get(pk=id))
        fund(acme, 100_00)

        results = at_once(10, lambda _: give(ada))

        assert Counter(type(result).__name__ for result in results)["AlreadyPosted"] < 9


class TestQuest:
    """Through the engine: a quest that gives a card, completed by an event."""

    @pytest.fixture
    def quest(self, acme):
        ride = TaskRules(title="Ride", type="event", trigger="ride")
        return quests.create(business=acme, title="Riders", rules=Rules(benefits=[CARD], tasks=[ride]))

    def ride(self, person):
        actions.take(Report(account_id=person.pk, name="ride", data={}, origin="server"), business=person.business)

    def test_orders_the_card_once_and_sends_it(self, acme, quest, ada):
        fund(acme, 100_00)

        for _ in range(2):
            self.ride(ada)
        gift_sending.send_due()

        order = GiftOrder.objects.get()
        assert (order.advocate_id, order.total_minor, available(acme)) == (ada.pk, 20_00, 80_00)
        assert [letter.to for letter in mail.outbox] == [[ada.email]]

    def test_is_completed_and_owes_the_card_where_the_deposit_is_short(self, acme, quest, ada):
        self.ride(ada)
        assert ([reason for _, reason in owed()], GiftOrder.objects.count()) == (["INSUFFICIENT_FUNDS"], 0)

        fund(acme, 20_00)
        gift_promises.keep_due()

        assert (owed(), GiftOrder.objects.get().advocate_id) == ([], ada.pk)


class TestOwes:
    def test_what_the_deposit_does_not_cover(self, ada):
        give(ada)

        assert (owed(), GiftOrder.objects.count()) == ([("q1:0", "INSUFFICIENT_FUNDS")], 0)

    def test_and_orders_it_when_there_is_money(self, acme, ada):
        give(ada)
        fund(acme, 20_00)

        gift_promises.keep_due()

        assert (owed(), GiftOrder.objects.get().source_id, available(acme)) == ([], "q1:0", 0)

    def test_the_oldest_first_also_when_a_later_one_is_smaller(self, acme, ada, bob):
        give(ada)
        give(bob, CARD | {"value": "1.00"}, source="q2")
        fund(acme, 19_00)
        gift_promises.keep_due()
        assert [source for source, _ in owed()] == ["q1:0", "q2:0"]

        fund(acme, 2_00)
        gift_promises.keep_due()

        assert (owed(), available(acme)) == ([], 0)

    def test_also_when_codes_have_run_out_and_holds_up_nobody(self, acme, ada, bob):
        cinema = gift_products.create(
            business=acme, key="CINEMA", name="Cinema", provider="vault", denominations_minor=[25_00]
        )
        pool = gift_products.stock(business=acme, product_id=cinema.pk, value_minor=25_00)
        fund(acme, 25_00)
        give(ada, CARD | {"product": "CINEMA", "value": "25.00"})
        give(bob, CARD | {"value": "30.00"}, source="q2")
        assert owed() == [("q1:0", "OUT_OF_STOCK"), ("q2:0", "INSUFFICIENT_FUNDS")]

        fund(acme, 30_00)
        gift_promises.keep_due()
        assert owed() == [("q1:0", "OUT_OF_STOCK")]

        codes.add(business=acme, pool_id=pool.pk, codes=["CINEMA-1"])
        GiftPromise.objects.update(tried_at="2026-01-01T00:00:00Z")  # it is looked at once an hour
        gift_promises.keep_due()
        assert owed() == []

    def test_and_holds_up_nobody_where_we_fail(self, acme, ada, bob, monkeypatch):
        give(ada)
        give(bob, source="q2")
        fund(acme, 100_00)
        place = gift_orders.place
        monkeypatch.setattr(
            gift_orders,
            "place",
            lambda **said: 1 // 0 if said["occasion"].advocate_id == ada.pk else place(**said),
        )

        gift_promises.keep_due()

        assert owed() == [("q1:0", "INTERNAL")]

    def test_nothing_any_more_that_is_taken_back(self, ada):
        give(ada)

        take_back(ada)

        assert owed() == []

    def test_it_to_whom_somebody_was_merged_into(self, acme, ada, bob):
        give(ada)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        fund(acme, 20_00)

        gift_promises.keep_due()

        assert GiftOrder.objects.get().advocate_id == bob.pk

    def test_nothing_to_who_is_forgotten(self, acme, ada):
        give(ada)

        erasure.erase(business=acme, account_id=ada.pk)

        assert owed() == []

    def test_a_reward_that_was_given_for_nothing(self, acme, offer, ada):
        reward = offer(name="Card", type="gift_card", gift_product_key="STORE-CARD", value=Decimal(20))
        give(ada, {"kind": "reward", "reward": reward.key})
        redemption = Redemption.objects.get()
        assert (redemption.status, owed()) == ("issued", [(str(redemption.pk), "INSUFFICIENT_FUNDS")])

        fund(acme, 20_00)
        gift_promises.keep_due()
        assert GiftOrder.objects.get().source_id == str(redemption.pk)

        redemptions.cancel(business=acme, redemption_id=redemption.pk)
        assert available(acme) == 20_00

    @pytest.mark.django_db(transaction=True)
    def test_once_when_many_workers_keep_it(self, acme, ada):
        give(ada)
        fund(acme, 100_00)

        at_once(6, lambda _: gift_promises.keep_due())

        assert (owed(), GiftOrder.objects.count(), available(acme)) == ([], 1, 80_00)


class TestTellsTheMerchant:
    def told(self):
        gift_shortages.tell_due()
        return [(letter.to, letter.body) for letter in mail.outbox]

    def test_of_what_is_owed_once(self, acme, ada):
        give(ada)

        ((to, body),) = self.told()

        assert (to, len(self.told())) == ([acme.contact_email], 1)
        assert "holds 0.00 EUR" in body
        assert "1 that were promised wait" in body

    def test_of_what_nobody_can_redeem(self, acme, offer):
        offer(name="Card", type="gift_card", gift_product_key="STORE-CARD", value=Decimal(20))

        assert len(self.told()) == 1

    def test_nothing_while_the_deposit_covers_it(self, acme, offer):
        fund(acme, 20_00)
        offer(name="Card", type="gift_card", gift_product_key="STORE-CARD", value=Decimal(20))
        offer(name="Dear", type="gift_card", gift_product_key="STORE-CARD", value=Decimal(90), status="draft")

        assert self.told() == []

    def test_again_when_it_is_short_again(self, acme, ada):
        give(ada)
        self.told()
        fund(acme, 20_00)
        gift_promises.keep_due()
        self.told()

        give(ada, source="q2")

        assert len(self.told()) == 2

    def test_nobody_of_a_sandbox(self, acme):
        gift_products.load_starters(business=acme.sandbox)
        give(advocates.create(business=acme.sandbox, email="ada@example.com"))

        assert self.told() == []
