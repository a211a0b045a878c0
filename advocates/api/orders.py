"""The Platform API: a shop's orders, which earn points and give them back."""

from advocates.api.order_shapes import ChangedOrder, OneOrder, OrderBody, OrderChanged, OrderTaken, ToldOrder
from advocates.selectors import orders as reads
from advocates.services import orders
from loyalty.api.views import Call, KeyView, Reply, operation
from loyalty.kernel import clock
from loyalty.kernel.errors import Code

EXAMPLE = {
    "id": "1001",
    "number": "#1001",
    "customer": {"externalId": "customer-1815", "email": "ada@example.com"},
    "currency": "EUR",
    "subtotal": "42.00",
    "shippingTotal": "4.90",
    "total": "46.90",
    "financialStatus": "paid",
    "lines": [{"id": "1", "productId": "beans", "quantity": 2, "price": "21.00"}],
}


class Orders(KeyView):
    @operation(
        "Tell of an order",
        body=OrderBody,
        answer=OrderTaken,
        status=201,
        other_status=200,
        errors=(Code.NOT_FOUND, Code.CONFLICT, Code.LIMIT_REACHED),
        example=EXAMPLE,
        description="It earns once in its life: when it first reaches a financialStatus that the programme counts. "
        "The same id and body again answers 200 and awards nothing; another body moves the status on. Whoever is not "
        "known joins. What does not add up is accepted, and stands in flags.",
    )
    def post(self, call: Call[OrderBody, None]) -> Reply:
        basket = call.body.basket(currency=call.business.currency, now=clock.now(call.business))
        outcome = orders.take_one(business=call.business, basket=basket)
        return Reply(OrderTaken.of(outcome), status=201 if outcome.is_new else 200)


class OneOrderView(KeyView):
    @operation("Read an order, and what became of its points", answer=OneOrder)
    def get(self, call: Call[None, None], order_id: str) -> OneOrder:
        return OneOrder(order=ToldOrder.of_story(reads.story(business=call.business, order_id=order_id)))

    @operation(
        "Change an order's status, or tell of refunds",
        body=ChangedOrder,
        answer=OrderChanged,
        errors=(Code.NOT_FOUND, Code.CONFLICT, Code.LIMIT_REACHED),
        example={"refunds": [{"id": "r-1", "amount": "21.00", "lines": [{"lineId": "1", "quantity": 1}]}]},
        description="The status only goes forward, so that late calls change nothing. A refund whose id is known "
        "changes nothing; one of more than was paid is refused. Points go back in proportion to what was refunded of "
        "what they were given for; the last refund takes the rest.",
    )
    def patch(self, call: Call[ChangedOrder, None], order_id: str) -> OrderChanged:
        currency = reads.currency_of(business=call.business, order_id=order_id)
        told = [refund.told(currency, f"refunds.{number}") for number, refund in enumerate(call.body.refunds)]
        outcome = orders.change(
            business=call.business, order_id=order_id, status=call.body.financial_status, refunds=told
        )
        return OrderChanged.of(outcome)
