"""What rules paid for a testimonial or an idea goes back with it: once, and as far as it is there."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction

from advocates.services import advocates, ideas, testimonials
from loyalty.events import Happening
from loyalty.kernel import clock
from loyalty.models import Action, EarnRule, EarnRuleBudget, EarnRuleUse, Event
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import accounts, businesses, earn_rules, ledger, merges, take_backs
from loyalty.services.earn_terms import Earn, Limit, Terms
from tests.loyalty.test_earn_kinds import table
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db


@pytest.fixture
def pays(acme):
    """A rule: `pays(100, "testimonial_approved", limit=Limit(times=1))`."""

    def make(points=100, trigger="testimonial_approved", **terms):
        asked = Terms(trigger=trigger, earn=Earn(points=points), **terms)
        return earn_rules.create(business=acme, title=f"For {trigger}", terms=asked)

    return make


def decide(testimonial, *statuses):
    for status in statuses:
        testimonials.decide(
            business=testimonial.business, testimonial_id=testimonial.pk, status=status, by="olga@acme.example"
        )


def wallet(person):
    return books.wallets(business=person.business, account_ids=[person.pk])[person.pk]


def entries(person):
    rows = LedgerEntry.objects.for_business(person.business).filter(account_id=person.pk).order_by("sequence")
    return [(row.type, row.amount) for row in rows]


class TestTakesNothing:
    def test_for_what_was_never_paid(self, praise, pays, ada):
        pays(trigger="testimonial_submitted")
        decide(praise(), "rejected")

        assert entries(ada) == [("earn", 100)]

    def test_of_other_testimonials(self, praise, pays, ada):
        pays()
        kept, gone = praise(), praise()
        decide(kept, "approved")
        decide(gone, "approved", "rejected")

        assert entries(ada) == [("earn", 100), ("earn", 100), ("reverse", -100)]
        assert Action.objects.get(undone_at__isnull=False).data["testimonialId"] == str(gone.pk)

    def test_a_second_time(self, praise, pays, ada):
        pays()
        decide(praise(), "approved", "rejected", "withdrawn")

        assert entries(ada) == [("earn", 100), ("reverse", -100)]

    def test_that_was_reversed_by_hand(self, acme, praise, pays, ada):
        pays()
        testimonial = praise()
        decide(testimonial, "approved")
        ledger.reverse(business=acme, entry_id=LedgerEntry.objects.get().pk)
        decide(testimonial, "rejected")

        assert entries(ada) == [("earn", 100), ("reverse", -100)]

    def test_when_voters_hear_of_an_idea(self, acme, oat_milk, pays, ada, bob):
        pays(trigger="idea_shipped")
        for status in ("planned", "in_progress", "declined"):
            ideas.decide(business=acme, idea_id=oat_milk.pk, status=status, by="olga")

        assert entries(ada) == []

    def test_that_expired_already(self, acme, praise):
        """The sandbox's clock goes past the end of what was paid."""
        sandbox = acme.sandbox
        terms = Terms(trigger="testimonial_approved", earn=Earn(points=100), expires_after_days=1)
        earn_rules.create(business=sandbox, title="Praise", terms=terms)
        grace = advocates.create(business=sandbox, email="grace@example.com")
        testimonial = praise(by=grace)
        decide(testimonial, "approved")
        ledger.award(business=sandbox, account_id=grace.pk, amount=40)
        businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(days=5))
        decide(testimonial, "withdrawn")

        assert entries(grace) == [("earn", 100), ("earn", 40), ("expire", -100)]


class TestTakesBack:
    @pytest.mark.parametrize(("before", "paid", "spent", "taken", "balance"), table("had before"))
    def test_what_the_page_says(self, acme, praise, pays, ada, give, before, paid, spent, taken, balance):
        pays(int(paid))
        testimonial = praise()
        if int(before):
            give(ada, int(before))
        decide(testimonial, "approved")
        if int(spent):
            ledger.spend(business=acme, account_id=ada.pk, amount=int(spent))
        had = wallet(ada).amount

        decide(testimonial, "rejected")
        assert (wallet(ada).amount, had - wallet(ada).amount) == (int(balance), int(taken.replace("nothing", "0")))

    def test_by_an_entry_that_names_the_payment_and_why(self, praise, pays, ada):
        pays()
        decide(praise(), "approved", "rejected")

        paid, back = LedgerEntry.objects.filter(account_id=ada.pk).order_by("sequence")
        assert (back.reverses_id, back.rule_id) == (paid.pk, paid.rule_id)
        assert back.reason == {"actionId": paid.reason["actionId"], "undoneBy": "testimonials/rejected"}
        told = Event.objects.get(topic="points/reversed")
        assert told.facts["action"] == "testimonial_approved"
        assert wallet(ada).lifetime_earned == 0

    def test_what_is_there_and_names_what_is_missing(self, acme, praise, pays, ada):
        pays()
        testimonial = praise()
        decide(testimonial, "approved")
        ledger.spend(business=acme, account_id=ada.pk, amount=30)
        decide(testimonial, "rejected", "withdrawn")

        assert entries(ada) == [("earn", 100), ("spend", -30), ("adjust", -70)]
        back = LedgerEntry.objects.get(type="adjust")
        paid = LedgerEntry.objects.get(type="earn")
        assert back.reason["entryId"] == str(paid.pk)
        assert back.reason["missing"] == 30

    def test_what_is_pending(self, praise, pays, ada):
        pays(pending_days=14)
        decide(praise(), "approved", "withdrawn")

        assert (wallet(ada).pending, wallet(ada).amount) == (0, 0)
        assert entries(ada) == [("earn", 100), ("reverse", -100)]

    def test_what_was_paid_for_handing_it_in_when_it_is_withdrawn(self, praise, pays, ada):
        pays(5, "testimonial_submitted")
        pays(100)
        decide(praise(), "approved", "withdrawn")

        assert entries(ada) == [("earn", 5), ("earn", 100), ("reverse", -100), ("reverse", -5)]

    def test_what_every_rule_paid(self, praise, pays, ada):
        pays(10)
        pays(7)
        decide(praise(), "approved", "rejected")

        assert sorted(entries(ada)) == [("earn", 7), ("earn", 10), ("reverse", -10), ("reverse", -7)]

    def test_what_an_idea_earned_that_is_shipped_no_more(self, acme, oat_milk, pays, ada):
        pays(trigger="idea_shipped")
        for status in ("shipped", "planned", "shipped"):
            ideas.decide(business=acme, idea_id=oat_milk.pk, status=status, by="olga")

        assert entries(ada) == [("earn", 100), ("reverse", -100), ("earn", 100)]

    @pytest.mark.parametrize(("spent", "balance"), [(0, 20), (30, 0)])
    def test_from_the_person_into_whom_they_were_merged(self, acme, praise, pays, ada, bob, give, spent, balance):
        pays()
        testimonial = praise()
        decide(testimonial, "approved")
        give(bob, 20)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        if spent:
            ledger.spend(business=acme, account_id=bob.pk, amount=spent)
        testimonial.refresh_from_db()
        decide(testimonial, "rejected")

        assert (wallet(bob).amount, wallet(ada).amount) == (balance, 0)

    @pytest.mark.parametrize(("spent", "balance"), [(0, 0), (30, 70)])
    def test_from_the_blocked_what_can_be_reversed(self, acme, praise, pays, ada, spent, balance):
        pays()
        testimonial = praise()
        decide(testimonial, "approved")
        if spent:
            ledger.spend(business=acme, account_id=ada.pk, amount=spent)
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)
        decide(testimonial, "rejected")

        assert wallet(ada).amount == balance


