"""One key among many: what looking it up costs."""

from __future__ import annotations

from benchmarks import tokens
from benchmarks.bench import Bench
from benchmarks.report import Chart, Section, Table, contest_table, matrix

SIZES = (1, 10, 100, 1_000)
CONTESTANTS = ("authjwks", "authjwks, token cache", "ryjwt", "PyJWKClient", "auth-jwks", "axioms")


def measure(bench: Bench) -> Section:
    details: list[Table] = []
    ratios: dict[str, dict[str, float]] = {}
    with bench.players(CONTESTANTS) as players:
        for size in SIZES[:2] if bench.is_quick else SIZES:
            jwks = tokens.key_set(bench.signer("RS256"), decoys=size - 1)
            outcome = bench.contest(players, bench.case(f"keys-{size}", jwks=jwks))
            details.append(contest_table(f"RS256, {size:,} keys in the set", *outcome))
            ratios[f"{size:,}"] = {name: series.ratio for name, series in outcome.series.items()}
    overview = matrix("RS256 by number of keys: CPU time, x raw", "contestant", ratios)
    names = list(next(iter(ratios.values())))
    drawn = {name: [column.get(name) for column in ratios.values()] for name in names}
    chart = Chart(
        "key-sets", "RS256 by number of keys in the set, x raw (logarithmic)", drawn, list(ratios), "lines", True
    )
    return Section([overview], [chart], details)
