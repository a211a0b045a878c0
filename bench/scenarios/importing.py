"""S10: how long a file of 100,000 customers takes to be checked and imported, and in how much memory."""

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.results import Figure, Results
from bench.world import World

FULL = 100_000  # rows, of which the goals speak
# Tells the most memory that its own process held, in megabytes.
RUN = """
import resource, sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure(world: World, results: Results, *, rows: int = FULL) -> None:
    world.run("manage.py", "bootstrap", "--name", "Importer", "--slug", "importer", "--plan", "enterprise", "--json")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.csv"
        with file.open("w") as lines:
            lines.write("externalId,email,firstName,lastName,birthday,points,lifetimePoints,createdAt\n")
            for number in range(rows):
                lines.write(
                    f"c-{number},c{number}@example.com,Ada,Lovelace {number},1990-05-31,{number % 500},600,2024-05-01\n"
                )
        started = perf_counter()
        command = ["import", "customers", str(file), "--business", "importer"]
        said = world.run("-c", RUN, *command).decode().split()
        seconds = perf_counter() - started
    share = rows / FULL
    name = f"{rows:,} customers are checked and imported"
    print(f"bench: {rows / seconds:,.0f} rows a second", file=sys.stderr)
    results.figures += [
        Figure(scenario="S10", what=name, value=seconds, unit="s", goal=60 * share, first_step=180 * share),
        Figure(scenario="S10", what=f"{name}: memory", value=float(said[-1]), unit="MB", goal=300, first_step=300),
    ]
