"""Refunds over PATCH /orders: what is refused, and what comes back where."""

from datetime import timedelta

import pytest

from advocates.models import Refund
from loyalty.kernel import clock
from loyalty.models import Account
from loyalty.selectors import ledger as books
from loyalty.services import ledger, merges, settlement
from tests.advocates.shop.conftest import balance, moves, order, pending, policy, rule
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def refund(api, *refunds, **more):
    said = [{"id": f"r-{number}", **one} for number, one in enumerate(refunds)]
    return api.patch("/orders/1001", {"refunds": said, **more})


@pytest.fixture
def bought(api, ada, purchases):
    """Ada has paid 50.00 for two beans and a mug, and has 250 points for it."""
    api.post("/orders", order())


@pytest.mark.usefixtures("bought")
class TestRefuses:
    @pytest.mark.parametrize(
        ("refunds", "field"),
        [
            ([{"amount": "50.01"}], "refunds.0.amount"),
            ([{"amount": "30.00"}, {"amount": "20.01"}], "refunds.1.amount"),
            ([{"lines": [{"lineId": "mug", "quantity": 2}]}], "refunds.0.lines.0.quantity"),
            ([{"lines": [{"lineId": "mug"}, {"lineId": "mug"}]}], "refunds.0.lines.0.quantity"),
            ([{"amount": "-1.00"}], "refunds.0.amount"),
            ([{"amount": "1.001"}], "refunds.0.amount"),
            ([{}], "refunds.0.amount"),
        ],
    )
    def test_more_than_there_was_and_changes_nothing(self, api, ada, refunds, field):
        assert_refused(refund(api, *refunds), "VALIDATION_ERROR", field)
        assert (balance(ada), Refund.objects.count()) == (250, 0)

    def test_lines_that_the_order_does_not_have(self, api, ada):
        response = refund(api, {"lines": [{"lineId": "tea"}]})

        assert_refused(response, "NOT_FOUND", "refunds.0.lines.0.lineId", status=404)


@pytest.mark.usefixtures("bought")
class TestTakesBack:
    def test_what_the_refunded_pieces_earned(self, api, ada):
        answer = refund(api, {"lines": [{"lineId": "beans", "quantity": 1}]}).json()

        assert (answer["pointsAwarded"], answer["pointsReversed"]) == (0, 100)
        assert answer["order"]["financialStatus"] == "partially_refunded"
        assert answer["order"]["refundedTotal"] == "20.00"
        assert [line["refundedQuantity"] for line in answer["order"]["lines"]] == [1, 0]
        assert moves(ada) == [("earn", 250), ("reverse", -100)]

    def test_each_refund_once(self, api, ada):
        for _ in range(3):
            refund(api, {"amount": "10.00"})

        assert moves(ada) == [("earn", 250), ("reverse", -50)]

    def test_all_when_it_is_voided_whatever_was_refunded_before(self, api, ada):
        refund(api, {"amount": "12.34"})
        answer = api.patch("/orders/1001", {"financialStatus": "voided"}).json()

        assert (balance(ada), answer["pointsReversed"]) == (0, 250 - 61)
        assert api.patch("/orders/1001", {"financialStatus": "refunded"}).json()["pointsReversed"] == 0

    def test_by_what_the_rule_was_then(self, api, acme, ada, purchases):
        api.put("/programme", {"earnRules": []})

        assert refund(api, {"amount": "25.00"}).json()["pointsReversed"] == 125

    def test_what_counts_for_tiers_as_well(self, api, acme, ada, give):
        give(ada, 800)
        assert Account.objects.get(pk=ada.pk).tier.key == "silver"

        api.patch("/orders/1001", {"financialStatus": "refunded"})

        assert books.wallets(business=acme, account_ids=[ada.pk])[ada.pk].lifetime_earned == 800

    def test_from_whom_its_customer_was_merged_into(self, api, acme, ada, bob):
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        assert refund(api, {"lines": [{"lineId": "mug"}]}).json()["pointsReversed"] == 50
        assert (balance(ada), balance(bob)) == (0, 200)
        assert api.get("/orders/1001").json()["order"]["customerId"] == str(bob.pk)

    def test_so_that_undoing_the_merge_finds_it_taken(self, api, acme, ada, bob, give):
        give(bob, 30)
        merged = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        refund(api, {"lines": [{"lineId": "mug"}]})

        merges.undo(business=acme, merge_id=merged.pk)

        wallets = books.wallets(business=acme, account_ids=[ada.pk, bob.pk])
        assert [(wallets[one.pk].amount, wallets[one.pk].lifetime_earned) for one in (ada, bob)] == [
            (200, 200),
            (30, 30),
        ]
        api.patch("/orders/1001", {"financialStatus": "refunded"})
        assert (balance(ada), balance(bob)) == (0, 30)

    def test_not_what_has_expired(self, acme, api, ada):
        rule(acme, "brief", expires_after_days=1, points=1)
        with clock.moved_to(clock.wall() + timedelta(days=1)):
            api.post("/orders", order("1002"))
        with clock.moved_to(clock.wall() + timedelta(days=9)):
            settlement.settle_due()
            assert balance(ada) == 500
            api.patch("/orders/1002", {"financialStatus": "refunded"})

        assert balance(ada) == 250

    def test_out_of_its_own_lot_first(self, api, acme, ada, give):
        (own,) = books.earned(business=acme, account_ids=[ada.pk])
        give(ada, 100, expires_at=clock.now(acme) + timedelta(days=3))

        refund(api, {"lines": [{"lineId": "mug"}]})

        left = books.why(business=acme, account_id=ada.pk, entry_id=own)
        assert [lot.remaining for lot in left.made] == [200]


