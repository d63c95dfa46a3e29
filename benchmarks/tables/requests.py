"""Whole requests: what a guard costs a service, next to the same service without one."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Bench
from benchmarks.cases import Case
from benchmarks.environment import compiled
from benchmarks.report import Chart, Section, Table, figure
from benchmarks.web.service import Load, Service

WARM, FIRST, EARLIER = "the same token", "each token once", "tokens before these"
UNGUARDED, EMPTY = "no auth", "an empty dependency"
_UNHURRIED = 600.0


class Row(NamedTuple):
    guard: str
    tokens: str

    def __str__(self) -> str:
        return f"{self.guard}, {self.tokens}"


class Turn(NamedTuple):
    """A load on one service, beside those on an unguarded one just before and just after.

    Attributes:
        speed: answers a second.
        cpu: the service's CPU time for each, in µs.
        ratio: its speed over that of the unguarded one.
        cpu_ratio: the speed that its CPU time allows, over that of the unguarded one.
    """

    speed: float
    cpu: float
    ratio: float
    cpu_ratio: float


def turn(load: Load, before: Load, after: Load) -> Turn:
    speed, cpu = (before.speed + after.speed) / 2, (before.cpu + after.cpu) / 2
    return Turn(load.speed, load.cpu, load.speed / speed, cpu / load.cpu)


class Road(NamedTuple):
    """All that a load needs: the client's program, the case, tokens by kind, seconds of a turn."""

    client: Path
    folder: Path
    case: Case
    files: dict[str, Path]
    seconds: float

    def load(self, service: Service, tokens: str, turns: int = 10) -> Load:
        """For as long as so many turns take; tokens that come once are all sent, however long that takes."""
        seconds = self.seconds * turns if tokens == WARM else _UNHURRIED
        return service.load(self.client, self.files[tokens], seconds)


TITLES = {"flask": "Flask", "fastapi": "FastAPI"}
_EVERYWHERE = (
    Row(UNGUARDED, WARM),
    Row("authjwks", WARM),
    Row("authjwks", FIRST),
    Row("ryjwt by hand", WARM),
    Row("ryjwt by hand", FIRST),
    Row("PyJWKClient by hand", WARM),
)
ROWS = {
    "flask": (*_EVERYWHERE, Row("axioms-flask", WARM)),
    "fastapi": (*_EVERYWHERE, Row("auth-jwks", WARM), Row(EMPTY, WARM)),
}


def measure(bench: Bench) -> Section:
    turns: dict[str, dict[Row, list[Turn]]] = {name: {row: [] for row in rows} for name, rows in ROWS.items()}
    road = _road(bench)
    for _ in range(bench.rounds):
        for framework, rows in ROWS.items():
            for row, taken in _round(road, framework, rows):
                turns[framework][row].append(taken)
    tables = [_table(framework, rows) for framework, rows in turns.items()]
    charts = [_chart(framework, rows) for framework, rows in turns.items()]
    return Section(tables, charts)


def _road(bench: Bench) -> Road:
    case = bench.case("requests", must_fetch=True)
    files = {name: bench.folder / f"{name.replace(' ', '-')}.txt" for name in (WARM, FIRST, EARLIER)}
    files[WARM].write_text(f"{case.good}\n")
    for name, count in (FIRST, 2_000), (EARLIER, 8_000):  # which is more than our token cache holds
        files[name].write_text("".join(f"{token}\n" for token in bench.distinct("RS256", count)))
    return Road(compiled("load"), bench.folder / case.name, case, files, bench.seconds)


def _round(road: Road, framework: str, rows: Sequence[Row]) -> Iterator[tuple[Row, Turn]]:
    """Each service once, between two loads of an unguarded one that waits beside it."""
    with Service(framework, UNGUARDED, road.folder) as unguarded:
        unguarded.status(road.case.good)
        road.load(unguarded, WARM, turns=3)
        before = road.load(unguarded, WARM)
        for row in rows:
            with Service(framework, row.guard, road.folder) as service:
                _prove(service, row.guard, road.case)
                road.load(service, EARLIER if row.tokens == FIRST else WARM, turns=3)
                load = road.load(service, row.tokens)
            after = road.load(unguarded, WARM)
            yield row, turn(load, before, after)
            before = after


def _prove(service: Service, guard: str, case: Case) -> None:
    if service.status(case.good) != 200:
        raise RuntimeError(f"{guard} refuses a good token")
    if guard not in (UNGUARDED, EMPTY) and service.status(case.tampered) != 401:
        raise RuntimeError(f"{guard} does not answer a tampered token with 401")


def _table(framework: str, turns: dict[Row, list[Turn]]) -> Table:
    bare = statistics.median(turn.cpu for turn in turns[Row(UNGUARDED, WARM)])
    rows = []
    for row, series in turns.items():
        median = Turn(*map(statistics.median, zip(*series, strict=True)))
        ratios = [turn.ratio for turn in series]
        spread = f"{figure(min(ratios))}-{figure(max(ratios))}"
        speeds = [figure(max(turn.speed for turn in series)), figure(median.speed), figure(median.ratio), spread]
        rows.append([row.guard, row.tokens, *speeds, *map(figure, (median.cpu, median.cpu - bare, median.cpu_ratio))])
    speeds = ["req/s, best", "median", "x no auth", "from-to"]
    head = ["guard", "tokens", *speeds, "CPU µs a request", "of these auth", "x no auth by CPU"]
    return Table(f"{TITLES[framework]} under granian, RS256", head, rows, texts=2)


def _chart(framework: str, turns: dict[Row, list[Turn]]) -> Chart:
    figures = [statistics.median(turn.ratio for turn in series) for series in turns.values()]
    title = f"{TITLES[framework]}: requests a second, x no auth"
    return Chart(f"requests-{framework}", title, {"x no auth": figures}, [str(row) for row in turns])
