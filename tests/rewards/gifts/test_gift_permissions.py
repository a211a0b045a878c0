"""Who may call the Gift Card API: every route, every actor."""

import pytest

from loyalty.services import keys
from rewards.models import GiftCard
from rewards.services import gift_accounts
from tests import cast
from tests.rewards.gifts.conftest import body, client_of, open_gifts

pytestmark = pytest.mark.django_db

OWN, SHARED = "own", "shared"
EXPECTED = {
    # One order: to others it does not exist, to other accounts of the business neither.
    OWN: {"nobody": 401, "secret key": 403, "rival": 404, "colleague": 404, "sandbox": 404, "owner": "ok"},
    SHARED: {"nobody": 401, "secret key": 403, "rival": "ok", "colleague": "ok", "sandbox": "ok", "owner": "ok"},
}
ROUTES = [
    ("GET", "/Products", SHARED),
    ("GET", "/Products/STORE-CARD", SHARED),
    ("GET", "/ShippingMethods", SHARED),
    ("GET", "/Balance", SHARED),
    ("GET", "/Orders", SHARED),
    ("POST", "/Orders", SHARED),
    ("GET", "/Orders/{order}", OWN),
    ("POST", "/Orders/{order}/Cancel", OWN),
    ("POST", "/Orders/{order}/Cards/{card}/Resend", OWN),
    ("POST", "/Cards/Balance", SHARED),
    ("POST", "/Cards/Redeem", SHARED),
]


@pytest.fixture
def actors(acme, rival, gifts):
    _, text = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="k")
    return {
        "nobody": cast.ApiClient(base="/v1"),
        "secret key": cast.ApiClient({"Authorization": f"Bearer {text}"}, base="/v1"),
        "rival": open_gifts(rival),
        "colleague": client_of(*gift_accounts.open_account(business=acme, email="other@acme.example")),
        "sandbox": open_gifts(acme.sandbox),
        "owner": gifts,
    }


@pytest.mark.parametrize(("method", "route", "rule"), ROUTES, ids=[f"{m} {r}" for m, r, _ in ROUTES])
def test_the_table_holds(actors, gifts, method, route, rule):
    order = gifts.post("/Orders", body()).json()["Id"]
    path = route.format(order=order, card=GiftCard.objects.get().pk)

    answers = {}
    for actor in EXPECTED[rule]:
        response = getattr(actors[actor], method.lower())(path)
        answers[actor] = "ok" if response.status_code in (200, 400, 409) else response.status_code

    assert answers == EXPECTED[rule]


def test_a_gift_token_opens_nothing_else(gifts):
    assert cast.ApiClient(gifts.headers).get("/me").status_code == 401