PIECES = [{"lines": [{"lineId": line}]} for line in ("beans", "mug", "beans")]


class TestLinesThatDoNotShowADiscount:
    """Lines of 50.00 for which less was paid."""

    @pytest.mark.parametrize("total", ["44.00", "0.01", "0.00"])
    @pytest.mark.parametrize("pieces", [PIECES, PIECES[1:] + PIECES[:1], PIECES[::-1]])
    def test_take_all_back_and_end_the_order_when_all_pieces_are_back(self, api, ada, purchases, total, pieces):
        api.post("/orders", order(total=total))

        refund(api, *pieces[:2])
        left = balance(ada)
        told = refund(api, *pieces).json()["order"]

        assert (left, balance(ada)) == (50 if "mug" in str(pieces[2]) else 100, 0)
        assert (told["financialStatus"], told["refundedTotal"]) == ("refunded", total)

    def test_do_so_at_once(self, api, ada, purchases):
        api.post("/orders", order(total="44.00"))

        told = refund(api, {"lines": [{"lineId": "beans", "quantity": 2}, {"lineId": "mug"}]}).json()

        assert (told["pointsReversed"], told["order"]["financialStatus"]) == (250, "refunded")

    def test_cost_as_much_less_each(self, api, ada, purchases):
        api.post("/orders", order(total="44.00"))

        told = refund(api, {"lines": [{"lineId": "mug"}]}).json()

        assert (told["order"]["refundedTotal"], told["pointsReversed"]) == ("8.80", 50)
        half = {"refunds": [{"id": "r-1", "amount": "17.60"}]}
        assert api.patch("/orders/1001", half).json()["pointsReversed"] == 100  # of 200


class TestPending:
    def test_points_are_taken_before_they_ripen(self, api, acme, ada):
        rule(acme, pending_days=14)
        api.post("/orders", order())

        refund(api, {"amount": "20.00"})

        assert (balance(ada), pending(ada)) == (0, 150)
        with clock.moved_to(clock.wall() + timedelta(days=15)):
            settlement.settle_due()
            refund(api, {"amount": "20.00"}, {"amount": "10.00"})
        assert (balance(ada), pending(ada)) == (100, 0)


class TestDebt:
    @pytest.fixture(autouse=True)
    def _below_zero(self, api, acme, ada, bought):
        policy(acme, refund_deficit="negative")
        self.spent = ledger.spend(business=acme, account_id=ada.pk, amount=200)
        api.patch("/orders/1001", {"financialStatus": "refunded"})
        assert balance(ada) == -200

    def test_is_paid_by_what_comes_in(self, acme, ada, give):
        give(ada, 150)
        assert balance(ada) == -50
        give(ada, 150)
        assert balance(ada) == 100
        ledger.spend(business=acme, account_id=ada.pk, amount=100)

    def test_is_paid_by_what_comes_in_by_the_set(self, api, acme, ada, bob):
        for key in ("one", "two"):
            rule(acme, key, points=1)
        sent = [order(str(number), who=who) for number, who in enumerate(["ada-1", "bob-1", "ada-1"])]

        api.post("/orders/batch", {"items": sent})

        assert (balance(ada), balance(bob)) == (2 * 350 - 200, 350)

    def test_is_paid_by_what_ripens(self, acme, ada, give):
        give(ada, 300, pending_until=clock.wall() + timedelta(days=2))
        assert (balance(ada), pending(ada)) == (-200, 300)
        with clock.moved_to(clock.wall() + timedelta(days=3)):
            settlement.settle_due()
        assert balance(ada) == 100

    def test_is_paid_by_what_is_given_back(self, acme, ada):
        ledger.reverse(business=acme, entry_id=self.spent.id)

        assert balance(ada) == 0

    def test_cannot_be_spent(self, acme, ada, give):
        give(ada, 150)
        with pytest.raises(ledger.InsufficientPoints):
            ledger.spend(business=acme, account_id=ada.pk, amount=1)
