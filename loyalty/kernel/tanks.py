"""What empties by use and fills with time: so many units, of which one comes back every so often. It is exact."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

NOTHING = timedelta(0)


class Level(NamedTuple):
    """The whole units that were there at a moment, at which none was on its way."""

    units: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Tank:
    """Holds `size` units; `every` is the time until one is back."""

    size: int
    every: timedelta

    def level(self, before: Level | None, *, at: datetime) -> Level:
        """What is there at a moment. `before` is None while nobody has drawn; the tank may have been another then."""
        if before is None:
            return Level(self.size, at)
        gained = max(0, (at - before.since) // self.every)
        if before.units + gained >= self.size:
            return Level(self.size, at)
        return Level(before.units + gained, before.since + gained * self.every)

    def until(self, units: int, level: Level, *, at: datetime) -> timedelta:
        """How long it takes until so many units are there."""
        return max(NOTHING, (units - level.units) * self.every - (at - level.since))
