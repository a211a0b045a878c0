"""Stamp cards: a stamp for each order or piece, once; something at chosen slots, once; refunds take stamps back."""

from datetime import timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Metric, StampCard, StampReward
from loyalty.services import ledger, merges
from tests.advocates.shop.conftest import balance, moves, order, policy
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

FREE = {"slot": 4, "title": "A coffee on us", "benefits": [{"kind": "metric", "metric": "points", "quantity": 350}]}
COFFEE = {"key": "coffee", "title": "Coffee card", "slots": 4, "rewards": [FREE]}
BEANS = [{"id": "beans", "productId": "beans", "quantity": 3, "price": "20.00"}]


def put(api, *cards, **sections):
    return api.put("/programme", {"stampCards": list(cards), **sections})


def offer(api, **more):
    response = put(api, COFFEE | more)
    assert response.status_code == 200, response.json()


def buy(api, *ids, **more):
    return [api.post("/orders", order(id, **more)).json() for id in ids]


def card(api, who="ada-1"):
    (found,) = api.get(f"/customers/{who}/stamp-cards").json()["stampCards"]
    return found["filled"], found["fullCards"]


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "path"),
        [
            ({"slots": 0}, "slots"),
            ({"slots": 101}, "slots"),
            ({"prefilled": 4, "rewards": []}, "prefilled"),
            ({"prefilled": -1}, "prefilled"),
            ({"cooldownHours": -1}, "cooldownHours"),
            ({"prefilled": 3, "rewards": [FREE | {"slot": 3}]}, "rewards.0.slot"),
            ({"rewards": [FREE | {"slot": 5}]}, "rewards.0.slot"),
            ({"rewards": [FREE, FREE]}, "rewards.1.slot"),
            ({"rewards": [{"slot": 1, "benefits": []}]}, "rewards.0.benefits"),
            ({"rewards": [{"slot": 1, "benefits": [{"kind": "luck"}]}]}, "rewards.0.benefits.0.kind"),
            ({"stamp": {"per": "hour"}}, "stamp.per"),
            ({"stamp": {"minSpend": "5.00"}}, "stamp.currency"),
            ({"stamp": {"minSpend": "5.001", "currency": "EUR"}}, "stamp.minSpend"),
            ({"key": "points"}, "key"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_what_makes_no_card(self, api, said, path):
        assert_refused(put(api, COFFEE | said), "VALIDATION_ERROR", f"stampCards.0.{path}")

    def test_a_card_and_a_metric_with_one_key(self, acme, api):
        Metric.objects.create(business=acme, key="coffee", title="Coffee", archived_at=clock.wall())
        assert_refused(put(api, COFFEE), "VALIDATION_ERROR", "stampCards.0.key")

        offer(api, key="tea")
        put(api)
        counted = [{"key": "points", "title": "Points"}, {"key": "tea", "title": "Tea"}]
        assert_refused(api.put("/programme", {"metrics": counted}), "VALIDATION_ERROR", "metrics.1.key")

    def test_the_cards_of_nobody(self, api, rival_api, ada):
        assert_refused(rival_api.get("/customers/ada-1/stamp-cards"), "NOT_FOUND", None, status=404)


class TestStamps:
    def test_are_one_for_each_order_however_often_it_is_told(self, api, ada):
        offer(api)

        (first,) = buy(api, "1001")
        buy(api, "1001", "1001")
        api.patch("/orders/1001", {"financialStatus": "paid"})

        assert card(api) == (1, 0)
        assert first["pointsAwarded"] == 0
        assert [(said["key"], said["points"], said["metric"]) for said in first["breakdown"]] == [
            ("coffee", 1, "coffee")
        ]

    def test_can_be_one_for_each_piece_that_was_paid(self, api, ada):
        offer(api, slots=10, rewards=[], stamp={"per": "piece", "includeProducts": ["beans", "sample"]})
        free = {"id": "free", "productId": "sample", "quantity": 2, "price": "0.00"}

        buy(api, "1001", lines=[*BEANS, free], total="60.00")

        assert card(api) == (3, 0)

    def test_can_ask_for_a_minimum(self, api, ada):
        offer(api, stamp={"minSpend": "50.01", "currency": "EUR"})
        (answer,) = buy(api, "1001")
        assert (card(api), answer["breakdown"][0]["reason"]) == ((0, 0), "below_min_spend")

        buy(api, "1002", lines=BEANS, total="60.00")
        assert card(api) == (1, 0)

    def test_leave_a_while_between_them(self, api, ada):
        offer(api, cooldownHours=2)
        start = clock.wall()

        reasons = []
        for hours in (0, 1, 2):
            with clock.moved_to(start + timedelta(hours=hours, seconds=hours)):
                reasons += [buy(api, f"at-{hours}")[0]["breakdown"][0]["reason"]]

        assert reasons == [None, "cooldown", None]
        assert card(api) == (2, 0)

    def test_leave_that_while_also_in_a_batch(self, api, ada):
        offer(api, cooldownHours=2)

        api.post("/orders/batch", {"items": [order("1"), order("2"), order("3")]})

        assert card(api) == (1, 0)

    def test_stop_while_the_card_is_paused_or_gone(self, api, ada):
        offer(api)
        buy(api, "1001")
        put(api, COFFEE | {"status": "paused"})
        buy(api, "1002")
        put(api)
        buy(api, "1003")
        offer(api)

        assert card(api) == (1, 0)

    def test_begin_behind_what_is_prefilled(self, api, ada):
        offer(api, slots=6, prefilled=2, rewards=[FREE])
        assert card(api) == (2, 0)

        buy(api, "1001")
        assert (card(api), balance(ada)) == ((3, 0), 0)
        buy(api, "1002")
        assert (card(api), balance(ada)) == ((4, 0), 350)

    def test_can_be_given_by_hand_and_by_quests(self, acme, api, ada):
        offer(api)
        for _ in range(2):
            ledger.award(business=acme, account_id=ada.pk, amount=2, metric="coffee")

        assert (card(api), balance(ada)) == ((0, 1), 350)
        quest = {"key": "q", "title": "Q", "tasks": [{"title": "T", "type": "manual"}]}
        stamp = {"kind": "metric", "metric": "coffee", "quantity": 1}
        assert api.put("/programme", {"quests": [quest | {"benefits": [stamp]}]}).status_code == 200


class TestAFullCard:
    def test_brings_what_it_promised_and_starts_anew(self, api, ada):
        offer(api)

        buy(api, *"123456789")

        assert card(api) == (1, 2)
        assert balance(ada) == 700
        given = StampReward.objects.order_by("stamp").values_list("stamp", "slot", "refusal")
        assert list(given) == [(4, 4, ""), (8, 4, "")]

    def test_brings_it_in_a_batch_as_well(self, api, ada, bob):
        offer(api)

        items = [order(f"{who}-{n}", who=who) for n in range(5) for who in ("ada-1", "bob-1")]
        api.post("/orders/batch", {"items": items})

        assert [(card(api, who), balance(person)) for who, person in (("ada-1", ada), ("bob-1", bob))] == [
            ((1, 1), 350)
        ] * 2

    def test_says_why_where_it_cannot_be_given(self, api, ada):
        code = {"kind": "reward", "reward": "cup"}
        cup = {"key": "cup", "name": "A cup", "type": "custom", "pointsCost": 10, "stock": 0, "status": "active"}
        response = put(api, COFFEE | {"rewards": [FREE | {"benefits": [code]}]}, rewards=[cup])
        assert response.status_code == 200, response.json()

        answers = buy(api, *"1234")

        assert answers[-1]["order"]["financialStatus"] == "paid"
        assert card(api) == (0, 1)

    def test_brings_only_once_what_a_changed_card_brings_elsewhere(self, api, ada):
        offer(api)
        buy(api, *"1234")
        offer(api, slots=8, rewards=[FREE | {"slot": 4}])
        buy(api, *"56")

        assert (card(api), balance(ada)) == ((6, 0), 350)


class TestRefunds:
    @pytest.mark.parametrize("deficit", ["to_zero", "pending_only", "negative"])
    def test_take_the_stamp_back_when_nothing_is_left_of_what_gave_it(self, acme, api, ada, deficit):
        policy(acme, refund_deficit=deficit)
        offer(api)
        buy(api, "1001")

        part = api.patch("/orders/1001", {"refunds": [{"id": "r-1", "amount": "49.99"}]}).json()
        assert (card(api), part["pointsReversed"]) == ((1, 0), 0)
        api.patch("/orders/1001", {"refunds": [{"id": "r-2", "amount": "0.01"}]})

        assert card(api) == (0, 0)
        assert moves(ada) == [("earn", 1), ("reverse", -1)]

    def test_take_stamps_of_pieces_back_by_the_piece(self, api, ada):
        offer(api, slots=10, rewards=[], stamp={"per": "piece"})
        lines = [*BEANS, {"id": "mug", "productId": "mug", "quantity": 1, "price": "500.00"}]
        buy(api, "1001", lines=lines, total="560.00")
        assert card(api) == (4, 0)

        for number, left in ((1, 3), (2, 2)):
            refund = {"id": f"r-{number}", "lines": [{"lineId": "beans", "quantity": 1}]}
            api.patch("/orders/1001", {"refunds": [refund]})
            assert card(api) == (left, 0)

    def test_by_voiding_take_all_of_them(self, api, ada):
        offer(api)
        buy(api, *"12")
        api.patch("/orders/1", {"financialStatus": "voided"})

        assert card(api) == (1, 0)

    def test_let_nobody_have_the_same_slot_twice(self, api, ada):
        offer(api)
        buy(api, *"1234")
        for number in "56":
            api.patch(f"/orders/{int(number) - 2}", {"financialStatus": "refunded"})
            buy(api, number)

        assert (card(api), balance(ada), StampReward.objects.count()) == ((0, 1), 350, 1)


class TestPeople:
    def test_who_are_merged_have_their_stamps_together(self, acme, api, ada, bob):
        offer(api)
        buy(api, *"1234")
        api.post("/orders", order("b-1", who="bob-1"))
        merge = merges.merge(business=acme, source_id=bob.pk, target_id=ada.pk)
        assert card(api) == (1, 1)

        merges.undo(business=acme, merge_id=merge.pk)
        assert (card(api), card(api, "bob-1")) == ((0, 1), (1, 0))


class TestTheDocument:
    def test_says_all_of_it_again(self, api):
        stamp = {"per": "piece", "minSpend": "5.00", "currency": "EUR", "includeCollections": ["coffee"]}
        offer(api, prefilled=1, cooldownHours=3, stamp=stamp)

        said = api.get("/programme").json()
        (again,) = said["stampCards"]
        assert again["stamp"] == {**stamp, "includeProducts": [], "excludeProducts": [], "excludeCollections": []}
        assert again["rewards"] == [FREE]
        assert [metric["key"] for metric in said["metrics"]] == ["points"]
        assert put(api, again).json()["changes"] == []
        assert StampCard.objects.get().version == 2  # what it is, and what it brings

    def test_makes_a_new_version_of_what_changes(self, api, ada):
        offer(api)
        offer(api, slots=5)

        assert StampCard.objects.get().version == 3
        assert api.put("/programme", {"metrics": [{"key": "points", "title": "Points"}]}).status_code == 200
        assert card(api) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_ten_orders_at_once_give_ten_stamps_and_fill_two_cards(api, ada):
    offer(api)

    results = at_once(10, lambda number: api.post("/orders", order(f"o-{number}")))

    assert errors(results) == []
    assert (card(api), balance(ada)) == ((2, 2), 700)
