"""What one run of the bench found."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

Unit = Literal["×", "/s", "fold", "ms", "s", "MB"]
FORMATS: Mapping[Unit, str] = {"×": ".2f", "/s": ",.0f", "fold": ".2f", "ms": ".0f", "s": ".1f", "MB": ".1f"}
MORE_IS_BETTER = {"×", "/s"}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A measured figure with its aims. Ratios and speeds must reach them; times and growth must stay within them."""

    scenario: str
    what: str
    value: float
    unit: Unit
    goal: float
    first_step: float
    at: str = ""  # when it was kept

    @property
    def met(self) -> Literal["goal", "first step", "no"]:
        """The best that was reached."""
        if self._reaches(self.goal):
            return "goal"
        return "first step" if self._reaches(self.first_step) else "no"

    def aim(self, number: float) -> str:
        return f"{'≥' if self.unit in MORE_IS_BETTER else '≤'} {show(number, self.unit)}"

    def _reaches(self, number: float) -> bool:
        return self.value >= number if self.unit in MORE_IS_BETTER else self.value <= number


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """How one contestant did in one contest: medians over its rounds."""

    contest: str
    name: str
    per_second: float
    p50: float = 0.0  # milliseconds; 0 where not taken
    p99: float = 0.0
    server_cpu: float = 0.0  # microseconds a request; 0 where not known
    database_cpu: float = 0.0
    rounds: list[float]  # requests a second
    at: str = ""  # when it was kept


SCENARIOS = ("S9", "S8", "S1", "S2", "S3", "S4", "S6", "S7", "S10", "hold", "gifts", "S11", "S12")


class Results(msgspec.Struct, kw_only=True):
    """Everything, with the machine it was found on."""

    at: str = msgspec.field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    machine: str = msgspec.field(default_factory=lambda: f"{os.cpu_count()} cores, {platform.platform(terse=True)}")
    python: str = msgspec.field(default_factory=platform.python_version)
    postgres: str = ""
    figures: list[Figure] = msgspec.field(default_factory=list)
    speeds: list[Speed] = msgspec.field(default_factory=list)


def kept(before: Results, new: Results) -> Results:
    """What a run has found, and of what it has not measured what was found before."""
    old, fresh = _dated(before), _dated(new)
    scenarios, contests = {figure.scenario for figure in fresh.figures}, {speed.contest for speed in fresh.speeds}
    figures = [figure for figure in old.figures if figure.scenario not in scenarios] + fresh.figures
    speeds = [speed for speed in old.speeds if speed.contest not in contests] + fresh.speeds
    figures.sort(key=lambda figure: SCENARIOS.index(figure.scenario))
    return msgspec.structs.replace(fresh, figures=figures, speeds=speeds)


def _dated(results: Results) -> Results:
    figures = [msgspec.structs.replace(figure, at=figure.at or results.at) for figure in results.figures]
    speeds = [msgspec.structs.replace(speed, at=speed.at or results.at) for speed in results.speeds]
    return msgspec.structs.replace(results, figures=figures, speeds=speeds)


def show(value: float, unit: Unit) -> str:
    """A figure as people read it."""
    return f"{value:{FORMATS[unit]}} {unit}"
