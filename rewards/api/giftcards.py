"""The Gift Card API: any system sends gift cards, and follows them to the recipient."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from loyalty.api import surfaces
from loyalty.api.paging import MOST_COUNTED, NumberedQuery, page_numbered
from loyalty.api.views import Call, OpenView, Reply, get_or_404, operation, tagged
from loyalty.kernel.errors import Code, Invalid
from loyalty.models import Business, Event
from rewards.api import gift_examples as examples
from rewards.api import gift_shapes as shapes
from rewards.api.gift_view import GiftView, account_of, guarded
from rewards.models import GiftOrder
from rewards.selectors import gift_orders as reads
from rewards.services import gift_accounts, gift_cards, gift_funds, gift_orders

TAGS = ("gift cards",)
WEEK = "max-age=604800"


class Tokens(OpenView):
    surface = surfaces.GIFT_CARDS

    @operation(
        "Get a token",
        answer=shapes.GiftTokenShape,
        headers=("Email", "AccessToken"),
        errors=(Code.UNAUTHENTICATED, Code.FORBIDDEN),
        idempotency="none",
        tags=TAGS,
        description="Keep it, and use it for all calls until ExpiresIn seconds have passed.",
    )
    def post(self, call: Call[None, None]) -> shapes.GiftTokenShape:
        said = call.request.headers
        value, seconds = gift_accounts.issue_token(
            email=said.get("Email", ""), access_token=said.get("AccessToken", "")
        )
        return shapes.GiftTokenShape(value=value, expires_in=seconds)


class Products(GiftView):
    @operation(
        "List what can be ordered",
        query=shapes.GiftPaging,
        answer=shapes.GiftProductPage,
        tags=TAGS,
        description="It changes rarely: keep it for a week, or ask with If-None-Match.",
    )
    def get(self, call: Call[None, shapes.GiftPaging]) -> Reply:
        page = _page(reads.offered(business=call.business), call, order=("key",))
        items = [shapes.GiftProductShape.of(product) for product in page.items]
        answer = shapes.GiftProductPage(items=items, total_count=page.total, **_place(call))
        return tagged(call.request, answer, **{"Cache-Control": WEEK})


class OneProduct(GiftView):
    @operation("Get a product", answer=shapes.GiftProductShape, tags=TAGS)
    def get(self, call: Call[None, None], product_key: str) -> Reply:
        product = get_or_404(reads.offered(business=call.business), noun="product", key=product_key)
        return tagged(call.request, shapes.GiftProductShape.of(product), **{"Cache-Control": WEEK})


class ShippingMethods(GiftView):
    @operation("List the ways to ship", answer=shapes.GiftShippingMethods, tags=TAGS)
    def get(self, call: Call[None, None]) -> shapes.GiftShippingMethods:
        rows = reads.shipping(business=call.business)
        return shapes.GiftShippingMethods(items=[shapes.GiftShippingShape.of(row) for row in rows])


class Balance(GiftView):
    @operation("Get the deposit's balance", answer=shapes.GiftBalanceShape, tags=TAGS)
    def get(self, call: Call[None, None]) -> shapes.GiftBalanceShape:
        pending = reads.pending_minor(business=call.business)
        return shapes.GiftBalanceShape.of(gift_funds.funds_of(call.business), pending_minor=pending)


class Orders(GiftView):
    max_body = 5_000_000

    @operation("List orders, newest first", query=shapes.ListGiftOrders, answer=shapes.GiftOrderPage, tags=TAGS)
    def get(self, call: Call[None, shapes.ListGiftOrders]) -> shapes.GiftOrderPage:
        asked = call.query
        rows = reads.orders_of(
            business=call.business,
            account_id=account_of(call),
            po_number=asked.po_number,
            status=asked.status,
            start=asked.from_,
            end=asked.to,
        )
        page = _page(rows, call, order=("-created_at", "-id"))
        items = _shown(call, page.items, with_cards=False)
        return shapes.GiftOrderPage(items=items, total_count=page.total, **_place(call))

    @operation(
        "Order gift cards",
        body=shapes.NewGiftOrder,
        answer=shapes.GiftOrderShape,
        status=201,
        errors=(Code.NOT_FOUND, Code.DUPLICATE_PO_NUMBER, Code.INSUFFICIENT_FUNDS, Code.OUT_OF_STOCK),
        example=examples.NEW_ORDER,
        tags=TAGS,
        description=(
            "All of it, or nothing. PONumber is used once: the same one again answers 409 with the first order's Id, "
            "so that a retry is safe. More than 10 cards are made by a worker, and the order is Pending until then."
        ),
    )
    def post(self, call: Call[shapes.NewGiftOrder, None]) -> shapes.GiftOrderShape:
        body = call.body
        placed = gift_orders.place(
            business=call.business,
            account_id=account_of(call),
            type=body.type,
            po_number=body.po_number,
            asked=[line.asked() for line in body.line_items],
            note=body.note,
            callback_url=(body.webhook_settings and body.webhook_settings.fulfillment_complete) or "",
        )
        return _shape(placed.order, reads.lines_with(placed.cards, placed.lines))


class OneOrder(GiftView):
    @operation("Get an order, with every card", answer=shapes.GiftOrderShape, tags=TAGS)
    def get(self, call: Call[None, None], order_id: UUID) -> shapes.GiftOrderShape:
        return _one(call, order_id)


class Cancel(GiftView):
    @operation(
        "Cancel an order",
        answer=shapes.GiftOrderShape,
        errors=(Code.CONFLICT,),
        tags=TAGS,
        description="As long as no card has left. Its price is back at once.",
    )
    def post(self, call: Call[None, None], order_id: UUID) -> shapes.GiftOrderShape:
        _one_row(call, order_id)
        gift_orders.cancel(business=call.business, order_id=order_id)
        return _one(call, order_id)


class Resend(GiftView):
    @operation(
        "Send a card once more",
        answer=shapes.GiftOrderShape,
        errors=(Code.CONFLICT,),
        tags=TAGS,
        description="To the recipient that it was ordered for.",
    )
    def post(self, call: Call[None, None], order_id: UUID, card_id: UUID) -> shapes.GiftOrderShape:
        _one_row(call, order_id)
        gift_cards.resend(business=call.business, order_id=order_id, card_id=card_id)
        return _one(call, order_id)


class CardBalance(GiftView):
    is_guessable = True

    @operation(
        "Look up what is left on a card",
        body=shapes.GiftCardLookUp,
        answer=shapes.GiftLeftShape,
        errors=(Code.NOT_FOUND,),
        example={"Code": examples.CODE},
        idempotency="none",
        tags=TAGS,
        description="One answer for a code that is unknown, used up, or not of this business.",
    )
    def post(self, call: Call[shapes.GiftCardLookUp, None]) -> shapes.GiftLeftShape:
        with guarded(call):
            return shapes.GiftLeftShape.of(gift_cards.balance(business=call.business, code=call.body.code))


class CardRedeem(GiftView):
    is_guessable = True

    @operation(
        "Redeem a card, or a part of it",
        body=shapes.GiftCardRedeem,
        answer=shapes.GiftLeftShape,
        errors=(Code.NOT_FOUND, Code.INSUFFICIENT_FUNDS),
        example={"Code": examples.CODE, "Amount": "7.50", "Reference": "till-3/4711"},
        tags=TAGS,
        description="Answers what is left. Send an Idempotency-Key, so that a retry takes nothing twice.",
    )
    def post(self, call: Call[shapes.GiftCardRedeem, None]) -> shapes.GiftLeftShape:
        body = call.body
        with guarded(call):
            left = gift_cards.redeem(
                business=call.business, code=body.code, amount=body.amount, reference=body.reference
            )
        return shapes.GiftLeftShape.of(left)


def reply(business: Business, event: Event) -> bytes:
    """What FulfillmentComplete is told: the order as `GET /v1/Orders/{Id}` has it."""
    order = GiftOrder.objects.for_business(business).get(pk=event.facts["id"])
    lines = reads.lines_of(business=business, orders=[order], with_cards=True)
    return msgspec.json.encode(_shape(order, lines[order.pk]))


def _one_row(call: Call[Any, Any], order_id: UUID) -> GiftOrder:
    """The account's order: to others of the business it does not exist either."""
    rows = reads.orders_of(business=call.business, account_id=account_of(call))
    return get_or_404(rows, noun="order", pk=order_id)


