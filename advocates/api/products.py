"""The Platform API: what a shop sells, and in which collections, by the shop's own ids."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from msgspec import Meta

from advocates.api import examples
from advocates.api.customers import external_id_is_sane_or_refused
from advocates.api.order_shapes import Currency, ShopId, Text128
from advocates.models import Collection, Product
from advocates.selectors import products as reads
from advocates.services import products
from loyalty.api import types
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Reply, Shape, get_or_404, operation
from loyalty.kernel.money import currency_code, money, money_text
from loyalty.models import Business

Members = Annotated[list[ShopId], Meta(max_length=10_000)]


class VariantBody(Body, kw_only=True):
    id: ShopId
    title: Annotated[str, Meta(max_length=200)] = ""
    sku: Text128 = ""
    price: types.Money | None = None


class ProductBody(Body, kw_only=True):
    title: types.Name
    handle: Annotated[str, Meta(max_length=200)] = ""
    image_url: types.Text500 = ""
    status: Literal["active", "draft", "archived"] = "active"
    price: types.Money | None = None
    currency: Currency | None = None
    collection_ids: Members | None = None
    variants: Annotated[list[VariantBody], Meta(max_length=500)] = []

    def told(self, product_id: str, business: Business) -> products.Told:
        """:raises Invalid: naming an amount or a currency that is none"""
        currency = currency_code(self.currency or business.currency)
        return products.Told(
            external_id=product_id,
            title=self.title,
            handle=self.handle,
            image_url=self.image_url,
            status=self.status,
            price_minor=None if self.price is None else money(self.price, currency, field="price"),
            currency=currency,
            collection_ids=self.collection_ids,
            variants=[
                {
                    "id": one.id,
                    "title": one.title,
                    "sku": one.sku,
                    "price": _checked(one.price, currency, f"variants.{number}.price"),
                }
                for number, one in enumerate(self.variants)
            ],
        )


class VariantShape(Shape):
    id: str
    title: str
    sku: str
    price: str | None


class ProductShape(Shape):
    example = examples.PRODUCT

    id: str
    title: str
    handle: str
    image_url: str
    status: str
    price: str | None
    currency: str
    collection_ids: list[str]
    variants: list[VariantShape]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, product: Product, collection_ids: list[str]) -> Self:
        return cls(
            id=product.external_id,
            title=product.title,
            handle=product.handle,
            image_url=product.image_url,
            status=product.status,
            price=None if product.price_minor is None else money_text(product.price_minor, product.currency),
            currency=product.currency,
            collection_ids=collection_ids,
            variants=[VariantShape(**variant) for variant in product.variants],
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


class ProductAnswer(Shape):
    product: ProductShape


class ProductPage(Shape):
    products: list[ProductShape]
    next_cursor: str | None


class CollectionBody(Body, kw_only=True):
    title: types.Name
    product_ids: Members | None = None


class CollectionShape(Shape):
    example = examples.COLLECTION

    id: str
    title: str
    product_ids: list[str]
    created_at: datetime
    updated_at: datetime


class CollectionAnswer(Shape):
    collection: CollectionShape


class Products(KeyView):
    @operation("List products, newest first", query=PageQuery, answer=ProductPage)
    def get(self, call: Call[None, PageQuery]) -> ProductPage:
        page = page_by_cursor(Product.objects.for_business(call.business), call.query, business=call.business)
        return ProductPage(products=shapes_of(call.business, page.items), next_cursor=page.next_cursor)


class OneProduct(KeyView):
    @operation("Read a product", answer=ProductAnswer)
    def get(self, call: Call[None, None], product_id: str) -> ProductAnswer:
        rows: Any = Product.objects.for_business(call.business)
        product = get_or_404(rows, noun="product", external_id=product_id)
        return ProductAnswer(product=shapes_of(call.business, [product])[0])

    @operation(
        "Create or change a product",
        body=ProductBody,
        answer=ProductAnswer,
        other_status=201,
        example={"title": "Espresso beans", "price": "21.00", "currency": "EUR", "collectionIds": ["coffee"]},
        description="201 where it is new. Without collectionIds it stays in the collections that it is in; they may "
        "be told of later. Orders that name a product which is not here are welcome, too.",
    )
    def put(self, call: Call[ProductBody, None], product_id: str) -> Reply:
        external_id_is_sane_or_refused(product_id)
        told = call.body.told(product_id, call.business)
        product, is_new = products.put_all(business=call.business, told=[told])[product_id]
        shape = ProductAnswer(product=shapes_of(call.business, [product])[0])
        return Reply(shape, status=201 if is_new else 200)

    @operation("Forget a product", status=204, description="What orders of it earned stays.")
    def delete(self, call: Call[None, None], product_id: str) -> None:
        products.remove(business=call.business, external_id=product_id)


class OneCollection(KeyView):
    @operation("Read a collection", answer=CollectionAnswer)
    def get(self, call: Call[None, None], collection_id: str) -> CollectionAnswer:
        rows: Any = Collection.objects.for_business(call.business)
        return _collection(call.business, get_or_404(rows, noun="collection", external_id=collection_id))

    @operation(
        "Create or change a collection",
        body=CollectionBody,
        answer=CollectionAnswer,
        other_status=201,
        example={"title": "Coffee", "productIds": ["beans"]},
        description="201 where it is new. Without productIds its products stay; they may be told of later.",
    )
    def put(self, call: Call[CollectionBody, None], collection_id: str) -> Reply:
        external_id_is_sane_or_refused(collection_id)
        collection, is_new = products.put_collection(
            business=call.business,
            external_id=collection_id,
            title=call.body.title,
            product_ids=call.body.product_ids,
        )
        return Reply(_collection(call.business, collection), status=201 if is_new else 200)

    @operation("Forget a collection", status=204, description="Its products stay.")
    def delete(self, call: Call[None, None], collection_id: str) -> None:
        products.remove_collection(business=call.business, external_id=collection_id)


def shapes_of(business: Business, rows: Any) -> list[ProductShape]:
    """Products with their collections: one more query."""
    grouped = reads.collections_of(business=business, product_ids=[row.external_id for row in rows])
    return [ProductShape.of(row, list(grouped.get(row.external_id, ()))) for row in rows]


def _collection(business: Business, collection: Collection) -> CollectionAnswer:
    return CollectionAnswer(
        collection=CollectionShape(
            id=collection.external_id,
            title=collection.title,
            product_ids=reads.products_in(business=business, collection_id=collection.external_id),
            created_at=collection.created_at,
            updated_at=collection.updated_at,
        )
    )


def _checked(price: types.Money | None, currency: str, field: str) -> str | None:
    return None if price is None else money_text(money(price, currency, field=field), currency)
