"""The supervisor with two small parts in place of Laurel: a page that is always ready, and a sleeper.

What comes before them counts its visits in the database and ends, so that a second run shows what the first one kept.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg
import redis

from config import runtime
from config.local import supervisor
from config.local.options import Options
from config.local.parts import Part

DEMO = ("adminUrl", "shopUrl", "email", "password", "secretKey", "testKey", "integrationKey", "advocateId")


class Page(BaseHTTPRequestHandler):
    """Answers 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def visit() -> None:
    valkey = redis.Redis.from_url(os.environ["REDIS_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO visits DEFAULT VALUES")
        visits = connection.execute("SELECT count(*) FROM visits").fetchone()
        assert visits
        seen = {"visits": visits[0], "visits in Valkey": valkey.incr("visits")}
    (runtime.data_dir() / "demo.json").write_text(json.dumps(seen | dict.fromkeys(DEMO, "")))


def serve() -> None:
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()


def sleep() -> None:
    sys.stdout.write("going to sleep")
    sys.stdout.flush()
    time.sleep(600)


def ignore() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def fail() -> None:
    sys.exit("the disk is full")


def _part(spelled: str) -> Part:
    name = spelled.rstrip("!")
    return Part(name, [sys.executable, "-m", "tests.config.small_run", name], ends=spelled.endswith("!"))


def _parts(_options: Options) -> list[Part]:
    """Those named in `PARTS`; an exclamation mark says that one ends before the next begins."""
    return [_part(name) for name in ("visit!", *os.environ.get("PARTS", "serve,sleep").split(","))]


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(supervisor.main(_parts))
    {"visit": visit, "serve": serve, "sleep": sleep, "ignore": ignore, "fail": fail}[sys.argv[1]]()