def _one(call: Call[Any, Any], order_id: UUID) -> shapes.GiftOrderShape:
    return _shown(call, [_one_row(call, order_id)], with_cards=True)[0]


def _shown(call: Call[Any, Any], orders: Any, *, with_cards: bool) -> list[shapes.GiftOrderShape]:
    lines = reads.lines_of(business=call.business, orders=orders, with_cards=with_cards)
    return [_shape(order, lines[order.pk]) for order in orders]


def _shape(order: GiftOrder, lines: Sequence[reads.LineFound]) -> shapes.GiftOrderShape:
    return shapes.GiftOrderShape.of(order, [_line(order, found) for found in lines])


def _line(order: GiftOrder, found: reads.LineFound) -> shapes.GiftLineShape:
    cards = None if found.cards is None else [shapes.GiftCardShape.of(card, type=order.type) for card in found.cards]
    status = gift_orders.line_outcome(order, found.line, found.counts)
    return shapes.GiftLineShape.of(found.line, currency=order.currency, status=status, cards=cards)


def _page(rows: Any, call: Call[None, Any], *, order: tuple[str, ...]) -> Any:
    asked = call.query
    if (asked.page_index + 1) * asked.page_size > MOST_COUNTED:
        raise Invalid(f"Pages end at {MOST_COUNTED:,} rows. Narrow the list down.", field="pageIndex")
    query = NumberedQuery(page=asked.page_index + 1, limit=asked.page_size)
    return page_numbered(rows, query, business=call.business, order=order)


def _place(call: Call[None, Any]) -> dict[str, int]:
    return {"page_index": call.query.page_index, "page_size": call.query.page_size}
