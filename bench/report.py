"""Tells the results: a table for people, JSON for programs, and the page in the docs."""

import re
from pathlib import Path

import msgspec

from bench import picture
from bench.results import Results, kept, show

HERE = Path(__file__).parent
JSON = HERE / "results" / "latest.json"
PICTURE = HERE / "results" / "latest.svg"
PAGE = HERE.parent / "docs" / "performance.md"
BLOCK = re.compile(r"(<!-- results -->\n).*?(<!-- /results -->)", re.DOTALL)


def table(results: Results) -> str:
    """What was measured against its aims, then how fast everybody was."""
    aims = [
        [f.scenario, f.what, show(f.value, f.unit), f.aim(f.goal), f.aim(f.first_step), f.met, f.at[:10]]
        for f in results.figures
    ]
    speeds = [
        [
            *(
                s.contest,
                s.name,
                f"{s.per_second:,.0f}",
                f"{s.p50:.1f}" if s.p50 else "",
                f"{s.p99:.1f}" if s.p99 else "",
            ),
            *(f"{cpu:,.0f}" if cpu else "" for cpu in (s.server_cpu, s.database_cpu)),
        ]
        for s in results.speeds
    ]
    parts = [_rows(["", "what", "figure", "goal", "first step", "met", "kept"], aims)]
    if speeds:
        names = ["contest", "who", "a second", "p50 ms", "p99 ms", "server µs", "PostgreSQL µs"]
        parts.append(_rows(names, speeds))
    return "\n".join(parts)


def write(results: Results) -> None:
    """Replace what earlier runs left of the same scenarios."""
    results = kept(msgspec.json.decode(JSON.read_bytes(), type=Results), results)
    JSON.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")
    PICTURE.write_text(picture.draw(results.speeds), encoding="utf-8")
    about = f"{results.at}; {results.machine}; Python {results.python}; PostgreSQL {results.postgres}.\n\n"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda m: f"{m[1]}{about}{table(results)}{m[2]}", page), encoding="utf-8")


def _rows(names: list[str], rows: list[list[str]]) -> str:
    """A Markdown table whose columns stand straight in a terminal too."""
    widths = [max(len(cell) for cell in column) for column in zip(names, *rows, strict=True)]
    lines = [names, ["-" * width for width in widths], *rows]
    padded = (" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"| {line} |\n" for line in padded)
