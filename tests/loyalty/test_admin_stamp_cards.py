"""Stamp cards in the dashboard."""

import json

import pytest

from loyalty.models import Membership, StampCard
from loyalty.services import programme
from tests import dashboards
from tests.advocates.shop.conftest import balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(acme):
    dashboards.fill(acme, "Beans")
    return StampCard.objects.get()


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


ADD = "/admin/loyalty/stampcard/add/"
CUP = [{"kind": "metric", "metric": "points", "quantity": 50}]
FORM = {"title": "Coffee card", "status": "active", "slots": "10", "prefilled": "2", "cooldown_hours": "1"} | {
    "per": "piece",
    "min_spend": "3.00",
    "more": '{"includeCollections": ["coffee"]}',
    "rewards": json.dumps([{"slot": 10, "title": "A cup", "benefits": CUP}]),
}


class TestRefuses:
    def test_analysts_that_want_to_add_one(self, acme):
        assert dashboards.works_for(acme, Membership.Role.ANALYST).get(ADD).status_code == 403

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"title": ""}, "title"),
            ({"key": "Coffee!"}, "key"),
            ({"key": "points"}, "key"),
            ({"key": "old"}, "key"),
            ({"slots": "0"}, "slots"),
            ({"slots": "101"}, "slots"),
            ({"prefilled": "10"}, "prefilled"),
            ({"cooldown_hours": "9999"}, "cooldown_hours"),
            ({"min_spend": "-1"}, "min_spend"),
            ({"more": "{"}, "more"),
            ({"more": '{"per": "order"}'}, "more"),
            ({"more": '{"colour": "red"}'}, "more"),
            ({"rewards": "{}"}, "rewards"),
            ({"rewards": "[5]"}, "rewards"),
            ({"rewards": "[" * 100_000}, "rewards"),
            ({"rewards": json.dumps([{"slot": 11, "benefits": CUP}])}, "rewards"),
            ({"rewards": json.dumps([{"slot": 2, "benefits": CUP}])}, "rewards"),
            ({"rewards": '[{"slot": 10, "benefits": [{"kind": "reward", "reward": "gone"}]}]'}, "rewards"),
        ],
    )
    def test_what_makes_no_sense_beside_its_field(self, acme, olga, said, field):
        for cards in ([{"key": "old", "title": "Old card", "slots": 5}], []):
            programme.apply(business=acme, document=programme.parsed({"stampCards": cards}))

        answer = olga.post(ADD, {**FORM, **said})

        assert list(answer.context["adminform"].form.errors) == [field]
        assert StampCard.objects.get().archived_at

    def test_another_business(self, rival, card):
        stan = dashboards.works_for(rival)

        assert stan.post(dashboards.page(card), FORM).status_code in (302, 403)
        assert StampCard.objects.get().title == "Beans card"


class TestWrites:
    def test_a_card_that_gives_stamps_and_what_they_bring(self, api, acme, olga, ada):
        olga.post(ADD, FORM)

        card = StampCard.objects.for_business(acme).get()
        assert (card.key, card.slots, card.prefilled, card.cooldown_hours, card.metric.key) == (
            *("coffee-card", 10, 2, 1, "coffee-card"),
        )
        assert card.stamp | {"per": "piece", "minSpend": "3.00", "currency": "EUR"} == card.stamp
        api.put("/collections/coffee", {"title": "Coffee", "productIds": ["beans"]})
        lines = [{"id": "1", "productId": "beans", "quantity": 8, "price": "5.00"}]
        body = {"id": "1", "customer": {"externalId": "ada-1"}, "total": "40.00", "financialStatus": "paid"}

        assert api.post("/orders", body | {"lines": lines}).status_code == 201

        assert balance(ada) == 50

    def test_another_key_where_the_title_is_taken(self, acme, olga):
        for _ in range(2):
            olga.post(ADD, FORM)

        assert sorted(StampCard.objects.values_list("key", flat=True)) == ["coffee-card", "coffee-card-2"]

    def test_nothing_new_where_the_form_is_sent_as_it_is_shown(self, olga):
        olga.post(ADD, FORM)
        card = StampCard.objects.get()

        olga.post(dashboards.page(card), dashboards.shown(olga, card))

        assert StampCard.objects.get().version == card.version

    def test_what_is_changed_and_keeps_the_key(self, olga, card):
        olga.post(dashboards.page(card), {**FORM, "title": "Tea card", "key": "tea"})

        changed = StampCard.objects.get()
        assert (changed.title, changed.key, changed.slots, changed.metric.title) == (
            "Tea card",
            card.key,
            10,
            "Tea card",
        )


class TestStampCards:
    def test_show_what_they_give_and_whom_they_brought_something(self, olga, card):
        assert "Beans card" in dashboards.text_of(olga.get(dashboards.listed(StampCard)))

        text = dashboards.text_of(olga.get(dashboards.page(card)))

        for said in ("A stamp for each order", "Beans cup", "Beans Lovelace"):
            assert said in text

    def test_are_paused_and_go_on(self, olga, card):
        for status in ("paused", "active"):
            olga.post(dashboards.page(card), {**dashboards.shown(olga, card), "status": status})
            assert StampCard.objects.get().status == status

    def test_are_not_an_analysts_to_pause(self, acme, card):
        ann = dashboards.works_for(acme, Membership.Role.ANALYST)

        assert "Beans cup" in dashboards.text_of(ann.get(dashboards.page(card)))
        assert ann.post(dashboards.page(card), {"status": "paused"}).status_code == 403

    def test_stay_as_they_are_once_archived(self, olga, card):
        StampCard.objects.update(archived_at=card.business.created_at)

        assert olga.post(dashboards.page(card), {"status": "paused"}).status_code == 403
