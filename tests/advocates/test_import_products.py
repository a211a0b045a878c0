"""Bringing products by a CSV file: written as told, and made what they were by an undo."""

import io

import pytest

from advocates.models import CollectionProduct, Product
from advocates.models.imports import totals
from advocates.services import imports, products
from advocates.services.products import Told
from tests.advocates.test_imports import problems, settled, undone
from tests.races import just_after

pytestmark = pytest.mark.django_db

HEADER = "id,title,price,currency,status,collections,variantId,variantTitle,variantPrice\n"
BEANS = "beans,Espresso beans,20.00,EUR,active,coffee|gifts,b-250,250 g,9.00\nbeans,,,,,,b-500,500 g,17.00\n"


def checked(business, text, **options):
    lines = io.StringIO(text)
    found = imports.receive(business=business, kind="products", lines=lines, title="products.csv", **options)
    return settled(found)


def done(business, text, **options):
    found = checked(business, text, **options)
    imports.start(business=business, import_id=found.pk)
    return settled(found)


def collections(product_id):
    rows = CollectionProduct.objects.filter(product_external_id=product_id)
    return sorted(rows.values_list("collection_external_id", flat=True))


class TestRefusesAProduct:
    @pytest.mark.parametrize(
        ("cells", "line", "column"),
        [
            ("mug,,,,,,,,\n", 2, "title"),
            ("mug,Mug,dear,EUR,,,,,\n", 2, "price"),
            ("mug,Mug,5,XXQ,,,,,\n", 2, "currency"),
            ("mug,Mug,5,EUR,eaten,,,,\n", 2, "status"),
            ("a/b,Mug,5,EUR,,,,,\n", 2, "id"),
            ("mug,Mug,5,EUR,,,m-1,,1\nmug,,,,,,m-2,,-1\n", 3, "variantPrice"),
        ],
    )
    def test_that_makes_no_sense_and_takes_the_others(self, acme, cells, line, column):
        found = done(acme, HEADER + cells + BEANS)

        assert [(where, what) for where, what, _ in problems(found)] == [(line, column)]
        assert list(Product.objects.values_list("external_id", flat=True)) == ["beans"]


class TestImport:
    def test_leaves_nothing_while_it_is_only_checked(self, acme):
        found = checked(acme, HEADER + BEANS)

        assert [totals(found)[name] for name in ("size", "new", "known", "refused")] == [2, 1, 0, 0]
        assert not Product.objects.exists()

    def test_writes_products_with_their_variants_and_collections(self, acme):
        done(acme, HEADER + BEANS)

        product = Product.objects.get()
        assert (product.title, product.price_minor, product.currency) == ("Espresso beans", 2000, "EUR")
        assert product.variants == [
            {"id": "b-250", "title": "250 g", "sku": "", "price": "9.00"},
            {"id": "b-500", "title": "500 g", "sku": "", "price": "17.00"},
        ]
        assert collections("beans") == ["coffee", "gifts"]

    @pytest.mark.parametrize(
        ("layout", "text", "external_id"),
        [
            (
                "shopify",
                "Handle,Title,Vendor,Option1 Value,Variant SKU,Variant Price,Image Src,Status\n"
                "mug,Mug,Acme,Red,M-R,5.00,https://shop.example/mug.png,active\nmug,,,Blue,M-B,6.00,,\n",
                "mug",
            ),
            ("woocommerce", "ID,Type,SKU,Name,Published,Regular price\n17,simple,M-1,Mug,1,5.00\n", "17"),
        ],
    )
    def test_reads_exports_of_common_shops(self, acme, layout, text, external_id):
        found = done(acme, text, layout=layout)

        assert problems(found) == []
        product = Product.objects.get()
        assert (product.external_id, product.title) == (external_id, "Mug")
        assert [each["sku"] for each in product.variants] == (["M-R", "M-B"] if layout == "shopify" else [])


class TestUndo:
    def test_makes_products_what_they_were(self, acme):
        told = Told(external_id="beans", title="Beans", price_minor=900, currency="EUR", collection_ids=["old"])
        products.put_all(business=acme, told=[told])
        found = done(acme, HEADER + BEANS + "mug,Mug,5.00,EUR,,gifts,,,\n")
        assert [totals(found)[name] for name in ("new", "known")] == [1, 1]

        undone(found)

        product = Product.objects.get()
        assert (product.title, product.price_minor, product.variants) == ("Beans", 900, [])
        assert (collections("beans"), collections("mug")) == (["old"], [])
        assert totals(found)["stayed"] == 0

    @pytest.mark.django_db(transaction=True)
    def test_makes_a_product_what_the_shop_told_in_the_same_moment(self, acme, monkeypatch):
        def tell():
            products.put_all(business=acme, told=[Told(external_id="beans", title="Beans")])

        found = checked(acme, HEADER + BEANS)
        imports.start(business=acme, import_id=found.pk)
        just_after(monkeypatch, products, "told_before", tell)
        undone(settled(found))

        assert Product.objects.get().title == "Beans"

    def test_leaves_what_the_shop_has_told_of_since(self, acme):
        found = done(acme, HEADER + BEANS + "mug,Mug,5.00,EUR,,gifts,,,\n")
        products.put_all(business=acme, told=[Told(external_id="mug", title="Cup")])

        undone(found)

        assert totals(found)["stayed"] == 1
        assert Product.objects.get().title == "Cup"
