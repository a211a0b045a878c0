"""A whole Laurel as in production: web, beat, and workers that fork; Redis behind a proxy that can fail."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random
from urllib.parse import urlsplit

from bench import cpu
from bench.world import World, open_world, populate
from config.local import parts, processes, readiness
from config.local.problems import LocalProblem
from config.local.processes import Child
from config.local.valkey import free_port
from tests.chaos.consumer import Consumer
from tests.chaos.shop import Shop, Told
from tests.faults import Proxy

CELERY = [sys.executable, "-m", "celery", "--app=config"]
WORKERS = {"relay": 1, "delivery": 2, "bulk": 1, "mail": 1}  # processes, by queue
PEOPLE = 50
PATIENCE = 30.0  # seconds for a server that repairs itself


@dataclass
class Stage:
    world: World
    shop: Shop
    consumer: Consumer
    redis: Proxy
    random: Random
    workers: dict[str, Child] = field(default_factory=dict)
    webs: dict[str, Child] = field(default_factory=dict)  # by URL

    def start_worker(self, queue: str) -> None:
        quietly = ["--without-gossip", "--without-mingle", f"--hostname={queue}@localhost"]
        command = [*CELERY, "worker", f"--queues={queue}", f"--concurrency={WORKERS[queue]}", *quietly]
        self.workers[queue] = self.world.start(queue, command, **self._redis_url())

    def start_web(self) -> None:
        """Start a server on a port of its own, which the shop calls from now on."""
        options = replace(self.world.options, port=free_port())
        web = next(part for part in parts.of(options) if part.name == "web")
        self.webs[options.url] = self.world.start(web.name, web.command, **self._redis_url())
        readiness.wait(options, meanwhile=lambda: None, patience=180)
        self.shop.url = options.url

    def restart(self, *, webs: int = 1, **env: str) -> None:
        """Replace every process by one with this environment, servers first, as a careful operator does."""
        self.world.env |= env
        old = list(self.webs.values())
        self.webs.clear()
        for _ in range(webs):
            self.start_web()
        time.sleep(1)  # what was asked of the old ones is answered
        processes.stop(old)
        for queue, worker in list(self.workers.items()):
            processes.stop([worker], patience=30)
            self.start_worker(queue)

    def kill(self, *queues: str) -> None:
        """A process of one of these workers, or all of it, whatever it does; a dead worker is started anew."""
        queue = self.random.choice(queues)
        worker = self.workers[queue]
        victim = self.random.choice(sorted(cpu.family(worker.process.pid)))
        with suppress(ProcessLookupError):
            if victim == worker.process.pid:
                os.killpg(victim, signal.SIGKILL)
                worker.process.wait()
                self.start_worker(queue)
            else:
                os.kill(victim, signal.SIGKILL)

    def kill_database(self) -> float:
        """Kill PostgreSQL and start it anew on what is left. Answers when it was there again."""
        servers = self.world.servers
        assert servers.postgres
        died = next(child for child in servers.children if child.name == "PostgreSQL")
        died.process.kill()
        died.process.wait()
        servers.children.remove(died)
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                servers.children.append(servers.postgres.start())
            except LocalProblem:  # sessions of the dead one still hold its memory
                if time.monotonic() > ends:
                    raise
            else:
                return time.time()

    def wait_for(self, told: Told, *paths: str, patience: float) -> float:
        """Seconds until every endpoint has heard of all that was told, or `patience`."""
        started = time.monotonic()
        while time.monotonic() < started + patience and any(self.missing(told, path) for path in paths):
            time.sleep(0.1)
        return time.monotonic() - started

    def missing(self, told: Told, path: str) -> int:
        heard = self.consumer.heard.get(path)
        return len(told.entries.keys() - (heard.entry_at.keys() if heard else set()))

    def _redis_url(self) -> dict[str, str]:
        url = urlsplit(self.world.env["REDIS_URL"])
        return {"REDIS_URL": url._replace(netloc=url.netloc.replace(str(url.port), str(self.redis.port))).geturl()}

    def begin(self, *queues: str) -> None:
        """Start everything, with workers of these queues."""
        schedule = self.world.options.data / "celerybeat-schedule"
        self.world.start("beat", [*CELERY, "beat", f"--schedule={schedule}"], **self._redis_url())
        for queue in queues:
            self.start_worker(queue)
        self.start_web()


@contextmanager
def opened(random: Random) -> Iterator[Stage]:
    with open_world() as world:
        cast = populate(world, people=PEOPLE)
        redis_port = urlsplit(world.env["REDIS_URL"]).port
        assert redis_port
        consumer, proxy = Consumer(), Proxy(redis_port)
        try:
            yield Stage(world, Shop(world.options.url, cast, random), consumer, proxy, random)
        finally:
            proxy.close()
            consumer.close()
