"""What a call asks of the database: an order of one card, whatever way it goes and wherever its code comes from."""

import pytest

from tests.rewards.gifts.conftest import body, line, links
from tests.rewards.gifts.test_orders import EXAMPLE, post

pytestmark = pytest.mark.django_db

ORDERS = {
    "by e-mail": EXAMPLE,
    "by text message": body(line(DigitalDeliveryAddress={"Sms": "+4915112345678"})),
    "as a link": links(),
    "by post": post(),
    "of uploaded codes": body(line(ProductId="CINEMA", Value=25)),
    "of a remote provider": body(line(ProductId="BOOKS")),
}


@pytest.mark.usefixtures("vault", "books")
class TestAnOrderOfOneCard:
    @pytest.mark.parametrize("asked", ORDERS.values(), ids=ORDERS)
    def test_costs_at_most_ten_statements(self, gifts, asked, django_assert_max_num_queries):
        with django_assert_max_num_queries(10):
            assert gifts.post("/Orders", asked).status_code == 201
