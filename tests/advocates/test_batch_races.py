"""Batches over the same people at once wait for each other, and never for ever."""

import pytest
from django.db import OperationalError

from advocates.models import Advocate
from advocates.services import advocates, customers, user_events
from advocates.services.customers import Told
from advocates.services.user_events import UserEvent
from loyalty.services import batches, idempotency, verification
from loyalty.services.ledger import Posting
from loyalty.services.postings import Move
from tests.races import at_once, errors, rewritten

pytestmark = pytest.mark.django_db(transaction=True)

UNLOCKED = """
    CREATE OR REPLACE FUNCTION laurel_lock_accounts(p_business uuid, p_accounts uuid[]) RETURNS void
    LANGUAGE plpgsql AS $$ BEGIN END $$
"""


@pytest.fixture
def people(acme):
    return [advocates.create(business=acme, email=f"p{n}@example.com").pk for n in range(30)]


@pytest.fixture
def without_lock():
    with rewritten("laurel_lock_accounts", lambda _: UNLOCKED):
        yield


def move_all(acme, people, *, with_keys):
    """Every other one goes through them backwards. With keys they are posted one by one, without by the set."""

    def move(caller):
        order = (people if caller % 2 else people[::-1]) * 5
        keys = [idempotency.Key(acme.pk, f"{caller}-{number}", bytes(32)) for number in range(len(order))]
        moves = [
            Move(account_id=each, amount=1, key=key if with_keys else None)
            for each, key in zip(order, keys, strict=True)
        ]
        return batches.move_points(business=acme, moves=moves)

    return at_once(6, move)


@pytest.mark.parametrize("with_keys", [True, False])
def test_they_wait_for_each_other(acme, people, with_keys):
    done = move_all(acme, people, with_keys=with_keys)

    assert errors(done) == []
    assert {result.balance_after for each in done for result in each.results} == set(range(1, 31))


def test_without_the_lock_they_would_wait_for_ever(acme, people, without_lock):
    """The control."""
    done = move_all(acme, people, with_keys=True)

    assert any(isinstance(error, OperationalError) for error in errors(done))


@pytest.mark.breaks_the_books
def test_without_the_lock_they_would_spoil_the_books(acme, people, without_lock):
    """The control of those that are posted by the set."""
    done = move_all(acme, people, with_keys=False)

    assert errors(done) or verification.verify()


def test_fifty_callers_of_one_batch_post_each_key_once(acme, people):
    """A key that is being posted by somebody else says so; the books have each once."""
    keys = [idempotency.Key(acme.pk, f"visit-{number}", bytes(32)) for number in range(5)]
    moves = [Move(account_id=people[0], amount=1, key=key) for key in keys * 2]

    done = at_once(50, lambda _: batches.move_points(business=acme, moves=moves))

    assert errors(done) == []
    refused = {type(result) for each in done for result in each.results if not isinstance(result, Posting)}
    assert refused <= {idempotency.KeyInUse}
    assert {result.balance_after for each in done for result in each.results if isinstance(result, Posting)} == {
        *range(1, 6)
    }


def test_an_undo_happens_once(acme, people):
    batch = batches.move_points(business=acme, moves=[Move(account_id=people[0], amount=5)]).batch

    done = at_once(10, lambda _: batches.undo(business=acme, batch_id=batch.pk))

    assert errors(done) == []
    assert sum(result is not None for each in done for result in each.results) == 1


class TestNewcomers:
    def customers(self, acme, names):
        return customers.put_all(business=acme, told=[Told(external_id=name, details={}) for name in names])

    def events(self, acme, names):
        acme.users_on_first_event = True
        acme.save(update_fields=["users_on_first_event"])
        told = [UserEvent(user=name, name="hello", data={}, event_id=None) for name in names]
        return user_events.take_many(business=acme, events=told)

    @pytest.mark.parametrize("batch", ["customers", "events"])
    def test_of_thirty_batches_that_overlap_join_once(self, acme, batch):
        """Each time that one of them looks, others have let a few more join."""

        def bring(caller):
            return getattr(self, batch)(acme, [f"u-{(caller * 7 + number) % 120}" for number in range(40)])

        assert errors(at_once(30, bring)) == []
        assert Advocate.objects.count() == 120

    def test_whose_addresses_come_in_another_order_never_wait_in_a_circle(self, acme):
        def bring(caller):
            numbers = range(300) if caller % 2 else reversed(range(300))
            people = [Told(external_id=f"{caller}-{n}", details={"email": f"{n}@example.com"}) for n in numbers]
            return customers.put_all(business=acme, told=people)

        assert errors(at_once(6, bring)) == []
        assert Advocate.objects.exclude(email=None).count() == 300
