"""Somebody joins just after they were looked for: they are found, not refused."""

from functools import partial

import pytest

from advocates.models import Advocate
from advocates.services import address_book, advocates, buyers, customers
from advocates.services.customers import Told
from loyalty.services import merges
from tests import cast
from tests.advocates.shop.conftest import balance, order, rule
from tests.races import just_after

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"externalId": "new-1", "email": "new@example.com"}


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen once, just after a module has looked in the register for who is known."""

    return lambda module, name, happens: just_after(monkeypatch, module.identity, name, happens)


@pytest.mark.parametrize("look", ["by_external_ids", "by_emails"])
class TestAnOrder:
    def test_of_somebody_who_joins_meanwhile_is_theirs(self, acme, api, meanwhile, look):
        rule(acme)
        other = cast.client_of(acme)
        meanwhile(buyers, look, lambda: other.post("/orders", order("1", customer=NEW)))

        assert api.post("/orders", order("2", customer=NEW)).status_code == 201
        assert balance(Advocate.objects.get()) == 500

    def test_in_a_batch_is_theirs_too(self, acme, api, meanwhile, look):
        rule(acme)
        other = cast.client_of(acme)
        meanwhile(buyers, look, lambda: other.post("/orders", order("1", customer={"email": NEW["email"]})))

        answer = api.post("/orders/batch", {"items": [order("2", customer=NEW), order("3", who="ada-1")]})

        assert [result["status"] for result in answer.json()["results"]] == [201, 201]
        assert balance(Advocate.objects.get(external_id="new-1")) == 500

    def test_is_theirs_whoever_of_two_customers_gets_the_address(self, acme, api, meanwhile, look):
        rule(acme)
        api.post("/advocates", {"email": NEW["email"]})
        other = cast.client_of(acme)
        meanwhile(buyers, look, lambda: other.post("/orders", order("1", customer={**NEW, "externalId": "new-2"})))

        assert api.post("/orders", order("2", customer=NEW)).status_code == 201
        first, second = (Advocate.objects.get(external_id=name) for name in ("new-2", "new-1"))
        assert (first.email, second.email) == (NEW["email"], None)
        assert (balance(first), balance(second)) == (250, 250)


class TestACustomer:
    @pytest.mark.parametrize("look", ["by_external_ids", "by_emails"])
    def test_of_a_batch_who_joins_meanwhile_is_changed(self, acme, api, meanwhile, look):
        other = cast.client_of(acme)
        meanwhile(address_book, look, lambda: other.put("/customers/new-1", {"email": NEW["email"]}))

        answer = api.post("/customers/batch", {"items": [{**NEW, "name": "New"}, {"externalId": "new-2"}]})

        assert [result["status"] for result in answer.json()["results"]] == [200, 201]
        assert Advocate.objects.get(external_id="new-1").name == "New"

    def test_keeps_the_id_that_they_get_meanwhile(self, acme, api, meanwhile):
        api.post("/advocates", {"email": NEW["email"]})
        told = Told(external_id="new-2", details={"email": NEW["email"]})
        meanwhile(advocates, "by_email", lambda: customers.put(business=acme, told=told))

        assert api.put("/customers/new-1", {"email": NEW["email"]}).status_code == 409
        assert Advocate.objects.get().external_id == "new-2"

    @pytest.mark.parametrize("path", ["/customers/new-1", "/integration/user/new-1"])
    def test_who_joins_and_gets_the_id_by_two_others_is_changed(self, acme, integration_api, path, meanwhile):
        def joins():
            meanwhile(advocates, "by_email", gets_id)
            advocates.create(business=acme, email=NEW["email"])

        def gets_id():
            advocates.find_or_create_by_external_id(business=acme, external_id="new-1", email=NEW["email"])

        meanwhile(advocates, "by_email", joins)
        client = integration_api if "user" in path else cast.client_of(acme)

        assert client.put(path, {"email": NEW["email"], "name": "New"}).status_code == 200
        assert Advocate.objects.get().name == "New"

    def test_who_is_merged_meanwhile_is_changed_as_whom_they_are(self, acme, integration_api, ada, bob, monkeypatch):
        merge = partial(merges.merge, business=acme, source_id=ada.pk, target_id=bob.pk)
        just_after(monkeypatch, advocates, "find_or_create_by_external_id", merge)

        assert integration_api.put("/integration/user/ada-1", {"name": "Both"}).status_code == 200
        assert Advocate.objects.get(pk=bob.pk).name == "Both"
