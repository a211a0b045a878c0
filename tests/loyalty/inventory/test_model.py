"""Whatever is given and taken in whatever order: what people have is what a plain model says."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel.errors import DomainError
from loyalty.services import inventory, verification
from tests.loyalty.inventory.conftest import give, has, left, offer, take, take_back

pytestmark = pytest.mark.django_db

SLOW = [HealthCheck.too_slow]  # says how busy the machine is, not whether this is right
WHO = st.sampled_from(["ada", "bob"])
STEP = st.one_of(
    st.tuples(st.sampled_from(["give", "offer", "take"]), WHO, st.integers(1, 4)),
    st.tuples(st.just("take back"), WHO, st.integers(0, 11)),
)


@dataclass
class Model:
    """An item with so many pieces, in plain words."""

    stock: int
    stackable: bool
    held: dict[str, int] = field(default_factory=lambda: {"ada": 0, "bob": 0})
    givings: dict[int, tuple[str, int]] = field(default_factory=dict)  # which source gave whom how many

    def may_have(self, who: str, quantity: int) -> bool:
        fits = self.stackable or self.held[who] + quantity <= 1
        return fits and sum(self.held.values()) + quantity <= self.stock

    def step(self, number: int, verb: str, who: str, quantity: int) -> bool:
        """Do it, and answer whether it is allowed."""
        if verb == "take back":
            return self.take_back(quantity)
        if verb == "take":
            allowed = self.held[who] >= quantity
            self.held[who] -= quantity if allowed else 0
            return allowed
        gets = quantity if self.may_have(who, quantity) else 0
        self.held[who] += gets
        if gets or verb == "offer":
            self.givings[number] = (who, gets)
        return bool(gets) or verb == "offer"

    def take_back(self, number: int) -> bool:
        if number not in self.givings:
            return False
        who, quantity = self.givings.pop(number)
        self.held[who] -= min(quantity, self.held[who])
        return True


@settings(max_examples=25, deadline=None, suppress_health_check=[*SLOW, HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12), stackable=st.booleans(), stock=st.integers(0, 5))
def test_every_sequence_ends_as_the_model_says(acme, ada, bob, item, steps, stackable, stock):
    people, thing = {"ada": ada, "bob": bob}, item(stackable=stackable, stock=stock)
    model = Model(stock, stackable)

    for number, (verb, who, quantity) in enumerate(steps):
        allowed = model.step(number, verb, who, quantity)
        assert done(acme, people[who], thing, verb, number, quantity) == allowed
        assert {name: has(person, thing) for name, person in people.items()} == model.held
        assert left(thing) == stock - sum(model.held.values())
    assert verification.verify(acme) == []


def done(acme, person, thing, verb, number, quantity):
    """Do it for real, and answer whether it was allowed."""
    verbs = {"give": give, "offer": offer, "take": take}
    try:
        if verb == "take back":
            take_back(acme, f"{thing.pk}:{quantity}")
        else:
            verbs[verb](person, thing, f"{thing.pk}:{number}", quantity)
    except (inventory.NotToBeHad, DomainError):
        return False
    return True
