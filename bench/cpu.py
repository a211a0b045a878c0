"""How much processor time and memory a process and its children use, where the kernel says so (Linux)."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def seconds(pid: int) -> float:
    """Of a process with all its descendants, ended ones included; 0 where it cannot be known."""
    return sum(_seconds(one) for one in family(pid))


def largest(pid: int) -> float:
    """Megabytes of the process of a family that has the most; 0 where it cannot be known."""
    return max(_megabytes(one) for one in family(pid))


def _megabytes(pid: int) -> float:
    fields = _fields(PROC / str(pid))
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if fields else 0.0


def family(pid: int) -> set[int]:
    """A process and its descendants."""
    read = ((entry.name, _fields(entry)) for entry in PROC.glob("[0-9]*"))
    parents = {int(name): fields[1] for name, fields in read if fields}
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
