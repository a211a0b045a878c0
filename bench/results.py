"""What one run of the bench found."""

import os
import platform
from datetime import UTC, datetime
from typing import Literal

import msgspec

FORMATS = {"×": ".2f", "fold": ".2f", "ms": ".0f", "s": ".1f", "MB": ".0f"}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measured figure with its aims. Ratios must reach them; times and growth must stay within them."""

    scenario: str
    what: str
    value: float
    unit: Literal["×", "fold", "ms", "s", "MB"]
    goal: float
    first_step: float

    @property
    def met(self) -> Literal["goal", "first step", "no"]:
        """The best that was reached."""
        if self._reaches(self.goal):
            return "goal"
        return "first step" if self._reaches(self.first_step) else "no"

    def aim(self, number: float) -> str:
        return f"{'≥' if self.unit == '×' else '≤'} {show(number, self.unit)}"

    def _reaches(self, number: float) -> bool:
        return self.value >= number if self.unit == "×" else self.value <= number


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """How one contestant did in one contest: medians over its rounds."""

    contest: str
    name: str
    per_second: float
    p50: float  # milliseconds; 0 where not taken
    p99: float
    server_cpu: float  # microseconds a request; 0 where not known
    database_cpu: float
    rounds: list[float]  # requests a second


class Results(msgspec.Struct, kw_only=True):
    """Everything, with the machine it was found on."""

    at: str = msgspec.field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    machine: str = msgspec.field(default_factory=lambda: f"{os.cpu_count()} cores, {platform.platform(terse=True)}")
    python: str = msgspec.field(default_factory=platform.python_version)
    postgres: str = ""
    figures: list[Figure] = msgspec.field(default_factory=list)
    speeds: list[Speed] = msgspec.field(default_factory=list)


def show(value: float, unit: str) -> str:
    """A figure as people read it."""
    return f"{value:{FORMATS[unit]}} {unit}"
