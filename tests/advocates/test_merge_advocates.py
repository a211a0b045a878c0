"""POST /advocates/:id/merge: two advocates of one person become one, and two again."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import transaction

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict
from loyalty.models import Account, Event, Merge, Metric, Segment
from loyalty.models.ledger import Balance, LedgerEntry, Lot
from loyalty.selectors import ledger as books
from loyalty.selectors import merges as selectors
from loyalty.services import accounts, ledger, merges, segments
from rewards.services import redemptions, rewards
from tests.races import at_once, errors
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


def merge(api, source, target):
    return api.post(f"/advocates/{source.pk}/merge", {"intoAdvocateId": str(target.pk)})


def wallet(advocate, metric="points"):
    return books.wallets(business=advocate.business, account_ids=[advocate.pk], metric=metric)[advocate.pk]


def undo(business):
    return merges.undo(business=business, merge_id=Merge.objects.for_business(business).get(undone_at=None).pk)


class TestRefuses:
    def test_a_key_that_may_only_read(self, readonly_api, ada, bob):
        assert merge(readonly_api, ada, bob).status_code == 403

    def test_somebody_of_another_business_in_the_path(self, api, eve, bob):
        assert_same_refusal(
            merge(api, eve, bob),
            api.post(f"/advocates/{uuid4()}/merge", {"intoAdvocateId": str(bob.pk)}),
            "NOT_FOUND",
            status=404,
        )

    def test_somebody_of_another_business_in_the_body(self, api, ada, eve):
        unknown = api.post(f"/advocates/{ada.pk}/merge", {"intoAdvocateId": str(uuid4())})

        assert_same_refusal(merge(api, ada, eve), unknown, "NOT_FOUND", status=404)
        assert_refused(unknown, "NOT_FOUND", "intoAdvocateId", status=404)

    def test_oneself(self, api, ada):
        assert_refused(merge(api, ada, ada), "VALIDATION_ERROR", "intoAdvocateId")

    @pytest.mark.parametrize("status", ["blocked", "erased"])
    def test_who_is_not_active(self, api, ada, bob, status):
        Account.objects.filter(pk=bob.pk).update(status=status)

        assert_refused(merge(api, ada, bob), "CONFLICT", None, status=409)
        assert_refused(merge(api, bob, ada), "CONFLICT", None, status=409)

    def test_the_second_time(self, api, ada, bob):
        merge(api, ada, bob)

        assert_refused(merge(api, ada, bob), "CONFLICT", None, status=409)
        assert_refused(merge(api, bob, ada), "CONFLICT", None, status=409)

    def test_what_would_be_more_than_a_balance_holds(self, api, acme, ada, bob, give):
        give(ada, 300)
        give(bob, 300)
        Metric.objects.for_business(acme).filter(key="points").update(maximum=599)

        assert_refused(merge(api, ada, bob), "LIMIT_REACHED", "amount")
        assert (wallet(ada).amount, wallet(bob).amount, Merge.objects.count()) == (300, 300, 0)

    def test_changes_of_who_was_merged(self, api, ada, bob):
        merge(api, ada, bob)

        assert_refused(api.patch(f"/advocates/{ada.pk}", {"name": "X"}), "CONFLICT", None, status=409)
        assert_refused(api.post(f"/advocates/{ada.pk}/points", {"amount": 5}), "CONFLICT", None, status=409)
        assert_refused(api.delete(f"/advocates/{ada.pk}"), "CONFLICT", None, status=409)


class TestPoints:
    def test_move_with_their_own_expiry_and_ripening(self, api, ada, bob, give):
        soon, later = clock.wall() + timedelta(days=1), clock.wall() + timedelta(days=2)
        for expires_at, pending_until in ((None, None), (later, None), (soon, None), (None, soon), (soon, None)):
            give(ada, 10, expires_at=expires_at, pending_until=pending_until)

        assert merge(api, ada, bob).json()["advocate"]["points"] == 40

        lots = Lot.objects.filter(account_id=bob.pk).values_list("remaining", "expires_at", "ripens_at")
        assert set(lots) == {(10, None, None), (10, later, None), (20, soon, None), (10, None, soon)}
        assert (wallet(ada).amount, wallet(ada).pending, wallet(bob).pending) == (0, 0, 10)

    def test_ripen_and_expire_as_they_would_have(self, acme, ada, bob, give):
        soon = clock.wall() + timedelta(days=1)
        give(ada, 10, expires_at=soon)
        give(ada, 7, pending_until=soon)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        with clock.moved_to(soon + timedelta(seconds=1)):
            ledger.settle(business_id=acme.pk, account_id=bob.pk)

        assert (wallet(bob).amount, wallet(bob).pending, wallet(bob).lifetime_earned) == (7, 0, 17)

    def test_of_every_metric_move(self, api, acme, ada, bob, give):
        Metric.objects.create(business=acme, key="miles", title="Miles")
        give(ada, 7, metric="miles")
        merge(api, ada, bob)

        assert (wallet(ada, "miles").amount, wallet(bob, "miles").amount) == (0, 7)

    def test_count_for_the_tier_by_both_lifetimes(self, api, acme, ada, bob, give):
        give(ada, 600)
        ledger.spend(business=acme, account_id=ada.pk, amount=500)
        give(bob, 400)

        advocate = merge(api, ada, bob).json()["advocate"]

        assert (advocate["points"], advocate["lifetimePoints"], advocate["tier"]) == (500, 1_000, "silver")
        assert wallet(bob).lifetime_spent == 500

    def test_leave_a_tier_by_hand_alone(self, api, ada, bob, give):
        api.patch(f"/advocates/{bob.pk}", {"tier": "bronze"})
        give(ada, 5_000)

        assert merge(api, ada, bob).json()["advocate"]["tier"] == "bronze"

    def test_can_be_explained(self, api, ada, bob, give):
        give(ada, 10)
        merge(api, ada, bob)
        (moved,) = api.get(f"/advocates/{bob.pk}/transactions").json()["transactions"]

        why = api.get(f"/advocates/{bob.pk}/transactions/{moved['id']}/why").json()

        assert (moved["type"], moved["amount"], moved["source"]["type"]) == ("transfer", 10, "transfer")
        assert why["inputs"] == {"mergeId": str(Merge.objects.get().pk)}

    def test_are_never_reversed_by_halves(self, acme, ada, bob, give):
        give(ada, 10)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        for entry in LedgerEntry.objects.filter(type="transfer"):
            with pytest.raises(ledger.TransferStays):
                ledger.reverse(business=acme, entry_id=entry.pk)


class TestIdentity:
    def test_old_names_lead_to_the_person(self, api, acme, ada, bob):
        merge(api, ada, bob)

        known = advocates.find_or_create_by_external_id(business=acme, external_id="ada-1")
        listed = api.get("/advocates", email="ADA@example.com").json()["advocates"]

        assert (known.pk, [row["id"] for row in listed]) == (bob.pk, [str(bob.pk)])

    def test_lead_on_when_the_person_is_merged_again(self, api, acme, ada, bob):
        cleo = advocates.create(business=acme, email="cleo@example.com")
        merge(api, ada, bob)
        merge(api, bob, cleo)

        assert advocates.find_or_create_by_external_id(business=acme, external_id="ada-1").pk == cleo.pk
        assert set(selectors.merged_into(cleo.pk)) == {ada.pk, bob.pk}

    def test_nobody_else_gets_the_old_names(self, api, ada, bob):
        merge(api, ada, bob)

        assert api.post("/advocates", {"email": "ada@example.com"}).status_code == 409
        assert api.post("/advocates", {"email": "x@example.com", "externalId": "ada-1"}).status_code == 409

    def test_the_person_may_take_the_old_names_over(self, api, ada, bob):
        merge(api, ada, bob)

        changed = api.patch(f"/advocates/{bob.pk}", {"email": "ada@example.com", "externalId": "ada-1"})

        assert changed.status_code == 200, changed.content
        assert Advocate.objects.get(pk=ada.pk).email is None

    def test_the_merged_one_is_answered_by_id_and_not_listed(self, api, ada, bob):
        merge(api, ada, bob)

        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["status"] == "merged"
        assert [row["id"] for row in api.get("/advocates").json()["advocates"]] == [str(bob.pk)]

    def test_is_told_in_an_event(self, api, ada, bob):
        merge(api, ada, bob)

        event = Event.objects.filter(account_id=bob.pk, topic="customers/updated").get()
        assert event.facts == {"fields": [], "mergedAdvocateId": str(ada.pk)}

    def test_segments_add_up(self, api, acme, ada, bob):
        for key in ("a", "b"):
            Segment.objects.create(business=acme, key=key, title=key)
        segments.put(business=acme, account_id=ada.pk, keys=["a", "b"])
        segments.put(business=acme, account_id=bob.pk, keys=["b"])

        assert merge(api, ada, bob).json()["advocate"]["segments"] == ["a", "b"]
        undo(acme)
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["segments"] == ["a", "b"]
        assert api.get(f"/advocates/{bob.pk}").json()["advocate"]["segments"] == ["b"]


class TestReversals:
    """What happened before a merge can be undone after it: the points are where the person is."""

    @pytest.fixture
    def cleo(self, acme):
        return advocates.create(business=acme, email="cleo@example.com")

    @pytest.fixture
    def coffee(self, acme):
        return rewards.create(business=acme, name="Coffee", type="custom", points_cost=100)

    def test_a_cancelled_redemption_gives_to_the_person(self, acme, ada, bob, cleo, coffee, give):
        give(ada, 150, expires_at=clock.wall() + timedelta(days=9))
        bought = redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        merges.merge(business=acme, source_id=bob.pk, target_id=cleo.pk)

        redemptions.cancel(business=acme, redemption_id=bought.pk)

        assert (wallet(cleo).amount, wallet(cleo).lifetime_spent) == (150, 0)
        assert books.expiring(business=acme, account_id=cleo.pk)[0].amount == 150

    def test_an_earning_is_taken_from_the_person(self, acme, ada, bob, cleo, give):
        earned = give(ada, 100)
        ledger.spend(business=acme, account_id=ada.pk, amount=30)
        give(bob, 50)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        merges.merge(business=acme, source_id=bob.pk, target_id=cleo.pk)

        ledger.reverse(business=acme, entry_id=earned.id)

        assert (wallet(cleo).amount, wallet(cleo).lifetime_earned, wallet(ada).amount) == (20, 50, 0)

    def test_a_pending_earning_too(self, acme, ada, bob, give):
        earned = give(ada, 100, pending_until=clock.wall() + timedelta(days=1))
        give(ada, 5)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        ledger.reverse(business=acme, entry_id=earned.id)

        assert (wallet(bob).amount, wallet(bob).pending, wallet(bob).lifetime_earned) == (5, 0, 5)

    def test_but_only_what_is_there_and_only_once(self, acme, ada, bob, give):
        earned = give(ada, 100)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        ledger.spend(business=acme, account_id=bob.pk, amount=1)

        with pytest.raises(ledger.InsufficientPoints):
            ledger.reverse(business=acme, entry_id=earned.id)
        give(bob, 1)
        ledger.reverse(business=acme, entry_id=earned.id)
        with pytest.raises(ledger.AlreadyReversed):
            ledger.reverse(business=acme, entry_id=earned.id)


class TestUndo:
    def test_refuses_what_is_not_there(self, acme, rival, ada, bob):
        done = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        with pytest.raises(merges.NotFound):
            merges.undo(business=rival, merge_id=done.pk)

    def test_refuses_the_second_time_and_out_of_order(self, acme, ada, bob):
        cleo = advocates.create(business=acme, email="cleo@example.com")
        first = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        second = merges.merge(business=acme, source_id=bob.pk, target_id=cleo.pk)

        with pytest.raises(merges.NotUndoable):
            merges.undo(business=acme, merge_id=first.pk)
        merges.undo(business=acme, merge_id=second.pk)
        merges.undo(business=acme, merge_id=first.pk)
        with pytest.raises(merges.NotUndoable):
            merges.undo(business=acme, merge_id=first.pk)

    def test_brings_back_the_same_lots(self, acme, ada, bob, give):
        soon = clock.wall() + timedelta(days=1)
        given = [give(ada, 10, expires_at=soon), give(ada, 20, expires_at=soon), give(ada, 5, pending_until=soon)]
        give(bob, 40)
        before = (wallet(ada), wallet(bob))
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        undo(acme)

        assert (wallet(ada), wallet(bob)) == before
        left = dict(Lot.objects.filter(account_id=ada.pk).values_list("entry_id", "remaining"))
        assert left == {given[0].id: 10, given[1].id: 20, given[2].id: 5}
        assert Account.objects.get(pk=ada.pk).status == "active"

    def test_through_two_merges_brings_back_everything(self, acme, ada, bob, give):
        cleo = advocates.create(business=acme, email="cleo@example.com")
        give(ada, 10)
        give(bob, 20)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        second = merges.merge(business=acme, source_id=bob.pk, target_id=cleo.pk)
        merges.undo(business=acme, merge_id=second.pk)
        undo(acme)

        assert [wallet(person).amount for person in (ada, bob, cleo)] == [10, 20, 0]
        assert [wallet(person).lifetime_earned for person in (ada, bob, cleo)] == [10, 20, 0]

    def test_says_before_what_will_come_back(self, acme, ada, bob, give):
        give(ada, 100)
        done = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        ledger.spend(business=acme, account_id=bob.pk, amount=30)

        (returning,) = selectors.returning(done)
        assert (returning.moved, returning.left) == (100, 70)
        undo(acme)
        assert (wallet(ada).amount, wallet(bob).amount) == (70, 0)

    def test_after_a_reversal_gives_back_what_that_brought(self, acme, ada, bob, give):
        give(ada, 100)
        spent = ledger.spend(business=acme, account_id=ada.pk, amount=60)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        ledger.reverse(business=acme, entry_id=spent.id)

        undo(acme)

        assert (wallet(ada).amount, wallet(ada).lifetime_earned, wallet(ada).lifetime_spent) == (100, 100, 0)
        assert (wallet(bob).amount, wallet(bob).lifetime_earned, wallet(bob).lifetime_spent) == (0, 0, 0)

    def test_gives_nothing_back_to_what_was_reversed_meanwhile(self, acme, ada, bob, give):
        soon = clock.wall() + timedelta(days=1)
        first, second = give(ada, 10, pending_until=soon), give(ada, 20, pending_until=soon)
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        ledger.reverse(business=acme, entry_id=first.id)

        undo(acme)

        left = dict(Lot.objects.filter(account_id=ada.pk).values_list("entry_id", "remaining"))
        assert left == {first.id: 0, second.id: 20}
        ledger.reverse(business=acme, entry_id=second.id)
        assert (wallet(ada).amount, wallet(ada).pending) == (0, 0)

    def test_takes_along_the_lifetime_of_what_ripened_meanwhile(self, api, acme, ada, bob, give):
        cleo = advocates.create(business=acme, email="cleo@example.com")
        soon = clock.wall() + timedelta(days=1)
        earned = give(ada, 1_000, pending_until=soon)
        first = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        second = merges.merge(business=acme, source_id=bob.pk, target_id=cleo.pk)
        with clock.moved_to(soon):
            ledger.settle(business_id=acme.pk, account_id=cleo.pk)
        assert wallet(cleo).lifetime_earned == 1_000

        merges.undo(business=acme, merge_id=second.pk)
        merges.undo(business=acme, merge_id=first.pk)

        assert [wallet(person).lifetime_earned for person in (ada, bob, cleo)] == [1_000, 0, 0]
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["tier"] == "silver"
        ledger.reverse(business=acme, entry_id=earned.id)
        assert wallet(ada).lifetime_earned == 0

    def test_lets_the_tiers_follow(self, api, acme, ada, bob, give):
        give(ada, 1_000)
        merge(api, ada, bob)
        assert api.get(f"/advocates/{bob.pk}").json()["advocate"]["tier"] == "silver"

        undo(acme)

        tiers = [api.get(f"/advocates/{person.pk}").json()["advocate"]["tier"] for person in (ada, bob)]
        assert tiers == ["silver", "bronze"]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_fifty_merges_of_two_people_are_one(self, acme, ada, bob, give):
        give(ada, 70)

        answers = at_once(50, lambda _: merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk))

        assert len([answer for answer in answers if isinstance(answer, Merge)]) == 1
        assert {type(error) for error in errors(answers)} == {merges.NotMergeable}
        assert (wallet(ada).amount, wallet(bob).amount) == (0, 70)

    def test_merges_against_each_other_are_one(self, acme, ada, bob, give):
        give(ada, 70)
        give(bob, 30)

        answers = self.merge_both_ways(acme, ada, bob)

        assert len([answer for answer in answers if isinstance(answer, Merge)]) == 1
        assert {type(error) for error in errors(answers)} == {merges.NotMergeable}
        assert sorted([wallet(ada).amount, wallet(bob).amount]) == [0, 100]

    def test_without_the_lock_both_would_go_on(self, acme, ada, bob, monkeypatch):
        """The control: both see two active advocates. They wait for each other, or one undoes what the other did."""

        barrier = Barrier(2)

        def unlocked(*, business, account_ids):
            held = Account.objects.for_business(business).in_bulk(account_ids)
            barrier.wait(timeout=10)
            return held

        monkeypatch.setattr(accounts, "lock", unlocked)

        answers = self.merge_both_ways(acme, ada, bob, count=2)

        assert not any(isinstance(answer, merges.NotMergeable) for answer in answers)

    def test_no_award_is_lost_against_a_merge(self, acme, ada, bob, give):
        def work(number):
            if number == 25:
                return merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
            return give(ada, 10)

        answers = at_once(50, work)

        awarded = len([answer for answer in answers if isinstance(answer, ledger.Posting)])
        assert all(isinstance(error, Conflict) for error in errors(answers))
        assert (wallet(ada).amount, wallet(bob).amount) == (0, awarded * 10)
        assert sum(Balance.objects.values_list("lifetime_earned", flat=True)) == awarded * 10

    def test_is_tried_again_where_the_database_ends_it_for_the_sake_of_others(self, api, ada, bob):
        """A call without a key, too. Whoever waits first in a circle is the one that is ended."""
        first, second = sorted([ada, bob], key=lambda each: each.pk)
        rows = Account.objects.select_for_update()

        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                rows.get(pk=second.pk)
                answer = pool.submit(at_once, 1, lambda _: merge(api, ada, bob).status_code)
                time.sleep(0.5)
                rows.get(pk=first.pk)
            assert answer.result() == [200]

    def merge_both_ways(self, business, ada, bob, count=20):
        pairs = [(ada.pk, bob.pk), (bob.pk, ada.pk)]

        def work(number):
            source, target = pairs[number % 2]
            return merges.merge(business=business, source_id=source, target_id=target)

        return at_once(count, work)
