"""Energy is exact, whatever happens: never above its size, and never more than was there and came back."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from loyalty.kernel.tanks import Level, Tank
from loyalty.models import TapProgramme

NOON = datetime(2027, 5, 3, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
PAUSES = st.timedeltas(timedelta(0), timedelta(days=3))
TANKS = st.builds(Tank, st.integers(1, 100_000), st.timedeltas(MOMENT, timedelta(days=1)))
# How long after the last time somebody draws, and how much of what is there.
DRAWS = st.lists(st.tuples(PAUSES, st.fractions(0, 1)), max_size=20)


class TestATank:
    @given(TANKS, DRAWS)
    def test_gives_what_was_there_and_came_back_and_no_more(self, tank, draws):
        level, at, model = None, NOON, Fraction(tank.size)

        for pause, part in draws:
            at += pause
            model = min(Fraction(tank.size), model + Fraction(us(pause), us(tank.every)))
            level = tank.level(level, at=at)
            assert level.units == int(model)
            drawn = int(part * level.units)
            level, model = level._replace(units=level.units - drawn), model - drawn

    @given(TANKS, st.integers(0, 100_000), st.integers(0, 100_000), PAUSES)
    def test_says_when_more_is_there_to_the_moment(self, tank, left, wanted, pause):
        before, wanted = Level(min(left, tank.size), NOON), min(wanted, tank.size)
        at = NOON + pause

        wait = tank.until(wanted, tank.level(before, at=at), at=at)

        assert tank.level(before, at=at + wait).units >= wanted
        if wait:
            assert tank.level(before, at=at + wait - MOMENT).units < wanted

    @given(TANKS, st.integers(0, 10**6), PAUSES)
    def test_that_was_larger_or_slower_before_is_never_more_than_full(self, tank, left, pause):
        before = Level(left, NOON)

        assert 0 <= tank.level(before, at=NOON + pause).units <= tank.size
        assert tank.level(before, at=NOON + tank.size * tank.every).units == tank.size

    @given(TANKS, st.integers(0, 10**6), PAUSES)
    def test_gets_nothing_from_a_clock_that_goes_back(self, tank, left, pause):
        before = Level(min(left, tank.size), NOON)

        assert tank.level(before, at=NOON - pause).units == before.units


class TestAPace:
    @given(st.integers(1, 50), st.integers(0, 10_000))
    def test_is_never_faster_than_it_says(self, per_second, seconds):
        pace = TapProgramme(per_second=per_second).pace

        came = pace.level(Level(0, NOON), at=NOON + timedelta(seconds=seconds)).units

        assert came <= min(per_second * seconds, pace.size)
        assert came >= min(per_second * seconds * 0.999 - 1, pace.size)


def us(length):
    return length // MOMENT
