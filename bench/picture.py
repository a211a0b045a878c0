"""The picture of a run: a bar for every contestant, as plain SVG."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape

from bench.results import Speed

WIDTH, BAR, GAP, LEFT = 720, 22, 8, 130
COLOURS = {"Laurel": "#15803d", "floor": "#94a3b8"}
OTHER = "#64748b"


def draw(speeds: Sequence[Speed]) -> str:
    """One group of bars a contest, each group in its own scale."""
    shapes: list[str] = []
    top = 10
    for contest, group in groupby(speeds, key=lambda speed: speed.contest):
        rows = sorted(group, key=lambda speed: -speed.per_second)
        shapes.append(_text(10, top + 14, f"{contest}: a second", "bold"))
        shapes += _bars(rows, top + 24)
        top += 24 + len(rows) * (BAR + GAP) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="13">\n'
        f"<title>Requests a second, Laurel beside its peers</title>\n"
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>\n{"".join(shapes)}</svg>\n'
    )


def _bars(rows: Sequence[Speed], top: int) -> Iterator[str]:
    scale = (WIDTH - LEFT - 80) / max(row.per_second for row in rows)
    for number, row in enumerate(rows):
        y, length = top + number * (BAR + GAP), row.per_second * scale
        yield _text(10, y + 16, row.name)
        colour = COLOURS.get(row.name, OTHER)
        yield f'<rect x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR}" rx="3" fill="{colour}"/>\n'
        yield _text(LEFT + length + 8, y + 16, f"{row.per_second:,.0f}")


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}" fill="#0f172a">{escape(text)}</text>\n'
