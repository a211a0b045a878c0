"""`python -m tests.chaos`: break things, print the seed and the counts. The exit code is 1 if a promise broke."""

import argparse
import sys
import time
from random import Random

from tests.chaos import stage
from tests.chaos.scenarios import SCENARIOS, Broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break things under load.")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="these alone; repeatable")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each fault lasts")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    print(f"chaos: seed {chosen.seed}, {chosen.seconds:.0f} s a fault")
    broken = 0
    for name in chosen.only or SCENARIOS:
        with stage.opened(Random(chosen.seed)) as opened:
            try:
                print(f"ok {name}: {SCENARIOS[name](opened, chosen.seconds)}", flush=True)
            except Broken as promise:
                broken += 1
                print(f"!! {name}: {promise}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
