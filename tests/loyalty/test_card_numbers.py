"""Numbers of cards: never twice the same, and none that a slip of the finger turns into another."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from loyalty.kernel import card_numbers, crypto


class TestNumbers:
    def test_are_never_the_same_and_evenly_spread(self):
        made = [card_numbers.new_number() for _ in range(20_000)]

        assert len(set(made)) == 20_000
        for place in range(card_numbers.LENGTH):
            counts = Counter(number[place] for number in made)
            expected = 20_000 / 31
            assert sum((count - expected) ** 2 / expected for count in counts.values()) < 70  # chi-square, 30 degrees

    @given(st.integers(0, card_numbers.LENGTH), st.sampled_from(crypto.READABLE))
    def test_tell_a_wrong_character(self, place, character):
        number = card_numbers.new_number()
        other = number[:place] + character + number[place + 1 :]

        assert card_numbers.is_well_formed(other) == (other == number)

    @given(st.integers(0, card_numbers.LENGTH - 1))
    def test_tell_two_that_are_swapped(self, place):
        number = card_numbers.new_number()
        other = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

        assert card_numbers.is_well_formed(other) == (other == number)

    def test_are_read_in_groups_and_as_people_type_them(self):
        number = card_numbers.new_number()

        assert [len(group) for group in card_numbers.grouped(number).split()] == [6, 6, 6]
        assert card_numbers.tidy(card_numbers.grouped(number).lower().replace(" ", "-")) == number
