"""Child processes that never outlive their parent."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.local.accounts import Account
from config.local.problems import LocalProblem

PR_SET_PDEATHSIG = 1
KERNEL = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Child:
    """A running child, in a process group of its own, with what it says in a file."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    farewell: signal.Signals

    def is_running(self) -> bool:
        return self.process.poll() is None

    def silence(self, seconds: float) -> str:
        """Say that the child runs and does not answer."""
        return f"{self.name} gave no answer for {seconds:.0f} seconds; see {self.log}."

    def epitaph(self) -> str:
        """Say that the child has stopped, with its last words and where to read the rest."""
        words = self.log.read_text(errors="replace").strip().splitlines()
        last = f" Its last words: {words[-1].strip()}" if words else ""
        return f"{self.name} stopped (exit code {self.process.returncode}); see {self.log}.{last}"


def spawn(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    stdin: bytes = b"",
) -> Child:
    """Start a child that gets the `farewell` signal when asked to stop, and when this process dies.

    :raises LocalProblem: if the program cannot be started
    """
    account = account or Account()
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                [*account.prefix(farewell), *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                process_group=0,
                preexec_fn=partial(end_with, os.getpid(), farewell),
                **account.identity(),
            )
        except OSError as error:
            raise LocalProblem(f"{name} does not start: {error.strerror} ({command[0]}).") from error
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(stdin)
    return Child(name, process, log, farewell)


def stop(children: Sequence[Child], *, patience: float = 8) -> None:
    """Stop these children together: by their farewell signal first, by force after `patience` seconds."""
    for child in children:
        _signal(child, child.farewell)
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(patience)
        _signal(child, signal.SIGKILL)  # also what the child left behind in its group
        child.process.wait()


def end_with(parent: int, number: signal.Signals) -> None:
    """Let the kernel (of Linux) send this signal to this process when its parent ends, however that ends."""
    if KERNEL:
        KERNEL.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before the kernel was asked
            os.kill(os.getpid(), number)


def _signal(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            os.killpg(child.process.pid, number)
        else:
            child.process.send_signal(number)
