"""Tokens from small to large."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.report import Chart, Section, Table, contest_table, matrix

SIZES = {"0.3 KB": 300, "1 KB": 1_024, "4 KB": 4_096, "16 KB": 16_384}
CONTESTANTS = ("authjwks", "ryjwt", "PyJWT", "joserfc", "Authlib")


def measure(bench: Bench) -> Section:
    details: list[Table] = []
    medians: dict[str, dict[str, float]] = {}
    with bench.players(CONTESTANTS) as players:
        for label, size in SIZES.items():
            case = bench.case(f"payload-{size}", payload=size, max_token_bytes=32_768)
            outcome = bench.contest(players, case)
            details.append(contest_table(f"RS256, payload of {label}", *outcome))
            medians[label] = {name: series.median for name, series in outcome.series.items()}
    overview = matrix("RS256 by size of the payload: median µs", "contestant", medians)
    drawn = {name: [medians[label].get(name) for label in SIZES] for name in medians["1 KB"]}
    chart = Chart(
        "payloads", "RS256 by size of the payload, median µs (logarithmic)", drawn, list(SIZES), "lines", True
    )
    return Section([overview], [chart], details)
