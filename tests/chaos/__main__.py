"""`python -m tests.chaos`: break things, print the seed and the counts. The exit code is 1 if a promise broke."""

import argparse
import sys
import time
from random import Random

from tests.chaos import stage
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.verdicts import Broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break things under load.")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="these alone; repeatable")
    parser.add_argument("--full", action="store_true", help="as long and as much as is promised, not only briefly")
    parser.add_argument("--seconds", type=float, help="how long each fault lasts")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    print(f"chaos: seed {chosen.seed}")
    broken = 0
    for name in chosen.only or SCENARIOS:
        scenario = SCENARIOS[name]
        seconds = chosen.seconds or (scenario.full if chosen.full else scenario.seconds)
        with stage.opened(Random(chosen.seed)) as opened:
            try:
                print(f"ok {name}, {seconds:.0f} s: {scenario.play(opened, seconds)}", flush=True)
            except Broken as promise:
                broken += 1
                print(f"!! {name}, {seconds:.0f} s: {promise}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
