"""How much processor time a process and its children have used, where the kernel says so (Linux)."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def seconds(pid: int) -> float:
    """Of a process with all its descendants, ended ones included; 0 where it cannot be known."""
    return sum(_seconds(one) for one in _family(pid))


def _family(pid: int) -> set[int]:
    parents = {int(entry.name): _fields(entry)[1] for entry in PROC.glob("[0-9]*") if _fields(entry)}
    family, found = {pid}, 1
    while found:
        children = {child for child, parent in parents.items() if int(parent) in family} - family
        family, found = family | children, len(children)
    return family


def _seconds(pid: int) -> float:
    fields = _fields(PROC / str(pid))
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0  # its own, and of children it has waited for


def _fields(entry: Path) -> list[str]:
    """The fields of `stat` after the name, which may contain anything; none if the process is gone."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
