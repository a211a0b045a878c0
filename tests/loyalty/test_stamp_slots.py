"""docs/rules/stamp-cards.md, whose table is worked out here; and where stamps go, whatever their number."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.models import StampCard

PAGE = (Path(__file__).resolve().parents[2] / "docs/rules/stamp-cards.md").read_text(encoding="utf-8")
ROWS = [tuple(map(int, re.findall(r"\d+", row))) for row in re.findall(r"^\| \d.*$", PAGE, re.MULTILINE)]
CARDS = st.integers(1, 100).flatmap(lambda slots: st.tuples(st.just(slots), st.integers(0, slots - 1)))


@pytest.mark.parametrize(("slots", "prefilled", "stamps", "full", "filled"), ROWS)
def test_the_page_says_how_far_somebody_is(slots, prefilled, stamps, full, filled):
    card = StampCard(slots=slots, prefilled=prefilled)

    assert (card.full(stamps), card.filled(stamps)) == (full, filled)


def test_the_page_has_as_many_rows_as_it_had():
    """The control: the table is found."""
    assert len(ROWS) == 7


@given(CARDS, st.integers(1, 1000))
def test_a_stamp_goes_behind_those_before_it_and_the_last_one_fills_the_card(shape, stamp):
    slots, prefilled = shape
    card = StampCard(slots=slots, prefilled=prefilled)

    assert card.slot_of(stamp) == card.filled(stamp - 1) + 1
    assert prefilled < card.slot_of(stamp) <= slots
    assert (card.slot_of(stamp) == slots) == (card.full(stamp) > card.full(stamp - 1))
