"""What each type of reward accepts and refuses, and how it tells its worth."""

from decimal import Decimal
from fractions import Fraction

import pytest

from loyalty.kernel.errors import Invalid
from rewards.models import Reward
from rewards.services import kinds

# By type: values that fit, with what one piece and three pieces are worth in EUR; and values that do not.
ACCEPTED = [
    ("amount_discount", "10", ("10.00", "EUR"), ("30.00", "EUR")),
    ("amount_discount", "0.01", ("0.01", "EUR"), ("0.03", "EUR")),
    ("percentage_discount", "12.5", ("12.5", None), None),
    ("percentage_discount", "100", ("100", None), None),
    ("percentage_discount", "0.01", ("0.01", None), None),
    ("free_shipping", None, (None, None), None),
    ("product", None, (None, None), (None, None)),
    ("product", "3.20", ("3.20", "EUR"), ("9.60", "EUR")),
    ("donation", "5", ("5.00", "EUR"), ("15.00", "EUR")),
    ("gift_card", "20", ("20.00", "EUR"), None),
    ("promo_code", None, (None, None), None),
    ("promo_code", "9.99", ("9.99", "EUR"), None),
    ("item", None, (None, None), (None, None)),
    ("custom", None, (None, None), (None, None)),
    ("custom", "1", ("1.00", "EUR"), ("3.00", "EUR")),
]
REFUSED = [
    *(("amount_discount", value) for value in (None, "0", "-1", "1.005", "1e16")),
    *(("percentage_discount", value) for value in (None, "0", "-1", "100.01", "12.345")),
    ("free_shipping", "5"),
    ("product", "0"),
    ("donation", None),
    *(("gift_card", value) for value in (None, "0", "1.005")),
    ("promo_code", "0"),
    ("item", "5"),
    ("custom", "-0.01"),
]


def filled(acme, type, value):
    reward = Reward(business=acme, type=type)
    kinds.kind_of(type).fill(reward, value=None if value is None else Decimal(value))
    return reward


@pytest.mark.django_db
class TestKinds:
    def test_refuse_a_type_that_nobody_knows(self):
        with pytest.raises(Invalid, match="Use one of: amount_discount, "):
            kinds.kind_of("gold_bar")

    @pytest.mark.parametrize(("type", "value"), REFUSED)
    def test_refuse_values_that_mean_nothing(self, acme, type, value):
        with pytest.raises(Invalid) as refusal:
            filled(acme, type, value)
        assert refusal.value.field == "value"

    @pytest.mark.parametrize(("type", "value", "one", "three"), ACCEPTED)
    def test_tell_what_pieces_are_worth(self, acme, type, value, one, three):
        reward, kind = filled(acme, type, value), kinds.kind_of(type)

        assert kind.worth(reward, times=kinds.ONCE) == one
        assert three is None or kind.worth(reward, times=Fraction(3)) == three
        assert (three is not None) == kind.SELLS_SEVERAL

    def test_forget_the_value_that_another_type_had(self, acme):
        reward = filled(acme, "amount_discount", "10")

        kinds.kind_of("percentage_discount").fill(reward, value=Decimal(5))

        assert (reward.value_minor, reward.percent_bp) == (None, 500)

    def test_all_have_examples_here(self):
        assert {type for type, *_ in ACCEPTED} == {type for type, _ in REFUSED} == set(kinds.KINDS)
