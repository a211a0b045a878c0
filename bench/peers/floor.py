"""The floor: Laurel's own statement under pgbench, without any program around it."""

import re
import subprocess
from pathlib import Path

from bench.load import Tally
from bench.world import Cast, World
from config.local import binaries

STATEMENT = """\\set number random(1, {people})
SELECT * FROM laurel_award('{business}', (SELECT id FROM bench_person WHERE number = :number), 'points', 'earn', 5,
    'api', NULL, NULL, NULL, '{{}}', 'bench', 'points/earned', '{{"action": "api"}}', clock_timestamp(), NULL, NULL,
    9007199254740991, '{business}', gen_random_uuid()::text, '\\x00');
"""
DONE = r"transactions actually processed: (\d+)"
FAILED = r"failed transactions: (\d+)"
RATE = r"tps = ([\d.]+)"


def prepare(world: World, cast: Cast) -> None:
    """Number the people, for pgbench can draw numbers only."""
    with world.connect() as connection:
        connection.execute("CREATE TABLE bench_person (number integer PRIMARY KEY, id uuid NOT NULL)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO bench_person VALUES (%s, %s)", enumerate(cast.accounts, 1))


def run(world: World, cast: Cast, *, people: int, seconds: float, connections: int = 16) -> Tally:
    """Award for some seconds to the first so many people."""
    script = world.options.data / f"floor-{people}.sql"
    script.write_text(STATEMENT.format(people=people, business=cast.business))
    reach = world.connection_to()
    program = binaries.find().postgres / "pgbench"
    command: list[str | Path] = [
        program,
        "-n",
        "-M",
        "prepared",
        "-c",
        str(connections),
        "-T",
        str(max(1, round(seconds))),
    ]
    command += ["-f", script, "-h", reach["host"], "-U", reach["user"], reach["dbname"]]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    done, failed, rate = (float(_found(pattern, said)) for pattern in (DONE, FAILED, RATE))
    return Tally(answered=int(done), failed=int(failed), seconds=done / rate)


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    assert match, said
    return match[1]
