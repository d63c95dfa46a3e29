"""Several threads of one process: whether signatures are checked side by side."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from benchmarks.bench import Bench
from benchmarks.players import Player
from benchmarks.report import RIVAL, Chart, Section, Table, figure
from benchmarks.rounds import RAW, UNBOUNDED, calls_in

THREADS = (1, 2, 4)
CONTESTANTS = ("authjwks", "authjwks, token cache", "ryjwt", "PyJWT", "joserfc")


class Sample(NamedTuple):
    """What all threads together did: tokens a second, and how many cores they kept busy."""

    speed: float
    cores: float


def measure(bench: Bench) -> Section:
    tables = []
    charts = []
    with bench.players(CONTESTANTS) as players:
        for algorithm in ("RS256", "ES256"):
            able, _ = bench.ready(players, bench.case(f"threads-{algorithm}", algorithm))
            samples = _rounds(bench, able)
            tables.append(_table(algorithm, samples))
            drawn = {name: [_median(samples, name, n) for n in THREADS] for name in samples if "cache" not in name}
            title = f"{algorithm}: tokens a second by number of threads"
            charts.append(Chart(f"threads-{algorithm.lower()}", title, drawn, [str(n) for n in THREADS], "lines"))
    return Section(tables, charts)


def _rounds(bench: Bench, players: list[Player]) -> dict[str, dict[int, list[Sample]]]:
    calls = {player.name: calls_in(player.time, bench.seconds * 2, UNBOUNDED) for player in players}
    samples: dict[str, dict[int, list[Sample]]] = {each.name: {n: [] for n in THREADS} for each in players}
    for _ in range(bench.rounds):
        for threads in THREADS:
            for player in players:
                each = max(1, calls[player.name] // threads)
                cpu, wall = player.time(each, threads)
                samples[player.name][threads].append(Sample(each * threads / wall * 1e9, cpu / wall))
    return samples


def _median(samples: dict[str, dict[int, list[Sample]]], name: str, threads: int) -> float:
    return statistics.median(turn.speed for turn in samples[name][threads])


def _beside(one: list[Sample], other: list[Sample]) -> float:
    """The median, over rounds, of one's speed by another's."""
    return statistics.median(a.speed / b.speed for a, b in zip(one, other, strict=True))


def _table(algorithm: str, samples: dict[str, dict[int, list[Sample]]]) -> Table:
    head = ["tokens a second", "threads", "best", "median", "x one thread", "cores busy", f"x {RIVAL}"]
    rows = []
    for name, by_threads in samples.items():
        for threads, series in by_threads.items():
            rival = "" if name in (RAW, RIVAL) else figure(_beside(series, samples[RIVAL][threads]))
            cores = figure(statistics.median(turn.cores for turn in series))
            best = figure(max(turn.speed for turn in series))
            scale = figure(_beside(series, by_threads[1]))
            rows.append([name, str(threads), best, figure(_median(samples, name, threads)), scale, cores, rival])
    return Table(f"{algorithm}, threads of one process", head, rows)
