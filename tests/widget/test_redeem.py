import pytest

from loyalty.models import IdempotencyRecord
from loyalty.selectors import ledger
from rewards.models import Redemption
from tests.widget.conftest import Visitor, token_of


def balance(advocate):
    return ledger.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount


class TestRedeem:
    def test_is_refused_without_a_key(self, ada, give, offer, visitor):
        give(ada, 100)

        assert visitor.redeem(offer(), key="").status_code == 400
        assert balance(ada) == 100

    def test_is_refused_from_another_business(self, acme, eve, give, offer):
        give(eve, 500)

        assert Visitor(token_of(eve), "rival").redeem(offer()).status_code == 404
        assert balance(eve) == 500

    @pytest.mark.parametrize(
        ("said", "text"),
        [
            ({"points_cost": 101}, "not have enough points"),
            ({"stock": 0}, "sold out"),
            ({"tier_keys": ["gold"]}, "another tier"),
            ({"status": "archived"}, "not on offer"),
        ],
    )
    def test_is_refused_in_plain_words(self, ada, give, offer, visitor, said, text):
        give(ada, 100)

        response = visitor.redeem(offer(**said))

        assert response.status_code == 400
        assert text in response.text
        assert balance(ada) == 100

    def test_answers_coupon_and_balance(self, ada, give, offer, visitor):
        give(ada, 250)

        response = visitor.redeem(offer(code_prefix="BEAN"))

        code = Redemption.objects.for_business(ada.business).get().coupon_code
        assert code.startswith("BEAN-")
        assert f"<code>{code}</code>" in response.text
        assert 'data-balance="150"' in response.text

    def test_happens_once_per_key(self, ada, give, offer, visitor):
        give(ada, 250)
        coffee = offer()

        first, second = visitor.redeem(coffee), visitor.redeem(coffee)

        assert first.text == second.text
        assert balance(ada) == 150

    def test_keeps_a_refusal_per_key(self, ada, give, offer, visitor):
        coffee = offer()
        refused = visitor.redeem(coffee)
        give(ada, 100)

        assert visitor.redeem(coffee).text == refused.text
        assert visitor.redeem(coffee, key="second").status_code == 200

    def test_wants_another_key_for_another_reward(self, ada, give, offer, visitor):
        give(ada, 250)
        visitor.redeem(offer())

        assert visitor.redeem(offer("Cake")).status_code == 422

    def test_keeps_the_code_sealed(self, ada, give, offer, visitor):
        give(ada, 100)
        visitor.redeem(offer())

        code = Redemption.objects.for_business(ada.business).get().coupon_code
        kept = IdempotencyRecord.objects.for_business(ada.business).get()
        assert kept.scope == ada.pk
        assert code.encode() not in bytes(kept.answer)
