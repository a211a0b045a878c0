"""What is counted, and whether it is as promised."""

from statistics import median

from tests.chaos.shop import Told
from tests.chaos.stage import Stage

HEALED_WITHIN = 60.0
PATH = "hook"


class Broken(Exception):
    """A promise was not kept."""


def require(is_kept: bool, complaint: str) -> None:
    if not is_kept:
        raise Broken(complaint)


def arrived(stage: Stage, told: Told, *, most_repeats: float, path: str = PATH) -> str:
    """Everything that was told has come, hardly any twice, numbered without gaps."""
    heard, missing = stage.consumer.heard[path], stage.missing(told, path)
    text = f"{len(told.entries)} events, {missing} missing, {heard.repeats} repeated, {heard.gaps()} gaps"
    is_whole = not (missing or heard.gaps() or told.refused) and heard.repeats <= most_repeats * len(heard.times)
    require(is_whole, f"{text}; refused: {told.refused[:3]}")
    return text


def delay(stage: Stage, told: Told, paths: list[str]) -> float:
    """The 95th percentile of seconds from asking to hearing, the median over the endpoints."""
    stage.wait_for(told, *paths, patience=HEALED_WITHIN)
    each = []
    for path in paths:
        arrived(stage, told, most_repeats=0.01, path=path)
        heard = stage.consumer.heard[path]
        delays = sorted(heard.entry_at[entry] - asked for entry, asked in told.entries.items())
        each.append(delays[len(delays) * 95 // 100])
    return median(each)
