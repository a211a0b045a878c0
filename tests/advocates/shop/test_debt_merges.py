"""Merging people of whom one owes points: what both have pays for it, and the books balance on the way and back."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.selectors import merges as selectors
from loyalty.services import ledger, merges, postings, settlement, verification
from loyalty.services.merges import NotMergeable, NotUndoable
from loyalty.services.postings import Taking
from tests.advocates.shop.conftest import balance, pending
from tests.advocates.shop.test_documented_refunds import PAGE

pytestmark = pytest.mark.django_db
ROWS = re.findall(r"^\| (-?\d+) \| (-?\d+) \| (-?\d+) \| (-?\d+) \| (-?\d+) \|$", PAGE, re.MULTILINE)
STORIES = [tuple(map(int, row)) for row in ROWS]


def owe(person, points):
    """What somebody has earned and spent is taken back."""
    earned = ledger.award(business=person.business, account_id=person.pk, amount=points)
    spent = ledger.spend(business=person.business, account_id=person.pk, amount=points)
    source = ledger.Source("refund", str(uuid4()))
    taking = Taking(entry_id=earned.id, amount=points, source=source, deficit="negative")
    postings.take_back([taking], business=person.business)
    return spent


def has(person, points):
    if points < 0:
        owe(person, -points)
    else:
        ledger.award(business=person.business, account_id=person.pk, amount=points)


def merge(source, target):
    return merges.merge(business=source.business, source_id=source.pk, target_id=target.pk)


def undo(done):
    merges.undo(business=done.business, merge_id=done.pk)


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_goes_as_the_page_says(ada, bob, story):
    adas, bobs, both, *after = story
    has(ada, adas)
    has(bob, bobs)

    done = merge(ada, bob)
    assert (balance(ada), balance(bob)) == (0, both)

    undo(done)
    assert [balance(ada), balance(bob)] == after


def test_the_page_has_its_stories():
    """The control: the table is found."""
    assert len(STORIES) == 5


class TestADebtThatWasMoved:
    @pytest.fixture
    def spent(self, ada, bob):
        """Bob has taken over that Ada owes 200."""
        spent = owe(ada, 200)
        self.done = merge(ada, bob)
        assert balance(bob) == -200
        return spent

    def test_is_paid_by_what_comes_in(self, ada, bob, spent, give):
        give(bob, 150)
        assert balance(bob) == -50
        undo(self.done)

        assert (balance(ada), balance(bob)) == (-50, 0)

    def test_is_paid_by_what_its_spending_gives_back(self, acme, bob, spent):
        ledger.reverse(business=acme, entry_id=spent.id)

        assert balance(bob) == 0

    def test_is_foretold_as_far_as_it_is_still_owed(self, bob, spent, give):
        give(bob, 150)

        assert selectors.returning(self.done) == [selectors.Returning("Points", -200, -50)]

    def test_cannot_be_spent(self, acme, bob, spent, give):
        give(bob, 150)

        with pytest.raises(ledger.InsufficientPoints):
            ledger.spend(business=acme, account_id=bob.pk, amount=1)

    def test_is_paid_by_what_ripens_of_those_who_brought_it(self, ada, bob, give):
        give(ada, 300, pending_until=clock.wall() + timedelta(days=2))
        owe(ada, 200)
        done = merge(ada, bob)
        assert (balance(bob), pending(bob)) == (-200, 300)

        with clock.moved_to(clock.wall() + timedelta(days=3)):
            settlement.settle_due()
            assert balance(bob) == 100
            undo(done)

        assert (balance(ada), balance(bob)) == (100, 0)

    def test_comes_back_through_two_merges(self, acme, ada, bob, spent, give):
        cleo = advocates.create(business=acme, email="cleo@example.com")
        give(cleo, 80)
        second = merge(bob, cleo)
        assert balance(cleo) == -120

        for done in (second, self.done):
            undo(done)

        assert [balance(one) for one in (ada, bob, cleo)] == [-120, 0, 0]


MOVES = st.lists(
    st.tuples(st.sampled_from(["give", "brief", "owe", "spend", "merge", "undo", "reverse"]), st.integers(0, 5)),
    min_size=5,
    max_size=25,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_neither_makes_nor_loses_points(acme, ada, bob, moves):
    with transaction.atomic():
        world = World([ada, bob, advocates.create(business=acme, email="cleo@example.com")])
        for move, number in moves:
            before = world.total()
            getattr(world, move)(number)
            assert move not in ("merge", "undo") or world.total() == before
            assert verification.verify(Business(pk=acme.pk)) == []
        transaction.set_rollback(True)


class World:
    """Three people, of whom any may be merged into any other, and what happened to them."""

    def __init__(self, people):
        self.people, self.done, self.spent = people, [], []

    def total(self):
        return sum(balance(one) + pending(one) for one in self.people)

    def who(self, number):
        return self.people[number % 3]

    def active(self, number):
        return advocates.Account.objects.get(pk=self.who(number).pk).status == "active"

    def give(self, number):
        if self.active(number):
            ledger.award(business=self.who(number).business, account_id=self.who(number).pk, amount=10 * number + 30)

    def brief(self, number):
        if self.active(number):
            who, soon = self.who(number), clock.wall() + timedelta(days=1)
            ledger.award(business=who.business, account_id=who.pk, amount=25, pending_until=soon)

    def owe(self, number):
        if self.active(number) and balance(self.who(number)) >= 0:
            self.spent.append(owe(self.who(number), 20 + number).id)

    def spend(self, number):
        who = self.who(number)
        if balance(who) >= 15:
            self.spent.append(ledger.spend(business=who.business, account_id=who.pk, amount=15).id)

    def merge(self, number):
        source, target = self.who(number), self.who(number + 1 + number // 3)
        if source is not target:
            try:
                with transaction.atomic():
                    self.done.append(merge(source, target))
            except NotMergeable:
                return

    def undo(self, number):
        if self.done:
            try:
                with transaction.atomic():
                    undo(self.done[-1])
            except NotUndoable:
                return
            self.done.pop()

    def reverse(self, number):
        if self.spent:
            ledger.reverse(business=self.people[0].business, entry_id=self.spent.pop())
