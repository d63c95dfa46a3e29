"""What a process pays for an import: CPU time and memory over a bare Python."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.bench import Bench
from benchmarks.contestants import ROSTER
from benchmarks.environment import ROOT
from benchmarks.report import Chart, Section, Table, figure

BARE = "bare Python"
PROGRAM = """
import time, warnings
warnings.simplefilter("ignore")
before = time.process_time_ns()
{statement}
took = time.process_time_ns() - before
with open("/proc/self/statm") as pages:
    print(took / 1e6, int(pages.read().split()[1]) * 4096 / 1e6)
"""


def measure(bench: Bench) -> Section:
    libraries = _libraries()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in libraries}
    for _ in range(2 if bench.is_quick else 3 * bench.rounds):
        for name, statement in libraries.items():
            taken[name].append(_fresh_process(statement))
    least = {name: min(time for time, _ in series) for name, series in taken.items()}
    times = {name: statistics.median(time for time, _ in series) for name, series in taken.items()}
    memory = {name: statistics.median(weight for _, weight in series) for name, series in taken.items()}
    rows = [
        [name, statement, *map(figure, (least[name], times[name], memory[name] - memory[BARE]))]
        for name, statement in libraries.items()
    ]
    head = ["library", "statement", "CPU ms, min", "CPU ms, median", "MB over bare Python"]
    del times[BARE]
    chart = Chart("imports", "CPU time of the import, median ms", {"CPU ms": [*times.values()]}, [*times])
    return Section([Table("An import in a fresh process", head, rows, texts=2)], [chart])


def _libraries() -> dict[str, str]:
    """The statement that imports each library, once for those that take part in several ways."""
    statements = {BARE: "pass"}
    for name, (_, modules) in ROSTER.items():
        if f"import {modules}" not in statements.values():
            statements[name] = f"import {modules}"
    return statements


def _fresh_process(statement: str) -> tuple[float, float]:
    run = [sys.executable, "-I", "-c", PROGRAM.format(statement=statement)]
    printed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    time, memory = map(float, printed.split())
    return time, memory
