"""Runs the whole product on one machine: the servers, then its parts. Stops them together."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from config import runtime
from config.local import environment, options, parts, processes, readiness, welcome
from config.local import servers as local_servers
from config.local.options import Options
from config.local.parts import Part
from config.local.problems import LocalProblem
from config.local.processes import Child

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(composition: Callable[[Options], Sequence[Part]] = parts.of) -> int:
    """Run until Ctrl-C. Say in one sentence what is wrong, if something is."""
    for number in ENDINGS:
        signal.signal(number, _interrupt)
    if "MAKELEVEL" in os.environ:
        processes.end_with(os.getppid(), signal.SIGTERM)  # whoever kills `make run` means all of it
    try:
        chosen = options.from_environment()
        local_servers.prepare(chosen.data)
        with _sole_run(chosen.data):
            chosen.refuse_used_ports()
            Supervisor(chosen, composition(chosen)).run()
    except LocalProblem as problem:
        return _complain(str(problem))
    except OSError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


class Supervisor:
    """One local run."""

    def __init__(self, chosen: Options, composition: Sequence[Part]) -> None:
        self.options, self.parts = chosen, composition
        self.servers = local_servers.Servers(chosen.data, durable=True, given=os.environ)
        self.env: dict[str, str] = {}
        self.children: list[Child] = []

    def run(self) -> None:
        """Start everything and watch it until the person, or a child, ends it.

        :raises LocalProblem: if a part does not start, or stops by itself
        """
        try:
            self._start_servers()
            for part in self.parts:
                child = self._begin(part)
                if part.ends:
                    self._see_to_its_end(child)
            readiness.wait(self.options, meanwhile=self._refuse_dead_children)
            welcome.show(self.options)
            while True:
                self._refuse_dead_children()
                time.sleep(0.2)
        finally:
            self._stop()

    def _start_servers(self) -> None:
        print("Starting PostgreSQL and Valkey …", flush=True)
        self.servers.start()
        settings = environment.build(self.options, self.servers.env)
        environment.publish(self.options, settings)
        ours = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
        self.env = {**os.environ, **settings, **ours}

    def _see_to_its_end(self, child: Child) -> None:
        """Wait for it, as long as all that runs beside it goes on."""
        while child.is_running():
            self._refuse_dead_children(but=child)
            time.sleep(0.05)
        if child.process.returncode:
            raise LocalProblem(child.epitaph())
        self.children.remove(child)

    def _begin(self, part: Part) -> Child:
        print(f"Starting {part.name} …", flush=True)
        log = self.options.logs / f"{part.name}.log"
        child = processes.spawn(part.name, part.command, log=log, env=self.env, cwd=runtime.ROOT)
        self.children.append(child)
        return child

    def _refuse_dead_children(self, but: Child | None = None) -> None:
        for child in (*self.servers.children, *self.children):
            if child is not but and not child.is_running():
                raise LocalProblem(child.epitaph())

    def _stop(self) -> None:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not cut the end short
        environment.withdraw(self.options)
        processes.stop(self.children)
        self.servers.stop()


@contextmanager
def _sole_run(data: Path) -> Iterator[None]:
    """Hold the lock of the data directory; the kernel frees it however this process ends."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalProblem(
                f"Laurel already runs on {data}: stop it, or name another directory with LAUREL_DATA_DIR."
            ) from error
        for log in (data / "logs").glob("*.log"):
            log.replace(log.with_suffix(".old"))
        yield


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _complain(sentence: str) -> int:
    print(f"laurel: {sentence}", file=sys.stderr)
    return 1
