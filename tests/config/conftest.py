"""Starts local runs and cleans up after them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from config.local.servers import Servers
from tests.config.runs import Run


class Start(Protocol):
    """Start a run, on the directory of the test unless another one is named."""

    def __call__(self, data: Path = ..., **options: Any) -> Run: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    runs: list[Run] = []

    def start(data: Path = tmp_path / "data", **options: Any) -> Run:
        runs.append(Run(data, **options))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.communicate()
    for run in runs:
        assert run.leaves_nothing()
        if run.data.is_dir():
            Servers(run.data, durable=True).stop()  # sweeps up after those that were killed