class TestComesTrueAgain:
    def test_and_is_paid_again_within_the_same_limit(self, praise, pays, ada):
        pays(limit=Limit(times=1))
        testimonial = praise()
        decide(testimonial, "approved", "rejected")
        assert not EarnRuleUse.objects.exists()
        decide(testimonial, "approved")
        decide(praise(), "approved")

        assert entries(ada) == [("earn", 100), ("reverse", -100), ("earn", 100)]
        assert EarnRuleUse.objects.get().times == 1

    @pytest.mark.usefixtures("at_one_moment")
    def test_and_leaves_the_other_uses_of_a_limit(self, praise, pays, ada):
        pays(limit=Limit(times=2, period="daily"))
        decide(praise(), "approved")
        decide(praise(), "approved", "rejected")

        assert EarnRuleUse.objects.get().times == 1

    def test_and_is_not_paid_again_by_a_limit_that_keeps_a_part(self, acme, praise, pays, ada):
        pays(limit=Limit(times=1))
        testimonial = praise()
        decide(testimonial, "approved")
        ledger.spend(business=acme, account_id=ada.pk, amount=30)
        decide(testimonial, "rejected", "approved")

        assert (wallet(ada).amount, EarnRuleUse.objects.get().times) == (0, 1)

    def test_out_of_a_budget_that_has_it_again(self, praise, pays, ada):
        rule = pays(budget=150)
        decide(praise(), "approved", "rejected")
        assert EarnRuleBudget.objects.get(rule=rule).spent == 0

        decide(praise(), "approved")
        assert EarnRuleBudget.objects.get(rule=rule).spent == 100
        assert EarnRule.objects.get().status == "active"


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    CROWD = 20

    @pytest.fixture
    def news(self, acme, praise, pays, ada):
        """Ada was paid for what is not so any more, and for something else that keeps her above zero."""
        pays()
        testimonial = praise()
        decide(testimonial, "approved")
        decide(praise(), "approved")
        facts = {"testimonialId": str(testimonial.pk), "status": "rejected"}
        return [Happening(acme.pk, "testimonials/rejected", ada.pk, facts)]

    def test_decisions_take_it_back_once(self, praise, pays, ada):
        pays()
        testimonial = praise()
        decide(testimonial, "approved")

        assert errors(at_once(self.CROWD, lambda _: decide(testimonial, "withdrawn"))) == []
        assert entries(ada) == [("earn", 100), ("reverse", -100)]

    def test_news_take_it_back_once(self, news, ada):
        assert errors(at_once(self.CROWD, lambda _: hear(news))) == []
        assert entries(ada) == [("earn", 100), ("earn", 100), ("reverse", -100)]

    def test_news_are_refused_by_the_ledger_where_nobody_marks_what_is_undone(self, news, ada, monkeypatch):
        """The control: everybody finds the same payment, and the ledger takes it from the first alone."""
        gone = Action.objects.get(name="testimonial_approved", data__testimonialId=news[0].facts["testimonialId"])
        monkeypatch.setattr(take_backs, "_undone", lambda happening, undoing, _: [gone])
        monkeypatch.setattr(books, "paid_for", found_by_everybody(self.CROWD))

        results = at_once(self.CROWD, lambda _: hear(news))

        assert [type(error).__name__ for error in errors(results)] == ["AlreadyReversed"] * (self.CROWD - 1)
        assert entries(ada) == [("earn", 100), ("earn", 100), ("reverse", -100)]


def hear(news):
    with transaction.atomic():
        take_backs.hear(news)


def found_by_everybody(crowd):
    """Let nobody go on before all have found what was paid."""
    everybody, find = threading.Barrier(crowd), books.paid_for

    def found(**asked):
        paid = find(**asked)
        everybody.wait()
        return paid

    return found
