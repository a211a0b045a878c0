"""POST /orders/batch, /customers/batch and /products/batch: each item on its own, all by the set."""

from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Advocate, CollectionProduct, Order, Product
from advocates.services import product_batches
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Terms
from tests import cast
from tests.advocates.shop.conftest import balance, moves, order
from tests.races import just_after
from tests.statements import count as statements_of

pytestmark = pytest.mark.django_db


def statuses(answer):
    assert answer.status_code == 200
    return [result["status"] for result in answer.json()["results"]]


def statements(api, path, items):
    with CaptureQueriesContext(connection) as asked:
        answer = api.post(path, {"items": items})
    assert answer.json()["failed"] == 0
    return statements_of(asked)


class TestOrders:
    def test_are_each_answered_as_by_themselves(self, api, ada, bob, purchases):
        sent = [order(), order("1002", who="bob-1"), order(total="-1"), {"id": "1003"}, order(), order(who="bob-1")]
        answer = api.post("/orders/batch", {"items": sent})

        assert statuses(answer) == [201, 201, 400, 400, 200, 409]
        results = answer.json()["results"]
        assert [result["pointsAwarded"] for result in results] == [250, 250, 0, 0, 0, 0]
        assert results[2]["error"]["field"] == "total"
        assert (answer.json()["succeeded"], answer.json()["failed"]) == (3, 3)
        assert (moves(ada), balance(bob)) == ([("earn", 250)], 250)

    def test_go_through_their_statuses_in_the_order_sent(self, api, ada, purchases):
        sent = [order(status=status) for status in ("pending", "paid", "voided")]

        assert statuses(api.post("/orders/batch", {"items": sent})) == [201, 200, 200]
        assert (Order.objects.get().status, balance(ada)) == ("voided", 0)

    def test_let_their_customers_join_once(self, api, purchases):
        who = {"externalId": "new-1", "email": "new@example.com"}

        api.post("/orders/batch", {"items": [order(str(n), customer=who) for n in range(3)]})

        assert balance(Advocate.objects.get()) == 750

    def test_let_those_join_who_would_one_after_the_other(self, api, purchases):
        """Whoever has an address keeps it; of whom the shop knew the address alone, it may tell the id later."""
        mail = {"email": "new@example.com"}
        buyers = [
            *(mail, {"externalId": "new-1", **mail}, {"externalId": "new-2", **mail}, {"email": "NEW@example.com"}),
            *({"externalId": "a@example.com"}, {"email": "a@example.com"}, {"externalId": "a@example.com"}),
        ]
        sent = [order(str(number), customer=who) for number, who in enumerate(buyers)]

        assert statuses(api.post("/orders/batch", {"items": sent})) == [201] * 7
        people = Advocate.objects.order_by("external_id", "email")
        assert [(person.external_id, person.email, balance(person)) for person in people] == [
            ("a@example.com", None, 500),
            ("new-1", "new@example.com", 750),
            ("new-2", None, 250),
            (None, "a@example.com", 250),
        ]

    def test_ask_no_more_for_more_of_them(self, api, acme, purchases):
        def items(start, count):
            return [order(f"{start}-{n}", customer={"externalId": f"c-{start}-{n}"}) for n in range(count)]

        statements(api, "/orders/batch", items("warm", 2))

        assert statements(api, "/orders/batch", items("many", 20)) == statements(api, "/orders/batch", items("few", 2))

    def test_are_taken_back_by_the_batch(self, api, ada, purchases):
        batch = api.post("/orders/batch", {"items": [order(), order("1002")]}).json()

        assert api.post(f"/batch/{batch['batchId']}/undo").json()["succeeded"] == 2
        assert balance(ada) == 0
        assert api.patch("/orders/1001", {"financialStatus": "refunded"}).json()["pointsReversed"] == 0


