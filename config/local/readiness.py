"""Waits until the product answers that it is ready."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

from config.local.options import Options
from config.local.problems import LocalProblem


def wait(options: Options, *, meanwhile: Callable[[], None], patience: float = 60) -> None:
    """Ask `/readyz` until it says yes, and do what is to be done `meanwhile`.

    :raises LocalProblem: if it does not within `patience` seconds
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url, answer, deadline = f"{options.url}/readyz", "nothing", time.monotonic() + patience
    while time.monotonic() < deadline:
        meanwhile()
        try:
            with direct.open(url, timeout=5):
                return
        except urllib.error.HTTPError as refusal:
            answer = refusal.read(500).decode(errors="replace")
        except OSError:  # it does not listen yet
            pass
        time.sleep(0.1)
    raise LocalProblem(f"{url} did not say that all is well, but {answer}; see {options.logs}.")
