"""PUT, GET and DELETE of /products and /collections: told of in any order."""

import pytest

from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

MUG = {"title": "Mug", "price": "10.00", "currency": "EUR", "variants": [{"id": "red", "price": "11.00"}]}


class TestProducts:
    def test_refuse_what_makes_no_sense(self, api):
        assert_refused(api.put("/products/mug", {}), "VALIDATION_ERROR", "title")
        assert_refused(api.put("/products/mug", MUG | {"price": "-1"}), "VALIDATION_ERROR", "price")
        assert_refused(api.put("/products/mug", MUG | {"currency": "XQQ"}), "VALIDATION_ERROR", "currency")
        wrong = MUG | {"variants": [{"id": "red", "price": "1.001"}]}
        assert_refused(api.put("/products/mug", wrong), "VALIDATION_ERROR", "variants.0.price")
        assert_refused(api.get("/products/mug"), "NOT_FOUND", None, status=404)
        assert_refused(api.delete("/products/mug"), "NOT_FOUND", None, status=404)

    def test_are_written_and_written_anew(self, api):
        assert api.put("/products/mug", MUG | {"collectionIds": ["gear", "gifts"]}).status_code == 201
        answer = api.put("/products/mug", {"title": "Big mug"})

        assert answer.status_code == 200
        product = answer.json()["product"]
        assert (product["title"], product["price"], product["variants"]) == ("Big mug", None, [])
        assert product["collectionIds"] == ["gear", "gifts"]  # nobody said otherwise
        assert api.get("/products").json()["products"] == [product]

    def test_leave_and_are_forgotten(self, api):
        api.put("/products/mug", MUG | {"collectionIds": ["gear"]})
        api.put("/products/mug", MUG | {"collectionIds": []})
        assert api.get("/products/mug").json()["product"]["collectionIds"] == []

        assert api.delete("/products/mug").status_code == 204
        assert api.get("/products").json() == {"products": [], "nextCursor": None}

    def test_belong_to_their_business(self, api, rival_api):
        api.put("/products/mug", MUG)

        assert rival_api.get("/products").json()["products"] == []
        assert rival_api.put("/products/mug", MUG).status_code == 201


class TestCollections:
    def test_may_be_told_of_before_their_products(self, api):
        assert api.put("/collections/gear", {"title": "Gear", "productIds": ["mug", "grinder"]}).status_code == 201
        assert api.put("/products/mug", MUG).json()["product"]["collectionIds"] == ["gear"]

        assert api.put("/collections/gear", {"title": "All gear"}).status_code == 200
        collection = api.get("/collections/gear").json()["collection"]
        assert (collection["title"], collection["productIds"]) == ("All gear", ["grinder", "mug"])

    def test_lose_products_and_are_forgotten(self, api):
        api.put("/collections/gear", {"title": "Gear", "productIds": ["mug"]})
        api.put("/products/mug", MUG)
        api.put("/collections/gear", {"title": "Gear", "productIds": []})
        assert api.get("/products/mug").json()["product"]["collectionIds"] == []

        assert api.delete("/collections/gear").status_code == 204
        assert_refused(api.get("/collections/gear"), "NOT_FOUND", None, status=404)
