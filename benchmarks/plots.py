"""Charts as SVG: bars or lines, linear or logarithmic, readable on a light and on a dark page."""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

from benchmarks.report import Chart, figure
from benchmarks.rounds import RAW

# The same one in every chart.
COLOURS = {
    RAW: "#8f8f8f",
    "authjwks": "#d1495b",
    "authjwks, token cache": "#f08a9a",
    "ryjwt": "#2e86ab",
    "PyJWT": "#edae49",
    "PyJWKClient": "#b07d62",
    "joserfc": "#66a182",
    "Authlib": "#8a9a5b",
    "python-jose": "#c879a0",
    "auth-jwks": "#5c6b73",
    "axioms": "#8e6c8a",
}
ONLY_COLOUR = "#2e86ab"
WIDTH, RIGHT, TOP, LETTER = 760, 60, 48, 7
BAR, GAP, HEIGHT = 14, 14, 300


def svg(chart: Chart) -> str:
    """The whole file."""
    body, height = _bars(chart) if chart.kind == "bars" else _lines(chart)
    style = "text{font:12px system-ui,sans-serif;fill:#7a7a7a}.t{font-size:14px;font-weight:600}.g{stroke:#8884}"
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = f'<title>{escape(chart.title)}</title><text class="t" x="8" y="20">{escape(chart.title)}</text>'
    return "\n".join([opening, f"<style>{style}</style>", title, *body, "</svg>", ""])


class Axis:
    """Places figures between two ends."""

    def __init__(self, chart: Chart, start: float, end: float) -> None:
        figures = [each for row in chart.series.values() for each in row if each]
        self._is_log, self._start, self._end = chart.is_log, start, end
        self._most = max(figures)
        self._least = 10 ** math.floor(math.log10(min(figures))) if chart.is_log else 0.0
        self._span = self._distance(self._most) or 1.0

    def place(self, value: float) -> float:
        return self._start + (self._end - self._start) * self._distance(value) / self._span

    def ticks(self) -> list[float]:
        """Round figures along the axis."""
        if self._is_log:
            powers = range(round(math.log10(self._least)), math.floor(math.log10(self._most)) + 1)
            return [10.0**power for power in powers]
        step = 10 ** math.floor(math.log10(self._most))
        step = next(part for part in (step / 5, step / 2, step, step * 2) if self._most / part <= 6)
        return [step * i for i in range(int(self._most / step) + 1)]

    def _distance(self, value: float) -> float:
        return math.log10(value / self._least) if self._is_log else value - self._least


def _bars(chart: Chart) -> tuple[list[str], float]:
    left = 20 + LETTER * max(map(len, chart.labels))
    axis = Axis(chart, left, WIDTH - RIGHT)
    parts: list[str] = []
    names = list(chart.series)
    y = float(TOP)
    for place, label in enumerate(chart.labels):
        shown = [(name, value) for name in names if (value := chart.series[name][place]) is not None]
        parts.append(_text(left - 8, y + BAR * len(shown) / 2 + 4, label, "end"))
        for name, value in shown:
            width = max(1.0, axis.place(value) - left)
            parts.append(
                f'<rect x="{left}" y="{y:.1f}" width="{width:.1f}" height="{BAR - 2}" fill="{_colour(name)}"/>'
            )
            parts.append(_text(left + width + 4, y + BAR - 4, figure(value)))
            y += BAR
        y += GAP
    grid = [_grid(axis.place(tick), TOP - 8, axis.place(tick), y - GAP + 4) for tick in axis.ticks()]
    scale = [_text(axis.place(tick), y + 4, f"{tick:g}", "middle") for tick in axis.ticks()]
    legend, height = _legend(names, y + 24) if len(names) > 1 else ([], y + 14)
    return [*grid, *parts, *scale, *legend], height


def _lines(chart: Chart) -> tuple[list[str], float]:
    left, bottom = 60, TOP + HEIGHT
    axis = Axis(chart, bottom, TOP)
    step = (WIDTH - left - RIGHT) / max(1, len(chart.labels) - 1)
    parts = []
    for tick in axis.ticks():
        parts += [_grid(left, axis.place(tick), WIDTH - RIGHT, axis.place(tick))]
        parts += [_text(left - 8, axis.place(tick) + 4, f"{tick:g}", "end")]
    parts += [_text(left + step * i, bottom + 18, label, "middle") for i, label in enumerate(chart.labels)]
    for name, row in chart.series.items():
        colour = _colour(name)
        points = [(left + step * i, axis.place(value)) for i, value in enumerate(row) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    legend, height = _legend(list(chart.series), bottom + 42)
    return [*parts, *legend], height


def _legend(names: list[str], y: float) -> tuple[list[str], float]:
    parts = []
    x = 20.0
    for name in names:
        width = 30 + LETTER * len(name)
        if x + width > WIDTH:
            x, y = 20.0, y + 20
        parts.append(f'<rect x="{x:.0f}" y="{y - 10:.0f}" width="12" height="12" fill="{_colour(name)}"/>')
        parts.append(_text(x + 18, y, name))
        x += width
    return parts, y + 14


def _colour(name: str) -> str:
    return COLOURS.get(name, ONLY_COLOUR)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _grid(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="g" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
