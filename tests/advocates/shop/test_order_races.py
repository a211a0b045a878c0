"""Many calls about one order at once: it earns once, and gives back once."""

import pytest
from django.db import connection

from advocates.models import Order, OrderLine
from advocates.services import till
from loyalty.models import Account
from tests import cast
from tests.advocates.shop.conftest import balance, moves, order, rule
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def unlocked(monkeypatch):
    """The control: nobody waits for anybody."""

    def look(*, business, account_ids):
        rows = Account.objects.for_business(business).select_related("business").filter(pk__in=account_ids)
        found = list(rows)
        return {account.pk: account for account in found}, found[0].business

    monkeypatch.setattr(till.accounts, "lock_with_business", look)


@pytest.fixture
def uncounted(unlocked):
    """And nothing says that there is one order of an id."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE advocates_order DROP CONSTRAINT one_order_per_external_id")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE advocates_order CASCADE")
        cursor.execute(
            "ALTER TABLE advocates_order ADD CONSTRAINT one_order_per_external_id UNIQUE (business_id, external_id)"
        )


def statuses(results):
    assert errors(results) == []
    return sorted(result.status_code for result in results)


class TestTheSameOrder:
    def test_twenty_times_at_once_earns_once(self, acme, api, ada):
        rule(acme)

        results = at_once(20, lambda _: api.post("/orders", order()))

        assert statuses(results) == [200] * 19 + [201]
        assert sorted(result.json()["pointsAwarded"] for result in results) == [0] * 19 + [250]
        assert len({str(result.json()["breakdown"]) for result in results}) == 1
        assert moves(ada) == [("earn", 250)]

    @pytest.mark.breaks_the_books
    @pytest.mark.usefixtures("uncounted")
    def test_would_earn_more_than_once_if_nothing_stood_in_the_way(self, acme, ada):
        """The control."""
        rule(acme)
        client = cast.client_of(acme)

        for attempt in range(5):
            at_once(8, lambda _, id=f"c-{attempt}": client.post("/orders", order(id)))
            if balance(ada) > 250 * (attempt + 1):
                return
        pytest.fail("every order earned once")

    def test_of_somebody_new_lets_them_join_once(self, acme, api):
        rule(acme)
        who = {"externalId": "new-1", "email": "new@example.com"}

        results = at_once(8, lambda n: api.post("/orders", order(str(n), customer=who)))

        assert statuses(results) == [201] * 8
        assert Account.objects.get(external_id="new-1").order_count == 8

    def test_paid_by_ten_calls_earns_once(self, acme, api, ada):
        rule(acme)
        api.post("/orders", order(status="pending"))

        results = at_once(10, lambda _: api.patch("/orders/1001", {"financialStatus": "paid"}))

        assert statuses(results) == [200] * 10
        assert moves(ada) == [("earn", 250)]

    def test_paid_by_ten_tellings_of_it_earns_once(self, acme, api, ada):
        rule(acme)
        api.post("/orders", order(status="pending"))

        results = at_once(10, lambda _: api.post("/orders", order()))

        assert statuses(results) == [200] * 10
        assert moves(ada) == [("earn", 250)]


class TestRefundsBesideRefunds:
    def refund(self, client, number):
        return client.patch("/orders/1001", {"refunds": [{"id": f"r-{number}", "amount": "6.00"}]})

    def test_never_give_back_more_than_was_paid(self, acme, api, ada):
        rule(acme)
        api.post("/orders", order())

        results = at_once(12, lambda number: self.refund(api, number))

        assert statuses(results) == [200] * 8 + [400] * 4  # 8 times 6.00 of 50.00
        assert (Order.objects.get().refunded_minor, balance(ada)) == (4800, 10)

    def test_of_the_same_pieces_count_once(self, acme, api, ada):
        rule(acme)
        api.post("/orders", order())
        said = {"refunds": [{"id": "r-1", "lines": [{"lineId": "beans"}]}]}

        results = at_once(10, lambda _: api.patch("/orders/1001", said))

        assert statuses(results) == [200] * 10
        assert moves(ada) == [("earn", 250), ("reverse", -100)]
        assert OrderLine.objects.get(external_id="beans").refunded_quantity == 1

    @pytest.mark.breaks_the_books
    @pytest.mark.usefixtures("unlocked")
    def test_would_lose_some_without_the_lock(self, acme, ada):
        """The control."""
        rule(acme)
        client = cast.client_of(acme)

        for attempt in range(5):
            id = f"c-{attempt}"
            client.post("/orders", order(id))
            said = [{"refunds": [{"id": f"r-{n}", "amount": "6.00"}]} for n in range(8)]
            results = at_once(8, lambda n, id=id, said=said: client.patch(f"/orders/{id}", said[n]))
            if errors(results) or Order.objects.get(external_id=id).refunded_minor != 4800:
                return
        pytest.fail("nothing was lost without the lock")
