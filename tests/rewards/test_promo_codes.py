"""Rewards of type promo_code: each redemption gets a code of its own out of the pool."""

from collections import Counter

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from advocates.services import advocates
from loyalty.services import verification
from rewards.models import Code, Redemption
from rewards.selectors import offers
from rewards.services import codes, pools, redemptions
from tests.races import at_once
from tests.refusals import assert_refused

CROWD, SUPPLY = 50, 30


@pytest.fixture
def pool(acme):
    return pools.create(business=acme, title="Cinema", key="cinema")


@pytest.fixture
def ticket(offer, pool):
    return offer(name="Ticket", type="promo_code", code_pool_key="cinema")


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 1_000)
    return ada


def stock_up(pool, *texts):
    codes.add(business=pool.business, pool_id=pool.pk, codes=texts)


def redeem(reward, person):
    return redemptions.redeem(business=reward.business, reward_id=reward.pk, advocate_id=person.pk)


@pytest.mark.django_db
class TestReward:
    BODY = {"name": "Ticket", "type": "promo_code", "pointsCost": 100}

    def test_needs_a_pool(self, api):
        assert_refused(api.post("/rewards", self.BODY), "VALIDATION_ERROR", "codePoolKey")

    def test_needs_a_pool_of_its_own_business(self, api, rival):
        pools.create(business=rival, title="Theirs", key="theirs")

        answer = api.post("/rewards", self.BODY | {"codePoolKey": "theirs"})

        assert_refused(answer, "NOT_FOUND", "codePoolKey", status=404)

    def test_of_another_type_takes_none(self, api, pool):
        answer = api.post("/rewards", self.BODY | {"type": "custom", "codePoolKey": "cinema"})

        assert_refused(answer, "VALIDATION_ERROR", "codePoolKey")

    def test_reads_back_with_its_pool(self, api, pool):
        made = api.post("/rewards", self.BODY | {"codePoolKey": "cinema"}).json()["reward"]

        assert made["codePoolKey"] == "cinema"
        assert made == api.get(f"/rewards/{made['id']}").json()["reward"] == api.get("/rewards").json()["rewards"][0]

    def test_keeps_its_pool_within_the_business(self, ticket, rival):
        theirs = pools.create(business=rival, title="Theirs")

        with pytest.raises(IntegrityError, match="reward_pool_of_its_business"), transaction.atomic():
            type(ticket).objects.filter(pk=ticket.pk).update(code_pool=theirs)


@pytest.mark.django_db
class TestRedeem:
    def test_of_an_empty_pool_is_refused(self, api, ticket, rich_ada):
        answer = api.post(f"/rewards/{ticket.pk}/redeem", {"advocateId": str(rich_ada.pk)})

        assert_refused(answer, "OUT_OF_STOCK", None)
        (offer,) = offers.shop_window(business=ticket.business, account_id=rich_ada.pk)
        assert offer.reason == "OUT_OF_STOCK"

    def test_gives_the_codes_in_their_order(self, pool, ticket, rich_ada):
        stock_up(pool, "B-2", "A-1")

        assert [redeem(ticket, rich_ada).coupon_code for _ in range(2)] == ["B-2", "A-1"]
        with pytest.raises(redemptions.OutOfStock):
            redeem(ticket, rich_ada)

    def test_of_several_at_once_is_refused(self, api, pool, ticket, rich_ada):
        stock_up(pool, "A", "B")

        answer = api.post(f"/rewards/{ticket.pk}/redeem", {"advocateId": str(rich_ada.pk), "quantity": 2})

        assert_refused(answer, "VALIDATION_ERROR", "quantity")

    def test_cancelled_retires_the_code(self, acme, pool, ticket, rich_ada):
        stock_up(pool, "SEEN")
        redemptions.cancel(business=acme, redemption_id=redeem(ticket, rich_ada).pk)

        with pytest.raises(redemptions.OutOfStock):
            redeem(ticket, rich_ada)

    def test_that_is_refused_later_on_takes_no_code(self, pool, ticket, ada):
        stock_up(pool, "A")

        with pytest.raises(redemptions.ledger.InsufficientPoints):
            redeem(ticket, ada)

        assert Code.objects.filter(redemption=None).count() == 1

    @pytest.mark.breaks_the_books
    @pytest.mark.parametrize("break_it", ["DELETE FROM rewards_code", "UPDATE rewards_code SET redemption_id = NULL"])
    def test_without_its_code_is_found_by_the_books(self, pool, ticket, rich_ada, break_it):
        stock_up(pool, "A")
        redeem(ticket, rich_ada)

        with connection.cursor() as cursor:
            cursor.execute(break_it)

        assert [finding.check[:20] for finding in verification.verify()] == ["a code out of a pool"]

    def test_gives_a_code_to_one_redemption(self, pool, ticket, rich_ada):
        stock_up(pool, "A", "B")
        first = redeem(ticket, rich_ada)
        redeem(ticket, rich_ada)

        with pytest.raises(IntegrityError, match="one_code_per_redemption"), transaction.atomic():
            Code.objects.all().update(redemption=first)


def look_then_take(*, business, pool_id, redemption_id):
    """How a code is given twice: between the look and the change somebody else looks, too."""
    free = Code.objects.filter(pool_id=pool_id, redemption=None).order_by("id").first()
    if free is None:
        return None
    connection.cursor().execute("SELECT pg_sleep(0.05)")
    Code.objects.filter(pk=free.pk).update(redemption=redemption_id)
    return codes.opened(free.pk, free.sealed)


@pytest.mark.django_db(transaction=True)
class TestRoundTrips:
    def test_are_a_transaction_with_one_look_for_a_code(self, pool, ticket, rich_ada):
        stock_up(pool, *(f"C-{number}" for number in range(300)))
        redeem(ticket, rich_ada)

        with CaptureQueriesContext(connection) as queries:
            redeem(ticket, rich_ada)

        promo = [query["sql"] for query in queries]
        assert len(promo) == 8  # BEGIN and COMMIT; the reward, and whether a code is left; one each for what is done
        assert sum("laurel_spend" in sql for sql in promo) == 1
        assert sum("SKIP LOCKED" in sql for sql in promo) == 1


@pytest.mark.django_db(transaction=True)
class TestRace:
    @pytest.fixture
    def crowd(self, acme, give, pool):
        stock_up(pool, *(f"C-{number}" for number in range(SUPPLY)))
        people = [advocates.create(business=acme, email=f"guest{n}@example.com") for n in range(CROWD)]
        for person in people:
            give(person, 100)
        return people

    def storm(self, crowd, ticket):
        return at_once(CROWD, lambda number: redeem(ticket, crowd[number]))

    def test_of_fifty_for_thirty_codes_gives_thirty_different_ones(self, crowd, ticket):
        results = self.storm(crowd, ticket)

        assert Counter(type(result).__name__ for result in results) == {"Redemption": SUPPLY, "OutOfStock": 20}
        given = set(Redemption.objects.values_list("coupon_code", flat=True))
        assert given == {f"C-{number}" for number in range(SUPPLY)}

    def test_without_the_lock_gives_one_code_to_several_and_crashes(self, crowd, ticket, monkeypatch):
        monkeypatch.setattr(codes, "allocate", look_then_take)

        results = self.storm(crowd, ticket)

        assert any("one_redemption_per_coupon" in str(result) for result in results)
        assert Redemption.objects.count() < SUPPLY