class TestCustomers:
    def test_are_each_answered_as_by_themselves(self, api, acme, ada, bob):
        earn_rules.create(business=acme, title="Hello", key="hi", terms=Terms(trigger="signup", earn=Earn(points=50)))
        api.post("/advocates", {"email": "guest@example.com"})
        sent = [
            {"externalId": "ada-1", "phone": "+4930123456"},
            {"externalId": "new-1", "email": "new@example.com"},
            {"externalId": "old-1", "createdAt": "2019-01-01T00:00:00Z"},
            {"externalId": "bob-1", "email": "ada@example.com"},
            {"externalId": "guest-1", "email": "guest@example.com"},
            {"externalId": "x", "birthdayMonth": 2, "birthdayDay": 30},
            {"externalId": "new-1"},
            {"email": "nobody@example.com"},
        ]
        answer = api.post("/customers/batch", {"items": sent})

        assert statuses(answer) == [200, 201, 201, 409, 200, 400, 409, 400]
        made = [result["customer"] and result["customer"]["pointBalance"] for result in answer.json()["results"]]
        assert made == [0, 50, 0, None, 50, None, None, None]
        assert Advocate.objects.get(external_id="ada-1").phone == "+4930123456"
        assert Advocate.objects.get(external_id="bob-1").email == "bob@example.com"

    def test_may_take_an_address_that_an_earlier_one_gives_up(self, api, ada):
        ada_now, newcomer = {"email": "king@example.com"}, {"email": "ada@example.com"}
        sent = [{"externalId": "ada-1", **ada_now}, {"externalId": "new-1", **newcomer}]

        assert statuses(api.post("/customers/batch", {"items": sent})) == [200, 201]

    def test_ask_no_more_for_more_of_them(self, api, acme):
        def items(start, count, **more):
            return [{"externalId": f"{start}-{n}", "email": f"{start}-{n}@x.example", **more} for n in range(count)]

        statements(api, "/customers/batch", items("warm", 2))
        few = statements(api, "/customers/batch", items("few", 2))
        assert statements(api, "/customers/batch", items("many", 20)) == few

        few = statements(api, "/customers/batch", items("few", 2, name="Anew"))
        assert statements(api, "/customers/batch", items("many", 20, name="Anew")) == few

    def test_are_erased_when_the_batch_is_taken_back(self, api, ada):
        sent = [{"externalId": "ada-1", "name": "Ada King"}, {"externalId": "new-1"}]
        batch = api.post("/customers/batch", {"items": sent}).json()

        api.post(f"/batch/{batch['batchId']}/undo")

        assert api.get("/customers/new-1").status_code == 404
        assert api.get("/customers/ada-1").json()["customer"]["name"] == "Ada King"


class TestProducts:
    def test_are_each_answered_as_by_themselves(self, api):
        api.put("/products/mug", {"title": "Mug"})
        sent = [
            {"id": "mug", "title": "Big mug", "collectionIds": ["gear"]},
            {"id": "beans", "title": "Beans", "price": "20.00"},
            {"id": "beans", "title": "Fresh beans"},
            {"id": "tea", "title": "Tea", "price": "-1"},
            {"title": "Nameless"},
        ]

        answer = api.post("/products/batch", {"items": sent})

        assert statuses(answer) == [200, 201, 201, 400, 400]
        assert answer.json()["results"][0]["product"]["collectionIds"] == ["gear"]
        assert sorted(Product.objects.values_list("title", flat=True)) == ["Big mug", "Fresh beans"]

    @pytest.mark.django_db(transaction=True)
    def test_are_what_the_shop_told_in_the_same_moment_when_it_is_taken_back(self, acme, api, monkeypatch):
        tell = partial(cast.client_of(acme).put, "/products/mug", {"title": "Mug"})
        just_after(monkeypatch, product_batches, "_described", tell)
        answer = api.post("/products/batch", {"items": [{"id": "mug", "title": "Big mug"}]})

        api.post(f"/batch/{answer.json()['batchId']}/undo")

        assert (statuses(answer), Product.objects.get().title) == ([200], "Mug")

    def test_are_what_they_were_when_the_batch_is_taken_back(self, api):
        mug = {"title": "Mug", "price": "9.00", "currency": "EUR", "collectionIds": ["gear"]}
        api.put("/products/mug", mug)
        api.put("/products/tin", {"title": "Tin"})
        was = api.get("/products/mug").json()["product"]
        sent = [
            {"id": "mug", "title": "Big mug", "collectionIds": ["sale"]},
            {"id": "beans", "title": "Beans", "collectionIds": ["sale"]},
            {"id": "beans", "title": "Fresh beans"},
            {"id": "tin", "title": "Big tin"},
            {"id": "tea", "title": "Tea", "price": "-1"},
            {"id": "cup", "title": "Cup"},
        ]
        batch = api.post("/products/batch", {"items": sent}).json()
        api.put("/products/tin", {"title": "Blue tin"})
        api.delete("/products/cup")

        undone, again = (api.post(f"/batch/{batch['batchId']}/undo") for _ in range(2))

        assert statuses(undone) == [200, 200, 200, 409, 200, 409]
        assert (undone.json()["succeeded"], again.json()["failed"]) == (4, 0)
        back = api.get("/products/mug").json()["product"]
        assert back | {"updatedAt": ""} == was | {"updatedAt": ""}
        assert sorted(Product.objects.values_list("title", flat=True)) == ["Blue tin", "Mug"]
        assert list(CollectionProduct.objects.values_list("collection_external_id", flat=True)) == ["gear"]

    def test_ask_no_more_for_more_of_them(self, api):
        def items(count):
            return [{"id": f"p-{n}", "title": "P", "collectionIds": ["all"]} for n in range(count)]

        api.get("/me")
        assert statements(api, "/products/batch", items(2)) == statements(api, "/products/batch", items(30))
