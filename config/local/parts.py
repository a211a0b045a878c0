"""What a local run consists of, besides the servers: each command, on one screen."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config import runtime
from config.local.options import Options

PYTHON = sys.executable
MANAGE = [PYTHON, str(runtime.ROOT / "manage.py")]


@dataclass(frozen=True)
class Part:
    """A command with a name, under which its log is kept. One that `ends` must have done so before the next begins."""

    name: str
    command: Sequence[str | Path]
    ends: bool = False


def of(options: Options) -> list[Part]:
    """The parts of Laurel, in their order. They start up while the demo is made, which the shop alone waits for."""
    migrate = Part("migrate", [*MANAGE, "migrate", "--no-input"], ends=True)
    seed_demo = Part("seed_demo", [*MANAGE, "seed_demo"], ends=True)
    return [migrate, _web(options), _worker(options), _bulk(), seed_demo, _shop(options)]


def _web(options: Options) -> Part:
    address = ["--host", options.host, "--port", str(options.port)]
    # As in the image: processes share no lock of Python, and most of their threads wait for PostgreSQL.
    threads = ["--workers", "2", "--blocking-threads", "16"]
    # A process that is asked to end while it starts never hears of it.
    stopping = ["--workers-kill-timeout", "5"]
    granian = [PYTHON, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    return Part("web", [*granian, *address, *threads, *stopping, "config.wsgi:application"])


def _worker(options: Options) -> Part:
    beat = ["--beat", f"--schedule={options.data / 'celerybeat-schedule'}"]
    return Part("worker", [*_celery("relay,delivery", threads=8), *beat])


def _bulk() -> Part:
    return Part("bulk", _celery("mail,bulk", threads=2))


def _celery(queues: str, *, threads: int) -> list[str]:
    quietly = ["--without-gossip", "--without-mingle", "--loglevel=INFO"]
    name = f"--hostname={queues.replace(',', '-')}@%h"
    pool = ["--pool=threads", f"--concurrency={threads}", f"--queues={queues}", name]
    return [PYTHON, "-m", "celery", "--app=config", "worker", *pool, *quietly]


def _shop(options: Options) -> Part:
    return Part("shop", [*MANAGE, "demo_shop", "--port", str(options.shop_port)])
