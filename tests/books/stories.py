"""How stories are run: briefly with all other tests; `make fuzz` does it at length, FUZZ_EXAMPLES times, from another
seed.
"""

import os
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import get_state_machine_test

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "20260501"))
SHORT = 12  # stories of so many steps, where nobody asks for more
STEPS = 25
TIMEOUT = 180 + EXAMPLES * 30
FAST = {"max_examples": 20, "phases": [Phase.generate]}  # for controls, which fail


def run(machine: Any, **limits: Any) -> None:
    """:param machine: what makes a state machine for each story"""
    print(f"FUZZ_SEED={SEED}")  # noqa: T201  # shown when it fails
    choice = settings(
        max_examples=EXAMPLES or SHORT,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
    seed(SEED)(get_state_machine_test(machine, settings=settings(choice, **limits)))()
