"""Tables and charts as data: printed, kept between runs, and written into a page."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.rounds import RAW, Series

RIVAL = "ryjwt"


class Table(NamedTuple):
    """A table; the first columns, so many as `texts` says, are text, the others are figures."""

    title: str
    head: list[str]
    rows: list[list[str]]
    notes: Sequence[str] = ()
    texts: int = 1

    def text(self) -> str:
        """For a terminal."""
        widths = [max(len(cell) for cell in column) for column in zip(self.head, *self.rows, strict=True)]
        rule = ["-" * width for width in widths]
        lines = [self._aligned(row, widths) for row in (self.head, rule, *self.rows)]
        return "\n".join([f"{self.title}", *(f"  {line}" for line in lines), *(f"  {note}" for note in self.notes)])

    def _aligned(self, row: list[str], widths: list[int]) -> str:
        cells = list(zip(row, widths, strict=True))
        texts = [cell.ljust(width) for cell, width in cells[: self.texts]]
        return "  ".join([*texts, *(cell.rjust(width) for cell, width in cells[self.texts :])]).rstrip()

    def markdown(self) -> str:
        """For the page."""
        marks = ["---" if place < self.texts else "---:" for place in range(len(self.head))]
        rows = [self.head, marks, *self.rows]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([f"**{self.title}**", "", *lines, *(line for note in self.notes for line in ("", note))])


class Chart(NamedTuple):
    """Figures to be drawn.

    Attributes:
        name: of its file, without ending.
        title: what is shown, with the unit.
        series: name, and a figure for each label; None where there is none.
        labels: what the figures belong to.
        kind: "bars" or "lines".
        is_log: whether the axis of figures is logarithmic.
    """

    name: str
    title: str
    series: Mapping[str, Sequence[float | None]]
    labels: list[str]
    kind: str = "bars"
    is_log: bool = False


class Section(NamedTuple):
    """The answer to one question: what to look at, and the details behind it."""

    tables: Sequence[Table]
    charts: Sequence[Chart] = ()
    details: Sequence[Table] = ()

    def as_json(self) -> dict[str, Any]:
        return {name: [each._asdict() for each in getattr(self, name)] for name in self._fields}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Section:
        tables, details = ([Table(**each) for each in kept[name]] for name in ("tables", "details"))
        return cls(tables, [Chart(**each) for each in kept["charts"]], details)


def figure(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def relative(series: Series, other: Series) -> float:
    """The median, over rounds, of how much dearer one is than another."""
    return statistics.median(mine / theirs for mine, theirs in zip(series.ratios, other.ratios, strict=True))


def contest_table(title: str, results: Mapping[str, Series], absent: Mapping[str, str]) -> Table:
    """The results of a contest, the cheapest first; below them who could not take part, with the reason."""
    head = ["CPU time of a call", "min µs", "median µs", "x raw", "from-to", f"x {RIVAL}"]
    rival = results.get(RIVAL)
    rows = []
    for name, series in sorted(results.items(), key=lambda item: item[1].ratio):
        spread = f"{figure(min(series.ratios))}-{figure(max(series.ratios))}"
        beside = figure(relative(series, rival)) if rival and name != RAW else ""
        rows.append([name, figure(series.least), figure(series.median), figure(series.ratio), spread, beside])
    return Table(title, head, rows, absences(absent))


def absences(absent: Mapping[str, str]) -> list[str]:
    """A line for those who did not take part."""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in absent.items())
    return [f"Not here: {reasons}."] if reasons else []


def matrix(title: str, corner: str, columns: Mapping[str, Mapping[str, float]], absent_as: str = "-") -> Table:
    """Figures by contestant and column; contestants in the order in which they first appear."""
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [[name, *_cells(name, columns.values(), absent_as)] for name in names]
    return Table(title, [corner, *columns], rows)


def _cells(name: str, columns: Iterable[Mapping[str, float]], absent_as: str) -> list[str]:
    return [figure(column[name]) if name in column else absent_as for column in columns]
