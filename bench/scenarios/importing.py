"""S10: how long a file of 100,000 customers takes to be checked and imported, and in how much memory."""

import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.results import Figure, Results
from bench.world import Cast, World

FULL = 100_000  # rows, of which the goals speak
# Tells the most memory that its own process held, in megabytes.
RUN = """
import os, resource, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


HEADER = "externalId,email,firstName,lastName,birthday,points,lifetimePoints,createdAt\n"
LINE = "c-{0},c{0}@example.com,Ada,Lovelace,1990-05-31,{1},600,2024-05-01\n"


def measure(world: World, cast: Cast, results: Results, *, rows: int = FULL) -> None:
    with world.connect() as connection:
        found = connection.execute("SELECT slug FROM loyalty_business WHERE id = %s", [cast.business]).fetchone()
    assert found is not None  # the cast's own
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.csv"
        file.write_text(HEADER + "".join(LINE.format(number, number % 500) for number in range(rows)))
        started = perf_counter()
        said = world.run("-c", RUN, "import", "customers", str(file), "--business", found[0]).decode().split()
        seconds = perf_counter() - started
    share = rows / FULL
    name = f"{rows:,} customers are checked and imported"
    print(f"bench: {rows / seconds:,.0f} rows a second", file=sys.stderr)
    results.figures += [
        Figure(scenario="S10", what=name, value=seconds, unit="s", goal=60 * share, first_step=180 * share),
        Figure(scenario="S10", what=f"{name}: memory", value=float(said[-1]), unit="MB", goal=300, first_step=300),
    ]
