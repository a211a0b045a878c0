"""docs/developers/examples/discounts.py receives what somebody redeems, makes the discount, and acknowledges it."""

import runpy
import threading
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from loyalty.kernel import clock
from rewards.models import Redemption
from rewards.services import steps

FILE = Path(__file__).resolve().parents[2] / "docs/developers/examples/discounts.py"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(FILE))


@pytest.fixture
def redeemed(api, ada, give):
    """Ada has redeemed 5.00 off, which waits for the shop."""
    give(ada, 500)
    off = {"name": "5 off", "type": "amount_discount", "value": "5.00", "currency": "EUR", "pointsCost": 100}
    reward = api.post("/rewards", off | {"acknowledgement": "required"}).json()["reward"]
    answer = api.post(f"/rewards/{reward['id']}/redeem", {"advocateId": str(ada.pk)})
    return answer.json()["redemption"]


@pytest.fixture
def shop(example, api, live_server, subscribe, consumer):
    """The example, listening; its address and secret are those of an endpoint."""
    shop = example["Shop"]()
    key = api.headers["Authorization"].removeprefix("Bearer ")
    laurel = example["Laurel"](live_server.url, key)
    endpoint = subscribe(topics=["points/redeemed"], url="http://127.0.0.1:9/")
    server = example["server"](secret=vars(endpoint)["secret"], shop=shop, laurel=laurel, port=0)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/"
    endpoint.save(update_fields=["url"])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield shop, endpoint
    server.shutdown()
    server.server_close()


class TestTheReceiver:
    def test_makes_the_discount_and_acknowledges_it(self, shop, redeemed, deliver):
        assert redeemed["status"] == "pending_acknowledgement"

        deliver()

        code = Redemption.objects.get().coupon_code
        assert shop[0].discounts == {code: {"kind": "amount_discount", "value": "5.00", "currency": "EUR"}}
        assert Redemption.objects.get().status == "issued"

    def test_does_so_once_however_often_it_is_told(self, api, shop, redeemed, deliver):
        deliver()
        api.post(f"/webhooks/{shop[1].pk}/replay", {"from": "2026-01-01T00:00:00Z"})
        deliver()

        assert len(shop[0].discounts) == 1
        (delivery,) = api.get(f"/webhooks/{shop[1].pk}/deliveries").json()["deliveries"]
        assert [each["status"] for each in delivery["attempts"]] == [204, 204]

    def test_refuses_what_is_not_signed(self, shop):
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(shop[1].url, data=b"{}", method="POST"), timeout=5)

        assert (refused.value.code, shop[0].discounts) == (400, {})

    def test_leaves_the_points_to_return_if_it_is_away(self, acme, ada, redeemed):
        with clock.moved_to(clock.wall() + timedelta(hours=25)):
            assert steps.cancel_overdue() == 1

        assert Redemption.objects.get().status == "cancelled"
