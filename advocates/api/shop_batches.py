"""Batches of the Platform API: up to a thousand customers, orders or products in one call, each on its own."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from advocates.api import customers as one_customer
from advocates.api import examples
from advocates.api import orders as one_order
from advocates.api.batches import MAX_BATCH, BatchAnswer, BatchBody, ItemError, ItemResult
from advocates.api.customer_shapes import CustomerShape, NamedCustomer
from advocates.api.order_shapes import OrderBody, OrderShape, RuleSaid, ShopId, breakdown
from advocates.api.products import ProductBody, ProductShape, shapes_of
from advocates.models import Advocate
from advocates.selectors import profiles
from advocates.services import customers, orders, product_batches, products
from advocates.services.customers import Put
from advocates.services.orders import Outcome
from loyalty.api.parsing import to_struct
from loyalty.api.views import Call, KeyView, operation
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.models import Business

Made = TypeVar("Made")


class CustomerItem(ItemResult):
    example = examples.JOINED_ITEM

    customer: CustomerShape | None


class CustomerBatch(BatchAnswer):
    results: list[CustomerItem]


class OrderItem(ItemResult):
    example = examples.JOINED_ITEM | {"pointsAwarded": 210}

    order: OrderShape | None
    points_awarded: int
    breakdown: list[RuleSaid]

    @classmethod
    def of(cls, index: int, result: Outcome | DomainError) -> "OrderItem":
        if isinstance(result, DomainError):
            status, error = result.code.status, ItemError.of(result)
            return cls(index=index, status=status, error=error, order=None, points_awarded=0, breakdown=[])
        return cls(
            index=index,
            status=201 if result.is_new else 200,
            error=None,
            order=OrderShape.of(result.order, result.lines),
            points_awarded=result.points_awarded,
            breakdown=breakdown(result.order),
        )


class OrderBatch(BatchAnswer):
    results: list[OrderItem]


class ProductItemBody(ProductBody, kw_only=True):
    id: ShopId


class ProductItem(ItemResult):
    example = examples.JOINED_ITEM

    product: ProductShape | None


class ProductBatch(BatchAnswer):
    results: list[ProductItem]


class Customers(KeyView):
    max_body = MAX_BATCH

    @operation(
        "Create or change up to 1,000 customers",
        body=BatchBody,
        answer=CustomerBatch,
        example={"items": [{"externalId": "4711", **one_customer.EXAMPLE}]},
        description="An item says what PUT /customers takes. A refused item spoils no other. Undoing the batch erases "
        "those who joined by it.",
    )
    def post(self, call: Call[BatchBody, None]) -> CustomerBatch:
        told = _read(call.body.items, lambda item: _customer(to_struct(item, NamedCustomer)))
        done = customers.put_all(business=call.business, told=told, author=call.caller.key_name)
        results = _customers(call.business, done.results)
        return CustomerBatch(batch_id=done.batch.pk, results=results, **_counts(results))


class Orders(KeyView):
    max_body = MAX_BATCH

    @operation(
        "Tell of up to 1,000 orders",
        body=BatchBody,
        answer=OrderBatch,
        example={"items": [one_order.EXAMPLE]},
        description="An item says what POST /orders takes. They are taken in the order sent; a refused item spoils no "
        "other. Undoing the batch takes back what the orders earned; they stay.",
    )
    def post(self, call: Call[BatchBody, None]) -> OrderBatch:
        currency, now = call.business.currency, clock.now(call.business)
        baskets = _read(call.body.items, lambda item: to_struct(item, OrderBody).basket(currency=currency, now=now))
        done = orders.take_batch(business=call.business, baskets=baskets, author=call.caller.key_name)
        results = [OrderItem.of(index, result) for index, result in enumerate(done.results)]
        return OrderBatch(batch_id=done.batch.pk, results=results, **_counts(results))


class Products(KeyView):
    max_body = MAX_BATCH

    @operation(
        "Create or change up to 1,000 products",
        body=BatchBody,
        answer=ProductBatch,
        example={"items": [{"id": "beans", "title": "Espresso beans", "price": "21.00", "currency": "EUR"}]},
        description="An item says what PUT /products/:id takes, and the id. A refused item spoils no other; of two "
        "for one product the last counts. Undoing the batch makes of them what they were, but for those that have "
        "changed since.",
    )
    def post(self, call: Call[BatchBody, None]) -> ProductBatch:
        told = _read(call.body.items, lambda item: _product(to_struct(item, ProductItemBody), call.business))
        done = product_batches.put_batch(business=call.business, told=told, author=call.caller.key_name)
        results = _products(call.business, done.results)
        return ProductBatch(batch_id=done.batch.pk, results=results, **_counts(results))


def _read(items: Sequence[dict[str, Any]], read: Callable[[dict[str, Any]], Made]) -> list[Made | DomainError]:
    """Every item as it is meant, or what is wrong with it."""
    found: list[Made | DomainError] = []
    for item in items:
        try:
            found.append(read(item))
        except DomainError as error:
            found.append(error)
    return found


def _customer(body: NamedCustomer) -> customers.Told:
    return body.told(body.external_id)


def _product(body: ProductItemBody, business: Business) -> products.Told:
    return body.told(body.id, business)


def _products(business: Business, results: Sequence[product_batches.Put | DomainError]) -> list[ProductItem]:
    made = {product.external_id: product for product, _ in (one for one in results if isinstance(one, tuple))}
    shapes = {shape.id: shape for shape in shapes_of(business, list(made.values()))}
    return [
        ProductItem(index=index, status=result.code.status, error=ItemError.of(result), product=None)
        if isinstance(result, DomainError)
        else ProductItem(
            index=index, status=201 if result[1] else 200, error=None, product=shapes[result[0].external_id]
        )
        for index, result in enumerate(results)
    ]


def _customers(business: Business, results: Sequence[Put | DomainError]) -> list[CustomerItem]:
    ids = {result.advocate.pk for result in results if isinstance(result, Put)}
    rows = Advocate.objects.for_business(business).with_account().filter(pk__in=ids)
    found = profiles.profiles(business=business, advocates=list(rows))
    shapes = {one.advocate.pk: CustomerShape.of(one) for one in found}
    return [
        CustomerItem(index=index, status=result.code.status, error=ItemError.of(result), customer=None)
        if isinstance(result, DomainError)
        else CustomerItem(
            index=index, status=201 if result.is_new else 200, error=None, customer=shapes[result.advocate.pk]
        )
        for index, result in enumerate(results)
    ]


def _counts(results: Sequence[ItemResult]) -> dict[str, int]:
    failed = sum(result.error is not None for result in results)
    return {"succeeded": len(results) - failed, "failed": failed}
