"""Tokens seen for the first time, and tokens seen before; how much memory a cached one takes."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.report import Section, Table, contest_table, figure

CACHED = "authjwks, token cache"
CONTESTANTS = (CACHED, "authjwks", "ryjwt", "PyJWT")


def measure(bench: Bench) -> Section:
    tables = []
    with bench.players(CONTESTANTS) as players:
        for algorithm in ("RS256", "ES256"):
            repeated = bench.case(f"repeated-{algorithm}", algorithm)
            outcome = bench.contest(players, repeated)
            tables.append(contest_table(f"{algorithm}, the same token again", *outcome))
            first = bench.case(
                f"first-{algorithm}", algorithm, tokens=bench.distinct(algorithm, 2_000), starts_fresh=True
            )
            outcome = bench.contest(players, first)
            tables.append(contest_table(f"{algorithm}, each token for the first time", *outcome))
    return Section([*tables, *_weight(bench)])


def _weight(bench: Bench) -> list[Table]:
    """How much resident memory grows by each token that is cached, after a few that fill what all of them share."""
    seen = bench.distinct("RS256", 5_000)
    first = len(seen) // 5
    later = len(seen) - first
    case = bench.case("weight", tokens=seen)
    with bench.players([CACHED]) as players:
        (_, *able), absent = bench.ready(players, case)
        if absent:
            return []
        (ours,) = able
        ours.time(first)
        before = ours.resident_bytes()
        ours.time(later)
        weight = (ours.resident_bytes() - before) / later
    row = [f"{later:,} tokens of {len(seen[0]):,} B", figure(weight)]
    return [Table("A cached token: growth of resident memory", ["cached", "B each"], [row])]
